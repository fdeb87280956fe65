/** The keyrings that a policy names. @module */
import type { Journal } from "./events.ts";
import type { KeyStore, Serial } from "./keys.ts";

/** Finds keyrings by name, and remembers them. */
export class Keyrings {
  readonly #keys: KeyStore;
  readonly #journal: Journal;
  readonly #found = new Map<string, Serial>();

  /** `journal` is told which are there. */
  constructor(keys: KeyStore, journal: Journal) {
    this.#keys = keys;
    this.#journal = journal;
  }

  /** Serials of those that are there now: `.nvme` comes with its module, and goes with it. */
  find(keyrings: readonly (string | Serial)[]): readonly Serial[] {
    return keyrings.flatMap((keyring) => {
      if (typeof keyring === "number") return [keyring];
      const serial = this.#remembered(keyring) ?? this.#find(keyring);
      return serial === undefined ? [] : [serial];
    });
  }

  #remembered(name: string): Serial | undefined {
    const serial = this.#found.get(name);
    if (serial === undefined) return undefined;
    try {
      const { type, description } = this.#keys.describe(serial);
      if (type === "keyring" && description === name) return serial;
    } catch {
      // Gone, or another key's by now.
    }
    this.#found.delete(name);
    return undefined;
  }

  #find(name: string): Serial | undefined {
    let serial: Serial | undefined;
    let reason = "it does not exist";
    try {
      serial = this.#keys.findKeyring(name);
    } catch (error) {
      reason = (error as Error).message;
    }
    if (serial !== undefined) this.#found.set(name, serial);
    const text = serial === undefined ? `cannot be searched for PSKs: ${reason}` : "is searched for PSKs";
    this.#journal.decide("keyring", serial !== undefined, `the keyring ${name} ${text}`, name);
    return serial;
  }
}
