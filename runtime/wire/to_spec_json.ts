/** From decoded messages to the words of the spec. @module */
import type { IndexedArray, UnknownAttribute } from "./codec.ts";
import type { AttributeMeta, FamilyMeta, OperationMeta, StructMeta } from "./meta.ts";
import { Reader } from "./reader.ts";
import type { SpecJson, SpecObject } from "./spec_json.ts";
import { formatOf, NESTED, type Scope, type Values } from "./spec_scope.ts";
import { formatHex } from "./text.ts";

/** Writes messages in the spec's words. */
class Speaker {
  constructor(readonly meta: FamilyMeta) {}

  headed(header: string | undefined, set: string | undefined, value: Values, outer?: Scope): SpecObject {
    const { header: fixed, ...attributes } = value;
    const spoken = set === undefined
      ? this.attributes({}, header === undefined ? value : attributes, outer)
      : this.attributes(this.meta.sets[set]!, header === undefined ? value : attributes, outer);
    if (header === undefined) return spoken;
    // An attribute of the same name says the same in more bits, as rt-rule's table does.
    return { ...this.struct(this.meta.structs[header]!, fixed as Values), ...spoken };
  }

  attributes(set: { readonly [property: string]: AttributeMeta }, values: Values, outer?: Scope): SpecObject {
    const scope: Scope = {
      set,
      outer,
      selector: (attribute, property) => {
        const value = values[property];
        return typeof value === "string" ? value : this.#entry(attribute.enum, Number(value));
      },
    };
    const spoken: SpecObject = {};
    for (const [property, value] of Object.entries(values)) {
      const attribute = Object.hasOwn(set, property) ? set[property] : undefined;
      if (property === "unknown" && attribute === undefined) {
        for (const one of value as UnknownAttribute[]) addRepeated(spoken, ...speakUnknown(one));
      } else if (attribute !== undefined && value !== undefined) {
        spoken[attribute.name ?? property] = attribute.multi && !attribute.values
          ? (value as unknown[]).map((one) => this.#value(attribute, one, scope))
          : this.#value(attribute, value, scope);
      }
    }
    return spoken;
  }

  #entry(name: string | undefined, number: number): string | undefined {
    const entries = name === undefined ? undefined : this.meta.enums[name]?.entries;
    return entries === undefined
      ? undefined
      : Object.keys(entries).find((entry) => entries[entry] === number);
  }

  #scalar(item: { enum?: string; flags?: true; hint?: string; type?: string }, value: unknown): SpecJson {
    if (item.enum !== undefined) {
      const big = BigInt(value as number | bigint);
      if (item.flags !== true) return this.#entry(item.enum, Number(big)) ?? (value as number | bigint);
      const names: string[] = [];
      for (let bit = 0, rest = big; rest > 0n; bit++, rest >>= 1n) {
        if ((rest & 1n) === 1n) names.push(this.#entry(item.enum, bit) ?? `Unknown(${bit})`);
      }
      return names.sort();
    }
    if (item.hint === "hex" && typeof value !== "string") {
      return `0x${(value as number | bigint).toString(16)}`;
    }
    return value as SpecJson;
  }

