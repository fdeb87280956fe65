/** Single changes to specs, drawn from a seed, with what a comparison must say of each. @module */
import type { Effect } from "../../generator/drift/finding.ts";
import { checkSpec } from "../../generator/spec/check.ts";
import { scalarSize } from "../../generator/model/definitions.ts";
import type {
  ScalarType,
  Spec,
  SpecAttribute,
  SpecAttributeSet,
  SpecDefinition,
  SpecFile,
} from "../../generator/spec/types.ts";
import { validate } from "../../generator/spec/validate.ts";

/** A changed spec, and the finding that must be told of it. */
export interface Mutation {
  /** What was done. */
  kind: string;
  /** The changed spec. */
  file: SpecFile;
  /** Rule and path of the finding. */
  rule: string;
  at: string;
  /** What it breaks. */
  decoding: Effect;
  sending: Effect;
}

/** Numbers from a seed (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** An integer below `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % limit;
  }

  /** One of a list; `undefined` of an empty one. */
  of<T>(list: readonly T[]): T | undefined {
    return list[this.below(Math.max(1, list.length))];
  }
}

type Said = Omit<Mutation, "kind" | "file">;
type Mutator = (spec: Spec, random: Random) => Said | undefined;

const both = { decoding: "breaking", sending: "breaking" } as const;
const neither = { decoding: "compatible", sending: "compatible" } as const;
const sending = { decoding: "compatible", sending: "breaking" } as const;

/** Sets that say what their attributes are. */
function pickSet(spec: Spec, random: Random): SpecAttributeSet | undefined {
  return random.of(
    spec["attribute-sets"].filter((set) => set["subset-of"] === undefined && set.attributes.length > 0),
  );
}

function pickAttribute(
  spec: Spec,
  random: Random,
  fits: (attribute: SpecAttribute) => boolean,
): { set: SpecAttributeSet; attribute: SpecAttribute; at: string } | undefined {
  const set = pickSet(spec, random);
  const attribute = set === undefined ? undefined : random.of(set.attributes.filter(fits));
  if (set === undefined || attribute === undefined) return undefined;
  return { set, attribute, at: `attribute-sets/${set.name}/attributes/${attribute.name}` };
}

function pickDefinition(
  spec: Spec,
  random: Random,
  types: readonly SpecDefinition["type"][],
): { definition: SpecDefinition; at: string } | undefined {
  const definition = random.of((spec.definitions ?? []).filter(({ type }) => types.includes(type)));
  return definition === undefined ? undefined : { definition, at: `definitions/${definition.name}` };
}

/** Whether anything but its own set names an attribute. */
function isNamedElsewhere(spec: Spec, set: SpecAttributeSet, name: string): boolean {
  const elsewhere = {
    operations: spec.operations,
    subsets: spec["attribute-sets"].filter((other) => other["subset-of"] === set.name),
    selectors: spec["attribute-sets"].flatMap(({ attributes }) => attributes.map(({ selector }) => selector)),
  };
  return JSON.stringify(elsewhere).includes(JSON.stringify(name));
}

const WIDTHS: readonly ScalarType[] = ["u8", "u16", "u32", "u64"];

