/** A family with everything resolved: what emitters and comparisons read. @module */
import type { ProtocolLevel, ScalarType } from "../spec/types.ts";

/** An integer on the wire. */
export interface Scalar {
  /** Its type; uint and sint take 4 or 8 bytes. */
  type: ScalarType | "uint" | "sint";
  /** Big-endian. */
  big: boolean;
}

/** How an enum names a value. */
export interface EnumUse {
  /** The enum. */
  enum: EnumType;
  /** The value is a mask of bits, an entry's number a bit's position. */
  flags: boolean;
}

/** Text forms of binary values. */
export type AddressForm = "ip" | "ipv4" | "mac" | "uuid";

/** Elements of an indexed array. */
export type Element =
  | { kind: "nest"; set: AttributeSet }
  | { kind: "scalar"; scalar: Scalar; use?: EnumUse; hint?: string }
  | { kind: "address"; form: AddressForm; hint: string }
  | { kind: "bytes"; hint?: string }
  | { kind: "string" };

/** What an attribute carries. */
export type Payload =
  | { kind: "unused" }
  | { kind: "pad" }
  | { kind: "flag" }
  | { kind: "scalar"; scalar: Scalar; use?: EnumUse; hint?: string }
  | { kind: "bitfield32"; use?: EnumUse }
  | { kind: "string" }
  | { kind: "bytes"; hint?: string }
  | { kind: "address"; form: AddressForm; hint: string }
  | { kind: "struct"; struct: StructType }
  | { kind: "array"; element: ScalarType; use?: EnumUse; hint?: string }
  | { kind: "nest"; set: AttributeSet }
  | { kind: "indexed"; element: Element; start: number }
  | { kind: "type-value"; names: { name: string; key: string }[]; set: AttributeSet }
  | { kind: "type-value-scalar"; names: { name: string; key: string }[]; scalar: Scalar }
  | { kind: "sub-message"; message: SubMessage; selector: Selector };

/** What chooses a sub-message's format. */
export interface Selector {
  /** Name of the attribute. */
  name: string;
  /** The attribute, if it is of the same set; else an enclosing set has it. */
  local?: Attribute;
  /** The enum whose entries the formats are named by; without one the selector is text. */
  enum?: EnumType;
}

/** Limits that the kernel enforces, as numbers. */
export interface Checks {
  min?: number | bigint;
  max?: number | bigint;
  mask?: number | bigint;
  minLength?: number;
  maxLength?: number;
  exactLength?: number;
  unterminatedOk?: boolean;
}

/** An attribute. */
export interface Attribute {
  /** Name in the spec. */
  name: string;
  /** Property name in TypeScript. */
  key: string;
  /** Id on the wire. */
  id: number;
  /** Type in the spec. */
  specType: string;
  payload: Payload;
  /** The attribute may repeat. */
  multi: boolean;
  checks: Checks;
  doc?: string;
}

/** A space of attributes. */
export interface AttributeSet {
  name: string;
  /** Interface in TypeScript. */
  type: string;
  /** Codec in TypeScript. */
  variable: string;
  subsetOf?: string;
  attributes: Attribute[];
  /** Selectors that sub-messages in here, or in nests of it, expect an enclosing set to have. */
  needs: Set<string>;
  doc?: string;
}

/** A member of a struct. */
export interface Member {
  name: string;
  key: string;
  /** Byte offset. */
  offset: number;
  /** Bytes; of one element for a flexible array. */
  size: number;
  specType: string;
  payload: MemberPayload;
  doc?: string;
}

/** What a struct member is. */
export type MemberPayload =
  | { kind: "pad" }
  | { kind: "scalar"; scalar: { type: ScalarType; big: boolean }; use?: EnumUse; hint?: string }
  | { kind: "bytes"; hint?: string }
  | { kind: "text" }
  | { kind: "address"; form: "ip" | "mac" | "uuid"; hint: string }
  | { kind: "struct"; struct: StructType }
  | { kind: "structs"; struct: StructType }
  | { kind: "scalars"; scalar: { type: ScalarType; big: boolean } };

/** A C struct. */
export interface StructType {
  name: string;
  type: string;
  variable: string;
  /** sizeof, without a flexible array. */
  size: number;
  /** Alignment in bytes. */
  align: number;
  members: Member[];
  doc?: string;
}

/** An entry of an enum. */
export interface EnumEntry {
  name: string;
  key: string;
  /** The number in the enum; for flags the position of the bit. */
  value: number;
  doc?: string;
}

/** An enum, or flags. */
export interface EnumType {
  name: string;
  type: string;
  /** Name of the constant object of masks, where an enum that is no flags definition is used as such. */
  bits?: string;
  /** Defined as flags. */
  flags: boolean;
  /** All uses have 64 bits. */
  wide: boolean;
  entries: EnumEntry[];
  doc?: string;
}

/** One format of a sub-message. */
export interface Format {
  value: string;
  header?: StructType;
  set?: AttributeSet;
}

/** A payload whose format a selector chooses. */
export interface SubMessage {
  name: string;
  formats: Format[];
}

/** A constant. */
export interface Constant {
  name: string;
  value: number | string;
  doc?: string;
}

/** The messages of one mode. */
export interface Mode {
  request: Attribute[];
  /** Absent if the kernel only acknowledges. */
  reply?: Attribute[];
}

/** An operation. */
export interface Operation {
  name: string;
  key: string;
  /** Id of the request. */
  request: number;
  /** Id of the reply. */
  reply?: number;
  set?: AttributeSet;
  header?: StructType;
  do?: Mode;
  dump?: Mode;
  permission?: "admin-perm" | "uns-admin-perm";
  doc?: string;
}

/** A notification or event. */
export interface FamilyEvent {
  name: string;
  id: number;
  set?: AttributeSet;
  header?: StructType;
  /** The attributes that an event lists; a notification may carry any of its set. */
  attributes?: Attribute[];
  group?: string;
  doc?: string;
}

/** A multicast group. */
export interface Group {
  name: string;
  /** Number of a raw family's group. */
  value?: number;
}

/** A netlink family. */
export interface Family {
  /** Name of the spec file: the folder of the generated code. */
  file: string;
  /** Path of the spec file, as banners show it. */
  path: string;
  sha256: string;
  license: string;
  /** Name that the kernel knows it by. */
  name: string;
  /** Name of the descriptor in TypeScript. */
  variable: string;
  /** Prefix of the types that go with it. */
  type: string;
  level: ProtocolLevel;
  /** Netlink protocol number. */
  protocol: number;
  /** Generic netlink version, 0 for a raw family. */
  version: number;
  kernelPolicy: "split" | "per-op" | "global";
  constants: Constant[];
  enums: EnumType[];
  structs: StructType[];
  sets: AttributeSet[];
  messages: SubMessage[];
  operations: Operation[];
  events: FamilyEvent[];
  groups: Group[];
  doc?: string;
}
