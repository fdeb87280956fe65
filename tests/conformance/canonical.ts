/**
 * What a kernel's message becomes once everything is taken out that an object cannot carry: written anew from the
 * bytes and the spec's tables alone, so that it says independently of the codecs which bytes must come back, and why
 * they may differ from those that came.
 *
 * @module
 */
import { type AttributeMeta, Reader, type SetMeta, Writer } from "../../runtime/wire/mod.ts";
import type { LoadedFamily } from "./families.ts";

/** Why the bytes of a message cannot come back as they were. */
export type Cause =
  | "pad attribute"
  | "nest without its flag"
  | "flag on what is no nest"
  | "repeated attribute between others"
  | "attribute given twice"
  | "unknown attribute between known ones"
  | "text without NUL"
  | "flag with a payload"
  | "8 bytes where 4 suffice"
  | "struct of another length"
  | "entries of one path in separate nests"
  | "padding that is not zero";

const NESTED = 0x8000;

/** Selectors of a set and of those around it. */
interface Scope {
  values: Map<string, string>;
  outer: Scope | undefined;
}

/** Rewrites messages of one family. */
export class Canonical {
  /** Why the result differs from what was given. */
  readonly causes: Set<Cause> = new Set();
  readonly #loaded: LoadedFamily;

  /** Prepares for messages of a family. */
  constructor(loaded: LoadedFamily) {
    this.#loaded = loaded;
  }

  /** The attributes in `bytes[at, end)` of a set; without a set all are unknown. */
  attributes(
    bytes: Uint8Array,
    at: number,
    end: number,
    setName: string | undefined,
    outer?: Scope,
  ): Uint8Array {
    const set: SetMeta = setName === undefined ? {} : this.#loaded.meta.sets[setName]!;
    const byId = new Map(
      Object.entries(set).map(([property, attribute]) => [attribute.id, { property, attribute }]),
    );
    const scope: Scope = { values: new Map(), outer };
    const groups = new Map<string, Uint8Array[]>();
    let previous: string | undefined;
    const reader = new Reader(bytes, at);
    while (reader.next(end)) {
      const known = byId.get(reader.type);
      if (known?.attribute.type === "pad") {
        this.causes.add("pad attribute");
        continue;
      }
      const payloadEnd = reader.end;
      if (bytes.subarray(payloadEnd, Math.min(reader.position, end)).some((byte) => byte !== 0)) {
        this.causes.add("padding that is not zero");
      }
      const key = known?.property ?? "unknown";
      const chunk = known === undefined
        ? attributeBytes(reader.rawType, reader.bytesOf())
        : this.#attribute(known.attribute, known.attribute.name ?? known.property, reader, scope);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [chunk]);
      else if (known === undefined || known.attribute.multi) {
        if (previous !== key) {
          this.causes.add(
            known === undefined
              ? "unknown attribute between known ones"
              : "repeated attribute between others",
          );
        }
        group.push(chunk);
      } else {
        this.causes.add("attribute given twice");
        group[0] = chunk;
      }
      previous = key;
    }
    return concat([...groups.values()].flat());
  }

