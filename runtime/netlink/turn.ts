/**
 * Fairness to the event loop. Requests and dumps are answered without waiting, so a long series of them would keep
 * timers and other input from their turn.
 *
 * @module
 */

/** Time that requests may take of one turn of the event loop, in milliseconds. */
const SLICE = 2;

// A turn of setImmediate costs 2 µs, one of setTimeout 1 ms and more.
const schedule: (callback: () => void) => void = globalThis.setImmediate ??
  ((f: () => void) => setTimeout(f, 0));

/** When the first request of this turn was made; `undefined` if there was none. */
let begun: number | undefined;

/** Whether requests had their share of this turn, so that the next should wait for {@linkcode nextTurn}. */
export function turnIsOver(): boolean {
  const now = performance.now();
  if (begun !== undefined) return now - begun > SLICE;
  begun = now;
  schedule(() => begun = undefined);
  return false;
}

/** Lets timers and other input have their turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => schedule(resolve));
}
