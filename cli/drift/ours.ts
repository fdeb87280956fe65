/** Our specs, read, corrected and resolved once for all comparisons of a run. @module */
import { staleErrata } from "../../generator/drift/explain.ts";
import type { Comparison, DriftFinding } from "../../generator/drift/finding.ts";
import { familyOf } from "../../generator/drift/families.ts";
import type { Family } from "../../generator/model/mod.ts";
import { formatDiagnostic } from "../../generator/spec/diagnostics.ts";
import { applyErrataToFile, type Erratum, type StaleErratum } from "../../generator/spec/errata.ts";
import { readErrata } from "../../generator/spec/errata_file.ts";
import type { SpecFile } from "../../generator/spec/types.ts";
import { UsageError } from "../failure.ts";
import { isFolder, readBytes, readText } from "./files.ts";
import { readTree, type SpecTree } from "./specs.ts";

/** A spec with its family. */
export interface Resolved {
  /** The spec. */
  file: SpecFile;
  /** The family. */
  family: Family;
}

/** What upstream.json beside specs says: the kernel that they belong to, and which of them it has. */
interface Origin {
  kernel?: string;
  specs?: ReadonlySet<string>;
}

/** Specs after errata. */
interface Corrected {
  files: SpecFile[];
  applied: Erratum[];
  stale: StaleErratum[];
}

/** Specs of a folder. Whatever cannot be read throws {@linkcode UsageError}. */
export class OurSpecs {
  /** The folder, as it was given. */
  readonly given: string;
  /** Whether errata are applied. */
  readonly errata: boolean;
  /** The specs as their files have them. */
  readonly tree: SpecTree;
  /** What upstream.json beside them says; nothing where it is missing or holds something else. */
  readonly origin: Origin;
  #upstream: SpecFile[] | undefined;
  readonly #errata: { path: string; errata: Erratum[] };
  readonly #corrected: Corrected = { files: [], applied: [], stale: [] };

  /**
   * Reads the specs of a folder: all of them, or those whose names are given.
   *
   * @param onFile is told of each spec as soon as it is read and corrected
   */
  constructor(
    folder: string,
    families: readonly string[],
    errata: boolean,
    onFile: (file: SpecFile) => void = () => {},
  ) {
    this.given = folder;
    this.errata = errata;
    this.origin = originOf(folder);
    this.#errata = errata ? errataOf(folder) : { path: "", errata: [] };
    this.tree = readTree(folder, families, (file) => onFile(this.#apply(file, this.#corrected)));
  }

  /** Names of the families. */
  get names(): string[] {
    return this.tree.files.map(({ spec }) => spec.name);
  }

  /** The specs with their errata. */
  get sound(): Resolved[] {
    return this.#corrected.files.map(resolved);
  }

  /** The specs that errata change, as their files have them. */
  get faulty(): Resolved[] {
    const { files } = this.#corrected;
    return this.tree.files.filter((file, i) => file !== files[i]).map(resolved);
  }

  /** The errata that were applied. */
  get applied(): Erratum[] {
    return this.#corrected.applied;
  }

  /** Specs that we have changed, as upstream has them. */
  get upstream(): SpecFile[] {
    const folder = `${this.given}/upstream`;
    return this.#upstream ??= isFolder(folder) ? readTree(folder).files : [];
  }

  /** Errata that do not fit the specs any more. */
  stale(comparison: Comparison): DriftFinding[] {
    return staleErrata(this.#corrected.stale, comparison, this.#errata.path);
  }

  /** Errata of ours that do not fit other specs: what upstream has corrected. */
  staleFor(files: readonly SpecFile[], comparison: Comparison): DriftFinding[] {
    const result: Corrected = { files: [], applied: [], stale: [] };
    for (const file of files) this.#apply(file, result);
    return staleErrata(result.stale, comparison, this.#errata.path);
  }

  #apply(file: SpecFile, result: Corrected): SpecFile {
    const { file: corrected, applied, stale, diagnostics } = applyErrataToFile(file, this.#errata.errata);
    if (corrected === undefined) {
      throw new UsageError(`cannot compare: ${diagnostics.map(formatDiagnostic).join("; ")}`);
    }
    result.files.push(corrected);
    result.applied.push(...applied);
    result.stale.push(...stale);
    return corrected;
  }
}

function resolved(file: SpecFile): Resolved {
  return { file, family: familyOf(file) };
}

/** The errata of a folder; none if it has no such file. */
function errataOf(folder: string): { path: string; errata: Erratum[] } {
  const path = `${folder}/errata.yaml`;
  const bytes = readBytes(path);
  if (bytes === undefined) return { path, errata: [] };
  const { errata, diagnostics } = readErrata(path, bytes);
  if (errata === undefined) {
    throw new UsageError(`cannot compare: ${diagnostics.map(formatDiagnostic).join("; ")}`);
  }
  return { path, errata };
}

function originOf(folder: string): Origin {
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
