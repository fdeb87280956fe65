/** What a spec of ours has on purpose and upstream has not yet, such as KeyUpdate in handshake. @module */
import type { SpecFile } from "../spec/types.ts";
import { describe, placeOf } from "./compare_specs.ts";
import { type Fact, factsOf } from "./facts.ts";
import type { DriftFinding } from "./finding.ts";
import { COMPATIBLE } from "./impact.ts";

/** The things that our spec has and the upstream spec it is based on has not. */
export function ourAdditions(upstream: SpecFile, ours: SpecFile): Fact[] {
  const base = factsOf(upstream).facts;
  const added = [...factsOf(ours).facts.values()].filter(({ at }) => !base.has(at));
  // What a new thing has inside is new with it.
  return added.filter(({ parent }) => parent === "" || base.has(parent));
}

/** Findings on a kernel, of which those about our additions say no more than that it has them not yet. */
export function withoutAdditions(
  findings: readonly DriftFinding[],
  family: string,
  additions: readonly Fact[],
): DriftFinding[] {
  return findings.map((finding) => {
    const ours = finding.family === family &&
      additions.some(({ at }) => `${finding.at}/`.startsWith(`${at}/`));
    if (!ours || finding.severity === "note") return finding;
    return {
      ...finding,
      rule: "newer-than-kernel",
      severity: "note",
      message: `${finding.message}: it is ours, and not upstream yet`,
    };
  });
}

/** Which of our additions another spec has, with the same number, and which it lacks. */
export function aheadOf(
  ours: SpecFile,
  additions: readonly Fact[],
  theirs: SpecFile,
): { has: string[]; lacks: DriftFinding[] } {
  const { facts } = factsOf(theirs);
  const has: string[] = [];
  const lacks: DriftFinding[] = [];
  for (const fact of additions) {
    const other = facts.get(fact.at);
    if (other !== undefined && other.number === fact.number) {
      has.push(describe(fact));
      continue;
    }
    lacks.push({
      comparison: "upstream",
      rule: other === undefined ? "not-upstream" : "upstream-differs",
      family: ours.spec.name,
      at: fact.at,
      severity: other === undefined ? "note" : "error",
      message: other === undefined
        ? `upstream does not have ${describe(fact)}`
        : `upstream has ${describe(fact)} with the number ${other.number}, ours is ${fact.number}`,
      places: [placeOf(ours, fact.path), ...other === undefined ? [] : [placeOf(theirs, other.path)]],
      impact: COMPATIBLE,
    });
  }
  return { has, lacks };
}
