/** What the running daemon tells of itself: one JSON object to whoever connects to its status socket. @module */
import type { AgentStatus, DecisionEvent } from "../../runtime/handshake/mod.ts";
import { Failure } from "../failure.ts";
import { escaped } from "./log.ts";

/** What the daemon tells. */
export interface StatusReport extends Omit<AgentStatus, "keyUpdates"> {
  /** Version of tynl. */
  readonly version: string;
  /** Id of the process. */
  readonly pid: number;
  /** When it was started, ISO 8601. */
  readonly since: string;
  /** The configuration in force. */
  readonly config: {
    /** Its path. */
    readonly path: string;
    /** When it was read, ISO 8601. */
    readonly loaded: string;
    /** How many of its files are not in force. */
    readonly faults: number;
  };
  /** Whether the kernel hands KeyUpdates up; `null` until the first request has come. */
  readonly keyUpdates: boolean | null;
  /** What was found out about this machine. */
  readonly decisions: readonly Pick<DecisionEvent, "about" | "available" | "text">[];
}

/** Milliseconds that either end waits for the other. */
const PATIENCE = 10_000;

/** Serves the status. */
export class StatusSocket implements Disposable {
  readonly #path: string;
  readonly #listener: Deno.UnixListener;

  private constructor(path: string, listener: Deno.UnixListener) {
    this.#path = path;
    this.#listener = listener;
  }

  /**
   * Listens where only this user may connect, and takes the place of a socket that nobody serves any more. Throws a
   * `Failure` that says why it cannot.
   */
  static async listen(path: string, report: () => StatusReport): Promise<StatusSocket> {
    // Nobody else may get at the socket, from the moment on that it is there.
    const umask = Deno.umask(0o077);
    try {
      makeFolder(path);
      await removeStale(path);
      const socket = new StatusSocket(path, Deno.listen({ transport: "unix", path }));
      void socket.#serve(report);
      return socket;
    } catch (error) {
      if (error instanceof Failure) throw error;
      throw new Failure(`${path}: ${(error as Error).message}`);
    } finally {
      Deno.umask(umask);
    }
  }

  async #serve(report: () => StatusReport): Promise<void> {
    try {
      // One after the other: a report fits into what the kernel takes at once.
      for await (const connection of this.#listener) await this.#answer(connection, JSON.stringify(report()));
    } catch {
      // Closed, or out of descriptors: the agent goes on without it.
    }
  }

  async #answer(connection: Deno.UnixConn, text: string): Promise<void> {
    const close = () => {
      try {
        connection.close();
      } catch {
        // Closed already.
      }
    };
    const timer = setTimeout(close, PATIENCE);
    try {
      const bytes = new TextEncoder().encode(`${text}\n`);
      for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
    } catch {
      // The reader went away.
    } finally {
      clearTimeout(timer);
      close();
    }
  }

  /** Stops listening, and removes the socket. */
  [Symbol.dispose](): void {
    this.#listener.close();
    try {
      Deno.removeSync(this.#path);
    } catch {
      // It is gone.
    }
  }
}

function folderOf(path: string): string {
  return path.replace(/\/[^/]*$/, "") || "/";
}

function makeFolder(path: string): void {
  const folder = folderOf(path);
  Deno.mkdirSync(folder, { recursive: true });
  const { uid, mode } = Deno.statSync(folder);
  if (uid !== 0 && uid !== Deno.uid() || ((mode ?? 0) & 0o022) !== 0) {
    throw new Failure(`${folder}: others may write into this folder, so the status is not served there`);
  }
}

async function removeStale(path: string): Promise<void> {
  const found = stat(path);
  if (found === undefined) return;
  if (found.isSocket !== true) throw new Failure(`${path}: there is something else than a socket`);
  try {
    (await Deno.connect({ transport: "unix", path })).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionRefused)) {
      throw new Failure(`${path}: belongs to another program: ${(error as Error).message}`);
    }
    return Deno.removeSync(path);
  }
  throw new Failure(`${path}: another agent serves its status there; does it run twice?`);
}

function stat(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch {
    return undefined;
  }
}

/** Most bytes of a report that are read. */
const LONGEST = 1024 * 1024;

/** Nobody serves a status socket: no daemon runs. */
export class NotServedError extends Failure {}

/** Asks the daemon. Throws a {@linkcode NotServedError} if none runs, and a `Failure` for any other reason. */
export async function readStatus(path: string): Promise<StatusReport> {
  const text = await readAll(path);
  if (text === "") throw new Failure(`the agent at ${path} does not answer`);
  try {
    return JSON.parse(text) as StatusReport;
  } catch {
    throw new Failure(`what answers at ${path} is no agent of tynl`);
  }
}

/** What comes until the end, or until the time is up. */
async function readAll(path: string): Promise<string> {
  let connection: Deno.UnixConn;
  try {
    connection = await Deno.connect({ transport: "unix", path });
  } catch (error) {
    const gone = error instanceof Deno.errors.NotFound || error instanceof Deno.errors.ConnectionRefused;
    throw new (gone ? NotServedError : Failure)(`no agent answers at ${path}: ${reasonOf(error)}`);
  }
  let text = "";
  const timer = setTimeout(() => connection.close(), PATIENCE);
  try {
    for await (const part of connection.readable.pipeThrough(new TextDecoderStream())) {
      text += part;
      if (text.length > LONGEST) break;
    }
  } catch {
    // Closed: what there is will do, or not.
  } finally {
    clearTimeout(timer);
  }
  return text;
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such socket";
  if (error instanceof Deno.errors.ConnectionRefused) return "nobody serves it any more";
  if (error instanceof Deno.errors.PermissionDenied) return "this user may not connect to it";
  return error instanceof Error ? error.message : String(error);
}

const yesNo = (value: boolean | null): string => value === null ? "not known yet" : value ? "yes" : "no";

/** The report as lines for people. */
export function statusLines(report: StatusReport): string[] {
  const { config, failures } = report;
  const codes = Object.entries(failures).map(([code, count]) => `${code} ${count}`);
  const rows: [string, string | number][] = [
    ["state", `${report.state}, pid ${report.pid}, since ${report.since}, tynl ${report.version}`],
    [
      "configuration",
      `${config.path}, read ${config.loaded}${
        config.faults === 0 ? "" : `, ${config.faults} files not in force`
      }`,
    ],
    ["requests", `${report.accepted} accepted, ${report.active} under way, ${report.waiting} waiting`],
    ["handshakes", report.handshakes],
    ["rekeys", report.rekeys],
    ["failures", codes.length === 0 ? "none" : codes.join(", ")],
    ["not reported", report.unreported],
    ["sessions", report.sessions],
    ["KeyUpdates", yesNo(report.keyUpdates)],
    ...report.decisions.map(({ about, available, text }): [string, string] => [
      about,
      available ? text : `missing: ${text}`,
    ]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${escaped(String(value))}`);
}
