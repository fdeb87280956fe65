/**
 * Two specs of a family, or two trees of specs: what was added, removed, renamed, renumbered, retyped, limited
 * otherwise or documented otherwise, and what that breaks.
 *
 * @module
 */
import { type Fact, type FactKind, factsOf, type FactValue, type SpecFacts } from "./facts.ts";
import type { DriftFinding, Impact, Place } from "./finding.ts";
import {
  BREAKING,
  COMPATIBLE,
  impactOfChange,
  impactOfRemoval,
  isLimit,
  type ValueChange,
} from "./impact.ts";
import { pairRenamed } from "./renames.ts";
import type { SpecFile } from "../spec/types.ts";

/** Compares two trees of specs; families go by their names. Nothing found means that they say the same. */
export function compareTrees(before: readonly SpecFile[], after: readonly SpecFile[]): DriftFinding[] {
  const findings: DriftFinding[] = [];
  const byName = new Map(after.map((file) => [file.spec.name, file]));
  for (const file of before) {
    const other = byName.get(file.spec.name);
    byName.delete(file.spec.name);
    findings.push(...other === undefined ? [wholeFamily(file, "removed")] : compareSpecs(file, other));
  }
  return [...findings, ...[...byName.values()].map((file) => wholeFamily(file, "added"))];
}

/** Compares two specs of a family. */
export function compareSpecs(before: SpecFile, after: SpecFile): DriftFinding[] {
  return compareFacts(factsOf(before), factsOf(after));
}

function wholeFamily(file: SpecFile, rule: "added" | "removed"): DriftFinding {
  return finding(rule, file.spec.name, "", `the family ${file.spec.name} was ${rule}`, {
    places: [placeOf(file, "name")],
    impact: rule === "added" ? COMPATIBLE : BREAKING,
  });
}

function compareFacts(before: SpecFacts, after: SpecFacts): DriftFinding[] {
  const family = before.file.spec.name;
  const pairs = pairRenamed(before.facts, after.facts);
  const findings: DriftFinding[] = [];
  const documented = before.documented && after.documented;
  const gone = new Set<string>();
  for (const fact of before.facts.values()) {
    const other = after.facts.get(pairs.path(fact));
    const places = [placeOf(before.file, fact.path)];
    if (other === undefined || other.kind !== fact.kind) {
      // What a removed thing had inside is gone with it.
      gone.add(fact.at);
      if (gone.has(fact.parent)) continue;
      findings.push(
        finding("removed", family, fact.at, `${describe(fact)} was removed`, {
          places,
          impact: impactOfRemoval(fact),
        }),
      );
      continue;
    }
    places.push(placeOf(after.file, other.path));
    // That an attribute has another name is told once, at the attribute.
    if (other.name !== fact.name && fact.kind !== "message attribute") {
      findings.push(
        finding("renamed", family, fact.at, `${describe(fact)} is now called ${other.name}`, {
          places,
          expected: fact.name,
          found: other.name,
          // A selector's value is sent as it is written.
          impact: fact.kind === "format" || fact.kind === "group" ? BREAKING : COMPATIBLE,
        }),
      );
    }
    for (const change of changes(fact, other, pairs.reference)) {
      findings.push(valueFinding(change, family, places, impactOfChange(change, before, after)));
    }
    if (documented && fact.doc !== other.doc) {
      findings.push(
        finding("documentation", family, fact.at, `${describe(fact)} is documented otherwise`, {
          places,
          impact: COMPATIBLE,
        }),
      );
    }
  }
  const known = new Set([...before.facts.values()].map((fact) => `${fact.kind} ${pairs.path(fact)}`));
  const isNew = (fact: Fact | undefined) => fact !== undefined && !known.has(`${fact.kind} ${fact.at}`);
  for (const fact of after.facts.values()) {
    if (!isNew(fact) || (fact.parent !== "" && isNew(after.facts.get(fact.parent)))) continue;
    findings.push(
      finding("added", family, fact.at, `${describe(fact)} was added`, {
        places: [placeOf(after.file, fact.path)],
        impact: COMPATIBLE,
      }),
    );
  }
  return findings;
}

/** The values that differ; a reference to what was only renamed is the same. */
function changes(
  fact: Fact,
  other: Fact,
  reference: (key: string, value: FactValue) => FactValue,
): ValueChange[] {
  // A set that becomes a part of another, or ceases to be one, says the same in other places.
  const asWhole = fact.values.has("id") !== other.values.has("id") && fact.kind === "attribute";
  const [from, to] = asWhole
    ? [fact.whole ?? fact.values, other.whole ?? other.values]
    : [fact.values, other.values];
  const found: ValueChange[] = [];
  for (const key of new Set([...from.keys(), ...to.keys()])) {
    const [before, after] = [from.get(key), to.get(key)];
    if ((before === undefined ? undefined : reference(key, before)) !== after) {
      found.push({ key, fact, other, before, after });
    }
  }
  return found;
}

const RULES: { readonly [key: string]: string } = {
  id: "renumbered",
  value: "renumbered",
  request: "renumbered",
  reply: "renumbered",
  offset: "moved",
  size: "resized",
  type: "retyped",
  "sub-type": "retyped",
  struct: "retyped",
  "byte-order": "byte-order",
};

function valueFinding(change: ValueChange, family: string, places: Place[], impact: Impact): DriftFinding {
  const { fact, key, before, after } = change;
  const rule = RULES[key] ?? (isLimit(key) ? "limits" : "changed");
  const [expected, found] = [text(before), text(after)];
  const what = key === "value" || key === "id" ? "" : ` ${key}`;
  const said = before === undefined && after === true
    ? `${key} was added`
    : before === true && after === undefined
    ? `${key} was removed`
    : `${what} ${expected} became ${found}`.trim();
  return finding(
    rule,
    family,
    `${fact.at}${fact.at === "" ? "" : "/"}${key}`,
    `${describe(fact)}: ${said}`,
    { places, expected, found, impact },
  );
}

function text(value: FactValue | undefined): string {
  return value === undefined ? "nothing" : String(value);
}

function finding(
  rule: string,
  family: string,
  at: string,
  message: string,
  rest: Pick<DriftFinding, "places" | "expected" | "found"> & { impact: Impact },
): DriftFinding {
  const breaking = rest.impact.decoding === "breaking" || rest.impact.sending === "breaking";
  return {
    comparison: "upstream",
    rule,
    family,
    at,
    severity: breaking ? "error" : "note",
    message,
    ...rest,
  };
}

/** The place of a path in a spec. */
export function placeOf(file: SpecFile, path: string): Place {
  return { file: file.path, ...file.position(path) };
}

const INSIDE: { readonly [kind in FactKind]?: string } = {
  entry: "definitions/",
  member: "definitions/",
  attribute: "attribute-sets/",
  format: "sub-messages/",
};

/** A fact in words: `attribute ifindex of dev`. */
export function describe({ kind, name, parent, at }: Fact): string {
  const list = INSIDE[kind];
  if (list !== undefined) return `${kind} ${name} of ${parent.slice(list.length)}`;
  if (kind !== "message attribute") return `${kind} ${name}`;
  const operation = parent.slice("operations/list/".length);
  const message = at.slice(parent.length + 1).replace(/\/?attributes\/.*$/, "").replace("/", " ");
  return `attribute ${name} in ${operation} (${message})`;
}
