/**
 * The shape of a spec file as JSON Schema, for each of the four protocol levels.
 *
 * One description serves all levels: what a level adds or takes away is said beside the key it is about. The
 * verdicts are those of the kernel's own schemas, with one liberty: `doc` is never required, because the specs
 * that tynl ships carry facts only.
 *
 * @module
 */

import type { ProtocolLevel } from "./types.ts";

/** A JSON Schema, or a part of one. */
export interface JsonSchema {
  /** Keywords of draft-07; their values are schemas, lists or plain values. */
  [keyword: string]: unknown;
}

/** The four levels, from the strictest to the one with the most freedom. */
export const PROTOCOL_LEVELS: readonly ProtocolLevel[] = [
  "genetlink",
  "genetlink-c",
  "genetlink-legacy",
  "netlink-raw",
];

const TEXT: JsonSchema = { type: "string" };
const TEXT_OR_NULL: JsonSchema = { type: ["string", "null"] };
const TEXTS: JsonSchema = { type: "array", items: TEXT };
const BOOLEAN: JsonSchema = { type: "boolean" };
const INTEGER: JsonSchema = { type: "integer" };
const COUNT: JsonSchema = { type: "integer", minimum: 0 };
const NUMBER_OR_NAME: JsonSchema = { type: ["string", "integer"] };
const LIMIT: JsonSchema = { type: ["string", "integer"], pattern: "^[0-9A-Za-z_-]+$", minimum: 0 };
const LENGTH: JsonSchema = { type: ["string", "integer"], pattern: "^[0-9A-Za-z_-]+( - 1)?$", minimum: 0 };
const NAME: JsonSchema = { type: "string", pattern: "^[0-9a-z-]+$" };
const NAME_WITH_CAPITALS: JsonSchema = { type: "string", pattern: "^[0-9a-zA-Z-]+$" };

const SCALARS = ["u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64"];
const BYTE_ORDER: JsonSchema = { enum: ["little-endian", "big-endian"] };
const DISPLAY_HINT: JsonSchema = { enum: ["hex", "mac", "fddi", "ipv4", "ipv6", "ipv4-or-v6", "uuid"] };

function map(required: string[], properties: JsonSchema): JsonSchema {
  return { type: "object", required, additionalProperties: false, properties };
}

function list(items: JsonSchema): JsonSchema {
  return { type: "array", items };
}

/** What one level allows; the answers that more than one part of the schema needs. */
interface Level {
  readonly name: ProtocolLevel;
  readonly errata: boolean;
  /** These keys (or values) at the given level and at those after it. */
  from<T extends JsonSchema | string[]>(first: ProtocolLevel, part: T): T;
  /** These keys (or values) at the given levels alone. */
  at<T extends JsonSchema | string[]>(levels: readonly ProtocolLevel[], part: T): T;
  readonly spelling: JsonSchema;
  readonly flags: JsonSchema;
}

const GENETLINK: readonly ProtocolLevel[] = ["genetlink", "genetlink-c", "genetlink-legacy"];
const WITH_C: readonly ProtocolLevel[] = ["genetlink-c", "genetlink-legacy"];
/** The levels that know the permission of a user namespace's administrator. */
const WITH_USER_NAMESPACES: readonly ProtocolLevel[] = ["genetlink", "genetlink-legacy"];

function levelOf(name: ProtocolLevel, errata: boolean): Level {
  const at = <T extends JsonSchema | string[]>(levels: readonly ProtocolLevel[], part: T): T =>
    levels.includes(name) ? part : (Array.isArray(part) ? [] : {}) as unknown as T;
  return {
    name,
    errata,
    at,
    from: (first, part) => at(PROTOCOL_LEVELS.slice(PROTOCOL_LEVELS.indexOf(first)), part),
    // genetlink-c is the one level that takes any text as a name.
    spelling: name === "genetlink-c" ? TEXT : NAME,
    flags: list({ enum: ["admin-perm", ...at(WITH_USER_NAMESPACES, ["uns-admin-perm"])] }),
  };
}

