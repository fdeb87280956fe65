/** The daemon: from a configuration to an agent that runs until it is told to stop. @module */
import { type Agent, type AgentOptions, createAgent } from "../../runtime/handshake/mod.ts";
import { Failure } from "../failure.ts";
import type { Io } from "../io.ts";
import { ConfigError, type LogFormat, type TlshdConfig } from "./config.ts";
import { entryOf } from "./entries.ts";
import { FileError } from "./files.ts";
import { Log, type LogOptions, type Sink } from "./log.ts";
import { loadConfig, loadPolicy, type Report } from "./policy.ts";
import { hasSyslog, standardError, syslog } from "./sinks.ts";

/** What the command line says. */
export interface ServeOptions {
  /** Configuration files: the first that is there counts. */
  readonly paths: readonly string[];
  /** Whether the log also goes to standard error. */
  readonly stderr: boolean;
  /** Format of the log, whatever the configuration says. */
  readonly logFormat?: LogFormat;
}

/** Parts of the kernel that tests replace. */
export type Parts = Pick<AgentOptions, "transport" | "keys" | "records" | "connections">;

/** Signals that reload the configuration, and that end the daemon; those of tlshd. */
const RELOAD = ["SIGHUP", "SIGUSR1"] as const, STOP = ["SIGTERM", "SIGINT"] as const;

/** Opens the log. */
function logOptions(
  config: TlshdConfig,
  options: ServeOptions,
  io: Io,
  toSyslog: Sink | undefined,
): LogOptions {
  const format = options.logFormat ?? config.logFormat ?? "text";
  const journal = Deno.env.get("JOURNAL_STREAM") !== undefined;
  const toStderr = standardError((line) => io.err(line), journal, format === "json");
  const sinks = [
    // To the journal by both ways, each line would be there twice.
    ...toSyslog === undefined || (options.stderr && journal) ? [] : [toSyslog],
    // A log that goes nowhere helps nobody.
    ...options.stderr || toSyslog === undefined ? [toStderr] : [],
  ];
  return { format, level: config.logLevel ?? (config.debugLevel > 0 ? "debug" : "info"), sinks };
}

/** A running daemon. */
class Daemon {
  readonly #options: ServeOptions;
  readonly #io: Io;
  readonly #abort = new AbortController();
  readonly #syslog: Sink | undefined = hasSyslog() ? syslog() : undefined;
  readonly #log: Log;
  readonly #agent: Agent;
  #stopping = false;

  constructor(options: ServeOptions, io: Io, parts: Parts) {
    this.#options = options;
    this.#io = io;
    const { config, reports } = loadConfig(options.paths);
    this.#log = new Log(logOptions(config, options, io, this.#syslog));
    this.#tell(reports);
    const loaded = loadPolicy(config);
    this.#tell(loaded.reports);
    this.#agent = createAgent({
      ...parts,
      policy: loaded.policy,
      limits: loaded.limits,
      onEvent: (event) => this.#log.write(entryOf(event)),
    });
  }

  #tell(reports: readonly Report[]): void {
    for (const { level, text } of reports) this.#log.write({ level, event: "config", text });
  }

  /** Serves until a signal, or until the agent cannot go on: the exit status. */
  async run(): Promise<number> {
    const reload = () => this.#reload();
    const stop = () => this.#stop();
    for (const signal of RELOAD) Deno.addSignalListener(signal, reload);
    for (const signal of STOP) Deno.addSignalListener(signal, stop);
    try {
      await this.#agent.run(this.#abort.signal);
      return this.#abort.signal.aborted ? 1 : 0;
    } catch (error) {
      this.#log.write({ level: "error", event: "failed", text: (error as Error).message });
      return 1;
    } finally {
      for (const signal of RELOAD) Deno.removeSignalListener(signal, reload);
      for (const signal of STOP) Deno.removeSignalListener(signal, stop);
    }
  }

  /** The first signal lets requests finish, the second does not. */
  #stop(): void {
    if (this.#stopping) this.#abort.abort();
    this.#stopping = true;
    void this.#agent.drain();
  }

  /** Reads the configuration anew. One that cannot be used changes nothing. */
  #reload(): void {
    try {
      const { config, reports } = loadConfig(this.#options.paths);
      this.#log.options = logOptions(config, this.#options, this.#io, this.#syslog);
      this.#tell(reports);
      const { policy, limits, reports: more } = loadPolicy(config);
      this.#tell(more);
      this.#agent.reload({ policy, limits });
    } catch (error) {
      if (!isConfigError(error)) throw error;
      this.#log.write({ level: "error", event: "config", text: `nothing is changed: ${error.message}` });
    }
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
