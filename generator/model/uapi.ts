/**
 * What the kernel's UAPI header of a family defines, as data: the family's name and version, constants, enums,
 * flags, attribute ids, command ids, multicast groups, each with its C name and value.
 *
 * The names follow the rules that the kernel's own header generator applies (tools/net/ynl, mode uapi).
 * Families whose header was written by hand are resolved by the same rules; where such a header uses another
 * name, the derived one stands.
 *
 * @module
 */

import { messageIds } from "./ids.ts";
import type {
  NumberOrName,
  Spec,
  SpecAttributeSet,
  SpecDefinition,
  SpecEntry,
  SpecOperation,
} from "../spec/types.ts";

/** What a constant stands for. */
export type UapiConstantKind =
  | "family-name"
  | "family-version"
  | "const"
  | "enum-entry"
  | "flag"
  | "attribute"
  /** Id of a request. In a unified family also of its reply. */
  | "operation"
  /** Id of a reply, in a directional family. */
  | "reply"
  | "notification"
  | "event"
  /** An id that no message uses. */
  | "reserved"
  | "group"
  /** One more than the last id: the `__…_MAX` of C. */
  | "count"
  /** The last id. */
  | "max"
  /** All flags together. */
  | "mask";

/** One constant of a header. */
export interface UapiConstant {
  /** Name in C. */
  name: string;
  /** A string for names of families and groups; a bigint where the value needs more than 32 bits. */
  value: number | bigint | string;
  /** What it stands for. */
  kind: UapiConstantKind;
  /** Name in the spec; of a count, a maximum or a mask: the name of what is counted. */
  specName: string;
  /** The definition or attribute set that it belongs to, by its name in the spec. */
  owner?: string;
  /** Where the spec says it: keys and indices joined by "/". */
  path: string;
  /** What C writes after the name; absent where the enum's own counting gives the value. */
  literal?: string;
  /** Documentation of the spec. */
  doc?: string;
  /** Whether the family's own header defines it. Otherwise another header does, or none. */
  rendered: boolean;
  /** Given where the constant is not for everybody: the kernel's alone, or that of user-space code. */
  scope?: "kernel" | "user";
}

/** A run of #define lines, aligned with each other. */
export interface UapiDefines {
  /** Tells it from an enum. */
  form: "defines";
  /** The constants in order. */
  constants: UapiConstant[];
}

/** A C enum. */
export interface UapiEnum {
  /** Tells it from #define lines. */
  form: "enum";
  /** What kind of thing it enumerates. */
  of: "enum" | "flags" | "attributes" | "operations";
  /** Name of the definition or attribute set; of the family, for operations. */
  specName: string;
  /** The C tag; absent for an anonymous enum. */
  tag?: string;
  /** Documentation of the spec. */
  doc?: string;
  /** The enumerators in order. */
  entries: UapiConstant[];
  /** Count and maximum, or the mask, that close the enum. */
  limits: UapiConstant[];
  /** Whether the maximum is a #define after the enum. */
  maxByDefine: boolean;
}

/** A part of a header. */
export type UapiSection = UapiDefines | UapiEnum;

/** Two different values under one name. */
export interface UapiClash {
  /** The name that both claim. */
  name: string;
  /** The constant that came first, and keeps the name. */
  first: UapiConstant;
  /** The one that contradicts it. */
  second: UapiConstant;
}

/** A family's UAPI header. */
export interface UapiHeader {
  /** Name of the family. */
  family: string;
  /** Path of the header below the include folder. */
  path: string;
  /** Name of the include guard. */
  guard: string;
  /** The parts in order; those without a rendered constant are not in the C header. */
  sections: UapiSection[];
  /** Names that the spec gives to different values. Empty for a sound spec. */
  clashes: UapiClash[];
}

/** A spec's name in C capitals. */
export function cUpper(name: string): string {
  return name.toUpperCase().replaceAll("-", "_");
}

/** A spec's name in C small letters. */
export function cLower(name: string): string {
  return name.toLowerCase().replaceAll("-", "_");
}

