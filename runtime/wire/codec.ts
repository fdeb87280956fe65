/** What generated codecs are: an encoder and a decoder per attribute set and per struct. @module */
import type { Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";

/** What errors need to know of a codec. */
export interface Fields {
  /** Name of the attribute set or struct in the spec. */
  readonly name: string;
  /** Property names in id order, separated by blanks; `name=id` where an id does not follow the one before. */
  readonly fields: string;
}

/** An attribute that a codec does not know: kept, and encoded again as it came. */
export interface UnknownAttribute {
  /** `nla_type` as on the wire, with the flags NLA_F_NESTED (0x8000) and NLA_F_NET_BYTEORDER (0x4000). */
  type: number;
  /** The payload, without header and padding. */
  data: Uint8Array;
}

/** NLA_BITFIELD32: which bits are meant, and what they are. */
export interface Bitfield32 {
  /** The bits' values. */
  value: number;
  /** Which bits of `value` count. */
  selector: number;
}

/**
 * An array whose elements carry an index on the wire. The array is in wire order; `indices` is there only when the
 * indices are not the usual ones (counting up from the attribute's first index).
 */
export type IndexedArray<T> = T[] & { indices?: number[] };

/** Values that the elements of an indexed array may be, by the method of a reader or writer. */
export type ElementType =
  | "u8"
  | "u16"
  | "u32"
  | "u64"
  | "s8"
  | "s16"
  | "s32"
  | "s64"
  | "u16be"
  | "u32be"
  | "u64be"
  | "s16be"
  | "s32be"
  | "s64be"
  | "uint"
  | "sint"
  | "uintbe"
  | "sintbe"
  | "ip"
  | "ipv4"
  | "mac"
  | "uuid"
  | "bytes"
  | "string";

/** Gives the elements of an array their own indices on the wire: the first one's, or one for each. */
export function indexed<T>(indices: number | readonly number[], elements: readonly T[]): IndexedArray<T> {
  const array: IndexedArray<T> = [...elements];
  array.indices = typeof indices === "number" ? elements.map((_, i) => indices + i) : [...indices];
  return array;
}

/**
 * Type of a sub-message selector that no spec lists, such as the kind of a new network device. Any string at run
 * time; the odd pattern is what lets TypeScript tell this arm of the union from the known ones.
 * Made by {@linkcode unknownKind}.
 */
export type UnknownKind = `${string}\0unknown`;

/** Marks a selector as one that the spec does not list, so that its payload may be given as raw bytes. */
export function unknownKind(kind: string): UnknownKind {
  return kind as UnknownKind;
}

/** A number of an open enum: a newer kernel may send one that this version does not know. */
export type OpenNumber = number & Record<never, never>;

/** A 64-bit number of an open enum. */
export type OpenBigInt = bigint & Record<never, never>;

/**
 * What an encoder takes where its decoder gives `T`: 64-bit numbers also as `number`, text also as bytes, every
 * member optional (absent struct members are 0), and `undefined` for absent.
 */
export type Input<T> = T extends bigint ? bigint | number
  : T extends string ? string extends T ? string | Uint8Array : T
  : T extends number | boolean | Uint8Array | undefined ? T
  : T extends readonly (infer E)[] ? readonly Input<E>[] & { readonly indices?: readonly number[] }
  : { readonly [K in keyof T]?: Input<T[K]> | undefined };

/** `T` with none but the named members (and what it keeps of unknown attributes), arm by arm for a union. */
export type Only<T, K extends PropertyKey> = T extends unknown ? Pick<T, Extract<keyof T, K | "unknown">>
  : never;

/** Encoder and decoder of an attribute set. */
// The parameter positions are methods on purpose: a codec of a narrower type stands in for a wider one.
export interface Codec<T> extends Fields {
  /** Reads attributes from the reader's position up to `end`, into `target` if given. */
  decode(reader: Reader, end: number, target?: T): T;
  /** Appends the attributes of `value`, in the order of its keys. */
  encode(writer: Writer, value: Input<T>): void;
}

/** Encoder and decoder of a C struct. */
export interface Struct<T> extends Fields {
  /** `sizeof`, in bytes, without a flexible array at its end. */
  readonly size: number;
  /** Lengths at which a struct of an older kernel may end: after each member. */
  readonly ends: readonly number[];
  /** Reads a struct of at least `size` bytes at `offset`; a flexible array reaches to `end`. */
  decode(view: DataView, offset: number, end: number): T;
  /** Writes the members into `size` zeroed bytes at `offset`; a flexible array is appended. */
  encode(writer: Writer, offset: number, value: Input<T>): void;
}

/** A codec of any type: what a family's description holds. */
export interface AnyCodec extends Fields {
  /** See {@linkcode Codec.decode}. */
  decode(reader: Reader, end: number, target?: never): object;
  /** See {@linkcode Codec.encode}. */
  encode(writer: Writer, value: never): void;
}

/** A struct of any type: what a family's description holds. */
export interface AnyStruct extends Fields {
  /** See {@linkcode Struct.size}. */
  readonly size: number;
  /** See {@linkcode Struct.ends}. */
  readonly ends: readonly number[];
  /** See {@linkcode Struct.decode}. */
  decode(view: DataView, offset: number, end: number): object;
  /** See {@linkcode Struct.encode}. */
  encode(writer: Writer, offset: number, value: never): void;
}

/**
 * `T` as an object whose members can be set one by one: a decoder's view of a union of sub-messages, whose arms
 * TypeScript would otherwise want whole.
 */
export type Loose<T> = {
  -readonly [K in T extends unknown ? keyof T : never]?: T extends unknown ? K extends keyof T ? T[K] : never
    : never;
};
