/** The bodies of decoders and encoders: one expression or statement per attribute. @module */
import { nestedSets, selectorsFor } from "../../model/attributes.ts";
import { access, pascalCase, property } from "../../model/names.ts";
import type {
  Attribute,
  AttributeSet,
  Element,
  Member,
  Payload,
  Scalar,
  StructType,
  SubMessage,
} from "../../model/types.ts";
import { attributeType, isWide, payloadType, visible } from "./types.ts";

type Lines = string[];

/** Name of the reader's and writer's method for an integer. */
function scalarMethod({ type, big }: Scalar): string {
  return big && type !== "u8" && type !== "s8" ? `${type}be` : type;
}

/** How a sub-message's selector is switched on: by text, or by an enum's numbers. */
export function subMessageName(payload: Extract<Payload, { kind: "sub-message" }>): string {
  const { message, selector } = payload;
  return pascalCase(message.name) + (selector.enum === undefined ? "" : `By${selector.enum.type}`);
}

function elementMethod(element: Exclude<Element, { kind: "nest" }>): string {
  switch (element.kind) {
    case "scalar":
      return scalarMethod(element.scalar);
    case "address":
      return element.form;
    default:
      return element.kind;
  }
}

function decodeExpression(payload: Payload): string {
  switch (payload.kind) {
    case "flag":
      return "true";
    case "scalar":
      return `r.${scalarMethod(payload.scalar)}()`;
    case "bitfield32":
    case "string":
      return `r.${payload.kind}()`;
    case "bytes":
      return "r.bytesOf()";
    case "address":
      return `r.${payload.form}()`;
    case "struct":
      return `r.struct(${payload.struct.variable})`;
    case "array":
      return `r.${payload.element}s()`;
    case "nest":
      return `r.nest(${payload.set.variable})`;
    case "indexed": {
      const { element, start } = payload;
      if (element.kind === "nest") return `r.indexed(${element.set.variable}, ${start})`;
      const type = payloadType(payload).slice("IndexedArray<".length, -1);
      return `r.indexedValues<${type}>("${elementMethod(element)}", ${start})`;
    }
    case "type-value":
      return `r.typeValues(${keys(payload.names)}, ${payload.set.variable})`;
    case "type-value-scalar": {
      const type = isWide(payload.scalar.type) ? "bigint" : "number";
      return `r.typeScalars<${type}, ${payload.names.map(({ key }) => JSON.stringify(key)).join(" | ")}>(${
        keys(payload.names)
      }, "${scalarMethod(payload.scalar)}")`;
    }
    case "sub-message": {
      const { selector } = payload;
      const kind = selector.local === undefined
        ? `r.selected(${JSON.stringify(selector.name)})`
        : access("m", selector.local.key);
      return `decode${subMessageName(payload)}(r, ${kind})`;
    }
    case "pad":
    case "unused":
      throw new Error(`${payload.kind} has no value`);
  }
}

function keys(names: readonly { key: string }[]): string {
  return JSON.stringify(names.map(({ key }) => key)).replaceAll(",", ", ");
}

function encodeStatement(id: number, payload: Payload, value: string): string {
  switch (payload.kind) {
    case "scalar":
      return `w.${scalarMethod(payload.scalar)}(${id}, ${value});`;
    case "flag":
    case "bitfield32":
    case "string":
      return `w.${payload.kind}(${id}, ${value});`;
    case "bytes":
      return `w.bytesOf(${id}, ${value});`;
    case "address":
      return `w.${payload.form}(${id}, ${value});`;
    case "struct":
      return `w.struct(${id}, ${payload.struct.variable}, ${value});`;
    case "array":
      return `w.${payload.element}s(${id}, ${value});`;
    case "nest":
      return `w.nest(${id}, ${payload.set.variable}, ${value});`;
    case "indexed": {
      const { element, start } = payload;
      return element.kind === "nest"
        ? `w.indexed(${id}, ${element.set.variable}, ${value}, ${start});`
        : `w.indexedValues(${id}, "${elementMethod(element)}", ${value}, ${start});`;
    }
    case "type-value":
      return `w.typeValues(${id}, ${keys(payload.names)}, ${payload.set.variable}, ${value});`;
    case "type-value-scalar":
      return `w.typeScalars(${id}, ${keys(payload.names)}, "${scalarMethod(payload.scalar)}", ${value});`;
    case "sub-message": {
      const { selector } = payload;
      const kind = selector.local === undefined
        ? `w.selected(${JSON.stringify(selector.name)})`
        : access("m", selector.local.key);
      return `encode${subMessageName(payload)}(w, ${id}, ${kind}, ${value});`;
    }
    case "pad":
    case "unused":
      throw new Error(`${payload.kind} has no value`);
  }
}

