// A pair of virtual Ethernet devices with an address, made, shown and removed. Needs CAP_NET_ADMIN; try it where it
// harms nobody:
//
//     unshare -rn deno run --allow-ffi examples/add_veth.ts
import { open } from "@tynl/tynl";
import { rtAddr } from "@tynl/tynl/rt-addr";
import { rtLink } from "@tynl/tynl/rt-link";

await using links = await open(rtLink);
await using addresses = await open(rtAddr);

await links.newlink({ ifname: "tynl0", linkinfo: { kind: "veth" } }, { create: true, exclusive: true });
const { header } = await links.getlink({ ifname: "tynl0" });
const ifaIndex = header.ifiIndex;

// IFF_UP is bit 0 of the flags; ifiChange says which bits are meant.
await links.newlink({ header: { ifiIndex: ifaIndex, ifiFlags: 1, ifiChange: 1 } });
await addresses.newaddr(
  { header: { ifaFamily: 2, ifaPrefixlen: 24, ifaIndex }, local: "192.0.2.1", address: "192.0.2.1" },
  { create: true, exclusive: true },
);
for await (const { header, local, label } of addresses.getaddr.dump()) {
  if (header.ifaIndex === ifaIndex) console.log(`${label ?? "tynl0"} ${local}/${header.ifaPrefixlen}`);
}
await links.dellink({ header: { ifiIndex: ifaIndex } });
