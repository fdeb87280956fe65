# Live tests of the runtime. What is not loaded on demand is loaded here.
modprobe -a nlmon dummy ifb openvswitch team nfsd lockd nf_conntrack_netlink tls >&2
deno_tests

# What another program says to the kernel, seen on the wire.
ip link add nlmon0 type nlmon && ip link set nlmon0 up
tcpdump -Z root -i nlmon0 -w /tmp/out/netlink.pcap -U 2>/tmp/out/tcpdump.log &
capture=$!
eventually grep -q 'listening on' /tmp/out/tcpdump.log
ip link add tynl-seen type dummy
eventually grep -q tynl-seen /tmp/out/netlink.pcap
kill "$capture"
wait "$capture"
deno run --no-config --allow-all /payload/modules/cli/main.js decode --json /tmp/out/netlink.pcap >/tmp/out/netlink.json
check "tynl decode shows what ip said to the kernel, from a capture of nlmon" \
  grep -q '"ifname": *"tynl-seen"' /tmp/out/netlink.json

# Families of this kernel, with their modules; findings are in drift.txt. Our spec of the handshake family is ahead of
# all released kernels: they refuse a session-id.
contradicts_only() { # PATTERN
  deno run --no-config --allow-all /payload/modules/cli/drift.js kernel --specs /payload/specs \
    --baseline /payload/specs/drift-baseline.json >/tmp/out/drift.txt
  [ "$(grep -c ': error: ' /tmp/out/drift.txt)" = 1 ] && grep -q ": error: $1" /tmp/out/drift.txt
}
check "tynl drift: the running kernel contradicts no spec, but for the session-id that it does not know yet" \
  contradicts_only 'done (do) refuses session-id'
