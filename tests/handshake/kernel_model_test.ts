/**
 * The fake kernel's queue of the handshake family, against what a real one was seen to answer. Those answers were
 * recorded on Linux 7.3 with netlink requests of a plain process, extended acks on.
 */
import assert from "node:assert/strict";
import { NetlinkError, open, SystemError } from "../../mod.ts";
import {
  Auth,
  type Done,
  HandlerClass,
  handshake,
  KeyUpdateType,
  MsgType,
} from "../../generated/handshake/mod.ts";
import {
  type HandshakeKernel,
  handshakeKernel,
  type HandshakeKernelOptions,
} from "../../runtime/testing/mod.ts";
import { beginMessage, endMessage, GENL_HDRLEN, Messages, Writer } from "../../runtime/wire/mod.ts";
import { closeAll, tcpPair, within } from "./sockets.ts";

function openAgent(kernel: HandshakeKernel) {
  return open(handshake, { transport: kernel });
}
type Agent = Awaited<ReturnType<typeof openAgent>>;
const tlshd = { handlerClass: HandlerClass.tlshd };

/** A kernel, an agent's client that listens, and a connection. */
async function setUp(
  options: HandshakeKernelOptions,
  work: (kernel: HandshakeKernel, agent: Agent, fd: number) => Promise<void>,
): Promise<void> {
  const kernel = handshakeKernel(options);
  await using agent = await openAgent(kernel);
  using _ = agent.subscribe("tlshd");
  const pair = tcpPair();
  try {
    await work(kernel, agent, pair[0]);
  } finally {
    closeAll(pair);
  }
}

/** The refusal of some work. */
async function refusal(work: Promise<unknown>): Promise<NetlinkError> {
  try {
    await work;
  } catch (error) {
    assert(error instanceof NetlinkError, String(error));
    return error;
  }
  return assert.fail("it was taken");
}

/** Sends attributes as they are: type and payload each. */
function raw(
  kernel: HandshakeKernel,
  command: number,
  attributes: [number, Uint8Array][],
  flags = 0,
): number {
  const socket = kernel.connect(16);
  const writer = new Writer();
  const start = beginMessage(writer, 0x20, 1 | flags, 1, 0);
  writer.view.setUint16(writer.reserve(GENL_HDRLEN), command | 1 << 8, true);
  for (const [type, payload] of attributes) writer.bytesOf(type, payload);
  endMessage(writer, start);
  socket.send(writer.result());
  assert(socket.receive() > 0, "no answer came");
  const messages = new Messages(socket.buffer);
  socket.close();
  assert(messages.next() && messages.type === 2, "no error came");
  return -messages.reader.view.getInt32(messages.start + 16, true);
}

const one = Uint8Array.of(1, 0, 0, 0);

Deno.test("an empty queue answers EAGAIN, to every class", async () => {
  await setUp({}, async (_, agent) => {
    for (const handlerClass of [0, 1, 2]) {
      assert.equal((await refusal(agent.accept({ handlerClass }))).code, "EAGAIN");
    }
  });
});

Deno.test("a malformed ACCEPT is refused as Linux does", async () => {
  await setUp({}, async (kernel, agent) => {
    assert.equal((await refusal(agent.accept({}))).extack?.missingType, 2);
    const range = await refusal(agent.accept({ handlerClass: 3 }));
    assert.equal(range.code, "ERANGE");
    assert.equal(range.extack?.message, "integer out of range");
    assert.equal(range.extack?.offset, 0x14);
    assert.equal(raw(kernel, 2, [[2, Uint8Array.of(1, 0)]]), 22);
    assert.equal(raw(kernel, 2, [[2 | 0x8000, one]]), 22);
    assert.equal(raw(kernel, 2, [[3, one]]), 22);
    assert.equal(raw(kernel, 2, [[99, one]]), 22);
    assert.equal(raw(kernel, 2, [[2, one]], 0x300), 95);
    assert.equal(raw(kernel, 1, []), 95);
    assert.equal(raw(kernel, 4, []), 95);
  });
});

