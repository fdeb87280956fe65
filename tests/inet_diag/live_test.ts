/** The spec of sock_diag against the running kernel, and against ss(8): with code that is generated on the spot. */
import assert from "node:assert/strict";
import { open, type Transport } from "../../mod.ts";
import { loopbackPair } from "../../runtime/ktls/mod.ts";
import { kernel } from "../../runtime/netlink/mod.ts";
import { sockets } from "../../runtime/posix/mod.ts";
import {
  decodePayload,
  encodeMessage,
  type Family,
  MessageFlags,
  Messages,
  MessageType,
  Writer,
} from "../../runtime/wire/mod.ts";

const root = new URL("../../", import.meta.url);

/** What the tests read of a socket. */
interface DiagSocket {
  header: {
    family: number;
    state: number;
    inode: number;
    id: { sport: number; dport: number; src: Uint8Array; cookieLow: number; cookieHigh: number };
  };
  cong?: string;
  shutdown?: number;
  protocol?: number;
  info?: Uint8Array;
}

async function generate(): Promise<Family> {
  const out = await Deno.makeTempDir();
  try {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "cli/main.ts", "generate", "--family", "inet-diag", "--out", out].concat(
        ["--runtime", new URL("runtime/wire/mod.ts", root).href],
      ),
      cwd: root,
      env: { NO_COLOR: "1" },
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    return (await import(`file://${out}/inet-diag/mod.ts`)).inetDiag;
  } finally {
    await Deno.remove(out, { recursive: true });
  }
}

const family = await generate();
const { sockDiagByFamily: request } = family.operations;
const { "sock-destroyed": socketFormat } = family.events;

/** Every TCP socket of a family of addresses (`2` or `10`) in the states of a mask. */
function dump(addresses: number, states: number): DiagSocket[] {
  const transport: Transport = kernel().connect(4);
  try {
    const writer = new Writer();
    const id = {
      sport: 0,
      dport: 0,
      src: new Uint8Array(16),
      dst: new Uint8Array(16),
      if: 0,
      cookieLow: 0xffffffff,
      cookieHigh: 0xffffffff,
    };
    // INET_DIAG_INFO, CONG and SHUTDOWN are wanted.
    const header = { family: addresses, protocol: 6, ext: 1 << 1 | 1 << 3 | 1 << 7, states, id };
    const flags = MessageFlags.request | MessageFlags.dump;
    encodeMessage(writer, request!, { header }, { type: request!.request, flags, sequence: 1 });
    transport.send(writer.bytes.subarray(0, writer.length));
    const found: DiagSocket[] = [];
    for (;;) {
      const length = transport.receive();
      assert(length > 0, "the dump ended without NLMSG_DONE");
      const messages = new Messages(transport.buffer, length);
      while (messages.next()) {
        if (messages.type === MessageType.done) return found;
        assert.equal(messages.type, socketFormat!.id);
        found.push(decodePayload(messages.reader, messages.end, socketFormat!) as unknown as DiagSocket);
      }
    }
  } finally {
    transport.close();
  }
}

function cookieOf({ header: { id } }: DiagSocket): bigint {
  return BigInt(id.cookieHigh) << 32n | BigInt(id.cookieLow);
}

/** SO_COOKIE (57) of SOL_SOCKET (1). */
function cookie(fd: number): bigint {
  const value = new Uint8Array(8);
  assert.equal(sockets().getsockopt(fd, 1, 57, value, Uint32Array.of(8)), 0);
  return new DataView(value.buffer).getBigUint64(0, true);
}

function closePair(pair: readonly number[]): void {
  for (const fd of pair) sockets().close(fd);
}

Deno.test("live: a dump finds both ends of a connection by their cookies", () => {
  const pair = loopbackPair();
  try {
    const all = dump(2, 1 << 1);
    const [a, b] = pair.map((fd) => all.find((socket) => cookieOf(socket) === cookie(fd)));
    assert(a && b);
    for (const socket of [a, b]) {
      assert.equal(socket.header.family, 2);
      assert.equal(socket.header.state, 1);
      assert.equal(socket.shutdown, 0);
      assert.deepEqual([...socket.header.id.src.subarray(0, 4)], [127, 0, 0, 1]);
      assert(socket.info!.length >= 232);
      // The first byte of struct tcp_info is the state.
      assert.equal(socket.info![0], 1);
    }
    assert.equal(a.header.id.sport, b.header.id.dport);
    assert.equal(a.header.id.dport, b.header.id.sport);
  } finally {
    closePair(pair);
  }
});

Deno.test("live: a closed connection is told to the group, with the cookie that it had", async () => {
  const client = await open(family);
  try {
    const events = client.subscribe("sknlgrp-inet-tcp-destroy", { signal: AbortSignal.timeout(60_000) });
    const pair = loopbackPair();
    const awaited = new Set(pair.map(cookie));
    closePair(pair);
    for await (const event of events) {
      assert.equal(event.name, "sock-destroyed");
      const message = (event as unknown as { message: DiagSocket }).message;
      if (!awaited.delete(cookieOf(message))) continue;
      assert.equal(message.header.family, 2);
      assert.equal(message.protocol, 6);
      if (awaited.size === 0) break;
    }
    assert.equal(awaited.size, 0);
  } finally {
    await client.close();
  }
});

/** Established connections as ss(8) prints them, by cookie. */
function ss():
  | Map<bigint, { local: string; peer: string; inode: number; cong: string | undefined }>
  | undefined {
  try {
    const { success, stdout } = new Deno.Command("ss", {
      args: ["-4tineHO", "state", "established"],
    }).outputSync();
    if (!success) return undefined;
    const lines = new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
    return new Map(lines.map((line) => {
      const [, , local = "", peer = ""] = line.trim().split(/\s+/);
      const inode = Number(/ ino:(\d+)/.exec(line)?.[1] ?? 0);
      const cong = /\b(cubic|reno|bbr|dctcp|vegas)\b/.exec(line)?.[1];
      return [BigInt(`0x${/ sk:([0-9a-f]+)/.exec(line)![1]}`), { local, peer, inode, cong }];
    }));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

const listed = ss();

Deno.test({
  name: `live: sockets are those that ss lists${listed === undefined ? " (ignored: there is no ss)" : ""}`,
  ignore: listed === undefined,
  fn: () => {
    const pairs = Array.from({ length: 5 }, loopbackPair);
    try {
      const theirs = ss()!;
      const ours = new Map(dump(2, 1 << 1).map((socket) => [cookieOf(socket), socket]));
      for (const fd of pairs.flat()) {
        const [our, their] = [ours.get(cookie(fd))!, theirs.get(cookie(fd))!];
        assert(our && their);
        const { id, inode } = our.header;
        assert.equal(`127.0.0.1:${id.sport}`, their.local);
        assert.equal(`127.0.0.1:${id.dport}`, their.peer);
        assert.equal(inode, their.inode);
        assert.equal(our.cong, their.cong);
      }
    } finally {
      pairs.forEach(closePair);
    }
  },
});
