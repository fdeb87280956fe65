/** The public key of a certificate. @module */
import { Buffer } from "node:buffer";
import { createPublicKey, type KeyObject } from "node:crypto";
import { refuse } from "./alerts.ts";
import { type KeyKind, keyKind } from "./signatures.ts";
import { type Certificate, CertificateError, parseCertificate, subjectPublicKey } from "./x509/mod.ts";

/** A public key, with the kind that decides about its schemes. */
export interface PeerKey {
  /** The key. */
  readonly key: KeyObject;
  /** Its kind; undefined for one that no scheme takes. */
  readonly kind: KeyKind | undefined;
}

function keyOf(certificate: Certificate): PeerKey {
  try {
    const { type, key } = subjectPublicKey(certificate);
    return { key, kind: type === "rsa-pss" ? type : keyKind(key) };
  } catch (error) {
    // A `verifyPeer` of its own kind has accepted a short key.
    if (!(error instanceof CertificateError) || error.reason !== "weak-algorithm") throw error;
    const key = createPublicKey({ key: Buffer.from(certificate.publicKeyInfo), format: "der", type: "spki" });
    return { key, kind: keyKind(key) };
  }
}

/**
 * The key of a certificate in DER; one that cannot be read gives bad_certificate. Whether the key is good enough is for
 * `verifyPeer` to say. Read by what verifies paths: a second parser might find another key than the one that was
 * verified.
 */
export function peerPublicKey(der: Uint8Array): PeerKey {
  try {
    return keyOf(parseCertificate(der));
  } catch {
    refuse("badCertificate", "the certificate's public key cannot be read");
  }
}
