/**
 * Specs as files: those of this package, with their errata, and a user's own, which become code in a cache.
 *
 * @module
 */
import { type Diagnostic, formatDiagnostic } from "../generator/spec/diagnostics.ts";
import { applyErrataToFile } from "../generator/spec/errata.ts";
import { readErrata } from "../generator/spec/errata_file.ts";
import { fileName, readSpec, sha256Hex } from "../generator/spec/read.ts";
import type { SpecFile } from "../generator/spec/types.ts";
import type { Family } from "../runtime/wire/mod.ts";
import { Failure } from "./failure.ts";
import type { LoadedFamily } from "./family.ts";
import { lazily } from "./lazy.ts";
import { isUpToDate, stamp, type StampInput } from "./stamp.ts";

const SPECS = new URL("../specs/", import.meta.url);
/** What generated code outside this package imports the runtime by. */
const RUNTIME = new URL("../runtime/wire/mod.ts", import.meta.url).href;

/** Reads a file of this package, which may be on the web. */
async function packageFile(name: string): Promise<Uint8Array> {
  const url = new URL(name, SPECS);
  if (url.protocol === "file:") return await Deno.readFile(url);
  const response = await fetch(url);
  if (!response.ok) throw new Failure(`cannot read ${url}: ${response.status} ${response.statusText}`);
  return await response.bytes();
}

/** Reads a file that the user names. */
export function userFile(path: string): Uint8Array {
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new Failure(`there is no file ${path}`);
    throw new Failure(`cannot read ${path}: ${(error as Error).message}`);
  }
}

/** A spec with faults; each is a line. */
export class SpecError extends Failure {
  /** What is wrong, a line each. */
  readonly faults: readonly string[];

  /** Creates the error for a spec. */
  constructor(path: string, diagnostics: readonly Diagnostic[]) {
    super(`${path} has ${diagnostics.length} faults; --validate shows them`);
    this.faults = diagnostics.map(formatDiagnostic);
  }
}

/** Reads and corrects a spec. */
function correct(path: string, bytes: Uint8Array, errata: Uint8Array | undefined): SpecFile {
  const { file, diagnostics } = readSpec(path, bytes);
  if (file === undefined) throw new SpecError(path, diagnostics);
  if (errata === undefined) return file;
  // An erratum that does not fit is none of a user's business: their kernel may be older, or newer.
  const corrected = applyErrataToFile(file, readErrata("errata.yaml", errata).errata ?? []);
  if (corrected.file === undefined) throw new SpecError(path, corrected.diagnostics);
  return corrected.file;
}

/** The spec of a family of this package, corrected. */
export async function packageSpec(name: string): Promise<SpecFile> {
  return correct(`${name}.yaml`, await packageFile(`${name}.yaml`), await packageFile("errata.yaml"));
}

/** A user's spec, corrected unless `errata` is false. */
export async function userSpec(path: string, errata: boolean): Promise<SpecFile> {
  return correct(path, userFile(path), errata ? await packageFile("errata.yaml") : undefined);
}

function cacheFolder(): string {
  const own = Deno.env.get("XDG_CACHE_HOME");
  const home = Deno.env.get("HOME");
  // A relative path there is to be ignored (XDG base directory specification).
  if (own?.startsWith("/")) return `${own}/tynl`;
  if (home?.startsWith("/")) return `${home}/.cache/tynl`;
  throw new Failure("set XDG_CACHE_HOME or HOME: the code of a spec is kept there");
}

/** Loads a family from a user's spec: generates its code into `cache`, unless that was done before. */
export async function loadSpec(path: string, useErrata: boolean, cache?: string): Promise<LoadedFamily> {
  const bytes = userFile(path);
  const errata = useErrata ? await packageFile("errata.yaml") : undefined;
  const name = fileName(path);
  const folder = `${cache ?? cacheFolder()}/${sha256Hex(bytes)}${useErrata ? "" : "-plain"}-${name}`;
  const input: StampInput = { errata, specs: new Map([[name, bytes]]) };
  if (!isUpToDate(folder, input, RUNTIME)) {
    await generateInto(folder, correct(path, bytes, errata), input);
  }
  const { families } = await import(`file://${encodeURI(folder)}/families.ts`) as {
    families: Record<string, () => Promise<Family>>;
  };
  const family = await families[name]!();
  return { spec: name, family, meta: await family.meta() };
}

/** Writes a family's code into a folder, which is there whole or not at all. */
async function generateInto(folder: string, file: SpecFile, input: StampInput): Promise<void> {
  const { generateFamily, generateIndex } = await lazily<typeof import("../generator/generate.ts")>(
    "../generator/generate.ts",
  );
  const cache = folder.slice(0, folder.lastIndexOf("/"));
  Deno.mkdirSync(cache, { recursive: true, mode: 0o700 });
  const fresh = Deno.makeTempDirSync({ dir: cache, prefix: ".new-" });
  try {
    const files = [...generateFamily(file, { wire: RUNTIME }), ...generateIndex([file], RUNTIME)];
    Deno.mkdirSync(`${fresh}/${file.file}`);
    for (const { path, text } of files) Deno.writeTextFileSync(`${fresh}/${path}`, text);
    stamp(fresh, input, RUNTIME, files.map(({ path }) => path));
    try {
      Deno.renameSync(fresh, folder);
    } catch (error) {
      // Damaged, or made by another version of the generator; or another process was faster.
      if (isUpToDate(folder, input, RUNTIME)) return;
      if (!isDirectory(folder)) throw error;
      Deno.removeSync(folder, { recursive: true });
      Deno.renameSync(fresh, folder);
    }
  } finally {
    if (isDirectory(fresh)) Deno.removeSync(fresh, { recursive: true });
  }
}

function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

/** What does not agree with a JSON schema, such as the kernel's own, a line each. */
export async function schemaFaults(
  schemaPath: string,
  specPath: string,
  bytes: Uint8Array,
): Promise<string[]> {
  const { parse } = await import("yaml");
  const { compileSchema } = await lazily<typeof import("../generator/spec/validate.ts")>(
    "../generator/spec/validate.ts",
  );
  const read = (path: string, bytes: Uint8Array): Record<string, unknown> => {
    try {
      return parse(new TextDecoder().decode(bytes), { maxAliasCount: -1 }) as Record<string, unknown>;
    } catch (error) {
      throw new Failure(`${path}: ${(error as Error).message.split("\n")[0]}`);
    }
  };
  // Its dialect is not looked up: all drafts mean the same by what a spec's schema says.
  const { $schema: _, ...schema } = read(schemaPath, userFile(schemaPath));
  let validator: ReturnType<typeof compileSchema>;
  try {
    validator = compileSchema(schema);
  } catch (error) {
    throw new Failure(`${schemaPath} is no JSON schema: ${(error as Error).message}`);
  }
  if (validator(read(specPath, bytes))) return [];
  return (validator.errors ?? []).map(({ instancePath, message, params }) => {
    const key = params["additionalProperty"];
    return `${specPath}: ${instancePath || "/"}: ${message}${key === undefined ? "" : `: ${key}`}`;
  });
}

/** The file of a family's spec in this package, for a schema. */
export async function packageSpecBytes(name: string): Promise<Uint8Array> {
  return await packageFile(`${name}.yaml`);
}
