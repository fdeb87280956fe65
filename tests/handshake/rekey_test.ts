/** New keys for connections that the kernel's TLS protects: each kind of request, both roles, each suite. */
import assert from "node:assert/strict";
import { KeyUpdateType } from "../../generated/handshake/mod.ts";
import type { Role } from "../../runtime/tls/mod.ts";
import { OpenSession, suites } from "./open_session.ts";
import { assertReportedOnce, errno, Rig } from "./rig.ts";
import { until } from "./sockets.ts";

const { send, received, receivedRequestUpdate } = KeyUpdateType;
const roles: readonly Role[] = ["client", "server"];

for (const role of roles) {
  for (const suite of suites) {
    Deno.test(`${role}, ${suite}: the peer's KeyUpdate gives the kernel its next keys to receive with`, async () => {
      await using rig = await Rig.start({ keyUpdates: true });
      using session = await OpenSession.open(rig, role, suite);
      await session.talks(rig);
      await session.peerUpdates(rig);
      const event = await session.rekey(rig, received);
      assert.deepEqual(event.generation, { send: 0, receive: 1 });
      assert.deepEqual([event.suite, event.role, event.request], [suite, role, "received"]);
      await session.talks(rig);
      assert.deepEqual(session.consumer(rig).rekeys, { send: 0, receive: 1 });
      assert.deepEqual(session.generations(), { send: 1, receive: 0 });
    });

    Deno.test(`${role}, ${suite}: a KeyUpdate that wants one in return is answered under the old key`, async () => {
      await using rig = await Rig.start({ keyUpdates: true });
      using session = await OpenSession.open(rig, role, suite);
      await session.talks(rig);
      await session.peerUpdates(rig, true);
      const event = await session.rekey(rig, receivedRequestUpdate);
      assert.deepEqual(event.generation, { send: 1, receive: 1 });
      await session.talks(rig);
      assert.deepEqual(session.generations(), { send: 1, receive: 1 });
    });

    Deno.test(`${role}, ${suite}: a KeyUpdate of our own changes what is sent, and nothing else`, async () => {
      await using rig = await Rig.start({ keyUpdates: true });
      using session = await OpenSession.open(rig, role, suite);
      await session.talks(rig);
      const event = await session.rekey(rig, send);
      assert.deepEqual(event.generation, { send: 1, receive: 0 });
      await session.talks(rig);
      assert.deepEqual(session.consumer(rig).rekeys, { send: 1, receive: 0 });
      assert.deepEqual(session.generations(), { send: 0, receive: 1 });
    });
  }

  Deno.test(`${role}: KeyUpdates of both ends at once leave them in step`, async () => {
    await using rig = await Rig.start({ keyUpdates: true });
    using session = await OpenSession.open(rig, role);
    session.endpoint.tls.updateKeys({ requestPeer: true });
    await session.rekey(rig, send);
    await session.endpoint.flush();
    assert.equal(await session.consumer(rig).keyUpdate(), true);
    await session.rekey(rig, receivedRequestUpdate);
    await session.talks(rig);
    assert.deepEqual(session.generations(), { send: 1, receive: 2 });
  });

  Deno.test(`${role}: with answerKeyUpdates, one is sent though the kernel did not say that it is wanted`, async () => {
    await using rig = await Rig.start({ keyUpdates: true, policy: { answerKeyUpdates: true } });
    using session = await OpenSession.open(rig, role);
    await session.peerUpdates(rig, true);
    const event = await session.rekey(rig, received);
    assert.deepEqual(event.generation, { send: 1, receive: 1 });
    await session.talks(rig);
    assert.deepEqual(session.generations(), { send: 1, receive: 1 });
  });
}

Deno.test("without answerKeyUpdates, a KeyUpdate of the peer is borne in silence", async () => {
  await using rig = await Rig.start({ keyUpdates: true });
  using session = await OpenSession.open(rig, "server");
  await session.peerUpdates(rig, true);
  await session.rekey(rig, received);
  assert.equal(rig.records.calls.sendHandshake, undefined);
  await session.talks(rig);
});

Deno.test("the target's request names no PSK, and REMOTE_AUTH is that of the handshake all the same", async () => {
  await using rig = await Rig.start({ keyUpdates: true });
  using session = await OpenSession.open(rig, "server");
  // The key may have left the keyring since.
  rig.keys.destroy(session.psk);
  await session.peerUpdates(rig);
  await session.rekey(rig, received);
  await session.talks(rig);
});

Deno.test("the socket is never read from", async () => {
  await using rig = await Rig.start({ keyUpdates: true });
  using session = await OpenSession.open(rig, "client");
  await session.peerUpdates(rig);
  await session.endpoint.send("what came meanwhile");
  await session.rekey(rig, received);
  assert.equal(await session.consumer(rig).text(19), "what came meanwhile");
});

Deno.test("a request that comes again changes nothing, and succeeds", async () => {
  await using rig = await Rig.start({ keyUpdates: true });
  using session = await OpenSession.open(rig, "server");
  await session.peerUpdates(rig);
  await session.rekey(rig, received);
  const again = await session.rekey(rig, received);
  assert.equal(again.repeated, true);
  assert.deepEqual(session.consumer(rig).rekeys, { send: 0, receive: 1 });
  await session.talks(rig);
});

Deno.test("a request whose answer was sent is not answered twice", async () => {
  await using rig = await Rig.start({ keyUpdates: true });
  using session = await OpenSession.open(rig, "server");
  await session.peerUpdates(rig, true);
  await session.rekey(rig, receivedRequestUpdate);
  assert.equal((await session.rekey(rig, receivedRequestUpdate)).repeated, true);
  assert.equal(rig.records.calls.sendHandshake, 1);
  await session.talks(rig);
});

