# What the NFS suites share: a server and mounts, whose TLS the agent of agent.sh serves.
# SERVER: what commands of the server begin with, such as one that enters a network namespace. ADDRESS: where it is.
. /payload/guest/agent.sh
: "${SERVER:=}" "${ADDRESS:=127.0.0.1}"

# Certificates by their names in /payload/pki, without .pem.
nfs_configuration() { # [SERVER-CERTIFICATE [CLIENT-CERTIFICATE]]
  local role certificate
  echo "[debug]
loglevel=3
[authenticate]
keyrings=.nfs;.nfsd
[tynl]
deadline=60"
  for role in server client; do
    certificate=${1:-$role}
    shift $(($# > 0))
    echo "[authenticate.$role]
x509.truststore=/payload/pki/ca.pem
x509.crl=/payload/pki/crl.pem
x509.certificate=/payload/pki/$certificate.pem
x509.private_key=/payload/pki/$role.key"
  done
}
nfs_configuration >/tmp/tlshd.conf

# New certificates for the running agent.
use() { nfs_configuration "$@" >/tmp/tlshd.conf && reload_agent; } # [SERVER-CERTIFICATE [CLIENT-CERTIFICATE]]

start_server() {
  echo "$ADDRESS server.test" >>/etc/hosts
  echo "127.0.0.1 client.test" >>/etc/hosts
  modprobe -a tls nfsd nfs nfsv4 gcm >&2
  # Files of procfs and of pipes are those of the network namespace of who mounts them.
  $SERVER mount -t nfsd nfsd /proc/fs/nfsd
  mkdir -p /run/rpc_pipefs /var/lib/nfs/v4recovery /var/lib/nfs/nfsdcld /export/tls /export/mtls
  $SERVER mount -t rpc_pipefs rpc_pipefs /run/rpc_pipefs
  rmdir /var/lib/nfs/rpc_pipefs 2>/dev/null
  ln -sfn /run/rpc_pipefs /var/lib/nfs/rpc_pipefs
  touch /var/lib/nfs/etab /var/lib/nfs/rmtab
  local name
  for name in tls mtls; do
    mount -t tmpfs tmpfs /export/$name
    echo "hello $name" >/export/$name/greeting
  done
  # Without it the first open waits for a period of grace to pass.
  $SERVER nfsdcld -F >/tmp/out/nfsdcld.log 2>&1 &
  eventually test -e /var/lib/nfs/nfsdcld/main.sqlite
  $SERVER rpc.mountd -N 3 --no-udp || return 1
  local options=rw,no_root_squash,insecure,no_subtree_check
  $SERVER exportfs -i -o $options,fsid=1,xprtsec=tls:mtls '*:/export/tls' || return 1
  $SERVER exportfs -i -o $options,fsid=2,xprtsec=mtls '*:/export/mtls' || return 1
  timeout 120 $SERVER rpc.nfsd -N 3 -U --grace-time 10 --lease-time 10 2 || return 1
  # The kernel says EBUSY where there was nothing to wait for.
  echo Y >/proc/fs/nfsd/v4_end_grace || true
}

# Two mounts share a connection unless told otherwise, and so its security: one at a time.
mount_nfs() { # EXPORT XPRTSEC
  mkdir -p /mnt/nfs
  timeout 120 mount -t nfs4 -o "vers=4.2,proto=tcp,nosharecache,retry=0,xprtsec=$2" "server.test:/export/$1" /mnt/nfs
}

# NFS gives a handshake five seconds for good. An agent that has just been started needs more on an emulated machine that
# is busy, so it is asked until it is quick enough.
warm_up() {
  local try
  for try in 1 2 3 4 5 6 7 8; do
    mount_nfs tls tls && umount /mnt/nfs && return 0
    sleep 1
  done
  return 1
}

# Refused, and not only after a time out.
mount_refused() { # EXPORT XPRTSEC
  local result
  mount_nfs "$1" "$2"
  result=$?
  [ $result -ne 0 ] && [ $result -ne 124 ]
}

same_data() { # EXPORT
  [ "$(cat /mnt/nfs/greeting)" = "hello $1" ] || return 1
  dd if=/dev/urandom of=/tmp/written bs=64k count=16 status=none
  dd if=/tmp/written of=/mnt/nfs/data bs=64k conv=fsync status=none || return 1
  echo 3 >/proc/sys/vm/drop_caches
  cmp /tmp/written /mnt/nfs/data && cmp /tmp/written "/export/$1/data"
}

works() { mount_nfs "$1" "$2" && same_data "$1" && umount /mnt/nfs; } # EXPORT XPRTSEC
