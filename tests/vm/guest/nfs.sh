# NFS with xprtsec=tls and mtls, server and client on loopback, both served by the agent.
. /payload/guest/nfs-lib.sh

check "an NFS server that requires TLS is started" start_server
check "without an agent a mount is refused" mount_refused tls tls
check "the agent serves" start_agent
check "an export is mounted and unmounted" warm_up
for security in tls mtls; do
  check "xprtsec=$security: mounted" mount_nfs $security $security
  check "xprtsec=$security: a mebibyte is read as it was written" same_data $security
  check "xprtsec=$security: unmounted" umount /mnt/nfs
done
check "an export for TLS is mounted with mtls too" works tls mtls
check "an export for mtls is refused to a client without a certificate" mount_refused mtls tls
check "an export for TLS is refused in the clear" mount_refused tls none
check "each connection was under kTLS at both ends" tls_sockets 6

while read -r certificate why; do
  check "a server whose certificate $why: the certificate is in use" use "server-$certificate"
  check "a server whose certificate $why is refused" mount_refused tls tls
done <<'LIST'
expired has expired
other is for another name
unknown is by an unknown authority
revoked was revoked
LIST
check "with its good certificate again" use
check "it is mounted again" works tls tls
while read -r certificate why; do
  check "a client whose certificate $why: the certificate is in use" use server "client-$certificate"
  check "a client whose certificate $why is refused with mtls" mount_refused mtls mtls
  check "a client whose certificate $why is served with tls, which shows none" works tls tls
done <<'LIST'
expired has expired
unknown is by an unknown authority
revoked was revoked
LIST
check "with its good certificate again" use
check "it is served with mtls again" works mtls mtls

# The system call without the program of NFS, which takes longer than the handshake.
quick_mount() { # EXPORT XPRTSEC
  busybox mount -t nfs4 -o "vers=4.2,proto=tcp,nosharecache,addr=$ADDRESS,clientaddr=127.0.0.1,xprtsec=$2" \
    "server.test:/export/$1" /mnt/nfs
}
soak() { # COUNT
  local i security
  for i in $(seq "$1"); do
    [ $((i % 2)) = 0 ] && security=tls || security=mtls
    quick_mount $security $security || return 1
    [ "$(</mnt/nfs/greeting)" = "hello $security" ] || return 1
    umount /mnt/nfs || return 1
  done
}
before=$(descriptors)
check "two hundred mounts, one after the other" soak 200
check "the agent keeps no descriptor of theirs" eventually no_more_descriptors "$before"
check "no record was damaged" all_decrypted
check "the agent ends when it is told to" stop_agent
rpc.nfsd 0
