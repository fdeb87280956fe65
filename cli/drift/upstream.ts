/** `tynl drift upstream`: two trees of specs. @module */
import { aheadOf, ourAdditions } from "../../generator/drift/additions.ts";
import { compareTrees } from "../../generator/drift/compare_specs.ts";
import type { DriftFinding, DriftReport } from "../../generator/drift/finding.ts";
import { UsageError } from "../failure.ts";
import type { DriftOptions, Request } from "./options.ts";
import type { OurSpecs } from "./ours.ts";
import { readTree } from "./specs.ts";

/** Compares our specs with those of SOURCE. */
export function driftUpstream(ours: OurSpecs, { source }: Request, { families }: DriftOptions): DriftReport {
  if (source === undefined) {
    throw new UsageError("upstream needs a SOURCE: a kernel tree or a folder of specs");
  }
  const before = ours.tree.files;
  // File names have changed between kernels, names of families have not.
  const theirs = readTree(source);
  const wanted = new Set(ours.names);
  const ofInterest = (name: string) => families.length === 0 || wanted.has(name);
  const after = theirs.files.filter(({ spec }) => ofInterest(spec.name));
  const inSource = new Set(after.map(({ spec }) => spec.name));
  // What is ours on purpose is compared as upstream has it, and told apart.
  const { upstream } = ours;
  // A family that neither the record of our kernel nor SOURCE has is written by us, and nothing to compare.
  const { specs: recorded } = ours.origin;
  const ownFamilies = before.filter(({ file, spec }) =>
    recorded !== undefined && !recorded.has(file) && !inSource.has(spec.name)
  );
  const basis = before.filter((file) => !ownFamilies.includes(file)).map((file) =>
    upstream.find(({ spec }) => spec.name === file.spec.name) ?? file
  );
  const findings: DriftFinding[] = [
    ...ours.tree.findings,
    ...theirs.findings.filter(({ family }) => ofInterest(family)),
    ...compareTrees(basis, after),
  ];
  const remarks: string[] = [];
  if (ownFamilies.length > 0) {
    const names = ownFamilies.map(({ spec }) => spec.name).join(", ");
    remarks.push(`families that no kernel describes, written by us: ${names}`);
  }
  for (const file of before) {
    const base = upstream.find(({ spec }) => spec.name === file.spec.name);
    const their = after.find(({ spec }) => spec.name === file.spec.name);
    if (base === undefined || their === undefined) continue;
    const additions = ourAdditions(base, file);
    const { has, lacks } = aheadOf(file, additions, their);
    findings.push(...lacks);
    remarks.push(
      `${file.spec.name}: of the ${additions.length} parts that our spec adds, upstream has ${has.length}${
        has.length === 0 ? "" : `: ${has.join(", ")}`
      }`,
    );
  }
  findings.push(...ours.staleFor(after, "upstream"));
  return {
    comparison: "upstream",
    families: [...new Set([...ours.names, ...inSource])],
    subject: `from ${ours.tree.folder} to ${theirs.folder}`,
    counts: { "families before": before.length, "families after": after.length },
    findings,
    remarks,
  };
}
