/** What a run of the virtual machine says about its suite: which tests passed, and what else went wrong. */
import type { Boot } from "./machine.ts";
import type { Suite } from "./suite.ts";

/** One test of the report. */
export interface TestResult {
  /** Its name. */
  name: string;
  /** How it ended. */
  outcome: "passed" | "failed" | "ignored";
}

/** The verdict on a suite. */
export interface Verdict {
  /** Tests that passed. */
  passed: number;
  /** Tests that were ignored, and may be. */
  ignored: number;
  /** What failed: names of tests, and what is wrong with the run as a whole. */
  failures: string[];
}

/**
 * What a kernel prints that has found a defect in itself. Since 6.18 a warning names its place before the CPU:
 * `WARNING: net/core/dev.c:12 at dev_get+0x1/0x2, CPU#0: ip/99` (include/asm-generic/bug.h, kernel/panic.c).
 */
const SPLAT = new RegExp(
  [
    "-+\\[ cut here \\]-+",
    "WARNING: (CPU|[\\w./-]+:\\d+ at|suspicious|possible|inconsistent|bad unlock)",
    "\\bBUG: ",
    "\\bkernel BUG at ",
    "\\bOops\\b",
    "\\bKASAN: |\\bUBSAN: |\\bKCSAN: |\\bKFENCE: ",
    "\\brefcount_t: ",
    "general protection fault",
    "Kernel panic",
    "unregister_netdevice: waiting for",
  ].join("|"),
);

/** The line of a log with which the kernel began to complain of itself. */
export function findSplat(log: string): string | undefined {
  return log.split("\n").find((line) => SPLAT.test(line))?.trim();
}

/** The result that a line of TAP tells, if it tells one. Steps of a test are indented, and count with their test. */
export function parseResult(line: string): TestResult | undefined {
  const [, not, name = "", directive] = /^(not )?ok \d+ - (.*?)( # SKIP.*)?$/i.exec(line) ?? [];
  if (name === "") return undefined;
  return { name, outcome: not !== undefined ? "failed" : directive !== undefined ? "ignored" : "passed" };
}

/** Judges a run. `logs` are those of the kernel and the console. No result is a failure. */
export function judge(suite: Suite, boot: Boot, logs: readonly string[]): Verdict {
  const verdict = judgeRun(suite, boot, logs);
  const { fails } = suite;
  if (fails === undefined) return verdict;
  const strange = verdict.failures.filter((failure) => !fails.some((one) => one.test(failure)));
  const unseen = fails.filter((one) => !verdict.failures.some((failure) => one.test(failure)));
  const failures = [...strange, ...unseen.map((one) => `(${suite.name}) was to fail with ${one}`)];
  return { passed: failures.length === 0 ? 1 : 0, ignored: 0, failures };
}

function judgeRun(suite: Suite, boot: Boot, logs: readonly string[]): Verdict {
  const results = boot.report.map(parseResult).filter((result) => result !== undefined);
  const named = (outcome: string) => results.filter((one) => one.outcome === outcome).map(({ name }) => name);
  const failures = named("failed");
  const broken = (text: string) => failures.push(`(${suite.name}) ${text}`);

  const ignored = named("ignored");
  const allowed = ignored.filter((name) => suite.mayIgnore?.test(name));
  for (const name of ignored) if (!allowed.includes(name)) failures.push(`${name}: ignored, and must not be`);

  const planned = boot.report.map((line) => Number(/^1\.\.(\d+)$/.exec(line)?.[1] ?? 0));
  const plan = planned.reduce((sum, count) => sum + count, 0);
  if (boot.timedOut) broken(`did not end within ${suite.limit} s`);
  else if (boot.ready === undefined) broken("the machine did not start");
  else if (boot.exit === undefined) broken("the machine ended without a result");
  else if (boot.exit !== 0 && named("failed").length === 0) broken(`ended with exit status ${boot.exit}`);
  if (results.length === 0) broken("told no result");
  else if (plan !== results.length) broken(`${results.length} results of ${plan} planned tests`);

  for (const splat of new Set(logs.map(findSplat))) if (splat !== undefined) broken(`kernel: ${splat}`);
  return { passed: named("passed").length, ignored: allowed.length, failures };
}
