# What the NVMe suites share: a target and controllers, whose TLS the agent of agent.sh serves.
# TARGET: what commands of the target begin with, such as one that enters a network namespace. ADDRESS: where it listens.
. /payload/guest/agent.sh
: "${TARGET:=}" "${ADDRESS:=127.0.0.1}"

hostnqn=nqn.2014-08.org.nvmexpress:uuid:11111111-2222-3333-4444-555555555555
hostid=11111111-2222-3333-4444-555555555555
subnqn=nqn.2024-01.test.tynl:sub1
config=/sys/kernel/config/nvmet

cat >/tmp/tlshd.conf <<'C'
[debug]
loglevel=3
[authenticate]
keyrings=.nvme
[authenticate.client]
[authenticate.server]
[tynl]
deadline=300
C

# The kernel's patience, in seconds: much, for an emulated machine, unless a test wants to see the end of it.
handshake_timeout() { # SECONDS
  echo "$1" | tee /sys/module/nvme_tcp/parameters/tls_handshake_timeout \
    /sys/module/nvmet_tcp/parameters/tls_handshake_timeout >/dev/null
}

# A key in the keyring .nvme, whose description is the identity: HMAC is 1 for SHA-256, 2 for SHA-384, 0 for a PSK that
# is retained as it is; VERSION is 1 for identities with a digest, 0 for those without.
add_key() { # HMAC VERSION [SUBSYSTEM-NQN [HOST-NQN]]
  nvme gen-tls-key --hmac="$1" --identity="$2" --subsysnqn="${3:-$subnqn}" --hostnqn="${4:-$hostnqn}" --insert
}

# Serials of the PSKs in the keyring .nvme, and one that has a text in its description.
keys() { keyctl rlist %:.nvme | tr ' ' '\n' | grep .; }
key_with() { # TEXT
  local key
  for key in $(keys); do keyctl rdescribe "$key" | grep -qF -- "$1" && echo "$key" && return 0; done
  return 1
}

forget_keys() {
  local key
  for key in $(keys); do keyctl unlink "$key" %:.nvme || return 1; done
}

start_target() {
  modprobe null_blk nr_devices=1 memory_backed=1 gb=1
  modprobe -a tls configfs nvmet nvmet-tcp nvme-tcp
  mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config
  handshake_timeout 300
  make_subsystem "$subnqn" || return 1
  local port=$config/ports/1
  mkdir "$port" || return 1
  echo tcp >"$port/addr_trtype"
  echo ipv4 >"$port/addr_adrfam"
  echo "$ADDRESS" >"$port/addr_traddr"
  echo 4420 >"$port/addr_trsvcid"
  echo tls1.3 >"$port/addr_tsas"
  offer "$subnqn"
}

make_subsystem() { # NQN
  local subsystem=$config/subsystems/$1
  mkdir "$subsystem" "$subsystem/namespaces/1" || return 1
  echo 1 >"$subsystem/attr_allow_any_host"
  echo -n /dev/nullb0 >"$subsystem/namespaces/1/device_path"
  echo 1 >"$subsystem/namespaces/1/enable"
}

# The port listens as long as it offers something, in the network namespace of who made it so.
offer() { $TARGET ln -s "$config/subsystems/$1" "$config/ports/1/subsystems/"; } # NQN
withdraw() { rm "$config/ports/1/subsystems/$1"; } # NQN

connect() { # [OPTION ...]
  local tls=--tls
  [[ " $* " != *" --concat "* ]] || tls=
  timeout 400 nvme connect $tls --transport=tcp --traddr="$ADDRESS" --trsvcid=4420 --nqn="$subnqn" \
    --hostnqn="$hostnqn" --hostid="$hostid" --nr-io-queues=1 --reconnect-delay=1 "$@"
}

# The guest's own disk is NVMe too: what is meant are the controllers that are reached over TCP.
controllers() {
  local folder
  for folder in /sys/class/nvme/nvme*; do
    [ "$(cat "$folder/transport")" = tcp ] && echo "$folder"
  done
}
controller() { controllers | grep -m1 .; }

in_state() { [ "$(cat "$(controller)/state")" = "$1" ]; } # STATE
live_with_tls() { in_state live && [ -n "$(cat "$(controller)/tls_key")" ]; }
# The kernel says which key secures the connection: that with TEXT in its description.
key_in_use() { [ "0x$(cat "$(controller)/tls_key")" = "$(printf '0x%08x' "$(key_with "$1")")" ]; } # TEXT
# All connections of the port, at both ends, as the kernel describes them.
cipher_in_use() { # CIPHER
  local found
  found=$($TARGET ss -tieHn state established '( sport = :4420 or dport = :4420 )' | grep -o 'cipher: [a-z0-9-]*' | sort -u)
  [ "$found" = "cipher: $1" ]
}

# The namespace's node comes a little after its controller.
disk() { ls -d "/dev/$(basename "$(controller)")"n1; }

same_data() {
  eventually disk || return 1
  dd if=/dev/urandom of=/tmp/written bs=64k count=16 status=none
  dd if=/tmp/written of="$(disk)" bs=64k oflag=direct status=none || return 1
  echo 3 >/proc/sys/vm/drop_caches
  dd if="$(disk)" of=/tmp/read bs=64k count=16 iflag=direct status=none || return 1
  cmp /tmp/written /tmp/read
}

connected() { connect "$@" && eventually live_with_tls && same_data; } # [OPTION ...]
disconnected() { nvme disconnect --nqn="${1:-$subnqn}" && ! controller; } # [NQN]
