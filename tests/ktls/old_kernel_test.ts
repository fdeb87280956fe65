/** Kernel TLS that has its keys for good: Linux before 6.14. */
import assert from "node:assert/strict";
import {
  acceptKtls,
  connectKtls,
  KernelRecordSocket,
  KtlsUnsupportedError,
  loopbackPair,
  rekey,
} from "../../runtime/ktls/mod.ts";
import { importState } from "../../runtime/tls/mod.ts";
import { openPair } from "../tls/pairs.ts";
import { bytes, clientTls, Rogue, serverTls, support, text, withPair } from "./connections.ts";

const reason = !support.ulp ? "no kernel TLS" : support.rekey ? "this kernel can change keys" : undefined;

function test(name: string, fn: () => Promise<void>): void {
  const ignored = reason === undefined ? "" : ` (ignored: ${reason})`;
  Deno.test({ name: `keys for good: ${name}${ignored}`, ignore: reason !== undefined, fn });
}

const isIt = (error: unknown) => error instanceof KtlsUnsupportedError && error.feature === "rekey";

test("data goes both ways, and a KeyUpdate of ours is refused before it is sent", () =>
  withPair({ ktls: { records: "kernel", recordsPerKey: 8 } }, async (client, server) => {
    assert.equal(client.recordsBy, "kernel");
    await client.send(bytes("ping"));
    assert.equal(text(await server.receive()), "ping");
    await assert.rejects(client.updateKeys({ requestPeer: true }), isIt);
    for (let i = 0; i < 5; i++) await client.send(bytes("x"));
    await assert.rejects(client.send(bytes("one too many")), isIt);
    await server.send(bytes("pong"));
    assert.equal(text(await client.receive()), "pong");
    await Promise.all([client.close(), server.close()]);
  }));

test("a KeyUpdate of the peer ends the connection, and the peer is told", async () => {
  const [ours, theirs] = loopbackPair();
  const [client, rogue] = await Promise.all([
    connectKtls(ours, clientTls, { records: "kernel" }),
    Rogue.accept(theirs),
  ]);
  try {
    await rogue.says("before");
    await rogue.updateKeys(0);
    assert.equal(text(await client.receive()), "before");
    await assert.rejects(client.receive(), isIt);
    const signal = AbortSignal.timeout(60_000);
    assert.deepEqual(await rogue.records.receive({ signal }), { type: 21, bytes: Uint8Array.of(2, 80) });
  } finally {
    client.destroy();
    rogue.records.close();
  }
});

test("left to itself a connection is not the kernel's", async () => {
  const [ours, theirs] = loopbackPair();
  const [client, server] = await Promise.all([
    connectKtls(ours, clientTls, { records: "auto" }),
    acceptKtls(theirs, serverTls, { records: "auto" }),
  ]);
  assert.deepEqual([client.recordsBy, server.recordsBy], ["user", "user"]);
  client.destroy();
  server.destroy();
});

test("rekey says so before it sends anything", async () => {
  const [fd, peer] = loopbackPair();
  const state = importState(openPair().client.exportState());
  const socket = new KernelRecordSocket(fd);
  const other = new KernelRecordSocket(peer);
  try {
    socket.setTx(state.trafficKeys("send"));
    socket.setRx(state.trafficKeys("receive"));
    await assert.rejects(rekey(fd, state, { send: true }), isIt);
    await assert.rejects(rekey(fd, state, { receive: true }), isIt);
    assert.deepEqual([state.generation("send"), state.generation("receive")], [0, 0]);
    await assert.rejects(other.receive({ signal: AbortSignal.timeout(50) }), { name: "TimeoutError" });
  } finally {
    socket.close();
    other.close();
  }
});
