/**
 * Values of attribute sets, structs and messages for fast-check, made from the model: each is what a decoder would
 * give, so that it must come back from encoding and decoding exactly as it was.
 *
 * - integers of 64 bits are bigint; addresses and UUIDs are in their text form; structs have all members
 * - repeated attributes have at least one value; a sub-message follows its selector, and is bytes where the selector
 *   is absent or names no format
 * - unknown attributes have ids that the set does not use
 *
 * @module
 */

import fc, { type Arbitrary } from "fast-check";
import type {
  Attribute,
  AttributeSet,
  Element,
  Format,
  Member,
  Payload,
  Scalar,
  StructType,
} from "../../generator/model/mod.ts";
import { nestedSets, selectorsFor } from "../../generator/model/attributes.ts";
import {
  decodeText,
  formatHex,
  formatIpv4,
  formatIpv6,
  formatUuid,
  type UnknownAttribute,
} from "../../runtime/wire/mod.ts";

/** An attribute set's object. */
export type Value = Record<string, unknown>;

/** What a value is made for. */
export interface Purpose {
  /**
   * Leave out what the words of the spec cannot say: the flags of unknown attributes and their order among each
   * other, own indices of arrays that are not nests, several flags in one of repeated values, an attribute that
   * shares its name with a member of the fixed header, and the entry of a mask that is negative.
   */
  speakable: boolean;
}

/** Steps from a set inwards that must be there, such as a sub-message and what is in it. */
export type Route = readonly Attribute[];

/** Objects like those of decoders: with a prototype. */
function record(members: Record<string, Arbitrary<unknown>>): Arbitrary<Value> {
  return fc.record(members, { noNullPrototype: true });
}

const RANGES: { readonly [type: string]: readonly [min: bigint, max: bigint] } = {
  u8: [0n, 0xffn],
  u16: [0n, 0xffffn],
  u32: [0n, 0xffffffffn],
  u64: [0n, 0xffffffffffffffffn],
  uint: [0n, 0xffffffffffffffffn],
  s8: [-0x80n, 0x7fn],
  s16: [-0x8000n, 0x7fffn],
  s32: [-0x80000000n, 0x7fffffffn],
  s64: [-0x8000000000000000n, 0x7fffffffffffffffn],
  sint: [-0x8000000000000000n, 0x7fffffffffffffffn],
};

/** What decoders give as bigint. */
function isWide(type: string): boolean {
  return ["u64", "s64", "uint", "sint"].includes(type);
}

/** Integers of a type; those at the edges of every width are frequent, since that is where codecs go wrong. */
function integer(type: string): Arbitrary<number | bigint> {
  const [min, max] = RANGES[type]!;
  const edges = [0n, 1n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0xffffn, 0x7fffffffn, 0x80000000n, 0xffffffffn]
    .flatMap((edge) => [edge, edge + 1n, -edge, -edge - 1n])
    .concat(min, max).filter((edge) => edge >= min && edge <= max);
  const big = fc.oneof(fc.constantFrom(...edges), fc.bigInt({ min, max }));
  return isWide(type) ? big : big.map(Number);
}

/** Bytes of a length. */
function bytes(minLength: number, maxLength: number): Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength, maxLength });
}

const address4 = bytes(4, 4).map((value) => formatIpv4(value, 0));
const address6 = fc.oneof(
  bytes(16, 16),
  fc.array(fc.constantFrom(0, 1, 255), { minLength: 16, maxLength: 16 }),
)
  .map((value) => formatIpv6(Uint8Array.from(value), 0));

/** Text as decoders give it: any bytes, those that are no UTF-8 as lone surrogates. */
const text: Arbitrary<string> = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: "binary", maxLength: 30 }),
  bytes(0, 30).map((value) => decodeText(value, 0, value.length)),
);

function address(form: "ip" | "ipv4" | "mac" | "uuid"): Arbitrary<string> {
  switch (form) {
    case "ip":
      return fc.oneof(address4, address6);
    case "ipv4":
      return address4;
    case "mac":
      return bytes(0, 20).map((value) => formatHex(value, 0, value.length, ":"));
    case "uuid":
      return bytes(16, 16).map((value) => formatUuid(value, 0));
  }
}

/** Numbers that the kernel does name are as frequent as all others. */
function scalar(
  { scalar: { type }, use }: {
    scalar: Scalar;
    use?: { enum: { entries: { value: number }[] }; flags: boolean };
  },
): Arbitrary<number | bigint> {
  const any = integer(type);
  if (use === undefined || use.enum.entries.length === 0) return any;
  const [min, max] = RANGES[type]!;
  const known = use.enum.entries.map(({ value }) => use.flags ? 1n << BigInt(value) : BigInt(value))
    .filter((value) => value >= min && value <= max);
  if (known.length === 0) return any;
  const some = fc.constantFrom(...known);
  return fc.oneof(any, isWide(type) ? some : some.map(Number));
}

