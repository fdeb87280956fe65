/** A family with everything resolved: what emitters and comparisons read. @module */
import type { ProtocolLevel, ScalarType } from "../spec/types.ts";
import type { UapiHeader } from "./uapi.ts";

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
  /** Smallest value. */
  min?: number | bigint;
  /** Largest value. */
  max?: number | bigint;
  /** Bits that may be set. */
  mask?: number | bigint;
  /** Smallest length in bytes. */
  minLength?: number;
  /** Largest length in bytes. */
  maxLength?: number;
  /** The only length in bytes. */
  exactLength?: number;
  /** Text need not end with NUL. */
  unterminatedOk?: boolean;
}

/** An attribute. */
export interface Attribute {
  /** Name in the spec. */
  name: string;
  /** Property name in TypeScript. */
  key: string;
  /** Name in the kernel's header, where the spec tells it. */
  kernelName?: string;
  /** Id on the wire. */
  id: number;
  /** Type in the spec. */
  specType: string;
  /** What it carries. */
  payload: Payload;
  /** The attribute may repeat. */
  multi: boolean;
  /** What the kernel takes. */
  checks: Checks;
  /** Description in the spec. */
  doc?: string;
}

/** A space of attributes. */
export interface AttributeSet {
  /** Name in the spec. */
  name: string;
  /** Interface in TypeScript. */
  type: string;
  /** Codec in TypeScript. */
  variable: string;
  /** The set that this one is a part of. */
  subsetOf?: string;
  /** In the order of the spec. */
  attributes: Attribute[];
  /** Selectors that sub-messages in here, or in nests of it, expect an enclosing set to have. */
  needs: Set<string>;
  /** Description in the spec. */
  doc?: string;
}

/** A member of a struct. */
export interface Member {
  /** Name in the spec. */
  name: string;
  /** Property name in TypeScript. */
  key: string;
  /** Byte offset. */
  offset: number;
  /** Bytes; of one element for a flexible array. */
  size: number;
  /** Type in the spec. */
  specType: string;
  /** What it holds. */
  payload: MemberPayload;
  /** Description in the spec. */
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
  /** Name in the spec. */
  name: string;
  /** Interface in TypeScript. */
  type: string;
  /** Codec in TypeScript. */
  variable: string;
  /** sizeof, without a flexible array. */
  size: number;
  /** Alignment in bytes. */
  align: number;
  /** In the order of memory, padding included. */
  members: Member[];
  /** Description in the spec. */
  doc?: string;
}

/** An entry of an enum. */
export interface EnumEntry {
  /** Name in the spec. */
  name: string;
  /** Property name in TypeScript. */
  key: string;
  /** The number in the enum; for flags the position of the bit. */
  value: number;
  /** Description in the spec. */
  doc?: string;
}

/** An enum, or flags. */
export interface EnumType {
  /** Name in the spec. */
  name: string;
  /** Constant object, and type, in TypeScript. */
  type: string;
  /** Name of the constant object of masks, where an enum that is no flags definition is used as such. */
  bits?: string;
  /** Defined as flags. */
  flags: boolean;
  /** What the names of the entries begin with in the kernel's header, where the spec tells it. */
  kernelPrefix?: string;
  /** All uses have 64 bits. */
  wide: boolean;
  /** In the order of the spec. */
  entries: EnumEntry[];
  /** Description in the spec. */
  doc?: string;
}

/** One format of a sub-message. */
export interface Format {
  /** The selector that chooses it. */
  value: string;
  /** Struct in front, or all of the payload. */
  header?: StructType;
  /** Attributes. */
  set?: AttributeSet;
}

/** A payload whose format a selector chooses. */
export interface SubMessage {
  /** Name in the spec. */
  name: string;
  /** In the order of the spec. */
  formats: Format[];
}

/** A constant. */
export interface Constant {
  /** Name in the spec. */
  name: string;
  /** Its value. */
  value: number | string;
  /** Description in the spec. */
  doc?: string;
}

/** The messages of one mode. */
export interface Mode {
  /** Attributes that the spec lists for the request. */
  request: Attribute[];
  /** Absent if the kernel only acknowledges. */
  reply?: Attribute[];
}

/** An operation. */
export interface Operation {
  /** Name in the spec. */
  name: string;
  /** Property name in TypeScript. */
  key: string;
  /** Name in the kernel's header, where the spec tells it. */
  kernelName?: string;
  /** Id of the request. */
  request: number;
  /** Id of the reply. */
  reply?: number;
  /** Its attributes. */
  set?: AttributeSet;
  /** Header in front of them. */
  header?: StructType;
  /** Asks for one object. */
  do?: Mode;
  /** Asks for a list. */
  dump?: Mode;
  /** Capability that it takes. */
  permission?: "admin-perm" | "uns-admin-perm";
  /** Description in the spec. */
  doc?: string;
}

/** A notification or event. */
export interface FamilyEvent {
  /** Name in the spec. */
  name: string;
  /** Name in the kernel's header, where the spec tells it. */
  kernelName?: string;
  /** Id of the message. */
  id: number;
  /** Its attributes. */
  set?: AttributeSet;
  /** Header in front of them. */
  header?: StructType;
  /** The attributes that an event lists; a notification may carry any of its set. */
  attributes?: Attribute[];
  /** Multicast group that carries it. */
  group?: string;
  /** Description in the spec. */
  doc?: string;
}

/** A multicast group. */
export interface Group {
  /** Name in the spec. */
  name: string;
  /** Number of a raw family's group. */
  value?: number;
}

/** A netlink family. */
export interface Family {
  /** Its constants under their names in C. */
  uapi: UapiHeader;
  /** Name of the spec file: the folder of the generated code. */
  file: string;
  /** Path of the spec file, as banners show it. */
  path: string;
  /** SHA-256 of the spec file, in hex. */
  sha256: string;
  /** SPDX expression of the spec file. */
  license: string;
  /** Name that the kernel knows it by. */
  name: string;
  /** Name of the descriptor in TypeScript. */
  variable: string;
  /** Prefix of the types that go with it. */
  type: string;
  /** Schema level of the spec. */
  level: ProtocolLevel;
  /** Netlink protocol number. */
  protocol: number;
  /** Generic netlink version, 0 for a raw family. */
  version: number;
  /** How the kernel lays out its input policy. */
  kernelPolicy: "split" | "per-op" | "global";
  /** Constants. */
  constants: Constant[];
  /** Enums and flags. */
  enums: EnumType[];
  /** Structs, nested ones first. */
  structs: StructType[];
  /** Attribute sets. */
  sets: AttributeSet[];
  /** Sub-messages. */
  messages: SubMessage[];
  /** Operations. */
  operations: Operation[];
  /** Notifications and events. */
  events: FamilyEvent[];
  /** Multicast groups. */
  groups: Group[];
  /** Description in the spec. */
  doc?: string;
}
