/** `deno task test:vm [OPTION ...] [SUITE ...]`: runs suites in a virtual machine with a kernel of its own. */
import { parseArgs } from "node:util";
import { UnavailableError } from "../../cli/debian.ts";
import { image, type ImageOptions, type Progress } from "./image.ts";
import { boot, shell } from "./machine.ts";
import { makePayload, PayloadError, typeCheck } from "./payload.ts";
import { judge, parseResult, type Verdict } from "./report.ts";
import type { Suite } from "./suite.ts";
import { suites } from "./suites/mod.ts";
import { requireTools } from "./tools.ts";

const USAGE = `Usage: deno task test:vm [OPTION ...] [SUITE ...]

Runs all suites, or those named, each in a start of a virtual machine. Needs no root.

  --list           show the suites
  --jobs COUNT     suites at a time (default: 2)
  --kernel KERNEL  backports (Debian's newest, the default) or stable
  --refresh        build the machine's disk anew, with Debian's newest packages
  --shell          a shell in the machine of one suite instead of its tests
  --keep FOLDER    keep logs and captures of all suites there, not of failed ones only
  --help           show this

Exit status: 0 all passed; 1 something failed; 2 wrong arguments, or something to install is missing; 130 interrupted.`;

const OPTIONS = {
  list: { type: "boolean" },
  jobs: { type: "string", default: "2" },
  kernel: { type: "string", default: "backports" },
  refresh: { type: "boolean", default: false },
  shell: { type: "boolean" },
  keep: { type: "string" },
  help: { type: "boolean" },
} as const;

const started = performance.now();
const print: Progress = (line) => console.log(line);
/** What a signal to this process ends: the machine must not outlive it. */
const interruption = new AbortController();
const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** Something in the arguments is wrong. */
class UsageError extends Error {}

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parse(args);
  if (values.help) return print(USAGE), 0;
  if (values.list) {
    for (const { name, about, oracle, long } of suites) {
      print(`${name.padEnd(16)} ${about}${oracle || long ? " (by name only)" : ""}`);
    }
    return 0;
  }
  const kernel = values.kernel;
  if (kernel !== "backports" && kernel !== "stable") throw new UsageError(`no kernel ${kernel}`);
  if (!/^[1-9]\d?$/.test(values.jobs)) throw new UsageError(`${values.jobs} jobs?`);
  const chosen = choose(positionals);
  requireTools("qemu-system-x86_64", "mke2fs", "tar");
  const options = { kernel, refresh: values.refresh } as const;
  if (values.shell) return await openShell(chosen, options);

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => interruption.abort());
  }
  await typeCheck(chosen);
  const total: Verdict = { passed: 0, ignored: 0, failures: [] };
  const refreshed = new Set<boolean>();
  const waiting = [...chosen];
  const worker = async () => {
    for (let suite = waiting.shift(); suite !== undefined; suite = waiting.shift()) {
      if (interruption.signal.aborted) return;
      const oracle = suite.oracle === true;
      const refresh = values.refresh && !refreshed.has(oracle);
      refreshed.add(oracle);
      const verdict = await runSuite(suite, { kernel, refresh }, values.keep);
      total.passed += verdict.passed;
      total.ignored += verdict.ignored;
      total.failures.push(...verdict.failures);
    }
  };
  await Promise.all(Array.from({ length: Number(values.jobs) }, worker));
  if (interruption.signal.aborted) return print("interrupted"), 130;
  if (total.failures.length > 0) {
    print(`\nfailures:\n${total.failures.map((name) => `  ${name}`).join("\n")}`);
  }
  const ignored = total.ignored === 0 ? "" : `, ${total.ignored} ignored`;
  print(`\n${total.passed} passed, ${total.failures.length} failed${ignored} (${seconds(started)})`);
  return total.failures.length === 0 ? 0 : 1;
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function choose(names: readonly string[]): Suite[] {
  if (names.length === 0) return suites.filter(({ oracle, long }) => !oracle && !long);
  return names.flatMap((wanted) => {
    const found = suites.filter(({ name }) => name === wanted || name.startsWith(`${wanted}/`));
    if (found.length === 0) {
      throw new UsageError(`no suite ${wanted}; there are ${suites.map(({ name }) => name).join(", ")}`);
    }
    return found;
  });
}

function cacheFolder(): string {
  return `${Deno.env.get("XDG_CACHE_HOME") || `${Deno.env.get("HOME") ?? "."}/.cache`}/tynl/vm`;
}

async function runSuite(
  suite: Suite,
  options: Omit<ImageOptions, "oracle">,
  keep?: string,
): Promise<Verdict> {
  const disk = await image({ ...options, oracle: suite.oracle === true }, cacheFolder(), print);
  const output = keep === undefined
    ? await Deno.makeTempDir({ prefix: `tynl-vm-${suite.name.replace("/", "-")}-` })
    : `${keep}/${suite.name.replace("/", "-")}`;
  await Deno.mkdir(output, { recursive: true });
  const payload = await makePayload(suite);
  try {
    print(`${suite.name}: begins: ${suite.about} (Linux ${disk.version})`);
    const { signal } = interruption;
    const run = await boot({
      image: disk,
      payload,
      output,
      limit: suite.limit,
      signal,
      onLine: teller(suite),
    });
    const verdict = judge(
      suite,
      run,
      ["console.log", "dmesg.log"].map((name) => readLog(`${output}/${name}`)),
    );
    for (const failure of verdict.failures) if (failure.startsWith("(")) print(`FAILED ${failure}`);
    const up = run.ready === undefined ? "never up" : `up after ${run.ready.toFixed(1)} s`;
    print(
      `${suite.name}: ${verdict.passed} passed, ${verdict.failures.length} failed (${
        run.took.toFixed(1)
      } s, ${up})`,
    );
    if (verdict.failures.length > 0 || keep !== undefined) print(`logs: ${output}`);
    else await Deno.remove(output, { recursive: true });
    return verdict;
  } finally {
    await Deno.remove(payload, { recursive: true });
  }
}

/** Prints lines of a report: results in words and with the time since the one before, explanations as they are. */
function teller({ name: suite }: Suite): (line: string) => void {
  let since = performance.now();
  return (line) => {
    const result = parseResult(line);
    if (result !== undefined) {
      const outcome = result.outcome === "passed" ? "ok" : result.outcome;
      print(`${suite}: ${result.name} ... ${outcome} (${seconds(since)})`);
      since = performance.now();
    } else if (!/^(1\.\.\d+|TAP version \d+|# (ready|exit|Subtest:) .*|# \.\/.*)$/.test(line)) {
      print(`${suite}: ${line}`);
    }
  };
}

function readLog(path: string): string {
  try {
    return new TextDecoder().decode(Deno.readFileSync(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

async function openShell(
  [suite, ...others]: Suite[],
  options: Omit<ImageOptions, "oracle">,
): Promise<number> {
  if (suite === undefined || others.length > 0) throw new UsageError("--shell needs one suite");
  const disk = await image({ ...options, oracle: suite.oracle === true }, cacheFolder(), print);
  const payload = await makePayload(suite);
  try {
    await shell(disk, payload);
  } finally {
    await Deno.remove(payload, { recursive: true });
  }
  return 0;
}

try {
  Deno.exitCode = await main(Deno.args);
} catch (error) {
  if (error instanceof UsageError) console.error(`${error.message}\n\n${USAGE}`);
  else if (error instanceof UnavailableError || error instanceof PayloadError) console.error(error.message);
  else throw error;
  Deno.exitCode = error instanceof PayloadError ? 1 : 2;
}