/** Statements that tell nested sets the selectors that they look for further out. */
function selects(cursor: "r" | "w", set: AttributeSet, attribute: Attribute): string {
  if (nestedSets(attribute).length === 0) return "";
  return selectorsFor(set, attribute)
    .map(({ name, key }) => `${cursor}.select(${JSON.stringify(name)}, ${access("m", key)}); `).join("");
}

/** The field list of a set or struct: names in id order, with the ids that do not follow the one before. */
function fieldsOf(fields: readonly { key: string; id: number }[]): string {
  let next = 1;
  return [...fields].sort((a, b) => a.id - b.id).map(({ key, id }) => {
    const text = id === next ? key : `${key}=${id}`;
    next = id + 1;
    return text;
  }).join(" ");
}

/** Source of an attribute set's codec, from the brace to the brace. */
export function codecBody(set: AttributeSet, hasSubMessages: boolean): Lines {
  const attributes = visible(set);
  const lines: Lines = [
    "{",
    `  name: ${JSON.stringify(set.name)},`,
    `  fields: ${JSON.stringify(fieldsOf(attributes))},`,
    `  decode(r, end, ${hasSubMessages ? `target = {}` : "m = {}"}) {`,
    // A union's members cannot be set one by one; what comes out is one of its arms all the same.
    ...(hasSubMessages ? [`    const m = target as Loose<${set.type}>;`] : []),
    "    while (r.next(end)) {",
    "      switch (r.type) {",
  ];
  for (const attribute of set.attributes) {
    const { id, key, payload, multi } = attribute;
    if (payload.kind === "unused") continue;
    if (payload.kind === "pad") {
      lines.push(`        case ${id}: break;`);
      continue;
    }
    const value = decodeExpression(payload);
    const target = access("m", key);
    const list = payload.kind === "type-value" || payload.kind === "type-value-scalar";
    const assignment = multi && list
      ? `(${target} ??= []).push(...${value});`
      : multi
      ? `(${target} ??= []).push(${value}${
        payload.kind === "sub-message" ? ` as ${payloadType(payload)}` : ""
      });`
      : payload.kind === "sub-message"
      ? `${target} = ${value} as ${attributeType(attribute)};`
      : `${target} = ${value};`;
    lines.push(`        case ${id}: ${selects("r", set, attribute)}${assignment} break;`);
  }
  lines.push(
    "        default: (m.unknown ??= []).push(r.unknown());",
    "      }",
    "    }",
    hasSubMessages ? "    return target;" : "    return m;",
    "  },",
    "  encode(w, m) {",
    "    for (const key in m) {",
    "      switch (key) {",
  );
  for (const attribute of attributes) {
    const { id, key, payload, multi } = attribute;
    const value = access("m", key);
    const list = payload.kind === "type-value" || payload.kind === "type-value-scalar";
    const statement = multi
      ? `for (const v of w.repeated(${id}, ${value})) ${encodeStatement(id, payload, list ? "[v]" : "v")}`
      : encodeStatement(id, payload, value);
    lines.push(`        case ${JSON.stringify(key)}: ${selects("w", set, attribute)}${statement} break;`);
  }
  lines.push(
    '        case "unknown": w.unknown(m.unknown); break;',
    `        default: throw unknownKey(${set.variable}, key);`,
    "      }",
    "    }",
    "  },",
    "}",
  );
  return lines;
}

const GETTERS: { [type: string]: string } = {
  u8: "getUint8",
  s8: "getInt8",
  u16: "getUint16",
  s16: "getInt16",
  u32: "getUint32",
  s32: "getInt32",
  u64: "getBigUint64",
  s64: "getBigInt64",
};

function at(offset: number): string {
  return offset === 0 ? "o" : `o + ${offset}`;
}

function memberDecode({ offset, size, payload }: Member): string {
  switch (payload.kind) {
    case "scalar": {
      const { type, big } = payload.scalar;
      return `v.${GETTERS[type]}(${at(offset)}${size > 1 && !big ? ", true" : ""})`;
    }
    case "bytes":
      return `memberBytes(v, ${at(offset)}, ${size})`;
    case "text":
      return `memberText(v, ${at(offset)}, ${size})`;
    case "address":
      if (payload.form === "uuid") return `memberUuid(v, ${at(offset)})`;
      return `member${payload.form === "ip" ? "Ip" : "Mac"}(v, ${at(offset)}, ${size})`;
    case "struct":
      return `${payload.struct.variable}.decode(v, ${at(offset)}, end)`;
    case "structs":
      return `memberStructs(${payload.struct.variable}, v, ${at(offset)}, end)`;
    case "scalars": {
      const { type, big } = payload.scalar;
      return `memberScalars(${at(offset)}, end, ${size}, (at) => v.${GETTERS[type]}(at${
        big ? "" : ", true"
      }))`;
    }
    case "pad":
      throw new Error("padding has no value");
  }
}

