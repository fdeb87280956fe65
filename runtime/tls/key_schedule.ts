/** The key schedule (RFC 8446 section 7.1). @module */
import { wipe } from "./bytes.ts";
import { deriveSecret, expandLabel, hkdfExtract } from "./hkdf.ts";
import { type CipherSuite, cipherSuite, type CipherSuiteName, type Hash } from "./suites.ts";

/** What a PSK binder is derived for: a PSK from elsewhere, an imported one (RFC 9258), or one from a ticket. */
export type BinderKind = "ext binder" | "imp binder" | "res binder";

/**
 * Early, handshake and master secret, one after the other. Each step wipes the secret before it; what is derived
 * belongs to the caller.
 */
export class KeySchedule {
  readonly #hash: Hash;
  readonly #emptyHash: Uint8Array;
  #secret: Uint8Array;

  /** Starts with the early secret of `psk`, or of zeros without one. */
  constructor(hash: Hash, psk?: Uint8Array) {
    this.#hash = hash;
    this.#emptyHash = hash.digest(new Uint8Array());
    this.#secret = hkdfExtract(hash, new Uint8Array(hash.length), psk ?? new Uint8Array(hash.length));
  }

  /** The base key of the binder, from the early secret. */
  binderKey(kind: BinderKind): Uint8Array {
    return deriveSecret(this.#hash, this.#secret, kind, this.#emptyHash);
  }

  /** A secret of the current stage, such as "c hs traffic". */
  derive(label: string, transcriptHash: Uint8Array): Uint8Array {
    return deriveSecret(this.#hash, this.#secret, label, transcriptHash);
  }

  /** Goes on to the next stage: with the (EC)DHE secret to the handshake secret, without one to the master secret. */
  advance(input?: Uint8Array): void {
    const salt = deriveSecret(this.#hash, this.#secret, "derived", this.#emptyHash);
    const next = hkdfExtract(this.#hash, salt, input ?? new Uint8Array(this.#hash.length));
    wipe(this.#secret, salt);
    this.#secret = next;
  }

  /** Wipes what is left. */
  destroy(): void {
    wipe(this.#secret);
  }
}

/** Key and nonce base of one direction (RFC 8446 section 7.3). */
export interface WriteKey {
  /** AEAD key of 16 or 32 bytes. */
  readonly key: Uint8Array;
  /** The 12 bytes that every record's nonce is made of. */
  readonly iv: Uint8Array;
}

/** Key and nonce base of a traffic secret. */
export function writeKey(suite: CipherSuite, secret: Uint8Array): WriteKey {
  const none = new Uint8Array();
  return {
    key: expandLabel(suite.hash, secret, "key", none, suite.keyLength),
    iv: expandLabel(suite.hash, secret, "iv", none, 12),
  };
}

/**
 * The traffic secret after a KeyUpdate (RFC 8446 section 7.2). `secret` is left as it is: its owner wipes it.
 *
 * ```ts
 * import { nextTrafficSecret } from "@tynl/tynl/tls";
 *
 * const next = nextTrafficSecret("TLS_AES_128_GCM_SHA256", new Uint8Array(32));
 * console.assert(next.length === 32);
 * ```
 */
export function nextTrafficSecret(suite: CipherSuiteName, secret: Uint8Array): Uint8Array {
  const { hash } = cipherSuite(suite);
  if (secret.length !== hash.length) throw new RangeError(`a secret of ${suite} has ${hash.length} bytes`);
  return expandLabel(hash, secret, "traffic upd", new Uint8Array(), hash.length);
}