/** Resolves the UAPI header of a family. */
export function resolveUapi(spec: Spec): UapiHeader {
  const names = familyNames(spec);
  const sections = [
    familyDefines(spec, names),
    ...definitionSections(spec, names),
    ...attributeEnums(spec, names),
    ...operationEnums(spec, names),
    ...groupDefines(spec, names),
  ];
  return {
    family: spec.name,
    path: names.header,
    guard: names.guard,
    sections,
    clashes: clashesOf(sections),
  };
}

/** Every constant of a part, in order. */
export function sectionConstants(section: UapiSection): UapiConstant[] {
  return section.form === "defines" ? section.constants : [...section.entries, ...section.limits];
}

/** Every constant of a header, in order. */
export function uapiConstants(header: UapiHeader): UapiConstant[] {
  return header.sections.flatMap(sectionConstants);
}

// --- names -----------------------------------------------------------------------------------------------------

interface FamilyNames {
  /** The family's name as a prefix of spec names. */
  ident: string;
  header: string;
  guard: string;
  operationPrefix: string;
  asyncPrefix: string;
}

function familyNames(spec: Spec): FamilyNames {
  // ynl's "ident name": dashes become underscores before a prefix is built from it.
  const ident = spec.name.replaceAll("-", "_");
  const header = spec["uapi-header"] ?? `linux/${ident}.h`;
  const stem = header.startsWith("linux/") && header.endsWith(".h") ? header.slice(6, -2) : ident;
  const operationPrefix = cUpper(spec.operations["name-prefix"] ?? `${spec.name}-cmd-`);
  return {
    ident,
    header,
    guard: `_UAPI_LINUX_${cUpper(stem).replaceAll("/", "_")}_H`,
    operationPrefix,
    asyncPrefix: cUpper(spec.operations["async-prefix"] ?? operationPrefix),
  };
}

/** The tag of an enum: the spec's own, none if the spec says null, else the derived one. */
function tagOf(own: string | null | undefined, derived?: string): { tag?: string } {
  if (own) return { tag: cLower(own) };
  return own === undefined && derived !== undefined ? { tag: cLower(derived) } : {};
}

function scopeOf({ scope }: SpecDefinition): { scope?: "kernel" | "user" } {
  return scope === undefined || scope === "uapi" ? {} : { scope };
}

function docOf(node: { doc?: string }): { doc?: string } {
  return node.doc ? { doc: node.doc } : {};
}

// --- #define lines ---------------------------------------------------------------------------------------------

function familyDefines(spec: Spec, { header }: FamilyNames): UapiDefines {
  const common = { specName: spec.name, rendered: true, owner: header };
  const version = spec.version ?? 1;
  return {
    form: "defines",
    constants: [
      {
        name: cUpper(spec["c-family-name"] ?? `${spec.name}_FAMILY_NAME`),
        value: spec.name,
        literal: `"${spec.name}"`,
        kind: "family-name",
        path: "name",
        ...common,
      },
      {
        name: cUpper(spec["c-version-name"] ?? `${spec.name}_FAMILY_VERSION`),
        value: version,
        literal: String(version),
        kind: "family-version",
        path: spec.version === undefined ? "name" : "version",
        ...common,
      },
    ],
  };
}

function groupDefines(spec: Spec, { ident }: FamilyNames): UapiDefines[] {
  const groups = spec["mcast-groups"]?.list ?? [];
  if (groups.length === 0) return [];
  const constants = groups.map((group, i): UapiConstant => ({
    name: cUpper(group["c-define-name"] ?? `${ident}-mcgrp-${group.name}`),
    value: group.name,
    literal: `"${group.name}"`,
    kind: "group",
    specName: group.name,
    path: `mcast-groups/list/${i}`,
    rendered: true,
  }));
  return [{ form: "defines", constants }];
}

function constOf(definition: SpecDefinition, { ident }: FamilyNames, path: string): UapiConstant {
  const value = definition.value ?? 0;
  // A const of another header goes by the name it has there: the kernel's policy code spells it unprefixed.
  const prefix = definition["name-prefix"] ?? (definition.header === undefined ? `${ident}-` : "");
  return {
    name: cUpper(prefix + definition.name),
    value,
    literal: typeof value === "string" ? `"${value}"` : String(value),
    kind: "const",
    specName: definition.name,
    path,
    rendered: isRendered(definition),
    ...scopeOf(definition),
    ...docOf(definition),
  };
}

