import assert from "node:assert/strict";
import {
  ClosedError,
  FamilyNotFoundError,
  NetlinkDecodeError,
  NetlinkEncodeError,
  NetlinkError,
  NetlinkTimeoutError,
  type NetlinkWarning,
  OverrunError,
  ProtocolError,
  TruncatedError,
} from "../../mod.ts";
import { netdev as netdevFamily } from "../../generated/netdev/mod.ts";
import { rtLink } from "../../generated/rt-link/mod.ts";
import { datagram } from "../../runtime/testing/mod.ts";
import {
  acknowledgement,
  arrived,
  dev,
  devGet,
  done,
  fakeKernel,
  napiSet,
  netdev,
  open,
  reply,
} from "./helpers.ts";

Deno.test("a family is resolved by name, with the groups that the kernel has", async () => {
  const kernel = fakeKernel([netdev], () => []);
  using client = await open(netdev, { transport: kernel });
  assert.deepEqual(client.groups, { mgmt: 0x200, "page-pool": 0x201 });
});

Deno.test("a raw family has its groups from the spec, and asks nobody", async () => {
  const kernel = fakeKernel([], () => []);
  using client = await open(rtLink, { transport: kernel });
  assert.equal(client.groups["rtnlgrp-link"], 1);
  assert.equal(kernel.requests.length, 0);
});

Deno.test("a family that the kernel does not have is told by name", async () => {
  const kernel = fakeKernel([], () => []);
  await assert.rejects(open(netdev, { transport: kernel }), (error) => {
    assert(error instanceof FamilyNotFoundError);
    assert.equal(error.family, "netdev");
    assert.match(error.message, /^this kernel has no netlink family "netdev"/);
    return true;
  });
  assert.equal(kernel.sockets.every(({ closed }) => closed), true);
});

Deno.test("a request carries the family's id, the command, the version and the flags asked for", async () => {
  const kernel = fakeKernel([netdev], (request) => [dev(request, 1), acknowledgement(request)]);
  using client = await open(netdev, { transport: kernel });
  await client.devGet({ ifindex: 1 });
  await client.devGet({ ifindex: 1 }, { create: true, exclusive: true });
  await client.devGet({ ifindex: 1 }, { replace: true, append: true });
  const [plain, created, replaced] = kernel.requests;
  assert.equal(plain?.type, 0x20);
  assert.deepEqual([...plain.bytes.subarray(16, 20)], [devGet.request, netdev.version, 0, 0]);
  assert.equal(plain.flags, 0x5);
  assert.equal(created?.flags, 0x605);
  assert.equal(replaced?.flags, 0x905);
  assert.notEqual(plain.sequence, created.sequence);
});

Deno.test("a request for one object gives the reply", async () => {
  const kernel = fakeKernel([netdev], (request) => [dev(request, 7), acknowledgement(request)]);
  using client = await open(netdev, { transport: kernel });
  assert.deepEqual(await client.devGet({ ifindex: 7 }), { ifindex: 7 });
});

Deno.test("reply and acknowledgement may share a datagram", async () => {
  const kernel = fakeKernel([netdev], (request) => [datagram(dev(request, 7), acknowledgement(request))]);
  using client = await open(netdev, { transport: kernel });
  assert.deepEqual(await client.devGet({ ifindex: 7 }), { ifindex: 7 });
});

Deno.test("an operation without a reply gives nothing", async () => {
  const kernel = fakeKernel([netdev], (request) => [acknowledgement(request)]);
  using client = await open(netdev, { transport: kernel });
  assert.equal(await client.napiSet({ id: 1 }), undefined);
  assert.deepEqual(await client.napiSet.multi({ id: 1 }), []);
});

Deno.test("an acknowledgement alone, where a reply could be, gives an object without members", async () => {
  const kernel = fakeKernel([netdev], (request) => [acknowledgement(request)]);
  using client = await open(netdev, { transport: kernel });
  assert.deepEqual(await client.devGet({ ifindex: 1 }), {});
  assert.deepEqual(await client.devGet.multi({ ifindex: 1 }), []);
  using rt = await open(rtLink, { transport: kernel });
  assert.equal((await rt.getlink()).header.ifiIndex, 0);
});

Deno.test("several replies are given by multi, and are an error to a plain call", async () => {
  const kernel = fakeKernel(
    [netdev],
    (request) => [dev(request, 1), dev(request, 2), done(request), acknowledgement(request)],
  );
  using client = await open(netdev, { transport: kernel });
  assert.deepEqual(await client.devGet.multi({}), [{ ifindex: 1 }, { ifindex: 2 }]);
  await assert.rejects(client.devGet({}), ProtocolError);
});

