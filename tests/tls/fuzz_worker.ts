/**
 * Damages flights and hands them to fresh connections, away from the tests: what never returns can be stopped here,
 * and only here. See fuzz_test.ts.
 *
 * @module
 */
import assert from "node:assert/strict";
import { AlertDescription } from "../../runtime/tls/alerts.ts";
import { ClientHandshake } from "../../runtime/tls/client.ts";
import { TlsConnection } from "../../runtime/tls/connection.ts";
import { x25519FromPrivate } from "../../runtime/tls/groups.ts";
import type { HandshakeIo } from "../../runtime/tls/handshake.ts";
import { type ClientOptions, type ServerOptions, TlsAlertError } from "../../runtime/tls/mod.ts";
import { defaultHooks, type Hooks } from "../../runtime/tls/options.ts";
import { maxCiphertext } from "../../runtime/tls/record.ts";
import { ServerHandshake } from "../../runtime/tls/server.ts";
import { certificate, expects, findAmong, psk } from "./pairs.ts";
import { mutate, numbers } from "./x509/mutate.ts";

/** The handshakes that are attacked. */
export type Mode = "a PSK" | "a retry" | "certificates";

/** Who is attacked, and how often. */
export interface Job {
  readonly victim: "client" | "server";
  readonly mode: Mode;
  readonly runs: number;
}

/** What became of it, or the first thing that must not happen. */
export type Outcome = { readonly refused: number; readonly borne: number } | { readonly fault: string };

// Ed25519 signatures are alike each time, so that recorded flights fit to new connections.
const signed = { certificates: [certificate("ed25519")], verifyPeer: expects("ed25519") };
const modes: { readonly [mode in Mode]: readonly [ClientOptions, ServerOptions] } = {
  "a PSK": [{ psks: [psk()], serverName: "a.test", alpn: ["nfs"] }, {
    findPsk: findAmong(psk()),
    alpn: ["nfs"],
  }],
  "a retry": [{ psks: [psk()] }, { findPsk: findAmong(psk()), helloRetryCookie: new Uint8Array(40) }],
  "certificates": [signed, { ...signed, clientCertificate: "require" }],
};

const fixed: Hooks = {
  ...defaultHooks,
  random: (length) => new Uint8Array(length).fill(length),
  generate: () => x25519FromPrivate(new Uint8Array(32).fill(1)),
  respond: (_group, share) => {
    const pair = x25519FromPrivate(new Uint8Array(32).fill(2));
    return { share: pair.share, secret: pair.derive(share) };
  },
};

type Change = (message: Uint8Array) => Uint8Array;

function connection(
  role: "client" | "server",
  mode: Mode,
  change: Change = (message) => message,
): TlsConnection {
  const [client, server] = modes[mode];
  const altered = (io: HandshakeIo) => ({ ...io, send: (message: Uint8Array) => io.send(change(message)) });
  return role === "client"
    ? new TlsConnection(client, (io) => new ClientHandshake(altered(io), client, fixed))
    : new TlsConnection(server, (io) => new ServerHandshake(altered(io), server, fixed));
}

/** The flights of a sound handshake, the client's first. */
function flightsOf(mode: Mode): readonly Uint8Array[] {
  const sides = [connection("client", mode), connection("server", mode)] as const;
  const flights: Uint8Array[] = [];
  for (let turn = 0;; turn++) {
    const flight = sides[turn % 2]!.takeOutgoing();
    if (flight.length === 0) break;
    flights.push(flight);
    sides[(turn + 1) % 2]!.receive(flight);
  }
  assert(sides.every(({ state }) => state === "open"));
  return flights;
}

/** Gives bytes to the victim; tells whether it refused them, and fails if it did anything but that or go on. */
function attack(victim: TlsConnection, bytes: Uint8Array): boolean {
  let refused = false;
  try {
    victim.receive(bytes);
  } catch (error) {
    refused = true;
    assert(error instanceof TlsAlertError, String(error instanceof Error ? error.stack : error));
    const { cause } = error;
    assert.notEqual(
      error.alert,
      AlertDescription.internalError,
      cause instanceof Error ? cause.stack : String(cause),
    );
    assert.equal(victim.state, "closed");
    assert.equal(victim.takeOutgoing().length > 0, !error.fromPeer, "an alert for the peer");
  }
  assert(victim.bytesBuffered <= 5 + maxCiphertext, `${victim.bytesBuffered} bytes buffered`);
  assert(victim.takeOutgoing().length < 8192);
  return refused;
}

/** Damages the records of one flight. */
function damagedRecords(role: Job["victim"], mode: Mode, random: (limit: number) => number): boolean {
  const flights = recorded.get(mode)!;
  const own = role === "client" ? 1 : 0;
  const turns = flights.map((_, turn) => turn).filter((turn) => turn % 2 === own);
  const chosen = turns[random(turns.length)]!;
  const victim = connection(role, mode);
  for (const turn of turns) {
    victim.takeOutgoing();
    const flight = flights[turn]!;
    if (turn === chosen) return attack(victim, mutate(flight, flights[random(flights.length)]!, random));
    victim.receive(flight);
  }
  return false;
}

/** Damages one message before it is protected, so that what is inside of records is reached. */
function damagedMessage(role: Job["victim"], mode: Mode, random: (limit: number) => number): boolean {
  const victim = connection(role, mode);
  let countdown = random(mode === "certificates" ? 5 : 3);
  let before: Uint8Array = Uint8Array.of(1, 2, 3);
  const rogue = connection(role === "client" ? "server" : "client", mode, (message) => {
    const damage = countdown-- === 0;
    const body = damage ? mutate(message.subarray(4), before, random) : message.subarray(4);
    before = message;
    if (!damage) return message;
    // The length is right most of the time: otherwise the message would only wait for its end.
    const length = random(16) === 0 ? random(2 ** 24) : body.length;
    return Uint8Array.of(message[0]!, length >> 16, length >> 8 & 255, length & 255, ...body);
  });
  for (let round = 0; round < 4; round++) {
    const answer = rogue.takeOutgoing();
    if (answer.length > 0 && attack(victim, answer)) return true;
    try {
      rogue.receive(victim.takeOutgoing());
    } catch {
      // The rogue need not like what it is answered.
      return false;
    }
  }
  return false;
}

const recorded = new Map<Mode, readonly Uint8Array[]>();

function run({ victim, mode, runs }: Job): Outcome {
  if (!recorded.has(mode)) recorded.set(mode, flightsOf(mode));
  let refused = 0;
  for (let seed = 1; seed <= runs; seed++) {
    try {
      const damage = seed % 2 === 0 ? damagedRecords : damagedMessage;
      if (damage(victim, mode, numbers(seed * 7919))) refused++;
    } catch (error) {
      return { fault: `${victim}, ${mode}, seed ${seed}: ${error instanceof Error ? error.stack : error}` };
    }
  }
  return { refused, borne: runs - refused };
}

declare const self: {
  onmessage: (event: MessageEvent<Job>) => void;
  postMessage(outcome: Outcome): void;
};

self.onmessage = ({ data }) => self.postMessage(run(data));
