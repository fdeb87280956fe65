/** The daemon: from a configuration to an agent that runs until it is told to stop. @module */
import {
  type Agent,
  type AgentEvent,
  type AgentOptions,
  createAgent,
  type DecisionEvent,
} from "../../runtime/handshake/mod.ts";
import { setDumpable } from "../../runtime/posix/mod.ts";
import { Failure } from "../failure.ts";
import type { Io } from "../io.ts";
import { ConfigError, type LogFormat } from "./config.ts";
import { entryOf } from "./entries.ts";
import { FileError } from "./files.ts";
import { keyLog } from "./key_log.ts";
import { type Entry, Log } from "./log.ts";
import { processes } from "./machine.ts";
import { type Recorder, recorder } from "./metrics.ts";
import { Notifier } from "./notify.ts";
import { configuredFiles, loadConfig, type LoadedConfig, type LoadedPolicy, loadPolicy } from "./policy.ts";
import { listenToSignals } from "./signals.ts";
import { logOptions } from "./sinks.ts";
import { type StatusReport, StatusSocket } from "./status.ts";
import { FileWatch } from "./watch.ts";

/** What the command line says. */
export interface ServeOptions {
  /** Configuration files: the first that is there counts. */
  readonly paths: readonly string[];
  /** Whether the log also goes to standard error. */
  readonly stderr: boolean;
  /** Format of the log, whatever the configuration says. */
  readonly logFormat?: LogFormat;
  /** Version of tynl. */
  readonly version: string;
}

/** Parts of the kernel, and times, that tests replace. */
export interface Parts
  extends Pick<AgentOptions, "transport" | "keys" | "records" | "connections" | "clock"> {
  /** Milliseconds between two looks at the configured files. */
  readonly watchPeriod?: number;
}

/** What is in force. */
interface InForce extends LoadedConfig, LoadedPolicy {
  readonly loaded: Date;
}

/** A running daemon. */
class Daemon {
  readonly #options: ServeOptions;
  readonly #io: Io;
  readonly #since = new Date();
  readonly #abort = new AbortController();
  readonly #decisions = new Map<string, DecisionEvent>();
  readonly #log: Log;
  readonly #keyLog: ((line: string) => void) | undefined;
  readonly #agent: Agent;
  readonly #watch = new FileWatch();
  readonly #watchPeriod: number | undefined;
  readonly #notifier = new Notifier((name) => Deno.env.get(name));
  readonly #recorder: Recorder | undefined;
  #inForce: InForce;
  #stopping = false;

