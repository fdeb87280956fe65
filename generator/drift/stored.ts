/** Facts of headers and kernels that were stored before: JSON from anyone, checked before it is used. @module */
import { compileSchema } from "../spec/validate.ts";
import type { JsonSchema } from "../spec/schema.ts";
import type { HeaderFacts } from "./header_facts.ts";
import type { KernelFacts } from "./kernel_facts.ts";

/** A file that does not hold the facts that were asked for. */
export class StoredFactsError extends Error {
  /** Always `StoredFactsError`. */
  override readonly name = "StoredFactsError";
}

const text: JsonSchema = { type: "string" };
const count: JsonSchema = { type: "integer", minimum: 0 };
const flag: JsonSchema = { const: true };
const digits: JsonSchema = { type: "string", pattern: "^-?[0-9]{1,20}$" };
const list = (items: JsonSchema): JsonSchema => ({ type: "array", items });
const map = (values: JsonSchema): JsonSchema => ({ type: "object", additionalProperties: values });
const object = (
  required: Record<string, JsonSchema>,
  optional: Record<string, JsonSchema> = {},
): JsonSchema => ({
  type: "object",
  required: Object.keys(required),
  properties: { ...required, ...optional },
});
const row = (...items: JsonSchema[]): JsonSchema => ({
  type: "array",
  items,
  minItems: items.length,
  maxItems: items.length,
});

const line: JsonSchema = { type: "integer", minimum: 1 };
const at = row(text, line);
// A number, text in quotes, or the digits of a number that a double does not hold.
const value: JsonSchema = {
  anyOf: [{ type: "integer" }, { type: "string", pattern: '^(".*"|-?[0-9]{1,20})$' }],
};
const members = list({ $ref: "#/definitions/member" });

const HEADERS: JsonSchema = {
  ...object({
    origin: text,
    headers: list(text),
    generated: list(text),
    enums: list(object({ at, entries: list(row(text, value, line)) }, { tag: text })),
    defines: map(object({ value, at })),
    structs: map(object({ size: count, members, at }, { union: flag })),
    problems: list(text),
  }),
  definitions: {
    member: object({ name: text, offset: count, size: count }, {
      flexible: flag,
      count,
      bits: count,
      signed: flag,
      order: { enum: ["big", "little"] },
      inside: members,
      union: flag,
    }),
  },
};

const attribute = object({ type: text }, {
  min: digits,
  max: digits,
  mask: digits,
  minLength: count,
  maxLength: count,
  policy: count,
});

const KERNEL: JsonSchema = object({
  release: text,
  families: map(object({
    version: count,
    headerSize: count,
    operations: list(object({ id: count, flags: count }, { do: count, dump: count })),
    groups: list(text),
    policies: map(map(attribute)),
  })),
});

/** Facts of headers as `tynl drift headers --save` stores them. Throws {@linkcode StoredFactsError}. */
export function readHeaderFacts(path: string, json: string): HeaderFacts {
  return read<HeaderFacts>(path, json, HEADERS, "headers");
}

/** Facts of a kernel as `tynl drift kernel --save` stores them. Throws {@linkcode StoredFactsError}. */
export function readKernelFacts(path: string, json: string): KernelFacts {
  return read<KernelFacts>(path, json, KERNEL, "a kernel");
}

function read<T>(path: string, json: string, schema: JsonSchema, what: string): T {
  let facts: unknown;
  try {
    facts = JSON.parse(json);
  } catch (error) {
    throw new StoredFactsError(`${path} is no JSON: ${(error as Error).message}`);
  }
  const validator = compileSchema(schema);
  let sound: boolean;
  try {
    sound = validator(facts);
  } catch (error) {
    // Members in members without end.
    if (!(error instanceof RangeError)) throw error;
    throw new StoredFactsError(`${path} is nested too deeply`);
  }
  if (sound) return facts as T;
  const [first] = validator.errors ?? [];
  throw new StoredFactsError(
    `${path} does not hold the facts of ${what}: ${first?.instancePath || "it"} ${
      first?.message ?? "differs"
    }`,
  );
}
