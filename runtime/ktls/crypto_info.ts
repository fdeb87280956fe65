/** Traffic keys in the form that setsockopt(2) takes. @module */
import { secretBytes } from "../posix/mod.ts";
import { TLS_1_3_VERSION } from "./constants.ts";

/** A cipher suite that kernel TLS and our engine have in common. */
export type KtlsSuite =
  | "TLS_AES_128_GCM_SHA256"
  | "TLS_AES_256_GCM_SHA384"
  | "TLS_CHACHA20_POLY1305_SHA256";

/** Keys of one direction, as the engine's `trafficKeys` gives them. Secrets: their owner wipes them. */
export interface KtlsKeys {
  /** Name of the cipher suite. */
  readonly suite: KtlsSuite;
  /** The AEAD's key: 16 or 32 bytes. */
  readonly key: Uint8Array;
  /** First 4 bytes of the nonce base for AES-GCM; empty for ChaCha20-Poly1305. */
  readonly salt: Uint8Array;
  /** The rest of the nonce base: 8 bytes for AES-GCM, 12 for ChaCha20-Poly1305. */
  readonly iv: Uint8Array;
  /** Number of the next record: 8 bytes in network order. */
  readonly sequence: Uint8Array;
}

/** Cipher numbers and field sizes of linux/tls.h. */
const LAYOUTS = {
  TLS_AES_128_GCM_SHA256: { cipher: 51, iv: 8, key: 16, salt: 4 },
  TLS_AES_256_GCM_SHA384: { cipher: 52, iv: 8, key: 32, salt: 4 },
  TLS_CHACHA20_POLY1305_SHA256: { cipher: 54, iv: 12, key: 32, salt: 0 },
} as const satisfies { [suite in KtlsSuite]: unknown };

/** The suites that {@linkcode cryptoInfo} knows. */
export const ktlsSuites: readonly KtlsSuite[] = Object.keys(LAYOUTS) as KtlsSuite[];

/** Throws a RangeError if a field of keys has not the length that its suite asks for. */
export function checkKeys({ suite, key, salt, iv, sequence }: KtlsKeys): void {
  if (!Object.hasOwn(LAYOUTS, suite)) throw new RangeError(`kernel TLS has no cipher for ${suite}`);
  const lengths = { ...LAYOUTS[suite], sequence: 8 };
  for (const [name, bytes] of Object.entries({ key, salt, iv, sequence })) {
    const length = lengths[name as "key"];
    if (bytes.length !== length) {
      throw new RangeError(`${name} of ${suite} has ${length} bytes, not ${bytes.length}`);
    }
  }
}

/**
 * A `struct tls12_crypto_info_*` for TLS 1.3: version, cipher, iv, key, salt, rec_seq, without padding. Throws a
 * RangeError for keys of a wrong length. A secret: wipe it after use.
 */
export function cryptoInfo(keys: KtlsKeys): Uint8Array<ArrayBuffer> {
  checkKeys(keys);
  const fields = [keys.iv, keys.key, keys.salt, keys.sequence];
  const bytes = secretBytes(fields.reduce((sum, field) => sum + field.length, 4));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, TLS_1_3_VERSION, true);
  view.setUint16(2, LAYOUTS[keys.suite].cipher, true);
  let at = 4;
  for (const field of fields) {
    bytes.set(field, at);
    at += field.length;
  }
  return bytes;
}

/** Keys of a suite that are all zeros. */
export function emptyKeys(suite: KtlsSuite): KtlsKeys {
  const { iv, key, salt } = LAYOUTS[suite];
  return {
    suite,
    key: secretBytes(key),
    salt: secretBytes(salt),
    iv: secretBytes(iv),
    sequence: new Uint8Array(8),
  };
}

/** Wipes keys. */
export function wipeKeys({ key, salt, iv }: KtlsKeys): void {
  for (const bytes of [key, salt, iv]) bytes.fill(0);
}