// --- enums and flags -------------------------------------------------------------------------------------------

function isRendered(definition: SpecDefinition): boolean {
  return !definition.header && (definition.scope ?? "uapi") === "uapi";
}

function definitionSections(spec: Spec, names: FamilyNames): UapiSection[] {
  const sections: UapiSection[] = [];
  let defines: UapiDefines | undefined;
  for (const [i, definition] of (spec.definitions ?? []).entries()) {
    const path = `definitions/${i}`;
    if (definition.type === "const") {
      if (defines === undefined) sections.push(defines = { form: "defines", constants: [] });
      defines.constants.push(constOf(definition, names, path));
      continue;
    }
    // Only what the header renders ends a run of #define lines; a struct ends it too, without text of its own.
    if (isRendered(definition)) defines = undefined;
    if (definition.type !== "struct") sections.push(definitionEnum(spec, names, definition, path));
  }
  return sections;
}

function definitionEnum(
  spec: Spec,
  { ident }: FamilyNames,
  definition: SpecDefinition,
  path: string,
): UapiEnum {
  const flags = definition.type === "flags";
  const prefix = definition["name-prefix"] ?? `${ident}-${definition.name}-`;
  const rendered = isRendered(definition);
  const scope = scopeOf(definition);
  const values = entryValues(spec, definition);
  const raw = flags ? values.map((bit) => 1n << BigInt(bit)) : values.map(BigInt);
  const mask = raw.reduce((all, flag) => all | flag, 0n);
  const wide = raw.some((value) => !fits32(value));

  const entries = (definition.entries ?? []).map((item, i): UapiConstant => {
    const entry: SpecEntry = typeof item === "string" ? { name: item } : item;
    const value = raw[i] ?? 0n;
    const counted = i === 0 ? 0n : (raw[i - 1] ?? 0n) + 1n;
    return {
      name: cUpper(prefix + entry.name),
      value: wide ? value : Number(value),
      ...(flags || value !== counted ? { literal: String(value) } : {}),
      kind: flags ? "flag" : "enum-entry",
      specName: entry.name,
      owner: definition.name,
      path: `${path}/entries/${i}`,
      rendered,
      ...scope,
      ...docOf(entry),
    };
  });

  const limit = { specName: definition.name, owner: definition.name, path, rendered, ...scope };
  let limits: UapiConstant[] = [];
  if (definition["render-max"] && flags) {
    const name = cUpper(`${prefix}mask`);
    const value = wide ? mask : Number(mask);
    limits = [{ name, value, literal: String(mask), kind: "mask", ...limit }];
  } else if (definition["render-max"]) {
    const last = raw.at(-1) ?? -1n;
    const number = (value: bigint) => wide ? value : Number(value);
    const count = cUpper(definition["enum-cnt-name"] || `__${prefix}max`);
    limits = [
      { name: count, value: number(last + 1n), kind: "count", ...limit },
      {
        name: cUpper(`${prefix}max`),
        value: number(last),
        literal: `(${count} - 1)`,
        kind: "max",
        ...limit,
      },
    ];
  }

  return {
    form: "enum",
    of: flags ? "flags" : "enum",
    specName: definition.name,
    ...tagOf(definition["enum-name"], `${ident}_${definition.name}`),
    ...docOf(definition),
    entries,
    limits,
    maxByDefine: false,
  };
}

/** The value of each entry; of flags, the number of the bit. */
function entryValues(spec: Spec, definition: SpecDefinition): number[] {
  let next = numberOf(spec, definition["value-start"] ?? 0);
  return (definition.entries ?? []).map((entry) => {
    const value = typeof entry === "string" ? next : entry.value ?? next;
    next = value + 1;
    return value;
  });
}

function numberOf(spec: Spec, value: NumberOrName): number {
  if (typeof value === "number") return value;
  const named = spec.definitions?.find((definition) =>
    definition.type === "const" && definition.name === value
  );
  if (typeof named?.value === "number") return named.value;
  throw new TypeError(`${spec.name}: ${value} is no constant with a number`);
}

function fits32(value: bigint): boolean {
  return value >= -0x80000000n && value <= 0xffffffffn;
}

