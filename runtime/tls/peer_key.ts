/** The public key of a certificate. @module */
import { Buffer } from "node:buffer";
import type { KeyObject } from "node:crypto";
import { X509Certificate } from "node:crypto";
import { refuse } from "./alerts.ts";
import { type KeyKind, keyKind } from "./signatures.ts";
import { parseCertificate, subjectPublicKey } from "./x509/mod.ts";

/** A public key, with the kind that decides about its schemes. */
export interface PeerKey {
  /** The key. */
  readonly key: KeyObject;
  /** Its kind; undefined for one that no scheme takes. */
  readonly kind: KeyKind | undefined;
}

/** Deno's X509Certificate cannot read keys of the OID id-RSASSA-PSS. */
function pssKey(der: Uint8Array): PeerKey {
  const { type, key } = subjectPublicKey(parseCertificate(der));
  return { key, kind: type === "rsa-pss" ? type : keyKind(key) };
}

/**
 * The key of a certificate in DER; one that cannot be read gives bad_certificate. Whether the key is good enough is for
 * `verifyPeer` to say.
 */
export function peerPublicKey(der: Uint8Array): PeerKey {
  try {
    const key = new X509Certificate(Buffer.from(der)).publicKey;
    return { key, kind: keyKind(key) };
  } catch {
    try {
      return pssKey(der);
    } catch {
      refuse("badCertificate", "the certificate's public key cannot be read");
    }
  }
}
