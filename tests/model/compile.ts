/**
 * Compiles a spec that is given as text: reads it, generates its code and imports what was generated, as a user of
 * an own spec would.
 *
 * @module
 */

import { pathToFileURL } from "node:url";
import { generateFamily } from "../../generator/generate.ts";
import { type Family, resolveFamily } from "../../generator/model/mod.ts";
import { formatDiagnostic } from "../../generator/spec/diagnostics.ts";
import { applyErrataToFile } from "../../generator/spec/errata.ts";
import { readSpec } from "../../generator/spec/read.ts";
import type { SpecFile } from "../../generator/spec/types.ts";
import {
  type Codec,
  decodeAttributes,
  encodeAttributes,
  type Family as Descriptor,
  type FamilyMeta,
  Reader,
  type Struct,
  Writer,
} from "../../runtime/wire/mod.ts";

/** Keys that only errata may bring, by the path of what gets them: `flexible-array`, `index-start`. */
export type OwnKeys = Readonly<Record<string, Readonly<Record<string, number | boolean>>>>;

/** Reads a spec of which only what a test is about is given; it is of a raw family unless it says otherwise. */
export function specOf(parts: string, own: OwnKeys = {}): SpecFile {
  const text = [
    "# SPDX-License-Identifier: BSD-3-Clause",
    ...(/^name:/m.test(parts) ? [] : ["name: demo"]),
    ...(/^protocol:/m.test(parts) ? [] : ["protocol: netlink-raw", "protonum: 0"]),
    parts,
    ...(/^attribute-sets:/m.test(parts) ? [] : ["attribute-sets: []"]),
    ...(/^operations:/m.test(parts) ? [] : ["operations:", "  list: []"]),
  ].join("\n");
  const { file, diagnostics } = readSpec("demo.yaml", new TextEncoder().encode(text));
  if (file === undefined) throw new Error(diagnostics.map(formatDiagnostic).join("\n"));
  const changes = Object.entries(own).map(([at, becomes]) => ({
    at,
    was: Object.fromEntries(Object.keys(becomes).map((key) => [key, null])),
    becomes,
  }));
  if (changes.length === 0) return file;
  const corrected = applyErrataToFile(file, [{
    id: "own-keys",
    spec: file.spec.name,
    reason: "a test",
    evidence: { file: "none", says: "nothing" },
    changes,
  }]);
  if (corrected.file === undefined || corrected.applied.length === 0) {
    throw new Error(
      corrected.diagnostics.map(formatDiagnostic).join("\n") || "the keys are not where they should be",
    );
  }
  return corrected.file;
}

/** The model of such a spec. */
export function familyOf(parts: string, own?: OwnKeys): Family {
  return resolveFamily(specOf(parts, own));
}

/** A spec's generated code, loaded. */
export class Compiled {
  constructor(
    readonly family: Family,
    readonly descriptor: Descriptor,
    readonly meta: FamilyMeta,
    readonly module: { readonly [name: string]: unknown },
    /** Source of messages.ts. */
    readonly source: string,
  ) {}

  /** The codec of a set, by its name in the spec. */
  codec(set: string): Codec<Record<string, unknown>> {
    const { variable } = this.family.sets.find(({ name }) => name === set)!;
    return this.module[variable] as Codec<Record<string, unknown>>;
  }

  /** The codec of a struct, by its name in the spec. */
  struct(struct: string): Struct<Record<string, unknown>> {
    const { variable } = this.family.structs.find(({ name }) => name === struct)!;
    return this.module[variable] as Struct<Record<string, unknown>>;
  }

  /** An object of a set as bytes. */
  encode(set: string, value: Record<string, unknown>): Uint8Array {
    return encodeAttributes(this.codec(set), value as never);
  }

  /** Bytes as an object of a set. */
  decode(set: string, bytes: Uint8Array): Record<string, unknown> {
    return decodeAttributes(this.codec(set), bytes);
  }

  /** A struct as the payload of attribute 1. */
  encodeStruct(struct: string, value: Record<string, unknown>): Uint8Array {
    const writer = new Writer();
    writer.struct(1, this.struct(struct), value as never);
    return writer.result();
  }

  /** The payload of the first attribute as a struct. */
  decodeStruct(struct: string, bytes: Uint8Array): Record<string, unknown> {
    const reader = new Reader(bytes);
    if (!reader.next(bytes.length)) throw new Error("no attribute");
    return reader.struct(this.struct(struct));
  }
}

/** Compiles a spec. */
export async function compile(parts: string, own?: OwnKeys): Promise<Compiled> {
  const file = specOf(parts, own);
  const wire = new URL("../../runtime/wire/mod.ts", import.meta.url).href;
  const files = generateFamily(file, { wire });
  const folder = Deno.makeTempDirSync();
  try {
    for (const { path, text } of files) {
      const at = `${folder}/${path}`;
      Deno.mkdirSync(at.slice(0, at.lastIndexOf("/")), { recursive: true });
      Deno.writeTextFileSync(at, text);
    }
    const load = (name: string) => import(pathToFileURL(`${folder}/${file.file}/${name}`).href);
    const family = resolveFamily(file);
    const descriptor: Descriptor = (await load("mod.ts"))[family.variable];
    const { meta }: { meta: FamilyMeta } = await load("meta.ts");
    const source = files.find(({ path }) => path.endsWith("/messages.ts"))!.text;
    return new Compiled(family, descriptor, meta, await load("messages.ts"), source);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
