/** What can be wrong with a certificate, and what TLS says about it. @module */
import { AlertDescription, alertName } from "../alerts.ts";

/**
 * Each reason to refuse a certificate, and its alert (RFC 8446 section 6.2). Where the RFC leaves the choice, it is the one that OpenSSL
 * makes, so that a peer's log reads as its owner expects.
 */
export const certificateAlerts = {
  /** No certificate where one is needed. */
  "no-certificate": "badCertificate",
  /** Not the DER of a certificate or CRL, or fields that RFC 5280 does not allow. */
  malformed: "badCertificate",
  /** A signature that its issuer's key did not make. */
  "bad-signature": "badCertificate",
  /** A hash or key too weak to trust: MD5, SHA-1, RSA below 2048 bits. */
  "weak-algorithm": "badCertificate",
  /** A signature algorithm or key type that is not implemented. */
  "unsupported-algorithm": "unsupportedCertificate",
  /** An extension marked critical that is not implemented (RFC 5280 section 4.2). */
  "unknown-critical-extension": "unsupportedCertificate",
  /** Version 1 or 2 where version 3 is needed. */
  "unsupported-version": "unsupportedCertificate",
  /** Key usage or extended key usage that forbids this use. */
  "wrong-purpose": "unsupportedCertificate",
  /** The time is after the end of the validity. */
  expired: "certificateExpired",
  /** The time is before the begin of the validity. */
  "not-yet-valid": "certificateExpired",
  /** No path to a trust anchor. */
  "unknown-issuer": "unknownCa",
  /** An issuer that is no CA. */
  "not-a-ca": "unknownCa",
  /** More intermediate certificates than a CA allows below itself. */
  "path-too-long": "unknownCa",
  /** A name outside the name constraints of a CA above. */
  "name-constraint": "badCertificate",
  /** An explicit policy is required by a CA, and none is valid for the whole path. */
  "no-valid-policy": "badCertificate",
  /** The certificate is not for the name that was asked for. */
  "wrong-name": "badCertificate",
  /** Revoked by its issuer. */
  revoked: "certificateRevoked",
  /** A CRL of the issuer that is given, but damaged, not signed by the issuer or not current. */
  "bad-crl": "certificateUnknown",
  /** No CRL of the issuer although one is required. */
  "no-crl": "certificateUnknown",
  /** More certificates, bytes, signatures or names than the limits allow. */
  "limit-exceeded": "certificateUnknown",
} as const;

/** Why a certificate or CRL is refused, for programs to decide on: see {@linkcode certificateAlerts}. */
export type CertificateReason = keyof typeof certificateAlerts;

/** Which certificate of the chain an error is about. */
export interface CertificatePosition {
  /** Index in the chain as it was given; absent for a trust anchor, and for bytes that are in no chain. */
  readonly index?: number;
  /** Its subject, as {@linkcode formatName} writes it; absent if it could not be read. */
  readonly subject?: string;
}

/** Texts come from the peer: a line of a log need not hold 64 KiB of them. */
const MAX_TEXT = 300;

function cut(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}

/**
 * A certificate, CRL or chain that is refused. Messages hold no control characters, whatever the certificate holds.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { CertificateError, parseCertificate } from "./mod.ts";
 *
 * try {
 *   parseCertificate(new Uint8Array([0x30, 0x80]));
 * } catch (error) {
 *   assert(error instanceof CertificateError);
 *   assert.equal(error.reason, "malformed");
 *   assert.equal(error.alertName, "bad_certificate");
 * }
 * ```
 */
export class CertificateError extends Error {
  /** Always `CertificateError`. */
  override readonly name = "CertificateError";
  /** Why it is refused. */
  readonly reason: CertificateReason;
  /** The alert to send to the peer whose certificate this is: its number, one of AlertDescription. */
  readonly alert: number;
  /** The name of the alert in RFC 8446, such as `unknown_ca`. */
  readonly alertName: string;
  /** What is wrong, without the position. */
  readonly detail: string;
  /** Index in the chain as it was given; absent for a trust anchor, and for bytes that are in no chain. */
  readonly index?: number;
  /** The whole subject of the certificate; absent if it could not be read. */
  readonly subject?: string;

  /** Creates an error; `position` says which certificate of a chain it is about. */
  constructor(reason: CertificateReason, detail: string, { index, subject }: CertificatePosition = {}) {
    const which = [
      ...(index === undefined ? [] : [`certificate ${index}`]),
      ...(subject === undefined ? [] : [`(${cut(subject)})`]),
    ];
    super(which.length === 0 ? cut(detail) : `${which.join(" ")}: ${cut(detail)}`);
    this.reason = reason;
    this.alert = AlertDescription[certificateAlerts[reason]];
    this.alertName = alertName(this.alert);
    this.detail = detail;
    if (index !== undefined) this.index = index;
    if (subject !== undefined) this.subject = subject;
  }

  /** The same error with its position; unchanged if it has one. */
  at(position: CertificatePosition): CertificateError {
    return this.index === undefined && this.subject === undefined
      ? new CertificateError(this.reason, this.detail, position)
      : this;
  }
}
