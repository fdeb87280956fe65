/**
 * Structs of the model against what gcc made of the kernel's headers: tests/data/layout/structs.json holds sizeof
 * and offsetof of each, recorded by extract_layouts.ts.
 *
 * @module
 */

import assert from "node:assert/strict";
import { layOut } from "../../generator/model/layout.ts";
import { type Family, type Member, resolveFamily, type StructType } from "../../generator/model/mod.ts";
import { linuxSpecNames, specFile } from "../uapi/specs.ts";
import { modelOf } from "../generated/load.ts";
import { ARMS, cMember, cName } from "./c_names.ts";

interface CLayout {
  size: number;
  /** Name, offset and size; the size of one element, negative, of an array without a bound. */
  members: [name: string, offset: number, size: number][];
}

const { structs: recorded }: { structs: { [name: string]: CLayout } } = JSON.parse(
  Deno.readTextFileSync(new URL("../data/layout/structs.json", import.meta.url)),
);

/** The recorded layout; of a union that of the arm that the spec describes. */
function layoutOf(struct: string): CLayout {
  const layout = recorded[cName(struct)]!;
  const arm = ARMS[struct];
  if (arm === undefined) return layout;
  const [, base, size] = layout.members.find(([name]) => name === arm.member)!;
  const inner = recorded[arm.struct]!;
  assert.equal(inner.size, size);
  return {
    size: layout.size,
    members: [
      ...layout.members.filter(([, offset]) => offset < base),
      ...inner.members.map(([name, offset, size]): CLayout["members"][number] => [name, base + offset, size]),
    ],
  };
}

/** Whether a member repeats to the payload's end. */
function flexible({ payload }: Member): boolean {
  return payload.kind === "structs" || payload.kind === "scalars";
}

/** What is not as in C, in words. */
function differences({ name, size, members }: StructType): string[] {
  const layout = layoutOf(name);
  const found = size === layout.size ? [] : [`${name}: ${size} bytes, in C ${layout.size}`];
  for (const member of members) {
    if (member.payload.kind === "pad") continue;
    const own = `${member.offset}, ${flexible(member) ? -member.size : member.size}`;
    const c = layout.members.find(([other]) => other === cMember(name, member.name));
    const theirs = c === undefined ? "nothing" : `${c[1]}, ${c[2]}`;
    if (own !== theirs) found.push(`${name}.${member.name}: ${own}, in C ${theirs}`);
  }
  // What C has besides is padding that the spec counts into the member before or after.
  for (const [other, offset, length] of layout.members) {
    if (members.some((member) => member.offset <= offset && offset < member.offset + member.size)) continue;
    if (!/pad/.test(other)) found.push(`${name}: nothing at ${offset}, in C ${other} of ${length} bytes`);
  }
  return found;
}

const structs = (families: readonly Family[]) =>
  families.flatMap(({ structs }) => structs.map((struct) => ({ ...struct })));

Deno.test("every struct of the specs has its size and its members where C has them", () => {
  const all = structs(linuxSpecNames().map(modelOf));
  assert.equal(all.length, 125);
  assert.deepEqual(all.filter(({ name }) => recorded[cName(name)] === undefined).map(({ name }) => name), []);
  assert.deepEqual(all.flatMap(differences), []);
});

Deno.test("without errata only the structs that errata correct differ from C", () => {
  const all = structs(linuxSpecNames().map((name) => resolveFamily(specFile(name))));
  const differing = new Set(all.filter((struct) => differences(struct).length > 0).map(({ name }) => name));
  assert.deepEqual([...differing].sort(), [
    "ifla-vf-vlan-info",
    "ovs-action-add-mpls",
    "ovs-action-push-mpls",
    "rta-cacheinfo",
    "rtgenmsg",
    "tc-pedit-sel",
    "tc-ratespec",
    "tc-u32-pcnt",
    "tc-u32-sel",
  ]);
});

Deno.test("a member is at a multiple of its size, and the struct's size a multiple of the largest", () => {
  // struct { u8 a; u32 b; u8 c; u16 d; u64 e; u8 f; }: offsets 0, 4, 8, 10, 16, 24; 32 bytes (System V ABI).
  const members = [1, 4, 1, 2, 8, 1].map((size) => ({ size, offset: -1, flexible: false }));
  assert.deepEqual(layOut(members, [1, 4, 1, 2, 8, 1], "natural"), { size: 32, align: 8 });
  assert.deepEqual(members.map(({ offset }) => offset), [0, 4, 8, 10, 16, 24]);
});

Deno.test("a packed struct has no padding", () => {
  const members = [1, 4, 1, 2, 8, 1].map((size) => ({ size, offset: -1, flexible: false }));
  assert.deepEqual(layOut(members, [1, 4, 1, 2, 8, 1], "packed"), { size: 17, align: 1 });
  assert.deepEqual(members.map(({ offset }) => offset), [0, 1, 5, 6, 8, 16]);
});

Deno.test("a flexible array counts for alignment, not for size", () => {
  // struct { u8 a; u64 b[]; }: sizeof 8, offsetof(b) 8 (gcc, x86-64).
  const members = [{ size: 1, offset: -1, flexible: false }, { size: 8, offset: -1, flexible: true }];
  assert.deepEqual(layOut(members, [1, 8], "natural"), { size: 8, align: 8 });
  assert.equal(members[1]!.offset, 8);
});
