/** Certificate and CertificateVerify, alike on both sides (RFC 8446 sections 4.4.2 and 4.4.3). @module */
import type { KeyObject } from "node:crypto";
import { refuse, TlsAlertError } from "./alerts.ts";
import { AlertDescription } from "./alerts.ts";
import { concat, utf8 } from "./bytes.ts";
import { type Certificate, certificateSchemes, type PeerContext, type VerifyPeer } from "./options.ts";
import { peerPublicKey } from "./peer_key.ts";
import { type SchemeInfo, signWith, verifyWith } from "./signatures.ts";
import type { Role } from "./state.ts";

/** What CertificateVerify signs: 64 blanks, who signs, a zero, the transcript hash. */
export function signedContent(signer: Role, transcriptHash: Uint8Array): Uint8Array {
  const context = utf8(`${" ".repeat(64)}TLS 1.3, ${signer} CertificateVerify\0`);
  return concat(context, transcriptHash);
}

/** A certificate of ours, with the scheme to sign with. */
export interface Choice {
  /** The certificate. */
  readonly certificate: Certificate;
  /** The scheme. */
  readonly scheme: SchemeInfo;
}

/** The first of our certificates that can sign with a scheme of the peer's list. */
export function chooseCertificate(
  certificates: readonly Certificate[] | undefined,
  peerSchemes: readonly number[],
): Choice | undefined {
  for (const certificate of certificates ?? []) {
    const scheme = certificateSchemes(certificate).find(({ id }) => peerSchemes.includes(id));
    if (scheme !== undefined) return { certificate, scheme };
  }
  return undefined;
}

/** Our signature for CertificateVerify. */
export function signTranscript(choice: Choice, signer: Role, transcriptHash: Uint8Array): Uint8Array {
  const content = signedContent(signer, transcriptHash);
  const { certificate, scheme } = choice;
  return "sign" in certificate
    ? certificate.sign(scheme.name, content)
    : signWith(scheme, certificate.privateKey, content);
}

/** Lets `verifyPeer` decide about a chain; what it throws becomes the alert of the handshake. */
export function verifyChain(
  chain: readonly Uint8Array[],
  verifyPeer: VerifyPeer | undefined,
  context: PeerContext,
): void {
  // createClient and createServer refuse to be without verifyPeer where a certificate is expected.
  if (verifyPeer === undefined) refuse("certificateUnknown", "nothing to verify the peer's certificate with");
  try {
    verifyPeer(chain, context);
  } catch (cause) {
    if (cause instanceof TlsAlertError) throw cause;
    const { alert } = cause as { alert?: unknown };
    const message = cause instanceof Error ? cause.message : "the certificate was refused";
    throw new TlsAlertError(
      typeof alert === "number" && alert >= 1 && alert <= 255 ? alert : AlertDescription.certificateUnknown,
      message,
      { cause },
    );
  }
}

/** Checks the peer's CertificateVerify with the key of its leaf. */
export function checkCertificateVerify(
  message: { scheme: number; signature: Uint8Array },
  leaf: Uint8Array,
  allowed: readonly SchemeInfo[],
  signer: Role,
  transcriptHash: Uint8Array,
): void {
  const scheme = allowed.find(({ id }) => id === message.scheme);
  if (scheme === undefined) {
    refuse("illegalParameter", `signature scheme 0x${message.scheme.toString(16)} was not offered`);
  }
  const { key, kind }: { key: KeyObject; kind: string | undefined } = peerPublicKey(leaf);
  if (kind !== scheme.key) refuse("illegalParameter", `${scheme.name} with a key of another kind`);
  if (!verifyWith(scheme, key, signedContent(signer, transcriptHash), message.signature)) {
    refuse("decryptError", "CertificateVerify is wrong");
  }
}