/** Structs, flexible arrays included. */
export function structArbitrary(struct: StructType): Arbitrary<Value> {
  const members = struct.members.filter(({ payload }) => payload.kind !== "pad");
  return record(Object.fromEntries(members.map((member) => [member.key, memberArbitrary(member)])));
}

function memberArbitrary({ size, payload }: Member): Arbitrary<unknown> {
  switch (payload.kind) {
    case "scalar":
      return scalar(payload);
    case "bytes":
      return bytes(size, size);
    case "text":
      // The rest is NUL, and the first NUL ends it.
      return fc.array(fc.integer({ min: 1, max: 255 }), { maxLength: size })
        .map((value) => decodeText(Uint8Array.from(value), 0, value.length));
    case "address":
      if (payload.form === "ip") return size === 4 ? address4 : address6;
      return bytes(size, size).map((value) =>
        payload.form === "mac" ? formatHex(value, 0, size, ":") : formatUuid(value, 0)
      );
    case "struct":
      return structArbitrary(payload.struct);
    case "structs":
      return fc.array(structArbitrary(payload.struct), { maxLength: 3 });
    case "scalars":
      return fc.array(integer(payload.scalar.type), { maxLength: 4 });
    case "pad":
      throw new Error("padding has no value");
  }
}

/** Sub-messages that a selector of this name chooses, in a set or in what it nests. */
function formatsBySelector(set: AttributeSet, name: string, seen = new Set<AttributeSet>()): Format[] {
  if (seen.has(set)) return [];
  seen.add(set);
  return set.attributes.flatMap((attribute) => [
    ...(attribute.payload.kind === "sub-message" && attribute.payload.selector.name === name
      ? attribute.payload.message.formats
      : []),
    ...nestedSets(attribute).filter(({ needs }) => needs.has(name))
      .flatMap((nested) => formatsBySelector(nested, name, seen)),
  ]);
}

/** A format's selector as the decoder gives it. */
export function kindOf(selector: Attribute | undefined, { value }: Format): string | number {
  const payload = selector?.payload;
  if (payload?.kind !== "scalar") return value;
  return payload.use!.enum.entries.find(({ name }) => name === value)!.value;
}

/** Attributes that sub-messages of the set, or of sets nested in it, are selected by. */
export function selectorsOf(set: AttributeSet, attributes: readonly Attribute[]): Set<Attribute> {
  return new Set(attributes.flatMap((attribute) => [
    ...(attribute.payload.kind === "sub-message" && attribute.payload.selector.local !== undefined
      ? [attribute.payload.selector.local]
      : []),
    ...selectorsFor(set, attribute),
  ]));
}

/** Attributes that an object has as properties. */
export function visible(set: AttributeSet): Attribute[] {
  return set.attributes.filter(({ payload }) => payload.kind !== "pad" && payload.kind !== "unused");
}

/** How many attributes a set gets on each level of nesting. */
const BREADTH = [6, 4, 3, 2, 1];

/** Selectors further out: by name, as the decoder sees them. */
type Outer = ReadonlyMap<string, unknown>;
const NONE: Outer = new Map();

/** Makes the values of one purpose; what it has made once it uses again. */
export class Values {
  readonly #purpose: Purpose;
  readonly #made = new Map<Attribute, Arbitrary<unknown>[]>();

  constructor(purpose: Purpose) {
    this.#purpose = purpose;
  }

  /** Objects of an attribute set. The attributes of `route` are there; `kind` is the value of every selector. */
  set(set: AttributeSet, route: Route = [], kind?: string | number): Arbitrary<Value> {
    return this.#set(set, 0, NONE, route, kind);
  }

  /** Objects of an operation or event. */
  message(message: { set?: AttributeSet; header?: StructType }): Arbitrary<Value> {
    return this.#headed(message.header, message.set, 0, NONE, [], undefined);
  }

