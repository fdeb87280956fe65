/**
 * `deno task conformance FILE ...`: holds generated code against vector files and captured messages.
 *
 * @module
 */
import { Conformance, type FailedLine, type Report } from "./run.ts";
import { isCapture, readVectors } from "./vectors.ts";

const SHOWN = 10;

function table(title: string, rows: ReadonlyMap<string, readonly [number, number]>): void {
  console.log(`\n${title.padEnd(18)}  total   hold`);
  for (const [name, [total, good]] of [...rows].sort(([a], [b]) => a < b ? -1 : 1)) {
    console.log(`  ${name.padEnd(16)} ${String(total).padStart(6)} ${String(good).padStart(6)}`);
  }
}

function showFailures(title: string, failures: readonly FailedLine[]): void {
  if (failures.length === 0) return;
  console.log(`\n${title}:`);
  for (const { line: { file, line, content }, reasons } of failures.slice(0, SHOWN)) {
    const what = isCapture(content) ? content.op ?? "?" : content.op ?? content.set;
    console.log(`  ${file}:${line}: ${content.spec} ${what} ${content.kind}`);
    for (const reason of reasons) console.log(`    ${reason}`);
  }
  if (failures.length > SHOWN) console.log(`  and ${failures.length - SHOWN} more`);
}

function show({ vectors, byKind, bySpec, explained, suspect, captures, causes, failures }: Report): void {
  if (byKind.size > 0) {
    table("vectors by kind", byKind);
    table("vectors by spec", bySpec);
    const sum = [...explained.values()].reduce((total, one) => total + one, 0);
    console.log(`\n${vectors.passed} vectors hold, ${sum} are explained by errata, ${vectors.failed} fail`);
    for (const [name, number] of explained) console.log(`  ${String(number).padStart(4)}  ${name}`);
    const { equal, oracleLayout, otherwise } = suspect;
    console.log(
      `${equal + oracleLayout + otherwise.length} vectors have structs that the oracle lays out wrong: ` +
        `${equal} hold all the same, ${oracleLayout} hold with the oracle's layout, ${otherwise.length} differ otherwise`,
    );
  }
  if (captures.total > 0) {
    const { total, decoded, stable, identical } = captures;
    console.log(
      `\n${total} captured messages: ${decoded} decoded, ${stable} stable through encode, ${identical} the same bytes`,
    );
    for (const [cause, number] of causes) console.log(`  ${String(number).padStart(4)}  ${cause}`);
  }
  showFailures("differences in suspect vectors", suspect.otherwise);
  showFailures("failures", failures);
}

/** Runs the files named; the result is the exit status. */
export async function conformance(args: readonly string[]): Promise<number> {
  if (args.length === 0 || args.includes("--help")) {
    console.log("Usage: deno task conformance FILE ...\n\nFILE is a vector file, .jsonl or .jsonl.gz.");
    return args.length === 0 ? 2 : 0;
  }
  const temporary = Deno.makeTempDirSync({ prefix: "tynl-conformance-" });
  try {
    const lines = args.flatMap((file) => readVectors(file, Deno.readFileSync(file)));
    const report = await new Conformance(temporary).run(lines);
    show(report);
    return report.failures.length === 0 && report.suspect.otherwise.length === 0 ? 0 : 1;
  } finally {
    Deno.removeSync(temporary, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await conformance(Deno.args));
