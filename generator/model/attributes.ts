/** Attribute sets and sub-messages of a spec, resolved. @module */
import type {
  AttributeType,
  DisplayHint,
  ScalarType,
  Spec,
  SpecAttribute,
  SpecAttributeSet,
  SpecChecks,
} from "../spec/types.ts";
import { found } from "./definitions.ts";
import { camelCase, type NameTable } from "./names.ts";
import { resolveNumber } from "./numbers.ts";
import type {
  AddressForm,
  Attribute,
  AttributeSet,
  Checks,
  Element,
  EnumType,
  EnumUse,
  Payload,
  StructType,
  SubMessage,
} from "./types.ts";

const SCALARS: readonly string[] = ["u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64", "uint", "sint"];

/** Names that an object of attributes has besides its attributes. */
const OWN_KEYS: readonly string[] = ["unknown"];

/** Everything that attributes refer to. */
export interface Context {
  spec: Spec;
  enums: readonly EnumType[];
  structs: readonly StructType[];
}

/** Resolves all sets and sub-messages: first as empty shells, since they refer to each other, then their content. */
export function resolveSets(
  context: Context,
  names: NameTable,
): { sets: AttributeSet[]; messages: SubMessage[] } {
  const { spec } = context;
  const sets = spec["attribute-sets"].map(({ name, doc, "subset-of": subsetOf }): AttributeSet => ({
    name,
    ...names.claim(name, "attrs"),
    attributes: [],
    needs: new Set(),
    ...(subsetOf === undefined ? {} : { subsetOf }),
    ...(doc === undefined ? {} : { doc }),
  }));
  const messages = (spec["sub-messages"] ?? []).map(({ name }): SubMessage => ({ name, formats: [] }));
  const resolver = new Resolver(context, sets, messages);
  for (const [i, message] of messages.entries()) {
    message.formats = spec["sub-messages"]![i]!.formats.map((format) => ({
      value: format.value,
      ...(format["fixed-header"] === undefined ? {} : { header: resolver.struct(format["fixed-header"]) }),
      ...(format["attribute-set"] === undefined ? {} : { set: resolver.set(format["attribute-set"]) }),
    }));
  }
  for (const [i, set] of sets.entries()) set.attributes = resolver.attributes(spec["attribute-sets"][i]!);
  for (const set of sets) resolver.linkSelectors(set);
  propagateNeeds(sets);
  return { sets, messages };
}

class Resolver {
  readonly #context: Context;
  readonly #sets: readonly AttributeSet[];
  readonly #messages: readonly SubMessage[];

  constructor(context: Context, sets: readonly AttributeSet[], messages: readonly SubMessage[]) {
    this.#context = context;
    this.#sets = sets;
    this.#messages = messages;
  }

