/** Generated code as the specs give it, against what is there. @module */
import {
  compareGenerated,
  strayFile,
  type UnplacedFinding,
} from "../../generator/drift/compare_generated.ts";
import { type GeneratedFile, generateFamily, generateIndex } from "../../generator/generate.ts";
import type { SpecFile } from "../../generator/spec/types.ts";
import { isFolder, list, readText } from "./files.ts";

/** What is compared: plain data, which another thread can take. */
export interface CodeInput {
  /** The specs, without the positions in their files. */
  specs: Omit<SpecFile, "position">[];
  /** Folder of the generated code. */
  folder: string;
  /** Whether these are all specs. */
  whole: boolean;
}

/** What came of it. */
export interface CodeResult {
  /** The findings; paths begin in the folder. */
  findings: UnplacedFinding[];
  /** How many files there must be. */
  files: number;
}

/** Compares generated code. Throws {@linkcode UsageError} for a folder that cannot be read. */
export function compareCode({ specs, folder, whole }: CodeInput): CodeResult {
  // Diagnostics alone need positions, and these specs have none.
  const files = specs.map((spec): SpecFile => ({ ...spec, position: () => ({ line: 1, column: 1 }) }));
  const expected: (GeneratedFile & { family?: string })[] = files.flatMap((file) =>
    generateFamily(file).map((generated) => ({ ...generated, family: file.spec.name }))
  );
  if (whole) expected.push(...generateIndex(files));
  const findings = [
    ...compareGenerated(expected, (path) => readText(`${folder}/${path}`)),
    ...strayPaths(folder, expected, whole).map(strayFile),
  ];
  return { findings, files: expected.length };
}

/** Files and folders that look generated and are not. */
function strayPaths(folder: string, expected: readonly GeneratedFile[], whole: boolean): string[] {
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
