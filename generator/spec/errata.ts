/**
 * Corrections of specs that contradict the kernel's own headers.
 *
 * The specs stay as they come from upstream. An erratum says what a spec has, what it should have, and why; it
 * is applied when code is generated, and only as long as the spec still has what the erratum expects.
 *
 * @module
 */

import { checkSpec } from "./check.ts";
import type { Diagnostic, Finding, NodePath } from "./diagnostics.ts";
import { readablePath, sortDiagnostics } from "./diagnostics.ts";
import type { SourcePosition, Spec, SpecFile } from "./types.ts";
import { validate } from "./validate.ts";

/** Anything that a YAML file can hold. */
export type PlainValue = string | number | boolean | null | PlainValue[] | { [key: string]: PlainValue };

/** New values for keys of a node. */
export interface KeyChange {
  /** The node: keys and names of list entries, joined by "/". */
  at: string;
  /** The keys as upstream has them; null for a key that is absent. */
  was: { [key: string]: PlainValue };
  /** The same keys as they should be; null removes a key. */
  becomes: { [key: string]: PlainValue };
}

/** A new entry in a list. */
export interface Insertion {
  /** The list: keys and names of list entries, joined by "/". */
  into: string;
  /** The entry: a bare name or a map with one. */
  insert: PlainValue;
  /** The name of the entry that it follows. */
  after?: string;
  /** The name of the entry that it precedes. */
  before?: string;
}

/** Another place for an entry of a list. */
export interface Move {
  /** The entry: keys and names of list entries, joined by "/". */
  move: string;
  /** The name of the entry that it should follow directly. */
  after?: string;
  /** The name of the entry that it should precede directly. */
  before?: string;
}

/** One step of an erratum. */
export type ErratumChange = KeyChange | Insertion | Move;

/** One correction: a reason, and all the changes it takes. */
export interface Erratum {
  /** Its name, which never changes. */
  id: string;
  /** The family whose spec it corrects, by the `name` in that spec. */
  spec: string;
  /** What goes wrong without it. */
  reason: string;
  /** The file of the kernel that shows it, and what that file says. */
  evidence: { file: string; says: string };
  /** The changes; they are made all or none. */
  changes: ErratumChange[];
}

/** An erratum that was not applied, because its spec is not what it expects. */
export interface StaleErratum {
  /** The erratum. */
  erratum: Erratum;
  /** Whether the spec now has all that the erratum would have brought, or something else. */
  state: "fixed upstream" | "changed otherwise";
  /** The first change that did not fit: its path. */
  at: string;
}

/** What became of a spec and its errata. */
export interface ErrataResult {
  /** The corrected spec; the given one if nothing applied. */
  spec: Spec;
  /** The errata that were applied, in the order given. */
  applied: Erratum[];
  /** The errata for this spec that were not. */
  stale: StaleErratum[];
}

/** Applies the errata for a spec. The spec given is not modified. */
export function applyErrata(spec: Spec, errata: readonly Erratum[]): ErrataResult {
  const result: ErrataResult = { spec, applied: [], stale: [] };
  for (const erratum of errata) {
    if (erratum.spec !== spec.name) continue;
    // A change may build on the one before it.
    let corrected = result.spec;
    const states = erratum.changes.map((change) => {
      const state = stateOf(corrected, change);
      if (state === "as expected") corrected = make(corrected, change) as Spec;
      return state;
    });
    const misfit = states.findIndex((state) => state !== "as expected");
    if (misfit === -1) {
      result.spec = corrected;
      result.applied.push(erratum);
    } else {
      const fixed = states.every((state) => state === "fixed");
      const change = erratum.changes[misfit]!;
      result.stale.push({
        erratum,
        state: fixed ? "fixed upstream" : "changed otherwise",
        at: "at" in change ? change.at : "move" in change ? change.move : change.into,
      });
    }
  }
  return result;
}

/** A stale erratum in one sentence. */
export function formatStale({ erratum, state, at }: StaleErratum): string {
  return `erratum ${erratum.id} (${erratum.spec}) is stale: ${at} is ${state}`;
}

/** A spec file with its errata applied, checked again. Without a file, the diagnostics say what the errata broke. */
export function applyErrataToFile(
  file: SpecFile,
  errata: readonly Erratum[],
): { file?: SpecFile; applied: Erratum[]; stale: StaleErratum[]; diagnostics: Diagnostic[] } {
  const { spec, applied, stale } = applyErrata(file.spec, errata);
  if (applied.length === 0) return { file, applied, stale, diagnostics: [] };
  const findings: Finding[] = validate(spec, true).findings;
  if (findings.length === 0) findings.push(...checkSpec(spec));
  const position = (path: string): SourcePosition => file.position(originalPath(file.spec, spec, path));
  if (findings.length === 0) return { file: { ...file, spec, position }, applied, stale, diagnostics: [] };
  const ids = applied.map(({ id }) => id).join(", ");
  const diagnostics = findings.map(({ node, message, onKey: _, ...rest }): Diagnostic => ({
    path: file.path,
    ...position(node.join("/")),
    at: readablePath(spec, node),
    message: `after errata (${ids}): ${message}`,
    ...rest,
  }));
  return { applied, stale, diagnostics: sortDiagnostics(diagnostics) };
}

