/** Folders of specs, as comparisons read them. @module */
import { gunzipSync } from "node:zlib";
import { readLenient } from "../../generator/drift/lenient.ts";
import type { DriftFinding } from "../../generator/drift/finding.ts";
import { formatDiagnostic } from "../../generator/spec/diagnostics.ts";
import { MAX_BYTES } from "../../generator/spec/source.ts";
import type { SpecFile } from "../../generator/spec/types.ts";
import { UsageError } from "../failure.ts";
import { isFolder, list, readBytes } from "./files.ts";

/** Specs with what is to be said about them. */
export interface SpecTree {
  /** The folder. */
  folder: string;
  /** The specs as their files have them. */
  files: SpecFile[];
  /** What was left out of specs that our check refuses. */
  findings: DriftFinding[];
}

/**
 * The specs of a folder; those of a kernel tree stand further inside. Throws {@linkcode UsageError}.
 *
 * @param onFile is told of each spec as soon as it is read
 */
export function readTree(
  source: string,
  families: readonly string[] = [],
  onFile: (file: SpecFile) => void = () => {},
): SpecTree {
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
    onFile(file);
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