Deno.test("a KeyUpdate that a killed agent had only planned is sent with the next request, whatever that is, and once", async () => {
  await using first = await Rig.start({ keyUpdates: true });
  using session = await OpenSession.open(first, "client");
  first.records.onStep = (step) => {
    if (step === "before KeyUpdate") throw new Error("killed");
  };
  await first.serve(session.upcall(first, send));
  await first.stop();
  first.records.onStep = () => {};
  const { kernel, keys, records } = first;
  await using second = await Rig.start({ kernel, keys, records });
  // The successor is asked for something else.
  for (let i = 0; i < 2; i++) {
    await session.peerUpdates(second);
    await session.rekey(second, received);
    await session.talks(second);
  }
  assert.deepEqual(session.consumer(second).rekeys, { send: 1, receive: 2 });
});

for (const records of [1, 2]) {
  Deno.test(`a KeyUpdate that a killed agent had only planned is not taken for sent because of the consumer's ${records} record(s)`, async () => {
    await using first = await Rig.start({ keyUpdates: true });
    using session = await OpenSession.open(first, "server");
    await session.peerUpdates(first, true);
    first.records.onStep = (step) => {
      if (step === "before KeyUpdate") throw new Error("killed");
    };
    first.kernel.fail("done", 5);
    const request = first.kernel.submit(session.upcall(first, receivedRequestUpdate));
    await first.told("rekey");
    request.cancel();
    await first.stop();
    first.records.onStep = () => {};
    for (let i = 0; i < records; i++) await session.consumer(first).send("meanwhile");
    const { kernel, keys } = first;
    await using second = await Rig.start({ kernel, keys, records: first.records });
    await session.rekey(second, receivedRequestUpdate);
    await session.endpoint.receives(9 * records);
    await session.talks(second);
    assert.deepEqual(session.consumer(second).rekeys, { send: 1, receive: 1 });
    assert.deepEqual(session.generations(), { send: 1, receive: 1 });
  });
}

Deno.test("a KeyUpdate that waited for room behind the consumer's data is known to have been sent by an agent's successor", async () => {
  await using first = await Rig.start({ keyUpdates: true });
  using session = await OpenSession.open(first, "client");
  await session.peerUpdates(first, true);
  let [tries, dead] = [0, false];
  let meanwhile = Promise.resolve();
  const onStep = (step: string) => {
    if (step === "before KeyUpdate" && ++tries === 1) meanwhile = session.consumer(first).send("meanwhile");
    dead ||= step === "after KeyUpdate";
    if (dead) throw new Error("killed");
  };
  first.records.onStep = first.keys.onStep = onStep;
  first.records.full = 1;
  first.kernel.fail("done", 5);
  const request = first.kernel.submit(session.upcall(first, receivedRequestUpdate));
  await first.told("rekey");
  await meanwhile;
  request.cancel();
  await first.stop();
  assert.equal(tries, 2);
  first.records.onStep = first.keys.onStep = () => {};
  const { kernel, keys, records } = first;
  await using second = await Rig.start({ kernel, keys, records });
  await session.rekey(second, receivedRequestUpdate);
  assert.equal(records.calls.sendHandshake, 2, "no other was sent");
  await session.endpoint.receives(9);
  await session.talks(second);
});

Deno.test("where there is no room to send, the agent waits for it and sends the same KeyUpdate", async () => {
  await using rig = await Rig.start({ keyUpdates: true });
  using session = await OpenSession.open(rig, "client");
  rig.records.full = 3;
  await session.peerUpdates(rig, true);
  await session.rekey(rig, receivedRequestUpdate);
  assert.equal(rig.records.calls.sendHandshake, 4);
  await session.talks(rig);
});

Deno.test("where there is no room until the deadline, it is ETIMEDOUT, and the session is of no more use", async () => {
  await using rig = await Rig.start({ keyUpdates: true, limits: { deadline: 200 } });
  using session = await OpenSession.open(rig, "client");
  rig.records.full = Infinity;
  await session.peerUpdates(rig, true);
  const { request, event } = await rig.serve(session.upcall(rig, receivedRequestUpdate));
  assert.equal(event.status, errno.ETIMEDOUT);
  assertReportedOnce(request);
  assert.equal((await rig.serve(session.upcall(rig, receivedRequestUpdate))).event.status, errno.ETIMEDOUT);
});

Deno.test("a kernel that does not tell its keys is rekeyed all the same", async () => {
  await using rig = await Rig.start({ keyUpdates: true });
  rig.records.tells = false;
  using session = await OpenSession.open(rig, "client");
  for (const type of [received, receivedRequestUpdate]) {
    await session.peerUpdates(rig, type === receivedRequestUpdate);
    await session.rekey(rig, type);
    await session.talks(rig);
  }
});

Deno.test("the flags of the consumer's file and Nagle's delay are as they were", async () => {
  await using rig = await Rig.start({ keyUpdates: true });
  using session = await OpenSession.open(rig, "client");
  await session.peerUpdates(rig, true);
  const { request } = await rig.serve(session.upcall(rig, receivedRequestUpdate));
  assert.deepEqual(request.reports[0]!.descriptor, request.handed);
});

Deno.test("one connection's KeyUpdates do not wait for handshakes, however many", async () => {
  await using rig = await Rig.start({ keyUpdates: true, limits: { concurrency: 1 } });
  using session = await OpenSession.open(rig, "client");
  await session.peerUpdates(rig);
  const slow = await rig.connection();
  const hello = rig.kernel.submit({ ...session.upcall(rig, 0), fd: slow.fd, messageType: 1, sessionId: 0 });
  await until("the handshake has begun", () => hello.state === "accepted");
  await session.rekey(rig, received);
  slow.peer.close();
});
