/** The running kernel's keys, for the agent. @module */
import {
  addKey,
  addKeyring,
  describeKey,
  isKeySerial,
  KeyError,
  type KeyId,
  keysIn,
  linkKey,
  readKey,
  requestKey,
  searchKey,
  setPermissions,
  SpecialKeyring,
  unlinkKey,
  updateKey,
} from "../keyring/mod.ts";
import type { KeyStore, Serial } from "./keys.ts";

const ENOKEY = 126;

/** A number of the kernel's or of a stored state as a serial; special keyrings, which are ours alone to name, pass. */
function id(serial: Serial): KeyId {
  if (isKeySerial(serial) || serial === SpecialKeyring.user || serial === SpecialKeyring.process) {
    return serial;
  }
  throw new KeyError("use", serial, ENOKEY);
}

/** Serial of a keyring by its name in /proc/keys, `0fdcc04f I------ 1 perm 1f0f0000 0 0 keyring .nvme: 1`. */
function serialInProc(name: string): Serial | undefined {
  for (const line of Deno.readTextFileSync("/proc/keys").split("\n")) {
    const [, serial, description] = /^([0-9a-f]+) (?:\S+ +){6}keyring +(.*): (?:empty|\d+)$/.exec(line) ?? [];
    if (description === name) return parseInt(serial!, 16);
  }
  return undefined;
}

/** Keys of the running kernel, seen with the rights of this process. */
export function kernelKeys(): KeyStore {
  return {
    describe: (key) => describeKey(id(key)),
    read: (key) => readKey(id(key)),
    search: (keyring, type, description) => searchKey(id(keyring), { type, description }),
    list: (keyring) => keysIn(id(keyring)),
    add: (keyring, type, description, payload) => addKey({ type, description }, payload, id(keyring)),
    update: (key, payload) => updateKey(id(key), payload),
    restrict: (key) => setPermissions(id(key), { possessor: ["view", "read", "write", "search", "link"] }),
    unlink: (key, keyring) => unlinkKey(id(key), id(keyring)),
    openKeyring(name) {
      const { user, process } = SpecialKeyring;
      const found = searchKey(user, { type: "keyring", description: name }, process);
      if (found !== undefined) return found;
      const made = addKeyring(name, user);
      linkKey(made, process);
      return made;
    },
    findKeyring(name) {
      const wanted = { type: "keyring", description: name };
      const found = requestKey(wanted, SpecialKeyring.process);
      if (found !== undefined) return found;
      const serial = serialInProc(name);
      if (serial === undefined) return undefined;
      linkKey(id(serial), SpecialKeyring.process);
      return serial;
    },
  };
}
