/**
 * `tynl drift`: specs, generated code, C headers and the running kernel, held against each other.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { applyBaseline, BaselineError, readBaseline, writeBaseline } from "../generator/drift/explain.ts";
import {
  type Comparison,
  counts,
  type DriftReport,
  SEVERITIES,
  type Severity,
  sortFindings,
} from "../generator/drift/finding.ts";
import { formatReport, FORMATS, type ReportFormat } from "../generator/drift/report.ts";
import { readText, writeText } from "./drift/files.ts";
import type { DriftOptions } from "./drift/options.ts";
import { guarded, UsageError } from "./failure.ts";
import { type Io, standardIo } from "./io.ts";

const HELP = `Usage: tynl drift COMPARISON [OPTION ...]

Holds netlink specs against something else, and tells what differs, where, and what that breaks.

  generated          the code that was generated from them
  upstream SOURCE    other specs: a kernel tree, a linux-doc package's folder, any folder of specs
  headers INCLUDE    the kernel's C headers: linux-libc-dev's /usr/include, or what make headers_install made
  kernel             the running kernel: families, operations, groups, policies

  --specs DIR        the specs (default: specs); errata.yaml there explains findings, upstream/ tells what is ours
  --family NAME      only this family, by the name of its spec; may be repeated
  --no-errata        take the specs as they are
  --release VERSION  the kernel that the specs belong to (default: as upstream.json beside them says)
  --generated DIR    generated: where the code is (default: generated)
  --cc COMPILER      headers: let a C compiler confirm every value, size and offset that the headers gave
  --save FILE        headers, kernel: also store the facts that were found there
  --from FILE        headers, kernel: take the facts from such a file
  --format FORMAT    text (default), json, sarif, github or markdown
  --notes            also show notes and what is explained, in the formats for people
  --fail-on LEVEL    exit with 1 for findings of this level or worse: error (default), warning, note, never
  --baseline FILE    accept the findings that stand there; what is there and not found is a finding
  --write-baseline   write all findings into that file
  --help             this text

An error contradicts, or breaks a program; a warning says that one side lacks something. A finding that an erratum
or the baseline explains does not count.

Exit status: 0 clean, 1 findings, 2 nothing could be compared.`;

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
        generated: { type: "string", default: "generated" },
        cc: { type: "string" },
        save: { type: "string" },
        from: { type: "string" },
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
    const [name, source, ...more] = positionals;
    if (more.length > 0) throw new UsageError(`unexpected "${more[0]}"`);
    const format = oneOf(values.format, FORMATS, "--format");
    const failOn = oneOf(values["fail-on"], [...SEVERITIES, "never"] as const, "--fail-on");
    if (values["write-baseline"] && values.baseline === undefined) {
      throw new UsageError("--write-baseline needs --baseline FILE");
    }
    const options: DriftOptions = {
      specs: values.specs.replace(/(?<=.)\/+$/, ""),
      families: values.family,
      errata: !values["no-errata"],
      release: values.release,
      generated: values.generated.replace(/(?<=.)\/+$/, ""),
      cc: values.cc,
      save: values.save,
      from: values.from,
      ...(source === undefined ? {} : { source }),
      ...(io.transport === undefined ? {} : { transport: io.transport }),
    };
    const comparison = COMPARISONS[name ?? ""];
    if (comparison === undefined) {
      throw new UsageError(`which COMPARISON? One of ${Object.keys(COMPARISONS).join(", ")}`);
    }
    const report = await comparison(options);
    if (values.baseline !== undefined) baseline(report, values.baseline, values["write-baseline"]);
    report.findings = sortFindings(report.findings);
    return tell(report, format, failOn, values.notes, io);
  });
}

const COMPARISONS: { readonly [name in Comparison]: (options: DriftOptions) => Promise<DriftReport> } & {
  readonly [name: string]: ((options: DriftOptions) => Promise<DriftReport>) | undefined;
} = {
  generated: async (options) => (await import("./drift/generated.ts")).driftGenerated(options),
  upstream: async (options) => (await import("./drift/upstream.ts")).driftUpstream(options),
  headers: async (options) => await (await import("./drift/headers.ts")).driftHeaders(options),
  kernel: async (options) => await (await import("./drift/kernel.ts")).driftKernel(options),
};

function oneOf<T extends string>(value: string, allowed: readonly T[], option: string): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new UsageError(`${option} is one of ${allowed.join(", ")}, not "${value}"`);
  return found;
}

function baseline(report: DriftReport, path: string, write: boolean): void {
  const text = readText(path);
  try {
    const accepted = text === undefined ? [] : readBaseline(path, text);
    if (write) {
      const others = accepted.filter(({ id }) => !id.startsWith(`${report.comparison}:`));
      writeText(path, writeBaseline(report.findings, accepted, others));
    } else if (text === undefined) {
      throw new UsageError(`there is no file ${path}`);
    }
    report.findings = applyBaseline(
      report.findings,
      write ? readBaseline(path, readText(path)!) : accepted,
      report.comparison,
      path,
    );
  } catch (error) {
    if (error instanceof BaselineError) throw new UsageError(error.message);
    throw error;
  }
}

function tell(
  report: DriftReport,
  format: ReportFormat,
  failOn: Severity | "never",
  notes: boolean,
  io: Io,
): number {
  for (const line of formatReport(report, format, notes).split("\n")) io.out(line);
  return failOn !== "never" && report.findings.some((finding) => counts(finding, failOn)) ? 1 : 0;
}

if (import.meta.main) Deno.exit(await drift(Deno.args));