  constructor(options: ServeOptions, io: Io, { watchPeriod, ...parts }: Parts) {
    this.#options = options;
    this.#io = io;
    const read = loadConfig(options.paths);
    const { config } = read;
    this.#log = new Log(logOptions(config, options, io));
    this.#log.write({
      level: "notice",
      event: "starting",
      fields: { version: options.version, pid: Deno.pid, config: config.path },
    });
    this.#watchPeriod = watchPeriod;
    // Before the first key is read.
    setDumpable(config.coreDumps);
    const keyLogFile = Deno.env.get("SSLKEYLOGFILE");
    if (keyLogFile !== undefined) this.#keyLog = keyLog(keyLogFile);
    this.#inForce = this.#load(read);
    this.#tell(this.#inForce);
    if (keyLogFile !== undefined) this.#write("warning", "config", `secrets are written to ${keyLogFile}`);
    this.#agent = createAgent({
      ...parts,
      ...this.#told(this.#inForce),
      onEvent: (event) => this.#take(event),
    });
    this.#recorder = recorder(() => this.#agent.status());
  }

  #write(level: Entry["level"], event: string, text: string): void {
    this.#log.write({ level, event, text });
  }

  /** Loads the files of a configuration, which are watched from now on. */
  #load(read: LoadedConfig): InForce {
    this.#watch.watch(configuredFiles(read.config));
    const policy = loadPolicy(read.config);
    return { ...read, ...policy, reports: [...read.reports, ...policy.reports], loaded: new Date() };
  }

  #tell({ reports }: InForce): void {
    for (const { level, text } of reports) this.#write(level, "config", text);
  }

  /** What the agent is told of it. */
  #told({ policy, limits }: InForce): Pick<AgentOptions, "policy" | "limits"> {
    return { policy: this.#keyLog === undefined ? policy : { ...policy, keyLog: this.#keyLog }, limits };
  }

  #take(event: AgentEvent): void {
    this.#log.write(entryOf(event));
    this.#recorder?.(event);
    if (event.type === "started") this.#ready();
    else if (event.type === "decision") this.#decisions.set(`${event.about} ${event.subject}`, event);
  }

  #ready(): void {
    const { config, faults } = this.#inForce;
    this.#notifier.ready(
      `serving by ${config.path}${faults === 0 ? "" : `, ${faults} of its files not in force`}`,
    );
  }

  /** Serves until a signal, or until the agent cannot go on: the exit status. */
  async run(): Promise<number> {
    const reload = () => this.#reload();
    const signals = listenToSignals({ reload, stop: () => this.#stop() });
    for (const pid of processes("tlshd")) {
      this.#write(
        "warning",
        "rival",
        `tlshd runs too, as process ${pid}: each takes requests from the other`,
      );
    }
    this.#watch.start(reload, this.#watchPeriod);
    const status = await this.#serveStatus();
    try {
      await this.#agent.run(this.#abort.signal);
      return this.#abort.signal.aborted ? 1 : 0;
    } catch (error) {
      this.#write("error", "failed", (error as Error).message);
      return 1;
    } finally {
      status?.[Symbol.dispose]();
      signals[Symbol.dispose]();
      this.#watch[Symbol.dispose]();
      this.#notifier[Symbol.dispose]();
    }
  }

  async #serveStatus(): Promise<StatusSocket | undefined> {
    try {
      return await StatusSocket.listen(this.#inForce.config.statusSocket, () => this.#status());
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#write("warning", "status", error.message);
      return undefined;
    }
  }

  #status(): StatusReport {
    const { keyUpdates, ...status } = this.#agent.status();
    const { config, loaded, faults } = this.#inForce;
    return {
      version: this.#options.version,
      pid: Deno.pid,
      since: this.#since.toISOString(),
      config: { path: config.path, loaded: loaded.toISOString(), faults },
      ...status,
      keyUpdates: keyUpdates ?? null,
      decisions: [...this.#decisions.values()].map(({ about, available, text }) => ({
        about,
        available,
        text,
      })),
    };
  }

  /** The first signal lets requests finish, the second does not. */
  #stop(): void {
    if (this.#stopping) {
      this.#write("warning", "aborted", "a second signal: what is under way is given up");
      this.#abort.abort();
    }
    this.#stopping = true;
    this.#notifier.stopping();
    void this.#agent.drain();
  }

  /** Reads configuration and files anew. What cannot be used changes nothing. */
  #reload(): void {
    this.#notifier.reloading();
    try {
      const next = this.#load(loadConfig(this.#options.paths));
      this.#log.options = logOptions(next.config, this.#options, this.#io);
      this.#tell(next);
      if (next.faults > this.#inForce.faults) {
        this.#write(
          "error",
          "config",
          "nothing is changed: files that were in force cannot be loaded any more",
        );
      } else {
        this.#adopt(next);
      }
    } catch (error) {
      // Whatever it is: what is in force stays so.
      this.#write("error", "config", `nothing is changed: ${(error as Error).message}`);
    }
    this.#ready();
  }

  #adopt(next: InForce): void {
    if (next.config.statusSocket !== this.#inForce.config.statusSocket) {
      this.#write(
        "warning",
        "config",
        `${next.config.path}: [tynl] status_socket counts from the next start on`,
      );
    }
    this.#inForce = next;
    setDumpable(next.config.coreDumps);
    this.#agent.reload(this.#told(next));
  }
}

function isConfigError(error: unknown): error is Error {
  return error instanceof FileError || error instanceof ConfigError;
}

/** Runs the daemon; the result is its exit status. Throws a `Failure` if the configuration cannot be used. */
export async function serve(options: ServeOptions, io: Io, parts: Parts): Promise<number> {
  let daemon: Daemon;
  try {
    daemon = new Daemon(options, io, parts);
  } catch (error) {
    if (isConfigError(error)) throw new Failure(error.message);
    throw error;
  }
  return await daemon.run();
}
