# The NFS suite with the kernel's C agent at both ends.
AGENT="tlshd -s -c /tmp/tlshd.conf"
. /payload/guest/nfs.sh