  #bytes(item: { hint?: string }, value: unknown): SpecJson {
    if (typeof value === "string") return value;
    const bytes = value as Uint8Array;
    return formatHex(bytes, 0, bytes.length, item.hint === "hex" ? " " : "");
  }

  #value(attribute: AttributeMeta, value: unknown, scope: Scope): SpecJson {
    switch (attribute.type) {
      case "flag":
      case "string":
        return value as SpecJson;
      case "binary":
        if (attribute.struct !== undefined) {
          return this.struct(this.meta.structs[attribute.struct]!, value as Values);
        }
        if (attribute.sub !== undefined) {
          return (value as unknown[]).map((one) => this.#scalar(attribute, one));
        }
        return this.#bytes(attribute, value);
      case "bitfield32": {
        const { value: bits, selector } = value as { value: number; selector: number };
        const flags = attribute.enum === undefined ? {} : { enum: attribute.enum, flags: true as const };
        return { value: this.#scalar(flags, bits), selector: this.#scalar(flags, selector) };
      }
      case "nest":
        return this.attributes(this.meta.sets[attribute.nest!]!, value as Values, scope);
      case "indexed-array": {
        const array = value as IndexedArray<unknown>;
        const start = attribute.start ?? 0;
        return array.map((one, i) =>
          attribute.sub === "nest"
            ? {
              [array.indices?.[i] ?? start + i]: this.attributes(
                this.meta.sets[attribute.nest!]!,
                one as Values,
                scope,
              ),
            }
            : attribute.sub === "binary"
            ? this.#bytes(attribute, one)
            : this.#scalar(attribute, one)
        );
      }
      case "nest-type-value": {
        const entries = (value as Values[]).map((entry) => this.#typeValue(attribute, entry, scope));
        return entries.length === 1 ? entries[0]! : entries;
      }
      case "sub-message":
        return this.#subMessage(attribute, value, scope);
      default:
        return this.#scalar(attribute, value);
    }
  }

  #typeValue(attribute: AttributeMeta, entry: Values, scope: Scope): SpecObject {
    const spoken: SpecObject = {};
    const rest = { ...entry };
    for (const [i, property] of attribute.values!.entries()) {
      spoken[attribute.valueNames![i]!] = entry[property] as number;
      delete rest[property];
    }
    if (attribute.nest === undefined) return { ...spoken, value: entry["value"] as SpecJson };
    return { ...spoken, ...this.attributes(this.meta.sets[attribute.nest]!, rest, scope) };
  }

  #subMessage(attribute: AttributeMeta, value: unknown, scope: Scope): SpecJson {
    if (value instanceof Uint8Array) return formatHex(value, 0, value.length);
    const { header, set } = formatOf(this.meta, attribute, scope) ?? {};
    if (header !== undefined && set === undefined) {
      return this.struct(this.meta.structs[header]!, value as Values);
    }
    return this.headed(header, set, value as Values, scope);
  }

  struct(struct: StructMeta, value: Values): SpecObject {
    const spoken: SpecObject = {};
    for (const [property, member] of Object.entries(struct)) {
      const own = value[property];
      spoken[member.name ?? property] = member.array === true
        ? (own as unknown[]).map((one) =>
          member.struct === undefined
            ? this.#scalar(member, one)
            : this.struct(this.meta.structs[member.struct]!, one as Values)
        )
        : member.struct !== undefined
        ? this.struct(this.meta.structs[member.struct]!, own as Values)
        : member.type === "binary"
        ? this.#bytes(member, own)
        : this.#scalar(member, own);
    }
    return spoken;
  }
}

function addRepeated(object: SpecObject, name: string, value: SpecJson): void {
  const before = object[name];
  if (before === undefined) object[name] = value;
  else if (Array.isArray(before)) before.push(value);
  else object[name] = [before, value];
}

function speakUnknown({ type, data }: UnknownAttribute): [string, SpecJson] {
  const name = `UnknownAttr(${type & 0x3fff})`;
  if ((type & NESTED) === 0) return [name, formatHex(data, 0, data.length)];
  try {
    const reader = new Reader(data);
    const nested: SpecObject = {};
    while (reader.next(data.length)) addRepeated(nested, ...speakUnknown(reader.unknown()));
    return [name, nested];
  } catch {
    return [name, formatHex(data, 0, data.length)];
  }
}

/** A decoded message of an operation in the words of the spec. */
export function toSpecJson(meta: FamilyMeta, operation: OperationMeta, value: object): SpecObject {
  return new Speaker(meta).headed(operation.header, operation.set, value as Values);
}

/** A decoded attribute set in the words of the spec. */
export function setToSpecJson(meta: FamilyMeta, set: string, value: object): SpecObject {
  return new Speaker(meta).headed(undefined, set, value as Values);
}
