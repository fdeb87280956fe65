/** `tynl drift kernel`: specs against a kernel, the running one or one that was asked before. @module */
import { compareKernel } from "../../generator/drift/compare_kernel.ts";
import { explainByErrata } from "../../generator/drift/explain.ts";
import type { DriftReport } from "../../generator/drift/finding.ts";
import type { KernelFacts } from "../../generator/drift/kernel_facts.ts";
import { UsageError } from "../failure.ts";
import { readFacts, readText, writeText } from "./files.ts";
import type { DriftOptions } from "./options.ts";
import { correct, errataOf, originOf, readTree, resolveAll } from "./specs.ts";

/** Compares specs with a kernel. */
export async function driftKernel(options: DriftOptions): Promise<DriftReport> {
  const { specs, source, families, errata, save, from } = options;
  if (source !== undefined) throw new UsageError(`unexpected "${source}": the running kernel is asked`);
  const tree = readTree(specs, families);
  const release = options.release ?? originOf(specs).kernel;
  if (release === undefined) {
    throw new UsageError(
      `which kernel the specs belong to is not in ${specs}/upstream.json: say it with --release`,
    );
  }
  const raw = resolveAll(tree.files);
  const facts = from === undefined
    ? await askRunning(new Set(raw.map(({ family }) => family.name)), options)
    : readFacts<KernelFacts>(from, ["release", "families", "raw"]);
  if (save !== undefined) writeText(save, `${JSON.stringify(facts, null, 1)}\n`);
  const corrected = errata ? correct(tree.files, errataOf(specs), "kernel") : undefined;
  const result = compareKernel(corrected === undefined ? raw : resolveAll(corrected.files), facts, release);
  const findings = corrected === undefined ? result.findings : [
    ...explainByErrata(compareKernel(raw, facts, release).findings, result.findings, corrected.applied),
    ...corrected.stale,
  ];
  return {
    comparison: "kernel",
    subject: `${tree.folder} against Linux ${facts.release}`,
    counts: { ...result.counts },
    findings: [...tree.findings, ...findings],
    remarks: result.remarks,
  };
}

async function askRunning(wanted: ReadonlySet<string>, { transport }: DriftOptions): Promise<KernelFacts> {
  const release = readText("/proc/sys/kernel/osrelease")?.trim();
  if (release === undefined) throw new UsageError("there is no Linux kernel running here");
  // The client is loaded only where a kernel is asked.
  const { askKernel } = await import("../../generator/drift/live.ts");
  try {
    return await askKernel(release, wanted, transport);
  } catch (error) {
    throw new UsageError(`the kernel cannot be asked: ${(error as Error).message}`);
  }
}
