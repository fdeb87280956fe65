/** External pre-shared keys: binders (RFC 8446 section 4.2.11.2) and the importer of RFC 9258. @module */
import { utf8, wipe } from "./bytes.ts";
import { expandLabel, finishedMac, hkdfExtract } from "./hkdf.ts";
import { type BinderKind, KeySchedule } from "./key_schedule.ts";
import { type Hash, hashes, type HashName } from "./suites.ts";
import { Writer } from "./wire.ts";

/** A key that both sides were given by other means. */
export interface ExternalPsk {
  /** What names it on the wire, in the clear: 1 to 65,535 bytes, or text that is sent as UTF-8. */
  readonly identity: string | Uint8Array;
  /** The key: 16 bytes at least (RFC 9257 section 6 wants 128 bits of entropy). It stays the caller's to wipe. */
  readonly key: Uint8Array;
  /** The hash that the key is bound to. Only suites of this hash are used with it. `sha256` if left out. */
  readonly hash?: HashName;
  /** The key came out of {@linkcode importPsk}, so its binder is of another kind. */
  readonly imported?: boolean;
}

/** A PSK after its limits were checked. */
export interface CheckedPsk {
  /** As it goes on the wire. */
  readonly identity: Uint8Array;
  /** The key. */
  readonly key: Uint8Array;
  /** Its hash. */
  readonly hash: Hash;
  /** What its binder is derived for. */
  readonly binder: BinderKind;
}

/** Checks a PSK. Throws a RangeError, without the key in it, for one that is out of range. */
export function checkPsk(psk: ExternalPsk): CheckedPsk {
  const identity = typeof psk.identity === "string" ? utf8(psk.identity) : psk.identity;
  if (identity.length < 1 || identity.length > 0xffff) {
    throw new RangeError(`a PSK identity has 1 to 65535 bytes, not ${identity.length}`);
  }
  if (psk.key.length < 16) throw new RangeError(`a PSK has 16 bytes at least, not ${psk.key.length}`);
  const hash = hashes[psk.hash ?? "sha256"];
  if (hash === undefined) throw new RangeError(`no hash ${psk.hash}`);
  return { identity, key: psk.key, hash, binder: psk.imported ? "imp binder" : "ext binder" };
}

/** The binder of a PSK over the hash of all messages up to the list of binders. */
export function pskBinder(psk: Omit<CheckedPsk, "identity">, truncatedHash: Uint8Array): Uint8Array {
  const schedule = new KeySchedule(psk.hash, psk.key);
  const key = schedule.binderKey(psk.binder);
  const binder = finishedMac(psk.hash, key, truncatedHash);
  wipe(key);
  schedule.destroy();
  return binder;
}

/** What {@linkcode importPsk} makes keys of. */
export interface PskImport {
  /** The identity of the key that was handed out. */
  readonly identity: string | Uint8Array;
  /** That key. It stays the caller's to wipe. */
  readonly key: Uint8Array;
  /** The hash that belongs to that key: `sha256` if left out (RFC 9258 section 3). */
  readonly hash?: HashName;
  /** What both sides know and want to bind the key to, for example the name of the server; empty if left out. */
  readonly context?: string | Uint8Array;
}

/** Numbers of the target KDFs (RFC 9258 section 8). */
const targetKdf = { sha256: 1, sha384: 2 } as const;

/**
 * Imports a key for TLS 1.3 and the suites of one hash (RFC 9258 section 5): one key that was handed out gives
 * independent keys for each, and cannot be confused with its use in another protocol. The result is the caller's to
 * wipe.
 *
 * ```ts
 * import { importPsk } from "@tynl/tynl/tls";
 *
 * const key = crypto.getRandomValues(new Uint8Array(32));
 * const psks = (["sha256", "sha384"] as const).map((hash) => importPsk({ identity: "host-7", key }, hash));
 * console.assert(psks[1]?.key.length === 48);
 * ```
 */
export function importPsk(from: PskImport, target: HashName): ExternalPsk {
  const { hash, identity, key } = checkPsk({ ...from });
  const context = typeof from.context === "string" ? utf8(from.context) : from.context ?? new Uint8Array();
  const imported = new Writer().vector(2, identity).vector(2, context).u16(0x0304).u16(targetKdf[target])
    .finish();
  const extracted = hkdfExtract(hash, new Uint8Array(hash.length), key);
  const derived = expandLabel(hash, extracted, "derived psk", hash.digest(imported), hashes[target].length);
  wipe(extracted);
  return { identity: imported, key: derived, hash: target, imported: true };
}
