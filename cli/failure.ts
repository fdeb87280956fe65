/** What ends a subcommand early, in a line and an exit status. @module */
import { type Io, OutputClosed } from "./io.ts";

/** The arguments are wrong. */
export class UsageError extends Error {
  /** Always `UsageError`. */
  override readonly name = "UsageError";
}

/** There is no family, operation or attribute of that name, or a value that is none. */
export class NameError extends Error {
  /** Always `NameError`. */
  override readonly name = "NameError";
}

/** Something cannot be done; the message says why. */
export class Failure extends Error {
  /** Always `Failure`. */
  override readonly name = "Failure";
}

/** Errors that say what a person needs to know. By name, so that a wrong option does not load the netlink client. */
const TOLD: ReadonlySet<string> = new Set([
  "BatchError",
  "ClosedError",
  "DumpInterruptedError",
  "Failure",
  "FamilyNotFoundError",
  "GroupNotFoundError",
  "NetlinkDecodeError",
  "NetlinkError",
  "NetlinkTimeoutError",
  "NotCapable",
  "OverrunError",
  "ProtocolError",
  "SystemError",
  "TruncatedError",
  "UnsupportedError",
]);

/** Wrong in what was written on the command line, as opposed to what came of it. */
const WRITTEN: ReadonlySet<string> = new Set(["NameError", "NetlinkEncodeError"]);

/**
 * Runs a subcommand; the result is its exit status. A wrong option is 2, a refusal of the kernel 1. Wrong names and
 * values are `names`: 2, or 1 where another command's habits are followed.
 */
export async function guarded(name: string, io: Io, run: () => Promise<number>, names = 2): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof OutputClosed) return 0;
    if (!(error instanceof Error)) throw error;
    const badOption = "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
    const status = error.name === "UsageError" || badOption
      ? 2
      : WRITTEN.has(error.name)
      ? names
      : TOLD.has(error.name)
      ? 1
      : undefined;
    if (status === undefined) throw error;
    // What follows the fault there is advice on another subject.
    const message = badOption ? error.message.replace(/\. .*$/s, "") : error.message;
    io.err(`${name}: ${message.replaceAll(/\s*\n\s*/g, " ")}`);
    return status;
  }
}
