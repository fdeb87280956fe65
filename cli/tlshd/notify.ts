/** Telling systemd how the daemon is: sd_notify(3), without its library. @module */
import { type Bytes, openLibc } from "../../runtime/posix/mod.ts";
import { DatagramTarget } from "./datagram.ts";

const symbols = {
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

const CLOCK_MONOTONIC = 1;

/** Microseconds of CLOCK_MONOTONIC, which systemd wants with RELOADING=1. */
function monotonicMicroseconds(): bigint {
  const time: Bytes = new Uint8Array(16);
  openLibc(symbols).clock_gettime(CLOCK_MONOTONIC, time);
  const view = new DataView(time.buffer);
  return view.getBigInt64(0, true) * 1_000_000n + view.getBigInt64(8, true) / 1000n;
}

/** What surrounds the daemon: variables that systemd sets. */
export type Variables = (name: string) => string | undefined;

/** Tells systemd; does nothing where it does not listen. */
export class Notifier implements Disposable {
  readonly #target: DatagramTarget | undefined;
  readonly #watchdog: ReturnType<typeof setInterval> | undefined;

  /** Reads NOTIFY_SOCKET, and WATCHDOG_USEC: then systemd is told twice in that time that events are served. */
  constructor(variables: Variables) {
    const path = variables("NOTIFY_SOCKET");
    if (path === undefined || path === "") return;
    this.#target = new DatagramTarget(path);
    const period = Number(variables("WATCHDOG_USEC"));
    const process = variables("WATCHDOG_PID");
    if (!(period >= 2000 && period < 2 ** 31 * 1000)) return;
    if (process !== undefined && Number(process) !== Deno.pid) return;
    this.#watchdog = setInterval(() => this.#send("WATCHDOG=1"), period / 2000);
  }

  #send(...lines: string[]): void {
    this.#target?.send(new TextEncoder().encode(lines.join("\n")));
  }

  /** The daemon serves. `status`: a line for people. */
  ready(status: string): void {
    // A line of its own would be another message.
    this.#send("READY=1", `STATUS=${status.replaceAll(/\p{Cc}/gu, " ")}`);
  }

  /** The configuration is read anew; {@linkcode Notifier.ready} follows. */
  reloading(): void {
    if (this.#target !== undefined) this.#send("RELOADING=1", `MONOTONIC_USEC=${monotonicMicroseconds()}`);
  }

  /** The daemon ends. */
  stopping(): void {
    this.#send("STOPPING=1");
  }

  /** Closes the socket. */
  [Symbol.dispose](): void {
    clearInterval(this.#watchdog);
    this.#target?.[Symbol.dispose]();
  }
}
