/**
 * `tynl import-specs`: brings the specs of a kernel into the house, reduced to their facts.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { IMPORTED_MARK, writeCanonical } from "../generator/spec/canonical.ts";
import { type Diagnostic, formatDiagnostic, sortDiagnostics } from "../generator/spec/diagnostics.ts";
import { readSpec, sha256Hex } from "../generator/spec/read.ts";
import { MAX_BYTES } from "../generator/spec/source.ts";
import type { SpecFile } from "../generator/spec/types.ts";
import { guarded, UsageError } from "./failure.ts";
import { type Io, standardIo } from "./io.ts";

const HELP = `Usage: tynl import-specs [--out DIR] [--kernel VERSION] [--headers DIR] SOURCE

Reads the netlink specs of a Linux kernel, checks them, and writes their facts (no text, no comments) in one
canonical form, together with upstream.json: the kernel's version and the SHA-256 of every file read.

SOURCE is a kernel tree, or a folder of .yaml or .yaml.gz files such as Debian's linux-doc packages have at
/usr/share/doc/linux-doc-X.Y/Documentation/netlink/specs.

  --out DIR          where the specs go (default: specs)
  --kernel VERSION   the kernel's version, where SOURCE does not tell it
  --headers DIR      an include folder: records the SHA-256 of every header that the specs name
  --help             this text

A spec in DIR that was not written by this command is kept; the facts of upstream's then go to DIR/upstream.

Exit status: 0 done, 2 something is wrong with the arguments or a spec; nothing was written then.
`;

/** What stands in upstream.json. */
export interface Upstream {
  /** Version of the kernel that the specs belong to. */
  kernel: string;
  /** SHA-256 of each spec as upstream has it, by file name. */
  specs: Record<string, string>;
  /** SHA-256 of each header that the specs name, by its name in an #include. */
  headers?: Record<string, string>;
}

/** Runs the command; the result is its exit status. */
export async function importSpecs(args: string[], io: Io = standardIo()): Promise<number> {
  return await guarded("tynl import-specs", io, () => run(args, io));
}

async function run(args: string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      out: { type: "string", default: "specs" },
      kernel: { type: "string" },
      headers: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    io.out(HELP.trimEnd());
    return 0;
  }
  const [source, ...more] = positionals;
  if (source === undefined || more.length > 0) throw new UsageError("one SOURCE is needed; --help says more");
  const folder = await specFolder(source);
  const kernel = values.kernel ?? await kernelVersion(source, folder);
  const { files, sums, diagnostics } = await readAll(folder);
  if (diagnostics.length > 0) {
    for (const diagnostic of sortDiagnostics(diagnostics)) io.err(formatDiagnostic(diagnostic));
    io.err(
      `tynl import-specs: ${diagnostics.length} ${
        diagnostics.length === 1 ? "fault" : "faults"
      } in ${folder}, nothing written`,
    );
    return 2;
  }
  const headers = values.headers === undefined ? undefined : await headerSums(values.headers, files);
  const upstream: Upstream = { kernel, specs: sums, ...(headers === undefined ? {} : { headers }) };
  await writeAll(values.out, files, upstream, io);
  return 0;
}

/** The folder of the specs: that of a kernel tree, or SOURCE itself. */
async function specFolder(source: string): Promise<string> {
  const inTree = `${source}/Documentation/netlink/specs`;
  const folder = await isFolder(inTree) ? inTree : source;
  if (!await isFolder(folder)) throw new UsageError(`${source} is not a folder`);
  return folder;
}

/** The version that the tree's Makefile gives, or that a folder's name does. */
async function kernelVersion(source: string, folder: string): Promise<string> {
  const makefile = await readIfThere(`${source}/Makefile`);
  if (makefile !== undefined) {
    const text = new TextDecoder().decode(makefile);
    const part = (name: string) => new RegExp(`^${name} *= *(\\S+)`, "m").exec(text)?.[1];
    const numbers = ["VERSION", "PATCHLEVEL", "SUBLEVEL"].map(part);
    if (numbers.every((number) => number !== undefined)) {
      return numbers.join(".") + (part("EXTRAVERSION") ?? "");
    }
  }
  const parent = /^(.*\/linux-doc-(\d+\.\d+))(\/|$)/.exec(await Deno.realPath(folder));
  if (parent !== null) {
    // The package's changelog knows the third number.
    const changelog = await readIfThere(`${parent[1]}/changelog.Debian.gz`);
    const first = changelog === undefined
      ? ""
      : new TextDecoder().decode(gunzipSync(changelog)).slice(0, 200);
    return /^\S+ \((\d+\.\d+(?:\.\d+)?)/.exec(first)?.[1] ?? parent[2]!;
  }
  throw new UsageError(`which kernel ${source} belongs to is not written there: say it with --kernel`);
}

async function readAll(
  folder: string,
): Promise<{ files: SpecFile[]; sums: Record<string, string>; diagnostics: Diagnostic[] }> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    if (/\.yaml(\.gz)?$/.test(entry.name) && entry.name !== "errata.yaml") names.push(entry.name);
  }
  if (names.length === 0) throw new UsageError(`${folder} has no .yaml and no .yaml.gz files`);
  const [files, diagnostics]: [SpecFile[], Diagnostic[]] = [[], []];
  const sums: Record<string, string> = {};
  for (const name of names.sort()) {
    const path = `${folder}/${name}`;
    const plain = name.replace(/\.gz$/, "");
    if (Object.hasOwn(sums, plain)) throw new UsageError(`${folder} has ${plain} twice`);
    const stored = await Deno.readFile(path);
    const bytes = name.endsWith(".gz") ? gunzip(path, stored) : stored;
    const result = readSpec(path.replace(/\.gz$/, ""), bytes);
    diagnostics.push(...result.diagnostics);
    if (result.file) files.push(result.file);
    sums[plain] = sha256Hex(bytes);
  }
  return { files, sums, diagnostics };
}

