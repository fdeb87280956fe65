/** Records over real TCP connections, which this process protects, and the kernel where it can. */
import assert from "node:assert/strict";
import { createCipheriv } from "node:crypto";
import {
  BadRecordError,
  type KtlsSuite,
  type RecordSocket,
  RekeyNeededError,
  SocketClosedError,
  TruncatedRecordError,
  UserRecordSocket,
} from "../../runtime/ktls/mod.ts";
import { sockets } from "../../runtime/posix/mod.ts";
import { keyUpdate, ktlsSuites, loopbackPair, protectors, recordPair, testKeys } from "./helpers.ts";

const text = (words: string) => new TextEncoder().encode(words);
const gcm = "TLS_AES_128_GCM_SHA256";

/** A record as OpenSSL's ciphers make it, by way of node:crypto. */
function opensslRecord(suite: KtlsSuite, seed: number, sequence: number, inner: Uint8Array): Uint8Array {
  const { key, salt, iv } = testKeys(suite, seed);
  const nonce = Uint8Array.of(...salt, ...iv);
  nonce[11]! ^= sequence;
  const algorithm = {
    TLS_AES_128_GCM_SHA256: "aes-128-gcm",
    TLS_AES_256_GCM_SHA384: "aes-256-gcm",
    TLS_CHACHA20_POLY1305_SHA256: "chacha20-poly1305",
  }[suite];
  const length = inner.length + 16;
  const header = Uint8Array.of(23, 3, 3, length >> 8, length & 0xff);
  const cipher = createCipheriv(algorithm as "aes-128-gcm", key, nonce);
  cipher.setAAD(header);
  return Uint8Array.of(...header, ...cipher.update(inner), ...cipher.final(), ...cipher.getAuthTag());
}

function raw(fd: number, bytes: Uint8Array): void {
  assert.equal(sockets().send(fd, bytes as Uint8Array<ArrayBuffer>, bytes.length, 0), bytes.length);
}

