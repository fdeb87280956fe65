/** Enums, constants and structs of a spec, resolved. @module */
import type { ScalarType, Spec, SpecDefinition, SpecMember } from "../spec/types.ts";
import { type Layout, layOut } from "./layout.ts";
import { camelCase, type NameTable } from "./names.ts";
import { resolveNumber } from "./numbers.ts";
import type { Constant, EnumEntry, EnumType, Member, MemberPayload, StructType } from "./types.ts";

/** Bytes of an integer type. */
export function scalarSize(type: ScalarType): 1 | 2 | 4 | 8 {
  return Number(type.slice(1)) / 8 as 1 | 2 | 4 | 8;
}

/** A definition that the check of the spec has already found to be there. */
export function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`unresolved ${what}: the spec was not checked`);
  return value;
}

function withDoc<T extends object>(target: T, doc: string | undefined): T & { doc?: string } {
  return doc === undefined ? target : { ...target, doc };
}

/** The constants of a spec. */
export function resolveConstants(spec: Spec): Constant[] {
  return (spec.definitions ?? []).filter((definition) => definition.type === "const")
    .map((definition) => withDoc({ name: definition.name, value: definition.value ?? 0 }, definition.doc));
}

function resolveEntries(spec: Spec, definition: SpecDefinition): EnumEntry[] {
  let next = Number(resolveNumber(spec, definition["value-start"] ?? 0) ?? 0);
  const keys = new Set<string>();
  return (definition.entries ?? []).map((entry) => {
    const { name, value = next, doc } = typeof entry === "string" ? { name: entry } : entry;
    next = value + 1;
    let key = camelCase(name);
    while (keys.has(key)) key += "_";
    keys.add(key);
    return withDoc({ name, key, value }, doc);
  });
}

/** How the attributes and struct members of a spec use an enum. */
interface EnumUses {
  narrow: boolean;
  wide: boolean;
  /** An enum that is no flags definition is used as a mask. */
  asFlags: boolean;
  asValue: boolean;
}

function enumUses(spec: Spec): Map<string, EnumUses> {
  const uses = new Map<string, EnumUses>();
  const note = (item: { enum?: string; type?: string; "sub-type"?: string; "enum-as-flags"?: boolean }) => {
    if (item.enum === undefined) return;
    const use = uses.get(item.enum) ?? { narrow: false, wide: false, asFlags: false, asValue: false };
    const type = item["sub-type"] ?? item.type ?? "";
    if (["u64", "s64", "uint", "sint"].includes(type)) use.wide = true;
    else use.narrow = true;
    if (item["enum-as-flags"] === true) use.asFlags = true;
    else use.asValue = true;
    uses.set(item.enum, use);
  };
  const sets = new Map(spec["attribute-sets"].map((set) => [set.name, set]));
  for (const set of spec["attribute-sets"]) {
    const parent = set["subset-of"] === undefined ? undefined : sets.get(set["subset-of"]);
    for (const attribute of set.attributes) {
      note({ ...parent?.attributes.find(({ name }) => name === attribute.name), ...attribute });
    }
  }
  for (const definition of spec.definitions ?? []) definition.members?.forEach(note);
  return uses;
}

/** The enums and flags of a spec. */
export function resolveEnums(spec: Spec, names: NameTable): EnumType[] {
  const uses = enumUses(spec);
  return (spec.definitions ?? []).filter(({ type }) => type === "enum" || type === "flags").map(
    (definition) => {
      const use = uses.get(definition.name);
      const type = names.claim(definition.name, "enum").type;
      const flags = definition.type === "flags";
      return withDoc<EnumType>({
        name: definition.name,
        type,
        flags,
        wide: use?.wide === true && !use.narrow,
        entries: resolveEntries(spec, definition),
        ...(use?.asFlags === true && !flags
          ? { bits: names.claim(`${definition.name}-bits`, "enum").type }
          : {}),
      }, definition.doc);
    },
  );
}

/** The structs of a spec, nested ones first. */
export function resolveStructs(
  spec: Spec,
  names: NameTable,
  enums: readonly EnumType[],
  layout: Layout,
): StructType[] {
  const definitions = (spec.definitions ?? []).filter(({ type }) => type === "struct");
  const done = new Map<string, StructType>();
  const resolve = (name: string): StructType => {
    const ready = done.get(name);
    if (ready !== undefined) return ready;
    const definition = found(definitions.find((candidate) => candidate.name === name), `struct ${name}`);
    const aligns: number[] = [];
    const flexible: boolean[] = [];
    const members = (definition.members ?? []).map((member): Member => {
      const { payload, size, align } = resolveMember(spec, member, enums, resolve);
      aligns.push(align);
      flexible.push(member["flexible-array"] === true);
      return withDoc(
        { name: member.name, key: camelCase(member.name), offset: 0, size, specType: member.type, payload },
        member.doc,
      );
    });
    const sized = members.map((member, i) => ({ offset: 0, size: member.size, flexible: flexible[i]! }));
    const { size, align } = layOut(sized, aligns, layout);
    for (const [i, member] of members.entries()) member.offset = sized[i]!.offset;
    const { type, variable } = names.claim(name, "struct");
    const struct = withDoc<StructType>({ name, type, variable, size, align, members }, definition.doc);
    done.set(name, struct);
    return struct;
  };
  for (const { name } of definitions) resolve(name);
  return [...done.values()];
}

function resolveMember(
  spec: Spec,
  member: SpecMember,
  enums: readonly EnumType[],
  struct: (name: string) => StructType,
): { payload: MemberPayload; size: number; align: number } {
  const hint = member["display-hint"];
  const length = member.len === undefined
    ? 0
    : Number(found(resolveNumber(spec, member.len), `length ${member.len}`));
  switch (member.type) {
    case "pad":
      return { payload: { kind: "pad" }, size: length, align: 1 };
    case "string":
      return { payload: { kind: "text" }, size: length, align: 1 };
    case "binary": {
      if (member.struct !== undefined) {
        const nested = struct(member.struct);
        const kind = member["flexible-array"] === true ? "structs" : "struct";
        return { payload: { kind, struct: nested }, size: nested.size, align: nested.align };
      }
      const ip = hint === "ipv4" || hint === "ipv6" || hint === "ipv4-or-v6";
      const payload: MemberPayload = hint !== undefined && ip && (length === 4 || length === 16)
        ? { kind: "address", form: "ip", hint }
        : hint === "mac" || (hint === "uuid" && length === 16)
        ? { kind: "address", form: hint, hint }
        : { kind: "bytes", ...(hint === undefined ? {} : { hint }) };
      return { payload, size: length, align: 1 };
    }
    default: {
      const size = scalarSize(member.type);
      const big = member["byte-order"] === "big-endian";
      if (member["flexible-array"] === true) {
        return { payload: { kind: "scalars", scalar: { type: member.type, big } }, size, align: size };
      }
      if (hint === "ipv4" && size === 4 && big) {
        return { payload: { kind: "address", form: "ip", hint }, size, align: size };
      }
      const named = member.enum === undefined
        ? undefined
        : found(enums.find(({ name }) => name === member.enum), `enum ${member.enum}`);
      return {
        payload: {
          kind: "scalar",
          scalar: { type: member.type, big },
          ...(named === undefined
            ? {}
            : { use: { enum: named, flags: named.flags || member["enum-as-flags"] === true } }),
          ...(hint === undefined ? {} : { hint }),
        },
        size,
        align: size,
      };
    }
  }
}
