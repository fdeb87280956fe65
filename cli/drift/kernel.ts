/** `tynl drift kernel`: specs against a kernel, the running one or one that was asked before. @module */
import { ourAdditions, withoutAdditions } from "../../generator/drift/additions.ts";
import { compareKernel } from "../../generator/drift/compare_kernel.ts";
import { explainByErrata } from "../../generator/drift/explain.ts";
import type { DriftReport } from "../../generator/drift/finding.ts";
import type { KernelFacts } from "../../generator/drift/kernel_facts.ts";
import { readKernelFacts } from "../../generator/drift/stored.ts";
import { UsageError } from "../failure.ts";
import { storedText, writeText } from "./files.ts";
import type { DriftOptions, Request } from "./options.ts";
import type { OurSpecs } from "./ours.ts";

/** Compares specs with a kernel. */
export async function driftKernel(
  ours: OurSpecs,
  { source }: Request,
  options: DriftOptions,
): Promise<DriftReport> {
  const release = options.release ?? ours.origin.kernel;
  if (release === undefined) {
    throw new UsageError(
      `which kernel the specs belong to is not in ${ours.given}/upstream.json: say it with --release`,
    );
  }
  const facts = source === undefined
    ? await askRunning(new Set(ours.names), options)
    : readKernelFacts(source, storedText(source));
  if (options.save !== undefined) writeText(options.save, `${JSON.stringify(facts, null, 1)}\n`);
  const result = compareKernel(ours.sound, facts, release);
  let findings = explainByErrata(
    compareKernel(ours.faulty, facts, release).findings,
    result.findings,
    ours.applied,
  );
  for (const base of ours.upstream) {
    const own = ours.sound.find(({ family }) => family.name === base.spec.name);
    if (own !== undefined) {
      findings = withoutAdditions(findings, base.spec.name, ourAdditions(base, own.file));
    }
  }
  return {
    comparison: "kernel",
    families: result.families,
    subject: `${ours.tree.folder} against Linux ${facts.release}`,
    counts: { ...result.counts },
    findings: [
      ...ours.tree.findings,
      ...findings,
      ...ours.stale("kernel"),
    ],
    remarks: result.remarks,
  };
}

async function askRunning(wanted: ReadonlySet<string>, { transport }: DriftOptions): Promise<KernelFacts> {
  // The client is loaded only where a kernel is asked.
  const { askKernel, kernelRelease } = await import("../../generator/drift/live.ts");
  try {
    return await askKernel(kernelRelease(), wanted, transport);
  } catch (error) {
    throw new UsageError(`the kernel cannot be asked: ${(error as Error).message}`);
  }
}