  set(name: string): AttributeSet {
    return found(this.#sets.find((set) => set.name === name), `attribute set ${name}`);
  }

  struct(name: string): StructType {
    return found(this.#context.structs.find((struct) => struct.name === name), `struct ${name}`);
  }

  /** The attributes of a set; a subset's take what they do not say from the parent's. */
  attributes(set: SpecAttributeSet): Attribute[] {
    const { spec } = this.#context;
    const parent = set["subset-of"] === undefined ? undefined : found(
      spec["attribute-sets"].find(({ name }) => name === set["subset-of"]),
      `set ${set["subset-of"]}`,
    );
    const ids = attributeIds(parent ?? set);
    const keys = new Set(OWN_KEYS);
    // A subset may name an attribute twice (devlink's dl-dpipe-table does): once is enough.
    const once = new Map(set.attributes.map((own) => [own.name, own]));
    return [...once.values()].map((own) => {
      const attribute = parent === undefined ? own : {
        ...found(parent.attributes.find(({ name }) => name === own.name), `attribute ${own.name}`),
        ...own,
      };
      let key = camelCase(attribute.name);
      while (keys.has(key)) key += "_";
      keys.add(key);
      const type = found(attribute.type, `type of attribute ${attribute.name}`);
      return {
        name: attribute.name,
        key,
        id: ids.get(attribute.name)!,
        specType: type,
        payload: this.#payload(attribute, type),
        multi: attribute["multi-attr"] === true,
        checks: resolveChecks(spec, attribute.checks),
        ...(attribute.doc === undefined ? {} : { doc: attribute.doc }),
      };
    });
  }

  #use(attribute: SpecAttribute): { use?: EnumUse } {
    if (attribute.enum === undefined) return {};
    const named = found(
      this.#context.enums.find(({ name }) => name === attribute.enum),
      `enum ${attribute.enum}`,
    );
    return { use: { enum: named, flags: named.flags || attribute["enum-as-flags"] === true } };
  }

  #payload(attribute: SpecAttribute, type: AttributeType): Payload {
    const hint = attribute["display-hint"];
    switch (type) {
      case "unused":
      case "pad":
      case "flag":
      case "string":
        return { kind: type };
      case "bitfield32":
        return { kind: type, ...this.#use(attribute) };
      case "binary":
        if (attribute.struct !== undefined) return { kind: "struct", struct: this.struct(attribute.struct) };
        if (attribute["sub-type"] !== undefined) {
          return {
            kind: "array",
            element: attribute["sub-type"] as ScalarType,
            ...this.#use(attribute),
            ...(hint === undefined ? {} : { hint }),
          };
        }
        return bytes(hint);
      case "nest":
        return { kind: "nest", set: this.set(attribute["nested-attributes"]!) };
      case "indexed-array":
        return { kind: "indexed", element: this.#element(attribute), start: attribute["index-start"] ?? 0 };
      case "nest-type-value": {
        const names = (attribute["type-value"] ?? []).map((name) => ({ name, key: camelCase(name) }));
        const inner = attribute["sub-type"];
        if (inner !== undefined && SCALARS.includes(inner)) {
          return { kind: "type-value-scalar", names, scalar: scalar(inner as ScalarType, attribute) };
        }
        return { kind: "type-value", names, set: this.set(attribute["nested-attributes"]!) };
      }
      case "sub-message": {
        const message = this.#messages.find(({ name }) => name === attribute["sub-message"]);
        return {
          kind: "sub-message",
          message: found(message, `sub-message ${attribute["sub-message"]}`),
          selector: { name: found(attribute.selector, `selector of ${attribute.name}`) },
        };
      }
      default:
        return this.#scalar(attribute, type, hint);
    }
  }

  #scalar(
    attribute: SpecAttribute,
    type: ScalarType | "uint" | "sint",
    hint?: DisplayHint,
  ): Payload & Element {
    const value = scalar(type, attribute);
    if (hint === "ipv4" && type === "u32" && value.big) return { kind: "address", form: "ipv4", hint };
    return {
      kind: "scalar",
      scalar: value,
      ...this.#use(attribute),
      ...(hint === undefined ? {} : { hint }),
    };
  }

  #element(attribute: SpecAttribute): Element {
    const type = attribute["sub-type"];
    switch (type) {
      case "nest":
        return { kind: "nest", set: this.set(attribute["nested-attributes"]!) };
      case "string":
        return { kind: "string" };
      case "binary":
        return bytes(attribute["display-hint"]);
      default:
        if (type !== undefined && SCALARS.includes(type)) {
          return this.#scalar(attribute, type as ScalarType, attribute["display-hint"]);
        }
        throw new Error(`an indexed array of ${type} has no form on the wire: the spec was not checked`);
    }
  }

  /** Finds the attribute that each sub-message of a set is selected by, in the set or further out. */
  linkSelectors(set: AttributeSet): void {
    for (const { payload } of set.attributes) {
      if (payload.kind !== "sub-message") continue;
      const { selector } = payload;
      const local = set.attributes.find(({ name }) => name === selector.name);
      if (local !== undefined) selector.local = local;
      else set.needs.add(selector.name);
      const candidates = local !== undefined
        ? [local]
        : this.#sets.flatMap(({ attributes }) => attributes.filter(({ name }) => name === selector.name));
      const named = candidates.map(({ payload }) =>
        payload.kind === "scalar" ? payload.use?.enum : undefined
      );
      const common = named[0];
      if (common !== undefined && named.every((one) => one === common)) selector.enum = common;
    }
  }
}

