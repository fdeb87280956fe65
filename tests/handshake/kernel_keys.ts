/** Keyrings of the running kernel for one test, and whether there can be any. */
import {
  addKey,
  addKeyring,
  clearKeyring,
  keyringSerial,
  type KeySerial,
  searchKey,
  SpecialKeyring,
  unlinkKey,
} from "../../runtime/keyring/mod.ts";
import type { ExternalPsk } from "../../runtime/tls/mod.ts";

function supports(attempt: () => unknown): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}

/** Why tests of the kernel's keys cannot be; empty if they can. */
export const missing: string = supports(() => keyringSerial(SpecialKeyring.user, true))
  ? ""
  : " (ignored: this kernel has no keys, or a filter forbids them)";

/** Makes a key that holds a PSK, of a type that every kernel has, in a keyring of this process. */
export function putPsk(psk: ExternalPsk): { readonly keyring: KeySerial; readonly key: KeySerial } {
  const keyring = addKeyring(`tynl-psks:${crypto.randomUUID()}`, SpecialKeyring.process);
  return { keyring, key: addKey({ type: "user", description: psk.identity as string }, psk.key, keyring) };
}

/** Removes a keyring of sessions from the user keyring. */
export function removeKeyring(name: string): void {
  const serial = searchKey(SpecialKeyring.user, { type: "keyring", description: name });
  if (serial === undefined) return;
  clearKeyring(serial);
  unlinkKey(serial, SpecialKeyring.user);
}
