/** What this process may leave behind. @module */
import { checked, openLibc } from "./libc.ts";

/** Options of linux/prctl.h. */
const PR_GET_DUMPABLE = 3, PR_SET_DUMPABLE = 4;

/** prctl(2) takes longs after its first argument, by their registers. */
const symbols = {
  prctl: { parameters: ["i32", "usize", "usize", "usize", "usize"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** prctl(2) of an option with one argument. */
function prctl(option: number, argument: bigint): number {
  return checked("prctl", openLibc(symbols).prctl(option, argument, 0n, 0n, 0n));
}

/**
 * Whether this process may dump core and be traced by others of its user (PR_SET_DUMPABLE of prctl(2)). A process that
 * holds secrets says no. Without it, the files of /proc/self belong to root. Throws `SystemError`.
 */
export function setDumpable(allowed: boolean): void {
  prctl(PR_SET_DUMPABLE, allowed ? 1n : 0n);
}

/** Whether this process dumps core for its user. Throws `SystemError`. */
export function isDumpable(): boolean {
  return prctl(PR_GET_DUMPABLE, 0n) === 1;
}
