/** Folders of specs, as comparisons read them. @module */
import { gunzipSync } from "node:zlib";
import { readLenient } from "../../generator/drift/lenient.ts";
import { staleErrata } from "../../generator/drift/explain.ts";
import type { Comparison, DriftFinding } from "../../generator/drift/finding.ts";
import { type Family, resolveFamily } from "../../generator/model/mod.ts";
import { formatDiagnostic } from "../../generator/spec/diagnostics.ts";
import { applyErrataToFile, type Erratum, type StaleErratum } from "../../generator/spec/errata.ts";
import { readErrata } from "../../generator/spec/errata_file.ts";
import { MAX_BYTES } from "../../generator/spec/source.ts";
import type { SpecFile } from "../../generator/spec/types.ts";
import { UsageError } from "../failure.ts";
import { isFolder, list, readBytes, readText } from "./files.ts";

/** Specs with what is to be said about them. */
export interface SpecTree {
  /** The folder. */
  folder: string;
  /** The specs as their files have them. */
  files: SpecFile[];
  /** What was left out of specs that our check refuses. */
  findings: DriftFinding[];
}

/** The specs of a folder; those of a kernel tree stand further inside. Throws {@linkcode UsageError}. */
export function readTree(source: string, families: readonly string[] = []): SpecTree {
  const inTree = `${source}/Documentation/netlink/specs`;
  const folder = isFolder(inTree) ? inTree : source;
  const tree: SpecTree = { folder, files: [], findings: [] };
  const names = list(folder).map(({ name }) => name)
    .filter((name) => /\.yaml(\.gz)?$/.test(name) && name !== "errata.yaml");
  const plain = (name: string) => name.replace(/\.yaml(\.gz)?$/, "");
  const missing = families.filter((family) => !names.some((name) => plain(name) === family));
  if (missing.length > 0) throw new UsageError(`there is no spec ${missing.join(", ")} in ${folder}`);
  for (const name of names) {
    if (families.length > 0 && !families.includes(plain(name))) continue;
    const path = `${folder}/${name}`;
    const { file, diagnostics, findings } = readLenient(path.replace(/\.gz$/, ""), specBytes(path));
    if (file === undefined) {
      throw new UsageError(`cannot compare: ${diagnostics.slice(0, 3).map(formatDiagnostic).join("; ")}`);
    }
    tree.files.push(file);
    tree.findings.push(...findings);
  }
  if (tree.files.length === 0) throw new UsageError(`there is no .yaml file in ${folder}`);
  return tree;
}

function specBytes(path: string): Uint8Array {
  const bytes = readBytes(path)!;
  if (!path.endsWith(".gz")) return bytes;
  try {
    // One byte more than a spec may have is enough to refuse it.
    return gunzipSync(bytes, { maxOutputLength: MAX_BYTES + 1 });
  } catch {
    throw new UsageError(`${path} is not the gzip form of a spec`);
  }
}

/** The errata of a folder; none if it has no such file. */
export function errataOf(folder: string): { path: string; errata: Erratum[] } {
  const path = `${folder}/errata.yaml`;
  const bytes = readBytes(path);
  if (bytes === undefined) return { path, errata: [] };
  const { errata, diagnostics } = readErrata(path, bytes);
  if (errata === undefined) {
    throw new UsageError(`cannot compare: ${diagnostics.map(formatDiagnostic).join("; ")}`);
  }
  return { path, errata };
}

/** Specs with errata applied, and which were. */
export interface CorrectedTree {
  /** The corrected specs. */
  files: SpecFile[];
  /** The errata that were applied. */
  applied: Erratum[];
  /** Stale errata as findings. */
  stale: DriftFinding[];
}

/** Applies errata to specs. */
export function correct(
  files: readonly SpecFile[],
  { path, errata }: { path: string; errata: readonly Erratum[] },
  comparison: Comparison,
): CorrectedTree {
  const tree: CorrectedTree = { files: [], applied: [], stale: [] };
  const stale: StaleErratum[] = [];
  for (const file of files) {
    const result = applyErrataToFile(file, errata);
    if (result.file === undefined) {
      throw new UsageError(`cannot compare: ${result.diagnostics.map(formatDiagnostic).join("; ")}`);
    }
    tree.files.push(result.file);
    tree.applied.push(...result.applied);
    stale.push(...result.stale);
  }
  tree.stale = staleErrata(stale, comparison, path);
  return tree;
}

/** Specs with their families. */
export function resolveAll(files: readonly SpecFile[]): { file: SpecFile; family: Family }[] {
  return files.map((file) => ({ file, family: resolveFamily(file) }));
}

/** What upstream.json beside specs says: the kernel that they belong to, and which of them it has. */
export interface TreeOrigin {
  /** Version of the kernel. */
  kernel?: string;
  /** Names of its spec files, without `.yaml`. */
  specs?: ReadonlySet<string>;
}

/** Reads upstream.json; nothing is known where it is missing or holds something else. */
export function originOf(folder: string): TreeOrigin {
  const text = readText(`${folder}/upstream.json`);
  if (text === undefined) return {};
  try {
    const { kernel, specs } = JSON.parse(text) as { kernel?: unknown; specs?: unknown };
    return {
      ...(typeof kernel === "string" ? { kernel } : {}),
      ...(typeof specs === "object" && specs !== null
        ? { specs: new Set(Object.keys(specs).map((name) => name.replace(/\.yaml$/, ""))) }
        : {}),
    };
  } catch {
    return {};
  }
}
