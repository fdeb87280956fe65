/** `tynl drift headers`: specs against the kernel's C headers. @module */
import { compareHeaders } from "../../generator/drift/compare_headers.ts";
import { explainByErrata } from "../../generator/drift/explain.ts";
import type { DriftFinding, DriftReport } from "../../generator/drift/finding.ts";
import { type HeaderFacts, headerNames } from "../../generator/drift/header_facts.ts";
import { readHeaderFacts } from "../../generator/drift/stored.ts";
import { UsageError } from "../failure.ts";
import { lazily } from "../lazy.ts";
import type { Background } from "./background.ts";
import { isFolder, storedText, writeText } from "./files.ts";
import type { DriftOptions, Request } from "./options.ts";
import type { OurSpecs } from "./ours.ts";

/** Compares specs with headers; with a thread, that reads them. */
export async function driftHeaders(
  ours: OurSpecs,
  { source }: Request,
  { save, cc }: DriftOptions,
  thread?: Background,
): Promise<DriftReport> {
  if (source === undefined) {
    throw new UsageError("headers needs an INCLUDE folder, or a file of facts that --save wrote");
  }
  const folder = isFolder(source);
  if (cc !== undefined && !folder) {
    throw new UsageError(`--cc needs an INCLUDE folder, and ${source} is none`);
  }
  const facts = folder ? await collect(ours, source, thread) : readHeaderFacts(source, storedText(source));
  if (save !== undefined) writeText(save, storedFacts(facts));
  const all = ours.sound;
  const result = compareHeaders(all, facts);
  const findings: DriftFinding[] = [
    ...ours.tree.findings,
    ...explainByErrata(
      compareHeaders(ours.faulty, facts, all).findings,
      result.findings,
      ours.applied,
    ),
    ...ours.stale("headers"),
  ];
  const remarks = facts.problems.map((problem) => `not understood: ${problem}`);
  if (cc !== undefined) {
    const { crossCheck } = await import("./cc.ts");
    const checked = await crossCheck(cc, source, facts);
    remarks.push(...checked.remarks);
    findings.push(...checked.findings);
  }
  return {
    comparison: "headers",
    families: ours.names,
    subject: `${ours.tree.folder} against ${facts.origin}`,
    counts: { families: all.length, headers: facts.headers.length, ...result.counts },
    findings,
    remarks,
  };
}

/** The facts of a folder: from the second thread where there is one. */
async function collect(
  ours: OurSpecs,
  include: string,
  thread: Background | undefined,
): Promise<HeaderFacts> {
  // Both, since an erratum may bring names.
  const names = headerNames([...ours.sound, ...ours.faulty].map(({ family }) => family));
  if (thread !== undefined) return await thread.headers({ names, include });
  const { collectFolder } = await lazily<typeof import("./header_folder.ts")>("./drift/header_folder.ts");
  return collectFolder({ names, include });
}

/** Facts as JSON, an enum or struct to a line. */
function storedFacts({ enums, defines, structs, ...rest }: HeaderFacts): string {
  const lines = (entries: string[]) => entries.map((entry) => `\n  ${entry}`).join(",");
  const object = (map: object) =>
    lines(Object.entries(map).map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`));
  const head = Object.entries(rest).map(([key, value]) =>
    ` ${JSON.stringify(key)}: ${JSON.stringify(value)},\n`
  );
  return `{\n${head.join("")} "enums": [${
    lines(enums.map((one) => JSON.stringify(one)))
  }\n ],\n "defines": {${object(defines)}\n },\n "structs": {${object(structs)}\n }\n}\n`;
}
