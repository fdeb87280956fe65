/** `KtlsSocket` where the kernel, or the network, refuses something. */
import assert from "node:assert/strict";
import {
  KtlsSocket,
  KtlsUnsupportedError,
  loopbackPair,
  type RecordSocket,
  RekeyError,
  UserRecordSocket,
} from "../../runtime/ktls/mod.ts";
import { SystemError } from "../../runtime/posix/mod.ts";
import { importState, type SessionState, type TlsConnection } from "../../runtime/tls/mod.ts";
import { openPair } from "../tls/pairs.ts";
import { bytes, text } from "./connections.ts";

type Faults = Partial<RecordSocket>;

function open(
  fd: number,
  tls: TlsConnection,
  faults: Faults,
  options: { canRekey: boolean },
  state: SessionState = importState(tls.exportState()),
): KtlsSocket {
  const own = new UserRecordSocket(fd);
  own.setTx(state.trafficKeys("send"));
  own.setRx(state.trafficKeys("receive"));
  const records: RecordSocket = {
    send: (...args) => own.send(...args),
    receive: (...args) => own.receive(...args),
    setTx: (keys) => own.setTx(keys),
    setRx: (keys) => own.setRx(keys),
    interrupt: (error) => own.interrupt(error),
    close: () => own.close(),
    ...faults,
  };
  return new KtlsSocket({
    records,
    recordsBy: "user",
    session: tls.session!,
    state,
    recordsPerKey: 8,
    ...options,
  });
}

/** A client with faults, and a server without. */
async function withFaults(
  faults: Faults,
  test: (client: KtlsSocket, server: KtlsSocket) => Promise<void>,
  options: { canRekey: boolean } = { canRekey: true },
): Promise<void> {
  const { client: clientTls, server: serverTls } = openPair();
  const [fd, peer] = loopbackPair();
  const client = open(fd, clientTls, faults, options);
  const server = open(peer, serverTls, {}, { canRekey: true });
  try {
    await test(client, server);
  } finally {
    client.destroy();
    server.destroy();
  }
}

const refuse = () => {
  throw new SystemError("setsockopt", 12);
};

Deno.test("keys to send with that are refused after a KeyUpdate was sent end the connection", () =>
  withFaults({ setTx: refuse }, async (client, server) => {
    const isIt = (error: unknown) =>
      error instanceof RekeyError && error.sent && error.cause instanceof SystemError;
    await assert.rejects(client.updateKeys({ requestPeer: false }), isIt);
    await assert.rejects(client.send(bytes("x")), isIt);
    await assert.rejects(client.receive(), isIt);
    // The peer has followed; nothing came after that, not even an alert under a key that it would not know.
    client.destroy();
    await assert.rejects(server.receive(), { name: "TlsTruncatedError" });
    assert.equal(server.generation("receive"), 1);
  }));

Deno.test("keys to receive with that are refused end the connection, and are the system's error", () =>
  withFaults({ setRx: refuse }, async (client, server) => {
    await server.updateKeys({ requestPeer: false });
    await assert.rejects(client.receive(), SystemError);
    await assert.rejects(client.send(bytes("x")), SystemError);
    assert.equal(client.generation("receive"), 0);
  }));

Deno.test("a kernel with keys for good: the peer's KeyUpdate is internal_error to it", () =>
  withFaults({
    setRx() {
      throw new KtlsUnsupportedError("rekey", "not here");
    },
  }, async (client, server) => {
    await server.updateKeys({ requestPeer: true });
    await assert.rejects(client.receive(), KtlsUnsupportedError);
    await assert.rejects(server.receive(), { name: "TlsAlertError", alert: 80, fromPeer: true });
  }));

Deno.test("a kernel with keys for good: KeyUpdates of ours are refused before they are sent", () =>
  withFaults({}, async (client, server) => {
    await assert.rejects(client.updateKeys({ requestPeer: false }), KtlsUnsupportedError);
    for (let i = 0; i < 6; i++) await client.send(bytes("x"));
    await assert.rejects(client.send(bytes("one too many")), KtlsUnsupportedError);
    assert.equal(client.generation("send"), 0);
    await client.closeWrite();
    let all = "";
    for await (const data of server) all += text(data);
    assert.equal(all, "xxxxxx");
  }, { canRekey: false }));

Deno.test("a network that refuses to send leaves what the peer has said to be received", () => {
  const gone = new SystemError("send", 32);
  return withFaults({ send: () => Promise.reject(gone) }, async (client, server) => {
    await server.send(bytes("why it ends"));
    await server.closeWrite();
    await assert.rejects(client.send(bytes("x")), gone);
    await assert.rejects(client.updateKeys({ requestPeer: false }), gone);
    assert.equal(text(await client.receive()), "why it ends");
    assert.equal(await client.receive(), undefined);
    await client.close();
  });
});

Deno.test("a failure while a KeyUpdate is on its way sets no keys of wiped secrets", async () => {
  let sent: (() => void) | undefined;
  const set: string[] = [];
  const faults: Faults = {
    send: (_type, content) => new Promise((resolve) => sent = () => resolve(content.length)),
    setTx: () => void set.push("keys"),
  };
  await withFaults(faults, async (client, server) => {
    const updating = assert.rejects(client.updateKeys({ requestPeer: false }), { name: "TlsTruncatedError" });
    server.destroy();
    const failed = assert.rejects(client.receive(), { name: "TlsTruncatedError" });
    await failed;
    sent!();
    await updating;
    assert.deepEqual(set, []);
  });
});

Deno.test("secrets are wiped at the end, in order or not", async () => {
  const ends: { [how: string]: (client: KtlsSocket, server: KtlsSocket) => Promise<void> } = {
    closed: async (client) => await client.close({ linger: 1 }),
    destroyed: (client) => Promise.resolve(client.destroy()),
    "left by the peer": async (client, server) => {
      server.destroy();
      await assert.rejects(client.receive());
    },
  };
  for (const [how, end] of Object.entries(ends)) {
    const { client: clientTls, server: serverTls } = openPair();
    const [fd, peer] = loopbackPair();
    const state = importState(clientTls.exportState());
    const client = open(fd, clientTls, {}, { canRekey: true }, state);
    const server = open(peer, serverTls, {}, { canRekey: true });
    await client.updateKeys({ requestPeer: false });
    await end(client, server);
    // Behind six bytes: for each direction generation, sequence number, length and 32 bytes of secret.
    const exported = state.export();
    for (const at of [6 + 13, 6 + 13 + 32 + 13]) {
      assert.deepEqual(exported.subarray(at, at + 32), new Uint8Array(32), how);
    }
    for (const socket of [client, server]) socket.destroy();
  }
});
