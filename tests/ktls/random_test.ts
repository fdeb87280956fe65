/** `KtlsSocket` under whatever order of sends, receives, KeyUpdates and second thoughts. For the virtual machine, too. */
import assert from "node:assert/strict";
import type { KtlsSocket } from "../../runtime/ktls/mod.ts";
import { fastClock, records, withPair } from "./connections.ts";
import { ktlsSuites } from "./helpers.ts";

/** Numbers that a seed decides (xorshift). */
function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** What a side sends: one byte after the other is known from its place. */
const byteAt = (place: number) => (place * 167 >> 4) & 0xff;

async function sends(socket: KtlsSocket, random: (below: number) => number, total: number): Promise<void> {
  for (let sent = 0; sent < total;) {
    switch (random(6)) {
      case 0:
        await socket.updateKeys({ requestPeer: random(2) === 0 });
        break;
      case 1: {
        // Given up before it could begin, because another send is before it.
        const signal = AbortSignal.abort();
        await assert.rejects(socket.send(new Uint8Array(100), { signal }), { name: "AbortError" });
        break;
      }
      case 2:
        await new Promise((resolve) => setTimeout(resolve, random(3)));
        break;
      default: {
        const size = Math.min(total - sent, 1 + random([10, 2000, 40_000][random(3)]!));
        await socket.send(Uint8Array.from({ length: size }, (_, i) => byteAt(sent + i)));
        sent += size;
      }
    }
  }
  await socket.closeWrite();
}

async function receives(socket: KtlsSocket, random: (below: number) => number): Promise<number> {
  let place = 0;
  for (;;) {
    if (random(20) === 0) await new Promise((resolve) => setTimeout(resolve, random(5)));
    const controller = new AbortController();
    const timer = random(4) === 0 ? setTimeout(() => controller.abort(), random(3)) : undefined;
    let data: Uint8Array | undefined;
    try {
      data = await socket.receive({ signal: controller.signal });
    } catch (error) {
      if (controller.signal.aborted && error === controller.signal.reason) continue;
      throw error;
    } finally {
      clearTimeout(timer);
    }
    if (data === undefined) return place;
    for (const byte of data) {
      if (byte !== byteAt(place)) assert.fail(`another byte than was sent, at ${place}`);
      place++;
    }
  }
}

for (const [i, suite] of ktlsSuites.entries()) {
  for (const smallBuffers of [false, true]) {
    const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
    Deno.test({
      name: `records by the ${records === "kernel" ? "kernel" : "process"}: ${suite}: any order of things` +
        (smallBuffers ? ", with little room" : ""),
      fn: () => {
        const options = {
          client: { suites: [suite], now: fastClock() },
          server: { now: fastClock() },
          ktls: { recordsPerKey: 20 },
          smallBuffers,
        };
        return withPair(options, async (client, server) => {
          const total = 600_000;
          const done = Promise.all([
            sends(client, numbers(seed + 4 * i), total),
            sends(server, numbers(seed + 4 * i + 1), total),
            receives(client, numbers(seed + 4 * i + 2)),
            receives(server, numbers(seed + 4 * i + 3)),
          ]);
          const [, , atClient, atServer] = await done.catch((cause) => {
            throw new Error(`with seed ${seed}`, { cause });
          });
          assert.deepEqual([atClient, atServer], [total, total]);
          assert.equal(client.generation("send"), server.generation("receive"));
          assert.equal(server.generation("send"), client.generation("receive"));
        });
      },
    });
  }
}
