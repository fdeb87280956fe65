/** How much an agent may do, and for how long. @module */
import type { AgentLimits } from "./types.ts";

const defaults: Required<AgentLimits> = {
  concurrency: 64,
  waiting: 256,
  deadline: 10_000,
  sessions: 1024,
  keyUpdates: 16,
};

/** Limits, with what is left out. Throws a RangeError: whole numbers from 1 on, and times that a timer can measure. */
export function checkLimits(limits: AgentLimits): Required<AgentLimits> {
  for (const [name, value] of Object.entries(limits)) {
    if (!(Number.isSafeInteger(value) && value >= 1 && value < 2 ** 31)) {
      throw new RangeError(`limits.${name} is a whole number from 1 to 2147483647, not ${value}`);
    }
  }
  return { ...defaults, ...limits };
}

/** Most milliseconds that a report comes before the consumer gives up. */
const mostMargin = 500;

/**
 * Milliseconds for a request. A report must come before the consumer gives up: one that came too late is ignored, and
 * consumers are known to take badly to none at all.
 */
export function deadlineOf(timeout: number | undefined, { deadline }: Required<AgentLimits>): number {
  if (timeout === undefined) return deadline;
  return Math.min(deadline, timeout - Math.min(mostMargin, timeout / 10));
}
