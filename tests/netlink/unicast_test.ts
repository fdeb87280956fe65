import assert from "node:assert/strict";
import { type Family, OverrunError } from "../../mod.ts";
import { datagram, type FakeKernel } from "../../runtime/testing/mod.ts";
import { acknowledgement, dev, fakeKernel, netdev, open } from "./helpers.ts";

function kernel(): FakeKernel {
  return fakeKernel([netdev], (request) => [dev(request, 1), acknowledgement(request)]);
}

function added(kernel: FakeKernel, ifindex: number): Uint8Array {
  return kernel.event(netdev as Family, "dev-add-ntf", { ifindex });
}

Deno.test("what the kernel sends to the socket of the requests comes as events, and requests go on", async () => {
  const fake = kernel();
  await using client = await open(netdev, { transport: fake });
  using events = client.unicast();
  const socket = fake.sockets[0]!;
  assert.equal(events.port, socket.port);
  const first = events.next();
  socket.deliver(added(fake, 1));
  assert.deepEqual(await first, { value: { name: "dev-add-ntf", message: { ifindex: 1 } }, done: false });
  socket.deliver(datagram(added(fake, 2), added(fake, 3)));
  assert.deepEqual(await client.devGet({ ifindex: 1 }), { ifindex: 1 });
  assert.deepEqual((await events.next()).value, { name: "dev-add-ntf", message: { ifindex: 2 } });
  assert.deepEqual((await events.next()).value, { name: "dev-add-ntf", message: { ifindex: 3 } });
});

Deno.test("an answer that came too late is no event", async () => {
  const fake = fakeKernel([netdev], () => []);
  await using client = await open(netdev, { transport: fake });
  using events = client.unicast();
  await assert.rejects(client.devGet({ ifindex: 1 }, { timeout: 1 }), { name: "NetlinkTimeoutError" });
  const [request] = fake.requests;
  fake.sockets[0]!.deliver(dev(request!, 1), acknowledgement(request!), added(fake, 2));
  assert.deepEqual((await events.next()).value, { name: "dev-add-ntf", message: { ifindex: 2 } });
});

Deno.test("messages that were lost, by the kernel or for want of a reader, are told", async () => {
  const fake = kernel();
  await using client = await open(netdev, { transport: fake });
  using events = client.unicast();
  fake.sockets[0]!.deliver(new OverrunError(), added(fake, 1));
  // What the kernel kept was sent before the loss.
  assert.equal((await events.next()).value?.name, "dev-add-ntf");
  assert.deepEqual((await events.next()).value, { name: "overrun" });
  const many = Array.from({ length: 2000 }, (_, i) => added(fake, i + 1));
  fake.sockets[0]!.deliver(...many);
  await client.devGet({ ifindex: 1 });
  const names: string[] = [];
  while (names.at(-1) !== "overrun") names.push((await events.next()).value!.name);
  assert(names.length > 1000 && names.length < 1100, `${names.length}`);
});

Deno.test("closing the stream leaves the client open; closing the client ends the stream", async () => {
  const fake = kernel();
  const client = await open(netdev, { transport: fake });
  const events = client.unicast();
  const pending = events.next();
  events.close();
  assert.deepEqual(await pending, { value: undefined, done: true });
  assert.deepEqual(await client.devGet({ ifindex: 1 }), { ifindex: 1 });
  const more = client.unicast();
  const next = more.next();
  client.close();
  assert.deepEqual(await next, { value: undefined, done: true });
  assert.throws(() => client.unicast(), { name: "ClosedError" });
});

Deno.test("a signal ends the stream with its reason", async () => {
  const fake = kernel();
  await using client = await open(netdev, { transport: fake });
  const abort = new AbortController();
  const events = client.unicast({ signal: abort.signal });
  const next = events.next();
  abort.abort(new Error("enough"));
  await assert.rejects(next, { message: "enough" });
});
