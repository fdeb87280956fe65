/**
 * Files that change under the daemon: certificates are renewed by programs that know of no signal. They are looked at
 * now and then rather than watched, because they are often behind symbolic links, and replaced as a whole.
 *
 * @module
 */

/** What tells a file's states apart. */
function stateOf(path: string): string {
  try {
    const { dev, ino, size, mtime, ctime } = Deno.statSync(path);
    return [dev, ino, size, mtime?.getTime(), ctime?.getTime()].join(" ");
  } catch (error) {
    return (error as Error).name;
  }
}

/** Milliseconds between two looks. */
const PERIOD = 10_000;

/** Looks at files. */
export class FileWatch implements Disposable {
  #timer: ReturnType<typeof setInterval> | undefined;
  #states: ReadonlyMap<string, string> = new Map();

  /** Takes files as they are now, in the place of those before. To be called before they are read. */
  watch(paths: Iterable<string>): void {
    this.#states = new Map([...paths].map((path) => [path, stateOf(path)]));
  }

  /** Calls `changed` from now on when a file is not as it was. `period`: milliseconds between two looks. */
  start(changed: () => void, period: number = PERIOD): void {
    this.#timer = setInterval(() => {
      const paths = [...this.#states.keys()];
      if (paths.every((path) => stateOf(path) === this.#states.get(path))) return;
      this.watch(paths);
      changed();
    }, period);
  }

  /** Looks no more. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
