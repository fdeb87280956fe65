/** What the agent needs of the kernel's keys; runtime/keyring is behind it, and memory in tests. @module */

/** Serial number of a key or keyring. Those of the kernel are positive; special ones, such as "@u", negative. */
export type Serial = number;

/** A key as the kernel describes it (keyctl(2), KEYCTL_DESCRIBE). */
export interface KeyDescription {
  /** Its type, such as `psk` or `user`. */
  readonly type: string;
  /** Its description; of a PSK, the TLS identity. */
  readonly description: string;
}

/**
 * Keys of the kernel. Every call is synchronous and made on the thread that accepts requests, because the kernel links
 * the keyring of a request into the process keyring of that thread. Calls throw an error with a numeric `errno` when
 * the kernel refuses: ENOKEY (126), EKEYEXPIRED (127), EKEYREVOKED (128), EACCES (13), EDQUOT (122).
 */
export interface KeyStore {
  /** Type and description of a key. */
  describe(key: Serial): KeyDescription;
  /** Payload of a key: a copy, which the caller wipes. */
  read(key: Serial): Uint8Array;
  /** Finds a key below a keyring; undefined if there is none. */
  search(keyring: Serial, type: string, description: string): Serial | undefined;
  /** Serials of what a keyring holds. */
  list(keyring: Serial): readonly Serial[];
  /** Adds a key to a keyring, or gives the key of that name there another payload. The payload stays the caller's. */
  add(keyring: Serial, type: string, description: string, payload: Uint8Array): Serial;
  /** Gives a key another payload, in one step. */
  update(key: Serial, payload: Uint8Array): void;
  /** Takes away all rights but those of who possesses the key, and of these the right to change permissions. */
  restrict(key: Serial): void;
  /** Removes a key from a keyring. */
  unlink(key: Serial, keyring: Serial): void;
  /**
   * The keyring of that name in the user keyring, linked into the process keyring so that what is in it is possessed;
   * made if there is none. It outlives this process.
   */
  openKeyring(name: string): Serial;
  /** A keyring by the name that the kernel shows in /proc/keys, such as `.nvme`; undefined if it is not to be had. */
  findKeyring(name: string): Serial | undefined;
}
