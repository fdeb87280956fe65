/** Which request is worked on when. @module */

/** Something to be done before a moment. */
export interface Job {
  /** When it is due, on the clock of the schedule's owner. */
  readonly due: number;
  /** Does it; never throws. */
  readonly run: () => Promise<void>;
}

/** Runs a number of jobs at a time; of those that wait, the one that is due first goes first. */
export class Schedule {
  readonly #waiting: Job[] = [];
  readonly #idle: (() => void)[] = [];
  #active = 0;
  /** Jobs at a time. */
  concurrency: number;
  /** Called whenever a job is over. */
  onFree: () => void = () => {};

  /** `concurrency`: jobs at a time. */
  constructor(concurrency: number) {
    this.concurrency = concurrency;
  }

  /** Jobs under way. */
  get active(): number {
    return this.#active;
  }

  /** Jobs that wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Adds a job, and starts it if there is room. */
  add(due: number, run: () => Promise<void>): Job {
    const job = { due, run };
    const later = this.#waiting.findIndex((other) => other.due > due);
    this.#waiting.splice(later < 0 ? this.#waiting.length : later, 0, job);
    this.#fill();
    return job;
  }

  /** Starts a job at once if it still waits. */
  hasten(job: Job): void {
    const at = this.#waiting.indexOf(job);
    if (at < 0) return;
    this.#waiting.splice(at, 1);
    this.start(job.run);
  }

  /** Starts a job at once, however many there are. */
  start(run: () => Promise<void>): void {
    this.#active++;
    run().finally(() => {
      this.#active--;
      this.#fill();
      this.onFree();
      if (this.#active === 0 && this.#waiting.length === 0) {
        for (const wake of this.#idle.splice(0)) wake();
      }
    });
  }

  #fill(): void {
    while (this.#active < this.concurrency && this.#waiting.length > 0) {
      this.start(this.#waiting.shift()!.run);
    }
  }

  /** Waits until nothing is left to do. */
  async idle(): Promise<void> {
    while (this.#active > 0 || this.#waiting.length > 0) {
      await new Promise<void>((resolve) => this.#idle.push(resolve));
    }
  }
}
