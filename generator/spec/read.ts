/**
 * Reads a spec file: YAML with positions, then the schema of its protocol level, then everything that one part
 * of a spec says about another.
 *
 * @example
 * ```ts
 * import { formatDiagnostic } from "./diagnostics.ts";
 * import { readSpec } from "./read.ts";
 *
 * const { file, diagnostics } = readSpec("specs/netdev.yaml", Deno.readFileSync("specs/netdev.yaml"));
 * if (file === undefined) for (const each of diagnostics) console.error(formatDiagnostic(each));
 * ```
 *
 * @module
 */

import { sha256 } from "@noble/hashes/sha2.js";
import { checkSpec } from "./check.ts";
import type { Diagnostic, NodePath } from "./diagnostics.ts";
import { readSource } from "./source.ts";
import type { SourcePosition, Spec, SpecFile } from "./types.ts";
import { validate } from "./validate.ts";

/** Reads one spec. Any fault leaves it unread; all faults are told at once, sorted by position. */
export function readSpec(path: string, bytes: Uint8Array): { file?: SpecFile; diagnostics: Diagnostic[] } {
  const { source, diagnostics } = readSource(path, bytes);
  if (source === undefined) return { diagnostics };
  const { findings, checkable } = validate(source.value, false);
  if (checkable !== undefined) {
    // A node that the schema refuses is told about once.
    const refused = new Set(findings.map(({ node }) => node.join("/")));
    findings.push(...checkSpec(checkable).filter(({ node }) => !refused.has(node.join("/"))));
  }
  if (findings.length > 0) return { diagnostics: source.report(findings) };
  const file: SpecFile = {
    file: fileName(path),
    path,
    sha256: sha256Hex(bytes),
    license: source.license,
    spec: source.value as Spec,
    position: (node: string): SourcePosition => source.locate(splitPath(node)),
  };
  return { file, diagnostics };
}

/** SHA-256 as 64 hex digits. */
export function sha256Hex(bytes: Uint8Array): string {
  return [...sha256(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The name of a file without folders and without `.yaml`. */
export function fileName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).replace(/\.yaml$/, "");
}

/** "attribute-sets/0/name" as steps; a step of digits is an index. */
function splitPath(path: string): NodePath {
  return path === "" ? [] : path.split("/").map((step) => /^\d+$/.test(step) ? Number(step) : step);
}