function memberSchema(level: Level): JsonSchema {
  const member = map(["name", "type"], {
    name: level.name === "netlink-raw" ? NAME_WITH_CAPITALS : NAME,
    type: { enum: [...SCALARS, "string", "binary", ...level.from("netlink-raw", ["pad"])] },
    len: LENGTH,
    "byte-order": BYTE_ORDER,
    doc: TEXT,
    enum: TEXT,
    ...level.from("netlink-raw", { "enum-as-flags": BOOLEAN }),
    "display-hint": DISPLAY_HINT,
    struct: TEXT,
    ...(level.errata ? { "flexible-array": BOOLEAN } : {}),
  });
  if (level.name !== "netlink-raw") return member;
  // Bytes have a length of their own or that of a struct.
  return {
    ...member,
    if: { properties: { type: { const: "binary" } } },
    then: { oneOf: [{ required: ["len"] }, { required: ["struct"] }] },
  };
}

function definitionSchema(level: Level): JsonSchema {
  const entry = { name: level.spelling, value: INTEGER, doc: TEXT };
  return map(["type", "name"], {
    type: { enum: ["const", "enum", "flags", ...level.from("genetlink-legacy", ["struct"])] },
    name: level.spelling,
    doc: TEXT,
    header: TEXT,
    scope: { enum: ["uapi", "kernel", "user"] },
    value: NUMBER_OR_NAME,
    "value-start": NUMBER_OR_NAME,
    // A bare name, or a map. The keywords of a map say nothing about text.
    entries: list({ ...map(["name"], entry), type: ["string", "object"] }),
    "render-max": BOOLEAN,
    ...level.from("genetlink-c", { "enum-name": TEXT_OR_NULL, "name-prefix": TEXT }),
    ...level.at(WITH_C, { "enum-cnt-name": TEXT }),
    ...level.from("genetlink-legacy", { members: list(memberSchema(level)) }),
  });
}

function attributeSchema(level: Level): JsonSchema {
  const type: JsonSchema = {
    enum: [
      ...["unused", "pad", "flag", "binary"],
      ...level.from("genetlink-legacy", ["bitfield32"]),
      ...["uint", "sint", ...SCALARS, "string", "nest", "indexed-array", "nest-type-value"],
      ...level.from("netlink-raw", ["sub-message"]),
    ],
  };
  const checks = map([], {
    "flags-mask": TEXT,
    min: LIMIT,
    max: LIMIT,
    "min-len": LENGTH,
    "max-len": LENGTH,
    "exact-len": LENGTH,
    ...level.from("genetlink-c", { "unterminated-ok": BOOLEAN }),
  });
  return map(["name"], {
    name: level.spelling,
    type,
    doc: TEXT,
    value: COUNT,
    "type-value": TEXTS,
    "byte-order": BYTE_ORDER,
    "multi-attr": BOOLEAN,
    "nested-attributes": TEXT,
    enum: TEXT,
    "enum-as-flags": BOOLEAN,
    checks,
    "sub-type": type,
    "display-hint": DISPLAY_HINT,
    ...level.from("genetlink-c", { "name-prefix": TEXT }),
    ...level.from("genetlink-legacy", { struct: TEXT }),
    ...level.from("netlink-raw", { "sub-message": TEXT, selector: TEXT }),
    ...(level.errata ? { "index-start": COUNT } : {}),
  });
}

function attributeSetSchema(level: Level): JsonSchema {
  const set = map(["name", "attributes"], {
    name: level.spelling,
    doc: TEXT,
    "name-prefix": TEXT,
    "enum-name": level.name === "genetlink" ? TEXT : TEXT_OR_NULL,
    "subset-of": TEXT,
    ...level.from("genetlink-c", { "attr-cnt-name": TEXT, "attr-max-name": TEXT, header: TEXT }),
    attributes: list(attributeSchema(level)),
    ...(level.errata ? { incomplete: BOOLEAN } : {}),
  });
  return {
    ...set,
    // A subset has the names of its parent, and may leave the types to it.
    dependencies: { "subset-of": { not: { required: ["name-prefix"] } } },
    if: { properties: { "subset-of": { not: { type: "string" } } } },
    then: { properties: { attributes: { items: { required: ["type"] } } } },
  };
}

