/** One direction of an open connection: its traffic secret, stepped on by KeyUpdates. @module */
import { concat, wipe } from "./bytes.ts";
import { nextTrafficSecret, writeKey } from "./key_schedule.ts";
import { RecordProtection } from "./record.ts";
import type { CipherSuite, CipherSuiteName } from "./suites.ts";
import { Writer } from "./wire.ts";

/** Which way records go, seen from us: `send` is the kernel's TLS_TX, `receive` its TLS_RX. */
export type Direction = "send" | "receive";

/**
 * Keys as setsockopt(SOL_TLS) wants them: the fields of `tls12_crypto_info_*` (include/uapi/linux/tls.h). These are
 * secrets: wipe them after use.
 */
export interface TrafficKeys {
  /** The suite that they are for. */
  readonly suite: CipherSuiteName;
  /** 16 or 32 bytes. */
  readonly key: Uint8Array;
  /** First 4 bytes of the nonce base for AES-GCM; empty for ChaCha20-Poly1305. */
  readonly salt: Uint8Array;
  /** The rest of the nonce base: 8 bytes for AES-GCM, 12 for ChaCha20-Poly1305. */
  readonly iv: Uint8Array;
  /** Number of the next record, 8 bytes in network order: `rec_seq`. */
  readonly sequence: Uint8Array;
}

/** A traffic secret with the protection that comes of it. */
export class Traffic {
  readonly #suite: CipherSuite;
  #secret: Uint8Array;
  #generation: number;
  #protection: RecordProtection;

  /** Takes the secret over. */
  constructor(suite: CipherSuite, secret: Uint8Array, sequence = 0, generation = 0) {
    this.#suite = suite;
    this.#secret = secret;
    this.#generation = generation;
    this.#protection = new RecordProtection(suite, secret, sequence);
  }

  /** What seals or opens the next record. */
  get protection(): RecordProtection {
    return this.#protection;
  }

  /** How many KeyUpdates there were. */
  get generation(): number {
    return this.#generation;
  }

  /** Goes on to the next secret, with sequence number 0; the old one is wiped. */
  advance(): void {
    const next = nextTrafficSecret(this.#suite.name, this.#secret);
    this.destroy();
    this.#secret = next;
    this.#generation++;
    this.#protection = new RecordProtection(this.#suite, next);
  }

  /** The keys in the kernel's form; a copy. */
  keys(): TrafficKeys {
    const { key, iv } = writeKey(this.#suite, this.#secret);
    const saltLength = this.#suite.name === "TLS_CHACHA20_POLY1305_SHA256" ? 0 : 4;
    const split = { salt: iv.slice(0, saltLength), iv: iv.slice(saltLength) };
    wipe(iv);
    const sequence = new Writer().u64(this.#protection.sequence).finish();
    return { suite: this.#suite.name, key, ...split, sequence };
  }

  /** Generation, sequence number and secret, for an exported state. */
  export(): Uint8Array {
    const numbers = new Writer().u32(this.#generation).u64(this.#protection.sequence).u8(this.#secret.length);
    return concat(numbers.finish(), this.#secret);
  }

  /** Wipes secret and keys. */
  destroy(): void {
    wipe(this.#secret);
    this.#protection.destroy();
  }
}
