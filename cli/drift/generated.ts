/** `tynl drift generated`: specs against the code that was generated from them. @module */
import { placeInSpec, type UnplacedFinding } from "../../generator/drift/compare_generated.ts";
import type { DriftReport } from "../../generator/drift/finding.ts";
import type { SpecFile } from "../../generator/spec/types.ts";
import { UsageError } from "../failure.ts";
import { lazily } from "../lazy.ts";
import type { Background } from "./background.ts";
import type { CodeFolder, CodeResult } from "./code.ts";
import { isFolder } from "./files.ts";
import type { DriftOptions, Request } from "./options.ts";
import type { OurSpecs } from "./ours.ts";
import { plainSpec } from "./plain_spec.ts";

async function compareHere(
  ours: OurSpecs,
  files: readonly SpecFile[],
  folder: CodeFolder,
): Promise<CodeResult> {
  const { CodeComparison } = await lazily<typeof import("./code.ts")>("./drift/code.ts");
  const comparison = new CodeComparison();
  for (const file of files) comparison.add(plainSpec(file, ours.given));
  return comparison.finish(folder);
}

/** Compares specs with generated code; with a thread, that has got the specs already. */
export async function driftGenerated(
  ours: OurSpecs,
  { source = "generated" }: Request,
  { families }: DriftOptions,
  thread?: Background,
): Promise<DriftReport> {
  if (!isFolder(source)) throw new UsageError(`there is no folder ${source}`);
  const files = ours.sound.map(({ file }) => file);
  const folder: CodeFolder = { folder: source, whole: families.length === 0 };
  const { findings, files: expected } = await (thread?.code(folder) ?? compareHere(ours, files, folder));
  return {
    comparison: "generated",
    families: ours.names,
    subject: `${ours.tree.folder} against ${source}`,
    counts: { families: files.length, files: expected },
    findings: [
      ...ours.tree.findings,
      ...findings.map((finding) => placeInSpec(below(source, finding), files)),
      ...ours.stale("generated"),
    ],
    remarks: [],
  };
}

function below(folder: string, finding: UnplacedFinding): UnplacedFinding {
  return {
    ...finding,
    places: finding.places.map((place) => ({ ...place, file: `${folder}/${place.file}` })),
  };
}
