/** The running kernel's connections as the agent sees them, over sock_diag. */
import assert from "node:assert/strict";
import { kernelConnections } from "../../runtime/handshake/mod.ts";
import { closeAll, cookieOf, tcpPair, within } from "./sockets.ts";

const connections = kernelConnections();

for (const address of ["127.0.0.1", "::1"]) {
  Deno.test(`live: both ends of a connection over ${address} are listed until they are closed`, async () => {
    const pair = await tcpPair(address);
    const cookies = pair.map(cookieOf);
    try {
      const present = await connections.list();
      assert(cookies.every((cookie) => present.has(cookie)));
    } finally {
      closeAll(pair);
    }
    const present = await connections.list();
    assert(!cookies.some((cookie) => present.has(cookie)));
  });

  Deno.test(`live: the end of a connection over ${address} is told with its cookie`, async () => {
    const pair = await tcpPair(address);
    const awaited = new Set(pair.map(cookieOf));
    const stop = new AbortController();
    const listening = Promise.withResolvers<void>();
    const all = Promise.withResolvers<void>();
    const ended = (cookie: bigint) => {
      if (awaited.delete(cookie) && awaited.size === 0) all.resolve();
    };
    const watching = connections.watch(ended, listening.resolve, stop.signal);
    try {
      await within("the kernel listens", listening.promise);
      closeAll(pair);
      await within("both ends are told", all.promise);
    } finally {
      stop.abort();
      await watching;
    }
  });
}

Deno.test("live: a hundred connections that end at once are all told, or a loss is", async () => {
  const pairs = await Promise.all(Array.from({ length: 100 }, () => tcpPair("127.0.0.1")));
  const awaited = new Set(pairs.flat().map(cookieOf));
  const stop = new AbortController();
  const listening = Promise.withResolvers<void>();
  const over = Promise.withResolvers<void>();
  let losses = 0;
  const watching = connections.watch((cookie) => {
    if (awaited.delete(cookie) && awaited.size === 0) over.resolve();
  }, () => {
    if (losses++ === 0) listening.resolve();
    else over.resolve();
  }, stop.signal);
  try {
    await within("the kernel listens", listening.promise);
    closeAll(pairs.flat());
    await within("the ends are told", over.promise);
  } finally {
    stop.abort();
    await watching;
  }
  const present = await connections.list();
  assert(![...awaited].some((cookie) => present.has(cookie)));
});

Deno.test("a watch that was aborted before it began ends at once", async () => {
  await connections.watch(() => assert.fail(), () => assert.fail(), AbortSignal.abort());
});
