/** From the words of the spec to objects to encode. @module */
import type { IndexedArray, UnknownAttribute } from "./codec.ts";
import { NetlinkEncodeError, suggest } from "./errors.ts";
import type { AttributeMeta, EnumMeta, FamilyMeta, MemberMeta, OperationMeta, StructMeta } from "./meta.ts";
import type { SpecJson, SpecObject } from "./spec_json.ts";
import { formatOf, NESTED, type Scope, type Values } from "./spec_scope.ts";
import { parseHex } from "./text.ts";
import { Writer } from "./writer.ts";

const BITS: { readonly [type: string]: readonly [signed: boolean, bits: number] } = {
  u8: [false, 8],
  u16: [false, 16],
  u32: [false, 32],
  u64: [false, 64],
  s8: [true, 8],
  s16: [true, 16],
  s32: [true, 32],
  s64: [true, 64],
  uint: [false, 64],
  sint: [true, 64],
};

function isBigType(type: string): boolean {
  return BITS[type]?.[1] === 64;
}

function isObject(value: unknown): value is SpecObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Properties of sets and structs by their name in the spec, made when a table is first asked. */
const propertiesByName = new WeakMap<object, Map<string, string>>();

/** Reads messages in the spec's words. */
class Listener {
  constructor(readonly meta: FamilyMeta) {}

