/**
 * Forty clients wait for events of a network namespace, more than Deno has threads for calls that wait, while files are
 * read and timers run; then something happens there.
 *
 *     deno run --allow-all tests/live/load_events.ts PID
 *
 * @module
 */
import { open } from "../../mod.ts";
import { rtLink } from "../../generated/rt-link/mod.ts";

const netns = Number(Deno.args[0]);
const clients = await Promise.all(Array.from({ length: 40 }, () => open(rtLink, { netns })));
let told = 0;
const waiting = clients.map((link) => link.subscribe("rtnlgrp-link")).map(async (events) => {
  for await (const event of events) {
    if (event.name === "newlink-ntf" && event.message.ifname === "lo") {
      told++;
      break;
    }
  }
});
// They wait once the stack is empty.
await new Promise((resolve) => setTimeout(resolve, 1));

const files = Array.from({ length: 500 }, () => Deno.readTextFile(new URL(import.meta.url)));
const timers = Array.from({ length: 500 }, (_, i) => new Promise((resolve) => setTimeout(resolve, i % 10)));
const read = (await Promise.all(files)).filter((text) => text.includes("Forty clients")).length;
const fired = (await Promise.all(timers)).length;
const early = told;

await using link = await open(rtLink, { netns });
await link.newlink({ header: { ifiIndex: 1, ifiFlags: 1, ifiChange: 1 } });
await Promise.all(waiting);
for (const client of clients) client.close();
console.log(JSON.stringify({ read, fired, early, told }));
