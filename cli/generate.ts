/**
 * `tynl generate`: from specs to generated code, or to C headers.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { type Diagnostic, formatDiagnostic, sortDiagnostics } from "../generator/spec/diagnostics.ts";
import { applyErrataToFile, type Erratum, formatStale } from "../generator/spec/errata.ts";
import { readErrata } from "../generator/spec/errata_file.ts";
import { resolveUapi } from "../generator/model/uapi.ts";
import { readSpec } from "../generator/spec/read.ts";
import type { SpecFile } from "../generator/spec/types.ts";
import { differences } from "./diff.ts";
import { guarded, UsageError } from "./failure.ts";
import { standardIo } from "./io.ts";
import { lazily } from "./lazy.ts";
import { isUpToDate, stamp } from "./stamp.ts";

const HELP = `Usage: tynl generate [OPTION ...]

Writes one folder of typed TypeScript for every netlink spec (*.yaml) of a folder.

  --specs DIR        the specs (default: specs); errata.yaml there corrects them
  --out DIR          where the code goes (default: generated; for headers: include)
  --family NAME      only this family, by the name of its spec file; may be repeated
  --check            write nothing; show what differs and exit with 1
  --format FORMAT    typescript (default) or uapi-header
  --no-errata        take the specs as they are
  --runtime URL      what generated modules import the runtime by (default: ../../runtime/wire/mod.ts)
  --help             this text

Exit status: 0 done, 1 --check found differences, 2 something is wrong with the arguments or a spec; nothing was
written then.
`;

interface Options {
  specs: string;
  out: string;
  families: string[];
  check: boolean;
  headers: boolean;
  errata: boolean;
  runtime: string | undefined;
}

/** A file to be: its path below the output folder, and its text. */
interface Output {
  path: string;
  text: string;
  /** The family it belongs to. */
  family?: string;
}

