/** Where lines of the log go. @module */
import type { Io } from "../io.ts";
import type { LogFormat, LogLevel, TlshdConfig } from "./config.ts";
import { DatagramTarget } from "./datagram.ts";
import type { LogOptions, Sink } from "./log.ts";

/** Severities of syslog (RFC 5424 section 6.2.1). */
const SEVERITY: { readonly [level in LogLevel]: number } = {
  error: 3,
  warning: 4,
  notice: 5,
  info: 6,
  debug: 7,
};

/** LOG_AUTH, as for tlshd. */
const FACILITY = 4;

/** The name in syslog: tlshd's, so that rules for it go on to work. */
const IDENT = "tlshd";

/** Where syslog listens. */
export const SYSLOG_SOCKET = "/dev/log";

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** `Nov  7 04:05:06` in local time (RFC 3164 section 4.1.2). */
function stamp(time: Date): string {
  const [hours, minutes, seconds] = [time.getHours(), time.getMinutes(), time.getSeconds()]
    .map((number) => `${number}`.padStart(2, "0"));
  return `${MONTHS[time.getMonth()]} ${`${time.getDate()}`.padStart(2)} ${hours}:${minutes}:${seconds}`;
}

/** Whether syslog is there. */
export function hasSyslog(path: string = SYSLOG_SOCKET): boolean {
  try {
    return Deno.statSync(path).isSocket === true;
  } catch {
    return false;
  }
}

/** Lines to syslog. One that it does not take is lost, and counted in the next one: a full log must not stop work. */
export function syslog(path: string = SYSLOG_SOCKET): Sink {
  const target = new DatagramTarget(path);
  let lost = 0;
  const send = (line: string, level: LogLevel): boolean => {
    const priority = FACILITY * 8 + SEVERITY[level];
    return target.send(
      new TextEncoder().encode(`<${priority}>${stamp(new Date())} ${IDENT}[${Deno.pid}]: ${line}`),
    );
  };
  return (line, level) => {
    if (lost > 0 && send(`log ${lost} lines were lost`, "warning")) lost = 0;
    if (!send(line, level)) lost++;
  };
}

/**
 * Lines to standard error. `journal`: it leads to systemd's journal, which adds the time and takes the level from
 * `<N>` in front (sd-daemon(3)).
 */
export function standardError(write: (line: string) => void, journal: boolean, json: boolean): Sink {
  return (line, level) => {
    try {
      if (journal) write(`<${SEVERITY[level]}>${line}`);
      else write(json ? line : `${new Date().toISOString()} ${level} ${line}`);
    } catch {
      // Nobody reads it any more.
    }
  };
}

/**
 * Whether a descriptor's file in /proc is systemd's journal. JOURNAL_STREAM says which device and inode that is
 * (systemd.exec(5)); the variable alone may be inherited by what writes elsewhere.
 */
export function leadsToJournal(journalStream: string | undefined, descriptor: string): boolean {
  if (journalStream === undefined) return false;
  try {
    const { dev, ino } = Deno.statSync(descriptor);
    return journalStream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

/** Where the log may go. */
export interface Ways {
  /** To syslog, if there is one. */
  readonly syslog: Sink | undefined;
  /** Standard error is wished for. */
  readonly stderr: boolean;
  /** Standard error leads to systemd's journal. */
  readonly journal: boolean;
}

/** Where the log goes: to syslog, as tlshd's does, and to standard error if that is wished or there is no other way. */
export function logSinks({ syslog, stderr, journal }: Ways, toStderr: Sink): Sink[] {
  if (syslog === undefined) return [toStderr];
  if (!stderr) return [syslog];
  // The journal is syslog as well: by both ways, each line would be there twice.
  return journal ? [toStderr] : [syslog, toStderr];
}

let opened: Sink | undefined;

/** How the log is to be written: as the command line says, else as the configuration does. */
export function logOptions(
  config: TlshdConfig,
  wishes: { readonly stderr: boolean; readonly logFormat?: LogFormat },
  io: Io,
): LogOptions {
  const format = wishes.logFormat ?? config.logFormat ?? "text";
  const journal = leadsToJournal(Deno.env.get("JOURNAL_STREAM"), "/proc/self/fd/2");
  if (hasSyslog()) opened ??= syslog();
  const toStderr = standardError((line) => io.err(line), journal, format === "json");
  return {
    format,
    level: config.logLevel ?? (config.debugLevel > 0 ? "debug" : "info"),
    sinks: logSinks({ syslog: opened, stderr: wishes.stderr, journal }, toStderr),
  };
}