Deno.test("answers with another sequence number or port, and messages of other processes, are skipped", async () => {
  const kernel = fakeKernel([netdev], (request) => [
    reply(request, devGet, { ifindex: 66 }, { sequence: request.sequence + 1 }),
    reply(request, devGet, { ifindex: 66 }, { port: request.port + 1 }),
    { bytes: dev(request, 66), sender: 4711 },
    { bytes: acknowledgement(request, 1), sender: 4711 },
    dev(request, 7),
    acknowledgement(request),
  ]);
  using client = await open(netdev, { transport: kernel });
  assert.deepEqual(await client.devGet({ ifindex: 7 }), { ifindex: 7 });
});

Deno.test("requests that overlap find their own answers, in whatever order these come", async () => {
  const kernel = fakeKernel([netdev], () => []);
  using client = await open(netdev, { transport: kernel });
  const answers = [1, 2, 3].map((ifindex) => client.devGet({ ifindex }));
  await arrived(kernel, 3);
  for (const [index, request] of [...kernel.requests.entries()].reverse()) {
    kernel.sockets[0]!.deliver(dev(request, index + 1), acknowledgement(request));
  }
  assert.deepEqual(await Promise.all(answers), [{ ifindex: 1 }, { ifindex: 2 }, { ifindex: 3 }]);
});

Deno.test("a request made while the last answer of another arrives is answered too", async () => {
  const kernel = fakeKernel([netdev], () => []);
  using client = await open(netdev, { transport: kernel });
  for (let round = 1; round <= 3; round++) {
    const answer = client.devGet({ ifindex: round });
    await arrived(kernel, round);
    const request = kernel.requests.at(-1)!;
    kernel.sockets[0]!.deliver(dev(request, round), acknowledgement(request));
    assert.deepEqual(await answer, { ifindex: round });
  }
});

Deno.test("a refusal names family, operation, error number and attribute", async () => {
  const kernel = fakeKernel([netdev], (request) => [
    acknowledgement(request, 22, { extack: { message: "Unknown attribute type", offset: 20 } }),
  ]);
  using client = await open(netdev, { transport: kernel });
  await assert.rejects(client.devGet({ ifindex: 1 }), (error) => {
    assert(error instanceof NetlinkError);
    assert.equal(error.message, "netdev dev-get: EINVAL: Unknown attribute type (attribute .ifindex)");
    assert.equal(error.code, "EINVAL");
    assert.equal(error.errno, 22);
    assert.equal(error.family, "netdev");
    assert.equal(error.operation, "dev-get");
    assert.equal(error.attribute, ".ifindex");
    assert.deepEqual(error.extack, { message: "Unknown attribute type", offset: 20 });
    return true;
  });
});

Deno.test("a refusal without extended ack says what the number means", async () => {
  const kernel = fakeKernel([netdev], (request) => [acknowledgement(request, 1)]);
  using client = await open(netdev, { transport: kernel });
  await assert.rejects(client.napiSet({ id: 1 }), {
    message: "netdev napi-set: EPERM: operation not permitted",
    attribute: undefined,
    extack: undefined,
  });
});

Deno.test("a refusal is told even if the names of the spec cannot be loaded", async () => {
  const nameless = { ...netdevFamily, meta: () => Promise.reject(new Error("not there")) };
  const kernel = fakeKernel(
    [netdev],
    (request) => [acknowledgement(request, 22, { extack: { offset: 20 } })],
  );
  using client = await open(nameless, { transport: kernel });
  await assert.rejects(client.devGet({ ifindex: 1 }), {
    message: "netdev dev-get: EINVAL: invalid argument (at byte 20 of the request)",
  });
});

Deno.test("what the kernel says on success reaches onWarning", async () => {
  const warnings: NetlinkWarning[] = [];
  const kernel = fakeKernel([netdev], (request) => [
    acknowledgement(request, 0, { extack: { message: "deprecated", offset: 20 } }),
  ]);
  using client = await open(netdev, { transport: kernel, onWarning: (warning) => warnings.push(warning) });
  await client.napiSet({ id: 1 });
  assert.deepEqual(warnings, [{
    family: "netdev",
    operation: "napi-set",
    message: "deprecated",
    attribute: ".id",
    extack: { message: "deprecated", offset: 20 },
  }]);
});