  #headed(
    header: StructType | undefined,
    set: AttributeSet | undefined,
    depth: number,
    outer: Outer,
    route: Route,
    kind: string | number | undefined,
  ): Arbitrary<Value> {
    const attributes = set === undefined
      ? fc.constant({})
      : this.#set(set, depth, outer, route, kind, this.#purpose.speakable ? header : undefined);
    if (header === undefined) return attributes;
    return fc.tuple(structArbitrary(header), attributes)
      .map(([header, attributes]) => ({ header, ...attributes }));
  }

  #set(
    set: AttributeSet,
    depth: number,
    outer: Outer,
    route: Route,
    kind: string | number | undefined,
    header?: StructType,
  ): Arbitrary<Value> {
    const [must, ...rest] = route;
    const names = new Set(header?.members.map(({ name }) => name));
    const optional = visible(set).filter((attribute) => attribute !== must && !names.has(attribute.name));
    const maxLength = Math.min(BREADTH[depth] ?? 0, optional.length);
    return fc.tuple(
      maxLength === 0 ? fc.constant([]) : fc.shuffledSubarray(optional, { maxLength }),
      fc.nat(),
      fc.nat({ max: 3 }).chain((one) => one === 0 ? this.#unknown(set) : fc.constant(undefined)),
    ).chain(([some, place, unknown]) => {
      const chosen = [...some];
      if (must !== undefined) chosen.splice(place % (chosen.length + 1), 0, must);
      const selectors = selectorsOf(set, chosen);
      const kinds = fc.tuple(...[...selectors].map((selector) => this.#selector(set, selector, kind)));
      return kinds.chain((values) => {
        const given = new Map([...selectors].map((selector, i) => [selector, values[i]]));
        const inner = new Map([...outer, ...[...given].map(([{ name }, value]) => [name, value] as const)]);
        const order = [
          ...[...given].filter(([, value]) => value !== undefined).map(([selector]) => selector),
          ...chosen.filter((attribute) => !given.has(attribute)),
        ];
        return fc.tuple(
          ...order.map((attribute) =>
            given.has(attribute)
              ? fc.constant(given.get(attribute))
              : attribute === must
              ? this.#attribute(attribute, depth, inner, rest, kind)
              : this.#known(attribute, depth, inner)
          ),
        ).map((all) => {
          const value: Value = Object.fromEntries(order.map(({ key }, i) => [key, all[i]]));
          if (unknown !== undefined) value["unknown"] = unknown;
          return value;
        });
      });
    });
  }

  /** Values of a selector: those of the formats, one that no format has, or none at all. */
  #selector(set: AttributeSet, selector: Attribute, kind: string | number | undefined): Arbitrary<unknown> {
    if (kind !== undefined) return fc.constant(kind);
    const known = formatsBySelector(set, selector.name).map((format) => kindOf(selector, format));
    const others = this.#value(selector.payload, 0, NONE, [], undefined)
      .filter((value) => !known.includes(value as string | number));
    return fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...known) },
      { weight: 1, arbitrary: others },
      { weight: 1, arbitrary: fc.constant(undefined) },
    );
  }

  #unknown(set: AttributeSet): Arbitrary<UnknownAttribute[]> {
    const taken = new Set(visible(set).map(({ id }) => id));
    for (const { id, payload } of set.attributes) if (payload.kind === "pad") taken.add(id);
    const flags = this.#purpose.speakable ? [0] : [0, 0x4000, 0x8000, 0xc000];
    const one = fc.record({
      type: fc.tuple(fc.integer({ min: 0, max: 0x3fff }), fc.constantFrom(...flags))
        .filter(([id]) => !taken.has(id)).map(([id, flags]) => id | flags),
      data: bytes(0, 9),
    }, { noNullPrototype: true });
    return fc.array(one, { minLength: 1, maxLength: this.#purpose.speakable ? 1 : 3 });
  }

  #known(attribute: Attribute, depth: number, outer: Outer): Arbitrary<unknown> {
    // What depends on a selector is made for each anew.
    const depends = attribute.payload.kind === "sub-message" ||
      nestedSets(attribute).some(({ needs }) => needs.size > 0);
    if (depends) return this.#attribute(attribute, depth, outer, [], undefined);
    const made = this.#made.get(attribute) ?? [];
    this.#made.set(attribute, made);
    return made[depth] ??= this.#attribute(attribute, depth, NONE, [], undefined);
  }

  #attribute(
    { payload, multi }: Attribute,
    depth: number,
    outer: Outer,
    route: Route,
    kind: string | number | undefined,
  ): Arbitrary<unknown> {
    const one = this.#value(payload, depth, outer, route, kind);
    if (!multi) return one;
    if (payload.kind === "type-value" || payload.kind === "type-value-scalar") {
      return one.filter((list) => (list as unknown[]).length > 0);
    }
    const flags = this.#purpose.speakable && payload.kind === "scalar" && payload.use?.flags === true;
    const speakable = flags
      ? fc.nat({ max: 7 }).map((bit) => isWide(payload.scalar.type) ? 1n << BigInt(bit) : 2 ** bit)
      : one;
    return fc.array(speakable, { minLength: 1, maxLength: depth === 0 ? 4 : 2 });
  }

  #value(
    payload: Payload,
    depth: number,
    outer: Outer,
    route: Route,
    kind: string | number | undefined,
  ): Arbitrary<unknown> {
    switch (payload.kind) {
      case "flag":
        return fc.constant(true);
      case "scalar":
        if (this.#purpose.speakable && payload.use?.flags === true) {
          return scalar(payload).filter((value) => value >= 0);
        }
        return scalar(payload);
      case "bitfield32":
        return record({ value: integer("u32"), selector: integer("u32") });
      case "string":
        return text;
      case "bytes":
        return bytes(0, 40);
      case "address":
        return address(payload.form);
      case "struct":
        return structArbitrary(payload.struct);
      case "array":
        return fc.array(integer(payload.element), { maxLength: 6 });
      case "nest":
        return this.#set(payload.set, depth + 1, outer, route, kind);
      case "indexed":
        return this.#indexed(payload.element, payload.start, depth, outer, route, kind);
      case "type-value": {
        const nested = this.#set(payload.set, depth + 1, outer, route, kind);
        return this.#typeValues(payload.names, nested, depth);
      }
      case "type-value-scalar":
        return this.#typeValues(
          payload.names,
          integer(payload.scalar.type).map((value) => ({ value })),
          depth,
        );
      case "sub-message": {
        const { message, selector } = payload;
        const selected = outer.get(selector.name);
        const format = message.formats.find((format) => kindOf(selector.local, format) === selected);
        if (format === undefined) return bytes(0, 30);
        if (format.header !== undefined && format.set === undefined) return structArbitrary(format.header);
        return this.#headed(format.header, format.set, depth + 1, outer, route, kind);
      }
      case "pad":
      case "unused":
        throw new Error(`${payload.kind} has no value`);
    }
  }

  /** Arrays with the usual indices, and with others. */
  #indexed(
    element: Element,
    start: number,
    depth: number,
    outer: Outer,
    route: Route,
    kind: string | number | undefined,
  ): Arbitrary<unknown> {
    const one: Arbitrary<unknown> = element.kind === "nest"
      ? this.#set(element.set, depth + 1, outer, route, kind)
      : element.kind === "scalar"
      ? scalar(element)
      : element.kind === "address"
      ? address(element.form)
      : element.kind === "bytes"
      ? bytes(0, 10)
      : text;
    const usual = fc.array(one, { minLength: route.length > 0 ? 1 : 0, maxLength: depth === 0 ? 4 : 2 });
    if (this.#purpose.speakable && element.kind !== "nest") return usual;
    const index = fc.integer({ min: 0, max: 0x3fff });
    return fc.tuple(usual, fc.array(index, { minLength: 4, maxLength: 4 }), fc.boolean())
      .map(([array, indices, unusual]) => {
        const own = indices.slice(0, array.length);
        const differs = own.some((index, i) => index !== start + i);
        return unusual && differs ? Object.assign([...array], { indices: own }) : array;
      });
  }

  #typeValues(
    names: readonly { key: string }[],
    inner: Arbitrary<Value>,
    depth: number,
  ): Arbitrary<Value[]> {
    // Small numbers often, so that neighbours share their outer nests.
    const id = fc.oneof(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 0x3fff }));
    const ids = record(Object.fromEntries(names.map(({ key }) => [key, id])));
    return fc.array(fc.tuple(ids, inner).map(([ids, inner]) => ({ ...ids, ...inner })), {
      maxLength: depth === 0 ? 4 : 2,
    });
  }
}

