// What the running kernel tells of all its generic families: ids, operations, groups and policies. Of every family that
// it has, those that no spec describes too; compared with what genl-ctrl(8) tells.
import assert from "node:assert/strict";
import { NetlinkError, open } from "../../mod.ts";
import { AttrType, nlctrl, type NlctrlOperations } from "../../generated/nlctrl/mod.ts";
import { live } from "./helpers.ts";
import { agree, lacksTool, run } from "./tools.ts";

type FamilyReply = NlctrlOperations["getfamily"]["dump"]["reply"];
type PolicyReply = NlctrlOperations["getpolicy"]["dump"]["reply"];

const genl = lacksTool("genl");

async function allFamilies(): Promise<FamilyReply[]> {
  await using control = await open(nlctrl);
  return await control.getfamily.dump().all();
}

/** The policies of a family, message by message; undefined if it has none. */
async function policiesOf(familyName: string): Promise<PolicyReply[] | undefined> {
  await using control = await open(nlctrl);
  try {
    return await control.getpolicy.dump({ familyName }).all();
  } catch (error) {
    if (error instanceof NetlinkError && error.code === "ENODATA") return undefined;
    throw error;
  }
}

/** Asserts that no attribute in a message was unknown to the spec. */
function knowsAll(message: unknown, path: string): void {
  if (typeof message !== "object" || message === null) return;
  for (const [key, value] of Object.entries(message)) {
    assert.notEqual(key, "unknown", `${path}.${key}`);
    knowsAll(value, `${path}.${key}`);
  }
}

live("nlctrl describes every family without an attribute that its spec lacks", [], async () => {
  await using control = await open(nlctrl);
  const families = await allFamilies();
  assert(families.length > 1);
  for (const family of families) {
    knowsAll(family, family.familyName!);
    assert.deepEqual(await control.getfamily({ familyName: family.familyName }), family);
  }
});

live("the policies of every family decode whole, and no policy that they name is missing", [], async () => {
  const policies = new Map<string, PolicyReply[]>();
  for (const { familyName, familyId, ops = [] } of await allFamilies()) {
    const replies = await policiesOf(familyName!);
    if (replies === undefined) continue;
    policies.set(familyName!, replies);
    knowsAll(replies, familyName!);
    const entries = replies.flatMap(({ policy = [] }) => policy);
    const operations = replies.flatMap(({ opPolicy = [] }) => opPolicy);
    const listed = new Set(entries.map(({ policyId }) => policyId));
    for (const reply of replies) assert.equal(reply.familyId, familyId);
    for (const { policyId, attrId, type, policyIdx, policyMaxtype } of entries) {
      const place = `${familyName} policy ${policyId} attribute ${attrId}`;
      assert(type !== undefined, place);
      assert.equal(policyIdx === undefined, policyMaxtype === undefined, place);
      assert(policyIdx === undefined || listed.has(policyIdx), place);
    }
    // A request that takes no attribute has a policy without entries, the same for all such requests.
    const named = operations.flatMap(({ do: one, dump }) => [one, dump]).filter((index) =>
      index !== undefined
    );
    const empty = new Set(named.filter((index) => !listed.has(index)));
    assert(empty.size <= 1, `${familyName} lacks policies ${[...empty]}`);
    const indices = [...new Set([...listed, ...empty])].sort((a, b) => a - b);
    assert.deepEqual(indices, indices.map((_, index) => index), familyName);
    // The kernel says 0 for an operation that only has a dump (Linux 6.18).
    const ids = new Set(ops.map(({ id }) => id));
    for (const { opId } of operations) assert(opId === 0 || ids.has(opId), `${familyName} operation ${opId}`);
  }
  // nlctrl itself takes a family's id or name, the latter of at most 15 bytes (GENL_NAMSIZ, linux/genetlink.h).
  const own = policies.get("nlctrl")!.flatMap(({ policy = [] }) => policy);
  const { type, maxLength } = own.find(({ attrId }) => attrId === 2)!;
  assert.deepEqual([type, maxLength], [AttrType.nulString, 15]);
});

