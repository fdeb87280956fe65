/**
 * The kernel's keys and keyrings: keyctl(2), add_key(2), request_key(2), keyrings(7). All calls are synchronous,
 * because the keyrings that they see belong to the thread that makes them.
 *
 * ```ts
 * import { addKey, invalidateKey, readKey, setPermissions, SpecialKeyring } from "@tynl/tynl/keyring";
 *
 * const name = { type: "user", description: "example:secret" };
 * const key = addKey(name, Uint8Array.of(1, 2, 3), SpecialKeyring.process);
 * setPermissions(key, { possessor: "all", user: ["view"] });
 * const payload = readKey(key);
 * console.assert(payload.length === 3);
 * payload.fill(0);
 * invalidateKey(key);
 * ```
 *
 * @module
 */
export { describeKey, type KeyInfo, parseDescription } from "./describe.ts";
export { KeyError, type KeyErrorCode } from "./errors.ts";
export {
  addKey,
  addKeyring,
  clearKeyring,
  invalidateKey,
  keyringSerial,
  keysIn,
  linkKey,
  newSessionKeyring,
  persistentKeyring,
  readKey,
  requestKey,
  revokeKey,
  searchKey,
  setPermissions,
  setTimeoutOf,
  unlinkKey,
  updateKey,
} from "./keys.ts";
export type { KeyName } from "./keys.ts";
export {
  decodePermissions,
  encodePermissions,
  type KeyPermissions,
  type KeyRight,
  type KeyUser,
} from "./permissions.ts";
export { type KeyQuota, keyQuota, parseKeyUsers } from "./quota.ts";
export { isKeySerial, type KeyId, type KeySerial, keySerial, SpecialKeyring } from "./serial.ts";
