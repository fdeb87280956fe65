# The NVMe suite with the kernel's C agent at both ends.
AGENT="tlshd -s -c /tmp/tlshd.conf"
. /payload/guest/nvme.sh
