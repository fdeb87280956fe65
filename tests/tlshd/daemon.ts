/** A daemon as a process of its own, on a fake kernel. @module */
import { until } from "../handshake/sockets.ts";

const here = new URL(".", import.meta.url).pathname;
const root = new URL("../../", import.meta.url).pathname;

/** What a request came to. */
export interface Outcome {
  readonly status: number;
  readonly remoteAuth: readonly number[];
  readonly sessionId?: number;
}

/** How a daemon is started. */
export interface DaemonOptions {
  /** Its configuration, but for the status socket, which is in the folder. */
  readonly config: string;
  /** Where its files are. */
  readonly folder: string;
  /** Arguments besides `-s -c`. */
  readonly args?: readonly string[];
  /** Variables. */
  readonly env?: { readonly [name: string]: string };
  /** Whether the kernel hands KeyUpdates up. */
  readonly keyUpdates?: boolean;
}

/** Collects the lines of a stream. */
async function collect(stream: ReadableStream<Uint8Array<ArrayBuffer>>, lines: string[]): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = `${rest}${text}`.split("\n");
    rest = parts.pop()!;
    lines.push(...parts);
  }
  if (rest !== "") lines.push(rest);
}

/** A running daemon. */
export class Daemon implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #read: Promise<unknown>;
  #ended = false;
  /** Lines of its log so far. */
  readonly log: string[] = [];
  /** Lines of outcomes so far. */
  readonly outcomes: string[] = [];
  /** Path of its configuration. */
  readonly config: string;

  /** Starts a daemon, and waits for nothing. */
  constructor({ config, folder, args = [], env = {}, keyUpdates = false }: DaemonOptions) {
    this.config = `${folder}/config`;
    Deno.writeTextFileSync(this.config, `${config}\n[tynl]\nstatus_socket=${folder}/status\n`);
    this.#process = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-check",
        "--allow-all",
        `${here}daemon_main.ts`,
        "-s",
        "-c",
        this.config,
        ...args,
      ],
      cwd: root,
      env: { NO_COLOR: "1", ...keyUpdates ? { FAKE_KEY_UPDATES: "1" } : {}, ...env },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#read = Promise.all([
      collect(this.#process.stdout, this.outcomes),
      collect(this.#process.stderr, this.log),
    ]);
    this.#process.status.then(() => this.#ended = true);
  }

  /** Starts a daemon, and waits until it serves. */
  static async start(options: DaemonOptions): Promise<Daemon> {
    const daemon = new Daemon(options);
    try {
      await daemon.line(/\bstarted\b/);
    } catch (error) {
      await daemon[Symbol.asyncDispose]();
      throw error;
    }
    return daemon;
  }

  /** Id of the process. */
  get pid(): number {
    return this.#process.pid;
  }

  /** Waits for a line of the log. `from`: how many lines not to look at. */
  async line(pattern: RegExp, from = 0): Promise<string> {
    const find = () => this.log.slice(from).find((line) => pattern.test(line));
    try {
      await until(`${pattern} is logged`, () => find() !== undefined || this.#ended);
      const found = find();
      if (found === undefined) throw new Error(`the daemon ended before ${pattern} was logged`);
      return found;
    } catch (error) {
      throw new Error(`${(error as Error).message}:\n${this.log.join("\n")}`);
    }
  }

  /** Lets the kernel make a request, and does not wait. */
  async request(request: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${request}\n`));
  }

  /** Lets the kernel make a request: what it came to, at each end. */
  async serve(request: string): Promise<Outcome[]> {
    const before = this.outcomes.length;
    await this.request(request);
    await until(`${request} is over`, () => this.outcomes.length > before || this.#ended);
    return JSON.parse(this.outcomes[before]!) as Outcome[];
  }

  /** Sends a signal. */
  signal(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }

  /** Waits for its end: the exit status. */
  async end(): Promise<number> {
    await until("the daemon ends", () => this.#ended);
    await this.#read;
    return (await this.#process.status).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.#process.kill("SIGKILL");
    await this.#process.status;
    await this.#read;
    await this.#input.abort().catch(() => {});
  }
}
