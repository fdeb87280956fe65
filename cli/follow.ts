/** Follows events until somebody ends it. @module */
import type { Subscription } from "../runtime/netlink/mod.ts";

/** Seconds; timers count milliseconds in 31 bits. */
const LONGEST = (2 ** 31 - 1) / 1000;

/** Calls `each` with every event, until `seconds` are over, or SIGINT or SIGTERM comes. */
export async function follow<T>(
  events: Subscription<T>,
  seconds: number,
  each: (event: T) => void,
): Promise<void> {
  const stop = () => events.close();
  const signals = ["SIGINT", "SIGTERM"] as const;
  const timer = seconds <= LONGEST ? setTimeout(stop, seconds * 1000) : undefined;
  for (const signal of signals) Deno.addSignalListener(signal, stop);
  try {
    for await (const event of events) each(event);
  } finally {
    clearTimeout(timer);
    for (const signal of signals) Deno.removeSignalListener(signal, stop);
  }
}
