/** What the running kernel accepts, as it says itself: nlctrl's getpolicy in the names of a spec. @module */
import { nlctrl, type PolicyAttrs } from "../generated/nlctrl/mod.ts";
import { type Connector, FamilyNotFoundError, NetlinkError, open } from "../runtime/netlink/mod.ts";
import {
  type AttributeMeta,
  type FamilyMeta,
  NETLINK_GENERIC,
  type SpecObject,
} from "../runtime/wire/mod.ts";
import { Failure } from "./failure.ts";
import type { LoadedFamily, Mode } from "./family.ts";

/** Policies of a family: those of its operations, and what they refer to. */
export interface KernelPolicy {
  /** Numbers of policies by operation and mode. */
  readonly operations: ReadonlyMap<number, { readonly [M in Mode]?: number }>;
  /** Policies by number: attributes by id. */
  readonly policies: ReadonlyMap<number, ReadonlyMap<number, PolicyAttrs>>;
}

/**
 * Asks for the policies of a family, or of one operation. Throws {@linkcode Failure} for a raw family, whose policies
 * the kernel does not tell.
 */
export async function kernelPolicy(
  { spec, family }: LoadedFamily,
  operation: number | undefined,
  transport: Connector | undefined,
): Promise<KernelPolicy> {
  if (family.protocol !== NETLINK_GENERIC) {
    throw new Failure(`${spec} is no generic netlink family, so the kernel tells no policy`);
  }
  const operations = new Map<number, { do?: number; dump?: number }>();
  const policies = new Map<number, Map<number, PolicyAttrs>>();
  await using client = await open(nlctrl, transport === undefined ? {} : { transport });
  const { familyId } = await client.getfamily({ familyName: family.name }).catch((error) => {
    if (error instanceof NetlinkError && error.code === "ENOENT") throw new FamilyNotFoundError(family.name);
    throw error;
  });
  const request = { familyId, ...(operation === undefined ? {} : { op: operation }) };
  try {
    for (const { opPolicy = [], policy = [] } of await client.getpolicy.dump(request).all()) {
      for (const { opId, do: doing, dump } of opPolicy) {
        operations.set(opId, {
          ...(doing === undefined ? {} : { do: doing }),
          ...(dump === undefined ? {} : { dump }),
        });
      }
      for (const { policyId, attrId, ...attribute } of policy) {
        if (!policies.has(policyId)) policies.set(policyId, new Map());
        policies.get(policyId)!.set(attrId, attribute);
      }
    }
  } catch (error) {
    // The operation, or the family as a whole, has none.
    if (!(error instanceof NetlinkError) || error.code !== "ENODATA") throw error;
  }
  return { operations, policies };
}

/** Names of {@linkcode PolicyAttrs.type} by number; nlctrl's spec has them. */
let typeNames: ReadonlyMap<number, string> | undefined;

async function loadTypeNames(): Promise<ReadonlyMap<number, string>> {
  const { enums } = await nlctrl.meta();
  return typeNames ??= new Map(
    Object.entries(enums["attr-type"]!.entries).map(([name, number]) => [number, name]),
  );
}

/** A policy as JSON: attributes by name, nested ones inside; one that contains itself is not repeated. */
export async function policyJson(
  kernel: KernelPolicy,
  policy: number,
  meta: FamilyMeta,
  set: string | undefined,
): Promise<SpecObject> {
  const names = await loadTypeNames();
  const describe = (policy: number, set: string | undefined, inside: readonly number[]): SpecObject => {
    const byId = new Map<number, [string, AttributeMeta]>();
    for (const [property, attribute] of Object.entries(meta.sets[set ?? ""] ?? {})) {
      byId.set(attribute.id, [attribute.name ?? property, attribute]);
    }
    const json: SpecObject = {};
    for (const [id, accepted] of kernel.policies.get(policy) ?? []) {
      const [name, attribute] = byId.get(id) ?? [`attr-${id}`, undefined];
      const one: SpecObject = { type: names.get(accepted.type ?? 0) ?? `type ${accepted.type}` };
      for (const [key, value] of limits(accepted)) one[key] = value;
      const nested = accepted.policyIdx;
      if (nested !== undefined && !inside.includes(nested)) {
        one["policy"] = describe(nested, attribute?.nest, [...inside, nested]);
      }
      json[name] = one;
    }
    return json;
  };
  return describe(policy, set, [policy]);
}

function limits(policy: PolicyAttrs): [string, number | bigint][] {
  const { minValueS, maxValueS, minValueU, maxValueU, minLength, maxLength, bitfield32Mask, mask } = policy;
  const all: [string, number | bigint | undefined][] = [
    ["min-value", minValueS ?? minValueU],
    ["max-value", maxValueS ?? maxValueU],
    ["min-length", minLength],
    ["max-length", maxLength],
    ["bitfield32-mask", bitfield32Mask],
    ["mask", mask],
  ];
  return all.filter((entry): entry is [string, number | bigint] => entry[1] !== undefined);
}

/** The policy of one operation and mode as JSON; `null` if it has none. */
export async function operationPolicy(
  loaded: LoadedFamily,
  operation: { name: string; request: number },
  mode: Mode,
  transport: Connector | undefined,
): Promise<SpecObject | null> {
  const kernel = await kernelPolicy(loaded, operation.request, transport);
  const policy = kernel.operations.get(operation.request)?.[mode];
  if (policy === undefined) return null;
  return await policyJson(kernel, policy, loaded.meta, loaded.meta.operations[operation.name]?.set);
}
