/** The server's choice among the PSKs of a client (RFC 8446 section 4.2.11). @module */
import { refuse } from "./alerts.ts";
import { equal } from "./bytes.ts";
import type { PskOffer } from "./extensions.ts";
import type { ServerOptions } from "./options.ts";
import { type CheckedPsk, checkPsk, pskBinder } from "./psk.ts";
import { type CipherSuite, type Hash, hashes } from "./suites.ts";
import type { Transcript } from "./transcript.ts";

/** Identities that are looked up at most: each may cost a system call. */
const lookups = 16;

function checkBinder(
  psk: Omit<CheckedPsk, "identity">,
  binder: Uint8Array,
  truncated: Uint8Array,
  transcript: Transcript,
): boolean {
  return equal(pskBinder(psk, transcript.hashWith(psk.hash, truncated)), binder);
}

/** A key that nobody has, bound to the hash that the binder's length speaks of. */
function stranger(binder: Uint8Array): Omit<CheckedPsk, "identity"> {
  const hash: Hash = binder.length === hashes.sha384.length ? hashes.sha384 : hashes.sha256;
  return { key: new Uint8Array(hash.length), hash, binder: "ext binder" };
}

/**
 * The first PSK of the client that we know and that a common suite has the hash of; undefined if there is none and
 * the handshake may go on with a certificate. A wrong binder gives decrypt_error, an unknown identity
 * unknown_psk_identity. All identities are looked up before any is used, and an identity that nobody has costs as many
 * hashes as a known one, so time does not tell more about the keys than the alert does.
 */
export function selectPsk(
  findPsk: ServerOptions["findPsk"],
  offer: PskOffer | undefined,
  suites: readonly CipherSuite[],
  hello: Uint8Array,
  transcript: Transcript,
  mayUseCertificate: boolean,
): { readonly psk: CheckedPsk; readonly index: number } | undefined {
  if (findPsk === undefined || offer === undefined) return undefined;
  const truncated = hello.subarray(0, hello.length - offer.bindersLength);
  const found = offer.identities.slice(0, lookups).map(({ identity }) => {
    const psk = findPsk(identity.slice());
    return psk === undefined ? undefined : { ...checkPsk(psk), identity: identity.slice() };
  });
  const index = found.findIndex((psk) => psk !== undefined && suites.some(({ hash }) => hash === psk.hash));
  const psk = found[index];
  if (psk === undefined) {
    if (mayUseCertificate) return undefined;
    const [binder = new Uint8Array()] = offer.binders;
    checkBinder(stranger(binder), binder, truncated, transcript);
    refuse("unknownPskIdentity", "none of the client's PSK identities can be used");
  }
  if (!checkBinder(psk, offer.binders[index]!, truncated, transcript)) {
    refuse("decryptError", "the PSK binder is wrong");
  }
  return { psk, index };
}
