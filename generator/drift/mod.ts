/**
 * Netlink specs against other specs, generated code, C headers and kernels.
 *
 * @example What a newer spec breaks
 * ```ts
 * import { readSpec } from "../mod.ts";
 * import { compareSpecs, findingId } from "./mod.ts";
 *
 * const text = Deno.readTextFileSync("specs/netdev.yaml");
 * const read = (text: string) => readSpec("specs/netdev.yaml", new TextEncoder().encode(text)).file!;
 * const narrower = text.replace("min: 1", "min: 2");
 * for (const finding of compareSpecs(read(text), read(narrower))) {
 *   console.log(findingId(finding), finding.message, finding.impact);
 * }
 * ```
 *
 * @module
 */
export {
  compareGenerated,
  type ExpectedFile,
  placeInSpec,
  strayFile,
  type UnplacedFinding,
} from "./compare_generated.ts";
export { compareHeaders, type HeaderComparison } from "./compare_headers.ts";
export { compareKernel, type KernelComparison } from "./compare_kernel.ts";
export { compareSpecs, compareTrees } from "./compare_specs.ts";
export {
  type Accepted,
  applyBaseline,
  BaselineError,
  explainByErrata,
  readBaseline,
  staleErrata,
  writeBaseline,
} from "./explain.ts";
export * from "./finding.ts";
export * from "./header_facts.ts";
export * from "./kernel_facts.ts";
export { type LenientSpec, readLenient } from "./lenient.ts";
export { formatReports, FORMATS, type ReportFormat, summary } from "./report.ts";
export { RULES } from "./rules.ts";
export { readHeaderFacts, readKernelFacts, StoredFactsError } from "./stored.ts";
