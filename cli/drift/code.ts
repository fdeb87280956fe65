/** Generated code as the specs give it, against what is there. @module */
import {
  compareGenerated,
  strayFile,
  type UnplacedFinding,
} from "../../generator/drift/compare_generated.ts";
import { type GeneratedFile, generateFamily, generateIndex } from "../../generator/generate.ts";
import type { SpecFile } from "../../generator/spec/types.ts";
import { isFolder, list, readText } from "./files.ts";
import type { PlainSpec } from "./plain_spec.ts";

/** With what the code of all specs is compared. */
export interface CodeFolder {
  /** The folder. */
  folder: string;
  /** Whether the specs were all that there are. */
  whole: boolean;
}

/** What came of it. */
export interface CodeResult {
  /** The findings; paths begin in the folder. */
  findings: UnplacedFinding[];
  /** How many files there must be. */
  files: number;
}

/** The code that specs give, one after the other, and then the comparison. */
export class CodeComparison {
  readonly #specs: SpecFile[] = [];
  readonly #expected: (GeneratedFile & { family?: string })[] = [];

  /** Generates the code of a spec. */
  add(plain: PlainSpec): void {
    // Diagnostics alone need positions.
    const spec: SpecFile = { ...plain, position: () => ({ line: 1, column: 1 }) };
    this.#specs.push(spec);
    for (const file of generateFamily(spec)) this.#expected.push({ ...file, family: spec.spec.name });
  }

  /** Compares. Throws {@linkcode UsageError} for a folder that cannot be read. */
  finish({ folder, whole }: CodeFolder): CodeResult {
    const expected = whole ? [...this.#expected, ...generateIndex(this.#specs)] : this.#expected;
    const findings = [
      ...compareGenerated(expected, (path) => readText(`${folder}/${path}`)),
      ...strayPaths(folder, expected, whole).map(strayFile),
    ];
    return { findings, files: expected.length };
  }
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
