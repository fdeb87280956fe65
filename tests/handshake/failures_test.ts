/** What goes wrong around a handshake: the other end, the consumer, the socket, the kernel's TLS. */
import assert from "node:assert/strict";
import { Auth, MsgType } from "../../generated/handshake/mod.ts";
import { RequestError } from "../../runtime/handshake/mod.ts";
import { checked, sockets, SystemError } from "../../runtime/posix/mod.ts";
import type { HandshakeSubmission } from "../../runtime/testing/mod.ts";
import { alertName, createServer, TlsAlertError } from "../../runtime/tls/mod.ts";
import { Endpoint } from "../interop/peer.ts";
import { trusting } from "./pki.ts";
import { assertReportedOnce, errno, psk256, Rig, type RigOptions } from "./rig.ts";
import { closeAll, reset, shutdown, until, within } from "./sockets.ts";
import { UserRecords } from "./user_records.ts";

/** A client's request with a PSK. */
function client(rig: Rig, fd: number): HandshakeSubmission {
  return {
    fd,
    messageType: MsgType.clienthello,
    authMode: Auth.psk,
    peerIdentity: [rig.serials.psk256],
  };
}

/** A handshake whose other end does something odd: how it ended. */
async function against(
  other: (peer: Deno.TcpConn) => Promise<void>,
  options: RigOptions = {},
  timeout?: number,
): Promise<{ status: number }> {
  await using rig = await Rig.start(options);
  const { fd, peer } = await rig.connection();
  const met = other(peer);
  const { request, event } = await rig.serve({
    ...client(rig, fd),
    ...timeout === undefined ? {} : { timeout },
  });
  shutdown(fd);
  await met;
  assertReportedOnce(request);
  assert.equal(rig.records.has(fd), false);
  return { status: event.status };
}

/** Reads until the end. */
async function drain(peer: Deno.TcpConn): Promise<void> {
  try {
    while (await peer.read(new Uint8Array(1024)) !== null);
  } catch {
    // It was reset.
  }
  peer.close();
}

Deno.test("a peer that ends the connection at once is ECONNRESET", async () => {
  const { status } = await against(async (peer) => (peer.closeWrite(), await drain(peer)));
  assert.equal(status, errno.ECONNRESET);
});

Deno.test("a peer that ends the connection in the middle of a record is ECONNRESET", async () => {
  const { status } = await against(async (peer) => {
    await peer.write(Uint8Array.of(22, 3, 3, 0, 100, 2));
    peer.closeWrite();
    await drain(peer);
  });
  assert.equal(status, errno.ECONNRESET);
});

Deno.test("a connection that is reset is ECONNRESET", async () => {
  await using rig = await Rig.start();
  const { fd, peer } = await rig.connection();
  const request = rig.kernel.submit(client(rig, fd));
  await peer.read(new Uint8Array(1));
  // With unread data, to close is to reset.
  peer.close();
  assert.equal((await within("it is reported", request.outcome)).status, errno.ECONNRESET);
  assertReportedOnce(request);
});

Deno.test("what a peer has said is heard even where nothing can be sent any more", async () => {
  await using rig = await Rig.start();
  const { fd, peer } = await rig.connection();
  await peer.write(Uint8Array.of(21, 3, 3, 0, 2, 2, 49));
  // SHUT_WR: to write is EPIPE from now on.
  sockets().shutdown(fd, 1);
  const { event } = await rig.serve(client(rig, fd));
  assert(event.type === "handshake");
  assert.equal(event.status, errno.EACCES);
  assert.deepEqual(event.alert, { name: "access_denied", fromPeer: true });
  peer.close();
});

