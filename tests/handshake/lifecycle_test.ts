/** An agent from its start to its end: how it hears of requests, in which order it does them, how it stops. */
import assert from "node:assert/strict";
import { Auth, MsgType } from "../../generated/handshake/mod.ts";
import { NetlinkError } from "../../mod.ts";
import { type AgentOptions, createAgent } from "../../runtime/handshake/mod.ts";
import { fakeKernel, handshakeKernel, type HandshakeSubmission } from "../../runtime/testing/mod.ts";
import { createClient, createServer } from "../../runtime/tls/mod.ts";
import { Endpoint } from "../interop/peer.ts";
import { MemoryKeys } from "./memory_keys.ts";
import { assertReportedOnce, errno, psk256, Rig } from "./rig.ts";
import { closeAll, tcpPair, until, within } from "./sockets.ts";
import { UserRecords } from "./user_records.ts";

function client(rig: Rig, fd: number): HandshakeSubmission {
  return { fd, messageType: MsgType.clienthello, authMode: Auth.psk, peerIdentity: [rig.serials.psk256] };
}

function server(fd: number): HandshakeSubmission {
  return { fd, messageType: MsgType.serverhello, authMode: Auth.psk };
}

function serverEnd(peer: Deno.TcpConn): Endpoint {
  return new Endpoint(peer, createServer({ findPsk: () => psk256 }));
}

Deno.test("both ends of one connection are served by one agent at the same time", async () => {
  await using rig = await Rig.start({ keyUpdates: true });
  const [a, b] = tcpPair().map((fd) => rig.keep(fd)) as [number, number];
  const requests = [rig.kernel.submit(client(rig, a)), rig.kernel.submit(server(b))];
  const outcomes = await within("both are over", Promise.all(requests.map(({ outcome }) => outcome)));
  assert.deepEqual(outcomes.map(({ status }) => status), [0, 0]);
  requests.forEach(assertReportedOnce);
  assert.notEqual(outcomes[0]!.sessionId, outcomes[1]!.sessionId);
  await rig.records.of(a).send("to the server");
  assert.equal(await rig.records.of(b).text(13), "to the server");
  await rig.records.of(b).send("to the client");
  assert.equal(await rig.records.of(a).text(13), "to the client");
});

Deno.test("requests that were there before the agent are served when it starts", async () => {
  const kernel = handshakeKernel();
  await using first = await Rig.start({ kernel, limits: { concurrency: 1, waiting: 1 } });
  const { fd, peer } = await first.connection();
  first.kernel.submit(client(first, fd));
  const second = await first.connection();
  first.kernel.submit(client(first, second.fd));
  const third = await first.connection();
  const request = first.kernel.submit(client(first, third.fd));
  assert.equal(kernel.pending, 1);
  await first.stop();
  assert.equal(kernel.pending, 1);
  await using successor = await Rig.start({ kernel, keys: first.keys });
  const endpoint = serverEnd(third.peer);
  await endpoint.handshake();
  assert.equal((await within("it is served", request.outcome)).status, 0);
  assert.equal(successor.agent.status().accepted, 1);
  for (const each of [peer, second.peer, third.peer]) each.close();
});

Deno.test("READY that was lost is made up for", async () => {
  await using rig = await Rig.start();
  // Both requests are announced, and the announcements are lost before they are read.
  const listener = rig.kernel.sockets.find(({ groups }) => groups.size > 0)!;
  const { fd, peer } = await rig.connection();
  const receive = listener.receive.bind(listener);
  const deliver = listener.deliver.bind(listener);
  listener.deliver = () => {};
  const request = rig.kernel.submit(client(rig, fd));
  listener.deliver = deliver;
  assert.equal(receive(), -1);
  assert.equal(request.state, "pending");
  rig.kernel.overrun();
  const endpoint = serverEnd(peer);
  await endpoint.handshake();
  assert.equal((await request.outcome).status, 0);
  endpoint[Symbol.dispose]();
});

Deno.test("READY without a request costs one ACCEPT", async () => {
  await using rig = await Rig.start();
  const before = rig.kernel.calls.length;
  rig.kernel.announce();
  await until("it was asked for", () => rig.kernel.calls.length > before);
  assert.deepEqual(rig.kernel.calls.slice(before), [{ command: "accept", errno: 11 }]);
});