function memberEncode({ key, offset, size, payload }: Member): string {
  const value = access("m", key);
  switch (payload.kind) {
    case "scalar": {
      const { type, big } = payload.scalar;
      return `set${type.toUpperCase()}(w, ${at(offset)}, ${value}, key${size > 1 ? `, ${!big}` : ""});`;
    }
    case "bytes":
      return `setBytes(w, ${at(offset)}, ${value}, key, ${size});`;
    case "text":
      return `setText(w, ${at(offset)}, ${value}, key, ${size});`;
    case "address":
      if (payload.form === "uuid") return `setUuid(w, ${at(offset)}, ${value}, key);`;
      return `set${payload.form === "ip" ? "Ip" : "Mac"}(w, ${at(offset)}, ${value}, key, ${size});`;
    case "struct":
      return `setStruct(w, ${at(offset)}, ${value}, key, ${payload.struct.variable});`;
    case "structs":
      return `appendStructs(w, ${value}, key, ${payload.struct.variable});`;
    case "scalars": {
      const { type, big } = payload.scalar;
      return `appendScalars(w, ${value}, key, ${size}, set${type.toUpperCase()}, ${!big});`;
    }
    case "pad":
      throw new Error("padding has no value");
  }
}

/** Source of a struct's codec, from the brace to the brace. */
export function structBody(struct: StructType): Lines {
  const members = struct.members.filter(({ payload }) => payload.kind !== "pad");
  const needsEnd = members.some(({ payload }) => ["struct", "structs", "scalars"].includes(payload.kind));
  const ends = struct.members.filter(({ payload }) =>
    payload.kind !== "structs" && payload.kind !== "scalars"
  )
    .map(({ offset, size }) => offset + size).filter((end) => end > 0 && end < struct.size);
  return [
    "{",
    `  name: ${JSON.stringify(struct.name)},`,
    `  fields: ${JSON.stringify(members.map(({ key }) => key).join(" "))},`,
    `  size: ${struct.size},`,
    `  ends: [${[...new Set(ends)].join(", ")}],`,
    `  decode(v, o${needsEnd ? ", end" : ""}) {`,
    "    return {",
    ...members.map((member) => `      ${property(member.key)}: ${memberDecode(member)},`),
    "    };",
    "  },",
    "  encode(w, o, m) {",
    "    for (const key in m) {",
    "      switch (key) {",
    ...members.map((member) => `        case ${JSON.stringify(member.key)}: ${memberEncode(member)} break;`),
    `        default: throw unknownKey(${struct.variable}, key);`,
    "      }",
    "    }",
    "  },",
    "}",
  ];
}

/** Source of the two functions that decode and encode a sub-message. */
export function subMessageFunctions(
  payload: Extract<Payload, { kind: "sub-message" }>,
): { decode: Lines; encode: Lines } {
  const { message, selector } = payload;
  const labels = formatLabels(message, selector.enum?.entries);
  const decode: Lines = ["switch (kind) {"];
  const encode: Lines = [
    "if (value instanceof Uint8Array) return w.bytesOf(type, value);",
    "switch (kind) {",
  ];
  for (const [i, { header, set }] of message.formats.entries()) {
    const label = `  case ${labels[i]}:`;
    if (header !== undefined && set !== undefined) {
      decode.push(`${label} return r.headed(${header.variable}, ${set.variable});`);
      encode.push(`${label} return w.headed(type, ${header.variable}, ${set.variable}, value as never);`);
    } else if (header !== undefined) {
      decode.push(`${label} return r.struct(${header.variable});`);
      encode.push(`${label} return w.struct(type, ${header.variable}, value as never);`);
    } else {
      const variable = set?.variable ?? "noAttributes";
      decode.push(`${label} return r.nest(${variable});`);
      encode.push(
        `${label} return w.${set === undefined ? "plainNest" : "nest"}(type, ${variable}, value as never);`,
      );
    }
  }
  decode.push("  default: return r.bytesOf();", "}");
  encode.push(`  default: return w.opaque(type, ${JSON.stringify(selector.name)}, kind, value);`, "}");
  return { decode, encode };
}

/** What each format's selector looks like in the decoded object. */
export function formatLabels(
  message: SubMessage,
  entries?: readonly { name: string; value: number }[],
): string[] {
  return message.formats.map(({ value }) => {
    if (entries === undefined) return JSON.stringify(value);
    const entry = entries.find(({ name }) => name === value);
    if (entry === undefined) throw new Error(`sub-message ${message.name}: no entry ${value}`);
    return String(entry.value);
  });
}