/** Where a path of the corrected spec leads in the file: insertions have moved the indices. */
function originalPath(original: unknown, corrected: unknown, path: string): string {
  const steps: string[] = [];
  for (const step of path === "" ? [] : path.split("/")) {
    let there: string | number = step;
    if (Array.isArray(corrected) && Array.isArray(original)) {
      const entry: unknown = corrected[Number(step)];
      there = corrected.length === original.length ? Number(step) : indexOf(original, entryName(entry) ?? "");
      if (there === -1) break;
    }
    steps.push(String(there));
    original = child(original, there);
    corrected = child(corrected, step);
  }
  return steps.join("/");
}

function child(value: unknown, step: string | number): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, step)
    ? (value as Record<string | number, unknown>)[step]
    : undefined;
}

/** The node at a path of names, and the same path with indices; undefined if it does not exist. */
function find(root: unknown, path: string): { value: unknown; node: NodePath } | undefined {
  const node: (string | number)[] = [];
  let value = root;
  for (const step of path.split("/")) {
    const there: string | number = Array.isArray(value) ? indexOf(value, step) : step;
    if (there === -1) return undefined;
    node.push(there);
    value = child(value, there);
    if (value === undefined) return undefined;
  }
  return { value, node };
}

function indexOf(list: readonly unknown[], name: string): number {
  return list.findIndex((entry) => entryName(entry) === name);
}

/** What an entry of a list goes by: its name, a format's value, or itself. */
function entryName(entry: unknown): string | undefined {
  const name = typeof entry === "string" ? entry : child(entry, "name") ?? child(entry, "value");
  return typeof name === "string" ? name : undefined;
}

/** The keys of a node; a bare name is a map of nothing but its name. */
function keysOf(value: unknown): { [key: string]: PlainValue } | undefined {
  if (typeof value === "string") return { name: value };
  const map = typeof value === "object" && value !== null && !Array.isArray(value);
  return map ? value as { [key: string]: PlainValue } : undefined;
}

type ChangeState = "as expected" | "fixed" | "other";

function stateOf(spec: Spec, change: ErratumChange): ChangeState {
  if ("at" in change) {
    const keys = keysOf(find(spec, change.at)?.value);
    if (keys === undefined) return "other";
    const has = (wanted: { [key: string]: PlainValue }) =>
      Object.entries(wanted).every(([key, value]) =>
        equal(Object.hasOwn(keys, key) ? keys[key]! : null, value)
      );
    return has(change.was) ? "as expected" : has(change.becomes) ? "fixed" : "other";
  }
  if ("move" in change) {
    const list = find(spec, parentOf(change.move))?.value;
    if (!Array.isArray(list)) return "other";
    const [from, sibling] = placesOf(list, change);
    if (from === -1 || sibling === -1) return "other";
    return from === sibling + (change.after === undefined ? -1 : 1) ? "fixed" : "as expected";
  }
  const list = find(spec, change.into)?.value;
  if (!Array.isArray(list)) return "other";
  const present = list[indexOf(list, entryName(change.insert) ?? "")] as PlainValue | undefined;
  if (present !== undefined) return equal(withoutDoc(present), change.insert) ? "fixed" : "other";
  return indexOf(list, change.after ?? change.before ?? "") === -1 ? "other" : "as expected";
}

function withoutDoc(entry: PlainValue): PlainValue {
  const keys = typeof entry === "string" ? undefined : keysOf(entry);
  if (keys === undefined) return entry;
  const { doc: _, ...rest } = keys;
  return Object.keys(rest).length === 1 && typeof rest["name"] === "string" ? rest["name"] : rest;
}

function equal(a: PlainValue, b: PlainValue): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length &&
    keys.every((key) =>
      Object.hasOwn(b, key) && equal(child(a, key) as PlainValue, child(b, key) as PlainValue)
    );
}

function make(spec: unknown, change: ErratumChange): unknown {
  if ("at" in change) {
    return replace(spec, find(spec, change.at)!.node, (value) => {
      const keys = Object.entries({ ...keysOf(value), ...change.becomes }).filter(([, value]) =>
        value !== null
      );
      return Object.fromEntries(keys);
    });
  }
  if ("move" in change) {
    return replace(spec, find(spec, parentOf(change.move))!.node, (value) => {
      const entry = (value as unknown[])[placesOf(value as unknown[], change)[0]];
      const rest = (value as unknown[]).filter((each) => each !== entry);
      const sibling = indexOf(rest, change.after ?? change.before!);
      return rest.toSpliced(change.after === undefined ? sibling : sibling + 1, 0, entry);
    });
  }
  return replace(spec, find(spec, change.into)!.node, (value) => {
    const list = value as unknown[];
    const sibling = indexOf(list, change.after ?? change.before!);
    return list.toSpliced(change.after === undefined ? sibling : sibling + 1, 0, change.insert);
  });
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

/** Where the entry to move and its new neighbour are. */
function placesOf(list: readonly unknown[], { move, after, before }: Move): [number, number] {
  return [indexOf(list, move.slice(move.lastIndexOf("/") + 1)), indexOf(list, after ?? before ?? "")];
}

/** A copy with another value at a path; what is not on the path is shared. */
function replace(root: unknown, node: NodePath, change: (value: unknown) => unknown): unknown {
  const [step, ...rest] = node;
  if (step === undefined) return change(root);
  const value = replace(child(root, step), rest, change);
  return Array.isArray(root) ? root.with(step as number, value) : { ...root as object, [step]: value };
}
