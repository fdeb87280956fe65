/** What a handshake and the connection around it know of each other. @module */
import { refuse } from "./alerts.ts";
import type { GroupName } from "./groups.ts";
import type { RecordProtection } from "./record.ts";
import type { HandshakeMessage } from "./record_reader.ts";
import type { SessionState } from "./state.ts";
import type { CipherSuiteName } from "./suites.ts";

/** What a handshake agreed on. */
export interface Session {
  /** The cipher suite. */
  readonly suite: CipherSuiteName;
  /** The key exchange group. */
  readonly group: GroupName;
  /** The identity of the PSK that authenticated both sides; absent after a handshake with certificates. */
  readonly pskIdentity?: Uint8Array;
  /** The peer's chain as it sent it, leaf first; `verifyPeer` has accepted it. Empty if it sent none. */
  readonly peerCertificates: readonly Uint8Array[];
  /** The application protocol. */
  readonly alpn?: string;
  /** The server's name that the client asked for. */
  readonly serverName?: string;
  /** Most bytes of content, type and padding that the peer takes in a record (RFC 8449). */
  readonly peerRecordSizeLimit: number;
  /** Whether the server asked for a second ClientHello. */
  readonly helloRetried: boolean;
}

/** The connection, as its handshake sees it. */
export interface HandshakeIo {
  /** Queues a handshake message; messages share records until {@linkcode flush}. */
  send(message: Uint8Array): void;
  /** Writes what is queued as records, the first ClientHello with version 0x0301. */
  flush(version?: number): void;
  /** Sends the change_cipher_spec of compatibility mode, once. */
  changeCipherSpec(): void;
  /** The message in hand must end its record: what comes next is under other keys. Else unexpected_message. */
  endOfRecord(): void;
  /** Reads with other keys from here on. Part of a message in hand gives unexpected_message. */
  readWith(protection: RecordProtection): void;
  /** Writes with other keys from here on. */
  writeWith(protection: RecordProtection): void;
  /** The peer's record_size_limit; ours holds from here on, too (RFC 8449 section 4: both sides have said theirs). */
  limitRecords(limit: number): void;
  /** The client may send early data, none of which is accepted. */
  refuseEarlyData(): void;
  /** The peer's first record under its new keys may be an alert without protection instead. */
  takePlainAlert(): void;
  /** The handshake is complete. */
  complete(session: Session, state: SessionState): void;
}

/** One side's handshake. */
export interface Handshake {
  /** Whether the first ClientHello is behind us: only then change_cipher_spec is borne (RFC 8446 section 5). */
  readonly begun: boolean;
  /** Sends what this side begins with. */
  start(): void;
  /** Takes the next message of the peer. */
  receive(message: HandshakeMessage): void;
  /** Wipes secrets that are left. */
  destroy(): void;
}

/** What a state does with the messages that it allows, by their types. */
export type Steps = { readonly [type: number]: (message: HandshakeMessage) => void };

/** Does what a state does with a message; one that it does not allow gives unexpected_message. */
export function step(steps: Steps, state: string, message: HandshakeMessage): void {
  const take = steps[message.type];
  if (take === undefined) {
    refuse("unexpectedMessage", `handshake message ${message.type} instead of ${state}`);
  }
  take(message);
}
