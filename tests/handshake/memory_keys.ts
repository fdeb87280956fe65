/** Keys in memory, with the faults that keys of a kernel have: for speed, and for what a kernel will not do on demand. */
import { KeyError } from "../../runtime/keyring/mod.ts";
import type { KeyDescription, KeyStore, Serial } from "../../runtime/handshake/mod.ts";

const ENOENT = 2, EACCES = 13, EDQUOT = 122, ENOKEY = 126;

/** KEY_SPEC_USER_KEYRING. */
const user = -4;

interface Key extends KeyDescription {
  payload: Uint8Array;
  /** What a keyring holds. */
  readonly links: Set<Serial>;
  restricted: boolean;
}

/** Keys of one machine; they outlive the agents that use them. */
export class MemoryKeys implements KeyStore {
  readonly #keys = new Map<Serial, Key>();
  #next = 0x1000_0000;
  /** Bytes that payloads may have together. */
  quota: number = Infinity;
  /** Keys that fail, with their error number. */
  readonly failing: Map<Serial, number> = new Map<Serial, number>();
  /** Every payload that was handed out, with the description of its key; kept for who wants to see what becomes of it. */
  handedOut: { readonly description: string; readonly payload: Uint8Array }[] | undefined;
  /** Calls so far, by name. */
  readonly calls: { [name: string]: number } = {};
  /** Is called before and after each step that changes something; may throw, as if the agent had been killed there. */
  onStep: (step: string) => void = () => {};

  constructor() {
    this.#keys.set(user, {
      type: "keyring",
      description: "_uid.0",
      payload: new Uint8Array(),
      links: new Set(),
      restricted: false,
    });
  }

  #key(call: string, serial: Serial): Key {
    this.calls[call] = (this.calls[call] ?? 0) + 1;
    const errno = this.failing.get(serial);
    if (errno !== undefined) throw new KeyError(call, serial, errno);
    const key = this.#keys.get(serial);
    if (key === undefined) throw new KeyError(call, serial, ENOKEY);
    return key;
  }

  #make(type: string, description: string, payload: Uint8Array, keyring: Serial): Serial {
    const serial = this.#next++;
    this.#keys.set(serial, {
      type,
      description,
      payload: payload.slice(),
      links: new Set(),
      restricted: false,
    });
    this.#key("link", keyring).links.add(serial);
    return serial;
  }

  /** How many keys there are besides the user keyring. */
  get size(): number {
    return this.#keys.size - 1;
  }

  /** A keyring that the kernel made, found by its name. */
  keyring(name: string): Serial {
    return this.#make("keyring", name, new Uint8Array(), user);
  }

  /** A key in a keyring. */
  put(keyring: Serial, type: string, description: string, payload: Uint8Array): Serial {
    return this.#make(type, description, payload, keyring);
  }

  /** Payload of a key, for a test to look at. */
  payload(serial: Serial): Uint8Array {
    return this.#key("look", serial).payload;
  }

  /** Serial of the key of that description. */
  find(description: string): Serial {
    for (const [serial, key] of this.#keys) if (key.description === description) return serial;
    throw new Error(`there is no key ${description}`);
  }

  /** Whether only its possessor has rights. */
  isRestricted(serial: Serial): boolean {
    return this.#key("look", serial).restricted;
  }

  /** Removes a key for good. */
  destroy(serial: Serial): void {
    this.#keys.delete(serial);
    for (const { links } of this.#keys.values()) links.delete(serial);
  }

  describe(serial: Serial): KeyDescription {
    const { type, description } = this.#key("describe", serial);
    return { type, description };
  }

  read(serial: Serial): Uint8Array {
    const key = this.#key("read", serial);
    if (key.type === "keyring") throw new KeyError("read", serial, EACCES);
    // As of runtime/keyring: memory that is not moved.
    const copy = new Uint8Array(new ArrayBuffer(key.payload.length));
    copy.set(key.payload);
    this.handedOut?.push({ description: key.description, payload: copy });
    return copy;
  }

  search(keyring: Serial, type: string, description: string): Serial | undefined {
    for (const serial of this.#key("search", keyring).links) {
      const key = this.#keys.get(serial)!;
      // NVMe's keys match by prefix (drivers/nvme/common/keyring.c).
      const matches = type === "psk"
        ? key.description.startsWith(description)
        : key.description === description;
      if (key.type === type && matches) {
        const errno = this.failing.get(serial);
        if (errno !== undefined) throw new KeyError("search", serial, errno);
        return serial;
      }
      const inner = key.type === "keyring" ? this.search(serial, type, description) : undefined;
      if (inner !== undefined) return inner;
    }
    return undefined;
  }

  list(keyring: Serial): readonly Serial[] {
    return [...this.#key("list", keyring).links];
  }

  add(keyring: Serial, type: string, description: string, payload: Uint8Array): Serial {
    this.onStep("before add");
    const there = this.#key("add", keyring);
    let used = payload.length;
    for (const key of this.#keys.values()) used += key.payload.length;
    if (used > this.quota) throw new KeyError("add", description, EDQUOT);
    const present = [...there.links].find((serial) => {
      const key = this.#keys.get(serial)!;
      return key.type === type && key.description === description;
    });
    if (present !== undefined) this.#keys.get(present)!.payload = payload.slice();
    const serial = present ?? this.#make(type, description, payload, keyring);
    this.onStep("after add");
    return serial;
  }

  update(serial: Serial, payload: Uint8Array): void {
    this.onStep("before update");
    this.#key("update", serial).payload = payload.slice();
    this.onStep("after update");
  }

  restrict(serial: Serial): void {
    this.#key("restrict", serial).restricted = true;
  }

  unlink(serial: Serial, keyring: Serial): void {
    this.onStep("before unlink");
    if (!this.#key("unlink", keyring).links.delete(serial)) throw new KeyError("unlink", serial, ENOENT);
    if (![...this.#keys.values()].some(({ links }) => links.has(serial))) this.#keys.delete(serial);
    this.onStep("after unlink");
  }

  openKeyring(name: string): Serial {
    return this.search(user, "keyring", name) ?? this.#make("keyring", name, new Uint8Array(), user);
  }

  findKeyring(name: string): Serial | undefined {
    return this.search(user, "keyring", name);
  }
}
