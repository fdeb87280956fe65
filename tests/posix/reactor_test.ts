/** Waiting for descriptors. */
import assert from "node:assert/strict";
import { loopbackPair } from "../../runtime/ktls/mod.ts";
import {
  type Bytes,
  readable,
  sockets,
  stopWaiting,
  SystemError,
  writable,
} from "../../runtime/posix/mod.ts";

const calls = sockets();
const byte: Bytes = Uint8Array.of(7);

async function withPair(test: (fd: number, peer: number) => Promise<void>): Promise<void> {
  const [fd, peer] = loopbackPair();
  try {
    await test(fd, peer);
  } finally {
    for (const each of [fd, peer]) {
      stopWaiting(each);
      calls.close(each);
    }
  }
}

/** Fills the buffers between both: how many bytes that took. */
function fill(fd: number): number {
  const much: Bytes = new Uint8Array(1 << 16);
  for (let all = 0;;) {
    const count = calls.send(fd, much, much.length, 0x40);
    if (count === -1) return all;
    all += count;
  }
}

Deno.test("a wait to read ends when there is something to read", () =>
  withPair(async (fd, peer) => {
    const waiting = readable(fd);
    calls.send(peer, byte, 1, 0);
    assert.equal(await waiting, true);
    assert.equal(await readable(fd), true);
  }));

Deno.test("a wait to write ends at once, or when there is room", () =>
  withPair(async (fd, peer) => {
    assert.equal(await writable(fd), true);
    const all = fill(fd);
    let room = false;
    const waiting = writable(fd).then((ready) => room = ready);
    assert.equal(room, false);
    const buffer: Bytes = new Uint8Array(1 << 20);
    for (let got = 0; got < all;) got += calls.recv(peer, buffer, buffer.length, 0);
    assert.equal(await waiting, true);
  }));

Deno.test("both directions of a descriptor are waited for at once", () =>
  withPair(async (fd, peer) => {
    const reading = readable(fd);
    assert.equal(await writable(fd), true);
    assert.equal(await writable(fd), true);
    calls.send(peer, byte, 1, 0);
    assert.equal(await reading, true);
  }));

Deno.test("several wait for the same, and all are told", () =>
  withPair(async (fd, peer) => {
    const waiting = [readable(fd), readable(fd), readable(fd)];
    calls.send(peer, byte, 1, 0);
    assert.deepEqual(await Promise.all(waiting), [true, true, true]);
  }));

Deno.test("two that wait and try again do not keep each other from waiting", () =>
  withPair(async (fd, peer) => {
    let turns = 0;
    const read = async () => {
      const buffer: Bytes = new Uint8Array(1);
      while (calls.recv(fd, buffer, 1, 0x40) === -1) {
        await readable(fd);
        turns++;
      }
    };
    const reading = [read(), read()];
    // Timers have their turn only if nobody spins.
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(turns, 0);
    calls.send(peer, Uint8Array.of(1, 2), 2, 0);
    await Promise.all(reading);
  }));

Deno.test("the peer's end is something for everybody", () =>
  withPair(async (fd, peer) => {
    fill(fd);
    const waiting = [readable(fd), writable(fd)];
    calls.connect(peer, new Uint8Array(16), 16); // to AF_UNSPEC: a reset
    assert.deepEqual(await Promise.all(waiting), [true, true]);
  }));

Deno.test("waits that are given up say so", () =>
  withPair(async (fd) => {
    fill(fd);
    const waiting = [readable(fd), readable(fd), writable(fd)];
    stopWaiting(fd);
    assert.deepEqual(await Promise.all(waiting), [false, false, false]);
    stopWaiting(fd);
  }));

Deno.test("what is no descriptor is EBADF, what cannot be waited for EPERM", async () => {
  await assert.rejects(
    readable(1_000_000),
    (error: unknown) => error instanceof SystemError && error.code === "EBADF",
  );
  const file = await Deno.makeTempFile();
  const fd = openFile(file);
  try {
    await assert.rejects(
      readable(fd),
      (error: unknown) => error instanceof SystemError && error.code === "EPERM",
    );
  } finally {
    calls.close(fd);
    await Deno.remove(file);
  }
});

/** open(2): Deno's own files have no descriptor to be had. */
function openFile(path: string): number {
  const libc = Deno.dlopen("libc.so.6", {
    open: { parameters: ["buffer", "i32"], result: "i32" },
  });
  const fd = libc.symbols.open(new TextEncoder().encode(`${path}\0`), 0);
  libc.close();
  assert(fd >= 0);
  return fd;
}

Deno.test("a number that is used again is another descriptor", () =>
  withPair(async (fd) => {
    const stale = readable(fd);
    stopWaiting(fd);
    assert.equal(await stale, false);
    await withPair(async (other, peer) => {
      const waiting = readable(other);
      calls.send(peer, byte, 1, 0);
      assert.equal(await waiting, true);
    });
  }));

/** Descriptors that any epoll of this process has registered. */
function registered(): Set<number> {
  const found = new Set<number>();
  for (const { name } of Deno.readDirSync("/proc/self/fdinfo")) {
    let text = "";
    try {
      text = Deno.readTextFileSync(`/proc/self/fdinfo/${name}`);
    } catch {
      // That of the directory itself is closed by now.
    }
    for (const [, fd] of text.matchAll(/^tfd:\s+(\d+)/gm)) found.add(Number(fd));
  }
  return found;
}

Deno.test("nothing is left of a descriptor whose socket lives on elsewhere", () =>
  withPair(async (fd, peer) => {
    const copy = calls.fcntl(fd, 0, 0); // F_DUPFD
    try {
      calls.send(peer, byte, 1, 0);
      assert.equal(await readable(copy), true);
      assert(registered().has(copy));
      stopWaiting(copy);
      assert(!registered().has(copy));
    } finally {
      calls.close(copy);
    }
  }));

Deno.test("waiting does not keep a process alive once it is given up, and does until then", async () => {
  const module = new URL("../../runtime/posix/mod.ts", import.meta.url).href;
  const pair = new URL("../../runtime/ktls/loopback.ts", import.meta.url).href;
  const script = `import { readable, stopWaiting } from ${JSON.stringify(module)};
    import { loopbackPair } from ${JSON.stringify(pair)};
    const [fd] = loopbackPair();
    setTimeout(() => stopWaiting(fd), 50);
    console.log(await readable(fd));`;
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-config", script],
    signal: AbortSignal.timeout(120_000),
  }).output();
  assert.equal(code, 0);
  assert.equal(new TextDecoder().decode(stdout).trim(), "false");
});

Deno.test("a Worker that is terminated while it waits does no harm", () =>
  withPair(async (fd, peer) => {
    const module = new URL("../../runtime/posix/mod.ts", import.meta.url).href;
    const source = `import { readable } from ${JSON.stringify(module)};
      readable(${fd});
      postMessage("waiting");`;
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const worker = new Worker(url, { type: "module" });
    try {
      await new Promise((resolve) => worker.onmessage = resolve);
    } finally {
      worker.terminate();
      URL.revokeObjectURL(url);
    }
    calls.send(peer, byte, 1, 0);
    assert.equal(await readable(fd), true);
  }));
