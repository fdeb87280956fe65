/**
 * The committed specs, as the generator sees them.
 *
 * @module
 */

import { applyErrata, type Erratum } from "../../generator/spec/errata.ts";
import { readErrata } from "../../generator/spec/errata_file.ts";
import { readSpec } from "../../generator/spec/read.ts";
import { formatDiagnostic } from "../../generator/spec/diagnostics.ts";
import type { Spec, SpecFile } from "../../generator/spec/types.ts";

const SPECS = new URL("../../specs/", import.meta.url);

/** Names of the 33 specs that Linux 7.3 has, without `.yaml`. */
export function linuxSpecNames(): string[] {
  return specNames().filter((name) => name !== "inet-diag");
}

/** Names of all 34 specs, without `.yaml`. */
export function specNames(): string[] {
  return [...Deno.readDirSync(SPECS)].map((entry) => entry.name)
    .filter((name) => name.endsWith(".yaml") && name !== "errata.yaml")
    .map((name) => name.replace(/\.yaml$/, "")).sort();
}

/** One spec as its file has it; `name` may lead into a folder: `upstream/handshake`. */
export function specFile(name: string): SpecFile {
  const { file, diagnostics } = readSpec(`${name}.yaml`, Deno.readFileSync(new URL(`${name}.yaml`, SPECS)));
  if (file === undefined) throw new Error(diagnostics.map(formatDiagnostic).join("\n"));
  return file;
}

let errata: Erratum[] | undefined;

/** One spec with its errata applied. */
export function correctedSpec(name: string): Spec {
  if (errata === undefined) {
    const read = readErrata("errata.yaml", Deno.readFileSync(new URL("errata.yaml", SPECS)));
    if (read.errata === undefined) throw new Error(read.diagnostics.map(formatDiagnostic).join("\n"));
    errata = read.errata;
  }
  return applyErrata(specFile(name).spec, errata).spec;
}
