/**
 * Text forms of bytes: strings, network and hardware addresses, UUIDs.
 *
 * Kernel strings (interface names, SSIDs, file names) are bytes that are usually UTF-8. Bytes that are not become
 * lone surrogates U+DC80..U+DCFF, as Python's `surrogateescape` does, so that no name is lost or changed on its way
 * through a JavaScript string.
 *
 * @module
 */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const utf8Encoder: TextEncoder = new TextEncoder();

/** Length of the well-formed UTF-8 sequence at `at`, 0 if there is none (RFC 3629, section 4). */
function sequenceLength(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at]!;
  if (lead < 0x80) return 1;
  const length = lead >= 0xc2 && lead < 0xe0
    ? 2
    : lead >= 0xe0 && lead < 0xf0
    ? 3
    : lead >= 0xf0 && lead < 0xf5
    ? 4
    : 0;
  if (length === 0 || at + length > end) return 0;
  const second = bytes[at + 1]!;
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let i = 2; i < length; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return 0;
  return length;
}

function decodeEscaped(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  let valid = start;
  let at = start;
  while (at < end) {
    const length = sequenceLength(bytes, at, end);
    if (length > 0) {
      at += length;
      continue;
    }
    text += utf8.decode(bytes.subarray(valid, at)) + String.fromCharCode(0xdc00 | bytes[at]!);
    valid = ++at;
  }
  return text + utf8.decode(bytes.subarray(valid, end));
}

/** Decodes `bytes[start, end)` as text; invalid UTF-8 becomes lone surrogates (see the module's page). */
export function decodeText(bytes: Uint8Array, start: number, end: number): string {
  // Interface names and kinds are short and ASCII: cheaper here than a call into the decoder.
  if (end - start <= 24) {
    let text = "";
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!;
      if (byte > 0x7f) return decodeEscaped(bytes, start, end);
      text += String.fromCharCode(byte);
    }
    return text;
  }
  try {
    return utf8.decode(bytes.subarray(start, end));
  } catch {
    return decodeEscaped(bytes, start, end);
  }
}

/** The bytes of a text made by {@linkcode decodeText}, or `undefined` where a surrogate stands for no byte. */
export function encodeText(text: string): Uint8Array | undefined {
  if (text.isWellFormed()) return utf8Encoder.encode(text);
  const parts: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code >= 0xdc80 && code <= 0xdcff) parts.push(code & 0xff);
    else if (code >= 0xd800 && code <= 0xdfff) return undefined;
    else parts.push(...utf8Encoder.encode(character));
  }
  return Uint8Array.from(parts);
}

const octets: readonly string[] = Array.from({ length: 256 }, (_, i) => String(i));
const dottedOctets: readonly string[] = octets.map((octet) => `${octet}.`);

/** Dotted form of an IPv4 address at `at`. */
export function formatIpv4(bytes: Uint8Array, at: number): string {
  // Tables: a route has up to three addresses, and turning numbers to text is most of the cost of each.
  return dottedOctets[bytes[at]!]! + dottedOctets[bytes[at + 1]!]! + dottedOctets[bytes[at + 2]!]! +
    octets[bytes[at + 3]!]!;
}

/** RFC 5952 form of an IPv6 address at `at`. */
export function formatIpv6(bytes: Uint8Array, at: number): string {
  // The longest run of two or more zero groups, the first of equals, becomes "::".
  let best = -1;
  let bestLength = 1;
  for (let i = 0; i < 8;) {
    let j = i;
    while (j < 8 && bytes[at + 2 * j] === 0 && bytes[at + 2 * j + 1] === 0) j++;
    if (j - i > bestLength) [best, bestLength] = [i, j - i];
    i = Math.max(j, i + 1);
  }
  let text = "";
  for (let i = 0; i < 8; i++) {
    if (i === best) {
      text += "::";
      i += bestLength - 1;
      continue;
    }
    if (text !== "" && !text.endsWith(":")) text += ":";
    text += ((bytes[at + 2 * i]! << 8) | bytes[at + 2 * i + 1]!).toString(16);
  }
  return text;
}

const hexByte: readonly string[] = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"));

/** Two hex digits for each byte of `bytes[start, end)`, with `separator` between bytes. */
export function formatHex(bytes: Uint8Array, start: number, end: number, separator = ""): string {
  let text = "";
  for (let at = start; at < end; at++) {
    text += at > start ? separator + hexByte[bytes[at]!]! : hexByte[bytes[at]!]!;
  }
  return text;
}

/** 8-4-4-4-12 form of the UUID at `at`. */
export function formatUuid(bytes: Uint8Array, at: number): string {
  const hex = formatHex(bytes, at, at + 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The four bytes of a dotted IPv4 address, `undefined` if it is none. */
export function parseIpv4(text: string): Uint8Array | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  const parts = match.slice(1).map(Number);
  // A leading zero would be octal to inet_aton(3): refused rather than guessed.
  return parts.some((part, i) => part > 255 || String(part) !== match[i + 1])
    ? undefined
    : Uint8Array.from(parts);
}

/** The sixteen bytes of an IPv6 address (RFC 4291 section 2.2, all three forms), `undefined` if it is none. */
export function parseIpv6(text: string): Uint8Array | undefined {
  let rest = text;
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (dotted !== null) {
    const tail = parseIpv4(dotted[2]!);
    if (tail === undefined) return undefined;
    rest = `${dotted[1]}${((tail[0]! << 8) | tail[1]!).toString(16)}:${
      ((tail[2]! << 8) | tail[3]!).toString(16)
    }`;
  }
  const halves = rest.split("::");
  if (halves.length > 2) return undefined;
  const groups = halves.map((half) => half === "" ? [] : half.split(":"));
  const given = groups[0]!.length + (groups[1]?.length ?? 0);
  if (halves.length === 1 ? given !== 8 : given > 7) return undefined;
  const all = [...groups[0]!, ...Array<string>(8 - given).fill("0"), ...(groups[1] ?? [])];
  const bytes = new Uint8Array(16);
  for (const [i, group] of all.entries()) {
    if (!/^[0-9a-f]{1,4}$/i.test(group)) return undefined;
    const value = parseInt(group, 16);
    bytes[2 * i] = value >> 8;
    bytes[2 * i + 1] = value & 0xff;
  }
  return bytes;
}

/** The bytes of an IPv4 or IPv6 address, `undefined` if it is neither. */
export function parseIp(text: string): Uint8Array | undefined {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

/** The bytes of hex digits, blanks between bytes allowed; `undefined` if it is no such text. */
export function parseHex(text: string): Uint8Array | undefined {
  const digits = text.replaceAll(" ", "");
  if (digits.length % 2 !== 0 || /[^0-9a-f]/i.test(digits)) return undefined;
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** The bytes of a hardware address, with or without colons; `undefined` if it is none. */
export function parseMac(text: string): Uint8Array | undefined {
  if (!text.includes(":")) return parseHex(text);
  const parts = text.split(":");
  return parts.every((part) => /^[0-9a-f]{1,2}$/i.test(part))
    ? Uint8Array.from(parts, (part) => parseInt(part, 16))
    : undefined;
}

/** The sixteen bytes of a UUID, `undefined` if it is none. */
export function parseUuid(text: string): Uint8Array | undefined {
  const bytes = parseHex(text.replaceAll("-", ""));
  return bytes?.length === 16 ? bytes : undefined;
}
