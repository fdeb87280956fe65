/** Says what each byte of a message is, along its family's spec. @module */
import { type MessageFormat, NETLINK_GENERIC } from "./family.ts";
import { GENL_HDRLEN, MessageFlags, NLMSG_HDRLEN } from "./message.ts";
import type { AttributeMeta, FamilyMeta, MemberMeta } from "./meta.ts";
import { decodeText, formatHex, formatIpv4, formatIpv6, formatUuid } from "./text.ts";
import { attributesIn, messageScope, type Scope, scopeInside, structLayout } from "./walk.ts";

/** What some bytes of a message are. */
export interface Annotation {
  /** Offset of the first byte. */
  start: number;
  /** Offset behind the last byte, padding included. */
  end: number;
  /** How deep in nests: 0 for headers and outermost attributes. */
  depth: number;
  /** Name of the field, in the kernel's or the spec's words. */
  label: string;
  /** Its value as text; empty for what only holds others. */
  value: string;
}

/** A message to be annotated. */
export interface AnnotatedMessage {
  /** The message, from its header on. */
  bytes: Uint8Array;
  /** Netlink protocol: after the message header, NETLINK_GENERIC (16) has one of its own. */
  protocol: number;
  /** The operation or event that it belongs to. */
  format: MessageFormat;
}

/**
 * Annotations of all bytes of a message, in order. Nothing is thrown for a damaged message: what does not follow the
 * spec is annotated as unknown bytes.
 */
export function annotateMessage(message: AnnotatedMessage, meta: FamilyMeta): Annotation[] {
  return new Annotator(message.bytes, meta).message(message);
}

class Annotator {
  readonly #rows: Annotation[] = [];
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #meta: FamilyMeta;

