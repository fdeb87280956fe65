/**
 * The specs against the kernel that runs here, as `tynl drift kernel` holds them: also in a virtual machine with a kernel
 * that has nearly all families. Next to this file's folder it needs `specs/`.
 */
import assert from "node:assert/strict";
import { driftKernel } from "../../cli/drift/kernel.ts";
import { OurSpecs } from "../../cli/drift/ours.ts";
import { applyBaseline, readBaseline } from "../../generator/drift/explain.ts";
import type { DriftReport } from "../../generator/drift/finding.ts";
import { formatReports } from "../../generator/drift/report.ts";
import { noNetlink } from "../cli/memory_io.ts";

const specs = new URL("../../specs", import.meta.url).pathname;

let report: Promise<DriftReport> | undefined;

async function compared(): Promise<DriftReport> {
  const path = `${specs}/drift-baseline.json`;
  const text = Deno.readTextFileSync(path);
  const options = { families: [], release: undefined, cc: undefined, save: Deno.env.get("TYNL_DRIFT_SAVE") };
  const found = await driftKernel(new OurSpecs(specs, [], true), { comparison: "kernel" }, options);
  return { ...found, findings: applyBaseline(found, readBaseline(path, text), path, text) };
}

function live(name: string, fn: (report: DriftReport) => void): void {
  Deno.test({
    name: noNetlink ? `live: ${name} (ignored: no Linux)` : `live: ${name}`,
    ignore: noNetlink,
    fn: async () => fn(await (report ??= compared())),
  });
}

live("the running kernel contradicts no spec but where the baseline says why", (report) => {
  const findings = report.findings.filter(({ severity, explained }) =>
    severity === "error" && explained === undefined
  );
  assert.deepEqual(findings, [], formatReports([{ ...report, findings }], "text", true));
});

live("every generic family that the kernel and the specs have is compared, with its policies", (report) => {
  const { families, remarks, counts } = report;
  for (const name of families) assert.ok(remarks.some((remark) => remark.includes(name)), name);
  assert.ok(families.includes("nlctrl"));
  assert.ok(counts["operations"]! >= 2 && counts["attributes"]! > 0);
});

live("masks of policies are told, which the spec of nlctrl hid", ({ remarks, families, counts }) => {
  // Only netdev and ethtool have masks on every kernel.
  if (!families.includes("ethtool")) return;
  assert.ok(remarks.some((remark) => /^masks in the policies of ethtool: header\.flags 0x3/.test(remark)));
  assert.ok(counts["masks"]! > 20);
});
