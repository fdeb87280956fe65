/**
 * Signals of the daemon, which are those of tlshd.
 *
 * SIGUSR1 needs care: for it, Deno opens a debugger on a port of this machine, whose users could then read and run
 * whatever they like in a process of root's that holds keys. No option turns that off, so the handler is replaced by
 * one of the C library that may run as a signal handler and takes a number: alarm(3). The number that it gets is that
 * of the signal, so that SIGALRM follows in ten seconds, and stands for it.
 *
 * @module
 */
import { openLibc } from "../../runtime/posix/mod.ts";

/** Numbers of asm-generic/signal.h, the same on x86-64 and aarch64, and SIG_IGN. */
const SIGUSR1 = 10, SIG_IGN = 1n;

/** What the signals stand for. */
export interface Handlers {
  /** SIGHUP, and SIGUSR1 ten seconds later. */
  readonly reload: () => void;
  /** SIGTERM and SIGINT. */
  readonly stop: () => void;
}

/** Address of a function of the C library, or SIG_IGN where it is not found: an older one has no dlsym. */
function addressOf(name: string): Deno.PointerValue {
  try {
    const { dlsym } = openLibc({ dlsym: { parameters: ["pointer", "buffer"], result: "pointer" } });
    const found = dlsym(null, new TextEncoder().encode(`${name}\0`));
    if (found !== null) return found;
  } catch {
    // As said.
  }
  return Deno.UnsafePointer.create(SIG_IGN);
}

/** Sees to it that SIGUSR1 opens no debugger, from now on. */
function disarmDebugger(): void {
  const { signal } = openLibc({ signal: { parameters: ["i32", "pointer"], result: "pointer" } });
  // Deno sets its handler once, half a second after its start or with the first listener: after this one, no more.
  const listener = () => {};
  Deno.addSignalListener("SIGUSR1", listener);
  signal(SIGUSR1, addressOf("alarm"));
}

/** Listens to signals until it is disposed of; SIGUSR1 stays without a debugger. */
export function listenToSignals({ reload, stop }: Handlers): Disposable {
  disarmDebugger();
  const listeners = [["SIGHUP", reload], ["SIGALRM", reload], ["SIGTERM", stop], ["SIGINT", stop]] as const;
  for (const [signal, listener] of listeners) Deno.addSignalListener(signal, listener);
  return {
    [Symbol.dispose]() {
      for (const [signal, listener] of listeners) Deno.removeSignalListener(signal, listener);
    },
  };
}
