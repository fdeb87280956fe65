/** One after the other. @module */
import type { WaitOptions } from "./socket_io.ts";

/** Lets one in at a time, in the order in which they came. */
export class Lock {
  #held = false;
  readonly #waiting: (() => void)[] = [];

  /** Waits for its turn, and has it until {@linkcode Lock.release}. Throws the signal's reason, and has none then. */
  async acquire({ signal }: WaitOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    if (!this.#held) {
      this.#held = true;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const enter = () => {
        signal?.removeEventListener("abort", leave);
        resolve();
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(signal!.reason);
      };
      signal?.addEventListener("abort", leave, { once: true });
      this.#waiting.push(enter);
    });
  }

  /** Ends one's turn. */
  release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#held = false;
    else next();
  }
}
