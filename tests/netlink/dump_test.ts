import assert from "node:assert/strict";
import {
  ClosedError,
  DumpInterruptedError,
  NetlinkDecodeError,
  NetlinkError,
  NetlinkTimeoutError,
  OverrunError,
} from "../../mod.ts";
import { datagram, type FakeKernel } from "../../runtime/testing/mod.ts";
import {
  acknowledgement,
  arrived,
  dev,
  devGet,
  devPart,
  done,
  fakeKernel,
  isDump,
  netdev,
  open,
  part,
} from "./helpers.ts";

const INTERRUPTED = 0x12;

/** Answers each dump with the next script, and everything else with device 1. */
function scripted(...scripts: ((request: Parameters<typeof dev>[0]) => Uint8Array[])[]): FakeKernel {
  return fakeKernel(
    [netdev],
    (request) =>
      isDump(request) ? scripts.shift()?.(request) ?? [] : [dev(request, 1), acknowledgement(request)],
  );
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

Deno.test("a dump gives every message of every part, in order", async () => {
  const script = (request: Parameters<typeof dev>[0]) => [
    datagram(devPart(request, 1), devPart(request, 2)),
    devPart(request, 3),
    datagram(devPart(request, 4), done(request)),
  ];
  const kernel = scripted(script, script);
  using client = await open(netdev, { transport: kernel });
  const expected = [{ ifindex: 1 }, { ifindex: 2 }, { ifindex: 3 }, { ifindex: 4 }];
  assert.deepEqual(await collect(client.devGet.dump()), expected);
  assert.deepEqual(await client.devGet.dump().all(), expected);
  assert.equal(kernel.requests[0]?.flags, 0x305);
  assert.equal(kernel.sockets.length, 2, "the second dump takes the first one's socket");
});

Deno.test("an empty dump is an empty list, with an end of its own or an acknowledgement", async () => {
  const kernel = scripted((request) => [done(request)], (request) => [acknowledgement(request)]);
  using client = await open(netdev, { transport: kernel });
  assert.deepEqual(await client.devGet.dump().all(), []);
  assert.deepEqual(await client.devGet.dump().all(), []);
});

Deno.test("items may be asked for before the ones before them came", async () => {
  const kernel = scripted((request) => [devPart(request, 1), datagram(devPart(request, 2), done(request))]);
  using client = await open(netdev, { transport: kernel });
  const items = client.devGet.dump()[Symbol.asyncIterator]();
  const results = await Promise.all([items.next(), items.next(), items.next(), items.next()]);
  assert.deepEqual(results.map(({ value }) => value?.ifindex), [1, 2, undefined, undefined]);
  assert.deepEqual(results.map(({ done }) => done), [false, false, true, true]);
});

Deno.test("a dump that changed under us is asked for again", async () => {
  const kernel = scripted(
    (request) => [devPart(request, 1, INTERRUPTED), done(request)],
    (request) => [devPart(request, 1), done(request, 0, { flags: INTERRUPTED })],
    (request) => [devPart(request, 1), devPart(request, 2), done(request)],
  );
  using client = await open(netdev, { transport: kernel });
  assert.deepEqual(await client.devGet.dump().all(), [{ ifindex: 1 }, { ifindex: 2 }]);
  assert.equal(kernel.requests.length, 3);
});

Deno.test("a dump that never stands still is told, with what the last try gave", async () => {
  const changing = (request: Parameters<typeof dev>[0]) => [devPart(request, 1, INTERRUPTED), done(request)];
  const kernel = scripted(changing, changing, changing, changing, changing);
  using client = await open(netdev, { transport: kernel });
  await assert.rejects(client.devGet.dump().all(), (error) => {
    assert(error instanceof DumpInterruptedError);
    assert.deepEqual(error.partial, [{ ifindex: 1 }]);
    assert.equal(error.message, "netdev dev-get: the dump changed while it was read, 4 times");
    return true;
  });
  assert.equal(kernel.requests.length, 4);
  await assert.rejects(client.devGet.dump().all({ retries: 0 }), DumpInterruptedError);
  assert.equal(kernel.requests.length, 5);
});

Deno.test("a stream that changed under us gives everything, then tells", async () => {
  const kernel = scripted((
    request,
  ) => [devPart(request, 1, INTERRUPTED), devPart(request, 2), done(request)]);
  using client = await open(netdev, { transport: kernel });
  const seen: unknown[] = [];
  await assert.rejects(async () => {
    for await (const item of client.devGet.dump()) seen.push(item.ifindex);
  }, DumpInterruptedError);
  assert.deepEqual(seen, [1, 2]);
});

Deno.test("the error word at the end of a dump is an error", async () => {
  const kernel = scripted((request) => [
    devPart(request, 1),
    done(request, 95, { extack: { message: "not for this device" } }),
  ]);
  using client = await open(netdev, { transport: kernel });
  await assert.rejects(
    client.devGet.dump().all(),
    { name: "NetlinkError", message: "netdev dev-get: EOPNOTSUPP: not for this device" },
  );
});

Deno.test("an error in the middle of a dump ends it, after what came before", async () => {
  const kernel = scripted((request) => [devPart(request, 1), acknowledgement(request, 12)]);
  using client = await open(netdev, { transport: kernel });
  const seen: unknown[] = [];
  await assert.rejects(async () => {
    for await (const item of client.devGet.dump()) seen.push(item.ifindex);
  }, (error) => error instanceof NetlinkError && error.code === "ENOMEM");
  assert.deepEqual(seen, [1]);
});

Deno.test("a warning at the end of a dump reaches onWarning", async () => {
  const warnings: (string | undefined)[] = [];
  const kernel = scripted((request) => [done(request, 0, { extack: { message: "some were left out" } })]);
  using client = await open(netdev, {
    transport: kernel,
    onWarning: ({ message }) => warnings.push(message),
  });
  await client.devGet.dump().all();
  assert.deepEqual(warnings, ["some were left out"]);
});

Deno.test("a dump that stops without its end is a timeout", async () => {
  const kernel = scripted((request) => [devPart(request, 1)]);
  using client = await open(netdev, { transport: kernel });
  await assert.rejects(client.devGet.dump({}, { timeout: 10 }).all(), NetlinkTimeoutError);
  assert.equal(kernel.sockets[1]?.closed, true);
});

Deno.test("a part that comes later is waited for", async () => {
  const kernel = scripted((request) => [devPart(request, 1)]);
  using client = await open(netdev, { transport: kernel });
  const all = client.devGet.dump().all();
  await arrived(kernel, 1);
  setTimeout(() => kernel.sockets[1]!.deliver(done(kernel.requests[0]!)), 5);
  assert.deepEqual(await all, [{ ifindex: 1 }]);
});

Deno.test("a stream left early closes its socket, and the client goes on", async () => {
  const kernel = scripted(
    (request) => [datagram(devPart(request, 1), devPart(request, 2)), devPart(request, 3)],
    (request) => [devPart(request, 1), done(request)],
  );
  using client = await open(netdev, { transport: kernel });
  for await (const item of client.devGet.dump()) {
    assert.deepEqual(item, { ifindex: 1 });
    break;
  }
  assert.equal(kernel.sockets[1]?.closed, true);
  assert.deepEqual(await client.devGet({}), { ifindex: 1 });
  assert.deepEqual(await client.devGet.dump().all(), [{ ifindex: 1 }]);
});

Deno.test("dumps and requests may overlap on one client", async () => {
  const script = (
    request: Parameters<typeof dev>[0],
  ) => [devPart(request, 1), devPart(request, 2), done(request)];
  const kernel = scripted(script, script);
  using client = await open(netdev, { transport: kernel });
  const seen: unknown[] = [];
  for await (const outer of client.devGet.dump()) {
    seen.push(outer.ifindex, (await client.devGet({})).ifindex);
    if (outer.ifindex === 1) seen.push((await client.devGet.dump().all()).length);
  }
  assert.deepEqual(seen, [1, 1, 2, 2, 1]);
  assert.equal(kernel.sockets.length, 3);
});

Deno.test("foreign messages in a dump are skipped", async () => {
  const kernel = fakeKernel([netdev], (request) => [
    part(request, devGet, { ifindex: 66 }, { sequence: request.sequence + 1 }),
    { bytes: done(request), sender: 4711 },
    devPart(request, 1),
    done(request, 0, { port: request.port + 1 }),
    datagram(devPart(request, 2), done(request)),
  ]);
  using client = await open(netdev, { transport: kernel });
  assert.deepEqual(await client.devGet.dump().all(), [{ ifindex: 1 }, { ifindex: 2 }]);
});

Deno.test("a damaged part ends the dump with the place of the damage", async () => {
  const kernel = scripted((request) => {
    const message = devPart(request, 1);
    message[20] = 7;
    return [message, done(request)];
  });
  using client = await open(netdev, { transport: kernel });
  await assert.rejects(
    client.devGet.dump().all(),
    (error) => error instanceof NetlinkDecodeError && error.path === ".ifindex" && error.offset === 20,
  );
  assert.equal(kernel.sockets[1]?.closed, true);
});

Deno.test("lost parts end the dump", async () => {
  const kernel = fakeKernel([netdev], (request) => [devPart(request, 1), new OverrunError()]);
  using client = await open(netdev, { transport: kernel });
  await assert.rejects(client.devGet.dump().all(), OverrunError);
});

Deno.test("an abort ends a dump with its reason, before it begins and while it waits", async () => {
  const kernel = scripted((request) => [devPart(request, 1)]);
  using client = await open(netdev, { transport: kernel });
  const reason = new Error("enough");
  await assert.rejects(client.devGet.dump({}, { signal: AbortSignal.abort(reason) }).all(), reason);
  assert.equal(kernel.requests.length, 0);
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 5);
  await assert.rejects(client.devGet.dump({}, { signal: controller.signal }).all(), reason);
});

Deno.test("closing the client ends its dumps", async () => {
  const kernel = scripted((request) => [devPart(request, 1)]);
  const client = await open(netdev, { transport: kernel });
  const items = client.devGet.dump()[Symbol.asyncIterator]();
  assert.equal((await items.next()).done, false);
  const next = items.next();
  setTimeout(() => client.close(), 5);
  await assert.rejects(next, ClosedError);
  assert.equal(kernel.sockets.every(({ closed }) => closed), true);
  await assert.rejects(client.devGet.dump().all(), ClosedError);
});