Deno.test("a malformed DONE is refused as Linux does", async () => {
  await setUp({}, async (_, agent, fd) => {
    const done = (report: Done) => refusal(agent.done(report));
    assert.equal((await done({})).extack?.missingType, 2);
    assert.equal((await done({ status: 0, sockfd: -1 })).code, "EBADF");
    using file = Deno.openSync(new URL(import.meta.url));
    assert.equal((await done({ status: 0, sockfd: fileDescriptor(file) })).code, "ENOTSOCK");
    assert.equal((await done({ status: 0, sockfd: fd })).code, "EBUSY");
    assert.equal((await done({ status: 4096, sockfd: fd })).code, "ERANGE");
  });
});

/** A descriptor of something that is no socket. */
function fileDescriptor(file: Deno.FsFile): number {
  const { ino } = file.statSync();
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    try {
      if (Deno.statSync(`/proc/self/fd/${name}`).ino === ino) return Number(name);
    } catch {
      // Closed meanwhile.
    }
  }
  return assert.fail();
}

Deno.test("without CAP_NET_ADMIN, ACCEPT and DONE are EPERM, and joining the group is not", async () => {
  await setUp({ privileged: false }, async (_, agent, fd) => {
    assert.equal((await refusal(agent.accept(tlshd))).code, "EPERM");
    assert.equal((await refusal(agent.done({ status: 0, sockfd: fd }))).code, "EPERM");
  });
});

Deno.test("a request is announced, accepted with a descriptor of its own, and ended by DONE", async () => {
  await setUp({}, async (kernel, agent, fd) => {
    using events = agent.subscribe("tlshd");
    const request = kernel.submit({
      fd,
      messageType: MsgType.clienthello,
      timeout: 10_000,
      keyring: 7,
      authMode: Auth.psk,
      peerIdentity: [8, 9],
    });
    assert.equal(kernel.pending, 1);
    assert.deepEqual((await within("READY comes", events.next())).value, { name: "ready", message: tlshd });
    const { sockfd, ...attributes } = await agent.accept(tlshd);
    assert.deepEqual(attributes, {
      messageType: 1,
      timeout: 10_000,
      keyring: 7,
      authMode: 2,
      peerIdentity: [8, 9],
    });
    assert.notEqual(sockfd, fd);
    assert.deepEqual(request.handed, { flags: 2, closeOnExec: true, noDelay: false });
    await agent.done({ status: 0, sockfd: sockfd!, remoteAuth: [8, 9] });
    assert.deepEqual(await request.outcome, { status: 0, remoteAuth: [8, 9], sessionId: undefined });
    closeAll([sockfd!]);
  });
});

Deno.test("requests are accepted in the order in which they came, and too many are EAGAIN", async () => {
  await setUp({ pendingLimit: 2 }, async (kernel, agent, fd) => {
    const [a, b] = tcpPair();
    try {
      kernel.submit({ fd: a, messageType: MsgType.clienthello });
      kernel.submit({ fd: b, messageType: MsgType.serverhello });
      const third = () => kernel.submit({ fd, messageType: MsgType.clienthello });
      assert.throws(third, { name: "SystemError", code: "EAGAIN" });
      const first = await agent.accept(tlshd);
      third().cancel();
      const second = await agent.accept(tlshd);
      assert.deepEqual([first.messageType, second.messageType], [1, 2]);
      closeAll([first.sockfd!, second.sockfd!]);
    } finally {
      closeAll([a, b]);
    }
  });
});

Deno.test("a request that nobody listens for is ESRCH", () => {
  const pair = tcpPair();
  try {
    const submit = () => handshakeKernel().submit({ fd: pair[0], messageType: MsgType.clienthello });
    assert.throws(submit, { name: "SystemError", code: "ESRCH" });
  } finally {
    closeAll(pair);
  }
});

