/**
 * What C headers say about the families: constants, enums, structs. Collected from an include folder, or recorded
 * before, as a plain object that can be stored.
 *
 * @module
 */
import type { Family } from "../model/mod.ts";
import { uapiConstants } from "../model/uapi.ts";
import type { SpecFile } from "../spec/types.ts";
import { Headers } from "./c/headers.ts";
import { type CMember, type CRecord, type CType, sizeOf } from "./c/types.ts";
import { cStructNames } from "./c_names.ts";

/** A place in a header: its name in an #include, and the line. */
export type HeaderPlace = readonly [file: string, line: number];

/** A member of a C struct. */
export interface HeaderMember {
  /** Its name; empty for an unnamed struct or union. */
  name: string;
  /** Bytes from the start of the outermost struct. */
  offset: number;
  /** Its bytes; of an array without a bound, those of an element. */
  size: number;
  /** It is an array without a bound. */
  flexible?: true;
  /** It is an array of so many numbers; arrays of bytes do not say. */
  count?: number;
  /** It is a bit-field of so many bits. */
  bits?: number;
  /** It is an integer that may be negative. */
  signed?: true;
  /** Its type tells a byte order. */
  order?: "big" | "little";
  /** It is a struct or union with these members. */
  inside?: HeaderMember[];
  /** Only one of the members inside is there at a time. */
  union?: true;
}

/** A C struct or union. */
export interface HeaderStruct {
  /** sizeof. */
  size: number;
  /** Its members. */
  members: HeaderMember[];
  /** It is a union. */
  union?: true;
  /** Where it is defined. */
  at: HeaderPlace;
}

/** A C enum. */
export interface HeaderEnum {
  /** Its tag, if it has one. */
  tag?: string;
  /** Where it is defined. */
  at: HeaderPlace;
  /** Names and values in order, with the line of each. */
  entries: [name: string, value: number | string, line: number][];
}

/** Facts of headers. Values are numbers, text with quotes, or decimal digits where a double is too small. */
export interface HeaderFacts {
  /** Where they come from: a folder, a package with its version. */
  origin: string;
  /** Headers that were read, by their names in an #include. */
  headers: string[];
  /** Those of them that the kernel's generator wrote from a spec. */
  generated: string[];
  /** Enums that have a name of a spec. */
  enums: HeaderEnum[];
  /** Macros that have a name of a spec. */
  defines: { [name: string]: { value: number | string; at: HeaderPlace } };
  /** Structs that have a name of a spec. */
  structs: { [name: string]: HeaderStruct };
  /** What could not be understood. */
  problems: string[];
}

/** A folder of headers. */
export interface IncludeFolder {
  /** Names of all headers, as an #include has them. */
  names: readonly string[];
  /** A header; `undefined` if it is not there. */
  text(name: string): string | undefined;
}

/** Names that specs give to constants and structs of C. */
export interface HeaderNames {
  /** Constants: enumerators and macros. */
  constants: ReadonlySet<string>;
  /** Structs and unions. */
  structs: ReadonlySet<string>;
}

/** The names in C that families may have. */
export function headerNames(families: readonly Family[]): HeaderNames {
  return {
    constants: new Set(families.flatMap(({ uapi }) => uapiConstants(uapi).map(({ name }) => name))),
    structs: new Set(families.flatMap(({ structs }) => structs.flatMap(({ name }) => cStructNames(name)))),
  };
}

/** Headers that the specs of families name. */
export function headersOf({ spec }: SpecFile, family: Family): Set<string> {
  return new Set([
    family.uapi.path,
    ...[...spec.definitions ?? [], ...spec["attribute-sets"]].flatMap(({ header }) => header ? [header] : []),
  ]);
}

/** Reads what headers say about names; headers without one of them are passed over. */
export function collectHeaderFacts(
  { constants, structs }: HeaderNames,
  folder: IncludeFolder,
  origin: string,
): HeaderFacts {
  const texts = new Map<string, string | undefined>();
  const text = (name: string) => {
    if (!texts.has(name)) texts.set(name, folder.text(name));
    return texts.get(name);
  };
  const headers = new Headers(text);
  for (const name of [...folder.names].sort()) {
    if (mentions(text(name) ?? "", constants, structs)) headers.read(name);
  }
  const facts: HeaderFacts = {
    origin,
    headers: headers.names(),
    generated: headers.names().filter((name) => text(name)?.includes("/* YNL-GEN uapi header */")),
    enums: [],
    defines: {},
    structs: {},
    problems: headers.problems.map(({ file, line, message }) => `${file}:${line}: ${message}`),
  };
  const enumerators = new Set<string>();
  for (const { tag, file, line, entries } of headers.enums) {
    if (!entries.some(({ name }) => constants.has(name))) continue;
    facts.enums.push({
      ...(tag === undefined ? {} : { tag }),
      at: [file, line],
      entries: entries.map(({ name, value, line }) => [name, plainValue(value.value), line]),
    });
    for (const { name } of entries) enumerators.add(name);
  }
  for (const name of [...constants].sort()) {
    const constant = enumerators.has(name) ? undefined : headers.constant(name);
    if (constant === undefined) continue;
    facts.defines[name] = { value: plainValue(constant.value), at: [constant.file, constant.line] };
  }
  for (const name of [...structs].sort()) {
    const record = headers.struct(name);
    if (record?.complete === true) facts.structs[name] = structFacts(record);
  }
  return facts;
}

/** Whether a text defines one of the names, or seems to. */
function mentions(text: string, constants: ReadonlySet<string>, structs: ReadonlySet<string>): boolean {
  // What is defined stands first in its line, or behind a brace or a comma.
  for (const [, define, record, word] of text.matchAll(DEFINED)) {
    if (constants.has(define ?? word ?? "") || structs.has(record ?? "")) return true;
  }
  return false;
}

const DEFINED =
  /(?:^|[{,])[ \t]*(?:#[ \t]*define[ \t]+([A-Za-z_]\w*)|(?:struct|union)[ \t]+([A-Za-z_]\w*)\s*\{|([A-Za-z_]\w*))/gm;

function plainValue(value: bigint | string): number | string {
  if (typeof value === "string") return JSON.stringify(value);
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

function structFacts(record: CRecord): HeaderStruct {
  return {
    size: record.size,
    members: membersOf(record, 0),
    ...(record.form === "union" ? { union: true as const } : {}),
    at: [record.file, record.line],
  };
}

function membersOf({ members }: CRecord, base: number): HeaderMember[] {
  return members.map((member) => memberFacts(member, base));
}

function memberFacts({ name = "", type, offset, bits }: CMember, base: number): HeaderMember {
  const at = base + offset;
  const flexible = type.kind === "array" && type.count === undefined;
  const inner: CType = type.kind === "array" ? type.element : type;
  const numbers = type.kind === "array" && inner.kind === "integer" && inner.size > 1
    ? type.count
    : undefined;
  return {
    name,
    offset: at,
    // A bit-field takes the whole of its unit here.
    size: sizeOf(flexible ? type.element : type),
    ...(flexible ? { flexible: true as const } : {}),
    ...(numbers === undefined ? {} : { count: numbers }),
    ...(bits === undefined ? {} : { bits: bits.count }),
    ...(inner.kind === "integer" && inner.signed ? { signed: true as const } : {}),
    ...(inner.kind === "integer" && inner.order !== undefined ? { order: inner.order } : {}),
    ...(type.kind === "record"
      ? {
        inside: membersOf(type.record, at),
        ...(type.record.form === "union" ? { union: true as const } : {}),
      }
      : {}),
  };
}