// --- attributes ------------------------------------------------------------------------------------------------

function attributeEnums(spec: Spec, names: FamilyNames): UapiEnum[] {
  const enums = spec["attribute-sets"].flatMap((set, i) =>
    set["subset-of"] === undefined ? [attributeEnum(spec, names, set, `attribute-sets/${i}`)] : []
  );
  // Sets under one prefix are parts of one enum in C (devlink, rt-link, tc): the highest id gives its count.
  const counts = new Map<string, number>();
  for (const { limits: [count] } of enums) {
    if (count !== undefined) {
      counts.set(count.name, Math.max(Number(count.value), counts.get(count.name) ?? 0));
    }
  }
  for (const part of enums) {
    const [count] = part.limits;
    if (count !== undefined && counts.get(count.name) !== count.value) part.limits = [];
  }
  return enums;
}

function attributeEnum(
  spec: Spec,
  { ident }: FamilyNames,
  set: SpecAttributeSet,
  path: string,
): UapiEnum {
  const prefix = set["name-prefix"] ?? (set.name === spec.name ? `${ident}-a-` : `${ident}-a-${set.name}-`);
  // Attributes count from 1 where C counts from 0, so the first one usually shows its value.
  const counter = new EnumCounter();
  let id = 1;
  const entries = set.attributes.map((attribute, i): UapiConstant => {
    const value = attribute.value ?? id;
    id = value + 1;
    return {
      name: cUpper((attribute["name-prefix"] ?? prefix) + attribute.name),
      value,
      ...counter.next(value),
      kind: "attribute",
      specName: attribute.name,
      owner: set.name,
      path: `${path}/attributes/${i}`,
      rendered: true,
      ...docOf(attribute),
    };
  });
  return {
    form: "enum",
    of: "attributes",
    specName: set.name,
    ...tagOf(set["enum-name"]),
    ...docOf(set),
    entries,
    limits: set.incomplete ? [] : countAndMax(
      cUpper(set["attr-cnt-name"] ?? `__${prefix}max`),
      cUpper(set["attr-max-name"] ?? `${prefix}max`),
      counter.expected,
      { specName: set.name, owner: set.name, path, rendered: true },
    ),
    maxByDefine: spec["max-by-define"] ?? false,
  };
}

/** Follows the counting of a C enum, to tell which values have to be written out. */
class EnumCounter {
  expected = 0;

  next(value: number): { literal?: string } {
    const shown = value !== this.expected;
    this.expected = value + 1;
    return shown ? { literal: String(value) } : {};
  }
}

function countAndMax(
  count: string,
  max: string,
  value: number,
  common: Pick<UapiConstant, "specName" | "owner" | "path" | "rendered">,
): UapiConstant[] {
  return [
    { name: count, value, kind: "count", ...common },
    { name: max, value: value - 1, literal: `(${count} - 1)`, kind: "max", ...common },
  ];
}

// --- operations ------------------------------------------------------------------------------------------------

function operationEnums(spec: Spec, names: FamilyNames): UapiEnum[] {
  return spec.operations["enum-model"] === "directional"
    ? directionalEnums(spec, names)
    : unifiedEnums(spec, names);
}

function isAsync(operation: SpecOperation): boolean {
  return operation.notify !== undefined || operation.event !== undefined;
}

/** Operations and notifications share one id space, unless a prefix of their own sets notifications apart. */
function unifiedEnums(spec: Spec, names: FamilyNames): UapiEnum[] {
  const { operations } = spec;
  const separate = operations["async-prefix"] !== undefined;
  const counter = new EnumCounter();
  const asyncCounter = new EnumCounter();
  const entries: UapiConstant[] = [];
  const asyncEntries: UapiConstant[] = [];

  for (const [i, { operation, request: value = 0 }] of messageIds(operations).entries()) {
    const apart = separate && isAsync(operation);
    // ynl always writes a value that the spec gives to such a notification, counted or not.
    const shown = apart && operation.value !== undefined ? { literal: String(value) } : {};
    (apart ? asyncEntries : entries).push({
      name: (isAsync(operation) ? names.asyncPrefix : names.operationPrefix) + cUpper(operation.name),
      value,
      ...(apart ? asyncCounter : counter).next(value),
      ...shown,
      kind: operationKind(operation),
      specName: operation.name,
      path: `operations/list/${i}`,
      rendered: true,
      ...docOf(operation),
    });
  }

  const max = cUpper(spec["cmd-max-name"] ?? `${names.operationPrefix}MAX`);
  const count = cUpper(spec["cmd-cnt-name"] ?? `__${names.operationPrefix}MAX`);
  const limit = { specName: spec.name, path: "operations", rendered: true };
  const enums = [
    operationEnum(spec, operations["enum-name"], entries, countAndMax(count, max, counter.expected, limit)),
  ];
  if (separate) enums.push(operationEnum(spec, operations["async-enum"], asyncEntries, []));
  return enums;
}

