/** Sessions from the handshake to the end of their connections: where they are kept, for how long, how many. */
import assert from "node:assert/strict";
import { Auth, KeyUpdateType, MsgType } from "../../generated/handshake/mod.ts";
import { type Connections, kernelConnections } from "../../runtime/handshake/mod.ts";
import { createServer } from "../../runtime/tls/mod.ts";
import { hex } from "../tls/helpers.ts";
import { Endpoint } from "../interop/peer.ts";
import { MemoryKeys } from "./memory_keys.ts";
import { OpenSession } from "./open_session.ts";
import { errno, psk256, Rig } from "./rig.ts";
import { cookieOf, until } from "./sockets.ts";

const { received } = KeyUpdateType;

/** Connections that end when a test says so. */
class ScriptedConnections implements Connections {
  present = new Set<bigint>();
  ended: (cookie: bigint) => void = () => {};
  lost: () => void = () => {};
  /** How often the list was asked for. */
  lists = 0;
  /** How often the list leaves everything out. */
  gaps = 0;
  failure: Error | undefined;

  list(): Promise<ReadonlySet<bigint>> {
    this.lists++;
    return Promise.resolve(this.gaps-- > 0 ? new Set() : new Set(this.present));
  }

  async watch(ended: (cookie: bigint) => void, lost: () => void, signal: AbortSignal): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    this.ended = ended;
    this.lost = lost;
    lost();
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  }
}

Deno.test("a session is one key, for its possessor alone, in a keyring with the key that it is sealed with", async () => {
  const lines: string[] = [];
  await using rig = await Rig.start({
    keyUpdates: true,
    policy: { keyLog: (line) => void lines.push(line) },
  });
  const size = rig.keys.size;
  using session = await OpenSession.open(rig, "client");
  assert.equal(rig.keys.size, size + 1);
  const sealing = rig.keys.find("tynl:sealing-key");
  for (const serial of [session.sessionId, sealing]) assert(rig.keys.isRestricted(serial));
  const { type, description } = rig.keys.describe(session.sessionId);
  assert.equal(type, "user");
  assert.equal(description, `tynl:session:${cookieOf(session.fd).toString(16).padStart(16, "0")}`);
  // Compact, and none of the secrets is in it in the clear.
  const payload = rig.keys.payload(session.sessionId);
  assert(payload.length < 256, `${payload.length} bytes`);
  const secrets = lines.map((line) => line.split(" ")[2]!);
  assert.equal(secrets.length, 4);
  for (const secret of secrets) assert(!hex(payload).includes(secret));
});

Deno.test("sessions of each network namespace have a keyring of their own, unless it is named", async () => {
  const { ino } = Deno.statSync("/proc/self/ns/net");
  for (
    const [name, options] of [[`tynl-sessions:${ino}`, {}], ["named", {
      sessions: { keyring: "named" },
    }]] as const
  ) {
    await using rig = await Rig.start(options);
    assert.equal(rig.keys.describe(rig.keys.find(name)).type, "keyring");
  }
});

Deno.test("a kernel without KeyUpdate has no session kept for it, and is sent no session-id", async () => {
  await using rig = await Rig.start({ keyUpdates: false });
  const { fd, peer } = await rig.connection();
  const size = rig.keys.size;
  const endpoint = new Endpoint(peer, createServer({ findPsk: () => psk256 }));
  const serving = rig.serve({
    fd,
    messageType: MsgType.clienthello,
    authMode: Auth.psk,
    peerIdentity: [rig.serials.psk256],
  });
  await endpoint.handshake();
  const { request } = await serving;
  // The strict kernel would have refused the report.
  assert.deepEqual([request.reports.length, request.reports[0]!.sessionId], [1, undefined]);
  assert.equal(rig.keys.size, size);
  const decision = rig.events.find((event) => event.type === "decision" && event.about === "key-update");
  assert(decision?.type === "decision" && !decision.available);
  assert.equal(rig.agent.status().keyUpdates, false);
  endpoint[Symbol.dispose]();
});

