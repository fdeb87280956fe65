/**
 * Specs of other kernels: what our check refuses in names and in lists of attributes, older kernels have in plenty.
 * A comparison reads them all the same, and says what it left out.
 *
 * @module
 */
import { checkSpec } from "../spec/check.ts";
import { type Diagnostic, type Finding, readablePath } from "../spec/diagnostics.ts";
import { readSpec, sha256Hex } from "../spec/read.ts";
import { fileName } from "../spec/read.ts";
import { readSource } from "../spec/source.ts";
import type { SourcePosition, Spec, SpecFile } from "../spec/types.ts";
import { validate } from "../spec/validate.ts";
import { COMPATIBLE } from "./impact.ts";
import type { DriftFinding } from "./finding.ts";

/** A spec as far as it can be compared. */
export interface LenientSpec {
  /** The spec; absent if it cannot be compared. */
  file?: SpecFile;
  /** Why it cannot be compared. */
  diagnostics: Diagnostic[];
  /** What was left out of it, or is unusual, for the report. */
  findings: DriftFinding[];
}

/** Reads a spec. Names may have any characters; an operation's attributes that its set lacks are left out. */
export function readLenient(path: string, bytes: Uint8Array): LenientSpec {
  const strict = readSpec(path, bytes);
  if (strict.file !== undefined) return { file: strict.file, diagnostics: [], findings: [] };
  const { source, diagnostics } = readSource(path, bytes);
  if (source === undefined) return { diagnostics, findings: [] };
  const { findings, checkable } = validate(source.value, false);
  if (checkable === undefined || !findings.every(isName)) {
    return { diagnostics: strict.diagnostics, findings: [] };
  }
  const spec = structuredClone(checkable);
  const unknown = checkSpec(spec);
  if (!unknown.every(isListed)) return { diagnostics: strict.diagnostics, findings: [] };
  leaveOut(spec, unknown);
  if (checkSpec(spec).length > 0) return { diagnostics: strict.diagnostics, findings: [] };
  const position = (node: string): SourcePosition => source.locate(originalNode(source.value, spec, node));
  const file: SpecFile = {
    file: fileName(path),
    path,
    sha256: sha256Hex(bytes),
    license: source.license,
    spec,
    position,
  };
  const tell = (rule: string, message: string, faults: Finding[]): DriftFinding[] =>
    faults.length === 0 ? [] : [{
      comparison: "upstream",
      rule,
      family: spec.name,
      at: readablePath(source.value, faults[0]!.node),
      severity: "note",
      message: `${message}: ${[...new Set(faults.map(({ node }) => nameAt(source.value, node)))].join(", ")}`,
      places: [{ file: path, ...source.locate(faults[0]!.node) }],
      impact: COMPATIBLE,
    }];
  return {
    file,
    diagnostics: [],
    findings: [
      ...tell("unusual-name", "names with other characters than the schema allows", findings),
      ...tell("unknown-attribute", "operations list attributes that their set does not have", unknown),
    ],
  };
}

function isName({ node, message }: Finding): boolean {
  return node.at(-1) === "name" && message.endsWith("is not a name");
}

/** Whether a fault is about an entry in an operation's list of attributes. */
function isListed({ node }: Finding): boolean {
  return node[0] === "operations" && node.at(-2) === "attributes" && typeof node.at(-1) === "number";
}

function follow(root: unknown, node: readonly (string | number)[]): unknown {
  return node.reduce((value, step) => (value as Record<string | number, unknown>)[step], root);
}

function nameAt(root: unknown, node: readonly (string | number)[]): string {
  return String(follow(root, node));
}

function leaveOut(spec: Spec, faults: readonly Finding[]): void {
  const lists = new Map<unknown[], Set<number>>();
  for (const { node } of faults) {
    const list = follow(spec, node.slice(0, -1)) as unknown[];
    lists.set(list, (lists.get(list) ?? new Set()).add(node.at(-1) as number));
  }
  for (const [list, indices] of lists) {
    list.splice(0, list.length, ...list.filter((_, i) => !indices.has(i)));
  }
}

/** Where a path leads in the file: what was left out has moved the indices of lists. */
function originalNode(original: unknown, spec: Spec, path: string): (string | number)[] {
  const node = path.split("/").map((step) => /^\d+$/.test(step) ? Number(step) : step);
  const last = node.at(-1);
  if (node[0] !== "operations" || typeof last !== "number" || node.at(-2) !== "attributes") return node;
  const [list, name] = [follow(original, node.slice(0, -1)) as unknown[], follow(spec, node)];
  return [...node.slice(0, -1), list.indexOf(name)];
}
