/**
 * The syntax of GLib's key files, as `GKeyFile` reads them: groups in brackets, `key=value`, comments behind `#`.
 * Facts are those of the Desktop Entry Specification and of GLib's documentation.
 *
 * @module
 */

/** Most bytes of a key file that are read. */
export const MAX_KEY_FILE_BYTES: number = 1024 * 1024;

/** A file that is no key file: as for GLib, nothing in it counts. */
export class KeyFileError extends Error {
  /** Always `KeyFileError`. */
  override readonly name = "KeyFileError";
  /** Number of the line, from 1. */
  readonly line: number;

  /** Creates an error about a line. */
  constructor(line: number, problem: string) {
    super(problem);
    this.line = line;
  }
}

/** A value that is not of the type that its key has. */
export class KeyFileValueError extends Error {
  /** Always `KeyFileValueError`. */
  override readonly name = "KeyFileValueError";
}

/** A value, as it stands in the file: escapes are a matter of its type. */
export interface KeyFileValue {
  /** Number of the line, from 1. */
  readonly line: number;
  /** Text behind the equals sign and the blanks that follow it. */
  readonly raw: string;
}

/** A group; one that comes twice is one group. */
export interface KeyFileGroup {
  /** Number of the line where it begins first, from 1. */
  readonly line: number;
  /** Values by their keys; of a key that comes twice, the last one. */
  readonly values: ReadonlyMap<string, KeyFileValue>;
}

/** What a key file holds: groups by their names. */
export type KeyFile = ReadonlyMap<string, KeyFileGroup>;

/** What GLib takes for white space: that of ASCII. */
const BLANK = " \t\n\v\f\r";
const GROUP = /^\[([^\]\p{Cc}]+)\][ \t\v\f\r]*$/u;
/** A key, and behind it in brackets perhaps a locale. */
const KEY = /^[^[\]]+(\[[^[\]]+\])?$/;

function trimStart(text: string): string {
  let at = 0;
  while (at < text.length && BLANK.includes(text[at]!)) at++;
  return text.slice(at);
}

function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && BLANK.includes(text[end - 1]!)) end--;
  return text.slice(0, end);
}

/**
 * Reads a key file.
 *
 * @throws {KeyFileError} For a line that is nothing of the three, a key outside of groups, text that is not UTF-8, and
 * more than {@linkcode MAX_KEY_FILE_BYTES}.
 */
export function parseKeyFile(bytes: Uint8Array): KeyFile {
  if (bytes.length > MAX_KEY_FILE_BYTES) {
    throw new KeyFileError(1, `more than ${MAX_KEY_FILE_BYTES} bytes`);
  }
  const groups = new Map<string, { line: number; values: Map<string, KeyFileValue> }>();
  const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let group: { line: number; values: Map<string, KeyFileValue> } | undefined;
  let line = 0;
  for (let start = 0; start < bytes.length;) {
    line++;
    const newline = bytes.indexOf(10, start);
    const end = newline === -1 ? bytes.length : newline;
    const text = trimStart(decodeLine(utf8, bytes.subarray(start, end), line));
    start = end + 1;
    if (text === "" || text.startsWith("#")) continue;
    if (text.startsWith("[")) {
      const name = GROUP.exec(text)?.[1];
      if (name === undefined) throw new KeyFileError(line, "not the name of a group in brackets");
      group = groups.get(name) ?? { line, values: new Map() };
      groups.set(name, group);
      continue;
    }
    const [key, raw] = splitLine(text, line);
    if (group === undefined) throw new KeyFileError(line, `"${printable(key)}" stands before any group`);
    group.values.set(key, { line, raw });
  }
  return groups;
}

function decodeLine(utf8: TextDecoder, bytes: Uint8Array, line: number): string {
  if (bytes.includes(0)) throw new KeyFileError(line, "a NUL byte");
  try {
    return utf8.decode(bytes.at(-1) === 13 ? bytes.subarray(0, -1) : bytes);
  } catch {
    throw new KeyFileError(line, "not UTF-8");
  }
}

function splitLine(text: string, line: number): [key: string, raw: string] {
  const equals = text.indexOf("=");
  if (equals === -1) throw new KeyFileError(line, "neither a group, nor key=value, nor a comment");
  const key = trimEnd(text.slice(0, equals));
  if (!KEY.test(key)) throw new KeyFileError(line, `"${printable(key)}" is no key`);
  return [key, trimStart(text.slice(equals + 1))];
}

/** Text of a file for a message: bounded, and without what could act on a terminal. */
export function printable(text: string): string {
  const shown = text.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
  return shown.length > 200 ? `${shown.slice(0, 200)}…` : shown;
}

const ESCAPES: Readonly<Record<string, string>> = { s: " ", n: "\n", t: "\t", r: "\r", "\\": "\\" };

/** Splits a value at its semicolons, if it is a list, and resolves the escapes of its parts. */
function parts(raw: string, list: boolean): string[] {
  const found: string[] = [];
  let part = "";
  for (let i = 0; i < raw.length; i++) {
    const character = raw[i]!;
    if (list && character === ";") {
      found.push(part);
      part = "";
    } else if (character !== "\\") {
      part += character;
    } else {
      const escape = raw[++i];
      if (escape === undefined) throw new KeyFileValueError("a backslash at its end");
      const meant = list && escape === ";" ? ";" : ESCAPES[escape];
      if (meant === undefined) throw new KeyFileValueError(`no escape "\\${printable(escape)}"`);
      part += meant;
    }
  }
  // A semicolon ends an item, so that the last one may have one or not.
  if (!list || part !== "") found.push(part);
  return found;
}

/** A value as text. Throws {@linkcode KeyFileValueError} for an escape that does not exist. */
export function stringValue(raw: string): string {
  return parts(raw, false)[0]!;
}

/** A value as a list of texts, each ended or separated by a semicolon. Throws as {@linkcode stringValue}. */
export function listValue(raw: string): string[] {
  return parts(raw, true);
}

/** A value as an integer of 32 bits. Throws {@linkcode KeyFileValueError} if it is none. */
export function integerValue(raw: string): number {
  const digits = /^([+-]?\d{1,20})(?:[ \t\v\f\r].*)?$/.exec(raw)?.[1];
  const value = Number(digits);
  if (digits === undefined || value < -(2 ** 31) || value >= 2 ** 31) {
    throw new KeyFileValueError("no integer of 32 bits");
  }
  return value;
}
