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

/** Facts by their path. */
type Facts = ReadonlyMap<string, Fact>;

/** Finds the renamed things: alone of their number in their place, or with the same things inside. */
export function pairRenamed(before: Facts, after: Facts): Pairs {
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
  if ([...before.values()].every(({ at, kind }) => after.get(at)?.kind === kind)) {
    return { path, reference: (_, value) => value };
  }
  const [insideBefore, insideAfter] = [childrenOf(before), childrenOf(after)];
  const pairSame = (top: boolean) => {
    const candidates = fresh(top);
    const meant = gone(top).map((fact): [Fact, Fact[]] => [
      fact,
      candidates.filter((other) =>
        other.kind === fact.kind && other.parent === parentOf(fact) &&
        (fact.number === undefined
          ? sameInside(fact, other, insideBefore, insideAfter)
          : other.number === fact.number)
      ),
    ]);
    for (const [fact, [other, ...more]] of meant) {
      // Two that could be meant are none, and so is one that two could be.
      const alone = more.length === 0 && meant.every(([one, them]) => one === fact || !them.includes(other!));
      if (other !== undefined && alone) renamed.set(fact.at, other.at);
    }
  };
  // What things are in goes first: the things inside are compared there.
  pairSame(true);
  pairSame(false);
  for (const [old, now] of byReferences(before, after, path)) {
    if (similar(before.get(old)!, after.get(now)!, insideBefore, insideAfter)) renamed.set(old, now);
  }
  pairSame(false);
  return {
    path,
    reference: (key, value) => {
      const list = REFERENCES[key];
      const now = list === undefined ? undefined : renamed.get(`${list}${value}`);
      return now === undefined ? value : now.slice(list!.length);
    },
  };
}

/** What is gone and what is new, paired as those go that name them; where several claim one, most uses count. */
function byReferences(before: Facts, after: Facts, path: (fact: Fact) => string): [string, string][] {
  const kept = new Set([...before.values()].map(path));
  const votes = new Map<string, number>();
  for (const fact of before.values()) {
    const other = after.get(path(fact));
    if (other === undefined) continue;
    for (const [key, list] of Object.entries(REFERENCES)) {
      const [old, now] = [`${list}${fact.values.get(key)}`, `${list}${other.values.get(key)}`];
      if (old === now || !before.has(old) || !after.has(now)) continue;
      const isGone = !after.has(path(before.get(old)!)) && !kept.has(now);
      const pair = `${old}\n${now}`;
      if (isGone && before.get(old)!.kind === after.get(now)!.kind) {
        votes.set(pair, (votes.get(pair) ?? 0) + 1);
      }
    }
  }
  const taken = new Set<string>();
  return [...votes].sort(([, a], [, b]) => b - a).map(([pair]) => pair.split("\n") as [string, string])
    .filter((pair) => {
      const free = !pair.some((at) => taken.has(at));
      if (free) { for (const at of pair) taken.add(at); }
      return free;
    });
}

function childrenOf(facts: Facts): Map<string, Fact[]> {
  return Map.groupBy(facts.values(), ({ parent }) => parent);
}

type Children = ReadonlyMap<string, Fact[]>;

/** Whether most of what is inside has the same names and numbers. */
function sameInside(fact: Fact, other: Fact, before: Children, after: Children): boolean {
  const inside = (facts: Children, { at }: Fact) =>
    new Set((facts.get(at) ?? []).map(({ name, number }) => `${name} ${number}`));
  const [a, b] = [inside(before, fact), inside(after, other)];
  if (a.size > 0) return most(a, b);
  const value = fact.values.get("value");
  return b.size === 0 && value !== undefined && value === other.values.get("value");
}

/** Whether most of what is inside has the same numbers. */
function similar(fact: Fact, other: Fact, before: Children, after: Children): boolean {
  const inside = (facts: Children, { at }: Fact) =>
    new Set((facts.get(at) ?? []).map(({ number }) => number));
  return most(inside(before, fact), inside(after, other));
}

function most<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): boolean {
  return 2 * a.intersection(b).size > Math.max(a.size, b.size);
}
