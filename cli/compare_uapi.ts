/**
 * `tynl compare-uapi`: writes the UAPI headers that the kernel generates with ynl, and compares them byte for
 * byte with those that linux-libc-dev installs.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { asInstalled, emitUapiHeader } from "../generator/emit/uapi_header.ts";
import { resolveUapi } from "../generator/model/uapi.ts";
import { formatDiagnostic } from "../generator/spec/diagnostics.ts";
import { readSpec } from "../generator/spec/read.ts";

const USAGE = `Usage: tynl compare-uapi [--specs DIR --include DIR]

Writes the headers that ynl generates from each spec and compares them with the shipped ones.

  --specs DIR    folder of specs (.yaml or .yaml.gz), with their documentation
  --include DIR  usr/include of linux-libc-dev, or include/uapi of a kernel tree

Without arguments both are fetched: linux-doc-7.3 and linux-libc-dev 7.3.x from trixie-backports.
Exit status: 0 all headers are the same, 1 some differ, 2 nothing could be compared.`;

const SUITE = "trixie-backports";
const DOC_PACKAGE = "linux-doc-7.3";
const HEADER_PACKAGE = "linux-libc-dev";
const VERSION = "7.3.";
/** How many headers of Linux 7.3 come from ynl. */
const HEADERS = 17;
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
const ATTEMPTS = 3;
const UPDATE_LIMIT = 120_000;
const DOWNLOAD_LIMIT = 300_000;
const UNPACK_LIMIT = 120_000;

/** Why nothing can be compared. */
class CannotCompare extends Error {
  override name = "CannotCompare";
}

/** What is compared with what. */
interface Sources {
  specs: string;
  include: string;
  /** Said in the summary. */
  origin: string;
  /** How many headers there must be, where that is known. */
  expected?: number;
}

/** Runs the command; the result is the exit status. */
export async function compareUapi(args: string[]): Promise<number> {
  let state: string | undefined;
  try {
    const { values } = parseArgs({
      args,
      options: { specs: { type: "string" }, include: { type: "string" }, help: { type: "boolean" } },
    });
    if (values.help) {
      console.log(USAGE);
      return 0;
    }
    if ((values.specs === undefined) !== (values.include === undefined)) {
      throw new CannotCompare("--specs and --include go together");
    }
    if (values.specs !== undefined && values.include !== undefined) {
      const { specs, include } = values;
      return await compareAll({ specs, include, origin: `${specs} and ${include}` });
    }
    state = await Deno.makeTempDir({ prefix: "tynl-uapi-" });
    return await compareAll(await fetchSources(state));
  } catch (error) {
    if (!isExpected(error)) throw error;
    console.error(`compare-uapi: cannot compare: ${error.message}`);
    return 2;
  } finally {
    if (state !== undefined) await Deno.remove(state, { recursive: true });
  }
}

function isExpected(error: unknown): error is Error {
  return error instanceof CannotCompare || error instanceof Deno.errors.NotFound ||
    error instanceof Deno.errors.PermissionDenied ||
    (error instanceof TypeError && String((error as { code?: unknown }).code).startsWith("ERR_PARSE_ARGS"));
}

// --- comparing -------------------------------------------------------------------------------------------------

async function compareAll({ specs, include, origin, expected }: Sources): Promise<number> {
  let same = 0;
  let different = 0;
  for (const name of specNames(specs)) {
    const family = name.replace(/\.yaml(\.gz)?$/, "");
    const path = `${specs}/${name}`;
    const { file, diagnostics } = readSpec(path.replace(/\.gz$/, ""), await readPlain(path));
    if (file === undefined) {
      throw new CannotCompare(`${path} is no valid spec\n${diagnostics.map(formatDiagnostic).join("\n")}`);
    }
    const header = resolveUapi(file.spec);
    const specPath = `Documentation/netlink/specs/${family}.yaml`;
    const shipped = shippedHeader(`${include}/${header.path}`, specPath);
    if (shipped === undefined) continue;

    const written = emitUapiHeader(header, { license: file.license, specPath });
    if (written === shipped || asInstalled(written) === shipped) {
      same++;
      console.log(`${header.path}: identical`);
    } else {
      different++;
      console.log(`${header.path}: differs, ${firstDifference(asInstalled(written), asInstalled(shipped))}`);
    }
  }
  if (same + different === 0) {
    throw new CannotCompare(`no header below ${include} was generated from ${specs}`);
  }

  const missing = Math.max(0, (expected ?? 0) - same - different);
  console.log(
    `${same} identical, ${different} different${missing > 0 ? `, ${missing} missing` : ""} (${origin})`,
  );
  return different + missing === 0 ? 0 : 1;
}

function specNames(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map((entry) => entry.name)
    .filter((name) => /\.yaml(\.gz)?$/.test(name) && name !== "errata.yaml").sort();
}

async function readPlain(path: string): Promise<Uint8Array> {
  const bytes = await Deno.readFile(path);
  if (!path.endsWith(".gz")) return bytes;
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(plain).arrayBuffer());
}

