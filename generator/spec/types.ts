/**
 * A netlink spec as its YAML file says it: what is left after parsing and validation, before anything is
 * resolved. Keys are the file's own. Four protocol levels share this shape; the schema says which key is
 * allowed at which level.
 *
 * @module
 */

/** The four schema levels of the kernel's Documentation/netlink. */
export type ProtocolLevel = "genetlink" | "genetlink-c" | "genetlink-legacy" | "netlink-raw";

/** Integer types of attributes and struct members. */
export type ScalarType = "u8" | "u16" | "u32" | "u64" | "s8" | "s16" | "s32" | "s64";

/** Types of attributes. */
export type AttributeType =
  | ScalarType
  | "uint"
  | "sint"
  | "unused"
  | "pad"
  | "flag"
  | "binary"
  | "bitfield32"
  | "string"
  | "nest"
  | "indexed-array"
  | "nest-type-value"
  | "sub-message";

/** How a tool should show a value. */
export type DisplayHint = "hex" | "mac" | "fddi" | "ipv4" | "ipv6" | "ipv4-or-v6" | "uuid";

/** Byte order; absent means the host's. */
export type ByteOrder = "little-endian" | "big-endian";

/** A literal number, or the name of a constant. */
export type NumberOrName = number | string;

/** A whole spec file. */
export interface Spec {
  /** Name of the family. */
  name: string;
  /** What the family is for. */
  doc?: string;
  /** Schema level; genetlink if absent. */
  protocol?: ProtocolLevel;
  /** netlink-raw: the number of the netlink protocol. */
  protonum?: number;
  /** Version of a generic netlink family; 1 if absent. */
  version?: number;
  /** The header of the family, as an #include names it; linux/NAME.h if absent. */
  "uapi-header"?: string;
  /** Name of the C constant that holds the name of the family. */
  "c-family-name"?: string;
  /** Name of the C constant that holds its version. */
  "c-version-name"?: string;
  /** In C the counts are macros after the enum, not entries of it. */
  "max-by-define"?: boolean;
  /** Name of the C constant of the last operation. */
  "cmd-max-name"?: string;
  /** Name of the C constant that counts the operations. */
  "cmd-cnt-name"?: string;
  /** Whether the kernel has one policy for the family, for each operation, or for do and dump apart. */
  "kernel-policy"?: "split" | "per-op" | "global";
  /** Constants, enums, flags and structs. */
  definitions?: SpecDefinition[];
  /** Spaces of attribute ids. */
  "attribute-sets": SpecAttributeSet[];
  /** Payloads whose format another attribute selects. */
  "sub-messages"?: SpecSubMessage[];
  /** Requests, notifications and events. */
  operations: SpecOperations;
  /** Multicast groups. */
  "mcast-groups"?: { list: SpecGroup[] };
  /** What only the C code inside the kernel needs. */
  "kernel-family"?: { headers?: string[]; "sock-priv"?: string };
}

/** One entry of an enum or of flags: a bare name, or a name with more. */
export interface SpecEntry {
  /** Name of the entry. */
  name: string;
  /** Its value (in flags: its bit), if not the one after the entry before. */
  value?: number;
  /** What it stands for. */
  doc?: string;
}

/** A constant, an enum, flags or a struct. */
export interface SpecDefinition {
  /** What it defines. */
  type: "const" | "enum" | "flags" | "struct";
  /** Its name. */
  name: string;
  /** What it is for. */
  doc?: string;
  /** The C header that has it already. */
  header?: string;
  /** Which C code is to see it. */
  scope?: "uapi" | "kernel" | "user";
  /** const: the value. */
  value?: NumberOrName;
  /** enum and flags: the first value. */
  "value-start"?: NumberOrName;
  /** enum and flags: the entries in order. */
  entries?: (string | SpecEntry)[];
  /** enum and flags: in C an entry for the maximum, or for the mask of all, follows. */
  "render-max"?: boolean;
  /** enum and flags: the C tag; null for an enum without one. */
  "enum-name"?: string | null;
  /** enum: name of the C entry that counts the others. */
  "enum-cnt-name"?: string;
  /** const, enum and flags: what the C names begin with. */
  "name-prefix"?: string;
  /** struct: the members in order. */
  members?: SpecMember[];
}

/** A member of a struct. */
export interface SpecMember {
  /** Name of the member. */
  name: string;
  /** Its type. */
  type: ScalarType | "string" | "binary" | "pad";
  /** Bytes of text, binary and padding. */
  len?: NumberOrName;
  /** Byte order, if not the host's. */
  "byte-order"?: ByteOrder;
  /** What it holds. */
  doc?: string;
  /** The enum or flags that name its values. */
  enum?: string;
  /** The enum numbers bits. */
  "enum-as-flags"?: boolean;
  /** How to show it. */
  "display-hint"?: DisplayHint;
  /** binary: the struct that is nested here. */
  struct?: string;
  /** Ours, for errata: the last member, a scalar or a nested struct, repeats to the payload's end (a C flexible array). */
  "flexible-array"?: boolean;
}

/** Limits that the kernel enforces. */
export interface SpecChecks {
  /** The flags that may be set. */
  "flags-mask"?: string;
  /** The smallest number. */
  min?: NumberOrName;
  /** The largest number. */
  max?: NumberOrName;
  /** The fewest bytes. */
  "min-len"?: NumberOrName;
  /** The most bytes; of text, without its final zero. */
  "max-len"?: NumberOrName;
  /** The number of bytes. */
  "exact-len"?: NumberOrName;
  /** Text may lack its final zero. */
  "unterminated-ok"?: boolean;
}

