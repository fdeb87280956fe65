# NVMe/TCP over TLS with pre-shared keys, target and host on loopback, both served by the agent.
. /payload/guest/nvme-lib.sh

check "an NVMe/TCP target that requires TLS 1.3 listens" start_target
check "without an agent a controller is refused" refused connect
check "the agent serves" start_agent
check "without a key a controller is refused" refused connect

# HMAC VERSION TEXT-OF-THE-IDENTITY CIPHER, and the first one is kept for what follows
while read -r hmac version identity cipher; do
  check "$identity: a key is made" add_key "$hmac" "$version"
  check "$identity: a controller is connected, and a mebibyte is read as it was written" connected
  check "$identity: the kernel says that this key is in use" key_in_use "$identity "
  check "$identity: the kernel protects the records with $cipher" cipher_in_use "$cipher"
  check "$identity: it is disconnected" disconnected
  check "$identity: the key is forgotten" forget_keys
done <<'LIST'
2 1 NVMe1R02 aes-gcm-256
2 0 NVMe0R02 aes-gcm-256
1 0 NVMe0R01 aes-gcm-128
1 1 NVMe1R01 aes-gcm-128
LIST

long=nqn.2024-01.test.tynl:$(printf 's%.0s' $(seq 200)) # 222 bytes, the most that Linux takes
check "a subsystem with the longest name is made" eval 'make_subsystem "$long" && offer "$long"'
check "names of 222 bytes at both ends: a key is made" add_key 1 1 "$long" "$long"
check "and a controller is connected with it" connected --nqn="$long" --hostnqn="$long" --hostid="${hostid%?}0"
check "and disconnected" disconnected "$long"
forget_keys >&2

# Secure concatenation: a connection in the clear authenticates with DH-HMAC-CHAP, from which both ends generate a PSK.
require_secret() { # HMAC HASH
  local host=$config/hosts/$hostnqn subsystem=$config/subsystems/$subnqn
  [ -d "$host" ] || mkdir "$host" || return 1
  secret=$(nvme gen-dhchap-key --hmac="$1" --nqn="$hostnqn") || return 1
  echo "$secret" >"$host/dhchap_key"
  echo "hmac($2)" >"$host/dhchap_hash"
  echo ffdhe2048 >"$host/dhchap_dhgroup"
  echo 0 >"$subsystem/attr_allow_any_host"
  [ -e "$subsystem/allowed_hosts/$hostnqn" ] || ln -s "$host" "$subsystem/allowed_hosts/"
}
security() { # TREQ: whether the target requires TLS of all connections
  withdraw "$subnqn" && withdraw "$long" && echo "$1" >"$config/ports/1/addr_treq" && offer "$subnqn"
}
check "the target takes connections in the clear, and authenticates" eval 'security "not required" && require_secret 1 sha256'
while read -r hmac hash identity cipher; do
  check "$identity: a secret of the host is made" require_secret "$hmac" "$hash"
  check "$identity: a controller is connected with a generated key" connected --concat --dhchap-secret="$secret"
  check "$identity: the kernel says that this key is in use" key_in_use "$identity "
  check "$identity: the kernel protects the records with $cipher" cipher_in_use "$cipher"
  check "$identity: it is disconnected" disconnected
  forget_keys >&2
done <<'LIST'
1 sha256 NVMe1G01 aes-gcm-128
2 sha384 NVMe1G02 aes-gcm-256
LIST
offer "$long"
check "the target requires TLS again, and knows any host" \
  eval 'security required && rm $config/subsystems/$subnqn/allowed_hosts/* && echo 1 >$config/subsystems/$subnqn/attr_allow_any_host'

check "a key is made for what follows" add_key 1 1
check "a controller is connected" connected --ctrl-loss-tmo=600
check "admin and I/O queue at both ends are kTLS in each direction" tls_sockets 4
reset() { echo 1 >"$(controller)/reset_controller" && eventually live_with_tls; }
check "a reset controller comes back" reset
check "and reads what is written" same_data
check "the agent is stopped, and connections go on without it" eval 'stop_agent && same_data'
check "the agent serves again" start_agent
check "the target goes away: the controller notices" eval 'withdraw $subnqn && eventually in_state connecting'
check "the target is back: the controller is, over TLS" eval 'offer $subnqn && eventually live_with_tls'
check "and reads what is written" same_data
check "it is disconnected" disconnected

# Another host each, all at once.
eight() { # COMMAND ...
  local i jobs=()
  for i in 1 2 3 4 5 6 7 8; do
    "$@" "$hostnqn-$i" "${hostid%?}$i" &
    jobs+=($!)
  done
  for i in "${jobs[@]}"; do wait "$i" || return 1; done
}
one_host() { connect --hostnqn="$1" --hostid="$2"; } # HOST-NQN HOST-ID
one_key() { add_key 1 1 "$subnqn" "$1"; } # HOST-NQN
all_live() { [ "$(for folder in $(controllers); do cat "$folder/state"; done | sort | uniq -c | xargs)" = "$1 live" ]; } # COUNT
before=$(descriptors)
check "eight more hosts get a key each" eight one_key
check "they all connect at once" eight one_host
check "eight controllers are live" eventually all_live 8
check "one of them reads what is written" same_data
check "they are disconnected" disconnected
check "the agent keeps no descriptor of theirs" eventually no_more_descriptors "$before"

# The same identity with another key, in a keyring that the target does not look into; and an identity that it lacks.
impostor() { # TEXT-IN-THE-PLACE-OF-THE-DIGEST
  local identity key ring
  identity=$(keyctl rdescribe "$(key_with "$hostnqn $subnqn ")" | cut -d';' -f5)
  [ -z "$1" ] || identity="${identity% *} $1"
  ring=$(keyctl newring impostor @u) || return 1
  key=$(head -c 32 /dev/urandom | keyctl padd psk "$identity" "$ring") || return 1
  connect --keyring="$ring" --tls_key="$key"
}
check "a wrong key is refused" refused impostor ""
check "an identity that the target does not know is refused" refused impostor AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
check "nothing is left of them" refused controller

# A target that never answers leaves the handshake open. Its consumer learns of the agent's end by time alone.
half_way() {
  local connecting
  # With an open input, or it would end at once.
  coproc silent { nc -l -p 4421 >/tmp/hello; }
  eventually listening 4421 || return 1
  handshake_timeout 3
  connect --trsvcid=4421 & connecting=$!
  eventually test -s /tmp/hello || return 1
  stop_agent KILL
  refused wait $connecting || return 1
  # nc ended with its connection.
  handshake_timeout 300
}
listening() { [ -n "$(ss -tlnH "sport = :$1")" ]; } # PORT
check "an agent that is killed in the middle of a handshake fails that one alone" half_way
late() {
  local connecting
  # Nobody hears of a request without a member of the group: the agent is there, and does not move.
  kill -STOP "${agents[agent]}"
  connect & connecting=$!
  eventually asked || return 1
  stop_agent KILL
  start_agent && wait $connecting && eventually live_with_tls && same_data
}
# Submitted requests leave a line each in the trace.
asked() { grep -q handshake_submit: /sys/kernel/tracing/trace; }
check "the agent serves again" start_agent
echo 1 >/sys/kernel/tracing/events/handshake/handshake_submit/enable
check "a request that an agent left behind is served by the next one" late
check "it is disconnected" disconnected
check "no record was damaged" all_decrypted
check "the agent ends when it is told to" stop_agent