/** A family as genl lists it: with the flags of operations, which older ones leave out for families of version 1. */
function familyAsGenl(family: FamilyReply, withAllFlags: boolean): string[] {
  const { familyId, familyName, version, hdrsize, maxattr, ops = [], mcastGroups = [] } = family;
  const hex = (value: number | undefined) => `0x${value!.toString(16)}`;
  return [
    `Name: ${familyName}`,
    `ID: ${hex(familyId)}  Version: ${hex(version)}  header size: ${hdrsize}  max attribs: ${maxattr}`,
    ...ops.flatMap(({ id, flags }, index) => [
      `#${index + 1}:  ID-${hex(id)}`,
      ...withAllFlags || version! > 1 ? [`Capabilities (${hex(flags)}):`] : [],
    ]),
    ...mcastGroups.map(({ id, name }, index) => `#${index + 1}:  ID-${hex(id)}  name: ${name}`),
  ];
}

live("ids, versions, operations and groups of all families are what genl says", [genl], async () => {
  const text = await run(undefined, "genl", "ctrl", "list");
  // The headings of its lists, and the capabilities in words, repeat what the other lines say.
  const lines = text.split("\n").map((line) => line.trim()).filter((line) =>
    /^(Name|ID|#|Capabilities)/.test(line)
  );
  const families = await allFamilies();
  const flags = lines.filter((line) => line.startsWith("Capabilities"));
  const withAllFlags = flags.length === families.flatMap(({ ops = [] }) => ops).length;
  assert.deepEqual(lines, families.flatMap((family) => familyAsGenl(family, withAllFlags)));
});

/** What genl prints of policies, as numbers. Types that it does not know are left out. */
function readGenl(line: string): Record<string, unknown> {
  const [, op, modes] = / op (\d+) policies:(.*)/.exec(line) ?? [];
  const number = (pattern: RegExp, text = line) => {
    const [, found] = pattern.exec(text) ?? [];
    return found === undefined ? undefined : BigInt(found);
  };
  if (op !== undefined) {
    return { op: BigInt(op), do: number(/do=(\d+)/, modes), dump: number(/dump=(\d+)/, modes) };
  }
  const [, policy, attribute, type] = /policy\[(\d+)\]:attr\[(\d+)\]: type=(\S+)/.exec(line)!;
  return {
    policy: BigInt(policy!),
    attribute: BigInt(attribute!),
    ...type === "unknown" ? {} : { type },
    min: number(/range:\[(-?\d+),/),
    max: number(/range:\[-?\d+,(-?\d+)\]/),
    minLength: number(/min len:(\d+)/),
    maxLength: number(/max len:(\d+)/),
    nested: number(/policy:(\d+)/),
    nestedMax: number(/maxattr:(\d+)/),
  };
}

/** A message as genl prints it; in an order of its own, what it has of policies after what it has of operations. */
function replyAsGenl({ opPolicy = [], policy = [] }: PolicyReply): Record<string, unknown>[] {
  const big = (value: number | undefined) => value === undefined ? undefined : BigInt(value);
  const names = new Map(Object.entries(AttrType).map(([name, type]) => [type as number, name]));
  return [
    ...opPolicy.map(({ opId, do: one, dump }) => ({ op: big(opId), do: big(one), dump: big(dump) })),
    ...policy.map((entry) => ({
      policy: big(entry.policyId),
      attribute: big(entry.attrId),
      type: names.get(entry.type!)?.replaceAll(/[A-Z]/g, "_$&").toUpperCase(),
      min: entry.minValueU ?? entry.minValueS,
      max: entry.maxValueU ?? entry.maxValueS,
      minLength: big(entry.minLength),
      maxLength: big(entry.maxLength),
      nested: big(entry.policyIdx),
      nestedMax: big(entry.policyMaxtype),
    })),
  ];
}

live("the policies of all families are what genl says", [genl], async () => {
  let compared = 0;
  for (const { familyName } of await allFamilies()) {
    const replies = await policiesOf(familyName!);
    const text = await run(undefined, "genl", "ctrl", "policy", "name", familyName!);
    const theirs = text.split("\n").filter((line) => line.includes("ID:")).map(readGenl);
    const ours = replies?.flatMap(replyAsGenl) ?? [];
    // Where their table lacks a type there is nothing to compare it with.
    agree(ours, theirs, familyName!);
    compared += ours.length;
  }
  assert(compared > 100);
});
