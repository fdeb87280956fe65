/** A connection that carries TLS records, whoever protects them. @module */
import type { KtlsKeys } from "./crypto_info.ts";

/** What a record carries (RFC 8446, section 5.1), such as 22 for handshake messages. */
export interface TlsRecord {
  /** Its content type: 21 alert, 22 handshake, 23 application data. */
  readonly type: number;
  /** Its content, in a buffer of its own. Application data of several records may come together. */
  readonly bytes: Uint8Array;
}

/**
 * A TCP connection after its handshake, whose records the kernel protects, or we do. Both act alike: after a
 * KeyUpdate was received, `receive` throws `RekeyNeededError` until `setRx`; a KeyUpdate is sent by
 * `send(22, …)` before `setTx`. One `send` and one `receive` at a time.
 */
export interface RecordSocket {
  /** Sends content as one record, or as many as it takes. Resolves when the kernel has it all. */
  send(type: number, bytes: Uint8Array): Promise<void>;
  /**
   * The next record, or `undefined` when the peer has ended the connection. Throws `RekeyNeededError` after a KeyUpdate,
   * `BadRecordError` for what does not decrypt, `TruncatedRecordError`, `SystemError`.
   */
  receive(): Promise<TlsRecord | undefined>;
  /** Sets the keys to send with from the next record on; those of the same suite as before. */
  setTx(keys: KtlsKeys): void;
  /** Sets the keys to receive with from the next record on, and ends the wait for them. */
  setRx(keys: KtlsKeys): void;
  /** Ends all waits, wipes keys and closes the descriptor. */
  close(): void;
}

/** Content type of handshake messages. */
export const HANDSHAKE = 22;
/** Content type of application data. */
export const APPLICATION_DATA = 23;
/** First byte of a KeyUpdate message. */
export const KEY_UPDATE = 24;
/** Most bytes of content in one record. */
export const MAX_CONTENT: number = 2 ** 14;
