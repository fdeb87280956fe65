/** Where sessions are kept between a handshake and its KeyUpdates: keys in a keyring that outlives this process. @module */
import type { Role } from "../tls/mod.ts";
import { Errno, RequestError } from "./errno.ts";
import type { KeyStore, Serial } from "./keys.ts";
import { openRecord, sealingKeyLength, sealRecord, type SessionRecord } from "./session_record.ts";

/** Type of the keys. `logon` keys cannot be read back, so it is `user` with permissions for possessors alone. */
const keyType = "user";
/** Description of the key that all sessions are sealed with: to read one key is not enough. */
const sealingKeyName = "tynl:sealing-key";
const sessionName = /^tynl:session:([0-9a-f]{16})$/;

function nameOf(cookie: bigint): string {
  return `tynl:session:${cookie.toString(16).padStart(16, "0")}`;
}

/**
 * Sessions by the cookies of their sockets. A key's serial is the session-id. A session changes in place, which the
 * kernel does in one step: there is always one state, the old one or the new one.
 */
export class SessionStore {
  readonly #keys: KeyStore;
  readonly #keyring: Serial;
  readonly #sealingKey: Serial;
  readonly #serials = new Map<bigint, Serial>();

  /** Opens the keyring, and finds what is there. Throws what the keys throw: EDQUOT, EACCES. */
  constructor(keys: KeyStore, keyring: string) {
    this.#keys = keys;
    this.#keyring = keys.openKeyring(keyring);
    let sealingKey: Serial | undefined;
    for (const serial of keys.list(this.#keyring)) {
      let description: string;
      try {
        ({ description } = keys.describe(serial));
      } catch {
        // Expired or revoked by somebody else: the kernel's collector takes it.
        continue;
      }
      const cookie = sessionName.exec(description)?.[1];
      if (description === sealingKeyName) sealingKey = serial;
      else if (cookie !== undefined) this.#serials.set(BigInt(`0x${cookie}`), serial);
    }
    this.#sealingKey = sealingKey ?? this.#makeSealingKey();
  }

  #makeSealingKey(): Serial {
    const bytes = crypto.getRandomValues(new Uint8Array(sealingKeyLength));
    const serial = this.#keys.add(this.#keyring, keyType, sealingKeyName, bytes);
    bytes.fill(0);
    this.#keys.restrict(serial);
    return serial;
  }

  /** How many there are. */
  get size(): number {
    return this.#serials.size;
  }

  /** Cookies of all sessions. */
  cookies(): bigint[] {
    return [...this.#serials.keys()];
  }

  /** The session-id of a connection. */
  idOf(cookie: bigint): Serial | undefined {
    return this.#serials.get(cookie);
  }

  #sealing<T>(use: (key: Uint8Array) => T): T {
    const key = this.#keys.read(this.#sealingKey);
    try {
      return use(key);
    } finally {
      key.fill(0);
    }
  }

  /** Keeps a session, in place of one of the same socket: its id. Throws what the keys throw: EDQUOT. */
  add(record: SessionRecord): Serial {
    const payload = this.#sealing((key) => sealRecord(record, key));
    this.remove(record.cookie);
    const serial = this.#keys.add(this.#keyring, keyType, nameOf(record.cookie), payload);
    this.#serials.set(record.cookie, serial);
    this.#keys.restrict(serial);
    return serial;
  }

  /** Changes a session. */
  update(record: SessionRecord): void {
    const serial = this.#serials.get(record.cookie);
    if (serial === undefined) throw new RequestError(Errno.ENOKEY, "the session is gone");
    this.#keys.update(serial, this.#sealing((key) => sealRecord(record, key)));
  }

  /**
   * Opens the session of that id for a socket and a role. Throws a {@linkcode RequestError}: ENOKEY if there is none,
   * EKEYREJECTED if it is another socket's, and what openRecord throws; and what the keys throw.
   */
  open(id: Serial, cookie: bigint, role: Role): SessionRecord {
    if (!this.#owns(id)) throw new RequestError(Errno.ENOKEY, `there is no session ${id}`);
    const payload = this.#keys.read(id);
    return this.#sealing((key) => openRecord(payload, key, cookie, role));
  }

  /** Only what this store has put into its keyring is read: a number of the kernel's must not reach other keys. */
  #owns(id: Serial): boolean {
    for (const serial of this.#serials.values()) if (serial === id) return true;
    return false;
  }

  /** Forgets a session: its id, if there was one. */
  remove(cookie: bigint): Serial | undefined {
    const serial = this.#serials.get(cookie);
    if (serial === undefined) return undefined;
    this.#serials.delete(cookie);
    try {
      this.#keys.unlink(serial, this.#keyring);
    } catch {
      // It is gone already.
    }
    return serial;
  }
}
