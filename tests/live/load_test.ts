// Much of everything: what it takes of a process is measured in a process of its own.
import assert from "node:assert/strict";
import { open } from "../../mod.ts";
import { rtRoute } from "../../generated/rt-route/mod.ts";
import { create, isolated, live } from "./helpers.ts";

const MiB = 1 << 20;

/** Runs a program of this folder, and gives the numbers that it prints. */
async function measured(flags: readonly string[], program: string, ...args: string[]): Promise<unknown> {
  const { stdout, stderr, code } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-check",
      "--allow-all",
      ...flags,
      `${import.meta.dirname}/${program}`,
      ...args,
    ],
    env: { NO_COLOR: "1" },
    stdin: "null",
    // Generous: on an idle machine none of them takes ten seconds.
    signal: AbortSignal.timeout(600_000),
  }).output();
  const text = new TextDecoder();
  assert.equal(code, 0, text.decode(stderr));
  return JSON.parse(text.decode(stdout));
}

const ROUTES = 100_003;

/** Makes routes of single addresses in 198.18.0.0/15, which RFC 2544 sets aside for such things. */
async function addRoutes(netns: number): Promise<void> {
  await using route = await open(rtRoute, { netns });
  // RTN_BLACKHOLE in RT_TABLE_MAIN, which needs no device.
  const header = { rtmFamily: 2, rtmDstLen: 32, rtmTable: 254, rtmType: 6, rtmProtocol: 4 };
  for (let from = 0; from < ROUTES; from += 1000) {
    await route.batch((b) => {
      for (let i = from; i < Math.min(from + 1000, ROUTES); i++) {
        b.newroute({ header, dst: `198.${18 + (i >> 16)}.${i >> 8 & 255}.${i & 255}` }, create);
      }
    });
  }
}

isolated(
  "a hundred thousand routes are read, streamed and as a list, in less than 64 MiB",
  [],
  async (netns) => {
    await addRoutes(netns);
    for (const way of ["stream", "all"]) {
      const { routes, growth } = await measured([], "load_routes.ts", way, `${netns}`) as Record<
        string,
        number
      >;
      assert.equal(routes, ROUTES);
      assert(growth! < 64 * MiB, `${way}: ${growth} bytes`);
    }
  },
);

live("a million requests and then a thousand at once leave nothing behind", [], async () => {
  const { growth, kept, ...counts } = await measured(
    ["--v8-flags=--expose-gc"],
    "load_requests.ts",
  ) as Record<string, number>;
  assert.deepEqual(counts, { right: 1_000_000, atOnce: 1000, descriptors: 0 });
  // Of 800,000 requests. The heap's own steps are some MiB; what is reachable tells of a few bytes for each.
  assert(kept! < MiB, `${kept} bytes of objects`);
  assert(growth! < 32 * MiB, `${growth} bytes of memory`);
});

isolated(
  "forty clients that wait leave files and timers their threads, and hear what happens",
  [],
  async (netns) => {
    assert.deepEqual(await measured([], "load_events.ts", `${netns}`), {
      read: 500,
      fired: 500,
      early: 0,
      told: 40,
    });
  },
);