Deno.test("the session-id that a host repeats in its next hello is not used", async () => {
  await using rig = await Rig.start({ keyUpdates: true });
  using old = await OpenSession.open(rig, "client");
  const { fd, peer } = await rig.connection();
  const endpoint = new Endpoint(peer, createServer({ findPsk: () => psk256 }));
  const serving = rig.serve({ ...old.upcall(rig, 0), fd, messageType: MsgType.clienthello });
  await endpoint.handshake();
  const { sessionId } = await (await serving).request.outcome;
  assert(sessionId !== undefined && sessionId !== old.sessionId);
  // The old connection, which may still be there, has its own.
  await old.peerUpdates(rig);
  await old.rekey(rig, received);
  await old.talks(rig);
  endpoint[Symbol.dispose]();
});

Deno.test("a session goes with its connection, and others stay", async () => {
  const connections = new ScriptedConnections();
  await using rig = await Rig.start({ keyUpdates: true, connections });
  using a = await OpenSession.open(rig, "client");
  using b = await OpenSession.open(rig, "server");
  connections.ended(12345n);
  connections.ended(cookieOf(a.fd));
  const removed = await rig.told("session-removed");
  assert.deepEqual(removed, { type: "session-removed", sessionId: a.sessionId, reason: "closed" });
  assert.equal(rig.agent.status().sessions, 1);
  assert.throws(() => rig.keys.describe(a.sessionId));
  await b.peerUpdates(rig);
  await b.rekey(rig, received);
  const { event } = await rig.serve(a.upcall(rig, received));
  assert.equal(event.status, errno.ENOKEY);
});

Deno.test("an agent that starts finds the sessions of an earlier one, and forgets those without a connection", async () => {
  const connections = new ScriptedConnections();
  await using first = await Rig.start({ keyUpdates: true, connections });
  using alive = await OpenSession.open(first, "client");
  using gone = await OpenSession.open(first, "server");
  await first.stop();
  connections.present.add(cookieOf(alive.fd));
  const { kernel, keys, records } = first;
  await using second = await Rig.start({ kernel, keys, records, connections });
  assert.equal((await second.told("started")).sessions, 2);
  const removed = await second.told("session-removed");
  assert.deepEqual([removed.sessionId, removed.reason], [gone.sessionId, "swept"]);
  await alive.peerUpdates(second);
  await alive.rekey(second, received);
  await alive.talks(second);
});

Deno.test("after events were lost, what is not there any more is forgotten", async () => {
  const connections = new ScriptedConnections();
  await using rig = await Rig.start({ keyUpdates: true, connections });
  using a = await OpenSession.open(rig, "client");
  using b = await OpenSession.open(rig, "client");
  connections.present.add(cookieOf(b.fd));
  connections.lost();
  const removed = await rig.told("session-removed");
  assert.deepEqual([removed.sessionId, removed.reason], [a.sessionId, "swept"]);
  assert.equal(rig.agent.status().sessions, 1);
});

Deno.test("a list that leaves out a connection once does not cost its session", async () => {
  const connections = new ScriptedConnections();
  await using rig = await Rig.start({ keyUpdates: true, connections });
  using session = await OpenSession.open(rig, "client");
  connections.present.add(cookieOf(session.fd));
  const { lists } = connections;
  connections.gaps = 1;
  connections.lost();
  await until("the list was asked for again", () => connections.lists === lists + 2);
  await session.peerUpdates(rig);
  await session.rekey(rig, received);
});

Deno.test("where the kernel does not tell of ends, that is told, and everything else goes on", async () => {
  const connections = new ScriptedConnections();
  connections.failure = new Error("no such group");
  await using rig = await Rig.start({ keyUpdates: true, connections });
  using session = await OpenSession.open(rig, "client");
  const decision = rig.events.find((event) => event.type === "decision" && event.about === "connections");
  assert(decision?.type === "decision" && !decision.available && /no such group/.test(decision.text));
  await session.peerUpdates(rig);
  await session.rekey(rig, received);
});

Deno.test("live: the kernel's own word ends a session", async () => {
  await using rig = await Rig.start({ keyUpdates: true, connections: kernelConnections() });
  const session = await OpenSession.open(rig, "client");
  using other = await OpenSession.open(rig, "client");
  await until("the kernel is listened to", () => {
    return rig.events.some((event) => event.type === "decision" && event.about === "connections");
  });
  session[Symbol.dispose]();
  rig.release(session.fd);
  const removed = await rig.told("session-removed");
  assert.deepEqual([removed.sessionId, removed.reason], [session.sessionId, "closed"]);
  await other.peerUpdates(rig);
  await other.rekey(rig, received);
});