Deno.test("no answer in time is a timeout, and a late one is not mistaken for another's", async () => {
  const kernel = fakeKernel([netdev], () => []);
  using client = await open(netdev, { transport: kernel, timeout: 10 });
  await assert.rejects(client.devGet({ ifindex: 1 }), (error) => {
    assert(error instanceof NetlinkTimeoutError);
    assert.equal(error.message, "netdev dev-get: no answer within 10 ms");
    return true;
  });
  const late = kernel.requests[0]!;
  const second = client.devGet({ ifindex: 2 }, { timeout: 60_000 });
  await arrived(kernel, 2);
  const request = kernel.requests[1]!;
  kernel.sockets[0]!.deliver(dev(late, 1), acknowledgement(late), dev(request, 2), acknowledgement(request));
  assert.deepEqual(await second, { ifindex: 2 });
});

Deno.test("an abort ends the wait with its reason, before or after the request was sent", async () => {
  const kernel = fakeKernel([netdev], () => []);
  using client = await open(netdev, { transport: kernel });
  const reason = new Error("enough");
  await assert.rejects(client.devGet({}, { signal: AbortSignal.abort(reason) }), reason);
  assert.equal(kernel.requests.length, 0);
  const controller = new AbortController();
  const answer = client.devGet({}, { signal: controller.signal });
  await arrived(kernel, 1);
  assert.equal(kernel.requests.length, 1);
  controller.abort(reason);
  await assert.rejects(answer, reason);
});

Deno.test("closing the client ends requests under way, and refuses new ones", async () => {
  const kernel = fakeKernel([netdev], () => []);
  const client = await open(netdev, { transport: kernel });
  const answer = client.devGet({});
  await arrived(kernel, 1);
  client.close();
  client.close();
  await assert.rejects(answer, ClosedError);
  await assert.rejects(client.devGet({}), { message: "netdev dev-get: the client is closed" });
  assert.equal(kernel.sockets.every(({ closed }) => closed), true);
});

Deno.test("lost messages fail the requests that wait, and the client goes on", async () => {
  let lost = true;
  const kernel = fakeKernel(
    [netdev],
    (request) => lost ? [new OverrunError()] : [dev(request, 1), acknowledgement(request)],
  );
  using client = await open(netdev, { transport: kernel });
  await assert.rejects(client.devGet({}), OverrunError);
  lost = false;
  assert.deepEqual(await client.devGet({}), { ifindex: 1 });
});

Deno.test("after a loss everything is taken that the kernel kept, as it drops all answers until then", async () => {
  const kernel = fakeKernel(
    [netdev],
    (request) => [new OverrunError(), dev(request, 1), acknowledgement(request)],
  );
  using client = await open(netdev, { transport: kernel });
  await assert.rejects(client.devGet({}), OverrunError);
  assert.equal(kernel.sockets[0]!.receive(), -1);
});

Deno.test("an answer that is too large fails its request, and the client goes on", async () => {
  let length = 1 << 24;
  const kernel = fakeKernel(
    [netdev],
    (request) => length > 0 ? [new TruncatedError(length)] : [dev(request, 1), acknowledgement(request)],
  );
  using client = await open(netdev, { transport: kernel });
  await assert.rejects(
    client.devGet({}),
    (error) => error instanceof TruncatedError && error.length === length,
  );
  length = 0;
  assert.deepEqual(await client.devGet({}), { ifindex: 1 });
});

Deno.test("a reply that cannot be decoded fails its request alone", async () => {
  let damaged = true;
  const kernel = fakeKernel([netdev], (request) => {
    const message = dev(request, 1);
    if (damaged) message[20] = 3; // the attribute's length
    return [message, acknowledgement(request)];
  });
  using client = await open(netdev, { transport: kernel });
  await assert.rejects(client.devGet({}), NetlinkDecodeError);
  damaged = false;
  assert.deepEqual(await client.devGet({}), { ifindex: 1 });
});

Deno.test("a datagram that is no netlink message is an error, not a wait", async () => {
  const kernel = fakeKernel([netdev], () => [Uint8Array.of(255, 0, 0, 0, 1, 2)]);
  using client = await open(netdev, { transport: kernel });
  await assert.rejects(client.devGet({}), NetlinkDecodeError);
});

Deno.test("a message of a foreign type as reply is an error", async () => {
  const kernel = fakeKernel(
    [netdev],
    (request) => [dev({ ...request, type: 0x99 }, 1), acknowledgement(request)],
  );
  using client = await open(netdev, { transport: kernel });
  await assert.rejects(client.devGet({}), ProtocolError);
});

Deno.test("a request that cannot be encoded is not sent", async () => {
  const kernel = fakeKernel([netdev], (request) => [acknowledgement(request)]);
  using client = await open(netdev, { transport: kernel });
  await assert.rejects(
    client.devGet({ ifidnex: 1 } as never),
    (error) => error instanceof NetlinkEncodeError && error.message.includes('did you mean "ifindex"'),
  );
  assert.equal(kernel.requests.length, 0);
  assert.equal(napiSet.reply, undefined);
});
