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
import { fetchPackages, run as runCommand, UnavailableError } from "./debian.ts";
import { guarded, UsageError } from "./failure.ts";
import { standardIo } from "./io.ts";

const USAGE = `Usage: tynl compare-uapi [--specs DIR --include DIR]

Writes the headers that ynl generates from each spec and compares them with the shipped ones.

  --specs DIR    folder of specs (.yaml or .yaml.gz), with their documentation
  --include DIR  usr/include of linux-libc-dev, or include/uapi of a kernel tree
  --help         this text

Without arguments both are fetched: linux-doc-7.3 and linux-libc-dev 7.3.x from trixie-backports.
Exit status: 0 all headers are the same, 1 some differ, 2 nothing could be compared.`;

const DOC_PACKAGE = "linux-doc-7.3";
const HEADER_PACKAGE = "linux-libc-dev";
const VERSION = "7.3.";
/** How many headers of Linux 7.3 come from ynl. */
const HEADERS = 17;
const UNPACK_LIMIT = 120_000;

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
  return await guarded("tynl compare-uapi", standardIo(), () => run(args));
}

async function run(args: string[]): Promise<number> {
  let state: string | undefined;
  try {
    const { values } = parseArgs({
      args,
      options: {
        specs: { type: "string" },
        include: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help) {
      console.log(USAGE);
      return 0;
    }
    if ((values.specs === undefined) !== (values.include === undefined)) {
      throw new UsageError("--specs and --include go together");
    }
    if (values.specs !== undefined && values.include !== undefined) {
      const { specs, include } = values;
      return await compareAll({ specs, include, origin: `${specs} and ${include}` });
    }
    state = await Deno.makeTempDir({ prefix: "tynl-uapi-" });
    return await compareAll(await fetchSources(state));
  } catch (error) {
    if (!isExpected(error)) throw error;
    console.error(`tynl compare-uapi: cannot compare: ${error.message}`);
    return 2;
  } finally {
    if (state !== undefined) await Deno.remove(state, { recursive: true });
  }
}

function isExpected(error: unknown): error is Error {
  return error instanceof UnavailableError || error instanceof Deno.errors.NotFound ||
    error instanceof Deno.errors.PermissionDenied;
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
      throw new UnavailableError(`${path} is no valid spec\n${diagnostics.map(formatDiagnostic).join("\n")}`);
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
    throw new UnavailableError(`no header below ${include} was generated from ${specs}`);
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

/** Downloads and unpacks both packages below `state`. */
async function fetchSources(state: string): Promise<Sources> {
  const packages = [
    { name: DOC_PACKAGE, wanted: "*/netlink/specs/*" },
    { name: HEADER_PACKAGE, wanted: "./usr/include/*" },
  ];
  const archives = await fetchPackages(packages.map(({ name }) => `${name}=${VERSION}*`), state);
  const versions: string[] = [];
  for (const [i, { name, wanted }] of packages.entries()) {
    // linux-doc is 270 MB unpacked, of which the specs are 1 MB.
    const unpack = 'dpkg-deb --fsys-tarfile "$1" | tar -x --wildcards "$2"';
    await runCommand("sh", ["-c", unpack, "sh", archives[i]!, wanted], state, UNPACK_LIMIT);
    const version = await runCommand("dpkg-deb", ["-f", archives[i]!, "Version"], state, UNPACK_LIMIT);
    versions.push(`${name} ${version.trim()}`);
  }
  return {
    specs: `${state}/usr/share/doc/${DOC_PACKAGE}/Documentation/netlink/specs`,
    include: `${state}/usr/include`,
    origin: versions.join(", "),
    expected: HEADERS,
  };
}

if (import.meta.main) Deno.exit(await compareUapi(Deno.args));
