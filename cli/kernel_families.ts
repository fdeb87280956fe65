/** Which families the running kernel has. @module */
import { nlctrl } from "../generated/nlctrl/mod.ts";
import { type Connector, NetlinkError, open } from "../runtime/netlink/mod.ts";
import { type Family, NETLINK_GENERIC } from "../runtime/wire/mod.ts";
import type { UntypedClient } from "./family.ts";

/** Whether the kernel has a family: the id of a generic one, `true`, `false`, or `undefined` if it does not tell us. */
export type Presence = number | boolean | undefined;

/** Asks the kernel once for all generic families; the result tells of each family, asking the raw ones. */
export async function presences(transport?: Connector): Promise<(family: Family) => Promise<Presence>> {
  const options = transport === undefined ? {} : { transport };
  await using client = await open(nlctrl, options);
  const ids = new Map<string, number>();
  for (const { familyName, familyId } of await client.getfamily.dump().all()) {
    if (familyName !== undefined && familyId !== undefined) ids.set(familyName, familyId);
  }
  return async (family) =>
    family.protocol === NETLINK_GENERIC ? ids.get(family.name) ?? false : await answers(family, options);
}

/** Whether a raw family answers a dump; `undefined` if it does not answer us. */
async function answers(family: Family, options: { transport?: Connector }): Promise<boolean | undefined> {
  const method = Object.entries(family.operations).find(([, operation]) => operation.dump)?.[0];
  if (method === undefined) return undefined;
  try {
    await using client = await open(family, options) as unknown as UntypedClient;
    for await (const _first of client[method]!.dump({})) break;
    return true;
  } catch (error) {
    if (!(error instanceof NetlinkError)) return false;
    if (error.code === "EPERM" || error.code === "EACCES") return undefined;
    // A protocol of the kernel that does not know the message; any other answer is an answer.
    return error.code !== "EOPNOTSUPP" && error.code !== "EINVAL";
  }
}
