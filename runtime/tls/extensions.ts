/** Extensions: the list itself and the ones that the engine speaks (RFC 8446 section 4.2). @module */
import { refuse } from "./alerts.ts";
import { utf8 } from "./bytes.ts";
import { Reader, Writer } from "./wire.ts";

/** Extension numbers (IANA "TLS ExtensionType Values"). */
export const ExtensionType = {
  serverName: 0,
  supportedGroups: 10,
  signatureAlgorithms: 13,
  alpn: 16,
  recordSizeLimit: 28,
  preSharedKey: 41,
  earlyData: 42,
  supportedVersions: 43,
  cookie: 44,
  pskKeyExchangeModes: 45,
  certificateAuthorities: 47,
  keyShare: 51,
} as const;

/** One extension. */
export interface Extension {
  /** Its number. */
  readonly type: number;
  /** Its content. */
  readonly data: Uint8Array;
}

/** A list of extensions, each type at most once (a second one gives illegal_parameter). */
export function readExtensions(from: Reader, what: string): Extension[] {
  const list: Extension[] = [];
  const items = from.nested(2);
  while (items.remaining > 0) {
    const type = items.u16();
    if (list.some((other) => other.type === type)) {
      refuse("illegalParameter", `extension ${type} twice in ${what}`);
    }
    list.push({ type, data: items.vector(2) });
  }
  return list;
}

/** Writes a list of extensions with its length. */
export function writeExtensions(to: Writer, list: readonly Extension[]): void {
  to.vector(2, () => {
    for (const { type, data } of list) to.u16(type).vector(2, data);
  });
}

/** The content of an extension, read by `read`; undefined where the list lacks it. */
export function extension<T>(
  list: readonly Extension[],
  type: number,
  read: (from: Reader) => T,
): T | undefined {
  const found = list.find((candidate) => candidate.type === type);
  if (found === undefined) return undefined;
  const from = new Reader(found.data, `extension ${type}`);
  const value = read(from);
  from.end();
  return value;
}

/**
 * An answer may only have extensions that were asked for (else unsupported_extension) and that belong into this
 * message (else illegal_parameter): RFC 8446 section 4.2.
 */
export function checkAnswer(
  list: readonly Extension[],
  offered: readonly Extension[],
  allowed: readonly number[],
  what: string,
): void {
  for (const { type } of list) {
    // A cookie is the one extension that a HelloRetryRequest may bring unasked.
    const allowedHere = allowed.includes(type);
    const unasked = type === ExtensionType.cookie && allowedHere;
    if (!unasked && !offered.some((extension) => extension.type === type)) {
      refuse("unsupportedExtension", `extension ${type} in ${what} was not offered`);
    }
    if (!allowedHere) refuse("illegalParameter", `extension ${type} does not belong into ${what}`);
  }
}

/** An extension with the content that `fill` writes. */
export function make(type: number, fill?: (to: Writer) => void): Extension {
  const to = new Writer();
  fill?.(to);
  return { type, data: to.finish() };
}

/** server_name with one host name (RFC 6066 section 3). */
export function serverNameExtension(name: string): Extension {
  return make(ExtensionType.serverName, (to) => to.vector(2, () => to.u8(0).vector(2, utf8(name))));
}

/** The host name of a client's server_name. */
export function readServerName(from: Reader): string {
  const names = from.nested(2, 1);
  const type = names.u8();
  const name = names.vector(2, 1);
  names.end();
  if (type !== 0) refuse("illegalParameter", `server_name of type ${type}`);
  const text = String.fromCharCode(...name);
  if (!/^[\x21-\x7e]{1,255}$/.test(text)) refuse("illegalParameter", "server_name is not a host name");
  return text;
}

/** A protocol list: the client's offers, or the server's one choice (RFC 7301). */
export function alpnExtension(protocols: readonly string[]): Extension {
  return make(
    ExtensionType.alpn,
    (to) => to.vector(2, () => protocols.forEach((name) => to.vector(1, utf8(name)))),
  );
}

/** The protocols of an ALPN extension; at least one. Bytes that are no UTF-8 match no protocol of ours. */
export function readAlpn(from: Reader): string[] {
  const items = from.nested(2, 2);
  const list: string[] = [];
  while (items.remaining > 0) list.push(new TextDecoder().decode(items.vector(1, 1)));
  return list;
}

/** record_size_limit: most bytes of content, type and padding that we take (RFC 8449). */
export function recordSizeLimitExtension(limit: number): Extension {
  return make(ExtensionType.recordSizeLimit, (to) => to.u16(limit));
}

/** The peer's limit; less than 64 gives illegal_parameter. */
export function readRecordSizeLimit(from: Reader): number {
  const limit = from.u16();
  if (limit < 64) refuse("illegalParameter", `record_size_limit of ${limit}`);
  return limit;
}

/** A share of the key exchange. */
export interface KeyShareEntry {
  /** Number of the group. */
  readonly group: number;
  /** The public value. */
  readonly share: Uint8Array;
}

/** Writes one share. */
export function writeKeyShareEntry(to: Writer, entry: KeyShareEntry): void {
  to.u16(entry.group).vector(2, entry.share);
}

/** Reads one share. */
export function readKeyShareEntry(from: Reader): KeyShareEntry {
  return { group: from.u16(), share: from.vector(2, 1) };
}

/** The client's shares, possibly none; a group twice gives illegal_parameter. */
export function readKeyShares(from: Reader): KeyShareEntry[] {
  const items = from.nested(2);
  const list: KeyShareEntry[] = [];
  while (items.remaining > 0) {
    const entry = readKeyShareEntry(items);
    if (list.some(({ group }) => group === entry.group)) {
      refuse("illegalParameter", "two key shares of one group");
    }
    list.push(entry);
  }
  return list;
}

/** A PSK that a client offers. */
export interface PskIdentity {
  /** What names it. */
  readonly identity: Uint8Array;
  /** 0 for external PSKs. */
  readonly obfuscatedTicketAge: number;
}

/** A client's pre_shared_key. */
export interface PskOffer {
  /** What it offers, in its order. */
  readonly identities: readonly PskIdentity[];
  /** The binder of each. */
  readonly binders: readonly Uint8Array[];
  /** Bytes that the binders take at the end of the ClientHello, their length included. */
  readonly bindersLength: number;
}

/** Writes a client's offers. */
export function writePskOffer(
  to: Writer,
  identities: readonly PskIdentity[],
  binders: readonly Uint8Array[],
): void {
  to.vector(2, () => {
    for (const { identity, obfuscatedTicketAge } of identities) {
      to.vector(2, identity).u32(obfuscatedTicketAge);
    }
  }).vector(2, () => binders.forEach((binder) => to.vector(1, binder)));
}

/** Reads a client's offers; unequal numbers of identities and binders give illegal_parameter. */
export function readPskOffer(from: Reader): PskOffer {
  const items = from.nested(2, 7);
  const identities: PskIdentity[] = [];
  while (items.remaining > 0) {
    identities.push({ identity: items.vector(2, 1), obfuscatedTicketAge: items.u32() });
  }
  const bindersLength = from.remaining;
  const list = from.nested(2, 33);
  const binders: Uint8Array[] = [];
  while (list.remaining > 0) binders.push(list.vector(1, 32));
  if (binders.length !== identities.length) {
    refuse("illegalParameter", `${identities.length} PSK identities with ${binders.length} binders`);
  }
  return { identities, binders, bindersLength };
}