Deno.test("beyond the limit no session is kept, which is told; the handshake itself succeeds", async () => {
  await using rig = await Rig.start({ keyUpdates: true, limits: { sessions: 1 } });
  using first = await OpenSession.open(rig, "client");
  using second = await OpenSession.open(rig, "client");
  assert.equal(second.sessionId, undefined);
  const lost = await rig.told("session-lost");
  assert.match(lost.reason, /1 sessions are kept already/);
  const { event } = await rig.serve(second.upcall(rig, received, { sessionId: 0 }));
  assert.equal(event.status, errno.ENOKEY);
  await first.peerUpdates(rig);
  await first.rekey(rig, received);
});

Deno.test("where the quota of keys is used up, that is told; the handshake itself succeeds", async () => {
  await using rig = await Rig.start({ keyUpdates: true });
  rig.keys.quota = 0;
  using session = await OpenSession.open(rig, "client");
  assert.equal(session.sessionId, undefined);
  assert.match((await rig.told("session-lost")).reason, /EDQUOT/);
  rig.keys.quota = Infinity;
  await session.talks(rig);
});

Deno.test("where there can be no keyring for sessions, that is told, and KeyUpdates are ENOKEY", async () => {
  const keys = new MemoryKeys();
  keys.openKeyring = () => {
    throw Object.assign(new Error("key add keyring: EDQUOT"), { errno: 122 });
  };
  await using rig = await Rig.start({ keyUpdates: true, keys });
  const decision = rig.events.find((event) => event.type === "decision" && event.about === "sessions");
  assert(decision?.type === "decision" && !decision.available && /EDQUOT/.test(decision.text));
  using session = await OpenSession.open(rig, "client");
  assert.equal(session.sessionId, undefined);
  await session.peerUpdates(rig);
  const { event } = await rig.serve(session.upcall(rig, received, { sessionId: 0 }));
  assert.equal(event.status, errno.ENOKEY);
});

Deno.test("a flood of 10,000 requests on one connection costs no more work than the limit allows", async () => {
  // Time stands still, so that no more are allowed meanwhile.
  const clock = { now: () => 0, date: () => new Date() };
  await using rig = await Rig.start({ keyUpdates: true, clock, limits: { keyUpdates: 16 } });
  using session = await OpenSession.open(rig, "server");
  using other = await OpenSession.open(rig, "server");
  await session.peerUpdates(rig);
  const before = { keys: total(rig.keys.calls), records: total(rig.records.calls) };
  let succeeded = 0;
  for (let i = 0; i < 10_000; i++) {
    const request = rig.kernel.submit(session.upcall(rig, received));
    const { status } = await request.outcome;
    if (status === 0) succeeded++;
    else assert.equal(status, errno.EBUSY);
    assert.equal(request.reports.length, 1);
  }
  assert.equal(succeeded, 16);
  // For each of the sixteen: the session's key, the sealing key, the kernel's keys; for one the new ones as well.
  assert(total(rig.keys.calls) - before.keys <= 3 * 16 + 5, JSON.stringify(rig.keys.calls));
  assert(total(rig.records.calls) - before.records <= 2 * 16 + 5, JSON.stringify(rig.records.calls));
  assert.equal(session.consumer(rig).rekeys.receive, 1);
  // Another connection does not notice.
  await other.peerUpdates(rig);
  await other.rekey(rig, received);
});

function total(calls: { readonly [name: string]: number }): number {
  return Object.values(calls).reduce((sum, count) => sum + count, 0);
}

Deno.test("as many KeyUpdates as the limit allows pass in every second", async () => {
  let now = 0;
  const clock = { now: () => now, date: () => new Date() };
  await using rig = await Rig.start({ keyUpdates: true, clock, limits: { keyUpdates: 2 } });
  using session = await OpenSession.open(rig, "server");
  for (let second = 0; second < 3; second++) {
    for (let i = 0; i < 2; i++) await session.rekey(rig, KeyUpdateType.send);
    now += 1000;
  }
  await session.talks(rig);
});
