/**
 * What ajv found, in sentences a person can act on.
 *
 * @module
 */

import { type Finding, nearest, type NodePath, oneOf, quote } from "./diagnostics.ts";
import type { JsonSchema } from "./schema.ts";

/** What ajv says about one fault, as far as it is used here. */
export interface SchemaError {
  /** The keyword of the schema that was violated. */
  keyword: string;
  /** JSON pointer to the node. */
  instancePath: string;
  /** JSON pointer to the keyword in the schema. */
  schemaPath: string;
  /** What the keyword's error carries. */
  params: Record<string, unknown>;
  /** ajv's own words. */
  message?: string;
  /** The part of the schema that has the keyword. */
  parentSchema?: object;
  /** The node. */
  data?: unknown;
}

/** Says of a key or value that the schema refuses where it would be allowed, if anywhere. */
export type Elsewhere = (schemaPath: string, name: string) => string | undefined;

/** One finding for each fault that ajv reports; its own restatements of the same fault are left out. */
export function explain(
  errors: readonly SchemaError[],
  root: unknown,
  elsewhere: Elsewhere = () => undefined,
): Finding[] {
  const meant = new Set(errors.flatMap((error) => {
    const key = meantKey(error);
    return key === undefined ? [] : `${error.instancePath} ${key}`;
  }));
  // A key that is there, but mistyped, is not missing as well.
  const told = errors.filter(({ keyword, instancePath, params }) =>
    keyword !== "required" || !meant.has(`${instancePath} ${params["missingProperty"]}`)
  );
  return told.flatMap((error) => explainOne(error, root, elsewhere) ?? []);
}

/** The path of the node that an ajv error is about, with numbers for indices of lists. */
export function nodeOf(error: SchemaError, root: unknown): (string | number)[] {
  let value = root;
  return error.instancePath.split("/").slice(1).map((part) => {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    const step = Array.isArray(value) ? Number(key) : key;
    value = (value as Record<string | number, unknown>)[step];
    return step;
  });
}

/** The key that an unknown one was probably meant to be. */
export function meantKey(error: SchemaError): string | undefined {
  if (error.keyword !== "additionalProperties") return undefined;
  const known = Object.keys((error.parentSchema as JsonSchema)["properties"] as JsonSchema);
  return nearest(String(error.params["additionalProperty"]), known);
}

function explainOne(error: SchemaError, root: unknown, elsewhere: Elsewhere): Finding | undefined {
  const node = nodeOf(error, root);
  const schema = (error.parentSchema ?? {}) as JsonSchema;
  const value = error.data;
  switch (error.keyword) {
    case "additionalProperties":
      return unknownKey(node, error, schema, elsewhere);
    case "required": {
      // The two ways to give bytes a length are told as one, below.
      if (error.schemaPath.includes("/oneOf/")) return undefined;
      return { node, message: `the key ${quote(error.params["missingProperty"])} is missing` };
    }
    case "type":
      return {
        node,
        message: `${describe(value)} does not belong here`,
        expected: kinds(error.params["type"] as string | string[]),
      };
    case "enum":
      return unknownValue(node, error, elsewhere);
    case "pattern":
      return {
        node,
        message: `${quote(value)} is not a name`,
        expected: letters(String(error.params["pattern"])),
      };
    case "minimum":
      return { node, message: `${String(value)} is too small`, expected: `${error.params["limit"]} or more` };
    case "oneOf": {
      const both = (value as Record<string, unknown>)["len"] !== undefined;
      return {
        node,
        message: `bytes with ${both ? "a length and a struct" : "no length"}`,
        expected: "len or struct",
      };
    }
    case "not":
      return {
        node: [...node, "name-prefix"],
        onKey: true,
        message: "a subset has the names of its parent",
        expected: "no name-prefix",
      };
    case "if":
      return undefined;
    default:
      return { node, message: `${error.keyword}: ${error.message ?? "not valid"}` };
  }
}

function unknownKey(
  node: NodePath,
  error: SchemaError,
  schema: JsonSchema,
  elsewhere: Elsewhere,
): Finding {
  const key = String(error.params["additionalProperty"]);
  const known = Object.keys(schema["properties"] as JsonSchema);
  const place = elsewhere(error.schemaPath.replace(/additionalProperties$/, `properties/${key}`), key);
  const suggestion = place === undefined ? meantKey(error) : undefined;
  return {
    node: [...node, key],
    onKey: true,
    message: `the key ${quote(key)} ${place ?? "is unknown"}`,
    ...(place === undefined ? { expected: oneOf(known) } : {}),
    ...(suggestion === undefined ? {} : { suggestion }),
  };
}

function unknownValue(node: NodePath, error: SchemaError, elsewhere: Elsewhere): Finding {
  const allowed = (error.params["allowedValues"] as unknown[]).map(String);
  if (typeof error.data !== "string") {
    return { node, message: `${describe(error.data)} does not belong here`, expected: oneOf(allowed) };
  }
  const place = elsewhere(error.schemaPath, error.data);
  const suggestion = place === undefined ? nearest(error.data, allowed) : undefined;
  const key = node.findLast((step) => typeof step === "string") ?? "value";
  return {
    node,
    message: place === undefined
      ? `unknown ${key} ${quote(error.data)}`
      : `the ${key} ${quote(error.data)} ${place}`,
    ...(place === undefined ? { expected: oneOf(allowed) } : {}),
    ...(suggestion === undefined ? {} : { suggestion }),
  };
}

/** A value as a sentence names it. */
function describe(value: unknown): string {
  if (value === null) return "an empty value";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  if (typeof value === "string") return `the text ${quote(value)}`;
  return String(value);
}

const KINDS: Readonly<Record<string, string>> = {
  string: "text",
  integer: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a map",
  null: "nothing",
};

function kinds(types: string | readonly string[]): string {
  return [types].flat().map((type) => KINDS[type] ?? type).join(" or ");
}

function letters(pattern: string): string {
  if (pattern.includes("( - 1)")) return 'a name, at most followed by " - 1"';
  if (pattern.includes("_")) return "letters, digits, - and _";
  return pattern.includes("A-Z") ? "letters, digits and -" : "lower-case letters, digits and -";
}
