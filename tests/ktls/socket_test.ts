/**
 * `KtlsSocket` between two of ours.
 *
 * On a kernel whose TLS can change keys these tests are about kernel TLS, and are meant to be run in the virtual machine
 * as well; so are records_test.ts, random_test.ts, rogue_test.ts, rekey_test.ts, openssl_test.ts and tcp_test.ts. Of the
 * others, old_kernel_test.ts needs a kernel before 6.14, gnutls_test.ts needs programs that the machine does not have,
 * and faults_test.ts, crypto_info_test.ts and options_test.ts show nothing more there.
 */
import assert from "node:assert/strict";
import {
  acceptKtls,
  connectKtls,
  KtlsUnsupportedError,
  listenTcp,
  loopbackPair,
  SocketClosedError,
} from "../../runtime/ktls/mod.ts";
import { sockets } from "../../runtime/posix/mod.ts";
import { TlsAlertError, TlsStateError, TlsTruncatedError } from "../../runtime/tls/mod.ts";
import {
  bytes,
  clientTls,
  fastClock,
  isOpen,
  openSockets,
  pattern,
  psk256,
  receiveAll,
  records,
  serverTls,
  support,
  text,
  withPair,
} from "./connections.ts";
import { ktlsSuites } from "./helpers.ts";

function test(name: string, body: () => Promise<void>): void {
  Deno.test(`records by the ${records === "kernel" ? "kernel" : "process"}: ${name}`, body);
}

for (const suite of ktlsSuites) {
  test(`${suite}: data goes both ways, before and after KeyUpdates of both`, () =>
    withPair({ client: { suites: [suite] } }, async (client, server) => {
      assert.equal(client.session.suite, suite);
      assert.equal(client.recordsBy, records);
      for (let round = 0; round < 3; round++) {
        await client.send(bytes(`ping ${round}`));
        assert.equal(text(await server.receive()), `ping ${round}`);
        await server.send(bytes(`pong ${round}`));
        assert.equal(text(await client.receive()), `pong ${round}`);
        await client.updateKeys({ requestPeer: false });
        await server.updateKeys({ requestPeer: false });
      }
      assert.deepEqual([client.generation("send"), server.generation("send")], [3, 3]);
      assert.deepEqual([client.generation("receive"), server.generation("receive")], [2, 2]);
    }));

  test(`${suite}: a mebibyte each way at once, keys changing all the while`, () => {
    const options = {
      client: { suites: [suite], now: fastClock() },
      server: { now: fastClock() },
      ktls: { recordsPerKey: 16 },
    };
    return withPair(options, async (client, server) => {
      const much = pattern(1 << 20);
      const [, , there, here] = await Promise.all([
        client.send(much),
        server.send(much),
        receiveAll(server, much.length),
        receiveAll(client, much.length),
        client.updateKeys({ requestPeer: true }),
        server.updateKeys({ requestPeer: true }),
      ]);
      assert.deepEqual(there, much);
      assert.deepEqual(here, much);
      // 64 full records, of which 14 at most go out under one key.
      for (const side of [client, server]) assert(side.generation("send") >= 4);
    });
  });
}

test("a requested KeyUpdate is answered before the next data, once for several requests", () =>
  withPair({ client: { now: fastClock() } }, async (client, server) => {
    for (let i = 0; i < 5; i++) await client.updateKeys({ requestPeer: true });
    await client.send(bytes("now you"));
    assert.equal(text(await server.receive()), "now you");
    assert.equal(server.generation("receive"), 5);
    assert.equal(server.generation("send"), 0);
    await server.send(bytes("done"));
    assert.equal(text(await client.receive()), "done");
    assert.equal(server.generation("send"), 1);
    assert.equal(client.generation("receive"), 1);
  }));

test("both request KeyUpdates at once", () =>
  withPair({}, async (client, server) => {
    await Promise.all([
      client.updateKeys({ requestPeer: true }),
      server.updateKeys({ requestPeer: true }),
    ]);
    await client.send(bytes("from the client"));
    await server.send(bytes("from the server"));
    assert.equal(text(await server.receive()), "from the client");
    assert.equal(text(await client.receive()), "from the server");
  }));

