/**
 * The distinguished encoding rules of ASN.1 (X.690), as far as certificates and CRLs need them: definite lengths in
 * their shortest form, low tag numbers, nothing after the last element. A reader goes as deep as its caller's own
 * code goes, so that no input makes it recurse.
 *
 * @module
 */
import { CertificateError } from "./errors.ts";

/** Tag bytes: class, constructed bit and number in one. */
export const Tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
  numericString: 0x12,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  bmpString: 0x1e,
} as const;

/** One element: a tag and its content. */
export interface Element {
  /** Class, constructed bit and number. */
  readonly tag: number;
  /** The content octets. */
  readonly content: Uint8Array;
  /** Tag, length and content. */
  readonly whole: Uint8Array;
}

function malformed(what: string): CertificateError {
  return new CertificateError("malformed", what);
}

/** Reads elements one after the other; every fault is a {@linkcode CertificateError} of reason `malformed`. */
export class DerReader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  #at = 0;

  /** Reads `bytes`; errors say that they are about `what`. */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  /** Whether there is another element. */
  get more(): boolean {
    return this.#at < this.#bytes.length;
  }

  /** Whether the next element has this tag. */
  has(tag: number): boolean {
    return this.#bytes[this.#at] === tag;
  }

  #fail(problem: string): never {
    throw malformed(`${this.#what}: ${problem} at byte ${this.#at}`);
  }

  #length(at: number): [value: number, next: number] {
    const first = this.#bytes[at++];
    if (first === undefined) this.#fail("no length");
    if (first < 0x80) return [first, at];
    if (first === 0x80) this.#fail("indefinite length");
    const count = first & 0x7f;
    if (count > 4) this.#fail("length of more than 4 bytes");
    let value = 0;
    for (let i = 0; i < count; i++) value = value * 256 + (this.#bytes[at + i] ?? this.#fail("cut length"));
    if (value < 0x80 || value < 256 ** (count - 1)) this.#fail("length not in its shortest form");
    return [value, at + count];
  }

  /** Reads the next element, whatever it is. */
  any(): Element {
    const tag = this.#bytes[this.#at] ?? this.#fail("an element is missing");
    if ((tag & 0x1f) === 0x1f) this.#fail("tag number above 30");
    const [length, start] = this.#length(this.#at + 1);
    const end = start + length;
    if (end > this.#bytes.length) this.#fail("element longer than what holds it");
    const whole = this.#bytes.subarray(this.#at, end);
    const content = this.#bytes.subarray(start, end);
    this.#at = end;
    return { tag, content, whole };
  }

  /** Reads the next element, which must have this tag. */
  element(tag: number): Element {
    if (!this.has(tag)) this.#fail(`expected tag 0x${tag.toString(16).padStart(2, "0")}`);
    return this.any();
  }

  /** Reads the next element if it has this tag. */
  optional(tag: number): Element | undefined {
    return this.has(tag) ? this.any() : undefined;
  }

  /** A reader of the content of the next element. */
  inside(tag: number): DerReader {
    return new DerReader(this.element(tag).content, this.#what);
  }

  /** The elements of a SEQUENCE OF or SET OF, which must have at least one (SIZE (1..MAX)). */
  *list(tag: number): Generator<DerReader> {
    const reader = this.inside(tag);
    if (!reader.more) this.#fail("empty list");
    while (reader.more) yield reader;
  }

  /** Reads an object identifier, as numbers with dots. */
  oid(): string {
    return decodeOid(this.element(Tag.oid).content);
  }

  /** Reads a BOOLEAN, `false` if there is none. An explicit `false` is not DER, but widespread: it is taken. */
  boolean(): boolean {
    const element = this.optional(Tag.boolean);
    return element !== undefined && decodeBoolean(element.content);
  }

  /** Must have read all. */
  end(): void {
    if (this.more) this.#fail("unexpected element");
  }
}

/** A reader of the content of the one element that `bytes` are. */
export function readOnly(bytes: Uint8Array, tag: number, what: string): DerReader {
  const reader = new DerReader(bytes, what);
  const inside = reader.inside(tag);
  reader.end();
  return inside;
}

/** Decodes the content of a BOOLEAN (X.690 section 11.1). */
export function decodeBoolean(content: Uint8Array): boolean {
  if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) throw malformed("bad BOOLEAN");
  return content[0] === 0xff;
}

