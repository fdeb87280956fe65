/** The TypeScript types of what attributes and members carry. @module */
import type {
  Attribute,
  AttributeSet,
  Element,
  EnumUse,
  Member,
  Payload,
  Scalar,
} from "../../model/types.ts";

/** Whether an integer comes as bigint. */
export function isWide(type: Scalar["type"]): boolean {
  return type === "u64" || type === "s64" || type === "uint" || type === "sint";
}

function scalarType(scalar: Pick<Scalar, "type">, use: EnumUse | undefined): string {
  const wide = isWide(scalar.type);
  if (use === undefined || use.flags || use.enum.wide !== wide) return wide ? "bigint" : "number";
  return use.enum.type;
}

/** Type of one element of an indexed array. */
function elementType(element: Element): string {
  switch (element.kind) {
    case "nest":
      return element.set.type;
    case "scalar":
      return scalarType(element.scalar, element.use);
    case "bytes":
      return "Uint8Array";
    default:
      return "string";
  }
}

/** Type of one value of an attribute. */
export function payloadType(payload: Payload): string {
  switch (payload.kind) {
    case "flag":
      return "boolean";
    case "scalar":
      return scalarType(payload.scalar, payload.use);
    case "bitfield32":
      return "Bitfield32";
    case "string":
    case "address":
      return "string";
    case "bytes":
      return "Uint8Array";
    case "struct":
      return payload.struct.type;
    case "array":
      return `${scalarType({ type: payload.element }, payload.use)}[]`;
    case "nest":
      return payload.set.type;
    case "indexed":
      return `IndexedArray<${elementType(payload.element)}>`;
    case "type-value":
      return `(${payload.set.type} & Record<${keyUnion(payload.names)}, number>)[]`;
    case "type-value-scalar":
      return `(Record<${keyUnion(payload.names)}, number> & { value: ${
        scalarType(payload.scalar, undefined)
      } })[]`;
    case "sub-message": {
      const types = payload.message.formats.map(formatType);
      return [...new Set([...types, "Uint8Array"])].join(" | ");
    }
    case "pad":
    case "unused":
      return "never";
  }
}

function keyUnion(names: readonly { key: string }[]): string {
  return names.map(({ key }) => JSON.stringify(key)).join(" | ");
}

/** Type of a sub-message in one format. */
export function formatType(format: { header?: { type: string }; set?: { type: string } }): string {
  if (format.header !== undefined && format.set !== undefined) {
    return `{ header: ${format.header.type} } & ${format.set.type}`;
  }
  return format.header?.type ?? format.set?.type ?? "Record<never, never>";
}

/** Type of an attribute as a property. */
export function attributeType({ payload, multi }: Attribute): string {
  const type = payloadType(payload);
  // Type values are a list already, whether they came in one attribute or in several.
  if (!multi || payload.kind === "type-value" || payload.kind === "type-value-scalar") return type;
  return /^[\w<>.]+$/.test(type) ? `${type}[]` : `(${type})[]`;
}

/** Type of a struct member. */
export function memberType({ payload }: Member): string {
  switch (payload.kind) {
    case "scalar":
      return scalarType(payload.scalar, payload.use);
    case "bytes":
      return "Uint8Array";
    case "struct":
      return payload.struct.type;
    case "structs":
      return `${payload.struct.type}[]`;
    case "scalars":
      return `${scalarType(payload.scalar, undefined)}[]`;
    default:
      return "string";
  }
}

/** Attributes that an object has as properties. */
export function visible(set: AttributeSet): Attribute[] {
  return set.attributes.filter(({ payload }) => payload.kind !== "pad" && payload.kind !== "unused");
}

/** Sub-messages of a set by the attribute of the set that selects their format. */
export function subMessagesBySelector(set: AttributeSet): Map<Attribute, Attribute[]> {
  const groups = new Map<Attribute, Attribute[]>();
  for (const attribute of set.attributes) {
    const selector = attribute.payload.kind === "sub-message" ? attribute.payload.selector.local : undefined;
    if (selector !== undefined) groups.set(selector, [...(groups.get(selector) ?? []), attribute]);
  }
  return groups;
}
