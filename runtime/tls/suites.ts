/** The cipher suites of TLS 1.3 that the engine speaks, and their hashes (RFC 8446 appendix B.4). @module */
import { sha256, sha384 } from "@noble/hashes/sha2.js";
import type { CHash } from "@noble/hashes/utils.js";

/** The hash of a cipher suite, or the one that a PSK is bound to. */
export type HashName = "sha256" | "sha384";

/** A hash function with an incremental form. */
export interface Hash {
  /** Its name. */
  readonly name: HashName;
  /** Length of a digest in bytes. */
  readonly length: number;
  /** The function itself, as the HMAC and HKDF of @noble/hashes take it. */
  readonly digest: CHash;
}

/** Both hashes by their names. */
export const hashes: { readonly [name in HashName]: Hash } = {
  sha256: { name: "sha256", length: 32, digest: sha256 },
  sha384: { name: "sha384", length: 48, digest: sha384 },
};

/** A cipher suite by its name in the RFC. */
export type CipherSuiteName =
  | "TLS_AES_128_GCM_SHA256"
  | "TLS_AES_256_GCM_SHA384"
  | "TLS_CHACHA20_POLY1305_SHA256";

/** What the engine knows of a cipher suite. */
export interface CipherSuite {
  /** Its name in the RFC. */
  readonly name: CipherSuiteName;
  /** Its number on the wire. */
  readonly id: number;
  /** The hash of key schedule and transcript. */
  readonly hash: Hash;
  /** Length of a key in bytes: 16 or 32. */
  readonly keyLength: number;
  /**
   * Records to protect with one key at most. AES-GCM: RFC 8446 section 5.5 allows 2^24.5 full-size records, we change
   * keys at 2^24. ChaCha20-Poly1305 reaches 2^64 first; we stop where numbers stop to be exact.
   */
  readonly recordLimit: number;
}

const gcmLimit = 2 ** 24;

/** Every suite, in the order that we like them. */
export const cipherSuites: readonly CipherSuite[] = [
  {
    name: "TLS_AES_128_GCM_SHA256",
    id: 0x1301,
    hash: hashes.sha256,
    keyLength: 16,
    recordLimit: gcmLimit,
  },
  {
    name: "TLS_AES_256_GCM_SHA384",
    id: 0x1302,
    hash: hashes.sha384,
    keyLength: 32,
    recordLimit: gcmLimit,
  },
  {
    name: "TLS_CHACHA20_POLY1305_SHA256",
    id: 0x1303,
    hash: hashes.sha256,
    keyLength: 32,
    recordLimit: Number.MAX_SAFE_INTEGER,
  },
];

/** The suite of that name. Throws a RangeError for a name that is none. */
export function cipherSuite(name: CipherSuiteName): CipherSuite {
  const suite = cipherSuites.find((candidate) => candidate.name === name);
  if (suite === undefined) throw new RangeError(`no cipher suite ${name}`);
  return suite;
}