Deno.test("an ACCEPT that fails is told, and tried again", async () => {
  await using rig = await Rig.start();
  const { fd, peer } = await rig.connection();
  rig.kernel.fail("accept", 24);
  const request = rig.kernel.submit(client(rig, fd));
  const fault = await rig.told("fault");
  assert.equal(fault.during, "accept");
  const endpoint = serverEnd(peer);
  await endpoint.handshake();
  assert.equal((await request.outcome).status, 0);
  endpoint[Symbol.dispose]();
});

Deno.test("without CAP_NET_ADMIN the agent ends with EPERM", async () => {
  await using rig = new Rig({ privileged: false });
  await assert.rejects(rig.ended, (error) => error instanceof NetlinkError && error.code === "EPERM");
  assert.equal(rig.agent.status().state, "stopped");
});

Deno.test("without the family the agent ends with FamilyNotFoundError", async () => {
  const agent = createAgent({ transport: fakeKernel([], () => []), connections: null });
  await assert.rejects(agent.run(), { name: "FamilyNotFoundError" });
});

Deno.test("no more handshakes than the limit go on at once; of those that wait, the one that is due first goes first", async () => {
  await using rig = await Rig.start({ limits: { concurrency: 1, waiting: 4 } });
  const all = await Promise.all(Array.from({ length: 6 }, () => rig.connection()));
  const timeouts = [9500, 9500, 9000, 8000, 7000, 9500];
  const requests = all.map(({ fd }, i) => rig.kernel.submit({ ...client(rig, fd), timeout: timeouts[i]! }));
  await until("five are accepted", () => rig.kernel.pending === 1);
  const { active, waiting, accepted } = rig.agent.status();
  assert.deepEqual([active, waiting, accepted], [1, 4, 5]);
  const order: number[] = [];
  // Each goes away at once, and the next one has its turn.
  const begun = all.map(async ({ peer }, i) => {
    await peer.read(new Uint8Array(1));
    order.push(i);
    peer.close();
  });
  await within("all are begun", Promise.all(begun));
  for (const { outcome } of requests) assert.equal((await outcome).status, errno.ECONNRESET);
  assert.deepEqual(order.slice(0, 4), [0, 4, 3, 2]);
});

Deno.test("a request that waits for its turn is reported when its time is up", async () => {
  await using rig = await Rig.start({ limits: { concurrency: 1 } });
  const slow = await rig.connection();
  rig.kernel.submit(client(rig, slow.fd));
  const short = await rig.connection();
  const request = rig.kernel.submit({ ...client(rig, short.fd), timeout: 100 });
  assert.equal((await within("it is reported", request.outcome)).status, errno.ETIMEDOUT);
  assertReportedOnce(request);
  for (const { peer } of [slow, short]) peer.close();
});

Deno.test("an abort fails what goes on with ECANCELED and tells the peers; later requests are ESRCH", async () => {
  await using rig = await Rig.start({ limits: { concurrency: 1 } });
  const [a, b] = [await rig.connection(), await rig.connection()];
  const requests = [a, b].map(({ fd }) => rig.kernel.submit(client(rig, fd)));
  await until("both are accepted", () => rig.kernel.pending === 0);
  await rig.stop();
  for (const request of requests) {
    assert.equal((await request.outcome).status, errno.ECANCELED);
    assertReportedOnce(request);
  }
  assert.throws(() => rig.kernel.submit(client(rig, a.fd)), { code: "EBUSY" });
  const { fd } = await rig.connection();
  assert.throws(() => rig.kernel.submit(client(rig, fd)), { code: "ESRCH" });
  assert.deepEqual(rig.events.at(-1), { type: "stopped" });
  assert.equal(rig.agent.status().state, "stopped");
  for (const { peer } of [a, b]) peer.close();
});

Deno.test("a request that is fetched while the agent is being stopped is reported as well", async () => {
  const kernel = handshakeKernel();
  let stopped: Promise<void> | undefined;
  await using rig = await Rig.start({ kernel });
  const { fd, peer } = await rig.connection();
  // The answer to ACCEPT is on its way when the stop comes.
  for (const socket of kernel.sockets) {
    const send = socket.send.bind(socket);
    socket.send = (bytes) => {
      send(bytes);
      if (bytes[16] !== 2 || stopped !== undefined) return;
      stopped = rig.stop();
      const receive = socket.receive.bind(socket);
      socket.receive = () => {
        socket.receive = receive;
        return -1;
      };
    };
    const wait = socket.wait.bind(socket);
    socket.wait = async (timeout, signal) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return await wait(timeout, signal);
    };
  }
  const request = kernel.submit(client(rig, fd));
  assert.equal((await within("it is reported", request.outcome)).status, errno.ECANCELED);
  assertReportedOnce(request);
  await stopped;
  peer.close();
});