function operationKind(operation: SpecOperation): UapiConstantKind {
  if (operation.notify !== undefined) return "notification";
  if (operation.event !== undefined) return "event";
  return operation.do === undefined && operation.dump === undefined ? "reserved" : "operation";
}

/** Requests and what the kernel sends are numbered apart: an enum for each direction. */
function directionalEnums(spec: Spec, names: FamilyNames): UapiEnum[] {
  const user: UapiConstant[] = [reservedZero(spec, "USER")];
  const kernel: UapiConstant[] = [reservedZero(spec, "KERNEL")];
  // ynl's counting leaves the zero out, so that the first id always shows.
  const userCounter = new EnumCounter();
  const kernelCounter = new EnumCounter();

  for (const [i, { operation, request = 0, reply = 0 }] of messageIds(spec.operations).entries()) {
    const common = { specName: operation.name, path: `operations/list/${i}`, ...docOf(operation) };
    const name = (isAsync(operation) ? names.asyncPrefix : names.operationPrefix) + cUpper(operation.name);
    if (isAsync(operation)) {
      const kind = operationKind(operation);
      kernel.push({ name, value: reply, ...kernelCounter.next(reply), kind, rendered: true, ...common });
      continue;
    }
    // ynl names the messages of `do` only; a request that only dumps has an id all the same.
    if (operation.do === undefined) {
      user.push({ name, value: request, kind: "operation", rendered: false, ...common });
      continue;
    }
    const kind = operationKind(operation);
    user.push({ name, value: request, ...userCounter.next(request), kind, rendered: true, ...common });
    if (operation.do.reply !== undefined) {
      kernel.push({
        name: `${name}_REPLY`,
        value: reply,
        ...kernelCounter.next(reply),
        kind: "reply",
        rendered: true,
        ...common,
      });
    }
  }

  const limits = (side: string, counter: EnumCounter) =>
    countAndMax(
      `__${names.operationPrefix}${side}_CNT`,
      `${names.operationPrefix}${side}_MAX`,
      counter.expected,
      { specName: spec.name, path: "operations", rendered: true },
    );
  const enums = [
    operationEnum(spec, null, user, limits("USER", userCounter)),
    operationEnum(spec, null, kernel, limits("KERNEL", kernelCounter)),
  ];
  return enums;
}

function reservedZero(spec: Spec, side: string): UapiConstant {
  return {
    name: cUpper(`${spec.name}_MSG_${side}_NONE`),
    value: 0,
    literal: "0",
    kind: "reserved",
    specName: spec.name,
    path: "operations",
    rendered: true,
  };
}

function operationEnum(
  spec: Spec,
  tag: string | null | undefined,
  entries: UapiConstant[],
  limits: UapiConstant[],
): UapiEnum {
  return {
    form: "enum",
    of: "operations",
    specName: spec.name,
    ...tagOf(tag),
    entries,
    limits,
    maxByDefine: spec["max-by-define"] ?? false,
  };
}

// --- clashes ---------------------------------------------------------------------------------------------------

function clashesOf(sections: UapiSection[]): UapiClash[] {
  const seen = new Map<string, UapiConstant>();
  const clashes: UapiClash[] = [];
  for (const second of sections.flatMap(sectionConstants)) {
    const first = seen.get(second.name);
    if (first === undefined) seen.set(second.name, second);
    else if (first.value !== second.value) clashes.push({ name: second.name, first, second });
  }
  return clashes;
}
