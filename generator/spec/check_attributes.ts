/**
 * Checks of attribute sets and their attributes.
 *
 * @module
 */

import type { SpecChecker } from "./check.ts";
import { checkLimits } from "./check_limits.ts";
import { type NodePath, quote } from "./diagnostics.ts";
import type { SpecAttribute, SpecAttributeSet } from "./types.ts";

/** The largest attribute type: two of the sixteen bits are flags. */
const MAX_ATTRIBUTE = 16383n;

/** Types that hold one number. */
export const NUMBERS: ReadonlySet<string> = new Set(
  ["u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64", "uint", "sint"],
);

/** Checks the attribute sets of a spec. */
export function checkAttributeSets(checker: SpecChecker): void {
  const sets = checker.spec["attribute-sets"];
  const names = sets.map(({ name }) => name);
  checker.unique(["attribute-sets"], "attribute set", names);
  checker.distinctIdentifiers(["attribute-sets"], "attribute set", names);
  for (const [i, set] of sets.entries()) {
    const node = ["attribute-sets", i];
    const list = [...node, "attributes"];
    const attributes = set.attributes.map(({ name }) => name);
    // A subset may mention an attribute twice; devlink does it.
    if (set["subset-of"] === undefined) checker.unique(list, "attribute", attributes);
    checker.distinctIdentifiers(list, "attribute", attributes);
    if (set["subset-of"] === undefined) checkIds(checker, list, set);
    else if (!checkSubset(checker, node, set, set["subset-of"])) continue;
    for (const [j, own] of set.attributes.entries()) {
      const parent = set["subset-of"] === undefined
        ? undefined
        : checker.attributes.get(set["subset-of"])?.get(own.name);
      // What the parent says wrongly is told once, there.
      if (parent !== undefined && Object.keys(own).every((key) => key === "name" || key === "doc")) continue;
      checkAttribute(checker, [...list, j], { ...parent, ...own });
    }
  }
}

function checkIds(checker: SpecChecker, list: NodePath, set: SpecAttributeSet): void {
  const first = new Map<bigint, string>();
  let id = 0n;
  for (const [i, { name, value }] of set.attributes.entries()) {
    id = value === undefined ? id + 1n : BigInt(value);
    const node = [...list, i, ...(value === undefined ? [] : ["value"])];
    if (!checker.inRange(node, id, 0n, MAX_ATTRIBUTE)) return;
    const other = first.get(id);
    if (other !== undefined) {
      checker.add(node, `the attributes ${quote(other)} and ${quote(name)} both have the id ${id}`);
    }
    first.set(id, name);
  }
}

/** False if the parent is not known: nothing more can be said about such a set. */
function checkSubset(checker: SpecChecker, node: NodePath, set: SpecAttributeSet, parent: string): boolean {
  const key = [...node, "subset-of"];
  if (!checker.known(key, "attribute set", parent, checker.sets)) return false;
  if (checker.sets.get(parent)?.["subset-of"] !== undefined) {
    checker.add(key, `${quote(parent)} is a subset itself`, { expected: "a set with ids of its own" });
    return false;
  }
  const inherited = checker.attributes.get(parent)!;
  for (const [i, own] of set.attributes.entries()) {
    const at = [...node, "attributes", i];
    checker.known([...at, "name"], "attribute", own.name, inherited, parent);
    if (own.value !== undefined) {
      checker.meaningless(at, own, ["value"], "in a subset, whose ids are its parent's");
    }
  }
  return true;
}

function checkAttribute(checker: SpecChecker, node: NodePath, attribute: SpecAttribute): void {
  const { type } = attribute;
  // The schema has told where one is missing.
  if (type === undefined) return;
  checkNested(checker, node, attribute);
  checkElements(checker, node, attribute);
  checkEnum(checker, node, attribute);
  if (attribute.struct !== undefined) {
    if (type === "binary") {
      checker.known([...node, "struct"], "struct", attribute.struct, checker.structs);
    } else checker.meaningless(node, attribute, ["struct"], `for ${type}`);
  }
  if (type === "sub-message") {
    for (const key of ["sub-message", "selector"]) {
      if (!Object.hasOwn(attribute, key)) checker.add(node, `a sub-message without the key ${quote(key)}`);
    }
  } else {
    checker.meaningless(node, attribute, ["sub-message", "selector"], `for ${type}`);
  }
  if (!NUMBERS.has(type) && type !== "binary" && type !== "indexed-array" && type !== "nest-type-value") {
    checker.meaningless(node, attribute, ["byte-order"], `for ${type}`);
  }
  if (attribute.checks !== undefined) checkLimits(checker, [...node, "checks"], attribute, attribute.checks);
}

/** The element type decides for those types that have elements. */
function nests({ type, "sub-type": subType }: SpecAttribute): boolean {
  return type === "nest" || (type === "nest-type-value" && (subType ?? "nest") === "nest") ||
    (type === "indexed-array" && subType === "nest");
}

function checkNested(checker: SpecChecker, node: NodePath, attribute: SpecAttribute): void {
  const set = attribute["nested-attributes"];
  if (!nests(attribute)) {
    checker.meaningless(node, attribute, ["nested-attributes"], `for ${attribute.type}`);
  } else if (set === undefined) {
    checker.add(node, `${attribute.type} without the key "nested-attributes"`);
  } else {
    checker.known([...node, "nested-attributes"], "attribute set", set, checker.sets);
  }
}

function checkElements(checker: SpecChecker, node: NodePath, attribute: SpecAttribute): void {
  const { type, "sub-type": subType, "type-value": levels } = attribute;
  if (type === "indexed-array") {
    if (subType === undefined) checker.add(node, 'indexed-array without the key "sub-type"');
    else if (subType !== "nest" && subType !== "binary" && subType !== "string" && !NUMBERS.has(subType)) {
      const expected = "nest, binary, string or an integer type";
      checker.add([...node, "sub-type"], `${subType} cannot be the element of an array`, { expected });
    }
  } else if (type === "binary") {
    if (subType !== undefined && (!NUMBERS.has(subType) || subType === "uint" || subType === "sint")) {
      const expected = "an integer type of fixed width";
      checker.add([...node, "sub-type"], `${subType} cannot be the element of a C array`, { expected });
    }
    if (subType !== undefined) checker.meaningless(node, attribute, ["struct"], "beside sub-type");
  } else if (type !== "nest-type-value") {
    checker.meaningless(node, attribute, ["sub-type"], `for ${type}`);
  }
  if (type !== "indexed-array") checker.meaningless(node, attribute, ["index-start"], `for ${type}`);
  if (type === "nest-type-value" && (levels === undefined || levels.length === 0)) {
    checker.add(node, 'nest-type-value without the key "type-value"');
  }
  if (levels !== undefined) {
    checker.unique([...node, "type-value"], "level", levels, []);
  }
}

function checkEnum(checker: SpecChecker, node: NodePath, attribute: SpecAttribute): void {
  const { type, enum: name, "sub-type": subType } = attribute;
  if (name === undefined) {
    checker.meaningless(node, attribute, ["enum-as-flags"], "without an enum");
    return;
  }
  const element = type === "indexed-array" || type === "binary" || type === "nest-type-value"
    ? subType
    : type;
  if (element !== "bitfield32" && !NUMBERS.has(element ?? "")) {
    checker.meaningless(node, attribute, ["enum"], `for ${type}`);
  } else {
    checker.known([...node, "enum"], "enum", name, checker.enums);
  }
}
