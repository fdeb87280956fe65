// Kernel TLS at length, in the virtual machine: what the counters of /proc/net/tls_stat say of it, and much data.
import assert from "node:assert/strict";
import {
  BadRecordError,
  KernelRecordSocket,
  type KtlsSuite,
  loopbackPair,
  RekeyNeededError,
} from "../../runtime/ktls/mod.ts";
import { bytes, text, withRogue } from "../ktls/connections.ts";
import { keyUpdate, ktlsSuites, testKeys } from "../ktls/helpers.ts";
import { counted, flow } from "./flow.ts";
import { ktlsTest } from "./needs.ts";

const gcm = "TLS_AES_128_GCM_SHA256";

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
  ktlsTest(
    `${suite}: each KeyUpdate is counted once at both ends, and leaves nothing undecrypted`,
    async () => {
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
    },
  );
}

ktlsTest(
  "a wrong key is told whenever one reads, counted once, and the right one reads what is there",
  async () => {
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
      assert.deepEqual(risen, { TlsDecryptError: 1n, TlsRxRekeyOk: 2n });
    });
  },
);

ktlsTest("keys of another suite are refused and counted, and the connection goes on", async () => {
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

ktlsTest(
  "a KeyUpdate behind data, with data behind it in one segment, is followed where it stands",
  async () => {
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
  },
);

/** A NewSessionTicket (RFC 8446, section 4.6.1) that lives for an hour. */
const ticket = Uint8Array.of(4, 0, 0, 16, 0, 0, 14, 16, 1, 2, 3, 4, 1, 0, 0, 2, 5, 6, 0, 0);

ktlsTest("tickets between KeyUpdates, and in one record with one, are no data and cost no key", async () => {
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

ktlsTest(
  "a hundred mebibytes through two hundred keys arrive as they were sent",
  () => flow(100 * 2 ** 20, 200),
);
