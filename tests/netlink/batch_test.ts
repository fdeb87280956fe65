import assert from "node:assert/strict";
import { BatchError, ClosedError, NetlinkError } from "../../mod.ts";
import { nftables } from "../../generated/nftables/mod.ts";
import { acknowledgement, dev, fakeKernel, netdev, open } from "./helpers.ts";

Deno.test("requests of a batch are sent together, and each has its own answer", async () => {
  const kernel = fakeKernel([netdev], (request) => {
    const number = kernel.requests.length;
    return number === 2 ? [acknowledgement(request, 19)] : [dev(request, number), acknowledgement(request)];
  });
  using client = await open(netdev, { transport: kernel });
  const answers: Promise<unknown>[] = [];
  const batch = client.batch((b) => {
    for (const ifindex of [1, 2, 3]) answers.push(b.devGet({ ifindex }));
  });
  await assert.rejects(batch, (error) => {
    assert(error instanceof BatchError && error.errors[0] instanceof NetlinkError);
    assert.match(error.message, /^netdev batch: 1 of 3 failed, first netdev dev-get: ENODEV/);
    return true;
  });
  const [first, second, third] = await Promise.allSettled(answers);
  assert.deepEqual(first, { status: "fulfilled", value: { ifindex: 1 } });
  assert.equal(second?.status, "rejected");
  assert.deepEqual(third, { status: "fulfilled", value: { ifindex: 3 } });
});

Deno.test("a long batch is sent in parts, and an empty one not at all", async () => {
  const kernel = fakeKernel([netdev], (request) => [dev(request, 1), acknowledgement(request)]);
  using client = await open(netdev, { transport: kernel });
  await client.batch(() => {});
  assert.equal(kernel.requests.length, 0);
  await client.batch((b) => {
    for (let id = 0; id < 250; id++) b.devGet({ ifindex: id });
  });
  assert.equal(kernel.requests.length, 250);
});

Deno.test("nftables requests are a transaction, of which the last is acknowledged", async () => {
  const kernel = fakeKernel([], (request) => request.flags & 4 ? [acknowledgement(request)] : []);
  using client = await open(nftables, { transport: kernel });
  await client.batch((b) => {
    b.newtable({ name: "t" }, { create: true });
    b.newchain({ table: "t", name: "c" }, { create: true, exclusive: true });
  });
  assert.deepEqual(kernel.requests.map(({ type, flags }) => [type, flags]), [
    [16, 1],
    [2560, 0x401],
    [2563, 0x605],
    [17, 1],
  ]);
  assert.deepEqual([...kernel.requests[0]!.bytes.subarray(16, 20)], [0, 0, 0, 10]);
});

Deno.test("a transaction that fails fails every request in it", async () => {
  const kernel = fakeKernel([], (request) => {
    if (request.type === 2560) return [acknowledgement(request, 17)];
    return request.flags & 4 ? [acknowledgement(request)] : [];
  });
  using client = await open(nftables, { transport: kernel });
  const answers: Promise<void>[] = [];
  await assert.rejects(
    client.batch((b) => answers.push(b.newtable({ name: "t" }), b.newchain({ table: "t" }))),
    { name: "BatchError", message: /1 of 2 failed, first nftables newtable: EEXIST/ },
  );
  await assert.rejects(answers[0]!, { code: "EEXIST" });
  await assert.rejects(answers[1]!, BatchError);
});

Deno.test("a transaction that is refused as a whole is not waited for", async () => {
  const kernel = fakeKernel([], (request) => request.type === 16 ? [acknowledgement(request, 1)] : []);
  using client = await open(nftables, { transport: kernel });
  await assert.rejects(client.batch((b) => b.newtable({ name: "t" })), {
    name: "BatchError",
    message: /EPERM/,
  });
});

Deno.test("closing the client ends a batch under way", async () => {
  const kernel = fakeKernel([netdev], () => []);
  const client = await open(netdev, { transport: kernel });
  let answer: Promise<unknown> | undefined;
  const batch = client.batch((b) => answer = b.devGet({ ifindex: 1 }));
  client.close();
  await assert.rejects(batch, BatchError);
  await assert.rejects(answer!, ClosedError);
});
