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
  name: string;
  doc?: string;
  protocol?: ProtocolLevel;
  protonum?: number;
  version?: number;
  "uapi-header"?: string;
  "c-family-name"?: string;
  "c-version-name"?: string;
  "max-by-define"?: boolean;
  "cmd-max-name"?: string;
  "cmd-cnt-name"?: string;
  "kernel-policy"?: "split" | "per-op" | "global";
  definitions?: SpecDefinition[];
  "attribute-sets": SpecAttributeSet[];
  "sub-messages"?: SpecSubMessage[];
  operations: SpecOperations;
  "mcast-groups"?: { list: SpecGroup[] };
  "kernel-family"?: { headers?: string[]; "sock-priv"?: string };
}

/** One entry of an enum or of flags: a bare name, or a name with more. */
export interface SpecEntry {
  name: string;
  value?: number;
  doc?: string;
}

/** A constant, an enum, flags or a struct. */
export interface SpecDefinition {
  type: "const" | "enum" | "flags" | "struct";
  name: string;
  doc?: string;
  header?: string;
  scope?: "uapi" | "kernel" | "user";
  /** const: the value. */
  value?: NumberOrName;
  /** enum and flags: the first value. */
  "value-start"?: NumberOrName;
  entries?: (string | SpecEntry)[];
  "render-max"?: boolean;
  "enum-name"?: string | null;
  "enum-cnt-name"?: string;
  "name-prefix"?: string;
  members?: SpecMember[];
}

/** A member of a struct. */
export interface SpecMember {
  name: string;
  type: ScalarType | "string" | "binary" | "pad";
  len?: NumberOrName;
  "byte-order"?: ByteOrder;
  doc?: string;
  enum?: string;
  "enum-as-flags"?: boolean;
  "display-hint"?: DisplayHint;
  struct?: string;
  /** Ours, for errata: the last member, a scalar or a nested struct, repeats to the payload's end (a C flexible array). */
  "flexible-array"?: boolean;
}

/** Limits that the kernel enforces. */
export interface SpecChecks {
  "flags-mask"?: string;
  min?: NumberOrName;
  max?: NumberOrName;
  "min-len"?: NumberOrName;
  "max-len"?: NumberOrName;
  "exact-len"?: NumberOrName;
  "unterminated-ok"?: boolean;
}

/** One attribute of a set. In a subset all but the name may be inherited. */
export interface SpecAttribute {
  name: string;
  type?: AttributeType;
  doc?: string;
  value?: number;
  "type-value"?: string[];
  "byte-order"?: ByteOrder;
  "multi-attr"?: boolean;
  "nested-attributes"?: string;
  enum?: string;
  "enum-as-flags"?: boolean;
  checks?: SpecChecks;
  "sub-type"?: AttributeType;
  "display-hint"?: DisplayHint;
  "name-prefix"?: string;
  struct?: string;
  "sub-message"?: string;
  selector?: string;
  /** Ours, for errata: the index that the first element of an indexed array gets when the caller names none. */
  "index-start"?: number;
}

/** A space of attribute ids. */
export interface SpecAttributeSet {
  name: string;
  doc?: string;
  "name-prefix"?: string;
  "enum-name"?: string | null;
  "subset-of"?: string;
  "attr-cnt-name"?: string;
  "attr-max-name"?: string;
  header?: string;
  attributes: SpecAttribute[];
  /** Ours, for errata: the kernel's enum has attributes that the spec lacks, so its count is not ours to give. */
  incomplete?: boolean;
}

/** A payload whose format another attribute selects. */
export interface SpecSubMessage {
  name: string;
  formats: { value: string; "fixed-header"?: string; "attribute-set"?: string }[];
}

/** One message of an operation: which attributes it carries, and its id where request and reply differ. */
export interface SpecMessage {
  attributes?: string[];
  value?: number;
}

/** A request with its reply. */
export interface SpecSubOperation {
  request?: SpecMessage;
  reply?: SpecMessage;
  pre?: string;
  post?: string;
}

/** An operation, a notification or an event; with none of the three it reserves an id. */
export interface SpecOperation {
  name: string;
  doc?: string;
  value?: number;
  "attribute-set"?: string;
  flags?: ("admin-perm" | "uns-admin-perm")[];
  "dont-validate"?: ("strict" | "dump" | "dump-strict")[];
  "config-cond"?: string;
  "fixed-header"?: string;
  do?: SpecSubOperation;
  dump?: SpecSubOperation;
  notify?: string;
  event?: { attributes?: string[] };
  mcgrp?: string;
}

/** The operations of a family. */
export interface SpecOperations {
  "enum-model"?: "unified" | "directional";
  "name-prefix"?: string;
  "enum-name"?: string | null;
  "async-prefix"?: string;
  "async-enum"?: string | null;
  "fixed-header"?: string;
  list: SpecOperation[];
}

/** A multicast group. */
export interface SpecGroup {
  name: string;
  "c-define-name"?: string;
  flags?: ("admin-perm" | "uns-admin-perm")[];
  value?: number;
}

/** Where a node stands in its file, both from 1. */
export interface SourcePosition {
  line: number;
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
  spec: Spec;
  /** Position of the node at a path of keys and indices, joined by "/"; of the nearest parent if it has none. */
  position(path: string): SourcePosition;
}