  /** The property of a set or struct that has a name in the spec. */
  #property(
    of: { readonly [property: string]: { readonly name?: string } },
    name: string,
  ): string | undefined {
    let names = propertiesByName.get(of);
    if (names === undefined) {
      names = new Map(Object.entries(of).map(([property, { name }]) => [name ?? property, property]));
      propertiesByName.set(of, names);
    }
    return names.get(name);
  }

  #unknownName(
    of: { readonly [property: string]: { readonly name?: string } },
    where: string,
    name: string,
  ): Error {
    const near = suggest(name, Object.entries(of).map(([property, { name }]) => name ?? property));
    return new NetlinkEncodeError(
      `${where} has no "${name}"${near === undefined ? "" : `; did you mean "${near}"?`}`,
    );
  }

  headed(header: string | undefined, setName: string | undefined, json: SpecObject, outer?: Scope): Values {
    const set = setName === undefined ? {} : this.meta.sets[setName]!;
    if (header === undefined) return this.attributes(setName ?? "no attributes", set, json, outer);
    const struct = this.meta.structs[header]!;
    const fixed: SpecObject = {};
    const attributes: SpecObject = {};
    for (const [name, value] of Object.entries(json)) {
      const property = this.#property(struct, name);
      const member = property === undefined ? undefined : struct[property];
      const clash = this.#property(set, name) !== undefined;
      if (member !== undefined && (!clash || fits(member, value))) fixed[name] = value;
      else attributes[name] = value;
    }
    return {
      header: this.struct(header, struct, fixed),
      ...this.attributes(setName ?? header, set, attributes, outer),
    };
  }

  attributes(
    where: string,
    set: { readonly [property: string]: AttributeMeta },
    json: SpecObject,
    outer?: Scope,
  ): Values {
    const scope: Scope = {
      set,
      outer,
      selector: (attribute, property) => {
        const value = json[attribute.name ?? property];
        return typeof value === "string" ? value : this.#entryName(attribute.enum, value);
      },
    };
    const values: Values = {};
    for (const [name, value] of Object.entries(json)) {
      const unknown = /^UnknownAttr\((\d+)\)$/.exec(name);
      if (unknown !== null) {
        const list = (values["unknown"] ??= []) as UnknownAttribute[];
        for (const one of Array.isArray(value) ? value : [value]) {
          list.push(hearUnknown(Number(unknown[1]), one));
        }
        continue;
      }
      const property = this.#property(set, name);
      if (property === undefined) throw this.#unknownName(set, where, name);
      const attribute = set[property]!;
      try {
        values[property] = attribute.multi && !attribute.values
          ? repeated(attribute, value).map((one) => this.#value(attribute, one, scope))
          : this.#value(attribute, value, scope);
      } catch (error) {
        if (error instanceof NetlinkEncodeError) error.where.prefix(`.${name}`);
        throw error;
      }
    }
    return values;
  }

  #entryName(name: string | undefined, value: SpecJson | undefined): string | undefined {
    const entries = name === undefined ? undefined : this.meta.enums[name]?.entries;
    return entries === undefined
      ? undefined
      : Object.keys(entries).find((entry) => entries[entry] === Number(value));
  }

  #value(attribute: AttributeMeta, json: SpecJson, scope: Scope): unknown {
    switch (attribute.type) {
      case "flag":
        return json !== false && json !== null && json !== 0;
      case "string":
        return typeof json === "string" ? json : String(json);
      case "binary":
        if (attribute.struct !== undefined && isObject(json)) {
          return this.struct(attribute.struct, this.meta.structs[attribute.struct]!, json);
        }
        if (attribute.sub !== undefined && Array.isArray(json)) {
          return json.map((one) => this.#scalar(attribute, attribute.sub!, one));
        }
        return hearBytes(attribute.hint, json);
      case "bitfield32": {
        if (!isObject(json)) throw refuse('{"value": …, "selector": …}', json);
        const flags = { ...attribute, flags: true as const };
        return {
          value: this.#scalar(flags, "u32", json["value"] ?? 0),
          selector: this.#scalar(flags, "u32", json["selector"] ?? 0),
        };
      }
      case "nest":
        if (!isObject(json)) throw refuse("an object", json);
        return this.attributes(attribute.nest!, this.meta.sets[attribute.nest!]!, json, scope);
      case "indexed-array":
        return this.#indexed(attribute, json, scope);
      case "nest-type-value":
        return (Array.isArray(json) ? json : [json]).map((one) => this.#typeValue(attribute, one, scope));
      case "sub-message":
        return this.#subMessage(attribute, json, scope);
      default:
        return this.#scalar(attribute, attribute.type, json);
    }
  }

  /** Elements take the usual indices, or each its own as `{"7": …}`, as they are printed. */
  #indexed(attribute: AttributeMeta, json: SpecJson, scope: Scope): unknown {
    if (!Array.isArray(json)) throw refuse("a list", json);
    const start = attribute.start ?? 0;
    const indices: number[] = [];
    const values: IndexedArray<unknown> = json.map((one, i) => {
      if (attribute.sub !== "nest") {
        indices.push(start + i);
        return attribute.sub === "binary"
          ? hearBytes(attribute.hint, one)
          : attribute.sub === "string"
          ? String(one)
          : this.#scalar(attribute, attribute.sub!, one);
      }
      if (!isObject(one)) throw refuse("a list of objects", one);
      const [only, ...others] = Object.keys(one);
      const own = others.length === 0 && only !== undefined && /^\d+$/.test(only) ? one[only] : undefined;
      indices.push(isObject(own) ? Number(only) : start + i);
      return this.attributes(
        attribute.nest!,
        this.meta.sets[attribute.nest!]!,
        isObject(own) ? own : one,
        scope,
      );
    });
    if (indices.some((index, i) => index !== start + i)) values.indices = indices;
    return values;
  }

  #typeValue(attribute: AttributeMeta, json: SpecJson, scope: Scope): Values {
    if (!isObject(json)) throw refuse("an object", json);
    const rest = { ...json };
    const values: Values = {};
    for (const [i, property] of attribute.values!.entries()) {
      const name = attribute.valueNames![i]!;
      values[property] = this.#scalar({}, "u16", json[name] ?? null);
      delete rest[name];
    }
    if (attribute.nest === undefined) {
      return {
        ...values,
        value: this.#scalar({}, attribute.sub!, json["value"] ?? null),
      };
    }
    return { ...values, ...this.attributes(attribute.nest, this.meta.sets[attribute.nest]!, rest, scope) };
  }

  #subMessage(attribute: AttributeMeta, json: SpecJson, scope: Scope): unknown {
    const format = formatOf(this.meta, attribute, scope);
    if (!isObject(json)) return hearBytes(undefined, json);
    if (format === undefined) {
      throw new NetlinkEncodeError(
        `the spec has no format for the ${attribute.selector} given: give the payload as hex digits`,
      );
    }
    const { header, set } = format;
    if (header !== undefined && set === undefined) {
      return this.struct(header, this.meta.structs[header]!, json);
    }
    return this.headed(header, set, json, scope);
  }

  struct(where: string, struct: StructMeta, json: SpecObject): Values {
    const values: Values = {};
    for (const [name, value] of Object.entries(json)) {
      const property = this.#property(struct, name);
      if (property === undefined) throw this.#unknownName(struct, where, name);
      const member = struct[property]!;
      try {
        values[property] = this.#member(member, value);
      } catch (error) {
        if (error instanceof NetlinkEncodeError) error.where.prefix(`.${name}`);
        throw error;
      }
    }
    return values;
  }

  #member(member: MemberMeta, json: SpecJson): unknown {
    if (member.array === true && member.struct === undefined) {
      if (!Array.isArray(json)) throw refuse("a list", json);
      return json.map((one) => this.#scalar(member, member.type, one));
    }
    if (member.struct !== undefined) {
      const struct = this.meta.structs[member.struct]!;
      if (member.array === true) {
        if (!Array.isArray(json)) throw refuse("a list", json);
        return json.map((one) => this.struct(member.struct!, struct, isObject(one) ? one : {}));
      }
      if (!isObject(json)) throw refuse("an object", json);
      return this.struct(member.struct, struct, json);
    }
    if (member.type === "string") return String(json);
    if (member.type === "binary") return hearBytes(member.hint, json);
    return this.#scalar(member, member.type, json);
  }

  /** A number, as itself or by the names of an enum; an address in its text form passes as it is. */
  #scalar(item: { enum?: string; flags?: true; hint?: string }, type: string, json: SpecJson): unknown {
    const number = hearNumber(json, item.hint === "hex");
    if (number !== undefined) {
      if (item.hint === "ipv4") return bigEndianBytes(number);
      return isBigType(type) ? number : Number(number);
    }
    const named = item.enum === undefined ? undefined : this.meta.enums[item.enum];
    if (named !== undefined) {
      const mask = hearEnum(item.enum!, named, item.flags === true, json);
      return isBigType(type) ? mask : Number(mask);
    }
    if (item.hint !== undefined && typeof json === "string") return json;
    throw refuse(type, json);
  }
}