function recordTests(by: string, Protector: new (fd: number) => RecordSocket): void {
  const byKernel = by === "the kernel";
  const test = (name: string, body: () => Promise<void>) => Deno.test(`${by}: ${name}`, body);
  /** A receiver and the plain descriptor of its peer; both are closed at the end. */
  async function withRawPeer(
    suite: KtlsSuite,
    test: (receiver: RecordSocket, peer: number) => Promise<void>,
  ): Promise<void> {
    const [fd, peer] = loopbackPair();
    const receiver = new Protector(fd);
    receiver.setRx(testKeys(suite, 1));
    try {
      await test(receiver, peer);
    } finally {
      receiver.close();
      sockets().close(peer);
    }
  }

  async function withPair(
    suite: KtlsSuite,
    test: (a: RecordSocket, b: RecordSocket) => Promise<void>,
  ): Promise<void> {
    const [a, b] = recordPair(suite, Protector);
    try {
      await test(a, b);
    } finally {
      a.close();
      b.close();
    }
  }

  for (const suite of ktlsSuites) {
    test(`${suite}: records of OpenSSL's cipher are read, padding taken off`, async () => {
      await withRawPeer(suite, async (receiver, peer) => {
        raw(peer, opensslRecord(suite, 1, 0, Uint8Array.of(...text("hello"), 23)));
        raw(peer, opensslRecord(suite, 1, 1, Uint8Array.of(1, 0, 21, 0, 0, 0)));
        assert.deepEqual(await receiver.receive(), { type: 23, bytes: text("hello") });
        assert.deepEqual(await receiver.receive(), { type: 21, bytes: Uint8Array.of(1, 0) });
      });
    });

    test(`${suite}: records are those of OpenSSL's cipher`, async () => {
      const [fd, peer] = loopbackPair();
      const sender = new Protector(fd);
      try {
        sender.setTx(testKeys(suite, 1, 7));
        await sender.send(22, text("ticket"));
        const expected = opensslRecord(suite, 1, 7, Uint8Array.of(...text("ticket"), 22));
        const got = new Uint8Array(expected.length);
        assert.equal(sockets().recv(peer, got, got.length, 0x100), got.length); // MSG_WAITALL
        assert.deepEqual(got, expected);
      } finally {
        sender.close();
        sockets().close(peer);
      }
    });

    test(`${suite}: both directions change keys, one after the other, and data goes on`, async () => {
      await withPair(suite, async (a, b) => {
        for (let generation = 3; generation < 13; generation += 2) {
          await a.send(22, keyUpdate);
          a.setTx(testKeys(suite, generation));
          await a.send(23, text("after"));
          assert.deepEqual(await b.receive(), { type: 22, bytes: keyUpdate });
          await assert.rejects(b.receive(), RekeyNeededError);
          await b.send(23, text("meanwhile"));
          b.setRx(testKeys(suite, generation));
          assert.deepEqual(await b.receive(), { type: 23, bytes: text("after") });
          assert.deepEqual(await a.receive(), { type: 23, bytes: text("meanwhile") });
        }
      });
    });
  }

  test("after a KeyUpdate nothing is read until there are new keys, however often one tries", async () => {
    await withPair(gcm, async (a, b) => {
      await a.send(22, keyUpdate);
      await b.receive();
      for (let i = 0; i < 3; i++) {
        await assert.rejects(b.receive(), (error: Error) => {
          assert(error instanceof RekeyNeededError);
          assert.equal(error.code, "EKEYEXPIRED");
          return true;
        });
      }
    });
  });

  test("another handshake message asks for no new keys", async () => {
    await withPair(gcm, async (a, b) => {
      await a.send(22, Uint8Array.of(4, 0, 0, 0));
      await a.send(23, text("next"));
      assert.equal((await b.receive())?.type, 22);
      assert.deepEqual((await b.receive())?.bytes, text("next"));
    });
  });

  test("keys of another suite are EINVAL, and the old ones stay", async () => {
    await withPair(gcm, async (a, b) => {
      assert.throws(() => a.setTx(testKeys("TLS_AES_256_GCM_SHA384", 3)), { code: "EINVAL" });
      await a.send(23, text("still"));
      assert.deepEqual((await b.receive())?.bytes, text("still"));
    });
  });

  test("a record that does not decrypt stays, and is read with the right keys", async () => {
    await withPair(gcm, async (a, b) => {
      b.setRx(testKeys(gcm, 9));
      await a.send(23, text("patience"));
      await assert.rejects(b.receive(), BadRecordError);
      await assert.rejects(b.receive(), BadRecordError);
      b.setRx(testKeys(gcm, 1));
      assert.deepEqual((await b.receive())?.bytes, text("patience"));
    });
  });

  test("a megabyte goes both ways at once, while both buffers are full", async () => {
    await withPair(gcm, async (a, b) => {
      const large = new Uint8Array(1 << 20).map((_, i) => (i * 31) >> 3);
      const readAll = async (socket: RecordSocket) => {
        const all = new Uint8Array(large.length);
        for (let at = 0; at < all.length;) {
          const record = await socket.receive();
          all.set(record!.bytes, at);
          at += record!.bytes.length;
        }
        return all;
      };
      const [, , first, second] = await Promise.all([
        a.send(23, large),
        b.send(23, large),
        readAll(a),
        readAll(b),
      ]);
      assert.deepEqual(first, large);
      assert.deepEqual(second, large);
    });
  });

  test("the peer's end between records is the end", async () => {
    await withPair(gcm, async (a, b) => {
      await a.send(23, text("last"));
      a.close();
      assert.deepEqual((await b.receive())?.bytes, text("last"));
      assert.equal(await b.receive(), undefined);
    });
  });

  test("the peer's end within a header or a record is told", async () => {
    const record = opensslRecord(gcm, 1, 0, Uint8Array.of(1, 23));
    for (const length of [1, 4, 5, record.length - 1]) {
      await withRawPeer(gcm, async (receiver, peer) => {
        raw(peer, record.subarray(0, length));
        sockets().shutdown(peer, 1);
        // The kernel does not tell what is left of a record.
        if (byKernel) assert.equal(await receiver.receive(), undefined);
        else await assert.rejects(receiver.receive(), TruncatedRecordError);
      });
    }
  });

  test("what is no protected record is a bad one", async () => {
    const cases = {
      "a plain alert": Uint8Array.of(21, 3, 3, 0, 2, 2, 40),
      "a length beyond 16,401 bytes": Uint8Array.of(23, 3, 3, 0x40, 0x12),
      "no room for a tag": Uint8Array.of(23, 3, 3, 0, 3, 1, 2, 3),
      "no body": Uint8Array.of(23, 3, 3, 0, 0),
      "a record of padding alone": opensslRecord(gcm, 1, 0, new Uint8Array(8)),
      "an altered tag": opensslRecord(gcm, 1, 0, Uint8Array.of(1, 23)).map((byte, i) =>
        i === 20 ? byte ^ 1 : byte
      ),
    };
    for (const [name, bytes] of Object.entries(cases)) {
      await withRawPeer(gcm, async (receiver, peer) => {
        raw(peer, bytes);
        await assert.rejects(receiver.receive(), BadRecordError, name);
      });
    }
  });

  test("closing ends a wait", async () => {
    await withPair(gcm, async (a) => {
      const waiting = a.receive();
      a.close();
      await assert.rejects(waiting, SocketClosedError);
    });
  });

  test("an alert can be sent after a record that does not decrypt", async () => {
    await withPair(gcm, async (a, b) => {
      a.setTx(testKeys(gcm, 9));
      await a.send(23, text("what?"));
      await assert.rejects(b.receive(), { name: "BadRecordError", alert: 20 });
      await b.send(21, Uint8Array.of(2, 20));
      assert.deepEqual(await a.receive(), { type: 21, bytes: Uint8Array.of(2, 20) });
    });
  });

  test("a handshake message of 16,384 bytes is one record", async () => {
    await withPair(gcm, async (a, b) => {
      const message = new Uint8Array(16384).map((_, i) => i >> 6);
      await a.send(22, message);
      assert.deepEqual(await b.receive(), { type: 22, bytes: message });
    });
  });

  test("a signal ends the wait for room, and what was taken arrives whole", async () => {
    await withPair(gcm, async (a, b) => {
      const much = new Uint8Array(64 << 20);
      let taken = 0;
      // A machine that is busy takes longer than a signal to fill the buffers.
      for (let more = -1; more !== 0; taken += more) {
        more = await a.send(23, much, { signal: AbortSignal.timeout(50) });
        assert(more < much.length);
      }
      assert(taken > 0);
      // TCP may find room again by itself; it is full when an alert does not go in without a wait.
      const alert = { type: 21, bytes: Uint8Array.of(1, 90) };
      let alerts = 0;
      const signal = AbortSignal.abort();
      while (await a.send(alert.type, alert.bytes, { signal }) > 0) alerts++;
      // Nobody sends meanwhile: what was taken is on its way.
      for (let length = 0; length < taken;) length += (await b.receive())!.bytes.length;
      await a.send(alert.type, alert.bytes);
      for (let i = 0; i <= alerts; i++) assert.deepEqual(await b.receive(), alert);
    });
  });

  test("an interruption ends waits, now and later, and not what need not wait", async () => {
    await withPair(gcm, async (a, b) => {
      const reason = new Error("enough");
      const waiting = assert.rejects(a.receive(), reason);
      a.interrupt(reason);
      await waiting;
      await assert.rejects(a.receive(), reason);
      await a.send(21, Uint8Array.of(2, 80));
      assert.equal((await b.receive())?.type, 21);
      await b.send(23, text("late"));
      assert.deepEqual((await a.receive())?.bytes, text("late"));
    });
  });

  test("a receive that is given up in the middle of a record goes on where it was", async () => {
    await withRawPeer(gcm, async (receiver, peer) => {
      const record = opensslRecord(gcm, 1, 0, Uint8Array.of(...text("whole"), 23));
      for (const [from, to] of [[0, 3], [3, 10], [10, record.length]] as const) {
        const waiting = assert.rejects(receiver.receive({ signal: AbortSignal.timeout(5) }), {
          name: "TimeoutError",
        });
        await waiting;
        raw(peer, record.subarray(from, to));
      }
      assert.deepEqual((await receiver.receive())?.bytes, text("whole"));
    });
  });
}

for (const [by, Protector] of Object.entries(protectors)) recordTests(by, Protector);

Deno.test("the process: sending or receiving without keys is EINVAL", async () => {
  const [a, b] = loopbackPair().map((fd) => new UserRecordSocket(fd)) as [UserRecordSocket, UserRecordSocket];
  try {
    await assert.rejects(a.send(23, text("x")), { code: "EINVAL" });
    b.setTx(testKeys(gcm, 1));
    await b.send(23, text("x"));
    await assert.rejects(a.receive(), { code: "EINVAL" });
  } finally {
    a.close();
    b.close();
  }
});
