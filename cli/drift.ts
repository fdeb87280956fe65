/**
 * `tynl drift`: specs, generated code, C headers and the running kernel, held against each other.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { applyBaseline, readBaseline, writeBaseline } from "../generator/drift/explain.ts";
import {
  type Comparison,
  counts,
  type DriftReport,
  SEVERITIES,
  type Severity,
  sortFindings,
} from "../generator/drift/finding.ts";
import { formatReports, FORMATS } from "../generator/drift/report.ts";
import { type Background, inBackground } from "./drift/background.ts";
import { readText, storedText, writeText } from "./drift/files.ts";
import { driftGenerated } from "./drift/generated.ts";
import type { DriftOptions, Request } from "./drift/options.ts";
import { OurSpecs } from "./drift/ours.ts";
import { guarded, UsageError } from "./failure.ts";
import { type Io, standardIo } from "./io.ts";

const HELP = `Usage: tynl drift COMPARISON [SOURCE] ... [OPTION ...]

Holds netlink specs against something else, and tells what differs, where, and what that breaks. One COMPARISON or
several, each with its SOURCE behind it:

  generated [DIR]    the code that was generated from them (default: generated)
  upstream SOURCE    other specs: a kernel tree, a linux-doc package's folder, any folder of specs
  headers INCLUDE    the kernel's C headers: linux-libc-dev's /usr/include, or what make headers_install made
  kernel             the running kernel: families, operations, groups, policies

  --specs DIR        the specs (default: specs); errata.yaml there explains findings, upstream/ tells what is ours
  --family NAME      only this family, by the name of its spec; may be repeated
  --no-errata        take the specs as they are
  --release VERSION  the kernel that the specs belong to (default: as upstream.json beside them says)
  --cc COMPILER      headers: let a C compiler confirm every value, size and offset that the headers gave
  --save FILE        headers, kernel: store the facts that were found; as SOURCE they stand for where they come from
  --format FORMAT    text (default), json, sarif, github or markdown
  --notes            also show notes and what is explained, in the formats for people
  --fail-on LEVEL    exit with 1 for findings of this level or worse: error (default), warning, note, never
  --baseline FILE    accept the findings that stand there; what is there and not found is a finding
  --write-baseline   write the findings that would fail into that file, with reasons to be filled in
  --help             this text

An error contradicts, or breaks a program; a warning says that one side lacks something; a note is worth knowing. A
finding that an erratum or the baseline explains does not count.

Exit status: 0 clean, 1 findings, 2 something could not be compared.`;

/** Runs the command; the result is its exit status. */
export async function drift(args: string[], io: Io = standardIo()): Promise<number> {
  return await guarded("tynl drift", io, async () => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        specs: { type: "string", default: "specs" },
        family: { type: "string", multiple: true, default: [] },
        "no-errata": { type: "boolean", default: false },
        release: { type: "string" },
        cc: { type: "string" },
        save: { type: "string" },
        format: { type: "string", default: "text" },
        notes: { type: "boolean", default: false },
        "fail-on": { type: "string", default: "error" },
        baseline: { type: "string" },
        "write-baseline": { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) {
      io.out(HELP);
      return 0;
    }
    const format = oneOf(values.format, FORMATS, "--format");
    const failOn = oneOf(values["fail-on"], [...SEVERITIES, "never"] as const, "--fail-on");
    const { baseline } = values;
    if (values["write-baseline"] && baseline === undefined) {
      throw new UsageError("--write-baseline needs --baseline FILE");
    }
    const requests = requestsIn(positionals);
    const asked = new Set(requests.map(({ comparison }) => comparison));
    if (values.cc !== undefined && !asked.has("headers")) throw new UsageError("--cc is for headers");
    if (values.save !== undefined && Number(asked.has("headers")) + Number(asked.has("kernel")) !== 1) {
      throw new UsageError("--save is for one of headers and kernel");
    }
    const options: DriftOptions = {
      families: values.family,
      release: values.release,
      cc: values.cc,
      save: values.save,
      ...(io.transport === undefined ? {} : { transport: io.transport }),
    };
    const folder = values.specs.replace(/(?<=.)\/+$/, "");
    const thread = requests.length > 1 && asked.has("generated") ? inBackground() : undefined;
    let reports: DriftReport[];
    let failed: boolean;
    try {
      const ours = told(() =>
        new OurSpecs(folder, values.family, !values["no-errata"], (file) => thread?.add(file, folder))
      );
      ({ reports, failed } = await compareAll(requests, ours, options, io, thread));
    } finally {
      await thread?.close();
    }
    if (baseline !== undefined) {
      accept(reports, baseline, values["write-baseline"] ? failOn : undefined);
    }
    for (const report of reports) report.findings = sortFindings(report.findings);
    if (reports.length > 0) {
      for (const line of formatReports(reports, format, values.notes).split("\n")) io.out(line);
    }
    if (failed) return 2;
    const findings = reports.flatMap(({ findings }) => findings);
    return failOn !== "never" && findings.some((finding) => counts(finding, failOn)) ? 1 : 0;
  });
}

