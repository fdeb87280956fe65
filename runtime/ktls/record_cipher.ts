/** The protection of records with keys in the kernel's form (RFC 8446, section 5.2). @module */
import { gcm } from "@noble/ciphers/aes.js";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { type Bytes, secretBytes } from "../posix/mod.ts";
import { checkKeys, type KtlsKeys, type KtlsSuite } from "./crypto_info.ts";
import { BadRecordError } from "./errors.ts";
import { APPLICATION_DATA, MAX_CONTENT, type TlsRecord } from "./record_socket.ts";

/** Bytes of a record's header, and of the tag that ends it. */
export const HEADER = 5;
const TAG = 16;
/** Most bytes that a record may have after its header: content, its type, the tag; padding counts as content. */
export const MAX_BODY: number = MAX_CONTENT + 1 + TAG;

/** Keys of one direction, with the number of the next record. */
export class RecordCipher {
  /** The suite, which a rekey must keep. */
  readonly suite: KtlsSuite;
  readonly #key: Bytes;
  readonly #nonce: Bytes = secretBytes(12);
  #sequence: bigint;

  /** Copies the keys. Throws a RangeError for keys of a wrong length. */
  constructor(keys: KtlsKeys) {
    checkKeys(keys);
    this.suite = keys.suite;
    this.#key = secretBytes(keys.key.length);
    this.#key.set(keys.key);
    this.#nonce.set(keys.salt);
    this.#nonce.set(keys.iv, keys.salt.length);
    const { buffer, byteOffset } = keys.sequence;
    this.#sequence = new DataView(buffer, byteOffset, 8).getBigUint64(0);
  }

  #aead(header: Uint8Array): ReturnType<typeof gcm> {
    if (this.#sequence === 2n ** 64n - 1n) throw new BadRecordError("the record numbers are used up");
    const nonce = this.#nonce.slice();
    const view = new DataView(nonce.buffer);
    view.setBigUint64(4, view.getBigUint64(4) ^ this.#sequence);
    const aead = this.suite === "TLS_CHACHA20_POLY1305_SHA256" ? chacha20poly1305 : gcm;
    return aead(this.#key, nonce, header);
  }

  /** A record of at most 16,384 bytes of content. */
  seal(type: number, content: Uint8Array): Bytes {
    const inner = secretBytes(content.length + 1);
    inner.set(content);
    inner[content.length] = type;
    const length = inner.length + TAG;
    const record = new Uint8Array(HEADER + length);
    record.set([APPLICATION_DATA, 3, 3, length >> 8, length & 0xff]);
    record.set(this.#aead(record.subarray(0, HEADER)).encrypt(inner), HEADER);
    inner.fill(0);
    this.#sequence++;
    return record;
  }

  /** What a record holds. Throws {@linkcode BadRecordError}; the next try is on the same number then. */
  open(record: Uint8Array): TlsRecord {
    const inner = this.#decrypt(record);
    let end = inner.length;
    while (end > 0 && inner[end - 1] === 0) end--;
    if (end === 0) throw new BadRecordError("a record has no content type", 10);
    this.#sequence++;
    return { type: inner[end - 1]!, bytes: inner.subarray(0, end - 1) };
  }

  #decrypt(record: Uint8Array): Uint8Array {
    if (record.length <= HEADER + TAG) throw new BadRecordError("a record is too short for its tag");
    try {
      return this.#aead(record.subarray(0, HEADER)).decrypt(record.subarray(HEADER));
    } catch {
      throw new BadRecordError("a record does not decrypt");
    }
  }

  /** Wipes the keys. */
  destroy(): void {
    this.#key.fill(0);
    this.#nonce.fill(0);
  }
}
