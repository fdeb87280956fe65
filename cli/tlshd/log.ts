/**
 * The log of the agent: one line for each thing that happened, as text for people or as JSON for programs, to standard
 * error and to syslog. Text of peers comes in quotes, with all that could act on a terminal or a log escaped.
 *
 * @module
 */
import { LOG_LEVELS, type LogFormat, type LogLevel } from "./config.ts";

/** What a field of a line may hold. */
export type Field = string | number | boolean | readonly (string | number)[];

/** Something that happened. */
export interface Entry {
  /** How urgent it is. */
  readonly level: LogLevel;
  /** What kind of thing it is: one of the words that docs/operations.md explains. */
  readonly event: string;
  /** In words. */
  readonly text?: string;
  /** Facts; `undefined` ones are left out. */
  readonly fields?: { readonly [name: string]: Field | undefined };
}

/** Takes lines. Never throws, never waits. */
export type Sink = (line: string, level: LogLevel) => void;

/** How a log is written. */
export interface LogOptions {
  /** Text or JSON. */
  readonly format: LogFormat;
  /** Least urgent level that is written. */
  readonly level: LogLevel;
  /** Where lines go. */
  readonly sinks: readonly Sink[];
}

/** Most UTF-16 units of a text in a line. */
const LONGEST = 1000;

/** What could end a line, act on a terminal, or change the order of what follows, in text that is quoted already. */
// deno-lint-ignore no-control-regex
const ACTING = /[\u0000-\u001f\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Text with all of that escaped, as `\\u` and four digits. */
export function escaped(text: string): string {
  return text.replaceAll(ACTING, (character) => {
    let units = "";
    for (let i = 0; i < character.length; i++) {
      units += `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`;
    }
    return units;
  });
}

function cut(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…`.toWellFormed() : text.toWellFormed();
}

/** A value as it stands behind `=`: bare if it is a plain word, else in quotes. */
function shown(value: Field): string {
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map((one) => shown(one)).join(",");
  const text = cut(String(value));
  return /^[\w.:/@+\-[\]%]+$/.test(text) ? text : escaped(JSON.stringify(text));
}

/** An entry as text: the event, what happened, and its facts as `name=value`. */
export function textLine({ event, text, fields = {} }: Entry): string {
  const facts = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${shown(value)}`]
  );
  return [event, ...text === undefined ? [] : [escaped(cut(text))], ...facts].join(" ");
}

/** An entry as a JSON object in one line; `time` is ISO 8601 in UTC. */
export function jsonLine({ event, level, text, fields = {} }: Entry, time: Date): string {
  const facts = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, typeof value === "string" ? cut(value) : value] as const]
  );
  return escaped(JSON.stringify({
    time: time.toISOString(),
    level,
    event,
    ...text === undefined ? {} : { text: cut(text) },
    ...Object.fromEntries(facts),
  }));
}

/** Writes entries. */
export class Log {
  /** How it is written; may be replaced, as by a reload. */
  options: LogOptions;

  /** Makes a log. */
  constructor(options: LogOptions) {
    this.options = options;
  }

  /** Writes an entry, if it is urgent enough. */
  write(entry: Entry): void {
    const { format, level, sinks } = this.options;
    if (LOG_LEVELS.indexOf(entry.level) > LOG_LEVELS.indexOf(level)) return;
    const line = format === "json" ? jsonLine(entry, new Date()) : textLine(entry);
    for (const sink of sinks) sink(line, entry.level);
  }
}
