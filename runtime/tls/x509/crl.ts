/**
 * Certificate revocation lists (RFC 5280 section 5): complete lists, signed by the issuer of the certificates. Lists
 * for a part of the certificates, of changes, or for other issuers have a critical extension that is refused.
 *
 * @module
 */
import { formatHex } from "../../wire/mod.ts";
import {
  type Certificate,
  checkSerial,
  expectAlgorithm,
  readExplicitExtensions,
  readSigned,
  type Signed,
} from "./certificate.ts";
import { decodeSmallInteger, type DerReader, readOnly, readTime, Tag } from "./der.ts";
import { CertificateError } from "./errors.ts";
import {
  ExtensionId,
  type Extensions,
  keyUsage,
  readExtensions,
  refuseUnknownCritical,
} from "./extensions.ts";
import type { Budget } from "./limits.ts";
import { type Name, readName } from "./names.ts";
import { subjectPublicKey } from "./public_key.ts";
import { verifySignature } from "./signature.ts";

/** Longest CRL that is read, in bytes. */
export const MAX_CRL_BYTES: number = 16 * 1024 * 1024;

/** A certificate revocation list. */
export interface Crl extends Signed {
  /** Who signed it, and whose certificates it is about. */
  readonly issuer: Name;
  /** When it was made. */
  readonly thisUpdate: Date;
  /** When the next one comes at the latest; without it, a list is never current. */
  readonly nextUpdate?: Date;
  /** Serial numbers in hex, and since when each is revoked. */
  readonly revoked: ReadonlyMap<string, Date>;
  /** Extensions of the list. */
  readonly extensions: Extensions;
}

const knownInList: ReadonlySet<string> = new Set([
  ExtensionId.authorityKeyIdentifier,
  ExtensionId.crlNumber,
]);

const knownInEntry: ReadonlySet<string> = new Set([ExtensionId.crlReason, ExtensionId.invalidityDate]);

function malformed(what: string): CertificateError {
  return new CertificateError("malformed", `CRL: ${what}`);
}

function hexSerial(serial: Uint8Array): string {
  return formatHex(serial, 0, serial.length);
}

function readRevoked(list: DerReader, version: 1 | 2): Map<string, Date> {
  const revoked = new Map<string, Date>();
  while (list.more) {
    const entry = list.inside(Tag.sequence);
    const serial = hexSerial(checkSerial(entry.element(Tag.integer).content));
    revoked.set(serial, readTime(entry));
    if (!entry.more) continue;
    if (version === 1) throw malformed("extension in version 1");
    // RFC 5280 section 5.3: one entry that is not understood makes the whole list unusable.
    refuseUnknownCritical(readExtensions(entry), knownInEntry);
    entry.end();
  }
  return revoked;
}

function readVersion(reader: DerReader): 1 | 2 {
  const version = reader.optional(Tag.integer);
  if (version === undefined) return 1;
  if (decodeSmallInteger(version.content) !== 1) throw malformed("unknown version");
  return 2;
}

/**
 * Reads one CRL. The bytes are copied.
 *
 * @throws {CertificateError} `malformed` if it is not strict DER with nothing behind it;
 * `unknown-critical-extension` for a delta or indirect CRL, or one of a distribution point, and for whatever else is
 * critical and unknown; `limit-exceeded` above {@linkcode MAX_CRL_BYTES}.
 */
export function parseCrl(bytes: Uint8Array): Crl {
  if (bytes.length > MAX_CRL_BYTES) {
    throw new CertificateError("limit-exceeded", `CRL of more than ${MAX_CRL_BYTES} bytes`);
  }
  const signed = readSigned(Uint8Array.from(bytes), "CRL");
  const reader = readOnly(signed.tbs, Tag.sequence, "CRL");
  const version = readVersion(reader);
  expectAlgorithm(reader, signed.signatureAlgorithm);
  const issuer = readName(reader);
  const thisUpdate = readTime(reader);
  const nextUpdate = reader.has(Tag.utcTime) || reader.has(Tag.generalizedTime)
    ? readTime(reader)
    : undefined;
  const revoked = reader.has(Tag.sequence) ? readRevoked(reader.inside(Tag.sequence), version) : new Map();
  const wrapped = reader.optional(0xa0);
  reader.end();
  if (wrapped !== undefined && version === 1) throw malformed("extensions in version 1");
  const extensions = wrapped === undefined ? new Map() : readExplicitExtensions(wrapped);
  refuseUnknownCritical(extensions, knownInList);
  return { ...signed, issuer, thisUpdate, revoked, extensions, ...(nextUpdate && { nextUpdate }) };
}

/** Checks that a list is the issuer's and current. */
function checkCrl(crl: Crl, issuer: Certificate, time: Date): void {
  if (keyUsage(issuer.extensions)?.has("cRLSign") === false) {
    throw new CertificateError("bad-crl", "the key usage of the issuer does not allow it to sign a CRL");
  }
  if (time < crl.thisUpdate) throw new CertificateError("bad-crl", "the CRL of the issuer is not valid yet");
  if (crl.nextUpdate === undefined) {
    throw new CertificateError("bad-crl", "the CRL of the issuer does not say when the next one comes");
  }
  if (time > crl.nextUpdate) throw new CertificateError("bad-crl", "the CRL of the issuer is out of date");
  try {
    verifySignature(crl.signatureAlgorithm, crl.tbs, crl.signature, subjectPublicKey(issuer));
  } catch (error) {
    throw error instanceof CertificateError
      ? new CertificateError("bad-crl", `the CRL of the issuer: ${error.detail}`)
      : error;
  }
}

/** What revocation is checked with. */
export interface RevocationOptions {
  /** Lists, of any issuers, in any order. */
  readonly crls: readonly Crl[];
  /** Refuse a certificate whose issuer has no list. */
  readonly required: boolean;
  /** The moment that lists have to be current at. */
  readonly time: Date;
}

/**
 * Checks that a certificate is not revoked. A list of the issuer's name has to be good: with several, as when one
 * replaces the other, at least one has to be, and none that is good may have the certificate.
 *
 * @throws {CertificateError} `revoked`, `bad-crl`, or `no-crl` where one is required.
 */
export function checkRevocation(
  certificate: Certificate,
  issuer: Certificate,
  { crls, required, time }: RevocationOptions,
  budget: Budget,
): void {
  const own = crls.filter((crl) => crl.issuer.key === certificate.issuer.key);
  if (own.length === 0) {
    if (required) throw new CertificateError("no-crl", "no CRL of the issuer is given, and one is required");
    return;
  }
  let fault: CertificateError | undefined;
  let good = 0;
  for (const crl of own) {
    budget.spendSignature();
    try {
      checkCrl(crl, issuer, time);
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      fault ??= error;
      continue;
    }
    good++;
    if (crl.revoked.has(hexSerial(certificate.serial))) {
      throw new CertificateError("revoked", "revoked by its issuer");
    }
  }
  if (good === 0 && fault !== undefined) throw fault;
}