/** Checks the content of an INTEGER: not empty, and in its shortest form. */
export function checkInteger(content: Uint8Array): Uint8Array {
  const [first, second = 0] = content;
  if (first === undefined) throw malformed("empty INTEGER");
  if (content.length > 1 && first === (second & 0x80 ? 0xff : 0)) {
    throw malformed("INTEGER not in its shortest form");
  }
  return content;
}

/** Decodes the content of an INTEGER from 0 to 2^31 - 1; more is as good as malformed where this is used. */
export function decodeSmallInteger(content: Uint8Array): number {
  checkInteger(content);
  if (content.length > 4 || content[0]! & 0x80) throw malformed("INTEGER out of range");
  return content.reduce((value, byte) => value * 256 + byte, 0);
}

/** Splits the content of a BIT STRING into its bytes and the number of unused bits, which must be zero bits. */
export function decodeBits(content: Uint8Array): { bytes: Uint8Array; unused: number } {
  const unused = content[0];
  const bytes = content.subarray(1);
  if (unused === undefined || unused > 7 || (bytes.length === 0 && unused > 0)) {
    throw malformed("bad BIT STRING");
  }
  if ((bytes.at(-1) ?? 0) & ((1 << unused) - 1)) throw malformed("unused bits of a BIT STRING are set");
  return { bytes, unused };
}

/** The bytes of a BIT STRING that holds whole bytes. */
export function decodeBitBytes(content: Uint8Array): Uint8Array {
  const { bytes, unused } = decodeBits(content);
  if (unused !== 0) throw malformed("BIT STRING of no whole bytes");
  return bytes;
}

/** Longest content of an object identifier: an arc of 128 bits (a UUID below 2.25) takes 19 bytes. */
const MAX_OID = 64;

/** Decodes the content of an object identifier, as numbers with dots. */
export function decodeOid(content: Uint8Array): string {
  if (content.length === 0 || content.length > MAX_OID) throw malformed("bad length of an object identifier");
  if (content.at(-1)! & 0x80) throw malformed("cut object identifier");
  const arcs: bigint[] = [];
  let arc = 0n;
  let fresh = true;
  for (const byte of content) {
    if (fresh && byte === 0x80) throw malformed("object identifier not in its shortest form");
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    fresh = (byte & 0x80) === 0;
    if (!fresh) continue;
    if (arcs.length > 0) arcs.push(arc);
    else if (arc < 80n) arcs.push(arc / 40n, arc % 40n);
    else arcs.push(2n, arc - 80n);
    arc = 0n;
  }
  return arcs.join(".");
}

/** Whether two byte strings are the same. For public bytes: its time tells where they differ. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

const timePattern = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;

/** Reads a UTCTime or GeneralizedTime of RFC 5280 section 4.1.2.5: with seconds, without fractions, in UTC. */
export function readTime(reader: DerReader): Date {
  const { tag, content } = reader.any();
  if (tag !== Tag.utcTime && tag !== Tag.generalizedTime) throw malformed("expected a time");
  let text = String.fromCharCode(...content.subarray(0, 16));
  // Two digits are of 1950 to 2049.
  if (tag === Tag.utcTime) text = `${text < "50" ? "20" : "19"}${text}`;
  const match = content.length > 15 ? null : timePattern.exec(text);
  if (match === null) throw malformed("bad time");
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  const time = new Date(0);
  time.setUTCFullYear(year, month - 1, day);
  time.setUTCHours(hour, minute, second);
  // A Date takes 30 February as 2 March.
  if (time.toISOString().replaceAll(/[-:T]/g, "").slice(0, 14) !== text.slice(0, 14)) {
    throw malformed("bad time");
  }
  return time;
}

/** Encodes an element, for the few that must be written: a public key in its general form. */
export function encodeElement(tag: number, ...contents: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const length = contents.reduce((sum, content) => sum + content.length, 0);
  const header = length < 0x80
    ? [tag, length]
    : length < 0x100
    ? [tag, 0x81, length]
    : [tag, 0x82, length >> 8, length & 0xff];
  const out = new Uint8Array(header.length + length);
  out.set(header);
  let at = header.length;
  for (const content of contents) {
    out.set(content, at);
    at += content.length;
  }
  return out;
}