/** The header, if it says that it was generated from this spec: others were written by hand. */
function shippedHeader(path: string, specPath: string): string | undefined {
  try {
    const text = Deno.readTextFileSync(path);
    return text.includes(`/*\t${specPath} */\n/* YNL-GEN uapi header */\n`) ? text : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function firstDifference(written: string, shipped: string): string {
  const ours = written.split("\n");
  const theirs = shipped.split("\n");
  const line = ours.findIndex((text, i) => text !== theirs[i]);
  const at = line === -1 ? ours.length : line;
  return `line ${at + 1}: ours ${JSON.stringify(ours[at] ?? "")}, shipped ${
    JSON.stringify(theirs[at] ?? "")
  }`;
}

// --- fetching --------------------------------------------------------------------------------------------------

/** Downloads and unpacks both packages below `state`, with an apt configuration of our own: no root needed. */
async function fetchSources(state: string): Promise<Sources> {
  const mirrors = debianMirrors();
  if (mirrors.length === 0) throw new CannotCompare("apt on this machine knows no Debian mirror");
  if (!exists(KEYRING)) throw new CannotCompare(`${KEYRING} is missing (package debian-archive-keyring)`);

  let reason = "";
  for (const mirror of mirrors) {
    try {
      return await fetchFrom(mirror, state);
    } catch (error) {
      if (!(error instanceof CannotCompare)) throw error;
      reason = error.message;
    }
  }
  throw new CannotCompare(reason);
}

async function fetchFrom(mirror: string, state: string): Promise<Sources> {
  for (const folder of ["lists/partial", "cache/archives/partial"]) {
    await Deno.mkdir(`${state}/${folder}`, { recursive: true });
  }
  await Deno.writeTextFile(`${state}/sources.list`, `deb [signed-by=${KEYRING}] ${mirror} ${SUITE} main\n`);
  await Deno.writeTextFile(`${state}/apt.conf`, aptConfiguration(state));

  const apt = (args: string[], limit: number) =>
    withRetries(() => run("apt-get", ["-c", `${state}/apt.conf`, ...args], state, limit));
  await apt(["update"], UPDATE_LIMIT);
  await apt(["download", `${DOC_PACKAGE}=${VERSION}*`, `${HEADER_PACKAGE}=${VERSION}*`], DOWNLOAD_LIMIT);

  const versions: string[] = [];
  for (
    const [name, wanted] of [[DOC_PACKAGE, "*/netlink/specs/*"], [HEADER_PACKAGE, "./usr/include/*"]] as const
  ) {
    const archive = [...Deno.readDirSync(state)].find((entry) => entry.name.startsWith(`${name}_`))?.name;
    if (archive === undefined) throw new CannotCompare(`apt-get download left no ${name}`);
    // linux-doc is 270 MB unpacked, of which the specs are 1 MB.
    const unpack = 'dpkg-deb --fsys-tarfile "$1" | tar -x --wildcards "$2"';
    await run("sh", ["-c", unpack, "sh", archive, wanted], state, UNPACK_LIMIT);
    versions.push(
      `${name} ${(await run("dpkg-deb", ["-f", archive, "Version"], state, UNPACK_LIMIT)).trim()}`,
    );
  }
  return {
    specs: `${state}/usr/share/doc/${DOC_PACKAGE}/Documentation/netlink/specs`,
    include: `${state}/usr/include`,
    origin: versions.join(", "),
    expected: HEADERS,
  };
}

/** Keeps apt away from the machine's lists, caches, pins and hooks; its proxy stays in force. */
function aptConfiguration(state: string): string {
  return `
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Dir::Etc::SourceList "${state}/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State::Lists "${state}/lists";
Dir::Cache "${state}/cache";
APT::Sandbox::User "";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
`;
}

/** The Debian archives that apt is configured for; third parties and the security archive have no backports. */
function debianMirrors(): string[] {
  const files = ["/etc/apt/sources.list"];
  if (exists("/etc/apt/sources.list.d")) {
    for (const { name } of Deno.readDirSync("/etc/apt/sources.list.d")) {
      if (/\.(list|sources)$/.test(name)) files.push(`/etc/apt/sources.list.d/${name}`);
    }
  }
  const mirrors = new Set<string>();
  for (const file of files.filter(exists)) {
    const text = Deno.readTextFileSync(file).replaceAll(/^\s*#.*$/gm, "");
    const uris = file.endsWith(".sources")
      ? [...text.matchAll(/^URIs:((?:.*\n?)(?:[ \t]+.*\n?)*)/gim)].flatMap((field) =>
        field[1]?.split(/\s+/) ?? []
      )
      : [...text.matchAll(/^\s*deb\s+(?:\[[^\]]*\]\s*)?(\S+)/gm)].map((line) => line[1] ?? "");
    for (const uri of uris) if (/\/debian(?![-\w])/.test(uri)) mirrors.add(uri);
  }
  return [...mirrors];
}

async function withRetries<T>(attempt: () => Promise<T>): Promise<T> {
  for (let n = 1;; n++) {
    try {
      return await attempt();
    } catch (error) {
      if (n === ATTEMPTS || !(error instanceof CannotCompare)) throw error;
    }
  }
}

/** Runs a program for at most `limit` milliseconds; its output, or what it complained of. */
async function run(program: string, args: string[], cwd: string, limit: number): Promise<string> {
  const signal = AbortSignal.timeout(limit);
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command(program, { args, cwd, signal, stdin: "null", env: { LC_ALL: "C" } })
      .output();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new CannotCompare(`${program} is not installed`);
    throw error;
  }
  const call = [program, ...args.filter((arg) => /^[a-z]+$/.test(arg))].join(" ");
  if (signal.aborted) throw new CannotCompare(`${call} took more than ${limit / 1000} s`);
  if (!output.success) {
    const complaints = new TextDecoder().decode(output.stderr).trim().split("\n");
    // Of apt's complaints the first error says most: the last one says that there were errors.
    const complaint = complaints.find((line) => line.startsWith("E: ")) ?? complaints.at(-1);
    throw new CannotCompare(`${call}: ${complaint || `exit status ${output.code}`}`);
  }
  return new TextDecoder().decode(output.stdout);
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

if (import.meta.main) Deno.exit(await compareUapi(Deno.args));