Deno.test("a socket has one request at a time; another one may follow with the KeyUpdate series alone", async () => {
  for (const keyUpdates of [false, true]) {
    await setUp({ keyUpdates }, async (kernel, agent, fd) => {
      const submit = () => kernel.submit({ fd, messageType: MsgType.clienthello });
      submit();
      assert.throws(submit, { code: "EBUSY" });
      const { sockfd } = await agent.accept(tlshd);
      assert.throws(submit, { code: "EBUSY" });
      await agent.done({ status: 0, sockfd: sockfd! });
      if (keyUpdates) submit();
      else assert.throws(submit, { code: "EBUSY" });
      closeAll([sockfd!]);
    });
  }
});

Deno.test("a consumer that gives up sees ETIMEDOUT; a late DONE and a second one are acknowledged and ignored", async () => {
  await setUp({}, async (kernel, agent, fd) => {
    const request = kernel.submit({ fd, messageType: MsgType.clienthello, patience: 30 });
    const { sockfd } = await agent.accept(tlshd);
    assert.equal((await within("the consumer gives up", request.outcome)).status, 110);
    for (let i = 0; i < 2; i++) await agent.done({ status: 0, sockfd: sockfd! });
    assert.deepEqual(request.reports.map(({ taken }) => taken), [false, false]);
    closeAll([sockfd!]);
  });
});

Deno.test("a request that was cancelled before it was accepted is not given to an agent", async () => {
  await setUp({}, async (kernel, agent, fd) => {
    const request = kernel.submit({ fd, messageType: MsgType.clienthello });
    assert.equal(request.cancel(), true);
    assert.equal(request.cancel(), false);
    assert.equal((await request.outcome).status, 125);
    assert.equal((await refusal(agent.accept(tlshd))).code, "EAGAIN");
  });
});

Deno.test("the KeyUpdate series' attributes are in every ACCEPT, and in DONE they are an error without it", async () => {
  await setUp({ keyUpdates: true }, async (kernel, agent, fd) => {
    kernel.submit({ fd, messageType: MsgType.serverhello });
    const hello = await agent.accept(tlshd);
    assert.deepEqual([hello.keyUpdateRequest, hello.sessionId], [0, 0]);
    await agent.done({ status: 0, sockfd: hello.sockfd!, sessionId: 77 });
    const request = kernel.submit({
      fd,
      messageType: MsgType.serverkeyupdate,
      keyUpdateRequest: KeyUpdateType.received,
      sessionId: 77,
    });
    const update = await agent.accept(tlshd);
    assert.deepEqual([update.messageType, update.keyUpdateRequest, update.sessionId], [4, 2, 77]);
    await agent.done({ status: 0, sockfd: update.sockfd!, sessionId: 78 });
    assert.equal((await request.outcome).sessionId, 78);
    closeAll([hello.sockfd!, update.sockfd!]);
  });
  await setUp({}, async (kernel, agent, fd) => {
    const request = kernel.submit({ fd, messageType: MsgType.serverhello });
    const { sockfd, keyUpdateRequest, sessionId } = await agent.accept(tlshd);
    assert.deepEqual([keyUpdateRequest, sessionId], [undefined, undefined]);
    const error = await refusal(agent.done({ status: 0, sockfd: sockfd!, sessionId: 77 }));
    assert.equal(error.code, "EINVAL");
    assert.equal(error.extack?.message, "Unknown attribute type");
    assert.equal(request.state, "accepted");
    closeAll([sockfd!]);
  });
});

Deno.test("a fault can be put in the way of the next call, and events can be lost", async () => {
  await setUp({}, async (kernel, agent, fd) => {
    using events = agent.subscribe("tlshd");
    kernel.fail("accept", 24);
    kernel.submit({ fd, messageType: MsgType.clienthello });
    assert.equal((await refusal(agent.accept(tlshd))).code, "EMFILE");
    const { sockfd } = await agent.accept(tlshd);
    assert.equal((await events.next()).value?.name, "ready");
    kernel.overrun();
    assert.equal((await events.next()).value?.name, "overrun");
    closeAll([sockfd!]);
    assert.deepEqual(kernel.calls.map(({ errno }) => errno), [24, 0]);
  });
});

Deno.test("it has no protocol but generic netlink", () => {
  assert.throws(() => handshakeKernel().connect(4), SystemError);
});
