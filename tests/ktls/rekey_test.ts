/** `rekey`: key changes on a socket that is a program's own. */
import assert from "node:assert/strict";
import {
  currentKeys,
  KernelRecordSocket,
  type KtlsKeys,
  loopbackPair,
  rekey,
  RekeyError,
  RekeyNeededError,
  type RekeyOptions,
  type RekeySocket,
  UserRecordSocket,
} from "../../runtime/ktls/mod.ts";
import { MessageHeader, sockets, SystemError } from "../../runtime/posix/mod.ts";
import { importState, type SessionState } from "../../runtime/tls/mod.ts";
import { findAmong, openPair, psk } from "../tls/pairs.ts";
import { bytes, records, text } from "./connections.ts";
import { ktlsSuites } from "./helpers.ts";

/** Both sides' states of a connection. */
function states(suite: (typeof ktlsSuites)[number] = "TLS_AES_128_GCM_SHA256"): [SessionState, SessionState] {
  const key = psk(suite === "TLS_AES_256_GCM_SHA384" ? "sha384" : "sha256");
  const { client, server } = openPair({ suites: [suite], psks: [key] }, { findPsk: findAmong(key) });
  return [importState(client.exportState()), importState(server.exportState())];
}

/** Writes down what is done to it. */
class Recorder implements RekeySocket {
  readonly log: string[] = [];
  readonly keys: KtlsKeys[] = [];
  fails: (call: string) => void = () => {};
  takes = true;

  send(type: number, message: Uint8Array): Promise<number> {
    this.#did(`send ${type}: ${[...message]}`);
    return Promise.resolve(this.takes ? message.length : 0);
  }

  setTx(keys: KtlsKeys): void {
    this.#did("setTx");
    this.keys.push(keys);
  }

  setRx(keys: KtlsKeys): void {
    this.#did("setRx");
    this.keys.push(keys);
  }

  #did(call: string): void {
    this.fails(call);
    this.log.push(call);
  }
}

const generations = (state: SessionState) => [state.generation("receive"), state.generation("send")];

for (
  const [options, log] of [
    [{}, []],
    [{ receive: true }, ["setRx"]],
    [{ send: true }, ["send 22: 24,0,0,1,0", "setTx"]],
    [{ send: true, requestPeer: true }, ["send 22: 24,0,0,1,1", "setTx"]],
    [{ receive: true, send: true }, ["setRx", "send 22: 24,0,0,1,0", "setTx"]],
  ] as readonly (readonly [RekeyOptions, readonly string[]])[]
) {
  Deno.test(`rekey ${JSON.stringify(options)} does: ${log.join("; ") || "nothing"}`, async () => {
    const [state] = states();
    const socket = new Recorder();
    await rekey(socket, state, options);
    assert.deepEqual(socket.log, log);
    assert.deepEqual(generations(state), [Number(log.includes("setRx")), Number(log.includes("setTx"))]);
  });
}

Deno.test("the keys are wiped once they are set", async () => {
  const [state] = states();
  const socket = new Recorder();
  await rekey(socket, state, { receive: true, send: true });
  assert.equal(socket.keys.length, 2);
  for (const { key, salt, iv } of socket.keys) {
    for (const part of [key, salt, iv]) assert(part.every((byte) => byte === 0));
  }
});

Deno.test("the keys are those that the peer goes on with", async () => {
  const [client, server] = states();
  const seen: { [side: string]: string } = {};
  const socket = (side: string): RekeySocket => ({
    send: (_type, message) => Promise.resolve(message.length),
    setTx: ({ key }) => void (seen[side] = `${key}`),
    setRx: ({ key }) => void (seen[side] = `${key}`),
  });
  for (let i = 0; i < 3; i++) {
    await rekey(socket("client"), client, { send: true });
    await rekey(socket("server"), server, { receive: true });
    assert.equal(seen["client"], seen["server"]);
  }
});

Deno.test("keys that the kernel refuses leave the state as it was", async () => {
  for (const call of ["setRx", "setTx"]) {
    const [state] = states();
    const socket = new Recorder();
    socket.fails = (made) => {
      if (made === call) throw new SystemError("setsockopt", 22);
    };
    const before = state.export();
    const error = await rekey(socket, state, { receive: call === "setRx", send: call === "setTx" }).catch((
      e,
    ) => e);
    assert.deepEqual(state.export(), before);
    if (call === "setRx") assert(error instanceof SystemError);
    else assert(error instanceof RekeyError && error.sent && error.cause instanceof SystemError);
  }
});

Deno.test("no KeyUpdate is sent after keys to receive with were refused", async () => {
  const [state] = states();
  const socket = new Recorder();
  socket.fails = (made) => {
    if (made === "setRx") throw new SystemError("setsockopt", 22);
  };
  await assert.rejects(rekey(socket, state, { receive: true, send: true }), SystemError);
  assert.deepEqual(socket.log, []);
  assert.deepEqual(generations(state), [0, 0]);
});

Deno.test("a KeyUpdate that was given up was not sent, and can be sent later", async () => {
  const [state] = states();
  const socket = new Recorder();
  socket.takes = false;
  const controller = new AbortController();
  socket.fails = () => controller.abort();
  const options = { receive: true, send: true, signal: controller.signal };
  await assert.rejects(rekey(socket, state, options), { name: "AbortError" });
  assert.deepEqual(generations(state), [1, 0]);
  socket.takes = true;
  await rekey(socket, state, { send: true });
  assert.deepEqual(generations(state), [1, 1]);
  await assert.rejects(rekey(socket, state, { receive: true, signal: AbortSignal.abort() }), {
    name: "AbortError",
  });
  assert.deepEqual(generations(state), [1, 1]);
});

