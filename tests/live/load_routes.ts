/**
 * Reads the IPv4 routes of a network namespace, and tells what that took of this process's memory.
 *
 *     deno run --allow-all tests/live/load_routes.ts stream|all PID
 *
 * @module
 */
import { open } from "../../mod.ts";
import { rtRoute } from "../../generated/rt-route/mod.ts";
import { residentBytes } from "./load_process.ts";

const [way, pid] = Deno.args;
await using route = await open(rtRoute, { netns: Number(pid) });
const dump = route.getroute.dump({ header: { rtmFamily: 2, rtmTable: 254 } });
const before = residentBytes();
let routes = 0, most = before;
if (way === "all") routes = (await dump.all()).length;
else {
  for await (const _route of dump) if (++routes % 1000 === 0) most = Math.max(most, residentBytes());
}
most = Math.max(most, residentBytes());
console.log(JSON.stringify({ routes, growth: most - before }));
