/** `tynl drift headers`: specs against the kernel's C headers. @module */
import { compareHeaders } from "../../generator/drift/compare_headers.ts";
import { explainByErrata } from "../../generator/drift/explain.ts";
import type { DriftReport } from "../../generator/drift/finding.ts";
import {
  collectHeaderFacts,
  type HeaderFacts,
  type IncludeFolder,
} from "../../generator/drift/header_facts.ts";
import { UsageError } from "../failure.ts";
import { isFolder, list, readFacts, readText, writeText } from "./files.ts";
import type { DriftOptions } from "./options.ts";
import { correct, errataOf, readTree, resolveAll } from "./specs.ts";

/** Compares specs with headers. */
export async function driftHeaders(options: DriftOptions): Promise<DriftReport> {
  const { specs, source, families, errata, save, from, cc } = options;
  if ((source === undefined) === (from === undefined)) {
    throw new UsageError("which INCLUDE folder? Or, with --from, which facts of one?");
  }
  const tree = readTree(specs, families);
  const raw = resolveAll(tree.files);
  const corrected = errata ? correct(tree.files, errataOf(specs), "headers") : undefined;
  const sound = corrected === undefined ? raw : resolveAll(corrected.files);
  // Both, since an erratum may bring names.
  const all = [...raw, ...sound].map(({ family }) => family);
  const facts = source === undefined
    ? readFacts<HeaderFacts>(from!, ["origin", "headers", "enums", "defines", "structs"])
    : collectHeaderFacts(all, includeFolder(source), source);
  if (source !== undefined && facts.enums.length === 0) {
    throw new UsageError(`no header below ${source} has a name that a spec has`);
  }
  if (save !== undefined) writeText(save, storedFacts(facts));
  const result = compareHeaders(sound, facts);
  const findings = corrected === undefined ? result.findings : [
    ...explainByErrata(compareHeaders(raw, facts).findings, result.findings, corrected.applied),
    ...corrected.stale,
  ];
  const remarks = facts.problems.map((problem) => `not understood: ${problem}`);
  if (cc !== undefined && source !== undefined) {
    const { crossCheck } = await import("./cc.ts");
    remarks.push(...await crossCheck(cc, source, facts));
  }
  return {
    comparison: "headers",
    subject: `${tree.folder} against ${facts.origin}`,
    counts: { families: sound.length, headers: facts.headers.length, ...result.counts },
    findings: [...tree.findings, ...findings],
    remarks,
  };
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