test("more than four KeyUpdates a second are refused, and the connection goes on", () =>
  withPair({ client: { now: () => 0 } }, async (client, server) => {
    for (let i = 0; i < 4; i++) await client.updateKeys({ requestPeer: false });
    await assert.rejects(client.updateKeys({ requestPeer: false }), TlsStateError);
    await client.send(bytes("still"));
    assert.equal(text(await server.receive()), "still");
    assert.equal(server.generation("receive"), 4);
  }));

test("a key protects no more records than it may", () =>
  withPair({ ktls: { recordsPerKey: 8 } }, async (client, server) => {
    for (let i = 0; i < 30; i++) {
      await client.send(bytes(`${i}`.padStart(2)));
      assert.equal(text(await server.receive()), `${i}`.padStart(2));
    }
    // A new key after 6 records; the KeyUpdate is the first of what is left for it.
    assert.equal(client.generation("send"), 4);
    assert.equal(server.generation("receive"), 4);
  }));

test("records are as small as the peer wants them", () =>
  withPair({ server: { recordSizeLimit: 64 } }, async (client, server) => {
    const data = pattern(1000);
    await Promise.all([
      client.send(data),
      receiveAll(server, 1000).then((all) => assert.deepEqual(all, data)),
    ]);
  }));

test("both send much before anybody reads, and nothing gets stuck", () =>
  withPair({ smallBuffers: true }, async (client, server) => {
    const much = pattern(1 << 20);
    const sending = [client.send(much), server.send(much)];
    const late = client.updateKeys({ requestPeer: true, signal: AbortSignal.timeout(20) });
    await assert.rejects(late, { name: "TimeoutError" });
    const received = [receiveAll(client, much.length), receiveAll(server, much.length)];
    await Promise.all([...sending, ...received]);
    assert.deepEqual(await received[0], much);
    assert.deepEqual(await received[1], much);
  }));

test("sends, and receives, are done in the order in which they were called", () =>
  withPair({}, async (client, server) => {
    const receiving = [server.receive(), server.receive(), server.receive()];
    for (const word of ["one", "two", "three"]) {
      await Promise.all([client.send(bytes(word)), receiving[0]]);
      assert.equal(text(await receiving.shift()), word);
    }
    await Promise.all([
      client.send(pattern(100_000)),
      client.send(bytes("end")),
      receiveAll(server, 100_003),
    ]);
  }));

test("close_notify ends the receiving, each time it is asked; the other direction goes on", () =>
  withPair({}, async (client, server) => {
    await client.send(bytes("last"));
    await client.closeWrite();
    await client.closeWrite();
    assert.equal(text(await server.receive()), "last");
    assert.equal(await server.receive(), undefined);
    assert.equal(await server.receive(), undefined);
    await assert.rejects(client.send(bytes("more")), TlsStateError);
    await assert.rejects(client.updateKeys({ requestPeer: false }), TlsStateError);
    await server.send(bytes("answer"));
    assert.equal(text(await client.receive()), "answer");
  }));

test("closing waits for the peer, so that all arrives", () =>
  withPair({}, async (client, server) => {
    const much = pattern(300_000);
    const received = (async () => {
      const all = await receiveAll(server, much.length);
      assert.equal(await server.receive(), undefined);
      await server.close();
      return all;
    })();
    await client.send(much);
    await client.close({ linger: 60_000 });
    assert.deepEqual(await received, much);
    await assert.rejects(client.receive(), SocketClosedError);
    await assert.rejects(client.send(much), SocketClosedError);
  }));

test("closing drops what still comes, and ends without the peer's consent", () =>
  withPair({}, async (client, server) => {
    await server.send(pattern(50_000));
    await client.close({ linger: 50 });
    await assert.rejects(async () => {
      for (;;) await server.send(pattern(100_000));
    }, { name: "SystemError" });
  }));

