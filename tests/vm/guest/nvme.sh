# NVMe/TCP over TLS with a pre-shared key, target and host on loopback, both served by the agent.
# AGENT is the command that serves the kernel's handshakes.
. /payload/guest/agent.sh

hostnqn=nqn.2014-08.org.nvmexpress:uuid:11111111-2222-3333-4444-555555555555
hostid=11111111-2222-3333-4444-555555555555
subnqn=nqn.2024-01.test.tynl:sub1
config=/sys/kernel/config/nvmet

# The PSK identity names both ends; --hmac 1 is SHA-256, 2 is SHA-384.
add_key() { # HMAC
  nvme gen-tls-key --hmac="$1" --identity=1 --subsysnqn=$subnqn --hostnqn=$hostnqn --insert
}

start_target() {
  modprobe null_blk nr_devices=1 memory_backed=1 gb=1
  modprobe -a tls configfs nvmet nvmet-tcp nvme-tcp
  mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config
  local subsystem=$config/subsystems/$subnqn port=$config/ports/1
  mkdir "$subsystem" "$subsystem/namespaces/1" "$port" || return 1
  echo 1 >"$subsystem/attr_allow_any_host"
  echo -n /dev/nullb0 >"$subsystem/namespaces/1/device_path"
  echo 1 >"$subsystem/namespaces/1/enable"
  echo tcp >"$port/addr_trtype"
  echo ipv4 >"$port/addr_adrfam"
  echo 127.0.0.1 >"$port/addr_traddr"
  echo 4420 >"$port/addr_trsvcid"
  echo tls1.3 >"$port/addr_tsas"
  ln -s "$subsystem" "$port/subsystems/"
}

connect() { # [OPTION ...]
  timeout 60 nvme connect --tls --transport=tcp --traddr=127.0.0.1 --trsvcid=4420 --nqn=$subnqn \
    --hostnqn=$hostnqn --hostid=$hostid --nr-io-queues=2 "$@"
}

# The guest's own disk is NVMe too: what is meant is the controller that is reached over TCP.
controller() {
  local folder
  for folder in /sys/class/nvme/nvme*; do
    [ "$(cat "$folder/transport")" = tcp ] && echo "$folder" && return 0
  done
  return 1
}

live_with_tls() { [ "$(cat "$(controller)/state")" = live ] && [ -n "$(cat "$(controller)/tls_key")" ]; }

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

disconnected() { nvme disconnect -n $subnqn && ! controller; }

# Negative tests wait for these, instead of ten seconds.
short_handshakes() { echo 2 | tee /sys/module/nvme_tcp/parameters/tls_handshake_timeout /sys/module/nvmet_tcp/parameters/tls_handshake_timeout; }

check "an NVMe/TCP target that requires TLS 1.3 listens" start_target
start_agent
check "a controller without a key is refused" refused connect
check "a key is generated for the SHA-256 identity" add_key 1
check "a controller is connected over TLS" connect
check "it is live, and tells its key" eventually live_with_tls
check "a mebibyte is read as it was written" same_data
check "admin and two I/O queues at both ends are kTLS in each direction" tls_sockets 6
check "a reset controller comes back" eval 'echo 1 >"$(controller)/reset_controller" && eventually live_with_tls'
check "it still reads what is written" same_data
check "it is disconnected" disconnected
short_handshakes >&2
stop_agent
check "without an agent a controller is refused" refused connect
start_agent
check "with the agent back it is connected again" connect
check "and reads what is written" same_data
check "it is disconnected again" disconnected
