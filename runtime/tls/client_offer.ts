/** What a ClientHello offers (RFC 8446 section 4.1.2). @module */
import {
  alpnExtension,
  type Extension,
  ExtensionType,
  make,
  recordSizeLimitExtension,
  serverNameExtension,
  writeKeyShareEntry,
  writePskOffer,
} from "./extensions.ts";
import type { Group, KeyPair } from "./groups.ts";
import { tls13 } from "./messages.ts";
import type { ClientOptions, Settings } from "./options.ts";
import { type CheckedPsk, pskBinder } from "./psk.ts";
import { chainOnlySchemes } from "./signatures.ts";
import type { Transcript } from "./transcript.ts";

/** What changes between the first and the second ClientHello. */
export interface ClientOffer {
  /** What we speak. */
  readonly settings: Settings;
  /** The PSKs that can still be used. */
  readonly psks: readonly CheckedPsk[];
  /** The key shares. */
  readonly pairs: ReadonlyMap<Group, KeyPair>;
  /** What a HelloRetryRequest wants back. */
  readonly cookie: Uint8Array | undefined;
}

/** signature_algorithms: what CertificateVerify may use, and what chains may use besides. */
export function signatureAlgorithms(settings: Settings): Extension {
  const ids = [...settings.schemes.map(({ id }) => id), ...chainOnlySchemes];
  return make(ExtensionType.signatureAlgorithms, (to) => to.u16List(2, ids));
}

/** The extensions of a ClientHello; the binders are zeros until {@linkcode signHello}. */
export function offerExtensions(options: ClientOptions, offer: ClientOffer): Extension[] {
  const { settings, psks, pairs, cookie } = offer;
  const list: Extension[] = [];
  if (options.serverName !== undefined) list.push(serverNameExtension(options.serverName));
  list.push(make(ExtensionType.supportedGroups, (to) => to.u16List(2, settings.groups.map(({ id }) => id))));
  // Without it no server may answer with a certificate, so a client that could not verify one does not send it.
  if (options.verifyPeer !== undefined) list.push(signatureAlgorithms(settings));
  if (options.alpn?.length) list.push(alpnExtension(options.alpn));
  list.push(recordSizeLimitExtension(settings.recordSizeLimit));
  list.push(make(ExtensionType.supportedVersions, (to) => to.vector(1, () => to.u16(tls13))));
  if (cookie !== undefined) list.push(make(ExtensionType.cookie, (to) => to.vector(2, cookie)));
  // psk_dhe_ke alone: psk_ke has no forward secrecy.
  if (psks.length > 0) list.push(make(ExtensionType.pskKeyExchangeModes, (to) => to.u8(1).u8(1)));
  list.push(make(ExtensionType.keyShare, (to) =>
    to.vector(2, () => {
      for (const [group, pair] of pairs) writeKeyShareEntry(to, { group: group.id, share: pair.share });
    })));
  if (psks.length > 0) {
    const identities = psks.map(({ identity }) => ({ identity, obfuscatedTicketAge: 0 }));
    const zeros = psks.map(({ hash }) => new Uint8Array(hash.length));
    // It must be the last one: the binders cover everything before them.
    list.push(make(ExtensionType.preSharedKey, (to) => writePskOffer(to, identities, zeros)));
  }
  return list;
}

/** Puts the binders into a ClientHello that ends with room for them. */
export function signHello(hello: Uint8Array, psks: readonly CheckedPsk[], transcript: Transcript): void {
  let at = hello.length - psks.reduce((sum, { hash }) => sum + 1 + hash.length, 0);
  const truncated = hello.subarray(0, at - 2);
  for (const psk of psks) {
    hello.set(pskBinder(psk, transcript.hashWith(psk.hash, truncated)), at + 1);
    at += 1 + psk.hash.length;
  }
}
