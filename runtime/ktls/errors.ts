/** Errors of kernel TLS and of record sockets. @module */

/** What the running kernel lacks. */
export type KtlsFeature = "ulp" | "cipher" | "rekey";

/** The running kernel cannot do what is asked for. The message says what to do about it. */
export class KtlsUnsupportedError extends Error {
  /** Always `KtlsUnsupportedError`. */
  override readonly name = "KtlsUnsupportedError";
  /** What it lacks: kernel TLS itself, a cipher, or new keys on a socket that has some. */
  readonly feature: KtlsFeature;

  /** Creates the error. */
  constructor(feature: KtlsFeature, message: string) {
    super(message);
    this.feature = feature;
  }
}

/**
 * The peer sent a KeyUpdate, so that nothing can be read until `setRx` has given the next keys: EKEYEXPIRED. Sending
 * goes on as before.
 */
export class RekeyNeededError extends Error {
  /** Always `RekeyNeededError`. */
  override readonly name = "RekeyNeededError";
  /** Always `EKEYEXPIRED`. */
  readonly code = "EKEYEXPIRED";

  /** Creates the error. */
  constructor() {
    super("EKEYEXPIRED: the peer has changed its keys; reading goes on after setRx with the next ones");
  }
}

/** A record that does not decrypt, or is none: EBADMSG. The connection is of no more use, unless the keys are wrong. */
export class BadRecordError extends Error {
  /** Always `BadRecordError`. */
  override readonly name = "BadRecordError";
  /** Always `EBADMSG`. */
  readonly code = "EBADMSG";
  /** The alert that tells the peer: bad_record_mac (20), record_overflow (22) or unexpected_message (10). */
  readonly alert: 10 | 20 | 22;

  /** Creates the error. */
  constructor(reason: string, alert: 10 | 20 | 22 = 20) {
    super(`EBADMSG: ${reason}`);
    this.alert = alert;
  }
}

/** The connection ended in the middle of a record. */
export class TruncatedRecordError extends Error {
  /** Always `TruncatedRecordError`. */
  override readonly name = "TruncatedRecordError";

  /** Creates the error. */
  constructor() {
    super("the connection ended in the middle of a record");
  }
}