function gunzip(path: string, bytes: Uint8Array): Uint8Array {
  try {
    // One byte more than a spec may have is enough to refuse it.
    return gunzipSync(bytes, { maxOutputLength: MAX_BYTES + 1 });
  } catch {
    throw new UsageError(`${path} is not the gzip form of a spec`);
  }
}

/** The headers that a C program for these families includes, as far as they are there. */
async function headerSums(include: string, files: readonly SpecFile[]): Promise<Record<string, string>> {
  if (!await isFolder(include)) throw new UsageError(`${include} is not a folder`);
  const names = new Set<string>();
  for (const { spec } of files) {
    names.add(spec["uapi-header"] ?? `linux/${spec.name}.h`);
    for (const { header } of [...spec.definitions ?? [], ...spec["attribute-sets"]]) {
      if (header) names.add(header);
    }
  }
  const sums: Record<string, string> = {};
  for (const name of [...names].sort()) {
    const bytes = await readIfThere(`${include}/${name}`);
    if (bytes !== undefined) sums[name] = sha256Hex(bytes);
  }
  return sums;
}

async function writeAll(
  out: string,
  files: readonly SpecFile[],
  upstream: Upstream,
  io: Io,
): Promise<void> {
  await Deno.mkdir(out, { recursive: true });
  const counts = { added: 0, changed: 0, unchanged: 0, removed: 0 };
  const note = (what: keyof typeof counts, path: string) => {
    counts[what]++;
    if (what !== "unchanged") io.out(`${what} ${path}`);
  };
  const written = new Set<string>();
  for (const { file, spec, license } of files) {
    const own = `${out}/${file}.yaml`;
    const kept = await isHandWritten(own);
    const path = kept ? `${out}/upstream/${file}.yaml` : own;
    if (kept) {
      io.out(`kept ${own}: it was not written by import-specs`);
      await Deno.mkdir(`${out}/upstream`, { recursive: true });
    }
    note(await writeIfChanged(path, writeCanonical(spec, license)), path);
    written.add(path);
  }
  for (const folder of [out, `${out}/upstream`]) {
    if (!await isFolder(folder)) continue;
    for await (const { name } of Deno.readDir(folder)) {
      const path = `${folder}/${name}`;
      if (!name.endsWith(".yaml") || written.has(path) || await isHandWritten(path)) continue;
      await Deno.remove(path);
      note("removed", path);
    }
  }
  const record = `${out}/upstream.json`;
  const recorded = await writeIfChanged(record, `${JSON.stringify(upstream, null, 2)}\n`);
  if (recorded !== "unchanged") io.out(`${recorded} ${record}`);
  const { added, changed, unchanged, removed } = counts;
  io.out(
    `Linux ${upstream.kernel}: ${files.length} specs, ${added} added, ${changed} changed, ` +
      `${unchanged} unchanged, ${removed} removed`,
  );
}

/** True for a file that is there and lacks the mark of an imported one. */
async function isHandWritten(path: string): Promise<boolean> {
  const bytes = await readIfThere(path);
  return bytes !== undefined && new TextDecoder().decode(bytes).split("\n", 2)[1] !== IMPORTED_MARK;
}

async function writeIfChanged(path: string, text: string): Promise<"added" | "changed" | "unchanged"> {
  const bytes = await readIfThere(path);
  if (bytes !== undefined && new TextDecoder().decode(bytes) === text) return "unchanged";
  await Deno.writeTextFile(path, text);
  return bytes === undefined ? "added" : "changed";
}

async function readIfThere(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch {
    return false;
  }
}

if (import.meta.main) Deno.exit(await importSpecs(Deno.args));