  constructor(bytes: Uint8Array, meta: FamilyMeta) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#meta = meta;
  }

  #add(start: number, end: number, depth: number, label: string, value: string): void {
    if (end > start) this.#rows.push({ start, end, depth, label, value });
  }

  message({ bytes, protocol, format }: AnnotatedMessage): Annotation[] {
    const generic = protocol === NETLINK_GENERIC;
    const headers = NLMSG_HDRLEN + (generic ? GENL_HDRLEN : 0);
    if (bytes.length < headers) {
      this.#add(0, bytes.length, 0, "unknown", `${bytes.length} bytes`);
      return this.#rows;
    }
    const view = this.#view;
    this.#add(0, 4, 0, "nlmsg_len", `${view.getUint32(0, true)}`);
    this.#add(4, 6, 0, "nlmsg_type", `${view.getUint16(4, true)}`);
    this.#add(6, 8, 0, "nlmsg_flags", flagNames(view.getUint16(6, true)));
    this.#add(8, 12, 0, "nlmsg_seq", `${view.getUint32(8, true)}`);
    this.#add(12, 16, 0, "nlmsg_pid", `${view.getUint32(12, true)}`);
    if (generic) {
      this.#add(16, 17, 0, "cmd", `${view.getUint8(16)} (${format.name})`);
      this.#add(17, 18, 0, "version", `${view.getUint8(17)}`);
      this.#add(18, 20, 0, "reserved", "");
    }
    this.#scope(messageScope(bytes, protocol, format, this.#meta), 0);
    return this.#rows;
  }

  #scope(scope: Scope, depth: number): void {
    const { header } = scope;
    if (header !== undefined) {
      this.#struct(header.name, header.start, Math.min(scope.start, scope.end), depth);
    }
    let end = scope.start;
    for (const attribute of attributesIn(this.#bytes, scope)) {
      const { start, name, spec } = attribute;
      end = Math.min(attribute.start + (attribute.end - start + 3 & ~3), scope.end);
      const inside = scopeInside(this.#bytes, scope, attribute, this.#meta);
      if (inside !== undefined) {
        this.#add(start, start + 4, depth, name, inside.format === undefined ? "" : `(${inside.format})`);
        this.#scope(inside, depth + 1);
        this.#add(attribute.end, end, depth, "padding", "");
      } else if (spec?.struct !== undefined) {
        this.#add(start, start + 4, depth, name, "");
        this.#struct(spec.struct, start + 4, attribute.end, depth + 1);
        this.#add(attribute.end, end, depth, "padding", "");
      } else {
        this.#add(start, end, depth, name, this.#value(start + 4, attribute.end, spec));
      }
    }
    this.#add(end, scope.end, depth, "unknown", `${scope.end - end} bytes`);
  }

  #struct(name: string, start: number, end: number, depth: number): void {
    let position = start;
    for (const { name: label, member, at, size } of structLayout(name, this.#meta).members) {
      const memberEnd = member.array ? end : Math.min(start + at + size, end);
      this.#add(position, Math.min(start + at, end), depth, "padding", "");
      if (memberEnd <= start + at) break;
      if (member.struct === undefined || member.array) {
        this.#add(start + at, memberEnd, depth, label, this.#value(start + at, memberEnd, member));
      } else {
        this.#struct(member.struct, start + at, memberEnd, depth + 1);
      }
      position = memberEnd;
    }
    this.#add(position, end, depth, "padding", "");
  }

  /** A payload as text. */
  #value(start: number, end: number, spec: AttributeMeta | MemberMeta | undefined): string {
    const length = end - start;
    const opaque = length === 0 ? "" : `${length} ${length === 1 ? "byte" : "bytes"}`;
    if (spec === undefined) return opaque;
    if (spec.type === "flag") return "set";
    if (spec.type === "string") {
      return JSON.stringify(decodeText(this.#bytes, start, end).replace(/\0+$/, ""));
    }
    const hinted = this.#hinted(start, end, spec.hint);
    if (hinted !== undefined) return hinted;
    if (spec.type === "bitfield32" && length === 8) {
      return `${this.#number(start, start + 4, "u", false)} of ${this.#number(start + 4, end, "u", false)}`;
    }
    const [, sign = "", bits] = /^([us])(?:int|(8|16|32|64))$/.exec(spec.type) ?? [];
    if (
      sign === "" || ![1, 2, 4, 8].includes(length) || (bits !== undefined && Number(bits) !== 8 * length)
    ) {
      return opaque;
    }
    const big = "big" in spec && spec.big === true;
    return this.#named(this.#number(start, end, sign, big), spec);
  }

  #number(start: number, end: number, sign: string, big: boolean): bigint {
    let number = 0n;
    for (let i = start; i < end; i++) {
      const at = big ? i : start + end - 1 - i;
      number = number << 8n | BigInt(this.#bytes[at]!);
    }
    return sign === "s" ? BigInt.asIntN(8 * (end - start), number) : number;
  }

  #named(number: bigint, { enum: name, flags }: AttributeMeta | MemberMeta): string {
    const entries = Object.entries(name === undefined ? {} : this.#meta.enums[name]?.entries ?? {});
    const names = entries.filter(([, value]) =>
      flags ? number >> BigInt(value) & 1n : number === BigInt(value)
    );
    return names.length === 0 ? `${number}` : `${number} (${names.map(([name]) => name).join(", ")})`;
  }

  #hinted(start: number, end: number, hint: string | undefined): string | undefined {
    const length = end - start;
    switch (hint) {
      case "ipv4":
      case "ipv6":
      case "ipv4-or-v6":
        if (length === 4) return formatIpv4(this.#bytes, start);
        return length === 16 ? formatIpv6(this.#bytes, start) : undefined;
      case "mac":
        return formatHex(this.#bytes, start, end, ":");
      case "uuid":
        return length === 16 ? formatUuid(this.#bytes, start) : undefined;
      default:
        return undefined;
    }
  }
}

/** Names of message flags; some bits mean one thing in a request, another in a reply. */
function flagNames(flags: number): string {
  const { request, multi, ack, echo, dumpInterrupted, dumpFiltered, dump } = MessageFlags;
  const names: [number, string][] = [
    [request, "request"],
    [multi, "multi"],
    [ack, "ack"],
    [echo, "echo"],
    [dumpInterrupted, "dump-interrupted"],
    [dumpFiltered, "dump-filtered"],
  ];
  const text = names.filter(([bit]) => flags & bit).map(([, name]) => name);
  if ((flags & request) !== 0 && (flags & dump) === dump) text.push("dump");
  else if (flags & 0xff00) text.push(`0x${(flags & 0xff00).toString(16)}`);
  return `${flags}${text.length === 0 ? "" : ` (${text.join(", ")})`}`;
}
