/**
 * What is wrong in a file, where, and what was expected there: the one form in which tynl reports it.
 *
 * @module
 */

/** A path inside a file: keys of maps, and indices of lists. */
export type NodePath = readonly (string | number)[];

/** One fault. */
export interface Diagnostic {
  /** The file, as messages show it. */
  path: string;
  /** Line of the fault, from 1. */
  line: number;
  /** Column of the fault, from 1. */
  column: number;
  /** Where in the file: keys joined by "/", with the names of list entries in place of their indices. */
  at: string;
  /** What is wrong. */
  message: string;
  /** What would have been right. */
  expected?: string;
  /** The name that was probably meant. */
  suggestion?: string;
}

/** What a check has to say about a node. */
export interface Finding {
  /** The node. */
  node: NodePath;
  /** True if the fault is the key itself (the last step of the path), not its value. */
  onKey?: boolean;
  /** What is wrong. */
  message: string;
  /** What would have been right. */
  expected?: string;
  /** The name that was probably meant. */
  suggestion?: string;
}

/** A diagnostic as one line of text: `file:line:column: path: what is wrong, expected …; did you mean "x"?`. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { path, line, column, at, message, expected, suggestion } = diagnostic;
  const where = `${path}:${line}:${column}: ${at === "" ? "" : `${at}: `}`;
  return where + message + (expected === undefined ? "" : `, expected ${expected}`) +
    (suggestion === undefined ? "" : `; did you mean "${suggestion}"?`);
}

/** The same diagnostics in the order of files and of positions in them. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const byText = (a: string, b: string) => a < b ? -1 : a > b ? 1 : 0;
  return [...diagnostics].sort((a, b) =>
    byText(a.path, b.path) || a.line - b.line || a.column - b.column || byText(a.message, b.message)
  );
}

/** The text without what could disturb a terminal or flood it. */
export function quote(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value) ?? String(value);
  const short = text.length > 60 ? `${text.slice(0, 57)}...` : text;
  // deno-lint-ignore no-control-regex -- control characters are what is looked for
  return `"${short.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, "?")}"`;
}

/** Alternatives as a sentence has them: `a`, `a or b`, `one of a, b, c`. */
export function oneOf(names: Iterable<string>): string {
  const all = [...names];
  if (all.length <= 2) return all.join(" or ");
  const shown = all.slice(0, 24);
  return `one of ${shown.join(", ")}${
    shown.length < all.length ? ` and ${all.length - shown.length} more` : ""
  }`;
}

/**
 * The candidate that is closest to a mistyped name, if one is close enough to be worth a suggestion.
 *
 * Close means few edits for the name's length; letter case and the choice between `-` and `_` count for nothing.
 */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  if (name.length > 64) return undefined;
  const wanted = fold(name);
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    if (candidate === name || Math.abs(candidate.length - name.length) >= bestDistance) continue;
    const distance = editDistance(wanted, fold(candidate));
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

function fold(name: string): string {
  return name.toLowerCase().replaceAll("_", "-");
}

/** Insertions, deletions, replacements and swaps of neighbours that lead from one text to the other. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, beforeLast[j - 2]! + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}

/** The path as a diagnostic shows it: entries of lists go by their names where they have one. */
export function readablePath(root: unknown, node: NodePath): string {
  const parts: string[] = [];
  let value = root;
  for (const step of node) {
    const inside = typeof value === "object" && value !== null && Object.hasOwn(value, step);
    value = inside ? (value as Record<string | number, unknown>)[step] : undefined;
    parts.push(typeof step === "number" ? nameOf(value) ?? String(step) : clean(step) ?? quote(step));
  }
  return parts.join("/");
}

/** What an entry of a list is called: its `name`, its `id` in errata, a format's `value`, or itself if it is a bare name. */
export function nameOf(entry: unknown): string | undefined {
  if (typeof entry === "string") return clean(entry);
  if (typeof entry !== "object" || entry === null) return undefined;
  for (const key of ["name", "id", "value"]) {
    const name = Object.hasOwn(entry, key) ? (entry as Record<string, unknown>)[key] : undefined;
    if (typeof name === "string") return clean(name);
  }
  return undefined;
}

/** Undefined for what would not be recognised as a name in a path. */
function clean(name: string): string | undefined {
  return /^[\w .+-]{1,64}$/.test(name) ? name : undefined;
}
