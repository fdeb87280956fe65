import assert from "node:assert/strict";
import { rtLink } from "../../generated/rt-link/mod.ts";
import { acknowledgement, arrived, dev, fakeKernel, netdev, open } from "./helpers.ts";

Deno.test("an offloaded request is answered like any other", async () => {
  const fake = fakeKernel([netdev], (request) => [dev(request, 7), acknowledgement(request)]);
  await using client = await open(netdev, { transport: fake });
  assert.deepEqual(await client.devGet({ ifindex: 7 }, { offload: true }), { ifindex: 7 });
});

Deno.test("an offloaded request that is refused fails like any other", async () => {
  const fake = fakeKernel([netdev], (request) => [acknowledgement(request, 19)]);
  await using client = await open(netdev, { transport: fake });
  await assert.rejects(client.devGet({ ifindex: 7 }, { offload: true }), { code: "ENODEV" });
});

Deno.test("others overtake an offloaded request", async () => {
  const fake = fakeKernel([netdev], (request) => [dev(request, 7), acknowledgement(request)]);
  await using client = await open(netdev, { transport: fake });
  const socket = fake.sockets[0]!;
  const asleep = Promise.withResolvers<void>();
  socket.sendOffloaded = async (bytes) => {
    const copy = bytes.slice();
    await asleep.promise;
    socket.send(copy);
  };
  const offloaded = client.devGet({ ifindex: 1 }, { offload: true });
  assert.deepEqual(await client.devGet({ ifindex: 2 }), { ifindex: 7 });
  asleep.resolve();
  assert.deepEqual(await offloaded, { ifindex: 7 });
  assert.equal(fake.requests.length, 2);
});

Deno.test("the wait for an offloaded request can be ended, and the client goes on", async () => {
  const fake = fakeKernel(
    [netdev],
    (request) => fake.requests.length === 1 ? [] : [dev(request, 7), acknowledgement(request)],
  );
  await using client = await open(netdev, { transport: fake });
  const abort = new AbortController();
  const waiting = client.devGet({ ifindex: 1 }, { offload: true, signal: abort.signal });
  const ended = assert.rejects(waiting, { message: "enough" });
  await arrived(fake, 1);
  abort.abort(new Error("enough"));
  await ended;
  assert.deepEqual(await client.devGet({ ifindex: 7 }), { ifindex: 7 });
});

Deno.test({
  name: "live: an offloaded request is carried out by the running kernel",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using client = await open(rtLink);
    const links = await Promise.all(
      Array.from({ length: 20 }, (_, i) => client.getlink({ ifname: "lo" }, { offload: i % 2 === 0 })),
    );
    assert.deepEqual(new Set(links.map(({ ifname }) => ifname)), new Set(["lo"]));
    await assert.rejects(client.getlink({ ifname: "tynl-none" }, { offload: true }), { code: "ENODEV" });
  },
});

Deno.test({
  name: "live: a client may be closed under an offloaded request",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const client = await open(rtLink);
    const pending = client.getlink({ ifname: "lo" }, { offload: true });
    client.close();
    await assert.rejects(pending, { name: "ClosedError" });
  },
});
