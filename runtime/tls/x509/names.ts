/**
 * Distinguished names: reading, comparing and printing (RFC 5280 sections 4.1.2.4 and 7.1, RFC 4514).
 *
 * @module
 */
import { formatHex } from "../../wire/mod.ts";
import { type DerReader, Tag } from "./der.ts";
import { CertificateError } from "./errors.ts";

/** One attribute of a name, such as the common name. */
export interface NameAttribute {
  /** Attribute type as numbers with dots, such as `2.5.4.3`. */
  readonly type: string;
  /** The value as text; absent for types of strings that are not text, or not told apart. */
  readonly text?: string;
  /** The DER of the value. */
  readonly value: Uint8Array;
}

/** A distinguished name. */
export interface Name {
  /** Relative distinguished names in the order of the certificate, each with at least one attribute. */
  readonly rdns: readonly (readonly NameAttribute[])[];
  /** One comparison key for each relative name: two are equal if and only if the names are. */
  readonly rdnKeys: readonly string[];
  /** Comparison key of the whole name. */
  readonly key: string;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const utf16 = new TextDecoder("utf-16be", { fatal: true, ignoreBOM: true });

/** Decodes ASCII. */
export function decodeAscii(bytes: Uint8Array, what: string): string {
  let text = "";
  for (const byte of bytes) {
    if (byte > 0x7f) throw new CertificateError("malformed", `${what}: not ASCII`);
    text += String.fromCharCode(byte);
  }
  return text;
}

function decodeString(tag: number, content: Uint8Array): string | undefined {
  switch (tag) {
    case Tag.printableString:
    case Tag.ia5String:
    case Tag.numericString:
    case Tag.visibleString:
      return decodeAscii(content, "string in a name");
    case Tag.utf8String:
    case Tag.bmpString:
      try {
        return (tag === Tag.utf8String ? utf8 : utf16).decode(content);
      } catch {
        throw new CertificateError("malformed", "bad Unicode in a name");
      }
    default:
      return undefined;
  }
}

/** RFC 4518 in short: compatibility forms, case and runs of blanks make no difference. */
function comparable(text: string): string {
  return text.normalize("NFKC").toLowerCase().replaceAll(/\s+/g, " ").trim();
}

function attributeKey({ type, text, value }: NameAttribute): string {
  return text === undefined ? `${type}#${formatHex(value, 0, value.length)}` : `${type}=${comparable(text)}`;
}

/** Reads a Name. It may be empty; relative names may not. */
export function readName(reader: DerReader): Name {
  const rdns: NameAttribute[][] = [];
  const sequence = reader.inside(Tag.sequence);
  while (sequence.more) {
    const attributes: NameAttribute[] = [];
    for (const set of sequence.list(Tag.set)) {
      const pair = set.inside(Tag.sequence);
      const type = pair.oid();
      const { tag, content, whole } = pair.any();
      pair.end();
      const text = decodeString(tag, content);
      attributes.push({ type, value: whole, ...(text === undefined ? {} : { text }) });
    }
    rdns.push(attributes);
  }
  const rdnKeys = rdns.map((attributes) => JSON.stringify(attributes.map(attributeKey).sort()));
  return { rdns, rdnKeys, key: JSON.stringify(rdnKeys) };
}

/** Short names of attribute types (RFC 4514 section 3, and emailAddress of PKCS #9). */
const shortNames: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.5": "serialNumber",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.9": "STREET",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "0.9.2342.19200300.100.1.1": "UID",
  "0.9.2342.19200300.100.1.25": "DC",
  "1.2.840.113549.1.9.1": "emailAddress",
};

const encoder = new TextEncoder();

function hexEscapes(text: string): string {
  const bytes = encoder.encode(text);
  return `\\${formatHex(bytes, 0, bytes.length, "\\")}`;
}

/**
 * Escapes text for a line of a log: control and format characters, separators of lines and lone surrogates as the
 * hex of their UTF-8, and the characters that RFC 4514 section 2.4 escapes.
 */
function escapeText(text: string): string {
  return text.toWellFormed()
    .replaceAll(/[\\"+,;<>]|^[ #]| $/g, "\\$&")
    .replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, hexEscapes);
}

function formatValue({ text, value }: NameAttribute): string {
  return text === undefined ? `#${formatHex(value, 0, value.length)}` : escapeText(text);
}

/**
 * A name as RFC 4514 writes it, the last relative name first: `CN=nfs.example,O=Example`. Characters that could
 * change how a terminal or log shows it are escaped. Empty for an empty name.
 */
export function formatName(name: Name): string {
  return name.rdns.toReversed()
    .map((rdn) => rdn.map((a) => `${shortNames[a.type] ?? a.type}=${formatValue(a)}`).join("+"))
    .join(",");
}

/**
 * The last common name of a name with the escapes of {@linkcode formatName}, `undefined` if it has none. It is for
 * people: no rule of RFC 9525 or of this module looks at common names.
 */
export function commonName(name: Name): string | undefined {
  const attribute = name.rdns.flat().findLast(({ type }) => type === "2.5.4.3");
  return attribute === undefined ? undefined : formatValue(attribute);
}
