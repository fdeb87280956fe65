/** Connections by descriptor: connecting, listening, and what goes wrong with both. */
import assert from "node:assert/strict";
import {
  dialTcp,
  HostNotFoundError,
  listenTcp,
  SocketClosedError,
  type TcpListener,
} from "../../runtime/ktls/mod.ts";
import { type Bytes, sockets, SystemError, UnsupportedError } from "../../runtime/posix/mod.ts";
import { openSockets } from "./connections.ts";

/** Closes a descriptor; false if it was none. */
function close(fd: number): boolean {
  return sockets().close(fd) === 0;
}

/** That a byte goes from one end to the other. */
function assertConnected(from: number, to: number): void {
  assert.equal(sockets().send(from, Uint8Array.of(7), 1, 0), 1);
  const got: Bytes = new Uint8Array(1);
  assert.equal(sockets().recv(to, got, 1, 0), 1);
  assert.equal(got[0], 7);
}

async function connects(listener: TcpListener, hostname: string): Promise<void> {
  const [client, server] = await Promise.all([
    dialTcp({ hostname, port: listener.port }),
    listener.accept(),
  ]);
  assertConnected(client, server);
  assertConnected(server, client);
  // FD_CLOEXEC (F_GETFD is 1): a program that is started gets neither.
  for (const fd of [client, server]) assert.equal(sockets().fcntl(fd, 1, 0), 1);
  assert(close(client) && close(server));
}

Deno.test("a connection by an address in figures needs no permission but FFI's", {
  permissions: { ffi: true },
}, async () => {
  using listener = listenTcp();
  await connects(listener, "127.0.0.1");
});

const noIpv6 = (() => {
  try {
    listenTcp({ hostname: "::1" }).close();
    return "";
  } catch {
    return " (ignored: no IPv6 here)";
  }
})();

Deno.test({
  name: `a connection by an address of IPv6${noIpv6}`,
  ignore: noIpv6 !== "",
  fn: async () => {
    using listener = listenTcp({ hostname: "::1" });
    await connects(listener, "::1");
  },
});

Deno.test("a connection by name", async () => {
  using listener = listenTcp();
  await connects(listener, "localhost");
});

Deno.test("a name cannot be resolved without --allow-net", { permissions: { ffi: true } }, async () => {
  await assert.rejects(dialTcp({ hostname: "localhost", port: 1 }), (error: unknown) => {
    assert(error instanceof UnsupportedError);
    assert.equal(error.reason, "permission");
    return true;
  });
});

Deno.test("a name without an address is told by name", async () => {
  await assert.rejects(dialTcp({ hostname: "nowhere.invalid", port: 1 }), (error: unknown) => {
    assert(error instanceof HostNotFoundError);
    assert.equal(error.hostname, "nowhere.invalid");
    return true;
  });
});

Deno.test("nobody who listens is ECONNREFUSED, by address and by name, and leaves no descriptor", async () => {
  const before = openSockets();
  const listener = listenTcp();
  const { port } = listener;
  listener.close();
  for (const hostname of ["127.0.0.1", "localhost"]) {
    await assert.rejects(dialTcp({ hostname, port }), { name: "SystemError", code: "ECONNREFUSED" });
  }
  assert.equal(openSockets(), before);
});

Deno.test("a signal ends a connection attempt that nobody answers", async () => {
  // With its queue full, a listener does not answer any more.
  using listener = listenTcp({ backlog: 0 });
  const target = { hostname: "127.0.0.1", port: listener.port };
  const reason = new Error("enough");
  const attempts: Promise<number>[] = [];
  const controller = new AbortController();
  for (let i = 0; i < 10; i++) attempts.push(dialTcp(target, { signal: controller.signal }));
  const timer = setTimeout(() => controller.abort(reason), 100);
  const results = await Promise.allSettled(attempts);
  clearTimeout(timer);
  const failed = results.filter((result) => result.status === "rejected");
  assert(failed.length > 0);
  for (const { reason: why } of failed) assert.equal(why, reason);
  for (const result of results) if (result.status === "fulfilled") assert(close(result.value));
  await assert.rejects(dialTcp(target, { signal: AbortSignal.abort(reason) }), reason);
  await assert.rejects(dialTcp({ ...target, hostname: "localhost" }, { signal: controller.signal }), reason);
});

Deno.test("what is no port, or no address to listen at, is a RangeError", async () => {
  for (const port of [-1, 65536, 1.5, NaN]) {
    await assert.rejects(dialTcp({ hostname: "127.0.0.1", port }), RangeError);
    assert.throws(() => listenTcp({ port }), RangeError);
  }
  assert.throws(() => listenTcp({ hostname: "localhost" }), RangeError);
});

Deno.test("a port in use is EADDRINUSE, and leaves no descriptor", () => {
  using listener = listenTcp();
  const before = openSockets();
  assert.throws(() => listenTcp({ port: listener.port }), (error: unknown) => {
    assert(error instanceof SystemError);
    assert.equal(error.code, "EADDRINUSE");
    return true;
  });
  assert.equal(openSockets(), before);
});

Deno.test("an accept that is given up loses no connection", async () => {
  using listener = listenTcp();
  await assert.rejects(listener.accept({ signal: AbortSignal.timeout(5) }), { name: "TimeoutError" });
  await connects(listener, "127.0.0.1");
});

Deno.test("closing a listener ends its waits, and its series of connections", async () => {
  const listener = listenTcp();
  const waiting = assert.rejects(listener.accept(), SocketClosedError);
  listener.close();
  listener.close();
  await waiting;
  const other = listenTcp();
  const accepted: number[] = [];
  const all = (async () => {
    for await (const fd of other) {
      accepted.push(fd);
      if (accepted.length === 3) other.close();
    }
  })();
  const dialed: number[] = [];
  for (let i = 0; i < 3; i++) {
    dialed.push(await dialTcp({ hostname: "127.0.0.1", port: other.port }));
  }
  await all;
  for (const fd of [...accepted, ...dialed]) assert(close(fd));
});
