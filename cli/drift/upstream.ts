/** `tynl drift upstream`: two trees of specs. @module */
import { compareTrees } from "../../generator/drift/compare_specs.ts";
import type { DriftFinding, DriftReport } from "../../generator/drift/finding.ts";
import { aheadOf, ourAdditions } from "../../generator/drift/additions.ts";
import { UsageError } from "../failure.ts";
import { isFolder } from "./files.ts";
import type { DriftOptions } from "./options.ts";
import { correct, errataOf, originOf, readTree } from "./specs.ts";

/** Compares our specs with those of SOURCE. */
export function driftUpstream({ specs, source, families, errata }: DriftOptions): DriftReport {
  if (source === undefined) throw new UsageError("which SOURCE? A kernel tree or a folder of specs");
  const before = readTree(specs, families);
  // File names have changed between kernels, names of families have not.
  const all = readTree(source);
  const wanted = new Set(before.files.map(({ spec }) => spec.name));
  const after = families.length === 0 ? all.files : all.files.filter(({ spec }) => wanted.has(spec.name));
  // What is ours on purpose is compared as upstream has it, and told apart.
  const upstream = isFolder(`${specs}/upstream`) ? readTree(`${specs}/upstream`).files : [];
  // A family that neither the record of our kernel nor SOURCE has is written by us, and nothing to compare.
  const recorded = originOf(specs).specs;
  const ours = before.files.filter(({ file, spec }) =>
    recorded !== undefined && !recorded.has(file) && !after.some((other) => other.spec.name === spec.name)
  );
  const basis = before.files.filter((file) => !ours.includes(file)).map((file) =>
    upstream.find(({ spec }) => spec.name === file.spec.name) ?? file
  );
  const findings: DriftFinding[] = [
    ...before.findings,
    ...all.findings.filter(({ family }) => families.length === 0 || wanted.has(family)),
    ...compareTrees(basis, after),
  ];
  const remarks: string[] = [];
  if (ours.length > 0) {
    remarks.push(
      `families that no kernel describes, written by us: ${ours.map(({ spec }) => spec.name).join(", ")}`,
    );
  }
  for (const file of before.files) {
    const base = upstream.find(({ spec }) => spec.name === file.spec.name);
    const theirs = after.find(({ spec }) => spec.name === file.spec.name);
    if (base === undefined || theirs === undefined) continue;
    const additions = ourAdditions(base, file);
    const { has, lacks } = aheadOf(file, additions, theirs);
    findings.push(...lacks);
    remarks.push(
      `${file.spec.name}: of the ${additions.length} parts that our spec adds, upstream has ${has.length}${
        has.length === 0 ? "" : `: ${has.join(", ")}`
      }`,
    );
  }
  if (errata) findings.push(...correct(after, errataOf(specs), "upstream").stale);
  return {
    comparison: "upstream",
    subject: `from ${before.folder} to ${all.folder}`,
    counts: { "families before": before.files.length, "families after": after.length },
    findings,
    remarks,
  };
}
