/** Findings that are no news: explained by an erratum, or accepted in a baseline; and explanations that are stale. @module */
import type { Erratum, ErratumChange, StaleErratum } from "../spec/errata.ts";
import { formatStale } from "../spec/errata.ts";
import type { Comparison, DriftFinding, DriftReport, Explanation, Severity } from "./finding.ts";
import { counts, findingId } from "./finding.ts";

/** The list or node that a change is about. */
function changed(change: ErratumChange): string {
  return "at" in change ? change.at : "move" in change ? change.move : change.into;
}

/** The first two steps of a path: a definition, a set, an operation. */
function thing(path: string): string {
  return path.split("/").slice(0, path.startsWith("operations/list/") ? 3 : 2).join("/");
}

function explanation(errata: readonly Erratum[], { family, at }: DriftFinding): Explanation | undefined {
  const own = errata.filter(({ spec }) => spec === family);
  const close = own.filter(({ changes }) => changes.some((change) => thing(changed(change)) === thing(at)));
  // A struct in a struct is corrected where it is defined.
  const [first] = close.length > 0 ? close : own;
  return first === undefined ? undefined : { by: "erratum", id: first.id, reason: first.reason };
}

/**
 * The findings on corrected specs, and those on the raw specs that the errata take away, which these explain.
 *
 * @param errata those that were applied
 */
export function explainByErrata(
  raw: readonly DriftFinding[],
  corrected: readonly DriftFinding[],
  errata: readonly Erratum[],
): DriftFinding[] {
  const left = new Set(corrected.map(findingId));
  const gone = raw.filter((finding) => !left.has(findingId(finding))).map((finding) => {
    const explained = explanation(errata, finding);
    return explained === undefined ? finding : { ...finding, explained };
  });
  return [...corrected.map((finding) => explainIncomplete(finding, errata)), ...gone];
}

/** An erratum that calls a set incomplete explains what the header has and the set has not. */
function explainIncomplete(finding: DriftFinding, errata: readonly Erratum[]): DriftFinding {
  if (finding.rule !== "not-in-spec") return finding;
  const erratum = errata.find(({ spec, changes }) =>
    spec === finding.family &&
    changes.some((change) =>
      "at" in change && Object.hasOwn(change.becomes, "incomplete") && thing(change.at) === thing(finding.at)
    )
  );
  return erratum === undefined
    ? finding
    : { ...finding, explained: { by: "erratum", id: erratum.id, reason: erratum.reason } };
}

/** Errata that do not fit any more are findings themselves. */
export function staleErrata(
  stale: readonly StaleErratum[],
  comparison: Comparison,
  file: string,
): DriftFinding[] {
  return stale.map((one) => ({
    comparison,
    rule: "stale-erratum",
    family: one.erratum.spec,
    at: `errata/${one.erratum.id}`,
    severity: one.state === "fixed upstream" ? "warning" as const : "error" as const,
    message: formatStale(one),
    places: [{ file, line: 1 }],
  }));
}

/** One accepted finding. */
export interface Accepted {
  /** Its id. */
  id: string;
  /** Why it is accepted. */
  reason: string;
}

/** A baseline that cannot be read. */
export class BaselineError extends Error {
  /** Always `BaselineError`. */
  override readonly name = "BaselineError";
}

/** Reads a baseline: `{"accepted": [{"id": …, "reason": …}]}`. Throws {@linkcode BaselineError}. */
export function readBaseline(path: string, text: string): Accepted[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BaselineError(`${path} is no JSON: ${(error as Error).message}`);
  }
  const accepted = (value as { accepted?: unknown } | null)?.accepted;
  if (!Array.isArray(accepted)) throw new BaselineError(`${path} has no list "accepted"`);
  return accepted.map((entry: unknown, i) => {
    const { id, reason } = (entry ?? {}) as Record<string, unknown>;
    if (typeof id !== "string" || typeof reason !== "string" || reason === "") {
      throw new BaselineError(`${path}: accepted/${i} needs an id and a reason`);
    }
    return { id, reason };
  });
}

/** Whether an entry is about what a report has compared. */
function isAbout({ comparison, families }: DriftReport, { id }: Accepted): boolean {
  const [of, , family = ""] = id.split(":");
  return of === comparison && (family === "" || families.includes(family));
}

/**
 * A baseline that accepts what no erratum explains and is at least as bad as `severity`; all that, unless given.
 * Reasons stay, and so does what is about other things than the reports.
 */
export function writeBaseline(
  reports: readonly DriftReport[],
  before: readonly Accepted[],
  severity: Severity = "note",
): string {
  const reasons = new Map(before.map(({ id, reason }) => [id, reason]));
  const accepted = new Map<string, Accepted>();
  for (const entry of before) {
    if (!reports.some((report) => isAbout(report, entry))) accepted.set(entry.id, entry);
  }
  for (const finding of reports.flatMap(({ findings }) => findings)) {
    const id = findingId(finding);
    if (counts(finding, severity)) accepted.set(id, { id, reason: reasons.get(id) ?? finding.message });
  }
  const sorted = [...accepted.values()].sort((a, b) => a.id < b.id ? -1 : 1);
  return `${JSON.stringify({ accepted: sorted }, null, 2)}\n`;
}

/**
 * Marks accepted findings; entries that accept nothing are findings, unless their family was not compared.
 *
 * @param text of the baseline, for the lines of its entries
 */
export function applyBaseline(
  report: DriftReport,
  accepted: readonly Accepted[],
  path: string,
  text: string,
): DriftFinding[] {
  const { findings, comparison } = report;
  const byId = new Map(accepted.map((entry) => [entry.id, entry]));
  // What is there under another rule is not gone: an older kernel lacks what a newer one refuses.
  const place = (id: string) => id.split(":").toSpliced(1, 1).join(":");
  const used = new Set(findings.map((finding) => place(findingId(finding))));
  const marked = findings.map((finding): DriftFinding => {
    const id = findingId(finding);
    const entry = byId.get(id);
    if (entry === undefined) return finding;
    if (finding.explained !== undefined) return finding;
    return { ...finding, explained: { by: "baseline", id, reason: entry.reason } };
  });
  const stale = accepted.filter((entry) => isAbout(report, entry) && !used.has(place(entry.id)));
  const lines = text.split("\n");
  const lineOf = (id: string) =>
    Math.max(0, lines.findIndex((line) => line.includes(JSON.stringify(id)))) + 1;
  return [
    ...marked,
    ...stale.map(({ id }): DriftFinding => ({
      comparison,
      rule: "stale-baseline",
      family: id.split(":")[2] ?? "",
      at: id,
      // Kernels are built with this and without that.
      severity: comparison === "kernel" ? "note" : "warning",
      message: `the baseline accepts ${id}, which is not found ${
        comparison === "kernel" ? "in this kernel" : "any more"
      }`,
      places: [{ file: path, line: lineOf(id) }],
    })),
  ];
}
