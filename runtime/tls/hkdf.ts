/** HKDF as TLS 1.3 uses it (RFC 8446 section 7.1, RFC 5869). @module */
import { expand, extract } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { utf8, wipe } from "./bytes.ts";
import type { Hash } from "./suites.ts";
import { Writer } from "./wire.ts";

/** HMAC with the hash of the suite. */
export function hmacOf(hash: Hash, key: Uint8Array, message: Uint8Array): Uint8Array {
  return hmac(hash.digest, key, message);
}

/** HKDF-Extract. */
export function hkdfExtract(hash: Hash, salt: Uint8Array, keyMaterial: Uint8Array): Uint8Array {
  return extract(hash.digest, keyMaterial, salt);
}

/** HKDF-Expand-Label: `label` without its "tls13 " in front, `length` in bytes. */
export function expandLabel(
  hash: Hash,
  secret: Uint8Array,
  label: string,
  context: Uint8Array,
  length: number,
): Uint8Array {
  const info = new Writer().u16(length).vector(1, utf8(`tls13 ${label}`)).vector(1, context).finish();
  return expand(hash.digest, secret, info, length);
}

/** Derive-Secret over a transcript hash that is already computed. */
export function deriveSecret(
  hash: Hash,
  secret: Uint8Array,
  label: string,
  transcriptHash: Uint8Array,
): Uint8Array {
  return expandLabel(hash, secret, label, transcriptHash, hash.length);
}

/** The verify_data of a Finished or a PSK binder: HMAC under the finished key of `baseKey` (RFC 8446 section 4.4.4). */
export function finishedMac(hash: Hash, baseKey: Uint8Array, transcriptHash: Uint8Array): Uint8Array {
  const finishedKey = expandLabel(hash, baseKey, "finished", new Uint8Array(), hash.length);
  const mac = hmacOf(hash, finishedKey, transcriptHash);
  wipe(finishedKey);
  return mac;
}
