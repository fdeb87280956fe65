/**
 * Checks of sub-messages: their formats, and the attribute that selects one.
 *
 * @module
 */

import type { SpecChecker } from "./check.ts";
import { NUMBERS } from "./check_attributes.ts";
import { nearest, quote } from "./diagnostics.ts";
import type { SpecAttribute, SpecSubMessage } from "./types.ts";

/** Checks the sub-messages of a spec and every attribute that holds one. */
export function checkSubMessages(checker: SpecChecker): void {
  const messages = checker.spec["sub-messages"] ?? [];
  checker.unique(["sub-messages"], "sub-message", messages.map(({ name }) => name));
  for (const [i, message] of messages.entries()) {
    const list = ["sub-messages", i, "formats"];
    checker.unique(list, "format", message.formats.map(({ value }) => value), ["value"]);
    for (const [j, format] of message.formats.entries()) {
      const [set, header] = [format["attribute-set"], format["fixed-header"]];
      if (set !== undefined) {
        checker.known([...list, j, "attribute-set"], "attribute set", set, checker.sets);
      }
      if (header !== undefined) {
        checker.known([...list, j, "fixed-header"], "struct", header, checker.structs);
      }
    }
  }
  checkUses(checker, new Map(messages.map((message) => [message.name, message])));
}

function checkUses(checker: SpecChecker, messages: ReadonlyMap<string, SpecSubMessage>): void {
  const parents = parentSets(checker, messages);
  for (const [i, set] of checker.spec["attribute-sets"].entries()) {
    for (const [j, own] of set.attributes.entries()) {
      const attribute = checker.attributes.get(set.name)?.get(own.name);
      if (attribute?.type !== "sub-message") continue;
      const node = ["attribute-sets", i, "attributes", j];
      const { "sub-message": name, selector } = attribute;
      if (name !== undefined && own["sub-message"] !== undefined) {
        checker.known([...node, "sub-message"], "sub-message", name, messages);
      }
      if (selector === undefined) continue;
      const sets = [set.name, ...around(set.name, parents)];
      const selectors = sets.flatMap((scope) => checker.attributes.get(scope)?.get(selector) ?? []);
      const key = own.selector === undefined ? node : [...node, "selector"];
      if (selectors.length === 0 && !checker.full) {
        const names = sets.flatMap((scope) => [...checker.attributes.get(scope)?.keys() ?? []]);
        checker.add(key, `the selector ${quote(selector)} is in no set around this attribute`, {
          suggestion: nearest(selector, names),
        });
      }
      const message = messages.get(name ?? "");
      for (const each of selectors) checkSelector(checker, key, each, message);
    }
  }
}

function checkSelector(
  checker: SpecChecker,
  node: readonly (string | number)[],
  selector: SpecAttribute,
  message: SpecSubMessage | undefined,
): void {
  const { type, enum: name } = selector;
  if (type === undefined || type === "string") return;
  if (!NUMBERS.has(type) || name === undefined) {
    const expected = "text or a number with an enum";
    checker.add(node, `the selector ${quote(selector.name)} is ${type}`, { expected });
    return;
  }
  const entries = checker.enums.get(name)?.entries?.map((entry) =>
    typeof entry === "string" ? entry : entry.name
  );
  if (entries === undefined || message === undefined) return;
  const index = checker.spec["sub-messages"]!.indexOf(message);
  for (const [i, { value }] of message.formats.entries()) {
    checker.known(["sub-messages", index, "formats", i, "value"], "entry", value, new Set(entries), name);
  }
}

/** For every set the sets that have an attribute which nests it. */
function parentSets(
  checker: SpecChecker,
  messages: ReadonlyMap<string, SpecSubMessage>,
): Map<string, Set<string>> {
  const parents = new Map<string, Set<string>>();
  for (const [outer, attributes] of checker.attributes) {
    for (const { "nested-attributes": nested, "sub-message": message } of attributes.values()) {
      const formats = messages.get(message ?? "")?.formats ?? [];
      for (const inner of [nested, ...formats.map((format) => format["attribute-set"])]) {
        if (inner === undefined) continue;
        if (!parents.has(inner)) parents.set(inner, new Set());
        parents.get(inner)!.add(outer);
      }
    }
  }
  return parents;
}

/** The sets that a set can be nested in, through any number of levels. */
function around(name: string, parents: ReadonlyMap<string, ReadonlySet<string>>): Set<string> {
  const reached = new Set<string>();
  const pending = [...parents.get(name) ?? []];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (reached.has(next)) continue;
    reached.add(next);
    pending.push(...parents.get(next) ?? []);
  }
  return reached;
}
