/** One-line documentation of attributes, members and enums, made from the facts of the spec. @module */
import type { Attribute, Checks, EnumUse, Member, Payload } from "../../model/types.ts";
import { described } from "./source.ts";

function enumLink(use: EnumUse | undefined): string {
  if (use === undefined) return "";
  const { enum: named, flags } = use;
  if (!flags) return `, enum {@linkcode ${named.type}}`;
  return `, flags {@linkcode ${named.flags ? named.type : named.bits ?? named.type}}`;
}

function payloadText(payload: Payload, specType: string): string {
  switch (payload.kind) {
    case "scalar":
      return `${specType}${payload.scalar.big ? ", big-endian" : ""}${enumLink(payload.use)}`;
    case "bitfield32":
      return `${specType}${enumLink(payload.use)}`;
    case "address":
      return `${specType}, ${payload.hint}`;
    case "struct":
      return `struct {@linkcode ${payload.struct.type}}`;
    case "array":
      return `array of ${payload.element}${enumLink(payload.use)}`;
    case "nest":
      return `nest {@linkcode ${payload.set.type}}`;
    case "indexed": {
      const { element } = payload;
      const of = element.kind === "nest"
        ? `{@linkcode ${element.set.type}}`
        : element.kind === "scalar"
        ? `${element.scalar.type}${enumLink(element.use)}`
        : element.kind === "address"
        ? element.hint
        : element.kind;
      return `indexed array of ${of}${payload.start === 0 ? "" : `, from ${payload.start}`}`;
    }
    case "type-value":
      return `nest {@linkcode ${payload.set.type}} by ${payload.names.map(({ name }) => name).join(" and ")}`;
    case "type-value-scalar":
      return `${payload.scalar.type} by ${payload.names.map(({ name }) => name).join(" and ")}`;
    case "sub-message":
      return `format chosen by \`${payload.selector.name}\``;
    default:
      return specType;
  }
}

function checksText({ min, max, minLength, maxLength, exactLength }: Checks): string {
  const parts: string[] = [];
  if (min !== undefined && max !== undefined) parts.push(`${min} to ${max}`);
  else if (min !== undefined) parts.push(`at least ${min}`);
  else if (max !== undefined) parts.push(`at most ${max}`);
  if (exactLength !== undefined) parts.push(`${exactLength} bytes`);
  if (minLength !== undefined) parts.push(`at least ${minLength} bytes`);
  if (maxLength !== undefined) parts.push(`at most ${maxLength} bytes`);
  return parts.length === 0 ? "" : `; ${parts.join(", ")}`;
}

/** Documentation of an attribute. */
export function attributeDoc(attribute: Attribute): string {
  const { name, kernelName, payload, specType, multi, checks, doc } = attribute;
  const text = `${payloadText(payload, specType)}${multi ? ", repeated" : ""}${checksText(checks)}` +
    (kernelName === undefined ? "" : `; ${kernelName}`);
  return `\`${name}\` (${text}).${described(doc)}`;
}

/** Documentation of a struct member. */
export function memberDoc({ name, payload, specType, size, doc }: Member): string {
  const text = payload.kind === "scalar"
    ? `${specType}${payload.scalar.big ? ", big-endian" : ""}${enumLink(payload.use)}`
    : payload.kind === "struct"
    ? `struct {@linkcode ${payload.struct.type}}`
    : payload.kind === "structs"
    ? `array of struct {@linkcode ${payload.struct.type}} up to the end`
    : payload.kind === "scalars"
    ? `array of ${specType} up to the end`
    : payload.kind === "address"
    ? payload.hint
    : `${size} bytes`;
  return `\`${name}\` (${text}).${described(doc)}`;
}