Deno.test("a KeyUpdate waits for room, while the other side is full", async () => {
  const [fd, peer] = loopbackPair();
  const [state, other] = states();
  const socket = new UserRecordSocket(fd), reader = new UserRecordSocket(peer);
  socket.setTx(state.trafficKeys("send"));
  reader.setRx(other.trafficKeys("receive"));
  try {
    const sent = await fill(socket);
    await assert.rejects(rekey(socket, state, { send: true, signal: AbortSignal.timeout(20) }), {
      name: "TimeoutError",
    });
    assert.equal(state.generation("send"), 0);
    const rekeyed = rekey(socket, state, { send: true }).then(() => socket.send(23, bytes("new")));
    for (let length = 0; length < sent;) length += (await reader.receive())!.bytes.length;
    assert.equal((await reader.receive())?.type, 22);
    await rekey(reader, other, { receive: true });
    assert.equal(text((await reader.receive())?.bytes), "new");
    await rekeyed;
  } finally {
    socket.close();
    reader.close();
  }
});

/** Sends until there is no more room: how much that was. */
async function fill(socket: UserRecordSocket): Promise<number> {
  const much = new Uint8Array(1 << 16);
  let sent = 0;
  for (;;) {
    const taken = await socket.send(23, much, { signal: AbortSignal.abort() });
    sent += taken;
    if (taken < much.length) return sent;
  }
}

const kernel = records === "kernel";
const reason = kernel ? "" : " (ignored: no kernel TLS that can change keys)";

/** recvmsg(2) as a program has it: type and content of a record; the error's number if it fails. */
function receive(fd: number): [type: number, content: Uint8Array] | number {
  const header = new MessageHeader();
  const buffer = new Uint8Array(new ArrayBuffer(1000));
  header.point(buffer);
  const length = sockets().recvmsg(fd, header.bytes, 0);
  if (length === -1) return sockets().errno();
  return [header.control(282, 2) ?? 23, buffer.slice(0, length)];
}

for (const suite of ktlsSuites) {
  Deno.test({
    name: `kernel: ${suite}: a program reads EKEYEXPIRED, rekeys, and goes on${reason}`,
    ignore: !kernel,
    fn: async () => {
      const [fd, peer] = loopbackPair();
      const [state, other] = states(suite);
      const own = new KernelRecordSocket(fd), theirs = new UserRecordSocket(peer);
      own.setTx(state.trafficKeys("send"));
      own.setRx(state.trafficKeys("receive"));
      theirs.setTx(other.trafficKeys("send"));
      theirs.setRx(other.trafficKeys("receive"));
      try {
        for (let i = 1; i <= 5; i++) {
          await rekey(theirs, other, { send: true, requestPeer: true });
          await theirs.send(23, bytes(`generation ${i}`));
          assert.deepEqual(receive(fd), [22, Uint8Array.of(24, 0, 0, 1, 1)]);
          assert.equal(receive(fd), 127);
          await rekey(fd, state, { receive: true, send: true });
          assert.deepEqual(receive(fd), [23, bytes(`generation ${i}`)]);
          await own.send(23, bytes("answer"));
          assert.equal((await theirs.receive())?.type, 22);
          await assert.rejects(theirs.receive(), RekeyNeededError);
          await rekey(theirs, other, { receive: true });
          assert.equal(text((await theirs.receive())?.bytes), "answer");
          assert.deepEqual(generations(state), [i, i]);
        }
      } finally {
        own.close();
        theirs.close();
      }
    },
  });

  Deno.test({
    name: `kernel: ${suite}: the keys that a socket has are read${reason}`,
    ignore: !kernel,
    fn: () => {
      const [fd, peer] = loopbackPair();
      const [state] = states(suite);
      const socket = new KernelRecordSocket(fd);
      try {
        assert.equal(currentKeys(fd, "tx"), undefined);
        socket.setTx(state.trafficKeys("send"));
        socket.setRx(state.trafficKeys("receive"));
        assert.deepEqual(currentKeys(fd, "tx"), state.trafficKeys("send"));
        assert.deepEqual(currentKeys(fd, "rx"), state.trafficKeys("receive"));
      } finally {
        socket.close();
        sockets().close(peer);
      }
    },
  });
}

Deno.test({
  name: `kernel: the state of another socket is refused before anything changes${reason}`,
  ignore: !kernel,
  fn: async () => {
    const [fd, peer] = loopbackPair();
    const [state] = states();
    const socket = new KernelRecordSocket(fd);
    try {
      socket.setTx(state.trafficKeys("send"));
      socket.setRx(state.trafficKeys("receive"));
      for (const other of [states()[0], states("TLS_AES_256_GCM_SHA384")[0], states()[1]]) {
        await assert.rejects(
          rekey(fd, other, { receive: true, send: true }),
          (error: unknown) => error instanceof RekeyError && !error.sent,
        );
        assert.deepEqual(generations(other), [0, 0]);
      }
      assert.deepEqual(currentKeys(fd, "tx"), state.trafficKeys("send"));
    } finally {
      socket.close();
      sockets().close(peer);
    }
  },
});

Deno.test("a descriptor without kernel TLS, or that is none, is an error of the system", async () => {
  const [fd, peer] = loopbackPair();
  const [state] = states();
  try {
    await assert.rejects(rekey(fd, state, { receive: true }), { code: "ENOPROTOOPT" });
    await assert.rejects(rekey(1_000_000, state, { receive: true }), { code: "EBADF" });
    assert.deepEqual(generations(state), [0, 0]);
  } finally {
    sockets().close(fd);
    sockets().close(peer);
  }
});
