// Links of this machine: index, name, state, MTU and kind.
//
//     deno run --allow-ffi examples/list_links.ts
import { open } from "@tynl/tynl";
import { rtLink } from "@tynl/tynl/rt-link";

await using rt = await open(rtLink);
for await (const { header, ifname, operstate, mtu, linkinfo } of rt.getlink.dump()) {
  console.log(header.ifiIndex, ifname, operstate, mtu, linkinfo?.kind ?? "");
}