  #attribute(attribute: AttributeMeta, name: string, reader: Reader, scope: Scope): Uint8Array {
    const flagged = (reader.rawType & NESTED) !== 0;
    const { type } = reader;
    const { payload, nested } = this.#payload(attribute, name, reader, scope);
    if (nested && !flagged) this.causes.add("nest without its flag");
    if (!nested && (reader.rawType & 0xc000) !== 0) this.causes.add("flag on what is no nest");
    return attributeBytes(nested ? type | NESTED : type, payload);
  }

  #payload(
    attribute: AttributeMeta,
    name: string,
    reader: Reader,
    scope: Scope,
  ): { payload: Uint8Array; nested: boolean } {
    const payload = reader.bytesOf();
    const plain = (bytes: Uint8Array) => ({ payload: bytes, nested: false });
    const nest = (bytes: Uint8Array) => ({ payload: bytes, nested: true });
    if (attribute.enum !== undefined && payload.length === 4) {
      const entries = this.#loaded.meta.enums[attribute.enum]!.entries;
      const number = attribute.big ? reader.u32be() : reader.u32();
      const entry = Object.keys(entries).find((entry) => entries[entry] === number);
      if (entry !== undefined) scope.values.set(name, entry);
    }
    switch (attribute.type) {
      case "string":
        scope.values.set(name, reader.string());
        if (payload.at(-1) === 0) return plain(payload);
        this.causes.add("text without NUL");
        return plain(concat([payload, new Uint8Array(1)]));
      case "flag":
        if (payload.length > 0) this.causes.add("flag with a payload");
        return plain(new Uint8Array());
      case "uint":
      case "sint": {
        if (payload.length !== 8) return plain(payload);
        const value = attribute.type === "uint" ? reader.u64() : reader.s64();
        const small = attribute.type === "uint" ? value >> 32n === 0n : BigInt.asIntN(32, value) === value;
        if (!small) return plain(payload);
        this.causes.add("8 bytes where 4 suffice");
        return plain(payload.slice(0, 4));
      }
      case "binary":
        return plain(attribute.struct === undefined ? payload : this.#struct(attribute.struct, payload));
      case "nest":
        return nest(this.attributes(payload, 0, payload.length, attribute.nest, scope));
      case "indexed-array":
        return nest(this.#indexed(attribute, payload, scope));
      case "nest-type-value":
        return nest(this.#typeValues(attribute, payload, scope));
      case "sub-message": {
        const format = this.#format(attribute, scope);
        if (format === undefined) return plain(payload);
        if (format.header === undefined) {
          const attributes = this.attributes(payload, 0, payload.length, format.set, scope);
          return format.set === undefined ? plain(attributes) : nest(attributes);
        }
        if (format.set === undefined) return plain(this.#struct(format.header, payload));
        const { size } = this.#loaded.structs.get(format.header)!;
        return nest(
          concat([payload.slice(0, size), this.attributes(payload, size, payload.length, format.set, scope)]),
        );
      }
      default:
        return plain(payload);
    }
  }

  #format(attribute: AttributeMeta, scope: Scope): { header?: string; set?: string } | undefined {
    for (let at: Scope | undefined = scope; at !== undefined; at = at.outer) {
      const kind = at.values.get(attribute.selector!);
      if (kind !== undefined) return this.#loaded.meta.messages[attribute.message!]?.[kind];
    }
    return undefined;
  }

  #struct(name: string, payload: Uint8Array): Uint8Array {
    const { size } = this.#loaded.structs.get(name)!;
    const flexible = Object.values(this.#loaded.meta.structs[name]!).some(({ array }) => array);
    if (payload.length === size || (flexible && payload.length > size)) return payload;
    this.causes.add("struct of another length");
    const whole = new Uint8Array(size);
    whole.set(payload.subarray(0, size));
    return whole;
  }

  #indexed(attribute: AttributeMeta, payload: Uint8Array, scope: Scope): Uint8Array {
    const reader = new Reader(payload);
    const elements: Uint8Array[] = [];
    while (reader.next(payload.length)) {
      const isNest = attribute.sub === "nest";
      const inner = reader.bytesOf();
      if (isNest && (reader.rawType & NESTED) === 0) this.causes.add("nest without its flag");
      if (!isNest && (reader.rawType & 0xc000) !== 0) this.causes.add("flag on what is no nest");
      elements.push(
        isNest
          ? attributeBytes(
            reader.type | NESTED,
            this.attributes(inner, 0, inner.length, attribute.nest, scope),
          )
          : attributeBytes(reader.type, inner),
      );
    }
    return concat(elements);
  }

  #typeValues(attribute: AttributeMeta, payload: Uint8Array, scope: Scope): Uint8Array {
    const levels = attribute.values!.length;
    const walk = (bytes: Uint8Array, level: number): Uint8Array => {
      const reader = new Reader(bytes);
      const groups: { id: number; payload: Uint8Array }[] = [];
      while (reader.next(bytes.length)) {
        const innermost = level + 1 === levels;
        const nested = !innermost || attribute.nest !== undefined;
        if (nested && (reader.rawType & NESTED) === 0) this.causes.add("nest without its flag");
        const inner = reader.bytesOf();
        const content = !innermost
          ? walk(inner, level + 1)
          : attribute.nest === undefined
          ? inner
          : this.attributes(inner, 0, inner.length, attribute.nest, scope);
        const before = groups.at(-1);
        if (!innermost && before !== undefined && before.id === reader.type) {
          this.causes.add("entries of one path in separate nests");
          before.payload = concat([before.payload, content]);
        } else groups.push({ id: reader.type, payload: content });
      }
      const nested = level + 1 < levels || attribute.nest !== undefined;
      return concat(groups.map(({ id, payload }) => attributeBytes(nested ? id | NESTED : id, payload)));
    };
    return walk(payload, 0);
  }
}

function attributeBytes(type: number, payload: Uint8Array): Uint8Array {
  const writer = new Writer(payload.length + 8);
  writer.unknown([{ type, data: payload }]);
  return writer.result();
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
