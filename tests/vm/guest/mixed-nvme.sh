# NVMe/TCP over TLS with tynl at one end and tlshd at the other, each in a network namespace of its own.
. /payload/guest/agent.sh
TARGET=$in_peer ADDRESS=192.0.2.2
make_peer
. /payload/guest/nvme-lib.sh
second_configuration

check "an NVMe/TCP target that requires TLS 1.3 listens" start_target
mixed() { # NAME-OF-HOST'S NAME-OF-TARGET'S COMMAND-OF-HOST'S COMMAND-OF-TARGET'S
  local what="$1 connects, $2 serves the target" near=$3 far=$4 hmac version identity cipher
  check "$what: the agents serve" eval 'start_agent host $near && start_agent target $TARGET $far'
  while read -r hmac version identity cipher; do
    check "$what, $identity: a key is made" add_key "$hmac" "$version"
    check "$what, $identity: a controller is connected, and a mebibyte is read as it was written" connected
    check "$what, $identity: the kernel says that this key is in use" key_in_use "$identity "
    check "$what, $identity: the kernel protects the records with $cipher" cipher_in_use "$cipher"
    check "$what, $identity: it is disconnected" disconnected
    forget_keys >&2
  done <<'LIST'
1 1 NVMe1R01 aes-gcm-128
2 1 NVMe1R02 aes-gcm-256
LIST
  check "$what: without a key a controller is refused" refused connect
  check "$what: the agents end" eval 'stop_agent TERM host && stop_agent TERM target'
}
mixed tynl tlshd "$tynl" "$tlshd"
mixed tlshd tynl "$tlshd" "$second_tynl"
check "no record was damaged" all_decrypted