const MUTATORS: { readonly [kind: string]: Mutator } = {
  "renumber attribute": (spec, random) => {
    const picked = pickAttribute(spec, random, () => true);
    if (picked === undefined) return undefined;
    picked.attribute.value = 4000 + random.below(1000);
    return { rule: "renumbered", at: `${picked.at}/id`, ...both };
  },
  "retype attribute": (spec, random) => {
    const picked = pickAttribute(spec, random, ({ type }) => WIDTHS.includes(type as ScalarType));
    if (picked === undefined) return undefined;
    picked.attribute.type = random.of(WIDTHS.filter((type) => type !== picked.attribute.type))!;
    return { rule: "retyped", at: `${picked.at}/type`, ...both };
  },
  "make an integer variable": (spec, random) => {
    const picked = pickAttribute(
      spec,
      random,
      (one) => one.type === "u32" && one["byte-order"] === undefined,
    );
    if (picked === undefined) return undefined;
    picked.attribute.type = "uint";
    return { rule: "retyped", at: `${picked.at}/type`, decoding: "breaking", sending: "compatible" };
  },
  "rename attribute": (spec, random) => {
    const picked = pickAttribute(spec, random, () => true);
    if (picked === undefined || isNamedElsewhere(spec, picked.set, picked.attribute.name)) return undefined;
    picked.attribute.name += "-renamed";
    return { rule: "renamed", at: picked.at, ...neither };
  },
  "drop attribute": (spec, random) => {
    const set = pickSet(spec, random);
    const attribute = set?.attributes.at(-1);
    if (set === undefined || attribute === undefined || isNamedElsewhere(spec, set, attribute.name)) {
      return undefined;
    }
    set.attributes.pop();
    return { rule: "removed", at: `attribute-sets/${set.name}/attributes/${attribute.name}`, ...sending };
  },
  "add attribute": (spec, random) => {
    const set = pickSet(spec, random);
    set?.attributes.push({ name: "quite-new", type: "u32" });
    return set && { rule: "added", at: `attribute-sets/${set.name}/attributes/quite-new`, ...neither };
  },
  "narrow a limit": (spec, random) => {
    const picked = pickAttribute(spec, random, ({ type, checks }) => type === "u32" && checks === undefined);
    if (picked === undefined) return undefined;
    picked.attribute.checks = { max: 1 + random.below(1000) };
    return { rule: "limits", at: `${picked.at}/max`, ...sending };
  },
  "widen a limit": (spec, random) => {
    const picked = pickAttribute(spec, random, ({ checks }) => checks !== undefined);
    if (picked === undefined) return undefined;
    const key = random.of(Object.keys(picked.attribute.checks!))!;
    delete (picked.attribute.checks as Record<string, unknown>)[key];
    const effect = key === "unterminated-ok" ? sending : neither;
    return { rule: "limits", at: `${picked.at}/${key}`, ...effect };
  },
  "change byte order": (spec, random) => {
    const picked = pickAttribute(
      spec,
      random,
      ({ type, ...rest }) => ["u16", "u32", "u64"].includes(type!) && rest["display-hint"] === undefined,
    );
    if (picked === undefined) return undefined;
    if (picked.attribute["byte-order"] === undefined) picked.attribute["byte-order"] = "big-endian";
    else delete picked.attribute["byte-order"];
    return { rule: "byte-order", at: `${picked.at}/byte-order`, ...both };
  },
  "repeat attribute": (spec, random) => {
    const picked = pickAttribute(spec, random, (one) => one["multi-attr"] !== true && one.type === "nest");
    if (picked === undefined) return undefined;
    picked.attribute["multi-attr"] = true;
    return { rule: "changed", at: `${picked.at}/multi-attr`, decoding: "breaking", sending: "compatible" };
  },
  "retype struct member": (spec, random) => {
    const picked = pickDefinition(spec, random, ["struct"]);
    const member = random.of(
      (picked?.definition.members ?? []).filter(({ type }) => WIDTHS.includes(type as ScalarType)),
    );
    if (picked === undefined || member === undefined) return undefined;
    const size = scalarSize(member.type as ScalarType);
    member.type = random.of(WIDTHS.filter((type) => scalarSize(type) !== size))!;
    return { rule: "retyped", at: `${picked.at}/members/${member.name}/type`, ...both };
  },
  "drop struct member": (spec, random) => {
    const picked = pickDefinition(spec, random, ["struct"]);
    const members = picked?.definition.members ?? [];
    if (picked === undefined || members.length < 2 || members.at(-1)!.type === "pad") return undefined;
    const member = members.pop()!;
    return { rule: "removed", at: `${picked.at}/members/${member.name}`, ...both };
  },
  "rename struct member": (spec, random) => {
    const picked = pickDefinition(spec, random, ["struct"]);
    const member = random.of(picked?.definition.members ?? []);
    if (picked === undefined || member === undefined) return undefined;
    const before = member.name;
    member.name += "-renamed";
    return { rule: "renamed", at: `${picked.at}/members/${before}`, ...neither };
  },
  "renumber entry": (spec, random) => {
    const picked = pickDefinition(spec, random, ["enum", "flags"]);
    const entries = picked?.definition.entries ?? [];
    const last = entries.at(-1);
    if (picked === undefined || last === undefined) return undefined;
    const value = picked.definition.type === "flags" ? 60 : 5000 + random.below(1000);
    const entry = typeof last === "string" ? { name: last } : last;
    entries[entries.length - 1] = { ...entry, value };
    return { rule: "renumbered", at: `${picked.at}/entries/${entry.name}/value`, ...both };
  },
  "drop entry": (spec, random) => {
    const picked = pickDefinition(spec, random, ["enum", "flags"]);
    const entries = picked?.definition.entries ?? [];
    if (picked === undefined || entries.length < 2) return undefined;
    const last = entries.pop()!;
    return {
      rule: "removed",
      at: `${picked.at}/entries/${typeof last === "string" ? last : last.name}`,
      ...sending,
    };
  },
  "change a constant": (spec, random) => {
    const picked = pickDefinition(spec, random, ["const"]);
    if (picked === undefined || typeof picked.definition.value !== "number") return undefined;
    picked.definition.value += 1;
    return { rule: "renumbered", at: `${picked.at}/value`, ...both };
  },
  "renumber operation": (spec, random) => {
    const operation = random.of(
      spec.operations.list.filter((one) => one.do !== undefined || one.dump !== undefined),
    );
    if (operation === undefined) return undefined;
    if (spec.operations["enum-model"] === "directional") {
      const mode = (operation.do ?? operation.dump)!;
      mode.request = { ...mode.request, value: 200 + random.below(50) };
    } else {
      operation.value = 200 + random.below(50);
    }
    return { rule: "renumbered", at: `operations/list/${operation.name}/request`, ...sending };
  },
  "drop a mode": (spec, random) => {
    const operation = random.of(
      spec.operations.list.filter((one) => one.do !== undefined && one.dump !== undefined),
    );
    if (operation === undefined || spec.operations["enum-model"] === "directional") return undefined;
    delete operation.dump;
    return { rule: "changed", at: `operations/list/${operation.name}/dump`, ...sending };
  },
  "drop an attribute from a request": (spec, random) => {
    const operation = random.of(
      spec.operations.list.filter((one) => (one.do?.request?.attributes ?? []).length > 0),
    );
    const attributes = operation?.do?.request?.attributes;
    const name = random.of(attributes ?? []);
    if (operation === undefined || name === undefined) return undefined;
    operation.do!.request!.attributes = attributes!.filter((one) => one !== name);
    return {
      rule: "removed",
      at: `operations/list/${operation.name}/do/request/attributes/${name}`,
      ...sending,
    };
  },
  "demand rights": (spec, random) => {
    const operation = random.of(
      spec.operations.list.filter((one) => one.flags === undefined && one.do !== undefined),
    );
    if (operation === undefined) return undefined;
    operation.flags = ["admin-perm"];
    return { rule: "changed", at: `operations/list/${operation.name}/flags`, ...sending };
  },
  "drop a group": (spec, random) => {
    const groups = spec["mcast-groups"]?.list ?? [];
    const group = random.of(
      groups.filter(({ name }) => !spec.operations.list.some(({ mcgrp }) => mcgrp === name)),
    );
    if (group === undefined) return undefined;
    groups.splice(groups.indexOf(group), 1);
    return {
      rule: "removed",
      at: `mcast-groups/list/${group.name}`,
      decoding: "breaking",
      sending: "compatible",
    };
  },
};

/** Names of the kinds of change. */
export const KINDS: readonly string[] = Object.keys(MUTATORS);

/** The next change of one of the files that leaves a valid spec. */
export function mutate(files: readonly SpecFile[], random: Random, wanted?: string): Mutation {
  for (;;) {
    const original = random.of(files)!;
    const kind = wanted ?? random.of(KINDS)!;
    const spec = structuredClone(original.spec);
    const said = MUTATORS[kind]!(spec, random);
    if (said === undefined || validate(spec, true).findings.length > 0 || checkSpec(spec).length > 0) {
      continue;
    }
    return { kind, file: { ...original, spec }, ...said };
  }
}
