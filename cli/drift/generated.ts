/** `tynl drift generated`: specs against the code that was generated from them. @module */
import { compareGenerated, type ExpectedFile, strayFile } from "../../generator/drift/compare_generated.ts";
import type { DriftFinding, DriftReport } from "../../generator/drift/finding.ts";
import { generateFamily, generateIndex } from "../../generator/generate.ts";
import { UsageError } from "../failure.ts";
import { isFolder, list, readText } from "./files.ts";
import type { DriftOptions, Request } from "./options.ts";
import type { OurSpecs } from "./ours.ts";

/** Compares specs with generated code. */
export function driftGenerated(
  ours: OurSpecs,
  { source: generated = "generated" }: Request,
  { families }: DriftOptions,
): DriftReport {
  if (!isFolder(generated)) throw new UsageError(`there is no folder ${generated}`);
  const files = ours.sound.map(({ file }) => file);
  const expected: ExpectedFile[] = files.flatMap((spec) =>
    // Banners name the spec by its folder's last name alone.
    generateFamily({ ...spec, path: `${folderName(ours.given)}/${spec.file}.yaml` }).map((file) => ({
      ...file,
      spec,
    }))
  );
  if (families.length === 0) expected.push(...generateIndex(files));
  const findings = [
    ...compareGenerated(expected, (path) => readText(`${generated}/${path}`)),
    ...strayPaths(generated, expected, families.length === 0).map(strayFile),
  ];
  return {
    comparison: "generated",
    families: ours.names,
    subject: `${ours.tree.folder} against ${generated}`,
    counts: { families: files.length, files: expected.length },
    findings: [
      ...ours.tree.findings,
      ...findings.map((finding) => below(generated, finding)),
      ...ours.stale("generated"),
    ],
    remarks: [],
  };
}

/** The finding with the whole path of the generated file, its last place. */
function below(folder: string, finding: DriftFinding): DriftFinding {
  const place = finding.places.at(-1)!;
  return { ...finding, places: finding.places.with(-1, { ...place, file: `${folder}/${place.file}` }) };
}

function folderName(folder: string): string {
  const last = folder.split("/").findLast((part) => part !== "" && part !== ".") ?? "specs";
  return last === ".." ? "specs" : last;
}

/** Files and folders that look generated and are not. */
function strayPaths(folder: string, expected: readonly ExpectedFile[], whole: boolean): string[] {
  const paths = new Set(expected.map(({ path }) => path));
  const folders = new Set(expected.flatMap(({ path }) => path.includes("/") ? [path.split("/")[0]!] : []));
  const inside = [...folders].filter((name) => isFolder(`${folder}/${name}`)).flatMap((name) =>
    list(`${folder}/${name}`).map((file) => `${name}/${file.name}`).filter((path) => !paths.has(path))
  );
  if (!whole) return inside;
  const others = list(folder).filter(({ name, isDirectory }) =>
    isDirectory && !folders.has(name) && readText(`${folder}/${name}/meta.ts`) !== undefined
  );
  return [...inside, ...others.map(({ name }) => name)];
}
