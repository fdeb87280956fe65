#!/usr/bin/env -S deno run --allow-read --allow-write
/**
 * The `tynl` command. Every subcommand is a file of its own, loaded when it is asked for.
 *
 * @module
 */

/** Runs a subcommand; the result is its exit status. */
type Subcommand = (args: string[]) => Promise<number>;

const SUBCOMMANDS: Record<string, { about: string; load: () => Promise<Subcommand> }> = {
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
  demo: {
    about: "show typed messages, and what the running kernel answers",
    load: async () => (await import("./demo.ts")).demo,
  },
};

function help(): string {
  const width = Math.max(...Object.keys(SUBCOMMANDS).map((name) => name.length));
  const lines = Object.entries(SUBCOMMANDS).map(([name, { about }]) => `  ${name.padEnd(width)}  ${about}`);
  return `Usage: tynl SUBCOMMAND [OPTION ...]\n\n${
    lines.join("\n")
  }\n\n\`tynl SUBCOMMAND --help\` tells more.\n`;
}

/** Runs the command; the result is its exit status. */
export async function main(args: string[]): Promise<number> {
  const [name = "--help", ...rest] = args;
  if (name === "--help" || name === "-h" || name === "help") {
    console.log(help().trimEnd());
    return args.length === 0 ? 2 : 0;
  }
  const subcommand = Object.hasOwn(SUBCOMMANDS, name) ? SUBCOMMANDS[name] : undefined;
  if (subcommand === undefined) {
    console.error(`tynl: there is no subcommand "${name}"; \`tynl --help\` lists them`);
    return 2;
  }
  return await (await subcommand.load())(rest);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
