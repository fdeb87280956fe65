/** Generated families as conformance runs need them: those of the tree, and others generated on the spot. @module */
import { families } from "../../generated/families.ts";
import { generateFamily } from "../../generator/generate.ts";
import type { Layout } from "../../generator/model/mod.ts";
import { readSpec } from "../../generator/spec/read.ts";
import { applyErrata, type Erratum } from "../../generator/spec/errata.ts";
import { readErrata } from "../../generator/spec/errata_file.ts";
import type { SpecFile } from "../../generator/spec/types.ts";
import type {
  AnyCodec,
  AnyStruct,
  Event,
  Family,
  FamilyMeta,
  MessageFormat,
  Operation,
} from "../../runtime/wire/mod.ts";

/** A family with everything that encoding and decoding by names takes. */
export interface LoadedFamily {
  family: Family;
  meta: FamilyMeta;
  /** Codecs by the name of their attribute set. */
  sets: Map<string, AnyCodec>;
  /** Codecs by the name of their struct. */
  structs: Map<string, AnyStruct>;
}

const root = new URL("../../", import.meta.url);

async function load(folder: URL, family: Family): Promise<LoadedFamily> {
  const messages = await import(new URL("messages.ts", folder).href) as Record<string, unknown>;
  const sets = new Map<string, AnyCodec>();
  const structs = new Map<string, AnyStruct>();
  for (const exported of Object.values(messages)) {
    if (typeof exported !== "object" || exported === null || !("decode" in exported)) continue;
    if ("size" in exported) structs.set((exported as AnyStruct).name, exported as AnyStruct);
    else sets.set((exported as AnyCodec).name, exported as AnyCodec);
  }
  return { family, meta: await family.meta(), sets, structs };
}

/** The family of the tree. */
export async function loadGenerated(spec: string): Promise<LoadedFamily> {
  const loader = families[spec];
  if (loader === undefined) throw new Error(`there is no generated family ${spec}`);
  return await load(new URL(`generated/${spec}/`, root), await loader());
}

function specFile(name: string): SpecFile {
  const { file, diagnostics } = readSpec(
    `specs/${name}.yaml`,
    Deno.readFileSync(new URL(`specs/${name}.yaml`, root)),
  );
  if (file === undefined) throw new Error(diagnostics.map(({ message }) => message).join("; "));
  return file;
}

let cachedErrata: readonly Erratum[] | undefined;

/** The errata of the tree that apply to a spec. */
export function errataFor(spec: string): readonly Erratum[] {
  if (cachedErrata === undefined) {
    const { errata, diagnostics } = readErrata(
      "specs/errata.yaml",
      Deno.readFileSync(new URL("specs/errata.yaml", root)),
    );
    if (errata === undefined) throw new Error(diagnostics.map(({ message }) => message).join("; "));
    cachedErrata = errata;
  }
  const { name } = specFile(spec).spec;
  return cachedErrata.filter((erratum) => erratum.spec === name);
}

let folders = 0;

/** Generates a family with the given errata only, into `temporary`, and loads it. */
export async function generateAndLoad(
  temporary: string,
  spec: string,
  errata: readonly Erratum[],
  layout: Layout,
): Promise<LoadedFamily> {
  const file = specFile(spec);
  const wire = new URL("runtime/wire/mod.ts", root).href;
  const files = generateFamily({ ...file, spec: applyErrata(file.spec, errata).spec }, {
    wire,
    layout,
  });
  const folder = `${temporary}/${folders++}`;
  Deno.mkdirSync(`${folder}/${spec}`, { recursive: true });
  for (const { path, text } of files) Deno.writeTextFileSync(`${folder}/${path}`, text);
  const url = new URL(`file://${folder}/${spec}/`);
  const module = await import(new URL("mod.ts", url).href) as Record<string, unknown>;
  const family = Object.values(module).find((exported): exported is Family =>
    typeof exported === "object" && exported !== null && "operations" in exported && "events" in exported
  );
  if (family === undefined) throw new Error(`${spec}: the generated module has no family`);
  return await load(url, family);
}

/** The operation, notification or event of a name in the spec. */
export function formatNamed(
  { family }: LoadedFamily,
  name: string,
): { operation?: Operation; event?: Event; format: MessageFormat } {
  const operation = Object.values(family.operations).find((candidate) => candidate.name === name);
  if (operation !== undefined) return { operation, format: operation };
  const event = family.events[name];
  if (event === undefined) throw new Error(`${family.name} has no operation ${name}`);
  return { event, format: event };
}
