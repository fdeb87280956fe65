/** What of a connection outlives its handshake: enough to rekey it later, from anywhere (RFC 8446 section 7.2). @module */
import { wipe } from "./bytes.ts";
import { type CipherSuite, type CipherSuiteName, cipherSuites } from "./suites.ts";
import { type Direction, Traffic, type TrafficKeys } from "./traffic.ts";
import { Reader, Writer } from "./wire.ts";

/** Which side of a connection one is. */
export type Role = "client" | "server";

/** What sends and what receives. */
export type BothDirections = { readonly [direction in Direction]: Traffic };

/** What protects the records of a state: for the engine, which alone knows the type. */
export let trafficOf: (state: SessionState) => BothDirections;

const formatVersion = 1;

/** Suite, role and both traffic secrets of an open connection. Made by a handshake or by {@linkcode importState}. */
export class SessionState {
  /** Which side we are. */
  readonly role: Role;
  /** The suite that was negotiated. */
  readonly suite: CipherSuiteName;
  /** Most bytes of content, type and padding that the peer takes in a record (RFC 8449): 64 to 16,385. */
  readonly peerRecordSizeLimit: number;
  /** Records that one key may protect before it must be changed (RFC 8446 section 5.5): 2^24 for AES-GCM. */
  readonly recordLimit: number;
  readonly #traffic: BothDirections;

  /** Used by the engine; others get a state from {@linkcode importState}. */
  constructor(role: Role, suite: CipherSuite, limit: number, traffic: BothDirections) {
    this.role = role;
    this.suite = suite.name;
    this.peerRecordSizeLimit = limit;
    this.recordLimit = suite.recordLimit;
    this.#traffic = traffic;
  }

  static {
    trafficOf = (state) => state.#traffic;
  }

  /** Keys of one direction in the form of the kernel's crypto_info. */
  trafficKeys(direction: Direction): TrafficKeys {
    return this.#traffic[direction].keys();
  }

  /** How many KeyUpdates one direction has had. */
  generation(direction: Direction): number {
    return this.#traffic[direction].generation;
  }

  /** Steps one direction on, as a KeyUpdate does: the next secret, sequence number 0. The old secret is wiped. */
  advance(direction: Direction): void {
    this.#traffic[direction].advance();
  }

  /**
   * The state as bytes for a keyring: format version, role, suite, record size limit, and for each direction its
   * generation, sequence number and secret. These are secrets: wipe them after use.
   */
  export(): Uint8Array {
    const { send, receive } = this.#traffic;
    const suite = cipherSuites.find(({ name }) => name === this.suite)!;
    const parts = [receive.export(), send.export()];
    const bytes = new Uint8Array(6 + parts[0]!.length + parts[1]!.length);
    bytes.set(
      new Writer().u8(formatVersion).u8(this.role === "client" ? 1 : 2).u16(suite.id)
        .u16(this.peerRecordSizeLimit).finish(),
    );
    bytes.set(parts[0]!, 6);
    bytes.set(parts[1]!, 6 + parts[0]!.length);
    wipe(...parts);
    return bytes;
  }

  /** Wipes all secrets. */
  destroy(): void {
    this.#traffic.send.destroy();
    this.#traffic.receive.destroy();
  }
}

function readTraffic(from: Reader, suite: CipherSuite): Traffic {
  const generation = from.u32();
  const sequence = from.u32() * 2 ** 32 + from.u32();
  const secret = from.vector(1).slice();
  if (!Number.isSafeInteger(sequence) || secret.length !== suite.hash.length) {
    throw new TypeError("out of range");
  }
  return new Traffic(suite, secret, sequence, generation);
}

/**
 * Reads what {@linkcode SessionState.export} wrote. Throws a TypeError, without any of the bytes in it, for anything
 * else: another format version, an unknown suite, bytes missing or too many.
 *
 * ```ts
 * import { importState, type SessionState } from "@tynl/tynl/tls";
 *
 * function rekeyReceiving(stored: Uint8Array): SessionState {
 *   const state = importState(stored);
 *   state.advance("receive"); // now state.trafficKeys("receive") goes to TLS_RX, state.export() back to the keyring
 *   return state;
 * }
 * ```
 */
export function importState(bytes: Uint8Array): SessionState {
  try {
    const from = new Reader(bytes, "state");
    const version = from.u8();
    const role = from.u8();
    const id = from.u16();
    const limit = from.u16();
    const suite = cipherSuites.find((candidate) => candidate.id === id);
    if (
      version !== formatVersion || role < 1 || role > 2 || suite === undefined || limit < 64 || limit > 16385
    ) {
      throw new TypeError("out of range");
    }
    const receive = readTraffic(from, suite);
    const send = readTraffic(from, suite);
    from.end();
    return new SessionState(role === 1 ? "client" : "server", suite, limit, { send, receive });
  } catch {
    throw new TypeError(`not an exported TLS state of format ${formatVersion}`);
  }
}