function parse(args: string[]): Options | undefined {
  const { values } = parseArgs({
    args,
    options: {
      specs: { type: "string", default: "specs" },
      out: { type: "string" },
      family: { type: "string", multiple: true, default: [] },
      check: { type: "boolean", default: false },
      format: { type: "string", default: "typescript" },
      "no-errata": { type: "boolean", default: false },
      runtime: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return undefined;
  if (values.format !== "typescript" && values.format !== "uapi-header") {
    throw new UsageError(`--format is typescript or uapi-header, not "${values.format}"`);
  }
  const headers = values.format === "uapi-header";
  return {
    specs: values.specs.replace(/(?<=.)\/+$/, ""),
    out: values.out ?? (headers ? "include" : "generated"),
    families: values.family,
    check: values.check,
    headers,
    errata: !values["no-errata"],
    runtime: values.runtime,
  };
}

/** Runs the command; the result is its exit status. */
export async function generate(args: string[]): Promise<number> {
  return await guarded("tynl generate", standardIo(), async () => {
    const options = parse(args);
    if (options !== undefined) return await run(options);
    console.log(HELP.trimEnd());
    return 0;
  });
}

/** The spec files of a folder, by name. */
function specNames(folder: string, wanted: readonly string[]): string[] {
  let names: string[];
  try {
    names = [...Deno.readDirSync(folder)].filter(({ name, isDirectory }) =>
      !isDirectory && name.endsWith(".yaml")
    )
      .map(({ name }) => name.slice(0, -".yaml".length)).filter((name) => name !== "errata").sort();
  } catch (error) {
    throw new UsageError(`cannot read the folder ${folder}: ${(error as Error).message}`);
  }
  if (names.length === 0) throw new UsageError(`there is no .yaml file in ${folder}`);
  const missing = wanted.filter((name) => !names.includes(name));
  if (missing.length > 0) {
    throw new UsageError(
      `there is no spec ${missing.join(", ")} in ${folder}; there are ${names.join(", ")}`,
    );
  }
  return wanted.length === 0 ? names : names.filter((name) => wanted.includes(name));
}

function readFile(path: string): Uint8Array | undefined {
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Names of specs as banners show them do not depend on where the folder is. */
function shownPath(folder: string, name: string): string {
  const last = folder.split("/").findLast((part) => part !== "" && part !== ".") ?? "specs";
  return `${last === ".." ? "specs" : last}/${name}.yaml`;
}

interface Input {
  errata: Uint8Array | undefined;
  specs: Map<string, Uint8Array>;
}

function readInput({ specs, families, errata }: Options): Input {
  return {
    errata: errata ? readFile(`${specs}/errata.yaml`) : undefined,
    specs: new Map(
      specNames(specs, families).map((name) => [name, Deno.readFileSync(`${specs}/${name}.yaml`)]),
    ),
  };
}

/** Reads and corrects all specs; `undefined` if any has a fault, which has been told then. */
function loadSpecs(input: Input, options: Options, progress: Progress): SpecFile[] | undefined {
  const diagnostics: Diagnostic[] = [];
  let errata: readonly Erratum[] = [];
  if (input.errata !== undefined) {
    const read = readErrata(`${options.specs}/errata.yaml`, input.errata);
    diagnostics.push(...read.diagnostics);
    errata = read.errata ?? [];
  }
  const files: SpecFile[] = [];
  for (const [name, bytes] of input.specs) {
    progress.show(`reading ${name}`);
    // Diagnostics name the file as the caller does, banners in a way that is the same everywhere.
    const read = readSpec(`${options.specs}/${name}.yaml`, bytes);
    diagnostics.push(...read.diagnostics);
    if (read.file === undefined) continue;
    const corrected = applyErrataToFile(read.file, errata);
    diagnostics.push(...corrected.diagnostics);
    for (const stale of corrected.stale) progress.tell(`tynl generate: warning: ${formatStale(stale)}`);
    if (corrected.file === undefined) continue;
    diagnostics.push(...clashes(corrected.file));
    files.push({ ...corrected.file, path: shownPath(options.specs, name) });
  }
  if (diagnostics.length === 0) return files;
  progress.clear();
  for (const diagnostic of sortDiagnostics(diagnostics)) console.error(formatDiagnostic(diagnostic));
  console.error(`tynl generate: ${diagnostics.length} faults; nothing was written`);
  return undefined;
}

/** Constants that two parts of a spec give one name and different values. */
function clashes({ path, spec, position }: SpecFile): Diagnostic[] {
  return resolveUapi(spec).clashes.map(({ first, second }) => ({
    path,
    ...position(second.path),
    at: second.path,
    message: `the constant ${second.name} is ${second.value} here and ${first.value} at ${first.path}`,
    expected: "another name-prefix for one of the two",
  }));
}

async function emit(files: readonly SpecFile[], options: Options, progress: Progress): Promise<Output[]> {
  if (options.headers) {
    const { emitUapiHeader } = await lazily<typeof import("../generator/emit/uapi_header.ts")>(
      "../generator/emit/uapi_header.ts",
    );
    const headers = files.map((file) => ({ ...file, header: resolveUapi(file.spec) }));
    return headers.map(({ file, license, spec, header }) => {
      const text = emitUapiHeader(header, { license, specPath: `Documentation/netlink/specs/${file}.yaml` });
      // Hand-written headers hold several families (rtnetlink.h): each gets a file of its own then.
      const shared = headers.filter((other) => other.header.path === header.path).length > 1;
      return {
        path: shared ? header.path.replace(/\.h$/, `-${file}.h`) : header.path,
        text,
        family: spec.name,
      };
    });
  }
  const { generateFamily, generateIndex } = await lazily<typeof import("../generator/generate.ts")>(
    "../generator/generate.ts",
  );
  const outputs: Output[] = [];
  for (const [i, file] of files.entries()) {
    progress.show(`[${i + 1}/${files.length}] ${file.file}`);
    const wire = options.runtime === undefined ? {} : { wire: options.runtime };
    outputs.push(
      ...generateFamily(file, wire).map((output) => ({ ...output, family: file.spec.name })),
    );
  }
  if (options.families.length === 0) {
    outputs.push(...generateIndex(files, options.runtime?.replace(/^\.\.\/\.\.\//, "../")));
  }
  return outputs;
}

async function run(options: Options): Promise<number> {
  const started = performance.now();
  const progress = new Progress();
  const input = readInput(options);
  // Only the whole of the default output is worth a stamp; all else is generated in a moment.
  const stamped = !options.headers && options.families.length === 0;
  if (stamped && !options.check && isUpToDate(options.out, input, options.runtime)) {
    console.log(`${familyCount(input.specs.size)} up to date (${seconds(started)})`);
    return 0;
  }
  const files = loadSpecs(input, options, progress);
  if (files === undefined) return 2;
  const outputs = await emit(files, options, progress);
  progress.clear();
  const stray = options.headers ? [] : strayFiles(options, outputs);
  if (options.check) return check(options, outputs, stray, started);

  let written = 0;
  for (const { path, text } of outputs) {
    const target = `${options.out}/${path}`;
    const before = readFile(target);
    if (before !== undefined && new TextDecoder().decode(before) === text) continue;
    Deno.mkdirSync(target.slice(0, target.lastIndexOf("/")), { recursive: true });
    Deno.writeTextFileSync(target, text);
    written++;
  }
  for (const path of stray) Deno.removeSync(`${options.out}/${path}`, { recursive: true });
  if (stamped) stamp(options.out, input, options.runtime, outputs.map(({ path }) => path));
  console.log(
    `${familyCount(files.length, "")}, ${outputs.length} files: ${written} written, ${
      outputs.length - written
    } unchanged, ` +
      `${stray.length} removed (${seconds(started)})`,
  );
  return 0;
}

function familyCount(count: number, verb = count === 1 ? " is" : " are"): string {
  return `${count} ${count === 1 ? "family" : "families"}${verb}`;
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(2)} s`;
}

/** What stands in the generated folders besides what was generated; for a whole run, folders of no family too. */
function strayFiles({ out, families }: Options, outputs: readonly Output[]): string[] {
  const expected = new Set(outputs.map(({ path }) => path));
  const folders = new Set(
    outputs.filter(({ path }) => path.includes("/")).map(({ path }) => path.split("/")[0]!),
  );
  const stray: string[] = [];
  const list = (folder: string) => {
    try {
      return [...Deno.readDirSync(folder)];
    } catch {
      return [];
    }
  };
  for (const folder of folders) {
    for (const { name } of list(`${out}/${folder}`)) {
      if (!expected.has(`${folder}/${name}`)) stray.push(`${folder}/${name}`);
    }
  }
  if (families.length === 0) {
    for (const { name, isDirectory } of list(out)) {
      // Only folders that look generated are ours to remove.
      if (isDirectory && !folders.has(name) && readFile(`${out}/${name}/meta.ts`) !== undefined) {
        stray.push(name);
      }
    }
  }
  return stray;
}

function check(
  options: Options,
  outputs: readonly Output[],
  stray: readonly string[],
  started: number,
): number {
  let different = 0;
  for (const { path, text, family } of outputs) {
    const bytes = readFile(`${options.out}/${path}`);
    const before = bytes === undefined ? "" : new TextDecoder().decode(bytes);
    if (bytes !== undefined && before === text) continue;
    different++;
    const of = family === undefined ? "" : ` (family ${family})`;
    if (bytes === undefined) {
      console.log(`${options.out}/${path}: missing${of}`);
      continue;
    }
    for (const { line, removed, added } of differences(before, text)) {
      console.log(`${options.out}/${path}:${line}: differs from what the specs give${of}`);
      for (const one of removed) console.log(`- ${one}`);
      for (const one of added) console.log(`+ ${one}`);
    }
  }
  for (const path of stray) console.log(`${options.out}/${path}: no spec gives this`);
  if (different + stray.length === 0) {
    console.log(`${outputs.length} files are what the specs give (${seconds(started)})`);
    return 0;
  }
  console.log(`${different} files differ, ${stray.length} are not generated; run \`deno task generate\``);
  return 1;
}

/** One line on a terminal that says how far things are; nothing elsewhere. */
class Progress {
  readonly #terminal = Deno.stderr.isTerminal();
  readonly #encoder = new TextEncoder();

  #write(text: string): void {
    Deno.stderr.writeSync(this.#encoder.encode(text));
  }
  show(text: string): void {
    if (this.#terminal) this.#write(`\r\x1b[K${text}`);
  }
  clear(): void {
    if (this.#terminal) this.#write("\r\x1b[K");
  }
  tell(text: string): void {
    this.clear();
    console.error(text);
  }
}
