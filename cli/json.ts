/** JSON that loses no digit of a 64-bit number, in and out. @module */
import type { SpecJson, SpecObject } from "../runtime/wire/mod.ts";
import { NameError } from "./failure.ts";

type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;

// What the source text of a number is for; the library's types do not know the third argument yet.
const parse = JSON.parse as (text: string, reviver: Reviver) => SpecJson;

/** Parses JSON; integers that a double cannot hold become `bigint`. Throws {@linkcode NameError}. */
export function parseJson(text: string): SpecJson {
  try {
    return parse(
      text,
      (_, value, { source }) =>
        typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(source ?? "")
          ? BigInt(source!)
          : value,
    );
  } catch (error) {
    throw new NameError(`this is no JSON: ${(error as Error).message}`);
  }
}

/** Parses a message: a JSON object, or nothing for an empty one. */
export function parseMessage(text: string | undefined): SpecObject {
  if (text === undefined || text === "") return {};
  const json = parseJson(text);
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new NameError('a message is a JSON object, such as {"ifindex": 1}');
  }
  return json;
}

/** A string in ASCII, so that it is the same in every locale. */
function quote(text: string): string {
  const quoted = JSON.stringify(text);
  return /^[ -~]*$/.test(quoted)
    ? quoted
    : quoted.replaceAll(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** JSON in one line, spaced as Python spaces it. */
export function formatJson(value: SpecJson): string {
  if (typeof value === "string") return quote(value);
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map(formatJson).join(", ")}]`;
  return `{${Object.entries(value).map(([name, one]) => `${quote(name)}: ${formatJson(one)}`).join(", ")}}`;
}

/** How {@linkcode prettyJson} looks. */
export interface PrettyOptions {
  /** Columns of a line. */
  width: number;
  /** Whether names are coloured. */
  colour?: boolean;
}

/** JSON for people: what fits a line is on one line, everything else is indented. Valid JSON unless coloured. */
export function prettyJson(value: SpecJson, { width, colour = false }: PrettyOptions): string {
  const name = colour ? (text: string) => `\x1b[36m${quote(text)}\x1b[0m` : quote;
  const oneLine = (value: SpecJson): string => {
    if (typeof value !== "object" || value === null) return formatJson(value);
    if (Array.isArray(value)) return `[${value.map(oneLine).join(", ")}]`;
    return `{${Object.entries(value).map(([key, one]) => `${name(key)}: ${oneLine(one)}`).join(", ")}}`;
  };
  // `used` columns stand before the value, and what follows needs one more.
  const format = (value: SpecJson, indent: string, used: number): string => {
    if (typeof value !== "object" || value === null) return formatJson(value);
    if (fits(value, width - used - 1)) return oneLine(value);
    const inner = `${indent}  `;
    if (!Array.isArray(value)) {
      const members = Object.entries(value).map(([key, one]) =>
        `${inner}${name(key)}: ${format(one, inner, inner.length + quote(key).length + 2)}`
      );
      return `{\n${members.join(",\n")}\n${indent}}`;
    }
    const items = value.every((one) => typeof one !== "object" || one === null)
      ? filled(value.map(formatJson), inner, width)
      : value.map((one) => inner + format(one, inner, inner.length)).join(",\n");
    return `[\n${items}\n${indent}]`;
  };
  return format(value, "", 0);
}

/** Whether a value takes at most `room` columns on one line. */
function fits(value: SpecJson, room: number): boolean {
  const left = (value: SpecJson, room: number): number => {
    if (room < 0) return -1;
    if (typeof value !== "object" || value === null) return room - formatJson(value).length;
    if (Array.isArray(value)) return value.reduce<number>((room, one) => left(one, room - 2), room);
    return Object.entries(value).reduce(
      (room, [key, one]) => left(one, room - quote(key).length - 4),
      room - 2,
    );
  };
  return left(value, room) >= 0;
}

/** As many items to a line as it holds. */
function filled(items: readonly string[], indent: string, width: number): string {
  const lines: string[] = [];
  let line = indent;
  for (const [i, item] of items.entries()) {
    const text = i === items.length - 1 ? item : `${item},`;
    if (line !== indent && line.length + 1 + text.length > width) {
      lines.push(line);
      line = indent;
    }
    line += line === indent ? text : ` ${text}`;
  }
  return [...lines, line].join("\n");
}
