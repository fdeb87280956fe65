/** What the kernel accepts as value of an attribute, as it says itself (NL_POLICY_TYPE_ATTR_*). @module */
import type { Reader } from "../wire/mod.ts";

/** Type of an attribute in the kernel's policy; `type N` for one of a newer kernel. */
export type PolicyType =
  | "invalid"
  | "flag"
  | "u8"
  | "u16"
  | "u32"
  | "u64"
  | "s8"
  | "s16"
  | "s32"
  | "s64"
  | "binary"
  | "string"
  | "nul-string"
  | "nested"
  | "nested-array"
  | "bitfield32"
  | "sint"
  | "uint"
  | `type ${number}`;

/** The types by their number in `enum netlink_attribute_type` (linux/netlink.h). */
const TYPES: readonly PolicyType[] = [
  "invalid",
  "flag",
  "u8",
  "u16",
  "u32",
  "u64",
  "s8",
  "s16",
  "s32",
  "s64",
  "binary",
  "string",
  "nul-string",
  "nested",
  "nested-array",
  "bitfield32",
  "sint",
  "uint",
];

/** What the kernel accepts as value of an attribute. Absent members do not limit it. */
export interface AttributePolicy {
  /** Type of the value. */
  type: PolicyType;
  /** Smallest number. */
  min?: bigint;
  /** Largest number. */
  max?: bigint;
  /** Smallest length, in bytes. */
  minLength?: number;
  /** Largest length, in bytes; of text without its NUL. */
  maxLength?: number;
  /** Bits that may be set. */
  mask?: bigint;
  /** Index of the policy of what is nested inside. */
  nestedPolicy?: number;
  /** Largest attribute id of what is nested inside. */
  nestedMaxType?: number;
}

/** Reads a policy: the attributes from the reader's position to `end`. Throws `NetlinkDecodeError`. */
export function readPolicy(reader: Reader, end: number): AttributePolicy {
  const policy: AttributePolicy = { type: "invalid" };
  while (reader.next(end)) {
    switch (reader.type) {
      case 1: {
        const type = reader.u32();
        policy.type = TYPES[type] ?? `type ${type}`;
        break;
      }
      case 2:
        policy.min = reader.s64();
        break;
      case 3:
        policy.max = reader.s64();
        break;
      case 4:
        policy.min = reader.u64();
        break;
      case 5:
        policy.max = reader.u64();
        break;
      case 6:
        policy.minLength = reader.u32();
        break;
      case 7:
        policy.maxLength = reader.u32();
        break;
      case 8:
        policy.nestedPolicy = reader.u32();
        break;
      case 9:
        policy.nestedMaxType = reader.u32();
        break;
      case 10:
        policy.mask = BigInt(reader.u32());
        break;
      case 12:
        policy.mask = reader.u64();
        break;
    }
  }
  return policy;
}

/** A policy in a few words, such as `u32 of 1..65535` or `binary of at most 16 bytes`. */
export function describePolicy(policy: AttributePolicy): string {
  const { type, min, max, minLength, maxLength, mask } = policy;
  if (min !== undefined || max !== undefined) return `${type} of ${min ?? ""}..${max ?? ""}`;
  if (mask !== undefined) return `${type} with bits of 0x${mask.toString(16)}`;
  if (minLength !== undefined && minLength === maxLength) return `${type} of ${minLength} bytes`;
  if (minLength !== undefined && maxLength !== undefined) {
    return `${type} of ${minLength} to ${maxLength} bytes`;
  }
  if (maxLength !== undefined) return `${type} of at most ${maxLength} bytes`;
  if (minLength !== undefined) return `${type} of at least ${minLength} bytes`;
  return type;
}
