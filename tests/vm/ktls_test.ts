// Kernel TLS at length, in the virtual machine: what the counters of /proc/net/tls_stat say of it, and a gibibyte.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  BadRecordError,
  KernelRecordSocket,
  type KtlsSuite,
  loopbackPair,
  RekeyNeededError,
} from "../../runtime/ktls/mod.ts";
import { readTlsStat } from "../../runtime/ktls/mod.ts";
import { bytes, fastClock, text, withPair, withRogue } from "../ktls/connections.ts";
import { keyUpdate, ktlsSuites, testKeys } from "../ktls/helpers.ts";

const gcm = "TLS_AES_128_GCM_SHA256";

/** By how much counters rise while something is done; those that stay as they are are left out. */
async function counted(work: () => Promise<void>): Promise<Record<string, bigint>> {
  const before = readTlsStat()!;
  await work();
  const after = readTlsStat()!;
  const risen = [...after].map(([name, value]) => [name, value - (before.get(name) ?? 0n)] as const);
  return Object.fromEntries(risen.filter(([, by]) => by !== 0n));
}

/** Two ends of a connection whose records the kernel protects. */
async function withRecords(
  suite: KtlsSuite,
  test: (a: KernelRecordSocket, b: KernelRecordSocket) => Promise<void>,
): Promise<void> {
  const [a, b] = loopbackPair().map((fd) => new KernelRecordSocket(fd)) as [
    KernelRecordSocket,
    KernelRecordSocket,
  ];
  a.setTx(testKeys(suite, 1));
  b.setRx(testKeys(suite, 1));
  b.setTx(testKeys(suite, 2));
  a.setRx(testKeys(suite, 2));
  try {
    await test(a, b);
  } finally {
    a.close();
    b.close();
  }
}

for (const suite of ktlsSuites) {
  Deno.test(`${suite}: each KeyUpdate is counted once at both ends, and leaves nothing undecrypted`, async () => {
    await withRecords(suite, async (a, b) => {
      const risen = await counted(async () => {
        for (let generation = 3; generation < 13; generation++) {
          await a.send(22, keyUpdate);
          a.setTx(testKeys(suite, generation));
          await a.send(23, bytes("after"));
          assert.deepEqual(await b.receive(), { type: 22, bytes: keyUpdate });
          await assert.rejects(b.receive(), RekeyNeededError);
          b.setRx(testKeys(suite, generation));
          assert.equal(text((await b.receive())?.bytes), "after");
        }
      });
      assert.deepEqual(risen, { TlsTxRekeyOk: 10n, TlsRxRekeyOk: 10n, TlsRxRekeyReceived: 10n });
    });
  });
}

Deno.test("a wrong key is told, record after record, and the right one reads what is there", async () => {
  await withRecords(gcm, async (a, b) => {
    await a.send(22, keyUpdate);
    a.setTx(testKeys(gcm, 3));
    await a.send(23, bytes("patience"));
    await b.receive();
    const risen = await counted(async () => {
      b.setRx(testKeys(gcm, 9));
      await assert.rejects(b.receive(), BadRecordError);
      await assert.rejects(b.receive(), BadRecordError);
      b.setRx(testKeys(gcm, 3));
      assert.equal(text((await b.receive())?.bytes), "patience");
    });
    assert.deepEqual(risen, { TlsDecryptError: 2n, TlsRxRekeyOk: 2n });
  });
});

Deno.test("keys of another suite are refused and counted, and the connection goes on", async () => {
  await withRecords(gcm, async (a, b) => {
    const other = testKeys("TLS_AES_256_GCM_SHA384", 3);
    const risen = await counted(async () => {
      assert.throws(() => a.setTx(other), { code: "EINVAL" });
      assert.throws(() => b.setRx(other), { code: "EINVAL" });
      await a.send(23, bytes("still"));
      assert.equal(text((await b.receive())?.bytes), "still");
    });
    assert.deepEqual(risen, { TlsTxRekeyError: 1n, TlsRxRekeyError: 1n });
  });
});

Deno.test("a KeyUpdate behind data, with data behind it in one segment, is followed where it stands", async () => {
  await withRogue(async (client, rogue) => {
    for (let round = 0; round < 5; round++) {
      // The client does not read yet, so that all of it is there at once.
      await rogue.says("before");
      await rogue.updateKeys(0);
      await rogue.says("between");
      await rogue.updateKeys(0);
      await rogue.says("after");
      for (const word of ["before", "between", "after"]) assert.equal(text(await client.receive()), word);
      assert.equal(client.generation("receive"), 2 * round + 2);
    }
  });
});

/** A NewSessionTicket (RFC 8446, section 4.6.1) that lives for an hour. */
const ticket = Uint8Array.of(4, 0, 0, 15, 0, 0, 14, 16, 1, 2, 3, 4, 1, 0, 0, 2, 5, 6, 0, 0);

Deno.test("tickets between KeyUpdates, and in one record with one, are no data and cost no key", async () => {
  await withRogue(async (client, rogue) => {
    await rogue.records.send(22, ticket);
    await rogue.updateKeys(0);
    await rogue.records.send(22, ticket);
    // Of this record the kernel sees the ticket alone, so nothing stops the reading for the key.
    await rogue.records.send(22, Uint8Array.of(...ticket, ...keyUpdate));
    rogue.stepSend();
    await rogue.says("data");
    assert.equal(text(await client.receive()), "data");
    assert.equal(client.generation("receive"), 2);
  });
});

Deno.test("a gibibyte through two hundred keys arrives as it was sent", async () => {
  const generations = 200, total = 2 ** 30;
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
});