/** Everything in a set that a property is to be tried for: each attribute, and each format of a sub-message. */
export function routes(set: AttributeSet): { route: Route; kind?: string | number; label: string }[] {
  return visible(set).flatMap((attribute) => [
    { route: [attribute], label: attribute.name },
    ...subMessageRoutes(set, attribute, [attribute], new Map([[set, attribute]])),
  ]);
}

/** Routes from `attribute` to the sub-messages whose selector `set` has. */
function subMessageRoutes(
  set: AttributeSet,
  attribute: Attribute,
  route: Route,
  seen: ReadonlyMap<AttributeSet, Attribute>,
): { route: Route; kind: string | number; label: string }[] {
  const { payload } = attribute;
  if (payload.kind === "sub-message") {
    const selector = set.attributes.find(({ name }) => name === payload.selector.name);
    if (selector === undefined) return [];
    return payload.message.formats.map((format) => ({
      route,
      kind: kindOf(selector, format),
      label: `${route.map(({ name }) => name).join(".")} as ${format.value}`,
    }));
  }
  return nestedSets(attribute).filter((nested) => !seen.has(nested)).flatMap((nested) =>
    nested.attributes.filter((inner) =>
      inner.payload.kind === "sub-message"
        ? inner.payload.selector.local === undefined
        : nestedSets(inner).some(({ needs }) => needs.size > 0)
    ).flatMap((inner) => subMessageRoutes(set, inner, [...route, inner], new Map([...seen, [nested, inner]])))
  );
}