type Compare = (
  ours: OurSpecs,
  request: Request,
  options: DriftOptions,
  thread: Background | undefined,
) => DriftReport | Promise<DriftReport>;

/** What each comparison needs is loaded when it is asked for. */
const COMPARISONS: { readonly [name in Comparison]: () => Promise<Compare> } = {
  generated: () => Promise.resolve(driftGenerated),
  upstream: async () => (await import("./drift/upstream.ts")).driftUpstream,
  headers: async () => (await import("./drift/headers.ts")).driftHeaders,
  kernel: async () => (await import("./drift/kernel.ts")).driftKernel,
};

function isComparison(word: string): word is Comparison {
  return Object.hasOwn(COMPARISONS, word);
}

/** The comparisons on a command line, each with the word behind it as its source. */
function requestsIn(words: readonly string[]): Request[] {
  const requests: { comparison: Comparison; source?: string }[] = [];
  for (const word of words) {
    const last = requests.at(-1);
    if (isComparison(word)) {
      if (requests.some(({ comparison }) => comparison === word)) {
        throw new UsageError(`${word} stands twice`);
      }
      requests.push({ comparison: word });
    } else if (last !== undefined && last.source === undefined) {
      last.source = word.replace(/(?<=.)\/+$/, "");
    } else {
      throw new UsageError(`unexpected "${word}"; comparisons are ${Object.keys(COMPARISONS).join(", ")}`);
    }
  }
  if (requests.length > 0) return requests;
  throw new UsageError(`which COMPARISON? One of ${Object.keys(COMPARISONS).join(", ")}`);
}

function oneOf<T extends string>(value: string, allowed: readonly T[], option: string): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new UsageError(`${option} is one of ${allowed.join(", ")}, not "${value}"`);
  return found;
}

/** Errors that say why something cannot be compared. */
const WHY: ReadonlySet<string> = new Set(["UsageError", "StoredFactsError", "BaselineError", "NotCapable"]);

/** Runs something; an error that people need to know of ends the command with 2. */
function told<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw error instanceof Error && WHY.has(error.name) ? new UsageError(error.message) : error;
  }
}

/** One comparison that is not possible leaves the others their say. */
async function compareAll(
  requests: readonly Request[],
  ours: OurSpecs,
  options: DriftOptions,
  io: Io,
  thread: Background | undefined,
): Promise<{ reports: DriftReport[]; failed: boolean }> {
  const attempt = async (request: Request, compare: Compare): Promise<DriftReport | string> => {
    try {
      return await compare(ours, request, options, thread);
    } catch (error) {
      if (!(error instanceof Error && WHY.has(error.name))) throw error;
      return `tynl drift ${request.comparison}: ${error.message.replaceAll(/\s*\n\s*/g, " ")}`;
    }
  };
  // Those that leave work to another thread come first: it has something to do before this one is busy.
  const shared = ({ comparison }: Request) => Number(comparison === "generated" || comparison === "headers");
  const inOrder = requests.toSorted((a, b) => shared(b) - shared(a));
  const comparisons = await Promise.all(
    inOrder.map(async (request) => [request, await COMPARISONS[request.comparison]()] as const),
  );
  const results = new Map(
    await Promise.all(
      comparisons.map(async ([request, compare]) => [request, await attempt(request, compare)] as const),
    ),
  );
  const reports: DriftReport[] = [];
  for (const request of requests) {
    const result = results.get(request)!;
    if (typeof result === "string") io.err(result);
    else reports.push(result);
  }
  return { reports, failed: reports.length < requests.length };
}

/** Marks what a baseline accepts; with `from`, after writing what is at least that bad into it. */
function accept(reports: readonly DriftReport[], path: string, from: Severity | "never" | undefined): void {
  told(() => {
    if (from !== undefined) {
      const before = readText(path);
      const accepted = before === undefined ? [] : readBaseline(path, before);
      writeText(path, writeBaseline(reports, accepted, from === "never" ? "note" : from));
    }
    const text = storedText(path);
    const accepted = readBaseline(path, text);
    for (const report of reports) report.findings = applyBaseline(report, accepted, path, text);
  });
}

if (import.meta.main) Deno.exit(await drift(Deno.args));
