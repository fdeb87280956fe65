/**
 * A value against the schema of its protocol level, and what of a faulty one can still be checked further.
 *
 * @module
 */

import { Ajv } from "ajv";
import { type Finding, nearest, oneOf } from "./diagnostics.ts";
import { explain, meantKey, nodeOf, type SchemaError } from "./explain.ts";
import { type JsonSchema, PROTOCOL_LEVELS, specSchema } from "./schema.ts";
import { MAX_FAULTS } from "./source.ts";
import type { ProtocolLevel, Spec } from "./types.ts";

/** What the schema says about a value. */
export interface Validation {
  /** The faults. */
  findings: Finding[];
  /** The spec, for further checks. A copy without the faulty parts if they allow that; undefined if not. */
  checkable?: Spec;
}

/** A schema, ready for use. */
export interface Validator {
  /** True if the value is as the schema says; the errors are those of the last call. */
  (value: unknown): boolean;
  /** What the schema refused. */
  errors?: SchemaError[] | null;
}

const compiled = new Map<string, Validator>();

/** Compiles a schema for messages: with all errors, and with each error's part of the schema. */
export function compileSchema(schema: JsonSchema): Validator {
  // The built-in check of the schema itself and of formats costs start-up time and has nothing to find here; making
  // the code shorter costs more than a few dozen specs win by it.
  const code = { optimize: false };
  return new Ajv({ allErrors: true, verbose: true, strict: false, validateSchema: false, meta: false, code })
    .compile(schema);
}

/**
 * Validates a spec at the level that its `protocol` key says.
 *
 * @param value what a file holds
 * @param errata true for a spec to which errata were applied: it may have the keys that are tynl's own
 */
export function validate(value: unknown, errata: boolean): Validation {
  const level = protocolLevel(value);
  const validator = validatorOf(level, errata);
  if (validator(value)) return { findings: [], checkable: value as Spec };
  const errors = (validator.errors ?? []).slice(0, MAX_FAULTS);
  const findings = explain(errors, value, (path, name) => elsewhere(level, errata, path, name)).map((
    finding,
  ) =>
    // The schema in use is the one of the level that seems to be meant; a person may mean any.
    finding.node.join("/") === "protocol" ? { ...finding, expected: oneOf(PROTOCOL_LEVELS) } : finding
  );
  const checkable = repaired(value, errors);
  return checkable === undefined ? { findings } : { findings, checkable };
}

function validatorOf(level: ProtocolLevel, errata: boolean): Validator {
  const key = `${level} ${errata}`;
  let validator = compiled.get(key);
  if (validator === undefined) compiled.set(key, validator = compileSchema(specSchema(level, errata)));
  return validator;
}

/** The level that the spec names, or the one it seems to mean. */
function protocolLevel(value: unknown): ProtocolLevel {
  const name = typeof value === "object" && value !== null ? (value as Partial<Spec>).protocol : undefined;
  if (typeof name !== "string") return "genetlink";
  if (PROTOCOL_LEVELS.includes(name)) return name;
  return nearest(name, PROTOCOL_LEVELS) as ProtocolLevel | undefined ?? "genetlink-legacy";
}

/** Where a key or a value of an enumeration is allowed that this level does not allow. */
function elsewhere(
  level: ProtocolLevel,
  errata: boolean,
  schemaPath: string,
  name: string,
): string | undefined {
  if (schemaPath === "#/properties/protocol/enum") return undefined;
  const steps = schemaPath.split("/").slice(1);
  const allowed = (candidate: ProtocolLevel, withErrata: boolean): boolean => {
    let part: unknown = specSchema(candidate, withErrata);
    for (const step of steps) {
      part = typeof part === "object" && part !== null && Object.hasOwn(part, step)
        ? (part as JsonSchema)[step]
        : undefined;
    }
    return part !== undefined && (!schemaPath.endsWith("/enum") || (part as string[]).includes(name));
  };
  const levels = PROTOCOL_LEVELS.filter((candidate) => candidate !== level && allowed(candidate, false));
  if (levels.length > 0) return `belongs to protocol ${levels.join(", ")}, and this is ${level}`;
  return !errata && allowed(level, true) ? "is for errata alone" : undefined;
}

/**
 * A copy of a faulty value without its faults, so that the other checks can run and a person sees all faults at
 * once. A mistyped key becomes the key it was meant to be: what is then checked is what the author wrote.
 */
function repaired(value: unknown, errors: readonly SchemaError[]): Spec | undefined {
  if (errors.length === MAX_FAULTS || typeof value !== "object" || value === null) return undefined;
  const copy = structuredClone(value) as Record<string, unknown>;
  for (const error of errors) {
    const node = nodeOf(error, value);
    const key = node.at(-1);
    if (error.keyword === "additionalProperties") {
      const map = follow(copy, node) as Record<string, unknown>;
      const name = String(error.params["additionalProperty"]);
      const meant = meantKey(error);
      if (meant !== undefined && !Object.hasOwn(map, meant)) map[meant] = map[name];
      delete map[name];
    } else if (error.keyword === "type" || (error.keyword === "enum" && typeof error.data !== "string")) {
      if (typeof key !== "string" || NEEDED.has(key)) return undefined;
      delete (follow(copy, node.slice(0, -1)) as Record<string, unknown>)[key];
    }
  }
  // A renamed key may have brought a value of the wrong kind with it.
  const level = protocolLevel(copy);
  const validator = validatorOf(level, true);
  if (validator(copy)) return copy as unknown as Spec;
  const harmless = new Set(["enum", "pattern", "minimum", "oneOf", "not", "if"]);
  const checkable = (validator.errors ?? []).every((error) =>
    harmless.has(error.keyword) || error.schemaPath.includes("/oneOf/") ||
    error.params["missingProperty"] === "type"
  );
  return checkable ? copy as unknown as Spec : undefined;
}

/** Keys without which nothing further can be checked. */
const NEEDED = new Set(["name", "attributes", "attribute-sets", "operations", "list", "formats", "value"]);

function follow(root: unknown, node: readonly (string | number)[]): unknown {
  return node.reduce((value, step) => (value as Record<string | number, unknown>)[step], root);
}