function scalar(
  type: ScalarType | "uint" | "sint",
  attribute: SpecAttribute,
): Extract<Element, { kind: "scalar" }>["scalar"] {
  return { type, big: attribute["byte-order"] === "big-endian" };
}

function bytes(hint: DisplayHint | undefined): Payload & Element {
  const form: AddressForm | undefined = hint === "ipv4" || hint === "ipv6" || hint === "ipv4-or-v6"
    ? "ip"
    : hint === "mac" || hint === "uuid"
    ? hint
    : undefined;
  if (form !== undefined) return { kind: "address", form, hint: hint! };
  return { kind: "bytes", ...(hint === undefined ? {} : { hint }) };
}

/** Attribute ids: from 1, each one more than the one before unless it says its own. */
function attributeIds(set: SpecAttributeSet): Map<string, number> {
  let next = 1;
  return new Map(set.attributes.map(({ name, value = next }) => {
    next = value + 1;
    return [name, value];
  }));
}

function resolveChecks(spec: Spec, checks: SpecChecks = {}): Checks {
  const number = (key: "min" | "max" | "min-len" | "max-len" | "exact-len"): number | bigint | undefined => {
    const value = checks[key];
    return value === undefined ? undefined : found(resolveNumber(spec, value), `${key} ${value}`);
  };
  const mask = checks["flags-mask"] === undefined ? undefined : flagsMask(spec, checks["flags-mask"]);
  const [min, max] = [number("min"), number("max")];
  const [minLength, maxLength, exactLength] = [number("min-len"), number("max-len"), number("exact-len")];
  return {
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(mask === undefined ? {} : { mask }),
    ...(minLength === undefined ? {} : { minLength: Number(minLength) }),
    ...(maxLength === undefined ? {} : { maxLength: Number(maxLength) }),
    ...(exactLength === undefined ? {} : { exactLength: Number(exactLength) }),
    ...(checks["unterminated-ok"] === true ? { unterminatedOk: true } : {}),
  };
}

/** The mask of all flags of a definition. */
function flagsMask(spec: Spec, name: string): bigint {
  const flags = found(spec.definitions?.find((definition) => definition.name === name), `flags ${name}`);
  let bit = Number(resolveNumber(spec, flags["value-start"] ?? 0) ?? 0);
  let mask = 0n;
  for (const entry of flags.entries ?? []) {
    if (typeof entry !== "string" && entry.value !== undefined) bit = entry.value;
    mask |= 1n << BigInt(bit++);
  }
  return mask;
}

/** Sets that are nested in an attribute. */
export function nestedSets({ payload }: Attribute): AttributeSet[] {
  switch (payload.kind) {
    case "nest":
    case "type-value":
      return [payload.set];
    case "indexed":
      return payload.element.kind === "nest" ? [payload.element.set] : [];
    case "sub-message":
      return payload.message.formats.flatMap(({ set }) => set === undefined ? [] : [set]);
    default:
      return [];
  }
}

/** Passes the needs of nested sets outwards, as far as a set that has the selector. */
function propagateNeeds(sets: readonly AttributeSet[]): void {
  for (let changed = true; changed;) {
    changed = false;
    for (const set of sets) {
      for (const attribute of set.attributes) {
        for (const need of nestedSets(attribute).flatMap((nested) => [...nested.needs])) {
          if (set.needs.has(need) || set.attributes.some(({ name }) => name === need)) continue;
          set.needs.add(need);
          changed = true;
        }
      }
    }
  }
}

/** Selectors of `set` that the sets nested in `attribute` expect it to have. */
export function selectorsFor(set: AttributeSet, attribute: Attribute): Attribute[] {
  const needs = new Set(nestedSets(attribute).flatMap((nested) => [...nested.needs]));
  return set.attributes.filter(({ name }) => needs.has(name));
}
