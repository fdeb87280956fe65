/** Extensions of certificates (RFC 5280 section 4.2): reading the list, and decoding those that validation needs. @module */
import { decodeBits, decodeSmallInteger, DerReader, Tag } from "./der.ts";
import { CertificateError } from "./errors.ts";
import { type GeneralName, readGeneralNames } from "./general_names.ts";

/** One extension as it stands in the certificate. */
export interface Extension {
  /** Whether who does not know it must refuse the certificate. */
  readonly critical: boolean;
  /** DER of the value: the content of `extnValue`. */
  readonly value: Uint8Array;
}

/** Extensions by their object identifiers. */
export type Extensions = ReadonlyMap<string, Extension>;

/** Object identifiers of extensions: RFC 5280 sections 4.2.1, 5.2 and 5.3. */
export const ExtensionId = {
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  crlNumber: "2.5.29.20",
  crlReason: "2.5.29.21",
  invalidityDate: "2.5.29.24",
  nameConstraints: "2.5.29.30",
  certificatePolicies: "2.5.29.32",
  policyMappings: "2.5.29.33",
  authorityKeyIdentifier: "2.5.29.35",
  policyConstraints: "2.5.29.36",
  extendedKeyUsage: "2.5.29.37",
  inhibitAnyPolicy: "2.5.29.54",
} as const;

/** Reads Extensions; one that comes twice is refused (RFC 5280 section 4.2). */
export function readExtensions(reader: DerReader): Extensions {
  const extensions = new Map<string, Extension>();
  for (const item of reader.list(Tag.sequence)) {
    const extension = item.inside(Tag.sequence);
    const oid = extension.oid();
    const critical = extension.boolean();
    const value = extension.element(Tag.octetString).content;
    extension.end();
    if (extensions.has(oid)) throw new CertificateError("malformed", `extension ${oid} comes twice`);
    extensions.set(oid, { critical, value });
  }
  return extensions;
}

/** Refuses critical extensions that are not among `known`. */
export function refuseUnknownCritical(extensions: Extensions, known: ReadonlySet<string>): void {
  for (const [oid, { critical }] of extensions) {
    if (critical && !known.has(oid)) {
      throw new CertificateError(
        "unknown-critical-extension",
        `critical extension ${oid} is not implemented`,
      );
    }
  }
}

/** Decodes the extension `name`, `undefined` if there is none. */
export function decodeExtension<T>(
  extensions: Extensions,
  name: keyof typeof ExtensionId,
  read: (reader: DerReader) => T,
): T | undefined {
  const extension = extensions.get(ExtensionId[name]);
  if (extension === undefined) return undefined;
  const reader = new DerReader(extension.value, name);
  const value = read(reader);
  reader.end();
  return value;
}

/** What basicConstraints says (RFC 5280 section 4.2.1.9). */
export interface BasicConstraints {
  /** Whether the key may sign certificates. */
  readonly ca: boolean;
  /** How many intermediate certificates that are not self-issued may follow below. */
  readonly pathLength?: number;
}

/** Decodes basicConstraints. A path length without `ca` is refused: it says two things at once. */
export function basicConstraints(extensions: Extensions): BasicConstraints | undefined {
  return decodeExtension(extensions, "basicConstraints", (reader) => {
    const sequence = reader.inside(Tag.sequence);
    const ca = sequence.boolean();
    const pathLength = sequence.optional(Tag.integer);
    sequence.end();
    if (pathLength === undefined) return { ca };
    if (!ca) throw new CertificateError("malformed", "basicConstraints: a path length, but no CA");
    return { ca, pathLength: decodeSmallInteger(pathLength.content) };
  });
}

/** What a key may be used for (RFC 5280 section 4.2.1.3). */
export type KeyUsage =
  | "digitalSignature"
  | "nonRepudiation"
  | "keyEncipherment"
  | "dataEncipherment"
  | "keyAgreement"
  | "keyCertSign"
  | "cRLSign"
  | "encipherOnly"
  | "decipherOnly";

/** In the order of their bits. */
const keyUsages: readonly KeyUsage[] = [
  "digitalSignature",
  "nonRepudiation",
  "keyEncipherment",
  "dataEncipherment",
  "keyAgreement",
  "keyCertSign",
  "cRLSign",
  "encipherOnly",
  "decipherOnly",
];

/** Decodes keyUsage; `undefined` allows everything. */
export function keyUsage(extensions: Extensions): ReadonlySet<KeyUsage> | undefined {
  return decodeExtension(extensions, "keyUsage", (reader) => {
    const { bytes } = decodeBits(reader.element(Tag.bitString).content);
    return new Set(keyUsages.filter((_, bit) => ((bytes[bit >> 3] ?? 0) << (bit & 7)) & 0x80));
  });
}

/** Decodes extKeyUsage: object identifiers of purposes (RFC 5280 section 4.2.1.12); `undefined` allows everything. */
export function extendedKeyUsage(extensions: Extensions): readonly string[] | undefined {
  return decodeExtension(
    extensions,
    "extendedKeyUsage",
    (reader) => Array.from(reader.list(Tag.sequence), (item) => item.oid()),
  );
}

/** Decodes subjectAltName; empty if there is none. */
export function subjectAltNames(extensions: Extensions): readonly GeneralName[] {
  return decodeExtension(extensions, "subjectAltName", readGeneralNames) ?? [];
}

/** Decodes subjectKeyIdentifier. */
export function subjectKeyIdentifier(extensions: Extensions): Uint8Array | undefined {
  return decodeExtension(
    extensions,
    "subjectKeyIdentifier",
    (reader) => reader.element(Tag.octetString).content,
  );
}

/** Decodes the key identifier of authorityKeyIdentifier; its other two fields name the issuer, as the issuer does. */
export function authorityKeyIdentifier(extensions: Extensions): Uint8Array | undefined {
  return decodeExtension(extensions, "authorityKeyIdentifier", (reader) => {
    const sequence = reader.inside(Tag.sequence);
    const identifier = sequence.optional(0x80)?.content;
    for (const tag of [0xa1, 0x82]) sequence.optional(tag);
    sequence.end();
    return identifier;
  });
}
