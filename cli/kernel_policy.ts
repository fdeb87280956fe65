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

/** Policies of an operation, and what they refer to. */
interface KernelPolicy {
  /** Numbers of its policies. */
  readonly modes: { readonly [M in Mode]?: number };
  /** Policies by number: attributes by id. */
  readonly policies: ReadonlyMap<number, ReadonlyMap<number, PolicyAttrs>>;
}

/** Asks for the policies of operations, one after the other. */
export class PolicyReader implements AsyncDisposable {
  readonly #loaded: LoadedFamily;
  readonly #client: Client;
  readonly #familyId: number;

  private constructor(loaded: LoadedFamily, client: Client, familyId: number) {
    this.#loaded = loaded;
    this.#client = client;
    this.#familyId = familyId;
  }

  /**
   * Finds a family in the kernel. Throws {@linkcode Failure} for a raw family, whose policies the kernel does not
   * tell.
   */
  static async open(loaded: LoadedFamily, transport: Connector | undefined): Promise<PolicyReader> {
    const { spec, family } = loaded;
    if (family.protocol !== NETLINK_GENERIC) {
      throw new Failure(`${spec} is no generic netlink family, so the kernel tells no policy`);
    }
    const client = await openControl(transport);
    try {
      const { familyId } = await client.getfamily({ familyName: family.name });
      return new PolicyReader(loaded, client, familyId ?? 0);
    } catch (error) {
      client.close();
      if (error instanceof NetlinkError && error.code === "ENOENT") {
        throw new FamilyNotFoundError(family.name);
      }
      throw error;
    }
  }

  /** The policies of an operation by mode, as JSON in the names of the spec. */
  async read(operation: { name: string; request: number }): Promise<Map<Mode, SpecObject>> {
    const { modes, policies } = await this.#ask(operation.request);
    const { meta } = this.#loaded;
    const found = new Map<Mode, SpecObject>();
    for (const mode of ["do", "dump"] as const) {
      const policy = modes[mode];
      if (policy === undefined) continue;
      found.set(mode, await policyJson(policies, policy, meta, meta.operations[operation.name]?.set));
    }
    return found;
  }

  async #ask(op: number): Promise<KernelPolicy> {
    const modes: { do?: number; dump?: number } = {};
    const policies = new Map<number, Map<number, PolicyAttrs>>();
    try {
      for (const reply of await this.#client.getpolicy.dump({ familyId: this.#familyId, op }).all()) {
        // Their op-id is not looked at: the kernel says 0 for an operation that only has a dump (Linux 6.18).
        for (const { do: doing, dump } of reply.opPolicy ?? []) {
          if (doing !== undefined) modes.do = doing;
          if (dump !== undefined) modes.dump = dump;
        }
        for (const { policyId, attrId, ...attribute } of reply.policy ?? []) {
          if (!policies.has(policyId)) policies.set(policyId, new Map());
          policies.get(policyId)!.set(attrId, attribute);
        }
      }
    } catch (error) {
      // The operation has none, or this kernel does not have the operation.
      const none = error instanceof NetlinkError && (error.code === "ENODATA" || error.code === "ENOENT");
      if (!none) throw error;
    }
    return { modes, policies };
  }

  /** Closes the sockets. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }
}

type Client = Awaited<ReturnType<typeof openControl>>;

function openControl(transport: Connector | undefined) {
  return open(nlctrl, transport === undefined ? {} : { transport });
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
async function policyJson(
  policies: KernelPolicy["policies"],
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
    for (const [id, accepted] of policies.get(policy) ?? []) {
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
  await using reader = await PolicyReader.open(loaded, transport);
  return (await reader.read(operation)).get(mode) ?? null;
}
