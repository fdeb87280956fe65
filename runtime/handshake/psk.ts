/** Pre-shared keys of the kernel, for both roles. @module */
import { type ExternalPsk, parseNvmeIdentity } from "../tls/mod.ts";
import { Errno, errnoOf, RequestError } from "./errno.ts";
import type { KeyStore, Serial } from "./keys.ts";

/** A PSK with the key that it came from. */
export interface KernelPsk extends ExternalPsk {
  /** Serial of the key, which both ends report to NVMe. */
  readonly serial: Serial;
}

/** Longest description that a key may have (PAGE_SIZE, with its NUL). */
const longestDescription = 4095;

/** The hash that an identity says its key is bound to; SHA-256 is RFC 8446's for those that say nothing. */
function hashOf(identity: string): "sha256" | "sha384" {
  const says = parseNvmeIdentity(identity)?.hash ?? /^NVMe[01][RG](01|02) /.exec(identity)?.[1];
  return says === "sha384" || says === "02" ? "sha384" : "sha256";
}

/** PSKs that were read for one handshake, so that they are wiped with it. */
export class PskReader {
  readonly #keys: KeyStore;
  readonly #type: string;
  readonly #read: KernelPsk[] = [];

  /** `type`: of the keys that are PSKs. */
  constructor(keys: KeyStore, type: string) {
    this.#keys = keys;
    this.#type = type;
  }

  #psk(serial: Serial, identity: string): KernelPsk {
    const psk = { identity, key: this.#keys.read(serial), hash: hashOf(identity), serial };
    this.#read.push(psk);
    if (psk.key.length < 16) {
      throw new RequestError(
        Errno.EKEYREJECTED,
        `key ${serial} has ${psk.key.length} bytes: a PSK has 16 at least`,
      );
    }
    return psk;
  }

  /**
   * The keys that a client's request names, in its order. One that cannot be used is left out as long as another can.
   * Throws a {@linkcode RequestError}: ENOKEY, EKEYEXPIRED, EKEYREVOKED, EACCES, as the first one gives.
   */
  bySerial(serials: readonly Serial[]): readonly KernelPsk[] {
    let failure: unknown;
    const found: KernelPsk[] = [];
    for (const serial of serials) {
      try {
        const { type, description } = this.#keys.describe(serial);
        if (type !== this.#type) {
          throw new RequestError(Errno.ENOKEY, `key ${serial} is of type ${type}, not ${this.#type}`);
        }
        found.push(this.#psk(serial, description));
      } catch (error) {
        failure ??= error;
      }
    }
    if (found.length > 0) return found;
    const hint = "the consumer names keys by serial: see keyctl show, and nvme gen-tls-key --insert";
    if (failure === undefined) throw new RequestError(Errno.ENOKEY, "the request names no PSK", { hint });
    throw new RequestError(errnoOf(failure), `no usable PSK: ${(failure as Error).message}`, { hint });
  }

  /** The key of that identity in the first keyring that has one; undefined if none has one that can be used. */
  byIdentity(identity: Uint8Array, keyrings: readonly Serial[]): KernelPsk | undefined {
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(identity);
    // What is no text, or has a NUL, describes no key.
    if (identity.length > longestDescription || text.includes("\0") || text.includes("\ufffd")) {
      return undefined;
    }
    for (const keyring of keyrings) {
      try {
        const serial = this.#keys.search(keyring, this.#type, text);
        // The kernel may match by less than the whole text (nvme's keys: by prefix).
        if (serial !== undefined && this.#keys.describe(serial).description === text) {
          return this.#psk(serial, text);
        }
      } catch {
        // Expired, revoked, not ours to read: as good as none.
      }
    }
    return undefined;
  }

  /** The key that a handshake used. */
  used(identity: Uint8Array): KernelPsk | undefined {
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(identity);
    return this.#read.find((psk) => psk.identity === text);
  }

  /** Wipes what was read. */
  wipe(): void {
    for (const { key } of this.#read) key.fill(0);
  }
}
