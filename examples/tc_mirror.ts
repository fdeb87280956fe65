// Mirrors what arrives at one device to another: an ingress qdisc, and a u32 filter that matches everything with a
// mirred action. Needs CAP_NET_ADMIN:
//
//     unshare -rn deno run --allow-ffi examples/tc_mirror.ts
import { open } from "@tynl/tynl";
import { rtLink } from "@tynl/tynl/rt-link";
import { tc } from "@tynl/tynl/tc";

const INGRESS = 0xffff0000, EGRESS_MIRROR = 2, ETH_P_ALL = 0x0300, PIPE = 3;

await using links = await open(rtLink);
await using traffic = await open(tc);
await links.newlink({ ifname: "tynl0", linkinfo: { kind: "ifb" } }, { create: true, exclusive: true });
await links.newlink({ ifname: "tynl1", linkinfo: { kind: "ifb" } }, { create: true, exclusive: true });
const from = (await links.getlink({ ifname: "tynl0" })).header.ifiIndex;
const to = (await links.getlink({ ifname: "tynl1" })).header.ifiIndex;

await traffic.newqdisc(
  { header: { ifindex: from, parent: 0xfffffff1, handle: INGRESS }, kind: "ingress" },
  { create: true, exclusive: true },
);
// The spec has no struct for these: index, capab, action, refcnt, bindcnt, eaction, ifindex (linux/tc_act/tc_mirred.h).
const parms = new Uint8Array(Uint32Array.of(0, 0, PIPE, 0, 0, EGRESS_MIRROR, to).buffer);
await traffic.newtfilter({
  header: { ifindex: from, parent: INGRESS, info: (1 << 16) | ETH_P_ALL },
  kind: "u32",
  // One key that matches everything; the action gets index 1, as the kernel wants it.
  options: { sel: { flags: 1, nkeys: 1, keys: [{}] }, act: [{ kind: "mirred", options: { parms } }] },
}, { create: true, exclusive: true });
for await (
  const { kind, options } of traffic.gettfilter.dump({ header: { ifindex: from, parent: INGRESS } })
) {
  if (kind === "u32" && options?.act !== undefined) {
    console.log(kind, options.act.map((action) => action.kind));
  }
}
