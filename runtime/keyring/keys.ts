/** What can be done with keys: keyctl(2), synchronously and on this thread. @module */
import { type Bytes, errno, secretBytes } from "../posix/mod.ts";
import { KeyError } from "./errors.ts";
import { encodePermissions, type KeyPermissions } from "./permissions.ts";
import { type KeyId, type KeySerial, SpecialKeyring } from "./serial.ts";
import { keySyscalls } from "./syscalls.ts";

/** Operations of linux/keyctl.h. */
const GET_KEYRING_ID = 0,
  JOIN_SESSION_KEYRING = 1,
  UPDATE = 2,
  REVOKE = 3,
  SETPERM = 5,
  DESCRIBE = 6,
  CLEAR = 7,
  LINK = 8,
  UNLINK = 9,
  READ = 11,
  SET_TIMEOUT = 15,
  INVALIDATE = 21,
  GET_PERSISTENT = 22;

/** Longest time that a key can be given, in seconds. */
const LONGEST_TIMEOUT = 2 ** 32 - 1;

/** What keys are known by besides their serial. */
export interface KeyName {
  /** Such as `user` (bytes that its owner may read), `logon` (that nobody may), `keyring`, `psk`, `asymmetric`. */
  readonly type: string;
  /** Its description; for a `psk` the TLS identity. `logon` wants `prefix:text`. */
  readonly description: string;
}

/**
 * Adds a key to a keyring, or updates the one of that name there: the serial. The payload is copied into the kernel and
 * stays the caller's to wipe. Throws {@linkcode KeyError}: `EDQUOT`, `EACCES`, `ENODEV` if the kernel does not know the
 * type, `EINVAL` if the type does not take the payload or the description.
 */
export function addKey(
  { type, description }: KeyName,
  payload: Uint8Array | undefined,
  keyring: KeyId,
): KeySerial {
  const bytes = payload?.length ? inBuffer(payload) : null;
  const serial = keySyscalls().addKey(cString(type), cString(description), bytes, keyring);
  return result("add", `${type} "${description}"`, serial) as KeySerial;
}

/** Makes an empty keyring in another one, in place of one of that name: its serial. Throws {@linkcode KeyError}. */
export function addKeyring(description: string, keyring: KeyId): KeySerial {
  return addKey({ type: "keyring", description }, undefined, keyring);
}

/** Gives a key a new payload; `ENOKEY`, `EACCES`, `EOPNOTSUPP` for a type that has none to change. */
export function updateKey(key: KeyId, payload: Uint8Array): void {
  result("update", key, keySyscalls().keyctlBytes(UPDATE, key, inBuffer(payload)));
}

/**
 * The payload of a key, in a buffer of its own, of which no copy is made: overwrite it after use. Throws
 * {@linkcode KeyError}: `EOPNOTSUPP` for a `logon` key, which nobody reads.
 */
export function readKey(key: KeyId): Bytes {
  return readAll("read", READ, key);
}

/** Serials of what is linked to a keyring. Throws {@linkcode KeyError}. */
export function keysIn(keyring: KeyId): KeySerial[] {
  const bytes = readAll("list", READ, keyring);
  return Array.from(new Int32Array(bytes.buffer, 0, bytes.length >> 2)) as KeySerial[];
}

/** Reads what may become longer between the question for its length and the reading. */
function readAll(name: string, operation: number, key: KeyId): Bytes {
  const { keyctlBytes } = keySyscalls();
  let length = result(name, key, keyctlBytes(operation, key, null));
  for (;;) {
    const bytes = secretBytes(length);
    const now = result(name, key, keyctlBytes(operation, key, bytes));
    if (now === length) return bytes;
    bytes.fill(0);
    length = now;
  }
}

/**
 * Searches a keyring, and those linked to it, for a key; `undefined` if there is none that we may find. What is found
 * is linked to `destination` too, if that is given. Throws {@linkcode KeyError}: `EKEYEXPIRED` and `EKEYREVOKED` if
 * the only match is of no more use.
 */
export function searchKey(
  keyring: KeyId,
  { type, description }: KeyName,
  destination?: KeyId,
): KeySerial | undefined {
  const serial = keySyscalls().search(keyring, cString(type), cString(description), destination ?? 0);
  if (serial === -1 && errno() === ENOKEY) return undefined;
  return result("search", `${type} "${description}"`, serial) as KeySerial;
}

const ENOKEY = 126;

/**
 * As {@linkcode searchKey} in the thread's, the process's and the session's keyring, one after the other
 * (request_key(2) that asks no helper program).
 */
export function requestKey({ type, description }: KeyName, destination?: KeyId): KeySerial | undefined {
  const serial = keySyscalls().requestKey(cString(type), cString(description), null, destination ?? 0);
  if (serial === -1 && errno() === ENOKEY) return undefined;
  return result("request", `${type} "${description}"`, serial) as KeySerial;
}

