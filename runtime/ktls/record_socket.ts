/** A connection that carries TLS records, whoever protects them. @module */
import type { KtlsKeys } from "./crypto_info.ts";
import type { WaitOptions } from "./socket_io.ts";

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
  /**
   * Sends content as one record, or as many as it takes: how many of its bytes were taken. Those are on their way; they
   * are all unless the signal was aborted before there was room for the rest. An alert or a KeyUpdate is taken whole or
   * not at all. An aborted signal means not to wait. Throws `SystemError`.
   */
  send(type: number, bytes: Uint8Array, options?: WaitOptions): Promise<number>;
  /**
   * The next record, or `undefined` when the peer has ended the connection. Throws `RekeyNeededError` after a KeyUpdate,
   * `BadRecordError` for what does not decrypt, `TruncatedRecordError`, `SystemError`; the signal's reason, and then no
   * record is lost.
   */
  receive(options?: WaitOptions): Promise<TlsRecord | undefined>;
  /** Sets the keys to send with from the next record on; those of the same suite as before. */
  setTx(keys: KtlsKeys): void;
  /** Sets the keys to receive with from the next record on, and ends the wait for them. */
  setRx(keys: KtlsKeys): void;
  /** Ends what waits, now and later, with an error. What need not wait is still done. */
  interrupt(error: Error): void;
  /** Ends all waits, wipes keys and closes the descriptor. */
  close(): void;
}

/** Content type of alerts. */
export const ALERT = 21;
/** Content type of handshake messages. */
export const HANDSHAKE = 22;
/** Content type of application data. */
export const APPLICATION_DATA = 23;
/** First byte of a KeyUpdate message. */
export const KEY_UPDATE = 24;
/** Most bytes of content in one record. */
export const MAX_CONTENT: number = 2 ** 14;
