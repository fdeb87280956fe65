/** Structs of specs against those of C headers: size, offsets, signs and byte orders. @module */
import type { Family, Member, StructType } from "../model/mod.ts";
import type { SpecFile } from "../spec/types.ts";
import { cStructNames, sameMember } from "./c_names.ts";
import { placeOf } from "./compare_specs.ts";
import type { DriftFinding } from "./finding.ts";
import type { HeaderFacts, HeaderMember, HeaderStruct } from "./header_facts.ts";

/** Compares the structs of a family; counts those that C has too. */
export function compareStructs(
  file: SpecFile,
  family: Family,
  facts: HeaderFacts,
  counts: { structs: number },
): DriftFinding[] {
  const findings: DriftFinding[] = [];
  for (const struct of family.structs) {
    const name = cStructNames(struct.name).find((name) => Object.hasOwn(facts.structs, name));
    if (name === undefined) continue;
    const header = facts.structs[name]!;
    counts.structs++;
    const path = `definitions/${file.spec.definitions!.findIndex((one) => one.name === struct.name)}`;
    const places = [placeOf(file, path), { file: header.at[0], line: header.at[1] }];
    const add = (rule: string, severity: DriftFinding["severity"], differences: string[]) =>
      findings.push({
        comparison: "headers",
        rule,
        family: file.spec.name,
        at: `definitions/${struct.name}`,
        severity,
        message: `struct ${name}: ${differences.join("; ")}`,
        expected: `${header.size} bytes`,
        found: `${struct.size} bytes`,
        places,
      });
    const layout = differences(struct, header);
    if (layout.length > 0) {
      add("struct-layout", "error", layout);
      continue;
    }
    const values = meanings(struct, header);
    if (values.length > 0) add("struct-member", "warning", values);
    const tight = differences(packed(struct), header);
    if (tight.length > 0) {
      add("struct-padding", "note", [
        "right with the padding of a C compiler, which the spec does not show",
        ...tight.map((one) => `without it ${one}`).slice(0, 1),
      ]);
    }
  }
  return findings;
}

/** The struct without padding, as the kernel's Python library takes it. */
function packed(struct: StructType): StructType {
  let end = 0;
  const members = struct.members.map((member): Member => {
    const { payload } = member;
    const size = payload.kind === "struct" ? packed(payload.struct).size : member.size;
    const offset = end;
    if (!flexible(member)) end += size;
    return { ...member, offset, size };
  });
  return { ...struct, members, size: end };
}

/** Whether a member repeats to the payload's end. */
function flexible({ payload }: Member): boolean {
  return payload.kind === "structs" || payload.kind === "scalars";
}

/** The members of C as far as the spec goes into them; of a union the arm that suits it best. */
function flatten(members: readonly HeaderMember[], struct: StructType, union: boolean): HeaderMember[] {
  const flat = members.map((member) => {
    const whole = member.name !== "" &&
      struct.members.some(({ offset, size, payload }) =>
        offset === member.offset && size === member.size && payload.kind !== "pad"
      );
    if (whole) return [member];
    if (member.inside !== undefined) return flatten(member.inside, struct, member.union === true);
    return elements(member, struct);
  });
  if (!union) return flat.flat();
  const faults = (arm: HeaderMember[]) => memberDifferences(struct, arm).length;
  return flat.reduce((best, arm) => faults(arm) < faults(best) ? arm : best, flat[0] ?? []);
}

/** The numbers of an array, where the spec has a name for each; else the array. */
function elements({ count = 1, ...array }: HeaderMember, { members }: StructType): HeaderMember[] {
  const size = array.size / count;
  const single = count > 1 &&
    members.some((member) => member.offset === array.offset && member.size === size);
  return single
    ? Array.from({ length: count }, (_, i) => ({
      ...array,
      name: `${array.name}[${i}]`,
      offset: array.offset + i * size,
      size,
    }))
    : [array];
}

function place(offset: number, size: number): string {
  return `${size} ${size === 1 ? "byte" : "bytes"} at ${offset}`;
}

/** What is not as in C, in words. */
function differences(struct: StructType, header: HeaderStruct): string[] {
  const flat = flatten(header.members, struct, header.union === true);
  const found = struct.size === header.size ? [] : [`${struct.size} bytes, ${header.size} in C`];
  return [...found, ...memberDifferences(struct, flat)];
}

function memberDifferences({ members }: StructType, flat: readonly HeaderMember[]): string[] {
  const found: string[] = [];
  for (const member of members) {
    if (member.payload.kind === "pad") continue;
    const other = counterpart(member, flat);
    if (other === undefined) {
      found.push(`${member.name} is ${place(member.offset, member.size)}, where C has no such member`);
    } else if (
      other.offset !== member.offset || other.size !== member.size ||
      (other.flexible === true) !== flexible(member)
    ) {
      found.push(
        `${member.name} is ${place(member.offset, member.size)}, ${other.name} in C ${
          other.flexible ? "an array of any length at" : `${place(other.offset, other.size)}`
        }${other.flexible ? ` ${other.offset}` : ""}`,
      );
    }
  }
  for (const { name, offset, size, flexible } of flat) {
    if (members.some((member) => member.offset <= offset && offset < member.offset + member.size)) continue;
    // What else C has is padding that the spec need not tell.
    if (!flexible && !/pad|^$/.test(name)) found.push(`${name} of C, ${place(offset, size)}, is missing`);
  }
  return found;
}

/** The member of C: of that name, or else in that place. */
function counterpart(member: Member, flat: readonly HeaderMember[]): HeaderMember | undefined {
  const named = flat.filter(({ name }) => sameMember(member.name, name));
  const placed = flat.filter(({ offset, size }) => offset === member.offset && size === member.size);
  return named.find((one) => placed.includes(one)) ?? named[0] ?? placed[0];
}

/** Members whose bytes are in their place and mean something else. */
function meanings(struct: StructType, header: HeaderStruct): string[] {
  const flat = flatten(header.members, struct, header.union === true);
  const found: string[] = [];
  for (const member of struct.members) {
    if (member.payload.kind !== "scalar") continue;
    const other = counterpart(member, flat);
    if (other === undefined || other.inside !== undefined) continue;
    const { type, big } = member.payload.scalar;
    if (other.order !== undefined && (other.order === "big") !== big) {
      found.push(`${member.name} is ${big ? "big" : "little"}-endian, in C ${other.order}-endian`);
    }
    if (type.startsWith("s") !== (other.signed === true) && member.payload.use === undefined) {
      found.push(`${member.name} is ${type}, in C ${other.signed === true ? "signed" : "unsigned"}`);
    }
  }
  return found;
}
