/** `tynl drift generated`: specs against the code that was generated from them. @module */
import { compareGenerated, type ExpectedFile, strayFile } from "../../generator/drift/compare_generated.ts";
import type { DriftReport } from "../../generator/drift/finding.ts";
import { generateFamily, generateIndex } from "../../generator/generate.ts";
import { UsageError } from "../failure.ts";
import { isFolder, list, readText } from "./files.ts";
import type { DriftOptions } from "./options.ts";
import { correct, errataOf, readTree } from "./specs.ts";

/** Compares specs with generated code. */
export function driftGenerated({ specs, source, families, errata, generated }: DriftOptions): DriftReport {
  if (source !== undefined) throw new UsageError(`unexpected "${source}": say it with --generated`);
  if (!isFolder(generated)) throw new UsageError(`there is no folder ${generated}`);
  const tree = readTree(specs, families);
  const corrected = errata
    ? correct(tree.files, errataOf(specs), "generated")
    : { files: tree.files, stale: [] };
  const expected: ExpectedFile[] = corrected.files.flatMap((spec) =>
    // Banners name the spec by its folder's last name alone.
    generateFamily({ ...spec, path: `${folderName(specs)}/${spec.file}.yaml` }).map((file) => ({
      ...file,
      spec,
    }))
  );
  if (families.length === 0) expected.push(...generateIndex(corrected.files));
  const findings = compareGenerated(expected, (path) => readText(`${generated}/${path}`));
  for (const path of stray(generated, expected, families.length === 0)) findings.push(strayFile(path));
  return {
    comparison: "generated",
    subject: `${tree.folder} against ${generated}`,
    counts: { families: corrected.files.length, files: expected.length },
    findings: [
      ...tree.findings,
      ...findings.map((finding) => ({
        ...finding,
        places: finding.places.map((place) =>
          place.file.startsWith(tree.folder) ? place : { ...place, file: `${generated}/${place.file}` }
        ),
      })),
      ...corrected.stale,
    ],
    remarks: [],
  };
}

function folderName(folder: string): string {
  const last = folder.split("/").findLast((part) => part !== "" && part !== ".") ?? "specs";
  return last === ".." ? "specs" : last;
}

/** Files and folders that look generated and are not. */
function stray(folder: string, expected: readonly ExpectedFile[], whole: boolean): string[] {
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