test("a signal ends the wait for the peer's end", () =>
  withPair({}, async (client) => {
    await client.close({ linger: 600_000, signal: AbortSignal.timeout(20) });
    await assert.rejects(client.receive(), SocketClosedError);
  }));

test("a peer that goes without a word has cut the data short", () =>
  withPair({}, async (client, server) => {
    await server.send(bytes("part"));
    server.destroy();
    assert.equal(text(await client.receive()), "part");
    await assert.rejects(client.receive(), TlsTruncatedError);
    await assert.rejects(client.send(bytes("x")), TlsTruncatedError);
  }));

test("closing ends waits on this side", () =>
  withPair({}, async (client) => {
    const waiting = [client.receive(), client.receive()].map((wait) =>
      assert.rejects(wait, SocketClosedError)
    );
    client.destroy();
    await Promise.all(waiting);
  }));

test("a receive that is given up loses nothing", () =>
  withPair({}, async (client, server) => {
    const reason = new Error("enough");
    for (let i = 0; i < 3; i++) {
      const controller = new AbortController();
      const waiting = [1, 2].map(() => assert.rejects(client.receive({ signal: controller.signal }), reason));
      controller.abort(reason);
      await Promise.all(waiting);
      await server.send(bytes(`data ${i}`));
      assert.equal(text(await client.receive()), `data ${i}`);
    }
    await assert.rejects(client.receive({ signal: AbortSignal.timeout(1) }), { name: "TimeoutError" });
  }));

test("a send that is given up before it began leaves the connection as it was", () =>
  withPair({ smallBuffers: true }, async (client, server) => {
    const reason = new Error("enough");
    const aborted = AbortSignal.abort(reason);
    await assert.rejects(client.send(bytes("no"), { signal: aborted }), reason);
    await assert.rejects(client.updateKeys({ requestPeer: false, signal: aborted }), reason);
    await assert.rejects(client.closeWrite({ signal: aborted }), reason);
    const controller = new AbortController();
    const first = client.send(pattern(1 << 20));
    const second = client.send(bytes("never"), { signal: controller.signal });
    controller.abort(reason);
    await assert.rejects(second, reason);
    await Promise.all([first, receiveAll(server, 1 << 20)]);
    await client.send(bytes("yes"));
    assert.equal(text(await server.receive()), "yes");
  }));

test("a send that is given up half way is the last, and the peer is not told that it was all", () =>
  withPair({ smallBuffers: true }, async (client, server) => {
    const controller = new AbortController();
    const sending = client.send(pattern(1 << 20), { signal: controller.signal });
    await server.receive();
    controller.abort();
    await assert.rejects(sending, { name: "AbortError" });
    await assert.rejects(client.send(bytes("more")), TlsStateError);
    await client.close({ linger: 0 });
    await assert.rejects(async () => {
      while (await server.receive() !== undefined);
    }, TlsTruncatedError);
  }));

test("a wrong key fails the handshake on both sides, and leaves no descriptor", async () => {
  const before = openSockets();
  using listener = listenTcp();
  const wrong = { ...psk256, key: new Uint8Array(32) };
  const results = await Promise.allSettled([
    connectKtls({ hostname: "127.0.0.1", port: listener.port }, { psks: [wrong] }, { records }),
    listener.accept().then((fd) => acceptKtls(fd, serverTls, { records })),
  ]);
  for (const [i, result] of results.entries()) {
    assert(result.status === "rejected" && result.reason instanceof TlsAlertError, `${i}`);
    assert.equal(result.reason.alert, 51);
    assert.equal(result.reason.fromPeer, i === 0);
  }
  listener.close();
  assert.equal(openSockets(), before);
});

test("a peer that says nothing does not hold up a handshake for ever", async () => {
  const [fd, silent] = loopbackPair();
  try {
    await assert.rejects(connectKtls(fd, clientTls, { records, handshakeTimeout: 20 }), {
      name: "TimeoutError",
    });
    assert(!isOpen(fd));
  } finally {
    sockets().close(silent);
  }
});

