/**
 * What the running kernel accepts in the requests of an operation (nlctrl, CTRL_CMD_GETPOLICY; Linux 5.10 and newer).
 *
 * @module
 */
import type { FamilyMeta, Messages } from "../wire/mod.ts";
import { GENL_HDRLEN, MessageFlags } from "../wire/mod.ts";
import { type AttributePolicy, readPolicy } from "./policy.ts";
import { attributes, controlRequest } from "./resolve.ts";

// Numbers of linux/genetlink.h.
const CTRL_CMD_GETPOLICY = 10;
const CTRL_ATTR_FAMILY_ID = 1, CTRL_ATTR_POLICY = 8, CTRL_ATTR_OP_POLICY = 9, CTRL_ATTR_OP = 10;
const CTRL_ATTR_POLICY_DO = 1, CTRL_ATTR_POLICY_DUMP = 2;

/** An attribute that the kernel takes, and what it takes as its value. */
export interface AcceptedAttribute extends Omit<AttributePolicy, "nestedPolicy"> {
  /** Attribute id. */
  readonly id: number;
  /** Name in the spec; `undefined` if the spec does not list it. */
  readonly name: string | undefined;
  /** What may be inside. Policies may contain themselves, as expressions of nftables do. */
  readonly nested?: KernelPolicy;
}

/** Attributes that the kernel takes, those of `K` among them. */
export interface KernelPolicy<K extends string = string> {
  /** By the key of the attribute in requests; those that the spec does not list as `attr-` and their id. */
  readonly attributes:
    & { readonly [key in K]?: AcceptedAttribute }
    & { readonly [key: string]: AcceptedAttribute | undefined };
}

/** The request for the policies of one operation of a family. */
export function policyRequest(familyId: number, operation: number, sequence: number): Uint8Array {
  return controlRequest(CTRL_CMD_GETPOLICY, MessageFlags.dump, sequence, (writer) => {
    writer.u16(CTRL_ATTR_FAMILY_ID, familyId);
    writer.u32(CTRL_ATTR_OP, operation);
  });
}

/** One message of the answer. */
export interface PolicyPart {
  /** Indices of the policies of a request for one object, and for a list. */
  readonly modes: { do?: number; dump?: number };
  /** Entries of policies. */
  readonly entries: { policy: number; id: number; accepted: AttributePolicy }[];
}

/** Reads the message that a cursor is at. Throws `NetlinkDecodeError`. */
export function readPolicyPart({ reader, end }: Messages): PolicyPart {
  const part: PolicyPart = { modes: {}, entries: [] };
  for (const type of attributes(reader, reader.position + GENL_HDRLEN, end)) {
    if (type === CTRL_ATTR_OP_POLICY) {
      // The operation is not looked at: the kernel says 0 for one that only has a dump (Linux 6.18).
      for (const _operation of attributes(reader, reader.at, reader.end)) {
        for (const mode of attributes(reader, reader.at, reader.end)) {
          if (mode === CTRL_ATTR_POLICY_DO) part.modes.do = reader.u32();
          if (mode === CTRL_ATTR_POLICY_DUMP) part.modes.dump = reader.u32();
        }
      }
    } else if (type === CTRL_ATTR_POLICY) {
      for (const policy of attributes(reader, reader.at, reader.end)) {
        for (const id of attributes(reader, reader.at, reader.end)) {
          reader.position = reader.at;
          part.entries.push({ policy, id, accepted: readPolicy(reader, reader.end) });
        }
      }
    }
  }
  return part;
}

/** Puts the parts together, with the names that a spec gives; `undefined` if the mode has no policy. */
export function assemblePolicy(
  parts: readonly PolicyPart[],
  mode: "do" | "dump",
  meta: FamilyMeta,
  set: string | undefined,
): KernelPolicy | undefined {
  const entries = new Map<number, [number, AttributePolicy][]>();
  let first: number | undefined;
  for (const part of parts) {
    first = part.modes[mode] ?? first;
    for (const { policy, id, accepted } of part.entries) {
      const list = entries.get(policy);
      if (list === undefined) entries.set(policy, [[id, accepted]]);
      else list.push([id, accepted]);
    }
  }
  const made = new Map<string, KernelPolicy>();
  const make = (index: number, set: string | undefined): KernelPolicy => {
    // The same policy may go by the names of several sets.
    const place = `${index} ${set ?? ""}`;
    const before = made.get(place);
    if (before !== undefined) return before;
    const attributes: Record<string, AcceptedAttribute> = {};
    const policy: KernelPolicy = { attributes };
    made.set(place, policy);
    const known = new Map(Object.entries(meta.sets[set ?? ""] ?? {}).map((entry) => [entry[1].id, entry]));
    for (const [id, { nestedPolicy, ...accepted }] of entries.get(index) ?? []) {
      const [key, attribute] = known.get(id) ?? [`attr-${id}`, undefined];
      attributes[key] = {
        ...accepted,
        id,
        name: attribute === undefined ? undefined : attribute.name ?? key,
        ...(nestedPolicy === undefined ? {} : { nested: make(nestedPolicy, attribute?.nest) }),
      };
    }
    return policy;
  };
  return first === undefined ? undefined : make(first, set);
}