const garbage: readonly [string, readonly number[]][] = [
  ["text", [...new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n")]],
  ["zeros", new Array<number>(64).fill(0)],
  ["a record that is too long", [22, 3, 3, 0xff, 0xff, 1, 2, 3, 4, 5, 6, 7, 8]],
  ["a record without content", [22, 3, 3, 0, 0]],
  ["a ServerHello cut short", [22, 3, 3, 0, 6, 2, 0, 0, 2, 3, 3]],
  ["application data", [23, 3, 3, 0, 32, ...new Array<number>(32).fill(7)]],
];
for (const [name, bytes] of garbage) {
  Deno.test(`a peer that answers with ${name} is EPROTO, and is told`, async () => {
    let answer = new Uint8Array(0);
    const { status } = await against(async (peer) => {
      await peer.read(new Uint8Array(2048));
      await peer.write(Uint8Array.from(bytes));
      const buffer = new Uint8Array(64);
      answer = buffer.subarray(0, await peer.read(buffer) ?? 0);
      await drain(peer);
    });
    assert.equal(status, errno.EPROTO);
    assert.deepEqual([...answer.subarray(0, 6)], [21, 3, 3, 0, 2, 2]);
  });
}

Deno.test("a peer that says nothing is ETIMEDOUT before the consumer gives up, and is told", async () => {
  await using rig = await Rig.start();
  const { fd, peer } = await rig.connection();
  const request = rig.kernel.submit({ ...client(rig, fd), timeout: 400 });
  const { status } = await within("it is reported", request.outcome);
  assert.equal(status, errno.ETIMEDOUT);
  assertReportedOnce(request);
  shutdown(fd);
  const everything: number[] = [];
  for (;;) {
    const buffer = new Uint8Array(4096);
    const count = await peer.read(buffer);
    if (count === null) break;
    everything.push(...buffer.subarray(0, count));
  }
  peer.close();
  // user_canceled and close_notify, without protection as there is none yet.
  assert.deepEqual(everything.slice(-14), [21, 3, 3, 0, 2, 1, 90, 21, 3, 3, 0, 2, 1, 0]);
  const event = await rig.told("handshake");
  assert.equal(event.reason, "not done within 360 ms");
});

for (const timeout of [undefined, 600_000]) {
  const name = timeout === undefined ? "the kernel has no timeout" : "the kernel's timeout is longer";
  Deno.test(`where ${name}, the agent's own holds`, async () => {
    const { status } = await against(drain, { limits: { deadline: 50 } }, timeout);
    assert.equal(status, errno.ETIMEDOUT);
  });
}

Deno.test("a consumer that gives up before its request is accepted leaves nothing to do", async () => {
  await using rig = await Rig.start({ limits: { concurrency: 1, waiting: 1 } });
  const blocked = await rig.connection();
  rig.kernel.submit(client(rig, blocked.fd));
  const waiting = await rig.connection();
  rig.kernel.submit(client(rig, waiting.fd));
  await until("both are accepted", () => rig.kernel.pending === 0);
  const third = await rig.connection();
  const request = rig.kernel.submit(client(rig, third.fd));
  assert.equal(rig.kernel.pending, 1);
  assert.equal(request.cancel(), true);
  assert.equal((await request.outcome).status, errno.ECANCELED);
  await rig.stop();
  assert.equal(request.reports.length, 0);
  for (const { peer } of [blocked, waiting, third]) peer.close();
});

Deno.test("a consumer that gives up while the handshake goes on still gets one report, which is ignored", async () => {
  await using rig = await Rig.start();
  const { fd, peer } = await rig.connection();
  const request = rig.kernel.submit(client(rig, fd));
  await until("it is accepted", () => request.state === "accepted");
  request.cancel();
  const endpoint = new Endpoint(peer, createServer({ findPsk: () => psk256 }));
  await endpoint.handshake();
  await rig.told("handshake");
  assert.deepEqual(request.reports.map(({ status, taken }) => [status, taken]), [[0, false]]);
  endpoint[Symbol.dispose]();
});

const otherSockets: readonly [string, number, number][] = [["a UNIX", 1, 1], ["a UDP", 2, 2]];
for (const [name, domain, type] of otherSockets) {
  Deno.test(`${name} socket is EOPNOTSUPP`, async () => {
    await using rig = await Rig.start();
    const fd = rig.keep(checked("socket", sockets().socket(domain, type, 0)));
    const { request, event } = await rig.serve(client(rig, fd));
    assert.equal(event.status, errno.EOPNOTSUPP);
    assert.match(event.reason!, /not a TCP socket/);
    assertReportedOnce(request);
  });
}

Deno.test("a socket that is not connected fails, and is reported", async () => {
  await using rig = await Rig.start();
  const fd = rig.keep(checked("socket", sockets().socket(2, 1, 0)));
  const { request, event } = await rig.serve(client(rig, fd));
  assert(event.status > 0);
  assert.equal(event.peer, undefined);
  assertReportedOnce(request);
});

Deno.test("a kind of request that a newer kernel has is EOPNOTSUPP, and told", async () => {
  await using rig = await Rig.start();
  const { fd, peer } = await rig.connection();
  const request = rig.kernel.submit({ fd, messageType: 9 });
  assert.equal((await within("it is reported", request.outcome)).status, errno.EOPNOTSUPP);
  assertReportedOnce(request);
  const fault = await rig.told("fault");
  assert.deepEqual([fault.during, fault.error.message], [
    "accept",
    "the kernel wants something that is not known",
  ]);
  peer.close();
});

Deno.test("what the kernel's TLS lacks is told before the first handshake, which then sends nothing", async () => {
  await using rig = new Rig({});
  rig.records.suites = [];
  await rig.told("started");
  const [decision] = rig.events;
  assert(decision?.type === "decision");
  assert.deepEqual([decision.about, decision.available], ["kernel-tls", false]);
  assert.match(decision.text, /modprobe tls/);
  const { fd, peer } = await rig.connection();
  const { event, request } = await rig.serve(client(rig, fd));
  assert.equal(event.status, errno.EOPNOTSUPP);
  assert.match(event.hint!, /modprobe/);
  assertReportedOnce(request);
  shutdown(fd);
  assert.equal(await peer.read(new Uint8Array(1)), null);
  peer.close();
});

Deno.test("modules that are loaded later are found by the next request", async () => {
  await using rig = new Rig({});
  rig.records.suites = [];
  await rig.told("started");
  rig.records.suites = ["TLS_AES_128_GCM_SHA256"];
  const { fd, peer } = await rig.connection();
  const endpoint = new Endpoint(peer, createServer({ findPsk: () => psk256 }));
  const [{ event }] = await Promise.all([rig.serve(client(rig, fd)), endpoint.handshake()]);
  assert.equal(event.status, 0);
  const decisions = rig.events.filter((event) => event.type === "decision" && event.about === "kernel-tls");
  assert.deepEqual(decisions.map((event) => "available" in event && event.available), [false, true]);
  endpoint[Symbol.dispose]();
});

Deno.test("a machine whose kernel TLS cannot even be tried has an agent all the same, which asks again", async () => {
  const records = new UserRecords();
  records.support = () => {
    throw new SystemError("connect", 101);
  };
  await using rig = await Rig.start({ records });
  const [decision] = rig.events;
  assert(decision?.type === "decision" && !decision.available);
  assert.match(decision.text, /cannot be tried: connect: ENETUNREACH/);
  Reflect.deleteProperty(records, "support");
  const { fd, peer } = await rig.connection();
  const endpoint = new Endpoint(peer, createServer({ findPsk: () => psk256 }));
  const [{ event }] = await Promise.all([rig.serve(client(rig, fd)), endpoint.handshake()]);
  assert.equal(event.status, 0);
  endpoint[Symbol.dispose]();
});

const resolvers: readonly [string, () => Promise<string>, number][] = [
  ["never answers", () => new Promise(() => {}), errno.ETIMEDOUT],
  ["fails", () => Promise.reject(new Error("no such name")), errno.EIO],
  ["gives what is no name", () => Promise.resolve("no name"), errno.EINVAL],
  ["fails when nobody waits any more", async () => {
    await new Promise((resolve) => setTimeout(resolve, 150));
    throw new Error("no such name");
  }, errno.ETIMEDOUT],
];
for (const [name, resolveName, status] of resolvers) {
  Deno.test(`a resolver that ${name} ends the handshake before anything is sent`, async () => {
    await using rig = await Rig.start({
      policy: { client: trusting, resolveName },
      limits: { deadline: 100 },
    });
    const { fd, peer } = await rig.connection();
    const { event, request } = await rig.serve({
      fd,
      messageType: MsgType.clienthello,
      authMode: Auth.unauth,
    });
    assert.equal(event.status, status, event.reason);
    assertReportedOnce(request);
    // Time for what comes too late.
    await new Promise((resolve) => setTimeout(resolve, 100));
    shutdown(fd);
    assert.equal(await peer.read(new Uint8Array(1)), null);
    peer.close();
  });
}

const refusals: readonly [string, () => Error, number][] = [
  ["does not take a cipher", () => new RequestError(95, "no such cipher"), errno.EOPNOTSUPP],
  ["refuses the keys", () => Object.assign(new Error("setsockopt"), { errno: 22 }), errno.EINVAL],
  ["breaks", () => new TypeError("a fault"), errno.EIO],
];
for (const [name, error, status] of refusals) {
  Deno.test(`a kernel whose TLS ${name} after the handshake is reported`, async () => {
    await using rig = await Rig.start({ keyUpdates: true });
    rig.records.onStep = (step) => {
      if (step === "before arm") throw error();
    };
    const { fd, peer } = await rig.connection();
    const endpoint = new Endpoint(peer, createServer({ findPsk: () => psk256 }));
    const [{ event, request }] = await Promise.all([rig.serve(client(rig, fd)), endpoint.handshake()]);
    assert.equal(event.status, status);
    assertReportedOnce(request);
    assert.equal(rig.agent.status().sessions, 0);
    endpoint[Symbol.dispose]();
  });
}

Deno.test("a report that the kernel does not take is told, and no session is kept for it", async () => {
  await using rig = await Rig.start({ keyUpdates: true });
  const { fd, peer } = await rig.connection();
  const endpoint = new Endpoint(peer, createServer({ findPsk: () => psk256 }));
  rig.kernel.fail("done", 22);
  rig.kernel.submit(client(rig, fd));
  await endpoint.handshake();
  const event = await rig.told("handshake");
  assert.deepEqual([event.status, event.reported, event.sessionId], [0, false, undefined]);
  assert.equal(rig.agent.status().unreported, 1);
  assert.equal(rig.agent.status().sessions, 0);
  endpoint[Symbol.dispose]();
});

Deno.test("a peer that refuses us has its alert told in words, and no bytes of ours after it", async () => {
  await using rig = await Rig.start();
  const { fd, peer } = await rig.connection();
  const endpoint = new Endpoint(peer, createServer({ findPsk: () => undefined }));
  const refused = assert.rejects(endpoint.handshake(), TlsAlertError);
  const { event } = await rig.serve(client(rig, fd));
  await refused;
  assert(event.type === "handshake");
  assert.deepEqual(event.alert, { name: alertName(115), fromPeer: true });
  assert.match(event.reason!, /unknown_psk_identity/);
  endpoint[Symbol.dispose]();
});

Deno.test("a descriptor is not closed a second time, whichever way the handshake ended", async () => {
  await using rig = await Rig.start();
  const reused: number[] = [];
  for (let i = 0; i < 6; i++) {
    const { fd, peer } = await rig.connection();
    const request = rig.kernel.submit({ ...client(rig, fd), timeout: 60 });
    await until("it is accepted", () => request.state === "accepted");
    if (i % 2 === 0) reset(fd, peer);
    await rig.told("handshake", i + 1);
    // This has the number of the descriptor that was just closed.
    reused.push(checked("socket", sockets().socket(1, 1, 0)));
    if (i % 2 !== 0) peer.close();
    rig.release(fd);
  }
  await rig.stop();
  for (const fd of reused) assert.equal(sockets().fcntl(fd, 1, 0), 0, "it is still open");
  closeAll(reused);
});
