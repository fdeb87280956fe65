/** AlgorithmIdentifier, hashes and the parameters of RSASSA-PSS (RFC 5280 section 4.1.1.2, RFC 4055). @module */
import { decodeSmallInteger, type DerReader, type Element, readOnly, Tag } from "./der.ts";
import { CertificateError } from "./errors.ts";

/** Hashes that a signature may use, under the names of node:crypto. */
export type Hash = "sha256" | "sha384" | "sha512";

/** Length of each hash in bytes. */
export const hashLength: Readonly<Record<Hash, number>> = { sha256: 32, sha384: 48, sha512: 64 };

/** An algorithm and its parameters. */
export interface AlgorithmIdentifier {
  /** Object identifier with dots. */
  readonly oid: string;
  /** The parameters; absent and NULL are different. */
  readonly parameters?: Element;
  /** The DER of all. */
  readonly whole: Uint8Array;
}

/** Reads an AlgorithmIdentifier. */
export function readAlgorithmIdentifier(reader: DerReader): AlgorithmIdentifier {
  const { whole } = reader.element(Tag.sequence);
  const inside = readOnly(whole, Tag.sequence, "algorithm");
  const oid = inside.oid();
  const parameters = inside.more ? inside.any() : undefined;
  inside.end();
  return { oid, whole, ...(parameters === undefined ? {} : { parameters }) };
}

/** Whether the parameters are a NULL, and a right one. */
export function isNull(parameters: Element | undefined): boolean {
  return parameters?.tag === Tag.null && parameters.content.length === 0;
}

/** Refuses parameters other than NULL, or than none at all where `absent` says that these will do. */
export function expectNull(
  { oid, parameters }: AlgorithmIdentifier,
  absent: "absent too" | "not absent",
): void {
  if (parameters === undefined ? absent === "not absent" : !isNull(parameters)) {
    throw new CertificateError("malformed", `parameters of algorithm ${oid} are not NULL`);
  }
}

/** Refuses parameters. */
export function expectNoParameters({ oid, parameters }: AlgorithmIdentifier): void {
  if (parameters !== undefined) {
    throw new CertificateError("malformed", `algorithm ${oid} has parameters`);
  }
}

const hashes: Readonly<Record<string, Hash>> = {
  "2.16.840.1.101.3.4.2.1": "sha256",
  "2.16.840.1.101.3.4.2.2": "sha384",
  "2.16.840.1.101.3.4.2.3": "sha512",
};

/** MD5 and SHA-1: the default of RSASSA-PSS is the latter. */
const weakHashes: readonly string[] = ["1.2.840.113549.2.5", "1.3.14.3.2.26"];

function readHash(reader: DerReader): Hash {
  const algorithm = readAlgorithmIdentifier(reader);
  // RFC 4055 section 2.1: an absent parameter is as good as NULL.
  expectNull(algorithm, "absent too");
  const hash = hashes[algorithm.oid];
  if (hash !== undefined) return hash;
  throw weakHashes.includes(algorithm.oid)
    ? new CertificateError("weak-algorithm", `hash ${algorithm.oid} is too weak`)
    : new CertificateError("unsupported-algorithm", `hash ${algorithm.oid} is not implemented`);
}

/** What RSASSA-PSS parameters say: the hash, which is that of MGF1 too, and the length of the salt in bytes. */
export interface PssParameters {
  /** Hash of the message and of MGF1. */
  readonly hash: Hash;
  /** Length of the salt in bytes; in a key, the shortest one that is allowed. */
  readonly saltLength: number;
}

const MGF1 = "1.2.840.113549.1.1.8";

/**
 * Decodes RSASSA-PSS-params (RFC 4055 section 3.1). Both hashes must be the same one, as in TLS (RFC 8446 section
 * 4.2.3) and in certificates of the web.
 */
export function decodePssParameters(parameters: Element): PssParameters {
  const reader = readOnly(parameters.whole, Tag.sequence, "RSASSA-PSS parameters");
  const explicit = (tag: number) => {
    const element = reader.optional(tag);
    return element && readOnly(element.whole, tag, "RSASSA-PSS parameters");
  };
  const hashField = explicit(0xa0);
  const maskField = explicit(0xa1);
  if (hashField === undefined || maskField === undefined) {
    throw new CertificateError("weak-algorithm", "RSASSA-PSS with its default hash, SHA-1");
  }
  const hash = readHash(hashField);
  hashField.end();
  const mask = readAlgorithmIdentifier(maskField);
  maskField.end();
  if (mask.oid !== MGF1 || mask.parameters === undefined) {
    throw new CertificateError("unsupported-algorithm", `mask generation ${mask.oid} is not implemented`);
  }
  const maskReader = readOnly(mask.whole, Tag.sequence, "MGF1");
  maskReader.any();
  if (readHash(maskReader) !== hash) {
    throw new CertificateError("unsupported-algorithm", "RSASSA-PSS with two different hashes");
  }
  const number = (tag: number, byDefault: number) => {
    const field = explicit(tag);
    if (field === undefined) return byDefault;
    const value = decodeSmallInteger(field.element(Tag.integer).content);
    field.end();
    return value;
  };
  const saltLength = number(0xa2, 20);
  if (number(0xa3, 1) !== 1) throw new CertificateError("malformed", "RSASSA-PSS with an unknown trailer");
  reader.end();
  return { hash, saltLength };
}
