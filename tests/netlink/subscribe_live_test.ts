// Events of the running kernel. Those that change something do it in a network namespace of their own.
import assert from "node:assert/strict";
import { open, type Subscription } from "../../mod.ts";
import { nlctrl } from "../../generated/nlctrl/mod.ts";
import { rtLink } from "../../generated/rt-link/mod.ts";
import { rtAddr } from "../../generated/rt-addr/mod.ts";
import { GroupNotFoundError } from "../../mod.ts";

const ignore = Deno.build.os !== "linux";

Deno.test({
  name: "live: a group is joined by name and number, and one that does not exist is told",
  ignore,
  fn: async () => {
    await using rt = await open(rtLink);
    rt.subscribe(["rtnlgrp-link", 5]).close();
    assert.throws(() => rt.subscribe(100_000), GroupNotFoundError);
    await using control = await open(nlctrl);
    control.subscribe("notify").close();
    assert.throws(() => control.subscribe("nothing"), /it has notify/);
  },
});

Deno.test({
  name: "live: a subscription ends while it waits, by an abort or by its client",
  ignore,
  fn: async () => {
    const client = await open(rtAddr);
    const controller = new AbortController();
    const aborted = client.subscribe("rtnlgrp-ipv4-ifaddr", { signal: controller.signal });
    const closed = client.subscribe("rtnlgrp-ipv4-ifaddr");
    const ends = [aborted, closed].map((events: Subscription<unknown>) => drain(events));
    controller.abort(new Error("enough"));
    client.close();
    const [first, second] = await Promise.allSettled(ends);
    assert.equal(first?.status, "rejected");
    assert.equal(second?.status, "fulfilled");
  },
});

async function drain(events: AsyncIterable<unknown>): Promise<void> {
  for await (const _event of events);
}

Deno.test({
  name: "live: forty subscriptions that wait leave files and timers their threads",
  ignore,
  fn: async () => {
    const client = await open(nlctrl);
    const waiting = Array.from({ length: 40 }, () => drain(client.subscribe("notify")));
    await new Promise((resolve) => setTimeout(resolve, 1));
    const files = Array.from({ length: 100 }, () => Deno.readTextFile(new URL(import.meta.url)));
    for (const text of await Promise.all(files)) assert(text.length > 0);
    client.close();
    await Promise.all(waiting);
  },
});
