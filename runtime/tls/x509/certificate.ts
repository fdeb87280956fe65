/** X.509 certificates: the outer structure of RFC 5280 section 4.1. Extensions are decoded by who asks for them. @module */
import { createHash } from "node:crypto";
import { readAlgorithmIdentifier } from "./algorithm.ts";
import {
  checkInteger,
  decodeBitBytes,
  decodeSmallInteger,
  type DerReader,
  type Element,
  equalBytes,
  readOnly,
  readTime,
  Tag,
} from "./der.ts";
import { CertificateError } from "./errors.ts";
import { type Extensions, readExtensions } from "./extensions.ts";
import { type Name, readName } from "./names.ts";

/** Longest certificate that is read, in bytes: as much as a whole handshake message may have here. */
export const MAX_CERTIFICATE_BYTES: number = 64 * 1024;

/** What certificates and CRLs have in common: something signed, and its signature. */
export interface Signed {
  /** The part that is signed. */
  readonly tbs: Uint8Array;
  /** DER of the AlgorithmIdentifier of the signature; the signed and the outer one are the same. */
  readonly signatureAlgorithm: Uint8Array;
  /** Signature of the issuer over `tbs`. */
  readonly signature: Uint8Array;
}

/** A certificate, whose fields are as they stand in it: nothing here says that it is to be trusted. */
export interface Certificate extends Signed {
  /** The certificate as it came. */
  readonly der: Uint8Array<ArrayBuffer>;
  /** Version; 3 in every certificate of today. */
  readonly version: 1 | 2 | 3;
  /** Serial number: big-endian, not negative, 1 to 20 bytes. */
  readonly serial: Uint8Array;
  /** Who signed it. */
  readonly issuer: Name;
  /** Whose key it is. */
  readonly subject: Name;
  /** First moment of the validity. */
  readonly notBefore: Date;
  /** Last moment of the validity, to the second. */
  readonly notAfter: Date;
  /** DER of the SubjectPublicKeyInfo; see {@linkcode subjectPublicKey}. */
  readonly publicKeyInfo: Uint8Array;
  /** Extensions by their object identifiers. */
  readonly extensions: Extensions;
}

function malformed(what: string): CertificateError {
  return new CertificateError("malformed", what);
}

/** Reads the outer structure of a certificate or CRL. */
export function readSigned(der: Uint8Array, what: string): Signed {
  const reader = readOnly(der, Tag.sequence, what);
  const tbs = reader.element(Tag.sequence).whole;
  const signatureAlgorithm = readAlgorithmIdentifier(reader).whole;
  const signature = decodeBitBytes(reader.element(Tag.bitString).content);
  reader.end();
  return { tbs, signatureAlgorithm, signature };
}

/** Reads the signed algorithm, which has to be the outer one (RFC 5280 section 4.1.1.2). */
export function expectAlgorithm(reader: DerReader, outer: Uint8Array): void {
  if (!equalBytes(readAlgorithmIdentifier(reader).whole, outer)) {
    throw malformed("the signed and the outer signature algorithm differ");
  }
}

/** Checks a serial number: not negative, at most 20 bytes (RFC 5280 section 4.1.2.2). Zero is in old roots. */
export function checkSerial(content: Uint8Array): Uint8Array {
  checkInteger(content);
  if (content[0]! & 0x80) throw new CertificateError("malformed", "negative serial number");
  if (content.length > 20) throw new CertificateError("malformed", "serial number of more than 20 bytes");
  return content;
}

function readVersion(field: Element | undefined): 1 | 2 | 3 {
  if (field === undefined) return 1;
  const reader = readOnly(field.whole, field.tag, "version");
  const version = decodeSmallInteger(reader.element(Tag.integer).content);
  reader.end();
  // 0 is version 1, the default, which DER leaves out.
  if (version !== 1 && version !== 2) throw malformed("unknown version");
  return version === 1 ? 2 : 3;
}

/** Reads the extensions inside their explicit tag. */
export function readExplicitExtensions(field: Element): Extensions {
  const reader = readOnly(field.whole, field.tag, "extensions");
  const extensions = readExtensions(reader);
  reader.end();
  return extensions;
}

/**
 * Reads one certificate. The bytes are copied.
 *
 * @throws {CertificateError} `malformed` if it is not strict DER with nothing behind it, if it has an extension twice,
 * or extensions before version 3, or if its two signature algorithms differ; `limit-exceeded` above
 * {@linkcode MAX_CERTIFICATE_BYTES}.
 */
export function parseCertificate(bytes: Uint8Array): Certificate {
  if (bytes.length > MAX_CERTIFICATE_BYTES) {
    throw new CertificateError("limit-exceeded", `certificate of more than ${MAX_CERTIFICATE_BYTES} bytes`);
  }
  const der = Uint8Array.from(bytes);
  const { tbs, signatureAlgorithm, signature } = readSigned(der, "certificate");
  const reader = readOnly(tbs, Tag.sequence, "certificate");
  const version = readVersion(reader.optional(0xa0));
  const serial = checkSerial(reader.element(Tag.integer).content);
  expectAlgorithm(reader, signatureAlgorithm);
  const issuer = readName(reader);
  const validity = reader.inside(Tag.sequence);
  const notBefore = readTime(validity);
  const notAfter = readTime(validity);
  validity.end();
  const subject = readName(reader);
  const publicKeyInfo = reader.element(Tag.sequence).whole;
  // Unique identifiers of the issuer and subject: read over, as every profile says.
  for (const tag of [0x81, 0x82]) {
    const identifier = reader.optional(tag);
    if (identifier !== undefined && version === 1) throw malformed("unique identifier in version 1");
  }
  const wrapped = reader.optional(0xa3);
  reader.end();
  if (wrapped !== undefined && version !== 3) throw malformed(`extensions in version ${version}`);
  const extensions = wrapped === undefined ? new Map() : readExplicitExtensions(wrapped);
  return {
    der,
    tbs,
    version,
    serial,
    signatureAlgorithm,
    signature,
    issuer,
    subject,
    notBefore,
    notAfter,
    publicKeyInfo,
    extensions,
  };
}

/** SHA-256 of the whole certificate in lower-case hex: what people compare, and what a log should have. */
export function fingerprint(certificate: Certificate): string {
  return createHash("sha256").update(certificate.der).digest("hex");
}

/** Whether issuer and subject have the same name: a CA's certificate for itself (RFC 5280 section 3.2). */
export function isSelfIssued(certificate: Certificate): boolean {
  return certificate.issuer.key === certificate.subject.key;
}
