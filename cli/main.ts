#!/usr/bin/env -S deno run --allow-read --allow-write --allow-env --allow-ffi
/**
 * The `tynl` command. Every subcommand is a file of its own, loaded when it is asked for.
 *
 * @module
 */

/** Runs a subcommand; the result is its exit status. */
type Subcommand = (args: string[]) => Promise<number>;

/**
 * Subcommands, each with the function of the file that runs it. Not as literals in `import()`: Deno would read all of
 * them, and the libraries that they use, before the one that is asked for runs.
 */
const SUBCOMMANDS: Record<string, { about: string; file: string; run: string }> = {
  list: {
    about: "list the netlink families, and which of them the running kernel has",
    file: "./list.ts",
    run: "list",
  },
  show: {
    about: "show a family, or one of its operations with attributes, limits and enums",
    file: "./show.ts",
    run: "show",
  },
  do: {
    about: "make a request, and print the reply",
    file: "./request.ts",
    run: "doRequest",
  },
  dump: {
    about: "get a list, and print it",
    file: "./request.ts",
    run: "dumpRequest",
  },
  policy: {
    about: "show what the running kernel accepts",
    file: "./policy.ts",
    run: "policy",
  },
  monitor: {
    about: "print events as they come",
    file: "./monitor.ts",
    run: "monitor",
  },
  decode: {
    about: "show the netlink messages of a capture: pcap, strace, hex",
    file: "./decode.ts",
    run: "decode",
  },
  tlshd: {
    about: "serve the kernel's TLS handshakes and new keys, in the place of tlshd",
    file: "./tlshd.ts",
    run: "tlshd",
  },
  generate: {
    about: "write typed TypeScript, or C headers, from netlink specs",
    file: "./generate.ts",
    run: "generate",
  },
  "import-specs": {
    about: "bring the specs of a Linux kernel into specs/, reduced to their facts",
    file: "./import_specs.ts",
    run: "importSpecs",
  },
  "compare-uapi": {
    about: "compare generated C headers with the kernel's own, byte for byte",
    file: "./compare_uapi.ts",
    run: "compareUapi",
  },
  drift: {
    about: "hold specs against generated code, other specs, C headers or the running kernel",
    file: "./drift.ts",
    run: "drift",
  },
  ynl: {
    about: "what the kernel's ynl command does, with its options; they may also stand alone",
    file: "./ynl.ts",
    run: "ynl",
  },
  completion: {
    about: "print what makes bash, zsh or fish complete all this",
    file: "./completion.ts",
    run: "completion",
  },
  demo: {
    about: "show typed messages, and what the running kernel answers",
    file: "./demo.ts",
    run: "demo",
  },
};

/** Names of all subcommands, for completion. */
export function subcommandNames(): string[] {
  return Object.keys(SUBCOMMANDS);
}

/** What `tynl --help` prints. */
export function helpText(): string {
  const width = Math.max(...Object.keys(SUBCOMMANDS).map((name) => name.length));
  const lines = Object.entries(SUBCOMMANDS).map(([name, { about }]) => `  ${name.padEnd(width)}  ${about}`);
  return `Usage: tynl SUBCOMMAND [OPTION ...]\n\n${
    lines.join("\n")
  }\n\n\`tynl SUBCOMMAND --help\` tells more.`;
}

/** Runs the command; the result is its exit status. */
export async function main(args: string[]): Promise<number> {
  const [name = "--help", ...rest] = args;
  if (name === "--help" || name === "-h" || name === "help") {
    console.log(helpText());
    return args.length === 0 ? 2 : 0;
  }
  // A drop-in: an alias or a link named ynl is enough.
  if (name.startsWith("--")) return await run(SUBCOMMANDS["ynl"]!, args);
  const subcommand = Object.hasOwn(SUBCOMMANDS, name) ? SUBCOMMANDS[name] : undefined;
  if (subcommand === undefined) {
    const { suggest } = await import("../runtime/wire/errors.ts");
    const near = suggest(name, subcommandNames());
    const help = near === undefined ? "`tynl --help` lists them" : `did you mean "${near}"?`;
    console.error(`tynl: there is no subcommand "${name}"; ${help}`);
    return 2;
  }
  return await run(subcommand, rest);
}

async function run({ file, run }: { file: string; run: string }, args: string[]): Promise<number> {
  const { [run]: subcommand } = await import(file) as Record<string, Subcommand>;
  if (subcommand === undefined) throw new TypeError(`${file} has no ${run}`);
  return await subcommand(args);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
