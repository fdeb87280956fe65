/** Runs a subcommand in this process, with what it writes in memory and, if wanted, a fake kernel. @module */
import type { Io } from "../../cli/io.ts";
import type { Connector } from "../../runtime/netlink/mod.ts";
import type { SpecJson } from "../../runtime/wire/mod.ts";

/** How a subcommand ended. */
export interface Ran {
  code: number;
  /** Lines of results. */
  out: string[];
  /** Lines about what went wrong. */
  err: string[];
}

/** Runs a subcommand. */
export async function ran(
  subcommand: (args: string[], io: Io) => Promise<number>,
  args: string[],
  transport?: Connector,
): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await subcommand(args, {
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    width: 80,
    colour: false,
    ...(transport === undefined ? {} : { transport }),
  });
  return { code, out, err };
}

/** What was printed, read as JSON; 64-bit numbers lose digits here. */
export function parsed({ out }: Ran): SpecJson[] {
  return out.map((line) => JSON.parse(line) as SpecJson);
}

/** Live tests run where there are netlink sockets: for an ordinary user too. */
export const noNetlink: boolean = Deno.build.os !== "linux";
