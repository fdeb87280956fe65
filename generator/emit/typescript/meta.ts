/** Emits meta.ts: names in the spec, checks and enum names, for tools and errors. @module */
import { property } from "../../model/names.ts";
import type { Attribute, Checks, Element, EnumUse, Family, Member } from "../../model/types.ts";
import { literal } from "./source.ts";

type Meta = { [key: string]: unknown };

function enumMeta(use: EnumUse | undefined): Meta {
  return use === undefined ? {} : { enum: use.enum.name, ...(use.flags ? { flags: true } : {}) };
}

function elementMeta(element: Element): Meta {
  switch (element.kind) {
    case "nest":
      return { sub: "nest", nest: element.set.name };
    case "scalar":
      return {
        sub: element.scalar.type,
        ...(element.scalar.big ? { big: true } : {}),
        ...enumMeta(element.use),
        ...(element.hint === undefined ? {} : { hint: element.hint }),
      };
    case "address":
      return { sub: "binary", hint: element.hint };
    case "bytes":
      return { sub: "binary", ...(element.hint === undefined ? {} : { hint: element.hint }) };
    case "string":
      return { sub: "string" };
  }
}

function payloadMeta({ payload }: Attribute): Meta {
  switch (payload.kind) {
    case "scalar":
      return {
        ...(payload.scalar.big ? { big: true } : {}),
        ...enumMeta(payload.use),
        ...(payload.hint === undefined ? {} : { hint: payload.hint }),
      };
    case "bitfield32":
      return enumMeta(payload.use);
    case "bytes":
    case "address":
      return payload.hint === undefined ? {} : { hint: payload.hint };
    case "struct":
      return { struct: payload.struct.name };
    case "array":
      return {
        sub: payload.element,
        ...enumMeta(payload.use),
        ...(payload.hint === undefined ? {} : { hint: payload.hint }),
      };
    case "nest":
      return { nest: payload.set.name };
    case "indexed":
      return { ...elementMeta(payload.element), ...(payload.start === 0 ? {} : { start: payload.start }) };
    case "type-value":
    case "type-value-scalar":
      return {
        ...(payload.kind === "type-value" ? { nest: payload.set.name } : { sub: payload.scalar.type }),
        values: payload.names.map(({ key }) => key),
        valueNames: payload.names.map(({ name }) => name),
      };
    case "sub-message":
      return { message: payload.message.name, selector: payload.selector.name };
    default:
      return {};
  }
}

function checksMeta({ exactLength, minLength, maxLength, unterminatedOk: _, ...rest }: Checks): Meta {
  const [shortest, longest] = [minLength ?? exactLength, maxLength ?? exactLength];
  return {
    ...rest,
    ...(shortest === undefined ? {} : { minLength: shortest }),
    ...(longest === undefined ? {} : { maxLength: longest }),
  };
}

function attributeMeta(attribute: Attribute): Meta {
  const { name, key, id, specType, multi, checks } = attribute;
  return {
    id,
    ...(name === key ? {} : { name }),
    type: specType,
    ...payloadMeta(attribute),
    ...(multi ? { multi: true } : {}),
    ...checksMeta(checks),
  };
}

function memberMeta({ name, key, specType, size, payload }: Member): Meta {
  const base = { ...(name === key ? {} : { name }), type: specType };
  switch (payload.kind) {
    case "scalar":
      return {
        ...base,
        ...enumMeta(payload.use),
        ...(payload.hint === undefined ? {} : { hint: payload.hint }),
      };
    case "address":
      return { ...base, hint: payload.hint, length: size };
    case "bytes":
      return { ...base, ...(payload.hint === undefined ? {} : { hint: payload.hint }), length: size };
    case "struct":
    case "structs":
      return { ...base, struct: payload.struct.name, ...(payload.kind === "structs" ? { array: true } : {}) };
    case "scalars":
      return { ...base, array: true };
    default:
      return { ...base, length: size };
  }
}

/** One line per entry, so that a change of the spec is a change of few lines. */
function lines(indent: string, entries: readonly (readonly [string, string])[]): string {
  return entries.length === 0
    ? "{}"
    : `{\n${entries.map(([key, value]) => `${indent}  ${property(key)}: ${value},\n`).join("")}${indent}}`;
}

/** The text of meta.ts. */
export function emitMeta(family: Family, banner: string, wire: string): string {
  const sets = family.sets.map((set) =>
    [
      set.name,
      lines(
        "    ",
        set.attributes.filter(({ payload }) => payload.kind !== "unused")
          .map((attribute) => [attribute.key, literal(attributeMeta(attribute))]),
      ),
    ] as const
  );
  const structs = family.structs.map(({ name, members }) =>
    [
      name,
      lines(
        "    ",
        members.filter(({ payload }) => payload.kind !== "pad").map((
          member,
        ) => [member.key, literal(memberMeta(member))]),
      ),
    ] as const
  );
  const enums = family.enums.map(({ name, flags, entries }) =>
    [
      name,
      literal({
        ...(flags ? { flags: true } : {}),
        entries: Object.fromEntries(entries.map(({ name, value }) => [name, value])),
      }),
    ] as const
  );
  const messages = family.messages.map(({ name, formats }) =>
    [
      name,
      lines(
        "    ",
        formats.map(({ value, header, set }) => [
          value,
          literal({
            ...(header === undefined ? {} : { header: header.name }),
            ...(set === undefined ? {} : { set: set.name }),
          }),
        ]),
      ),
    ] as const
  );
  const operations = [...family.operations, ...family.events].map(({ name, set, header }) =>
    [
      name,
      literal({
        ...(set === undefined ? {} : { set: set.name }),
        ...(header === undefined ? {} : { header: header.name }),
      }),
    ] as const
  );
  const source = lines("", [
    ["name", literal(family.name)],
    ["sets", lines("  ", sets)],
    ["structs", lines("  ", structs)],
    ["enums", lines("  ", enums)],
    ["messages", lines("  ", messages)],
    ["operations", lines("  ", operations)],
  ]);
  const head =
    `${banner}\n/** Names, checks and enums of the \`${family.name}\` spec, for tools and errors. @module */\n` +
    `import type { FamilyMeta } from ${literal(wire)};\n`;
  return `${head}\n/** What the spec of the \`${family.name}\` family says beyond the wire. */\nexport const meta: FamilyMeta = ${source};\n`;
}