/** One attribute of a set. In a subset all but the name may be inherited. */
export interface SpecAttribute {
  /** Name of the attribute. */
  name: string;
  /** Its type. */
  type?: AttributeType;
  /** What it holds. */
  doc?: string;
  /** Its id, if not the one after the attribute before. */
  value?: number;
  /** nest-type-value: what the attribute types on each level of the nest stand for. */
  "type-value"?: string[];
  /** Byte order, if not the host's. */
  "byte-order"?: ByteOrder;
  /** It may be there more than once, and makes a list. */
  "multi-attr"?: boolean;
  /** The set of the attributes inside. */
  "nested-attributes"?: string;
  /** The enum or flags that name its values. */
  enum?: string;
  /** The enum numbers bits. */
  "enum-as-flags"?: boolean;
  /** Limits that the kernel enforces. */
  checks?: SpecChecks;
  /** Type of the elements of an indexed array, or of the C array in binary. */
  "sub-type"?: AttributeType;
  /** How to show it. */
  "display-hint"?: DisplayHint;
  /** What its C name begins with, in place of the set's prefix. */
  "name-prefix"?: string;
  /** binary: the struct that it holds. */
  struct?: string;
  /** sub-message: the list of formats. */
  "sub-message"?: string;
  /** sub-message: the attribute, in this set or in one around it, that selects the format. */
  selector?: string;
  /** Ours, for errata: the index that the first element of an indexed array gets when the caller names none. */
  "index-start"?: number;
}

/** A space of attribute ids. */
export interface SpecAttributeSet {
  /** Name of the set. */
  name: string;
  /** What its attributes describe. */
  doc?: string;
  /** What the C names begin with. */
  "name-prefix"?: string;
  /** The C tag; null for an enum without one. */
  "enum-name"?: string | null;
  /** The set that has the ids and types of these attributes. */
  "subset-of"?: string;
  /** Name of the C constant that counts the attributes. */
  "attr-cnt-name"?: string;
  /** Name of the C constant of the last attribute. */
  "attr-max-name"?: string;
  /** The C header that has it already. */
  header?: string;
  /** The attributes in order. */
  attributes: SpecAttribute[];
  /** Ours, for errata: the kernel's enum has attributes that the spec lacks, so its count is not ours to give. */
  incomplete?: boolean;
}

/** A payload whose format another attribute selects. */
export interface SpecSubMessage {
  /** Name of the sub-message. */
  name: string;
  /** For each value of the selector the struct at the start and the attributes after it, if any. */
  formats: { value: string; "fixed-header"?: string; "attribute-set"?: string }[];
}

/** One message of an operation: which attributes it carries, and its id where request and reply differ. */
export interface SpecMessage {
  /** Names of attributes of the operation's set. */
  attributes?: string[];
  /** Its id, where requests and replies have ids of their own. */
  value?: number;
}

/** A request with its reply. */
export interface SpecSubOperation {
  /** What is asked. */
  request?: SpecMessage;
  /** What is answered. */
  reply?: SpecMessage;
  /** The C function that the kernel calls before. */
  pre?: string;
  /** The C function that the kernel calls after. */
  post?: string;
}

/** An operation, a notification or an event; with none of the three it reserves an id. */
export interface SpecOperation {
  /** Name of the operation. */
  name: string;
  /** What it does. */
  doc?: string;
  /** Its id, if not the one after the operation before. */
  value?: number;
  /** The set of its attributes. */
  "attribute-set"?: string;
  /** The rights that it takes. */
  flags?: ("admin-perm" | "uns-admin-perm")[];
  /** What the kernel does not check. */
  "dont-validate"?: ("strict" | "dump" | "dump-strict")[];
  /** The kernel's configuration option without which it is missing. */
  "config-cond"?: string;
  /** The struct before its attributes, in place of the family's. */
  "fixed-header"?: string;
  /** A request with one reply. */
  do?: SpecSubOperation;
  /** A request with a reply for each object. */
  dump?: SpecSubOperation;
  /** A notification: the operation whose reply it looks like. */
  notify?: string;
  /** An event: attributes of its own. */
  event?: { attributes?: string[] };
  /** The multicast group that gets the notification or event. */
  mcgrp?: string;
}

/** The operations of a family. */
export interface SpecOperations {
  /** Whether requests and replies share their ids (unified, if absent) or count apart. */
  "enum-model"?: "unified" | "directional";
  /** What the C names begin with. */
  "name-prefix"?: string;
  /** The C tag; null for an enum without one. */
  "enum-name"?: string | null;
  /** What the C names of notifications and events begin with. */
  "async-prefix"?: string;
  /** The C tag of the enum of notifications and events. */
  "async-enum"?: string | null;
  /** The struct before the attributes of every operation. */
  "fixed-header"?: string;
  /** The operations in order. */
  list: SpecOperation[];
}

/** A multicast group. */
export interface SpecGroup {
  /** Name of the group. */
  name: string;
  /** Name of the C constant that holds the name. */
  "c-define-name"?: string;
  /** The rights that it takes to join. */
  flags?: ("admin-perm" | "uns-admin-perm")[];
  /** netlink-raw: the number of the group. */
  value?: number;
}

/** Where a node stands in its file, both from 1. */
export interface SourcePosition {
  /** Line, from 1. */
  line: number;
  /** Column, from 1. */
  column: number;
}

/** A spec that was read and found valid. */
export interface SpecFile {
  /** File name without folder and extension: the name of the generated folder. */
  file: string;
  /** The path as messages show it. */
  path: string;
  /** SHA-256 of the file's bytes, in hex. */
  sha256: string;
  /** SPDX expression of the first line. */
  license: string;
  /** Its content. */
  spec: Spec;
  /** Position of the node at a path of keys and indices, joined by "/"; of the nearest parent if it has none. */
  position(path: string): SourcePosition;
}
