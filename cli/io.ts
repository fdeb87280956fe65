/** Where a subcommand writes, and which kernel it asks; tests give their own. @module */
import type { Connector } from "../runtime/netlink/mod.ts";

/** The surroundings of a subcommand. */
export interface Io {
  /** Writes a line of results. */
  out(line: string): void;
  /** Writes a line about what went wrong. */
  err(line: string): void;
  /** Columns that text is made for. */
  readonly width: number;
  /** Whether results may be coloured. */
  readonly colour: boolean;
  /** Where sockets come from; the running kernel unless set. */
  readonly transport?: Connector;
}

/** Nobody reads the results any more, as in `tynl … | head -1`. No fault: the subcommand just ends. */
export class OutputClosed extends Error {
  /** Always `OutputClosed`. */
  override readonly name = "OutputClosed";
}

function write(stream: { writeSync(bytes: Uint8Array): number }, line: string): void {
  let bytes: Uint8Array = new TextEncoder().encode(`${line}\n`);
  try {
    while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) throw new OutputClosed();
    throw error;
  }
}

function columns(): number {
  try {
    return Math.max(40, Deno.consoleSize().columns);
  } catch {
    return 80;
  }
}

/** Standard output and standard error. */
export function standardIo(): Io {
  const terminal = Deno.stdout.isTerminal();
  return {
    out: (line) => write(Deno.stdout, line),
    err: (line) => write(Deno.stderr, line),
    width: terminal ? columns() : 80,
    colour: terminal && !Deno.noColor,
  };
}
