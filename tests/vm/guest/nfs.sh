# NFS with xprtsec=tls and mtls, server and client on loopback, both served by the agent.
# AGENT is the command that serves the kernel's handshakes.
. /payload/guest/agent.sh

start_server() {
  echo '127.0.0.1 server.test client.test' >>/etc/hosts
  modprobe -a tls nfsd nfs nfsv4 gcm >&2
  mount -t nfsd nfsd /proc/fs/nfsd
  mkdir -p /run/rpc_pipefs /var/lib/nfs/v4recovery /var/lib/nfs/nfsdcld /export/tls /export/mtls
  mount -t rpc_pipefs rpc_pipefs /run/rpc_pipefs
  rmdir /var/lib/nfs/rpc_pipefs 2>/dev/null
  ln -sfn /run/rpc_pipefs /var/lib/nfs/rpc_pipefs
  touch /var/lib/nfs/etab /var/lib/nfs/rmtab
  local name
  for name in tls mtls; do
    mount -t tmpfs tmpfs /export/$name
    echo "hello $name" >/export/$name/greeting
  done
  # Without it the first open waits for a period of grace to pass.
  nfsdcld -F >/tmp/out/nfsdcld.log 2>&1 &
  eventually test -e /var/lib/nfs/nfsdcld/main.sqlite
  rpc.mountd -N 3 --no-udp || return 1
  local options=rw,no_root_squash,insecure,no_subtree_check
  exportfs -i -o $options,fsid=1,xprtsec=tls:mtls '*:/export/tls' || return 1
  exportfs -i -o $options,fsid=2,xprtsec=mtls '*:/export/mtls' || return 1
  timeout 60 rpc.nfsd -N 3 -U --grace-time 10 --lease-time 10 2 || return 1
  # The kernel says EBUSY where there was nothing to wait for.
  echo Y >/proc/fs/nfsd/v4_end_grace || true
}

# Two mounts share a connection unless told otherwise, and so its security: one at a time.
mount_nfs() { # EXPORT XPRTSEC
  mkdir -p /mnt/nfs
  timeout 60 mount -t nfs4 -o "vers=4.2,proto=tcp,nosharecache,xprtsec=$2" "server.test:/export/$1" /mnt/nfs
}

same_data() { # EXPORT
  [ "$(cat /mnt/nfs/greeting)" = "hello $1" ] || return 1
  dd if=/dev/urandom of=/tmp/written bs=64k count=16 status=none
  dd if=/tmp/written of=/mnt/nfs/data bs=64k conv=fsync status=none || return 1
  echo 3 >/proc/sys/vm/drop_caches
  cmp /tmp/written /mnt/nfs/data && cmp /tmp/written "/export/$1/data"
}

check "an NFS server that requires TLS is started" start_server
start_agent
for security in tls mtls; do
  check "xprtsec=$security: mounted" mount_nfs $security $security
  check "xprtsec=$security: a mebibyte is read as it was written" same_data $security
  check "xprtsec=$security: unmounted" umount /mnt/nfs
done
check "an export for TLS is mounted with mtls too" mount_nfs tls mtls
check "and unmounted" umount /mnt/nfs
check "an export for mtls is refused to a client without a certificate" refused mount_nfs mtls tls
check "an export for TLS is refused in the clear" refused mount_nfs tls none
check "each connection was under kTLS at both ends" tls_sockets 6
rpc.nfsd 0
