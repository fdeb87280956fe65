# NFS over TLS with tynl at one end and tlshd at the other, each in a network namespace of its own.
. /payload/guest/agent.sh
SERVER=$in_peer ADDRESS=192.0.2.2
make_peer
echo "192.0.2.1 client.test" >>/etc/hosts
. /payload/guest/nfs-lib.sh

check "an NFS server that requires TLS is started" start_server
mixed() { # NAME-OF-CLIENT'S NAME-OF-SERVER'S COMMAND-OF-CLIENT'S COMMAND-OF-SERVER'S
  local what="$1 mounts, $2 serves the server" near=$3 far=$4 certificate
  nfs_configuration >/tmp/tlshd.conf
  second_configuration
  check "$what: the agents serve" eval 'start_agent client $near && start_agent server $SERVER $far'
  check "$what: an export is mounted and unmounted" warm_up
  check "$what: xprtsec=tls, and a mebibyte is read as it was written" works tls tls
  check "$what: xprtsec=mtls, too" works mtls mtls
  check "$what: an export for mtls is refused to a client without a certificate" mount_refused mtls tls
  check "$what: the agents end" eval 'stop_agent TERM client && stop_agent TERM server'
  for certificate in expired unknown revoked; do
    nfs_configuration server client-$certificate >/tmp/tlshd.conf
    second_configuration
    check "$what, a client's certificate that is $certificate: the agents serve" \
      eval 'start_agent client $near && start_agent server $SERVER $far'
    check "$what, a client's certificate that is $certificate is refused with mtls" mount_refused mtls mtls
    check "$what: the agents end" eval 'stop_agent TERM client && stop_agent TERM server'
  done
  for certificate in expired other unknown revoked; do
    nfs_configuration server-$certificate >/tmp/tlshd.conf
    second_configuration
    check "$what, a server's certificate that is $certificate: the agents serve" \
      eval 'start_agent client $near && start_agent server $SERVER $far'
    check "$what, a server's certificate that is $certificate is refused" mount_refused tls tls
    check "$what: the agents end" eval 'stop_agent TERM client && stop_agent TERM server'
  done
}
mixed tynl tlshd "$tynl" "$tlshd"
mixed tlshd tynl "$tlshd" "$second_tynl"
check "no record was damaged" all_decrypted
$SERVER rpc.nfsd 0
