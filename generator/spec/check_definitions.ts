/**
 * Checks of constants, enums, flags and structs.
 *
 * @module
 */

import type { SpecChecker } from "./check.ts";
import { type NodePath, quote } from "./diagnostics.ts";
import { MAX_DEPTH } from "./source.ts";
import type { SpecDefinition, SpecEntry, SpecMember } from "./types.ts";

const ENUM_KEYS = ["value-start", "entries", "render-max", "enum-name", "enum-cnt-name"];

/** Checks the definitions of a spec. */
export function checkDefinitions(checker: SpecChecker): void {
  const definitions = checker.spec.definitions ?? [];
  const names = definitions.map(({ name }) => name);
  checker.unique(["definitions"], "definition", names);
  checker.distinctIdentifiers(["definitions"], "definition", names);
  for (const [i, definition] of definitions.entries()) {
    const node = ["definitions", i];
    if (definition.type === "const") checkConstant(checker, node, definition);
    else if (definition.type === "struct") checkStruct(checker, node, definition);
    else if (definition.type === "enum" || definition.type === "flags") checkEnum(checker, node, definition);
  }
  checkNesting(checker);
}

function checkConstant(checker: SpecChecker, node: NodePath, constant: SpecDefinition): void {
  checker.meaningless(node, constant, [...ENUM_KEYS, "members"], "for a constant");
  if (constant.value === undefined) checker.add(node, 'the key "value" is missing');
}

function checkEnum(checker: SpecChecker, node: NodePath, definition: SpecDefinition): void {
  const flags = definition.type === "flags";
  checker.meaningless(node, definition, ["value", "members"], flags ? "for flags" : "for an enum");
  if (definition.entries === undefined) {
    checker.add(node, 'the key "entries" is missing');
    return;
  }
  const list = [...node, "entries"];
  const names = definition.entries.map((entry) => typeof entry === "string" ? entry : entry.name);
  const seen = new Set<string>();
  names.forEach((name, i) => {
    if (!seen.has(name)) {
      seen.add(name);
      return;
    }
    const where = typeof definition.entries![i] === "string" ? [] : ["name"];
    checker.add([...list, i, ...where], `a second entry ${quote(name)}`);
  });
  // Bits of a 64-bit word, or what a C enum holds.
  const [min, max] = flags ? [0n, 63n] : [-(1n << 31n), (1n << 32n) - 1n];
  const start = definition["value-start"];
  let value = start === undefined ? 0n : checker.number([...node, "value-start"], start);
  if (value === undefined) return;
  for (const [i, entry] of definition.entries.entries()) {
    const given = typeof entry === "string" ? undefined : (entry as SpecEntry).value;
    if (given !== undefined) value = BigInt(given);
    if (!checker.inRange([...list, i, ...(given === undefined ? [] : ["value"])], value, min, max)) return;
    value++;
  }
}

function checkStruct(checker: SpecChecker, node: NodePath, struct: SpecDefinition): void {
  const keys = [...ENUM_KEYS, "value"];
  checker.meaningless(node, struct, keys.filter((key) => key !== "enum-name"), "for a struct");
  const members = struct.members;
  if (members === undefined || members.length === 0) {
    checker.add(node, "a struct without members");
    return;
  }
  const list = [...node, "members"];
  const shown = members.map(({ name, type }, i) => type === "pad" ? `${name} ${i}` : name);
  checker.unique(list, "member", shown);
  checker.distinctIdentifiers(list, "member", shown);
  for (const [i, member] of members.entries()) {
    checkMember(checker, [...list, i], member, i === members.length - 1);
  }
}

function checkMember(checker: SpecChecker, node: NodePath, member: SpecMember, last: boolean): void {
  const bytes = member.type === "binary" || member.type === "string" || member.type === "pad";
  if (!bytes) {
    checker.meaningless(node, member, ["len", "struct"], `for ${member.type}`);
  } else if (member.type !== "binary") {
    checker.meaningless(node, member, ["struct"], `for ${member.type}`);
  }
  if (bytes && member.len === undefined && member.struct === undefined) {
    checker.add(node, `${member.type} with no length`, {
      expected: member.type === "binary" ? "len or struct" : "len",
    });
  } else if (bytes && member.len !== undefined && member.struct !== undefined) {
    checker.add(node, "bytes with a length and a struct", { expected: "len or struct" });
  }
  if (bytes && member.len !== undefined) {
    const length = checker.number([...node, "len"], member.len);
    if (length !== undefined) checker.inRange([...node, "len"], length, 1n, 65535n);
  }
  if (member.struct !== undefined && member.type === "binary") {
    checker.known([...node, "struct"], "struct", member.struct, checker.structs);
  }
  if (member.enum !== undefined) {
    if (bytes) checker.meaningless(node, member, ["enum"], `for ${member.type}`);
    else checker.known([...node, "enum"], "enum", member.enum, checker.enums);
  } else {
    checker.meaningless(node, member, ["enum-as-flags"], "without an enum");
  }
  if (member["flexible-array"] === true && (!last || member.len !== undefined)) {
    const expected = "the last member, a scalar or a nested struct";
    checker.add([...node, "flexible-array"], "this member cannot repeat to the end", {
      onKey: true,
      expected,
    });
  }
}

/** Finds structs that contain themselves, or that are nested more deeply than any header is. */
function checkNesting(checker: SpecChecker): void {
  const done = new Set<string>();
  const open: string[] = [];
  const visit = (name: string): void => {
    if (done.has(name)) return;
    const index = (checker.spec.definitions ?? []).findIndex((each) =>
      each.type === "struct" && each.name === name
    );
    if (open.includes(name)) checker.add(["definitions", index], `the struct ${quote(name)} contains itself`);
    else if (open.length > MAX_DEPTH) {
      checker.add(["definitions", index], "the structs are nested too deeply");
    } else {
      open.push(name);
      for (const { struct } of checker.structs.get(name)?.members ?? []) {
        if (struct !== undefined) visit(struct);
      }
      open.pop();
    }
    done.add(name);
  };
  for (const name of checker.structs.keys()) visit(name);
}
