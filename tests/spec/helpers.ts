/** What the tests of specs share. */

import { fileURLToPath } from "node:url";
import { type Diagnostic, formatDiagnostic } from "../../generator/spec/diagnostics.ts";
import type { Erratum } from "../../generator/spec/errata.ts";
import { readErrata } from "../../generator/spec/errata_file.ts";
import { readSpec } from "../../generator/spec/read.ts";
import type { Spec, SpecFile } from "../../generator/spec/types.ts";

/** Folder of the committed specs. */
export const SPECS: string = fileURLToPath(new URL("../../specs/", import.meta.url));

/** First line of a spec. */
export const SPDX = "# SPDX-License-Identifier: BSD-3-Clause\n";

/** A small spec that is right. */
export const SMALL: string = `${SPDX}name: demo
attribute-sets:
  - name: dev
    attributes:
      - name: ifindex
        type: u32
operations:
  list:
    - name: dev-get
      doc: Text that no fact needs.
      attribute-set: dev
      do:
        request:
          attributes: [ifindex]
`;

/** Specs that are written by hand: upstream has not got them, or not all of it. */
export const HANDWRITTEN: readonly string[] = ["handshake.yaml", "inet-diag.yaml"];

/** Names of the committed specs, sorted. */
export function specNames(): string[] {
  return [...Deno.readDirSync(SPECS)].map(({ name }) => name)
    .filter((name) => name.endsWith(".yaml") && name !== "errata.yaml").sort();
}

/** Reads text as a spec. */
export function read(text: string, path = "demo.yaml"): { file?: SpecFile; diagnostics: Diagnostic[] } {
  return readSpec(path, new TextEncoder().encode(text));
}

/** Reads text that must be a right spec. */
export function readRight(text: string, path = "demo.yaml"): SpecFile {
  const { file, diagnostics } = read(text, path);
  if (file === undefined) throw new Error(diagnostics.map(formatDiagnostic).join("\n"));
  return file;
}

/** Reads a committed spec. */
export function committed(name: string): SpecFile {
  return readRight(Deno.readTextFileSync(`${SPECS}${name}`), `specs/${name}`);
}

/** The committed errata. */
export function committedErrata(): Erratum[] {
  const { errata, diagnostics } = readErrata("specs/errata.yaml", Deno.readFileSync(`${SPECS}errata.yaml`));
  if (errata === undefined) throw new Error(diagnostics.map(formatDiagnostic).join("\n"));
  return errata;
}

/** The attribute of a set. */
export function attributeOf(spec: Spec, set: string, name: string): Record<string, unknown> {
  const attributes = spec["attribute-sets"].find((each) => each.name === set)?.attributes;
  return attributes?.find((each) => each.name === name) as unknown as Record<string, unknown>;
}

/** The definition of a name. */
export function definitionOf(spec: Spec, name: string): Record<string, unknown> {
  return spec.definitions?.find((each) => each.name === name) as unknown as Record<string, unknown>;
}
