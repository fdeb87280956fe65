#!/usr/bin/env -S deno run --allow-read --allow-write --allow-env --allow-ffi
/**
 * The `tynl` command. Every subcommand is a file of its own, loaded when it is asked for.
 *
 * @module
 */

/** Runs a subcommand; the result is its exit status. */
type Subcommand = (args: string[]) => Promise<number>;

const SUBCOMMANDS: Record<string, { about: string; load: () => Promise<Subcommand> }> = {
  list: {
    about: "list the netlink families, and which of them the running kernel has",
    load: async () => (await import("./list.ts")).list,
  },
  show: {
    about: "show a family, or one of its operations with attributes, limits and enums",
    load: async () => (await import("./show.ts")).show,
  },
  do: {
    about: "make a request, and print the reply",
    load: async () => (await import("./request.ts")).doRequest,
  },
  dump: {
    about: "get a list, and print it",
    load: async () => (await import("./request.ts")).dumpRequest,
  },
  policy: {
    about: "show what the running kernel accepts",
    load: async () => (await import("./policy.ts")).policy,
  },
  monitor: {
    about: "print events as they come",
    load: async () => (await import("./monitor.ts")).monitor,
  },
  decode: {
    about: "show the netlink messages of a capture: pcap, strace, hex",
    load: async () => (await import("./decode.ts")).decode,
  },
  generate: {
    about: "write typed TypeScript, or C headers, from netlink specs",
    load: async () => (await import("./generate.ts")).generate,
  },
  "import-specs": {
    about: "bring the specs of a Linux kernel into specs/, reduced to their facts",
    load: async () => (await import("./import_specs.ts")).importSpecs,
  },
  "compare-uapi": {
    about: "compare generated C headers with the kernel's own, byte for byte",
    load: async () => (await import("./compare_uapi.ts")).compareUapi,
  },
  ynl: {
    about: "what the kernel's ynl command does, with its options; they may also stand alone",
    load: async () => (await import("./ynl.ts")).ynl,
  },
  completion: {
    about: "print what makes bash, zsh or fish complete all this",
    load: async () => (await import("./completion.ts")).completion,
  },
  demo: {
    about: "show typed messages, and what the running kernel answers",
    load: async () => (await import("./demo.ts")).demo,
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
  if (name.startsWith("--")) return await (await import("./ynl.ts")).ynl(args);
  const subcommand = Object.hasOwn(SUBCOMMANDS, name) ? SUBCOMMANDS[name] : undefined;
  if (subcommand === undefined) {
    const { suggest } = await import("../runtime/wire/errors.ts");
    const near = suggest(name, subcommandNames());
    const help = near === undefined ? "`tynl --help` lists them" : `did you mean "${near}"?`;
    console.error(`tynl: there is no subcommand "${name}"; ${help}`);
    return 2;
  }
  return await (await subcommand.load())(rest);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
