/** `tynl drift headers`: specs against the kernel's C headers. @module */
import { compareHeaders } from "../../generator/drift/compare_headers.ts";
import { explainByErrata } from "../../generator/drift/explain.ts";
import type { DriftFinding, DriftReport } from "../../generator/drift/finding.ts";
import {
  collectHeaderFacts,
  type HeaderFacts,
  type IncludeFolder,
} from "../../generator/drift/header_facts.ts";
import { readHeaderFacts } from "../../generator/drift/stored.ts";
import { UsageError } from "../failure.ts";
import { isFolder, list, readText, storedText, writeText } from "./files.ts";
import type { DriftOptions, Request } from "./options.ts";
import type { OurSpecs } from "./ours.ts";

/** Compares specs with headers. */
export async function driftHeaders(
  ours: OurSpecs,
  { source }: Request,
  { save, cc }: DriftOptions,
): Promise<DriftReport> {
  if (source === undefined) {
    throw new UsageError("headers needs an INCLUDE folder, or a file of facts that --save wrote");
  }
  const folder = isFolder(source);
  if (cc !== undefined && !folder) {
    throw new UsageError(`--cc needs an INCLUDE folder, and ${source} is none`);
  }
  const facts = folder ? collect(ours, source) : readHeaderFacts(source, storedText(source));
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

function collect(ours: OurSpecs, source: string): HeaderFacts {
  // Both, since an erratum may bring names.
  const families = [...ours.sound, ...ours.faulty].map(({ family }) => family);
  const facts = collectHeaderFacts(families, includeFolder(source), source);
  if (facts.enums.length === 0) {
    throw new UsageError(`no header below ${source} has a name that a spec has`);
  }
  return facts;
}

/** Headers of the interfaces that specs describe; those of one architecture or of sound and so on are not read. */
function includeFolder(source: string): IncludeFolder {
  // A kernel tree has them further inside.
  const folder = isFolder(`${source}/include/uapi/linux`) ? `${source}/include/uapi` : source;
  const names: string[] = [];
  const walk = (path: string) => {
    for (const { name, isDirectory } of list(`${folder}/${path}`)) {
      if (isDirectory) walk(`${path}/${name}`);
      else if (name.endsWith(".h")) names.push(`${path}/${name}`);
    }
  };
  if (!isFolder(`${folder}/linux`)) {
    throw new UsageError(`${folder} has no folder linux: it is no include folder`);
  }
  for (const part of ["linux", "drm"]) if (isFolder(`${folder}/${part}`)) walk(part);
  return { names, text: (name) => readText(`${folder}/${name}`) };
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