function subMessageSchema(): JsonSchema {
  return map(["name", "formats"], {
    name: TEXT,
    formats: list(map(["value"], { value: TEXT, "fixed-header": TEXT, "attribute-set": TEXT })),
  });
}

function operationSchema(level: Level): JsonSchema {
  const message = map([], { attributes: TEXTS, ...level.from("genetlink-legacy", { value: COUNT }) });
  const exchange = map([], { request: message, reply: message, pre: TEXT, post: TEXT });
  return map(["name"], {
    name: level.spelling,
    doc: TEXT,
    value: COUNT,
    "attribute-set": TEXT,
    flags: level.flags,
    "dont-validate": list({ enum: ["strict", "dump", ...level.at(GENETLINK, ["dump-strict"])] }),
    ...level.at(GENETLINK, { "config-cond": TEXT }),
    ...level.from("genetlink-legacy", { "fixed-header": TEXT }),
    do: exchange,
    dump: exchange,
    notify: TEXT,
    event: map([], { attributes: TEXTS }),
    mcgrp: TEXT,
  });
}

function operationsSchema(level: Level): JsonSchema {
  const enumName = level.name === "genetlink" ? TEXT : TEXT_OR_NULL;
  return map(["list"], {
    "enum-model": { enum: ["unified", ...level.from("genetlink-legacy", ["directional"])] },
    "name-prefix": TEXT,
    "enum-name": enumName,
    "async-prefix": TEXT,
    "async-enum": enumName,
    ...level.from("genetlink-legacy", { "fixed-header": TEXT }),
    list: list(operationSchema(level)),
  });
}

function groupSchema(level: Level): JsonSchema {
  return map(["name"], {
    name: level.name === "genetlink" ? NAME : TEXT,
    ...level.from("genetlink-c", { "c-define-name": TEXT }),
    flags: level.flags,
    ...level.from("netlink-raw", { value: INTEGER }),
  });
}

/**
 * The schema of a whole spec at one protocol level.
 *
 * @param name the level, as the spec's `protocol` key says it
 * @param errata true for a spec to which errata were applied: it may have the keys that are tynl's own
 */
export function specSchema(name: ProtocolLevel, errata: boolean): JsonSchema {
  const level = levelOf(name, errata);
  const raw = name === "netlink-raw";
  return map(["name", "attribute-sets", "operations"], {
    name: name === "genetlink" ? NAME : TEXT,
    doc: TEXT,
    protocol: { enum: raw ? [name] : GENETLINK.slice(0, GENETLINK.indexOf(name) + 1) },
    ...level.from("netlink-raw", { protonum: INTEGER }),
    ...level.at(["genetlink-legacy"], { version: { type: "integer", minimum: 1 } }),
    "uapi-header": TEXT,
    ...level.from("genetlink-c", {
      "c-family-name": TEXT,
      "c-version-name": TEXT,
      "max-by-define": BOOLEAN,
      "cmd-max-name": TEXT,
      "cmd-cnt-name": TEXT,
    }),
    ...level.from("genetlink-legacy", { "kernel-policy": { enum: ["split", "per-op", "global"] } }),
    definitions: list(definitionSchema(level)),
    "attribute-sets": list(attributeSetSchema(level)),
    ...level.from("netlink-raw", { "sub-messages": list(subMessageSchema()) }),
    operations: operationsSchema(level),
    "mcast-groups": map(["list"], { list: list(groupSchema(level)) }),
    ...level.at(GENETLINK, { "kernel-family": map([], { headers: TEXTS, "sock-priv": TEXT }) }),
  });
}
