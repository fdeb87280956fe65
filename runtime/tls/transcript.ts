/** The transcript hash (RFC 8446 section 4.4.1). @module */
import { concat, wipe } from "./bytes.ts";
import type { Hash } from "./suites.ts";

/** All handshake messages so far. They are kept as bytes until the hash is known, and only hashed from then on. */
export class Transcript {
  #pending: Uint8Array[] = [];
  #state: ReturnType<Hash["digest"]["create"]> | undefined;
  #hash: Hash | undefined;

  /** Adds a whole handshake message, header included. */
  add(message: Uint8Array): void {
    if (this.#state === undefined) this.#pending.push(message.slice());
    else this.#state.update(message);
  }

  /** Fixes the hash: that of the cipher suite. */
  useHash(hash: Hash): void {
    if (this.#hash !== undefined) return;
    this.#hash = hash;
    this.#state = hash.digest.create();
    for (const message of this.#pending) this.#state.update(message);
    this.#pending = [];
  }

  /** Replaces the first ClientHello by its hash, as a HelloRetryRequest demands. */
  replaceByHash(): void {
    const digest = this.current();
    this.#state = this.#hash!.digest.create();
    this.#state.update(concat(Uint8Array.of(254, 0, 0, digest.length), digest));
  }

  /** The hash of everything so far. Only after {@linkcode useHash}. */
  current(): Uint8Array {
    return this.#state!.clone().digest();
  }

  /** The hash of everything so far and of `more`, which is not added; with a hash that may differ from the suite's. */
  hashWith(hash: Hash, more: Uint8Array): Uint8Array {
    const state = this.#state?.clone() ?? hash.digest.create();
    for (const message of this.#pending) state.update(message);
    return state.update(more).digest();
  }

  /** Forgets the messages. */
  destroy(): void {
    wipe(...this.#pending);
    this.#state?.destroy();
  }
}
