/**
 * Reads the file of errata.
 *
 * @module
 */

import type { Diagnostic, Finding } from "./diagnostics.ts";
import type { Erratum } from "./errata.ts";
import { explain } from "./explain.ts";
import type { JsonSchema } from "./schema.ts";
import { readSource } from "./source.ts";
import { compileSchema, type Validator } from "./validate.ts";

const TEXT: JsonSchema = { type: "string", minLength: 1 };
const ANY_MAP: JsonSchema = { type: "object" };

const SCHEMA: JsonSchema = map(["errata"], {
  errata: {
    type: "array",
    items: map(["id", "spec", "reason", "evidence", "changes"], {
      id: { type: "string", pattern: "^[0-9a-z-]+$" },
      spec: TEXT,
      reason: TEXT,
      evidence: map(["file", "says"], { file: TEXT, says: TEXT }),
      changes: {
        type: "array",
        items: map([], {
          at: TEXT,
          was: ANY_MAP,
          becomes: ANY_MAP,
          into: TEXT,
          insert: { type: ["string", "object"] },
          move: TEXT,
          after: TEXT,
          before: TEXT,
        }),
      },
    }),
  },
});

/** The keys that make a change, in alphabetical order. */
const CHANGES = new Set([
  "at becomes was",
  "after insert into",
  "before insert into",
  "after move",
  "before move",
]);

let validator: Validator | undefined;

/** Reads a file of errata; on any fault there are diagnostics and no errata. */
export function readErrata(
  path: string,
  bytes: Uint8Array,
): { errata?: Erratum[]; diagnostics: Diagnostic[] } {
  const { source, diagnostics } = readSource(path, bytes);
  if (source === undefined) return { diagnostics };
  validator ??= compileSchema(SCHEMA);
  const findings = validator(source.value) ? [] : explain(validator.errors ?? [], source.value);
  if (findings.length === 0) findings.push(...check((source.value as { errata: Erratum[] }).errata));
  if (findings.length > 0) return { diagnostics: source.report(findings) };
  return { errata: (source.value as { errata: Erratum[] }).errata, diagnostics };
}

function map(required: string[], properties: JsonSchema): JsonSchema {
  return { type: "object", required, additionalProperties: false, properties };
}

function check(errata: readonly Erratum[]): Finding[] {
  const findings: Finding[] = [];
  const ids = errata.map(({ id }) => id);
  for (const [i, { id, changes }] of errata.entries()) {
    if (ids.indexOf(id) !== i) {
      findings.push({ node: ["errata", i, "id"], message: `a second erratum "${id}"` });
    }
    if (changes.length === 0) findings.push({ node: ["errata", i, "changes"], message: "no changes" });
    for (const [j, change] of changes.entries()) {
      const keys = Object.keys(change).sort().join(" ");
      const node = ["errata", i, "changes", j];
      if (!CHANGES.has(keys)) {
        const expected =
          "at, was and becomes; or into, insert and one of after or before; or move and one of them";
        findings.push({ node, message: "this is no change", expected });
      } else if ("at" in change) {
        const [was, becomes] = [change.was, change.becomes].map((part) =>
          Object.keys(part).sort().join(", ")
        );
        if (was !== becomes || was === "") {
          findings.push({
            node,
            message: `was says ${was || "nothing"}, becomes says ${becomes || "nothing"}`,
            expected: "the same keys",
          });
        }
      }
    }
  }
  return findings;
}
