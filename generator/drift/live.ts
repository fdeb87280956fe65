/**
 * Asks the running kernel what it says about its families. The one part of the generator that needs a kernel, and
 * imports the netlink client.
 *
 * @module
 */
import { nlctrl } from "../../generated/nlctrl/mod.ts";
import { type Connector, open } from "../../runtime/netlink/mod.ts";
import { checked, openLibc } from "../../runtime/posix/mod.ts";
import type { KernelAttribute, KernelFacts, KernelFamily, KernelOperation } from "./kernel_facts.ts";

const symbols = {
  uname: { parameters: ["buffer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** Bytes of each text in struct utsname (sys/utsname.h), and which of them is the release. */
const UTSNAME_LENGTH = 65, RELEASE = 2;

/** The running kernel's release, by uname(2): Deno's own way needs a permission more. Throws `SystemError`. */
export function kernelRelease(): string {
  // Room for a text or two more than there are.
  const names = new Uint8Array(UTSNAME_LENGTH * 8);
  checked("uname", openLibc(symbols).uname(names));
  const start = RELEASE * UTSNAME_LENGTH;
  return new TextDecoder().decode(names.subarray(start, names.indexOf(0, start)));
}

/** Bits of an operation's flags (linux/genetlink.h). */
const CAP_DO = 2, CAP_DUMP = 4, CAP_HASPOL = 8;

/**
 * Asks for families and policies.
 *
 * @param release what uname says
 * @param wanted names of the families whose policies are asked for
 * @throws what a request of the netlink client throws
 */
export async function askKernel(
  release: string,
  wanted: ReadonlySet<string>,
  transport?: Connector,
): Promise<KernelFacts> {
  await using client = await open(nlctrl, transport === undefined ? {} : { transport });
  const types = Object.entries((await nlctrl.meta()).enums["attr-type"]?.entries ?? {});
  const families: KernelFacts["families"] = {};
  for (const { familyName, version, hdrsize, ops, mcastGroups } of await client.getfamily.dump().all()) {
    if (familyName === undefined || !wanted.has(familyName)) continue;
    const family: KernelFamily = {
      version: version ?? 0,
      headerSize: hdrsize ?? 0,
      operations: [...ops ?? []].map(({ id = 0, flags = 0 }): KernelOperation => ({ id, flags })),
      groups: [...mcastGroups ?? []].flatMap(({ name }) => name ?? []),
      policies: {},
    };
    families[familyName] = family;
    // The kernel says 0 for an operation that only has a dump; it tells them in the order of the operations.
    const onlyDump = family.operations.filter(({ flags }) =>
      (flags & (CAP_DO | CAP_DUMP | CAP_HASPOL)) === (CAP_DUMP | CAP_HASPOL)
    );
    if (!family.operations.some(({ flags }) => flags & CAP_HASPOL)) continue;
    for (const { opPolicy, policy } of await client.getpolicy.dump({ familyName }).all()) {
      for (const { opId, do: one, dump } of opPolicy ?? []) {
        const operation = opId === 0 ? onlyDump.shift() : family.operations.find(({ id }) => id === opId);
        if (operation === undefined) continue;
        if (one !== undefined) operation.do = one;
        if (dump !== undefined) operation.dump = dump;
      }
      for (const { policyId, attrId, type, ...limits } of policy ?? []) {
        const { minValueS, minValueU, maxValueS, maxValueU, mask, bitfield32Mask } = limits;
        const { minLength, maxLength, policyIdx } = limits;
        const [min, max, bits] = [minValueS ?? minValueU, maxValueS ?? maxValueU, mask ?? bitfield32Mask];
        const attribute: KernelAttribute = {
          type: types.find(([, number]) => number === type)?.[0] ?? `type ${type}`,
          ...(min === undefined ? {} : { min: String(min) }),
          ...(max === undefined ? {} : { max: String(max) }),
          ...(bits === undefined ? {} : { mask: String(bits) }),
          ...(minLength === undefined ? {} : { minLength }),
          ...(maxLength === undefined ? {} : { maxLength }),
          ...(policyIdx === undefined ? {} : { policy: policyIdx }),
        };
        (family.policies[policyId] ??= {})[attrId] = attribute;
      }
    }
  }
  return { release, families };
}
