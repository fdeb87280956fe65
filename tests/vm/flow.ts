/** Data through connections whose records the kernel protects, and what the kernel counts of it. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readTlsStat } from "../../runtime/ktls/mod.ts";
import { fastClock, withPair } from "../ktls/connections.ts";

/** By how much counters rise while something is done; those that stay as they are are left out. */
export async function counted(work: () => Promise<void>): Promise<Record<string, bigint>> {
  const before = readTlsStat()!;
  await work();
  const after = readTlsStat()!;
  const risen = [...after].map(([name, value]) => [name, value - (before.get(name) ?? 0n)] as const);
  return Object.fromEntries(risen.filter(([, by]) => by !== 0n));
}

/** Sends so many bytes through so many keys, and compares what arrives. */
export async function flow(total: number, generations: number): Promise<void> {
  // A length that fits neither records nor pages, so that a byte out of place shows.
  const pattern = Buffer.from(new Uint8Array(1_000_003).map((_, i) => i * 31 >> 3 ^ i));
  const options = { client: { now: fastClock() }, server: { now: fastClock() } };
  await withPair(options, async (client, server) => {
    const risen = await counted(async () => {
      const sending = (async () => {
        for (let sent = 0, generation = 0; sent < total;) {
          const at = sent % pattern.length;
          const due = Math.ceil((generation + 1) * total / (generations + 1));
          const part = pattern.subarray(at, at + Math.min(pattern.length - at, due - sent, total - sent));
          await client.send(part);
          sent += part.length;
          if (sent === due && generation < generations) {
            await client.updateKeys({ requestPeer: false });
            generation++;
          }
        }
        await client.closeWrite();
      })();
      let received = 0;
      for await (const data of server) {
        for (let seen = 0; seen < data.length;) {
          const at = (received + seen) % pattern.length;
          const length = Math.min(data.length - seen, pattern.length - at);
          const same = pattern.compare(data, seen, seen + length, at, at + length) === 0;
          assert(same, `bytes ${received + seen} to ${received + seen + length}`);
          seen += length;
        }
        received += data.length;
      }
      await sending;
      assert.equal(received, total);
    });
    const keys = BigInt(generations);
    assert.deepEqual(risen, { TlsTxRekeyOk: keys, TlsRxRekeyOk: keys, TlsRxRekeyReceived: keys });
    assert.equal(server.generation("receive"), generations);
  });
}