test("a signal ends the handshake, and a peer that goes away", async () => {
  const [fd, silent] = loopbackPair();
  const reason = new Error("enough");
  const controller = new AbortController();
  const waiting = acceptKtls(fd, serverTls, { records, signal: controller.signal });
  controller.abort(reason);
  await assert.rejects(waiting, reason);
  sockets().close(silent);
  const [third, ready] = loopbackPair();
  const signal = AbortSignal.abort(reason);
  await assert.rejects(connectKtls(third, clientTls, { records, signal }), reason);
  assert(!isOpen(third));
  sockets().close(ready);
  const [other, gone] = loopbackPair();
  sockets().close(gone);
  await assert.rejects(acceptKtls(other, serverTls, { records }), TlsTruncatedError);
});

test("options that cannot work are told at once, and the descriptor that was given is closed", async () => {
  for (const options of [{ recordsPerKey: 7 }, { recordsPerKey: NaN }, { handshakeTimeout: 0 }]) {
    const [fd, peer] = loopbackPair();
    await assert.rejects(acceptKtls(fd, serverTls, { records, ...options }), RangeError);
    assert(!isOpen(fd));
    sockets().close(peer);
  }
  await assert.rejects(connectKtls({ hostname: "127.0.0.1", port: 1 }, {}, { records }), TypeError);
});

test("what is no TCP socket is refused by the system", async () => {
  const fd = sockets().socket(16, 3, 0); // netlink
  await assert.rejects(acceptKtls(fd, serverTls, { records }), { name: "SystemError" });
  assert(!isOpen(fd));
  await assert.rejects(acceptKtls(-1, serverTls, { records }), { code: "EBADF" });
});

Deno.test({
  name: `a kernel without TLS is told before anything else${
    support.ulp ? " (ignored: this kernel has it)" : ""
  }`,
  ignore: support.ulp,
  fn: async () => {
    const [fd, peer] = loopbackPair();
    await assert.rejects(acceptKtls(fd, serverTls), KtlsUnsupportedError);
    assert(!isOpen(fd));
    sockets().close(peer);
    const target = { hostname: "127.0.0.1", port: 1 };
    await assert.rejects(connectKtls(target, clientTls), KtlsUnsupportedError);
  },
});

Deno.test("left to itself a connection uses the kernel where it can", () =>
  withPair({ ktls: { records: "auto" } }, (client, server) => {
    assert.deepEqual([client.recordsBy, server.recordsBy], [records, records]);
    return Promise.resolve();
  }));

test("many connections at once, of one listener", async () => {
  const before = openSockets();
  const listener = listenTcp();
  const serving: Promise<void>[] = [];
  const all = (async () => {
    for await (const fd of listener) {
      serving.push((async () => {
        await using socket = await acceptKtls(fd, serverTls, { records, handshakeTimeout: 60_000 });
        for await (const data of socket) await socket.send(data);
      })());
    }
  })();
  const target = { hostname: "127.0.0.1", port: listener.port };
  await Promise.all(Array.from({ length: 40 }, async (_, i) => {
    await using socket = await connectKtls(target, clientTls, { records, handshakeTimeout: 60_000 });
    await socket.send(bytes(`number ${i}`));
    await socket.updateKeys({ requestPeer: true });
    assert.equal(text(await socket.receive()), `number ${i}`);
  }));
  await Promise.all(serving);
  listener.close();
  await all;
  assert.equal(openSockets(), before);
});

test("a hundred connections leave no descriptor behind", async () => {
  const before = openSockets();
  for (let i = 0; i < 100; i++) {
    await withPair({}, async (client, server) => {
      await client.send(bytes("hello"));
      assert.equal(text(await server.receive()), "hello");
      await Promise.all([client.close(), server.close()]);
    });
  }
  assert.equal(openSockets(), before);
});
