/** Records: their header, and their protection (RFC 8446 section 5). @module */
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { gcm } from "@noble/ciphers/aes.js";
import { refuse } from "./alerts.ts";
import { wipe } from "./bytes.ts";
import { type WriteKey, writeKey } from "./key_schedule.ts";
import type { CipherSuite } from "./suites.ts";

/** What a record carries (RFC 8446 section 5.1). */
export const ContentType = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const;

/** Most bytes of content in one record. */
export const maxContent: number = 2 ** 14;
/** Most bytes that a protected record may have after its header. */
export const maxCiphertext: number = maxContent + 256;
/** Length of a record header in bytes. */
export const headerLength = 5;
const tagLength = 16;

/** The content of one record. */
export interface RecordContent {
  /** One of {@linkcode ContentType}, or a number that is none. */
  readonly type: number;
  /** What it carries. */
  readonly content: Uint8Array;
}

/** A record that is not protected. Version 0x0301 is for the first ClientHello only. */
export function plainRecord(type: number, content: Uint8Array, version = 0x0303): Uint8Array {
  const record = new Uint8Array(headerLength + content.length);
  record.set([type, version >> 8, version & 0xff, content.length >> 8, content.length & 0xff]);
  record.set(content, headerLength);
  return record;
}

/** One direction's key, with the number of the next record. */
export class RecordProtection {
  readonly #suite: CipherSuite;
  readonly #keys: WriteKey;
  #sequence: number;

  /** Takes the keys of a traffic secret; the secret stays the caller's. */
  constructor(suite: CipherSuite, secret: Uint8Array, sequence = 0) {
    this.#suite = suite;
    this.#keys = writeKey(suite, secret);
    this.#sequence = sequence;
  }

  /** The number of the next record. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Records that this key may still protect; 0 means that it must be changed now. */
  get recordsLeft(): number {
    return Math.max(0, this.#suite.recordLimit - this.#sequence);
  }

  #cipher(additionalData: Uint8Array): ReturnType<typeof gcm> {
    const nonce = this.#keys.iv.slice();
    // The number is at most 2^53, so it fills the last seven bytes of the nonce (RFC 8446 section 5.3).
    for (let i = 11, rest = this.#sequence; rest > 0; i--, rest = Math.floor(rest / 256)) {
      nonce[i]! ^= rest % 256;
    }
    const aead = this.#suite.name === "TLS_CHACHA20_POLY1305_SHA256" ? chacha20poly1305 : gcm;
    return aead(this.#keys.key, nonce, additionalData);
  }

  /** A protected record with `padding` zeros after the content. Throws a RangeError where the sequence is used up. */
  seal(type: number, content: Uint8Array, padding = 0): Uint8Array {
    if (this.#sequence >= Number.MAX_SAFE_INTEGER) throw new RangeError("the sequence numbers are used up");
    const inner = new Uint8Array(content.length + 1 + padding);
    inner.set(content);
    inner[content.length] = type;
    const record = plainRecord(ContentType.applicationData, new Uint8Array(inner.length + tagLength));
    record.set(this.#cipher(record.subarray(0, headerLength)).encrypt(inner), headerLength);
    wipe(inner);
    this.#sequence++;
    return record;
  }

  /**
   * What a protected record carries. `limit` is the most that content, type and padding may have together. A record
   * that does not decrypt gives bad_record_mac, a long one record_overflow, one of padding alone unexpected_message.
   */
  open(header: Uint8Array, body: Uint8Array, limit: number): RecordContent {
    if (this.#sequence >= Number.MAX_SAFE_INTEGER) {
      refuse("internalError", "the sequence numbers are used up");
    }
    if (body.length <= tagLength) refuse("badRecordMac", "a protected record is too short for its tag");
    let inner: Uint8Array;
    try {
      inner = this.#cipher(header).decrypt(body);
    } catch {
      refuse("badRecordMac", "a record does not decrypt");
    }
    this.#sequence++;
    if (inner.length > limit) {
      refuse("recordOverflow", `a record has ${inner.length} bytes, ${limit} allowed`);
    }
    let end = inner.length;
    while (end > 0 && inner[end - 1] === 0) end--;
    if (end === 0) refuse("unexpectedMessage", "a record has no content type");
    return { type: inner[end - 1]!, content: inner.subarray(0, end - 1) };
  }

  /** Wipes the key. */
  destroy(): void {
    wipe(this.#keys.key, this.#keys.iv);
  }
}
