/** What the running kernel accepts, as JSON in the names of the spec. @module */
import { type Connector, type KernelPolicy, open } from "../runtime/netlink/mod.ts";
import { NETLINK_GENERIC, type SpecObject } from "../runtime/wire/mod.ts";
import { Failure } from "./failure.ts";
import { type LoadedFamily, type Mode, operationOf, type UntypedClient } from "./family.ts";

/** Asks for the policies of a family's operations. */
export class PolicyReader implements AsyncDisposable {
  readonly #loaded: LoadedFamily;
  readonly #client: UntypedClient;

  private constructor(loaded: LoadedFamily, client: UntypedClient) {
    this.#loaded = loaded;
    this.#client = client;
  }

  /** Opens a family. Throws {@linkcode Failure} for a raw one, whose policies the kernel does not tell. */
  static async open(loaded: LoadedFamily, transport: Connector | undefined): Promise<PolicyReader> {
    if (loaded.family.protocol !== NETLINK_GENERIC) {
      throw new Failure(`${loaded.spec} is no generic netlink family, so the kernel tells no policy`);
    }
    const client = await open(loaded.family, transport === undefined ? {} : { transport });
    return new PolicyReader(loaded, client as unknown as UntypedClient);
  }

  /** The policy of an operation; `null` if it has none. */
  async read(operation: string, mode: Mode): Promise<SpecObject | null> {
    const [method] = operationOf(this.#loaded, operation);
    const policy = await this.#client[method]!.policy(mode);
    return policy === undefined ? null : policyJson(policy);
  }

  /** Closes the sockets. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }
}

/** A policy as JSON: attributes by name, nested ones inside; one that contains itself is not repeated. */
function policyJson(policy: KernelPolicy, inside: readonly KernelPolicy[] = []): SpecObject {
  const around = [...inside, policy];
  const json: SpecObject = {};
  for (const [key, accepted] of Object.entries(policy.attributes)) {
    if (accepted === undefined) continue;
    const { type, name, min, max, minLength, maxLength, mask, nested } = accepted;
    const limits: [string, number | bigint | undefined][] = [
      ["min-value", min],
      ["max-value", max],
      ["min-length", minLength],
      ["max-length", maxLength],
      [type === "bitfield32" ? "bitfield32-mask" : "mask", mask],
    ];
    const one: SpecObject = { type };
    for (const [limit, value] of limits) if (value !== undefined) one[limit] = value;
    if (nested !== undefined && !around.includes(nested)) one["policy"] = policyJson(nested, around);
    json[name ?? key] = one;
  }
  return json;
}

/** The policy of one operation and mode as JSON; `null` if it has none. */
export async function operationPolicy(
  loaded: LoadedFamily,
  operation: string,
  mode: Mode,
  transport: Connector | undefined,
): Promise<SpecObject | null> {
  await using reader = await PolicyReader.open(loaded, transport);
  return await reader.read(operation, mode);
}