/** Links a key to a keyring, in place of one of its name there. Throws {@linkcode KeyError}. */
export function linkKey(key: KeyId, keyring: KeyId): void {
  result("link", key, keySyscalls().keyctl(LINK, key, keyring));
}

/** Takes a key out of a keyring; one that is linked nowhere goes. Throws {@linkcode KeyError}: `ENOENT`. */
export function unlinkKey(key: KeyId, keyring: KeyId): void {
  result("unlink", key, keySyscalls().keyctl(UNLINK, key, keyring));
}

/** Takes everything out of a keyring. Throws {@linkcode KeyError}. */
export function clearKeyring(keyring: KeyId): void {
  result("clear", keyring, keySyscalls().keyctl(CLEAR, keyring));
}

/** Sets who may do what with a key. Throws {@linkcode KeyError}: `EACCES` without the right `setattr`. */
export function setPermissions(key: KeyId, permissions: KeyPermissions): void {
  // The mask fills 30 bits at most, so it is a positive i32.
  result("set permissions of", key, keySyscalls().keyctl(SETPERM, key, encodePermissions(permissions)));
}

/** Lets a key expire after whole seconds, 1 to 2^32 - 1; `undefined` lets it live on. Throws {@linkcode KeyError}. */
export function setTimeoutOf(key: KeyId, seconds: number | undefined): void {
  if (seconds !== undefined && !(Number.isInteger(seconds) && seconds > 0 && seconds <= LONGEST_TIMEOUT)) {
    throw new RangeError(`a key lives 1 to ${LONGEST_TIMEOUT} seconds, not ${seconds}`);
  }
  // A C unsigned passes through i32 as the same bits.
  result("set timeout of", key, keySyscalls().keyctl(SET_TIMEOUT, key, (seconds ?? 0) | 0));
}

/** Makes every later use of a key fail with `EKEYREVOKED`. Throws {@linkcode KeyError}. */
export function revokeKey(key: KeyId): void {
  result("revoke", key, keySyscalls().keyctl(REVOKE, key));
}

/**
 * Ends a key at once: every later use is `ENOKEY`. Its payload is wiped and its links go a little later. Throws
 * {@linkcode KeyError}: `EACCES` without the right `search`.
 */
export function invalidateKey(key: KeyId): void {
  result("invalidate", key, keySyscalls().keyctl(INVALIDATE, key));
}

/**
 * Serial of a keyring of this process; `undefined` if it has none and none is to be made. Throws
 * {@linkcode KeyError}.
 */
export function keyringSerial(keyring: KeyId, create = false): KeySerial | undefined {
  const serial = keySyscalls().keyctl(GET_KEYRING_ID, keyring, create ? 1 : 0);
  if (serial === -1 && errno() === ENOKEY) return undefined;
  return result("find", keyring, serial) as KeySerial;
}

/**
 * Links the persistent keyring of a user to a keyring, and makes it if need be: its serial. It outlives the user's
 * processes by /proc/sys/kernel/keys/persistent_keyring_expiry seconds (three days) after its last use. Without `uid`,
 * our own user's. Throws {@linkcode KeyError}: `EOPNOTSUPP` where the kernel has none, `EPERM` for another user's.
 */
export function persistentKeyring(keyring: KeyId, uid = -1): KeySerial {
  return result("get persistent of", uid, keySyscalls().keyctl(GET_PERSISTENT, uid, keyring)) as KeySerial;
}

/** Gives this process a new session keyring without a name: its serial. Throws {@linkcode KeyError}. */
export function newSessionKeyring(): KeySerial {
  const serial = keySyscalls().keyctl(JOIN_SESSION_KEYRING, 0);
  return result("join", SpecialKeyring.session, serial) as KeySerial;
}

/** The kernel's description of a key, as it says it. Throws {@linkcode KeyError}. */
export function rawDescription(key: KeyId): string {
  const bytes = readAll("describe", DESCRIBE, key);
  return new TextDecoder().decode(bytes.subarray(0, bytes.length - 1));
}

function result(operation: string, target: string | number, value: number): number {
  if (value === -1) throw new KeyError(operation, target, errno());
  return value;
}

function cString(text: string): Bytes {
  if (text.includes("\0")) throw new RangeError("a key's type and description cannot hold a NUL");
  return new TextEncoder().encode(`${text}\0`);
}

/** The same bytes, as FFI takes them; a view of shared memory is none. */
function inBuffer(bytes: Uint8Array): Bytes {
  if (!(bytes.buffer instanceof ArrayBuffer)) throw new TypeError("a payload in shared memory");
  return bytes as Bytes;
}
