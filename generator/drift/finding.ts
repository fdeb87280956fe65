/**
 * What a comparison has to say: the one form for specs, generated code, C headers and the running kernel.
 *
 * @module
 */

/** The four comparisons. */
export type Comparison = "generated" | "upstream" | "headers" | "kernel";

/** How bad a finding is, the worst first. */
export const SEVERITIES = ["error", "warning", "note"] as const;

/**
 * How bad a finding is. `error`: two sides contradict each other, or a program would break. `warning`: one side
 * lacks something. `note`: worth knowing.
 */
export type Severity = typeof SEVERITIES[number];

/** What a change means for a program that was made from the old side and talks to the new one. */
export type Effect = "compatible" | "breaking";

/** The effect on reading what the kernel sends, and on what is sent to it. */
export interface Impact {
  /** On reading replies and events. */
  decoding: Effect;
  /** On requests. */
  sending: Effect;
}

/** A place in a text: a spec, a header, a generated file. */
export interface Place {
  /** Path as given by who read the file. */
  file: string;
  /** Line, from 1. */
  line: number;
  /** Column, from 1. */
  column?: number;
}

/** Why a finding is no news. */
export interface Explanation {
  /** What explains it. */
  by: "erratum" | "baseline";
  /** Id of the erratum, or of the baseline's entry. */
  id: string;
  /** The reason that stands there. */
  reason: string;
}

/** One finding. */
export interface DriftFinding {
  /** The comparison that made it. */
  comparison: Comparison;
  /** Which kind of finding, in words joined by dashes: `renumbered`, `value-differs`. */
  rule: string;
  /** Name of the family; empty for what belongs to none. */
  family: string;
  /** The thing, by its path in the spec with names in place of indices; a C name; or a path in the policy. */
  at: string;
  /** How bad it is. */
  severity: Severity;
  /** What was found, in a sentence without a full stop. */
  message: string;
  /** The value on the side that is judged by, where there is one. */
  expected?: string;
  /** The value on the other side. */
  found?: string;
  /** Where: the spec first. */
  places: Place[];
  /** The kernel's policy that it is about: `policy 3`. */
  policy?: string;
  /** What it means for programs. */
  impact?: Impact;
  /** Why it is no news. */
  explained?: Explanation;
}

/** What a comparison brought. */
export interface DriftReport {
  /** The comparison. */
  comparison: Comparison;
  /** Names of the families that were compared; a baseline's entry for another one is not stale. */
  families: string[];
  /** What was compared with what, in a sentence. */
  subject: string;
  /** How many things of each kind were compared. */
  counts: { [what: string]: number };
  /** All findings, those of one family together. */
  findings: DriftFinding[];
  /** Sentences that are worth reading and are no findings. */
  remarks: string[];
}

/**
 * The name of a finding that stays the same from run to run, as baselines and code scanners want it: comparison, rule,
 * family and path, joined by colons. It holds no value and no line.
 */
export function findingId({ comparison, rule, family, at }: DriftFinding): string {
  return [comparison, rule, family, at].join(":");
}

/** Whether a finding is at least as bad as `severity`, and not explained. */
export function counts(finding: DriftFinding, severity: Severity): boolean {
  return finding.explained === undefined &&
    SEVERITIES.indexOf(finding.severity) <= SEVERITIES.indexOf(severity);
}

/** The same findings by family, severity, place and name. */
export function sortFindings(findings: readonly DriftFinding[]): DriftFinding[] {
  const text = (a: string, b: string) => a < b ? -1 : a > b ? 1 : 0;
  return [...findings].sort((a, b) =>
    text(a.family, b.family) || SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
    (a.places[0]?.line ?? 0) - (b.places[0]?.line ?? 0) || text(findingId(a), findingId(b))
  );
}
