/**
 * Measures tynl against the kernel's own tools; see README.md.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { CannotMeasure } from "./measure.ts";
import { checkTree, fetchTree } from "./kernel_tree.ts";
import { enterNamespace } from "./routes.ts";

const USAGE = `Usage: bench [generate] [decode] [dump] [oneshot] [tls] [OPTION ...]

  generate       generating code for all families, against ynl_gen_c.py
  decode         decoding a dump of 10,000 routes, against receiving it in C
  dump           that dump from request to objects, against C, the ynl C library and pyynl
  oneshot        the command from start to end, against the kernel's ynl
  tls            what a TLS 1.3 handshake costs each side, and how many a second, against Deno's node:tls
Without any of these, all.

  --kernel DIR   Linux 7.3 source tree, for the kernel's own tools
  --fetch        use that of Debian's package linux-source-7.3, downloaded once (150 MB)
  --rounds N     how often everything is measured (generate 5, decode 15, dump 9, oneshot 15, tls 9)
  --help         this text

Exit status: 0 measured, 1 a target was missed, 2 something could not be measured.`;

const BENCHES = ["generate", "decode", "dump", "oneshot", "tls"] as const;
type Bench = (typeof BENCHES)[number];
const ROUNDS: Record<Bench, number> = { generate: 5, decode: 15, dump: 9, oneshot: 15, tls: 9 };

async function measure(bench: Bench, rounds: number, kernel: string | undefined): Promise<boolean> {
  switch (bench) {
    case "generate":
      return await (await import("./generate.ts")).benchGenerate({ kernel, rounds });
    case "decode":
      return await (await import("./decode.ts")).benchDecode(rounds);
    case "dump":
      return await (await import("./dump.ts")).benchDump({ kernel, rounds });
    case "oneshot":
      return await (await import("./oneshot.ts")).benchOneshot({ kernel, rounds });
    case "tls":
      return await (await import("./tls.ts")).benchTls(rounds);
  }
}

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      kernel: { type: "string" },
      fetch: { type: "boolean", default: false },
      rounds: { type: "string" },
      inside: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const wanted = BENCHES.filter((bench) => positionals.length === 0 || positionals.includes(bench));
  const strange = positionals.find((name) => !wanted.some((bench) => bench === name));
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (strange !== undefined) throw new CannotMeasure(`there is no benchmark "${strange}"`);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0)) {
    throw new CannotMeasure(`--rounds takes a number, not "${values.rounds}"`);
  }
  const kernel = values.kernel !== undefined
    ? await checkTree(values.kernel)
    : values.fetch
    ? await fetchTree()
    : undefined;

  let status = 0;
  for (const [i, bench] of wanted.entries()) {
    if (i > 0) console.log();
    const times = rounds ?? ROUNDS[bench];
    if (bench === "generate" || bench === "oneshot" || bench === "tls" || values.inside) {
      if (!await measure(bench, times, kernel)) status = Math.max(status, 1);
    } else {
      const options = ["--rounds", `${times}`, ...(kernel === undefined ? [] : ["--kernel", kernel])];
      status = Math.max(status, await enterNamespace(import.meta.url, [bench, ...options]));
    }
  }
  return status;
}

function isExpected(error: unknown): error is Error {
  return error instanceof CannotMeasure ||
    (error instanceof TypeError && String((error as { code?: unknown }).code).startsWith("ERR_PARSE_ARGS"));
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args));
  } catch (error) {
    if (!isExpected(error)) throw error;
    console.error(`bench: ${error.message}`);
    Deno.exit(2);
  }
}
