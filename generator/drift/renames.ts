/** Pairs what has another name in the second of two specs, and else is the same. @module */
import type { Fact, FactValue } from "./facts.ts";

/** How the names of two specs go together. */
export interface Pairs {
  /** Path in the second spec of a fact of the first. */
  path(fact: Fact): string;
  /** A value of the first spec in the names of the second. */
  reference(key: string, value: FactValue): FactValue;
}

/** Keys whose value is the name of a definition, a set or a sub-message. */
const REFERENCES: { readonly [key: string]: string } = {
  "nested-attributes": "attribute-sets/",
  "attribute-set": "attribute-sets/",
  "subset-of": "attribute-sets/",
  "sub-message": "sub-messages/",
  "fixed-header": "definitions/",
  enum: "definitions/",
  struct: "definitions/",
  notify: "operations/list/",
  mcgrp: "mcast-groups/list/",
};

/** Finds the renamed things: alone of their number in their place, or with the same things inside. */
export function pairRenamed(before: ReadonlyMap<string, Fact>, after: ReadonlyMap<string, Fact>): Pairs {
  const renamed = new Map<string, string>();
  const parentOf = (fact: Fact) => renamed.get(fact.parent) ?? fact.parent;
  const path = (fact: Fact): string => {
    const own = renamed.get(fact.at);
    if (own !== undefined) return own;
    const parent = renamed.get(fact.parent);
    return parent === undefined ? fact.at : parent + fact.at.slice(fact.parent.length);
  };
  const gone = (top: boolean) =>
    [...before.values()].filter((fact) =>
      (fact.parent === "") === top && after.get(path(fact))?.kind !== fact.kind
    );
  const fresh = (top: boolean) => {
    const taken = new Set([...before.values()].map((fact) => `${fact.kind} ${path(fact)}`));
    return [...after.values()].filter((fact) =>
      (fact.parent === "") === top && !taken.has(`${fact.kind} ${fact.at}`)
    );
  };
  // What things are in goes first: the things inside are compared there.
  for (const top of [true, false]) {
    const candidates = fresh(top);
    for (const fact of gone(top)) {
      const same = candidates.filter((other) =>
        other.kind === fact.kind && other.parent === parentOf(fact) &&
        (fact.number === undefined ? sameInside(fact, other, before, after) : other.number === fact.number)
      );
      // Two that could be meant are none.
      if (same.length !== 1) continue;
      renamed.set(fact.at, same[0]!.at);
      candidates.splice(candidates.indexOf(same[0]!), 1);
    }
  }
  return {
    path,
    reference: (key, value) => {
      const list = REFERENCES[key];
      const now = list === undefined ? undefined : renamed.get(`${list}${value}`);
      return now === undefined ? value : now.slice(list!.length);
    },
  };
}

/** Whether most of what is inside has the same names and numbers. */
function sameInside(
  fact: Fact,
  other: Fact,
  before: ReadonlyMap<string, Fact>,
  after: ReadonlyMap<string, Fact>,
): boolean {
  const inside = (facts: ReadonlyMap<string, Fact>, parent: string) =>
    new Set(
      [...facts.values()].filter((one) => one.parent === parent).map(({ name, number }) =>
        `${name} ${number}`
      ),
    );
  const [a, b] = [inside(before, fact.at), inside(after, other.at)];
  if (a.size === 0) {
    const value = fact.values.get("value");
    return b.size === 0 && value !== undefined && value === other.values.get("value");
  }
  const common = a.intersection(b).size;
  return 2 * common > Math.max(a.size, b.size);
}
