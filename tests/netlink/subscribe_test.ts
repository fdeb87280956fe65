import assert from "node:assert/strict";
import {
  ClosedError,
  type Family,
  GroupNotFoundError,
  NetlinkDecodeError,
  OverrunError,
  SystemError,
} from "../../mod.ts";
import { nlctrl } from "../../generated/nlctrl/mod.ts";
import { rtLink } from "../../generated/rt-link/mod.ts";
import { datagram, type FakeKernel } from "../../runtime/testing/mod.ts";
import { acknowledgement, dev, fakeKernel, netdev, open } from "./helpers.ts";

/** Answers every request with device 1. */
function kernel(): FakeKernel {
  return fakeKernel([netdev, nlctrl], (request) => [dev(request, 1), acknowledgement(request)]);
}

function added(kernel: FakeKernel, ifindex: number): Uint8Array {
  return kernel.event(netdev as Family, "dev-add-ntf", { ifindex });
}

/** The next `count` events. */
async function take<T>(events: AsyncIterator<T, undefined>, count: number): Promise<T[]> {
  const taken: T[] = [];
  while (taken.length < count) {
    const { value, done } = await events.next();
    if (done) break;
    taken.push(value);
  }
  return taken;
}

Deno.test("events come in order, each under its name, from the moment of the subscription on", async () => {
  const fake = kernel();
  using client = await open(netdev, { transport: fake });
  using events = client.subscribe("mgmt");
  fake.notify(
    "mgmt",
    added(fake, 1),
    datagram(added(fake, 2), fake.event(netdev as Family, "dev-del-ntf", {})),
  );
  const next = take(events, 4);
  setTimeout(() => fake.notify("mgmt", added(fake, 4)), 1);
  assert.deepEqual(await next, [
    { name: "dev-add-ntf", message: { ifindex: 1 } },
    { name: "dev-add-ntf", message: { ifindex: 2 } },
    { name: "dev-del-ntf", message: {} },
    { name: "dev-add-ntf", message: { ifindex: 4 } },
  ]);
  assert.deepEqual(await client.devGet({}), { ifindex: 1 }, "requests have another socket");
});

Deno.test("groups are joined by name or number, several on one socket", async () => {
  const fake = kernel();
  using client = await open(netdev, { transport: fake });
  using _events = client.subscribe(["mgmt", "page-pool", 7]);
  assert.deepEqual([...fake.sockets[1]!.groups], [0x200, 0x201, 7]);
  using rt = await open(rtLink, { transport: fake });
  using events = rt.subscribe("rtnlgrp-link", { receiveBuffer: 1 << 20, allNsid: true });
  assert.deepEqual([...fake.sockets.at(-1)!.groups], [1]);
  assert.deepEqual(fake.sockets.at(-1)!.options, { receiveBuffer: 1 << 20, allNsid: true });
  assert.equal(events.port, fake.sockets.at(-1)!.port);
});

Deno.test("a group that does not exist is told, with those that do, and leaves no socket", async () => {
  const fake = kernel();
  using client = await open(netdev, { transport: fake });
  assert.throws(() => client.subscribe(["mgmt", "mgnt"]), (error) => {
    assert(error instanceof GroupNotFoundError);
    assert.equal(error.message, 'netdev has no multicast group "mgnt"; it has mgmt, page-pool');
    assert.deepEqual(error.groups, ["mgmt", "page-pool"]);
    return true;
  });
  assert.throws(() => client.subscribe(0), GroupNotFoundError);
  assert.throws(() => client.subscribe(5000), { name: "GroupNotFoundError", group: 5000 });
  assert.equal(fake.sockets.slice(1).every(({ closed }) => closed), true);
});

Deno.test("a raw family's notification with a request's id has the operation's name", async () => {
  const fake = kernel();
  using client = await open(rtLink, { transport: fake });
  using events = client.subscribe("rtnlgrp-link");
  const link = { header: { ifiIndex: 9 }, ifname: "gone" };
  for (const name of ["newlink-ntf", "dellink"]) {
    fake.notify(1, fake.event(rtLink as Family, name, link));
  }
  const [first, second] = await take(events, 2);
  assert(first?.name === "newlink-ntf" && second?.name === "dellink");
  assert.equal(first.message.header.ifiIndex, 9);
  assert.equal(second.message.ifname, "gone");
});

Deno.test("a message that the family does not describe is given as it came", async () => {
  const fake = kernel();
  using client = await open(netdev, { transport: fake });
  using events = client.subscribe("mgmt");
  const command = added(fake, 1);
  command[16] = 200;
  const foreign = added(fake, 1);
  foreign[4] = 0x77;
  fake.notify("mgmt", datagram(command, foreign, added(fake, 2)));
  assert.deepEqual(await take(events, 3), [
    { name: "unknown", id: 200, bytes: command },
    { name: "unknown", id: 0x77, bytes: foreign },
    { name: "dev-add-ntf", message: { ifindex: 2 } },
  ]);
});

Deno.test("lost messages are told, and the stream goes on", async () => {
  const fake = kernel();
  using client = await open(netdev, { transport: fake });
  using events = client.subscribe("mgmt");
  const overrun = added(fake, 1);
  overrun[4] = 4; // NLMSG_OVERRUN
  overrun[5] = 0;
  fake.notify("mgmt", added(fake, 1), overrun, added(fake, 2), new OverrunError());
  const names = (await take(events, 4)).map(({ name }) => name);
  assert.deepEqual(names, ["dev-add-ntf", "overrun", "dev-add-ntf", "overrun"]);
  fake.notify("mgmt", added(fake, 3));
  assert.deepEqual(await take(events, 1), [{ name: "dev-add-ntf", message: { ifindex: 3 } }]);
});

