/**
 * Walks the attributes of a message along its family's spec, without decoding them: for errors that point into a
 * message, and for showing one byte by byte.
 *
 * @module
 */
import { type MessageFormat, NETLINK_GENERIC } from "./family.ts";
import { GENL_HDRLEN, NLMSG_HDRLEN } from "./message.ts";
import type { AttributeMeta, FamilyMeta, MemberMeta, SetMeta } from "./meta.ts";

/** Attributes of one level, and what the spec says of them. */
export interface Scope {
  /** Offset of the first attribute. */
  start: number;
  /** Offset behind the last one. */
  end: number;
  /** Attribute set; `undefined` if it is not known. */
  set?: SetMeta | undefined;
  /** The attributes are elements of an array, all alike: this is what each of them is. */
  element?: AttributeMeta;
  /** Struct in front of the attributes, up to `start`. */
  header?: { name: string; start: number } | undefined;
  /** Selector of a sub-message's format. */
  format?: string;
  /** The scope around this one, where a sub-message's selector may be. */
  outer?: Scope;
}

/** An attribute on the way. */
export interface WalkedAttribute {
  /** Offset of its header. */
  start: number;
  /** Offset behind its payload, without padding. */
  end: number;
  /** Its id, without flags. */
  type: number;
  /** Its name in the spec, or its id; of an array's element, the position as `[1]`. */
  name: string;
  /** Position among the attributes of its id, if the attribute repeats. */
  occurrence: number | undefined;
  /** What the spec says of it; `undefined` if nothing. */
  spec: AttributeMeta | undefined;
}

/** The outermost attributes of a message, which begins at the start of `bytes`. */
export function messageScope(
  bytes: Uint8Array,
  protocol: number,
  format: MessageFormat,
  meta: FamilyMeta,
): Scope {
  const { set, header } = meta.operations[format.name] ?? {};
  const start = NLMSG_HDRLEN + (protocol === NETLINK_GENERIC ? GENL_HDRLEN : 0);
  return {
    start: start + roundUp(format.header?.size ?? 0, 4),
    end: bytes.length,
    set: set === undefined ? undefined : meta.sets[set],
    header: header === undefined ? undefined : { name: header, start },
  };
}

/** The attributes of a scope, as far as they are well-formed. */
export function* attributesIn(bytes: Uint8Array, scope: Scope): Generator<WalkedAttribute> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const seen = new Map<number, number>();
  let position = 0;
  for (let at = scope.start; scope.end - at >= 4;) {
    const length = view.getUint16(at, true);
    if (length < 4 || length > scope.end - at) return;
    const type = view.getUint16(at + 2, true) & 0x3fff;
    const [key, spec] = scope.element === undefined ? findAttribute(scope.set, type) : ["", scope.element];
    const occurrence = seen.get(type) ?? 0;
    seen.set(type, occurrence + 1);
    yield {
      start: at,
      end: at + length,
      type,
      name: scope.element === undefined ? key : `[${position}]`,
      occurrence: scope.element === undefined && spec?.multi ? occurrence : undefined,
      spec,
    };
    position++;
    at += roundUp(length, 4);
  }
}

/** Name of an attribute in the spec, and what the spec says of it; its id if it is not there. */
export function findAttribute(set: SetMeta | undefined, id: number): [string, AttributeMeta | undefined] {
  for (const [property, attribute] of Object.entries(set ?? {})) {
    if (attribute.id === id) return [attribute.name ?? property, attribute];
  }
  return [String(id), undefined];
}

/** What is inside an attribute; `undefined` if that is no attributes, or nothing is known of it. */
export function scopeInside(
  bytes: Uint8Array,
  scope: Scope,
  { start, end, spec }: WalkedAttribute,
  meta: FamilyMeta,
): Scope | undefined {
  if (spec === undefined) return undefined;
  const inner = { start: start + 4, end, outer: scope };
  if (scope.element === undefined && spec.type === "indexed-array") return { ...inner, element: spec };
  // The ids inside a nest-type-value are values.
  if (spec.values !== undefined) return undefined;
  if (spec.nest !== undefined) return { ...inner, set: meta.sets[spec.nest] };
  if (spec.message === undefined || spec.selector === undefined) return undefined;
  const kind = selectorValue(bytes, scope, spec.selector, meta);
  const format = kind === undefined ? undefined : meta.messages[spec.message]?.[kind];
  if (kind === undefined || format === undefined) return undefined;
  const size = format.header === undefined ? 0 : structLayout(format.header, meta).size;
  return {
    ...inner,
    start: Math.min(inner.start + roundUp(size, 4), end),
    set: format.set === undefined ? undefined : meta.sets[format.set],
    header: format.header === undefined ? undefined : { name: format.header, start: inner.start },
    format: kind,
  };
}

/** Value of the nearest selector of that name, as the key of a sub-message's formats. */
function selectorValue(
  bytes: Uint8Array,
  scope: Scope | undefined,
  selector: string,
  meta: FamilyMeta,
): string | undefined {
  for (; scope !== undefined; scope = scope.outer) {
    const entries = Object.entries(scope.set ?? {});
    const [, spec] = entries.find(([property, { name }]) => name === selector || property === selector) ?? [];
    if (spec === undefined) continue;
    for (const { type, start, end } of attributesIn(bytes, scope)) {
      if (type !== spec.id) continue;
      const payload = bytes.subarray(start + 4, end);
      if (spec.type === "string") return new TextDecoder().decode(payload).replace(/\0$/, "");
      const digits = spec.big ? payload : payload.toReversed();
      const number = digits.reduce((value, byte) => value * 256 + byte, 0);
      const names = Object.entries(meta.enums[spec.enum ?? ""]?.entries ?? {});
      return names.find(([, value]) => value === number)?.[0] ?? String(number);
    }
    return undefined;
  }
  return undefined;
}

/** A member of a struct in its place. */
export interface MemberLayout {
  /** Name in the spec. */
  name: string;
  /** What the spec says of it. */
  member: MemberMeta;
  /** Offset from the start of the struct. */
  at: number;
  /** Bytes. */
  size: number;
}

/** A struct as C lays it out: naturally aligned. */
export interface StructLayout {
  /** `sizeof`, in bytes, without a flexible array at its end. */
  size: number;
  /** Alignment, in bytes. */
  align: number;
  /** The members, without padding. */
  members: MemberLayout[];
}

/** Lays out a struct of a family. */
export function structLayout(name: string, meta: FamilyMeta): StructLayout {
  let end = 0;
  let align = 1;
  const members: MemberLayout[] = [];
  for (const [property, member] of Object.entries(meta.structs[name] ?? {})) {
    const inner = member.struct === undefined ? memberLayout(member) : structLayout(member.struct, meta);
    const at = roundUp(end, inner.align);
    const size = member.array ? 0 : inner.size;
    members.push({ name: member.name ?? property, member, at, size });
    end = at + size;
    align = Math.max(align, inner.align);
  }
  return { size: roundUp(end, align), align, members };
}

function memberLayout({ type, length = 0 }: MemberMeta): { size: number; align: number } {
  const bits = Number(/^[us](8|16|32|64)$/.exec(type)?.[1] ?? 0);
  return bits === 0 ? { size: length, align: 1 } : { size: bits / 8, align: bits / 8 };
}

function roundUp(size: number, align: number): number {
  return Math.ceil(size / align) * align;
}
