/**
 * Everything that one part of a spec says about another: names that must exist, ids that must fit, keys that only
 * mean something together. What passes here can be resolved without further questions.
 *
 * @module
 */

import { camelCase } from "./names.ts";
import { checkAttributeSets } from "./check_attributes.ts";
import { checkDefinitions } from "./check_definitions.ts";
import { checkOperations } from "./check_operations.ts";
import { checkSubMessages } from "./check_submessages.ts";
import { constantsOf, resolveNumber } from "./constants.ts";
import { type Finding, nearest, type NodePath, oneOf, quote } from "./diagnostics.ts";
import { MAX_FAULTS } from "./source.ts";
import type { NumberOrName, Spec, SpecAttribute, SpecAttributeSet, SpecDefinition } from "./types.ts";

/** Checks a spec that has the shape its schema asks for; no findings mean that it can be resolved. */
export function checkSpec(spec: Spec): Finding[] {
  const checker = new SpecChecker(spec);
  checkFamily(checker);
  checkDefinitions(checker);
  checkAttributeSets(checker);
  checkSubMessages(checker);
  checkOperations(checker);
  return checker.findings;
}

function checkFamily(checker: SpecChecker): void {
  const { spec } = checker;
  if (spec.protocol === "netlink-raw") {
    if (spec.protonum === undefined) {
      checker.add([], "netlink-raw without protonum", { expected: "the number of the netlink protocol" });
    } else {
      // MAX_LINKS of linux/netlink.h.
      checker.inRange(["protonum"], BigInt(spec.protonum), 0n, 31n);
    }
  }
  if (spec.version !== undefined) checker.inRange(["version"], BigInt(spec.version), 1n, 255n);
}

/** What a finding may say besides what is wrong. */
export interface FindingDetails {
  /** What would have been right. */
  expected?: string;
  /** The name that was probably meant. */
  suggestion?: string | undefined;
  /** True if the key itself is at fault. */
  onKey?: boolean;
}

/** Things by name: a set of names, or a map from them. */
export interface Names {
  /** True for a name that there is. */
  has(name: string): boolean;
  /** All the names. */
  keys(): Iterable<string>;
}

/** A spec under check: its parts by name, and what was found so far. */
export class SpecChecker {
  /** The spec. */
  readonly spec: Spec;
  /** What was found. */
  readonly findings: Finding[] = [];
  /** Its constants, by every name that a limit may use. */
  readonly constants: ReadonlyMap<string, NumberOrName>;
  /** Its enums and flags. */
  readonly enums: ReadonlyMap<string, SpecDefinition>;
  /** Its structs. */
  readonly structs: ReadonlyMap<string, SpecDefinition>;
  /** Its attribute sets. */
  readonly sets: ReadonlyMap<string, SpecAttributeSet>;
  /** The attributes of every set by name; a subset's with what its parent says filled in. */
  readonly attributes: ReadonlyMap<string, ReadonlyMap<string, SpecAttribute>>;

  /** Indexes the spec. */
  constructor(spec: Spec) {
    this.spec = spec;
    const definitions = spec.definitions ?? [];
    this.constants = constantsOf(spec);
    this.enums = byName(definitions.filter(({ type }) => type === "enum" || type === "flags"));
    this.structs = byName(definitions.filter(({ type }) => type === "struct"));
    this.sets = byName(spec["attribute-sets"]);
    this.attributes = new Map(spec["attribute-sets"].map((set) => [set.name, this.#merged(set)]));
  }

  #merged(set: SpecAttributeSet): Map<string, SpecAttribute> {
    const parent = byName(this.sets.get(set["subset-of"] ?? "")?.attributes ?? []);
    return byName(set.attributes.map((attribute) => ({ ...parent.get(attribute.name), ...attribute })));
  }

  /** True when there are more findings than anyone will read: what is left is not worth looking for suggestions. */
  get full(): boolean {
    return this.findings.length >= MAX_FAULTS;
  }

  /** Adds a finding about a node. */
  add(node: NodePath, message: string, { expected, suggestion, onKey }: FindingDetails = {}): void {
    if (this.full) return;
    this.findings.push({
      node,
      message,
      ...(expected === undefined ? {} : { expected }),
      ...(suggestion === undefined ? {} : { suggestion }),
      ...(onKey === undefined ? {} : { onKey }),
    });
  }

  /**
   * Finds a name that nothing of its kind has; false then.
   *
   * @param owner what the names belong to, if not to the whole spec
   */
  known(node: NodePath, kind: string, name: string, names: Names, owner?: string): boolean {
    if (names.has(name)) return true;
    if (this.full) return false;
    const all = [...names.keys()];
    const suggestion = nearest(name, all);
    // A long list of everything helps nobody who is one letter off.
    const expected = suggestion === undefined && all.length > 0 && all.length <= 8 ? oneOf(all) : undefined;
    this.add(node, `unknown ${kind} ${quote(name)}${owner === undefined ? "" : ` of ${quote(owner)}`}`, {
      ...(expected === undefined ? {} : { expected }),
      suggestion,
    });
    return false;
  }

  /** Finds names that a list holds twice. */
  unique(list: NodePath, kind: string, names: readonly string[], where: readonly string[] = ["name"]): void {
    const first = new Map<string, number>();
    for (const [i, name] of names.entries()) {
      if (first.has(name)) this.add([...list, i, ...where], `a second ${kind} ${quote(name)}`);
      else first.set(name, i);
    }
  }

  /** Finds names that differ in the spec and would be the same in TypeScript. */
  distinctIdentifiers(list: NodePath, kind: string, names: readonly string[]): void {
    const first = new Map<string, string>();
    for (const [i, name] of names.entries()) {
      const identifier = camelCase(name);
      const other = first.get(identifier);
      if (other === undefined) first.set(identifier, name);
      else if (other !== name) {
        const message = `the ${kind}s ${quote(other)} and ${quote(name)} would both be called ${identifier}`;
        this.add([...list, i, "name"], message);
      }
    }
  }

  /** Finds a number outside its range; false then. */
  inRange(node: NodePath, value: bigint, min: bigint, max: bigint): boolean {
    if (value >= min && value <= max) return true;
    this.add(node, `${value} is out of range`, { expected: `${min} to ${max}` });
    return false;
  }

  /** The number that a limit, a length or a start value stands for; finds a name that has none. */
  number(node: NodePath, reference: NumberOrName): bigint | undefined {
    const value = resolveNumber(this.constants, reference);
    if (value !== undefined) return value;
    const text = String(reference);
    if (typeof this.constants.get(text) === "string") {
      this.add(node, `the constant ${quote(text)} is text`, { expected: "a number" });
      return undefined;
    }
    const limits = ["u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64"]
      .flatMap((type) => [`${type}-min`, `${type}-max`]);
    this.add(node, `unknown constant ${quote(text)}`, {
      suggestion: nearest(text, [...this.constants.keys(), ...limits]),
    });
    return undefined;
  }

  /** Finds keys that mean nothing beside the others of their map. */
  meaningless(node: NodePath, owner: object, keys: readonly string[], reason: string): void {
    for (const key of keys) {
      if (Object.hasOwn(owner, key)) {
        this.add([...node, key], `${quote(key)} means nothing ${reason}`, { onKey: true });
      }
    }
  }
}

function byName<T extends { name: string }>(items: readonly T[]): Map<string, T> {
  return new Map(items.map((item) => [item.name, item]));
}