/** The values of a repeated attribute. Flags in a list within the list are one value each, as for `ynl`. */
function repeated(attribute: AttributeMeta, json: SpecJson): SpecJson[] {
  if (!Array.isArray(json)) return [json];
  return attribute.flags === true ? json.flat() as SpecJson[] : json;
}

function refuse(expected: string, json: SpecJson): NetlinkEncodeError {
  const shown = typeof json === "bigint"
    ? String(json)
    : JSON.stringify(json, (_, v) => typeof v === "bigint" ? String(v) : v);
  return new NetlinkEncodeError(
    `expected ${expected}, got ${shown.length > 60 ? `${shown.slice(0, 57)}...` : shown}`,
  );
}

/** Whether a value fits a scalar header member, when an attribute has the same name. */
function fits(member: MemberMeta, value: SpecJson): boolean {
  const range = BITS[member.type];
  const number = hearNumber(value, false);
  if (number === undefined) return typeof value === "string" && member.enum !== undefined;
  return range !== undefined && (range[0] ? BigInt.asIntN : BigInt.asUintN)(range[1], number) === number;
}

function hearNumber(json: SpecJson, hex: boolean): bigint | undefined {
  if (typeof json === "bigint") return json;
  if (typeof json === "boolean") return json ? 1n : 0n;
  if (typeof json === "number") return Number.isSafeInteger(json) ? BigInt(json) : undefined;
  if (typeof json !== "string") return undefined;
  if (/^-?\d+$/.test(json)) return BigInt(json);
  if (hex && /^(0x)?[0-9a-f]+$/i.test(json)) return BigInt(json.startsWith("0x") ? json : `0x${json}`);
  return undefined;
}

function hearEnum(name: string, { entries }: EnumMeta, flags: boolean, json: SpecJson): bigint {
  const position = (one: SpecJson): bigint => {
    const unknown = typeof one === "string" ? /^Unknown\((\d+)\)$/.exec(one) : null;
    if (unknown !== null) return BigInt(unknown[1]!);
    const number = typeof one === "string" && Object.hasOwn(entries, one) ? entries[one] : undefined;
    if (number !== undefined) return BigInt(number);
    const near = typeof one === "string" ? suggest(one, Object.keys(entries)) : undefined;
    throw new NetlinkEncodeError(
      `${name} has no entry ${JSON.stringify(one)}${near === undefined ? "" : `; did you mean "${near}"?`}`,
    );
  };
  if (!flags) return position(json);
  return (Array.isArray(json) ? json : [json]).reduce<bigint>(
    (mask, one) => mask | (1n << position(one)),
    0n,
  );
}

function hearBytes(hint: string | undefined, json: SpecJson): unknown {
  if (json === null) return new Uint8Array();
  if (typeof json !== "string") throw refuse("hex digits", json);
  const bytes = parseHex(json);
  // Plain hex is taken for every hint; what is none is the hint's own text form, which the encoder reads.
  if (bytes !== undefined && (hint === undefined || hint === "hex" || !/[:.-]/.test(json))) return bytes;
  if (hint === undefined || hint === "hex") throw refuse("hex digits", json);
  return json;
}

function bigEndianBytes(number: bigint): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, Number(number));
  return bytes;
}

function hearUnknown(id: number, json: SpecJson): UnknownAttribute {
  if (!isObject(json)) {
    const data = typeof json === "string" ? parseHex(json) : undefined;
    if (data === undefined) throw refuse("hex digits", json);
    return { type: id, data };
  }
  const writer = new Writer(64);
  for (const [name, value] of Object.entries(json)) {
    const match = /^UnknownAttr\((\d+)\)$/.exec(name);
    if (match === null) throw refuse("UnknownAttr(N)", name);
    writer.unknown((Array.isArray(value) ? value : [value]).map((one) => hearUnknown(Number(match[1]), one)));
  }
  return { type: id | NESTED, data: writer.result() };
}

/** The object to encode that a message in the words of the spec means. Throws {@linkcode NetlinkEncodeError}. */
export function fromSpecJson(meta: FamilyMeta, operation: OperationMeta, json: SpecObject): object {
  return new Listener(meta).headed(operation.header, operation.set, json);
}

/** The object to encode that an attribute set in the words of the spec means. */
export function setFromSpecJson(meta: FamilyMeta, set: string, json: SpecObject): object {
  return new Listener(meta).headed(undefined, set, json);
}
