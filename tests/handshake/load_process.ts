/**
 * Handshakes, many at a time, with peers that are slow, die, say nothing, and consumers that give up: each request that
 * was accepted gets one report, and nothing is left behind. A process of its own, as descriptors and memory are counted.
 * Arguments: how many, how many at once, and the seed of what happens to whom.
 */
import assert from "node:assert/strict";
import { Auth, MsgType } from "../../generated/handshake/mod.ts";
import { kernelConnections } from "../../runtime/handshake/mod.ts";
import type { HandshakeRequest } from "../../runtime/testing/mod.ts";
import { createClient, createServer } from "../../runtime/tls/mod.ts";
import { Endpoint } from "../interop/peer.ts";
import { liveBytes } from "./heap.ts";
import { errno, openSockets, psk256, psk384, Rig } from "./rig.ts";
import { shutdown, until } from "./sockets.ts";

const [handshakes, atOnce, seed] = Deno.args.map(Number) as [number, number, number];

/** Numbers from 0 to 1, always the same ones (mulberry32, by Tommy Ettinger, public domain). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = state + 0x6d2b79f5 >>> 0;
    let mixed = Math.imul(state ^ state >>> 15, state | 1);
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61);
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** What becomes of a handshake, with how many of a hundred. */
const fates = { good: 70, cancelled: 10, silent: 8, leaves: 8, garbles: 4 };
type Fate = keyof typeof fates;

function fateOf(random: number): Fate {
  let left = random * 100;
  for (const [fate, share] of Object.entries(fates)) if ((left -= share) < 0) return fate as Fate;
  return "good";
}

interface Done {
  readonly fate: Fate;
  readonly request: HandshakeRequest;
  readonly status: number;
}

/** The other end: a handshake with pauses, as far as it goes. */
async function other(
  endpoint: Endpoint,
  peer: Deno.TcpConn,
  fate: Fate,
  random: () => number,
): Promise<void> {
  try {
    if (fate === "silent") {
      while (await peer.read(new Uint8Array(4096)) !== null);
    } else if (fate === "garbles") {
      await pause(random() * 20);
      // A whole record with a whole message, so that nothing more is waited for; there is no message of that type.
      const rest = Array.from({ length: 100 }, () => Math.floor(random() * 256));
      await peer.write(Uint8Array.of(22, 3, 3, 0, 104, 0xff, 0, 0, 100, ...rest));
      while (await peer.read(new Uint8Array(4096)) !== null);
    } else {
      let steps = fate === "leaves" ? Math.floor(random() * 4) : Infinity;
      await endpoint.flush();
      while (endpoint.tls.state !== "open" && steps-- > 0) {
        if (random() < 0.3) await pause(random() * 20);
        if (!await endpoint.step()) return;
      }
    }
  } catch {
    // The agent gave up, or was refused.
  }
}

async function one(rig: Rig, role: "client" | "server", fate: Fate, random: () => number): Promise<Done> {
  const strong = random() < 0.5;
  const psk = strong ? psk384 : psk256;
  const serial = strong ? rig.serials.psk384 : rig.serials.psk256;
  const { fd, peer } = await rig.connection();
  const tls = role === "client" ? createServer({ findPsk: () => psk }) : createClient({ psks: [psk] });
  const endpoint = new Endpoint(peer, tls);
  const request = rig.kernel.submit({
    fd,
    messageType: role === "client" ? MsgType.clienthello : MsgType.serverhello,
    timeout: fate === "silent" ? 100 + Math.floor(random() * 100) : 30_000,
    authMode: Auth.psk,
    peerIdentity: [serial],
  });
  const meeting = other(endpoint, peer, fate, random);
  if (fate === "cancelled") {
    await pause(random() * 10);
    request.cancel();
  }
  // One that leaves does so before the agent can know.
  if (fate === "leaves") {
    await meeting;
    endpoint[Symbol.dispose]();
  }
  const { status } = await request.outcome;
  await until("the report came", () => request.reports.length > 0 || !request.handed);
  if (fate === "good" && status === 0) {
    await meeting;
    await rig.records.of(fd).send("hello");
    await endpoint.receives(5);
  }
  if (rig.records.has(fd)) rig.records.forget(fd);
  shutdown(fd);
  await meeting;
  if (fate !== "leaves") endpoint[Symbol.dispose]();
  rig.release(fd);
  return { fate, request, status };
}

/** That an outcome is one that such a handshake may have. */
function assertFits({ fate, request, status }: Done): void {
  const fits: { readonly [fate in Fate]: readonly number[] } = {
    good: [0],
    cancelled: [0, errno.ECANCELED],
    silent: [errno.ETIMEDOUT],
    // What was sent before may have been all that there is to send.
    leaves: [0, errno.ECONNRESET, 107, 32],
    garbles: [errno.EPROTO],
  };
  assert(fits[fate].includes(status), `seed ${seed}: ${fate} is ${status}`);
  assert.equal(request.reports.length, request.handed === undefined ? 0 : 1, `seed ${seed}: ${fate}`);
  for (const { descriptor } of request.reports) assert.deepEqual(descriptor, request.handed);
}

const random = randomFrom(seed);
const rig = await Rig.start({ keyUpdates: true, pendingLimit: atOnce, connections: kernelConnections() });
const keys = rig.keys.size;
await until("the kernel is listened to", () => {
  return rig.events.some((event) => event.type === "decision" && event.about === "connections");
});
const first = await one(rig, "client", "good", random);
const open = openSockets();
const done: Done[] = [];
let begun = 0;
let memory = 0;
const worker = async () => {
  while (begun < handshakes) {
    const number = begun++;
    if (number === handshakes / 4) memory = liveBytes();
    done.push(await one(rig, number % 2 === 0 ? "client" : "server", fateOf(random()), random));
  }
};
await Promise.all(Array.from({ length: atOnce }, worker));
done.push(first);
done.forEach(assertFits);
const accepted = done.filter(({ request }) => request.handed !== undefined).length;
const status = rig.agent.status();
assert.deepEqual([status.accepted, status.active, status.waiting, status.unreported], [accepted, 0, 0, 0]);
assert.equal(rig.kernel.calls.filter(({ command }) => command === "done").length, accepted);
for (const fate of Object.keys(fates)) assert(done.some((each) => each.fate === fate), fate);
// The kernel tells that the connections have ended, and the sessions go with them.
await until("all sessions are gone", () => rig.agent.status().sessions === 0);
assert.equal(rig.keys.size, keys);
// A look at all connections may be under way.
await until("no more sockets are open", () => openSockets().size <= open.size);
assert.deepEqual(openSockets(), open);
// The events and requests that this test keeps are a few hundred bytes each.
const grown = (liveBytes() - memory) / (handshakes * 3 / 4);
assert(grown < 8192, `seed ${seed}: each handshake left ${grown} bytes behind`);
await rig[Symbol.asyncDispose]();
