/**
 * Chooses the few lines of vector files that `deno task test` runs: greedily, so that every construct of the specs,
 * every family and every kind of line is there. Run by hand when the vectors change:
 *
 *     deno run -A tests/conformance/select.ts OUT FILE ...
 *
 * @module
 */
import type { AttributeMeta, FamilyMeta, SpecJson, SpecObject } from "../../runtime/wire/mod.ts";
import { checkCapture } from "./capture.ts";
import { checkVector } from "./check.ts";
import { type LoadedFamily, loadGenerated } from "./families.ts";
import { isCapture, type Line, readVectors, type Vector } from "./vectors.ts";

function isObject(value: SpecJson | undefined): value is SpecObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What an attribute is, without what it is called. */
function construct({ id: _id, name: _name, min: _min, max: _max, ...attribute }: AttributeMeta): string {
  const named = { enum: 1, nest: 1, struct: 1, message: 1, values: 1, valueNames: 1, selector: 1 };
  return JSON.stringify(Object.entries(attribute).map(([key, value]) => key in named ? key : [key, value]));
}

/** The constructs of an object, nested ones included. */
function* constructs(meta: FamilyMeta, set: string, json: SpecJson): Generator<string> {
  if (Array.isArray(json)) {
    yield json.length > 1 ? "several elements" : `${json.length} elements`;
    for (const one of json) yield* constructs(meta, set, one);
  }
  if (!isObject(json)) return;
  for (const [property, attribute] of Object.entries(meta.sets[set] ?? {})) {
    const value = json[attribute.name ?? property];
    if (value === undefined) continue;
    yield construct(attribute);
    if (attribute.nest !== undefined) yield* constructs(meta, attribute.nest, value);
    if (attribute.struct !== undefined) {
      for (const member of Object.values(meta.structs[attribute.struct]!)) {
        yield `member ${
          JSON.stringify({ ...member, name: 0, enum: member.enum && 1, struct: member.struct && 1 })
        }`;
      }
    }
    if (attribute.message !== undefined) {
      const kind = json[attribute.selector!];
      const format = typeof kind === "string" ? meta.messages[attribute.message]?.[kind] : undefined;
      yield `format ${format?.header !== undefined} ${format?.set !== undefined}`;
      if (format?.set !== undefined) yield* constructs(meta, format.set, value);
    }
  }
}

function features(loaded: LoadedFamily, { content }: Line): Set<string> {
  if (isCapture(content)) {
    const { causes } = checkCapture(loaded, content);
    return new Set([
      `capture ${content.spec} ${content.op} ${content.kind}`,
      ...[...causes].map((cause) => `cause ${cause} ${content.spec}`),
    ]);
  }
  const vector: Vector & { order?: string } = content;
  const set = vector.set ?? loaded.meta.operations[vector.op!]?.set;
  const holds = checkVector(loaded, vector).length === 0;
  return new Set([
    `${vector.spec} ${vector.kind} ${vector.of}`,
    `${vector.order} ${vector.kind}`,
    ...(vector.variant === undefined ? [] : [`variant ${vector.variant}`]),
    ...(vector.suspect ?? []).map((struct) => `suspect ${struct}`),
    ...(holds || vector.suspect !== undefined ? [] : [`explained ${vector.spec}`]),
    ...(set === undefined ? [] : constructs(loaded.meta, set, vector.input)),
  ]);
}

const [out, ...files] = Deno.args;
if (out === undefined || files.length === 0) throw new Error("usage: select.ts OUT FILE ...");
const candidates: { text: string; features: Set<string> }[] = [];
for (const file of files) {
  for (const line of readVectors(file, Deno.readFileSync(file))) {
    const text = JSON.stringify(line.content);
    candidates.push({ text, features: features(await loadGenerated(line.content.spec), line) });
  }
}
// Short lines first, so that of two that bring the same the smaller one stays.
candidates.sort((a, b) => a.text.length - b.text.length);
const covered = new Set<string>();
const chosen: string[] = [];
for (const { text, features } of candidates) {
  if ([...features].every((feature) => covered.has(feature))) continue;
  for (const feature of features) covered.add(feature);
  chosen.push(text);
}
Deno.writeTextFileSync(out, chosen.join("\n") + "\n");
console.log(`${chosen.length} of ${candidates.length} lines cover ${covered.size} features`);