Deno.test("what the kernel kept comes before the overrun, so that it does not undo a dump made then", async () => {
  const fake = kernel();
  using client = await open(netdev, { transport: fake });
  using events = client.subscribe("mgmt");
  fake.notify("mgmt", new OverrunError(), added(fake, 1), added(fake, 2));
  const names = (await take(events, 3)).map(({ name }) => name);
  assert.deepEqual(names, ["dev-add-ntf", "dev-add-ntf", "overrun"]);
});

Deno.test("a flood that never pauses does not hide its losses", async () => {
  const fake = kernel();
  using client = await open(netdev, { transport: fake });
  using events = client.subscribe("mgmt");
  fake.notify("mgmt", new OverrunError(), added(fake, 1), new OverrunError(), added(fake, 2));
  const names = (await take(events, 4)).map(({ name }) => name);
  assert.deepEqual(names, ["dev-add-ntf", "overrun", "dev-add-ntf", "overrun"]);
});

Deno.test("a message that cannot be decoded is an event, and those behind it come whole", async () => {
  const fake = kernel();
  using client = await open(netdev, { transport: fake });
  using events = client.subscribe("mgmt");
  const damaged = added(fake, 1);
  damaged[20] = 3; // the attribute's length
  const headless = added(fake, 1).slice(0, 18);
  headless[0] = 18;
  const torn = Uint8Array.of(255, 0, 0, 0, 1, 2, 3, 4);
  fake.notify(
    "mgmt",
    datagram(damaged, added(fake, 2)),
    headless,
    datagram(added(fake, 3), torn),
    torn,
    added(fake, 4),
  );
  const taken = await take(events, 7);
  assert.deepEqual(
    taken.map((event) => event.name === "malformed" ? event.bytes : event.name),
    [damaged, "dev-add-ntf", headless, "dev-add-ntf", torn, torn, "dev-add-ntf"],
  );
  for (const event of taken) assert(event.name !== "malformed" || event.error instanceof NetlinkDecodeError);
});

Deno.test("messages of other processes are no events", async () => {
  const fake = kernel();
  using client = await open(netdev, { transport: fake });
  using events = client.subscribe("mgmt");
  fake.notify("mgmt", { bytes: added(fake, 66), sender: 4711 }, added(fake, 1));
  assert.deepEqual(await take(events, 1), [{ name: "dev-add-ntf", message: { ifindex: 1 } }]);
});

Deno.test("an event from another network namespace says from which", async () => {
  const fake = kernel();
  using client = await open(netdev, { transport: fake });
  using events = client.subscribe("mgmt", { allNsid: true });
  fake.notify("mgmt", { bytes: added(fake, 1), nsid: 5 }, added(fake, 2));
  assert.deepEqual(await take(events, 2), [
    { name: "dev-add-ntf", message: { ifindex: 1 }, nsid: 5 },
    { name: "dev-add-ntf", message: { ifindex: 2 } },
  ]);
});

Deno.test("leaving the loop, closing the stream and closing the client each close its socket", async () => {
  const fake = kernel();
  const client = await open(netdev, { transport: fake });
  fake.notify("mgmt");
  const left = client.subscribe("mgmt");
  assert.equal(fake.notify("mgmt", added(fake, 1)), 1);
  for await (const _event of left) break;
  assert.equal(fake.notify("mgmt", added(fake, 1)), 0);
  assert.deepEqual(await left.next(), { value: undefined, done: true });

  const closed = client.subscribe("mgmt");
  const pending = closed.next();
  closed.close();
  closed.close();
  assert.deepEqual(await pending, { value: undefined, done: true });

  const last = client.subscribe("mgmt").next();
  client.close();
  assert.deepEqual(await last, { value: undefined, done: true });
  assert.equal(fake.sockets.every(({ closed }) => closed), true);
  assert.throws(() => client.subscribe("mgmt"), ClosedError);
});

Deno.test("an abort ends the stream with its reason", async () => {
  const fake = kernel();
  using client = await open(netdev, { transport: fake });
  const reason = new Error("enough");
  assert.throws(() => client.subscribe("mgmt", { signal: AbortSignal.abort(reason) }), reason);
  const controller = new AbortController();
  const events = client.subscribe("mgmt", { signal: controller.signal });
  const pending = events.next();
  controller.abort(reason);
  await assert.rejects(pending, reason);
  assert.equal(fake.sockets.at(-1)!.closed, true);
});

Deno.test("a failed socket ends the stream with its error", async () => {
  const fake = kernel();
  using client = await open(netdev, { transport: fake });
  const events = client.subscribe("mgmt");
  fake.notify("mgmt", new SystemError("recvmsg", 9));
  await assert.rejects(events.next(), { code: "EBADF" });
  assert.deepEqual(await events.next(), { value: undefined, done: true });
});

Deno.test("reads that overlap get an event each", async () => {
  const fake = kernel();
  using client = await open(netdev, { transport: fake });
  using events = client.subscribe("mgmt");
  const reads = [events.next(), events.next(), events.next()];
  await Promise.resolve();
  fake.notify("mgmt", added(fake, 1), added(fake, 2), added(fake, 3));
  const indices = (await Promise.all(reads)).map(({ value }) =>
    value?.name === "dev-add-ntf" && value.message.ifindex
  );
  assert.deepEqual(indices, [1, 2, 3]);
});

Deno.test("a flood of events leaves timers their turn", async () => {
  const fake = kernel();
  using client = await open(netdev, { transport: fake });
  using events = client.subscribe("mgmt");
  let fired = false;
  const timer = setTimeout(() => fired = true, 1);
  const event = added(fake, 1);
  for (let i = 0; i < 1_000_000 && !fired; i++) {
    fake.notify("mgmt", event);
    await events.next();
  }
  clearTimeout(timer);
  assert(fired);
});
