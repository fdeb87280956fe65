// Follows the links of this machine: what is there, then what comes, changes and goes. Ends with Ctrl-C, or after as
// many events as the first argument says.
//
//     deno run --allow-ffi examples/follow_links.ts
import { open } from "@tynl/tynl";
import { rtLink } from "@tynl/tynl/rt-link";

await using rt = await open(rtLink);
// First join the group, then read what is there: nothing that happens in between is missed.
await using events = rt.subscribe("rtnlgrp-link");
const show = async () => {
  for await (const { header, ifname } of rt.getlink.dump()) {
    console.log(`${header.ifiIndex} ${ifname} is there`);
  }
};
await show();

let left = Number(Deno.args[0] ?? Infinity);
for await (const event of events) {
  if (event.name === "newlink-ntf") {
    console.log(`${event.message.header.ifiIndex} ${event.message.ifname} changed`);
  } else if (event.name === "dellink") {
    console.log(`${event.message.header.ifiIndex} ${event.message.ifname} is gone`);
  } else if (event.name === "overrun") await show();
  if (--left <= 0) break;
}