Deno.test("a drain finishes what goes on, and takes nothing more", async () => {
  await using rig = await Rig.start();
  const { fd, peer } = await rig.connection();
  const request = rig.kernel.submit(client(rig, fd));
  await until("it is accepted", () => request.state === "accepted");
  const drained = rig.agent.drain();
  assert.equal(rig.agent.status().state, "draining");
  const other = await rig.connection();
  assert.throws(() => rig.kernel.submit(client(rig, other.fd)), { code: "ESRCH" });
  const endpoint = serverEnd(peer);
  await endpoint.handshake();
  await within("the agent ends", drained);
  await within("the agent ends", rig.ended);
  assert.equal((await request.outcome).status, 0);
  endpoint[Symbol.dispose]();
  other.peer.close();
});

Deno.test("a drain before the start, and one of an agent that has ended, are over at once", async () => {
  const idle = createAgent({ transport: handshakeKernel(), connections: null });
  await idle.drain();
  await using rig = await Rig.start();
  await rig.stop();
  await rig.agent.drain();
  await assert.rejects(async () => await rig.agent.run(), TypeError);
});

Deno.test("a policy that is replaced holds for the next request", async () => {
  await using rig = await Rig.start({ policy: { suites: ["TLS_AES_128_GCM_SHA256"] } });
  const suites: (string | undefined)[] = [];
  for (let i = 0; i < 2; i++) {
    const { fd, peer } = await rig.connection();
    const endpoint = new Endpoint(peer, createClient({ psks: [psk256] }));
    const serving = rig.serve(server(fd));
    await endpoint.handshake();
    const { event } = await serving;
    suites.push(event.suite);
    endpoint[Symbol.dispose]();
    rig.agent.reload({ policy: { suites: ["TLS_CHACHA20_POLY1305_SHA256"] } });
  }
  assert.deepEqual(suites, ["TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"]);
  assert.throws(() => rig.agent.reload({ limits: { waiting: 0 } }), RangeError);
});

Deno.test("a keyring that comes later is found, one that goes is looked for again", async () => {
  await using rig = await Rig.start({ policy: { keyrings: ["later"] } });
  const attempt = async () => {
    const { fd, peer } = await rig.connection();
    const endpoint = new Endpoint(peer, createClient({ psks: [{ ...psk256, identity: "later" }] }));
    const ended = endpoint.handshake().then(() => true, () => false);
    const { event } = await rig.serve(server(fd));
    const opened = await ended;
    endpoint[Symbol.dispose]();
    assert.equal(event.status === 0, opened);
    return opened;
  };
  assert.equal(await attempt(), false);
  const first = rig.keys.keyring("later");
  rig.keys.put(first, "psk", "later", psk256.key);
  assert.equal(await attempt(), true);
  rig.keys.destroy(first);
  assert.equal(await attempt(), false);
  rig.keys.put(rig.keys.keyring("later"), "psk", "later", psk256.key);
  assert.equal(await attempt(), true);
  const decisions = rig.events.filter((event) => event.type === "decision" && event.about === "keyring");
  assert.deepEqual(decisions.map((event) => "available" in event && event.available), [
    false,
    true,
    false,
    true,
  ]);
});

const wrong: readonly AgentOptions["limits"][] = [{ concurrency: 0 }, { deadline: 1.5 }, {
  sessions: 2 ** 31,
}];
for (const limits of wrong) {
  Deno.test(`limits of ${JSON.stringify(limits)} are a RangeError`, () => {
    assert.throws(() => createAgent({ limits: limits! }), RangeError);
  });
}

Deno.test("a listener that throws harms nobody", async () => {
  const kernel = handshakeKernel();
  const [fd, other] = tcpPair();
  const agent = createAgent({
    transport: kernel,
    connections: null,
    keys: new MemoryKeys(),
    records: new UserRecords([]),
    onEvent: () => {
      throw new Error("a fault of the listener");
    },
  });
  const stop = new AbortController();
  const running = agent.run(stop.signal);
  await until("it listens", () => kernel.sockets.some(({ groups }) => groups.size > 0));
  const request = kernel.submit(server(fd));
  assert.equal((await within("it is reported", request.outcome)).status, errno.EOPNOTSUPP);
  stop.abort();
  await running;
  closeAll([fd, other]);
});
