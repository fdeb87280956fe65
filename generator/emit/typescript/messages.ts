/** Emits messages.ts: enums, and an interface with a codec for every struct and attribute set. @module */
import {
  type CodeBlockWriter,
  type InterfaceDeclarationStructure,
  type OptionalKind,
  type StatementStructures,
  StructureKind,
} from "ts-morph";
import { property } from "../../model/names.ts";
import type { Attribute, AttributeSet, EnumType, Family, StructType } from "../../model/types.ts";
import { codecBody, formatLabels, structBody, subMessageFunctions, subMessageName } from "./codecs.ts";
import { attributeDoc, memberDoc } from "./doc.ts";
import { described, literal, printSource } from "./source.ts";
import { attributeType, formatType, memberType, subMessagesBySelector, visible } from "./types.ts";

type Statement = StatementStructures | string | ((writer: CodeBlockWriter) => void);

/** An exported constant. As text: ts-morph would indent the initializer as a continuation. */
function constant(name: string, type: string, doc: string, lines: readonly string[]): string {
  return `/** ${doc} */\nexport const ${name}${type === "" ? "" : `: ${type}`} = ${lines.join("\n")};`;
}

function enumStatements(named: EnumType): Statement[] {
  const { name, type, flags, wide, bits, entries, kernelPrefix, doc } = named;
  const title = `\`${name}\`${kernelPrefix === undefined ? "" : ` (${kernelPrefix}*)`}`;
  const mask = (value: number) => wide ? `${1n << BigInt(value)}n` : String(2 ** value);
  const number = (value: number) => wide ? `${value}n` : String(value);
  const object = (value: (number: number) => string) =>
    entries.length === 0
      ? "{} as Record<never, never>"
      : `{ ${
        entries.map((entry) =>
          `${entry.doc === undefined ? "" : `/**${described(entry.doc)} */ `}${property(entry.key)}: ${
            value(entry.value)
          }`
        ).join(", ")
      } } as const`;
  const statements: Statement[] = [];
  if (flags) {
    statements.push(
      constant(type, "", `Flags ${title}: masks of its bits.${described(doc)}`, [object(mask)]),
    );
  } else {
    statements.push(constant(type, "", `Enum ${title}.${described(doc)}`, [object(number)]), {
      kind: StructureKind.TypeAlias,
      isExported: true,
      docs: [`A known {@linkcode ${type}}, or a number of a newer kernel.`],
      name: type,
      type: `(typeof ${type})[keyof typeof ${type}] | ${wide ? "OpenBigInt" : "OpenNumber"}`,
    });
  }
  if (bits !== undefined) {
    statements.push(
      constant(bits, "", `Enum ${title} where it is used as flags: masks of its bits.`, [object(mask)]),
    );
  }
  return statements;
}

function structStatements(struct: StructType): Statement[] {
  const { name, type, variable, size, members, doc } = struct;
  return [
    {
      kind: StructureKind.Interface,
      isExported: true,
      name: type,
      docs: [`Struct \`${name}\` (${size} bytes).${described(doc)}`],
      properties: members.filter(({ payload }) => payload.kind !== "pad").map((member) => ({
        name: property(member.key),
        type: memberType(member),
        docs: [memberDoc(member)],
      })),
    },
    constant(variable, `Struct<${type}>`, `Encodes and decodes {@linkcode ${type}}.`, structBody(struct)),
  ];
}

function attributeProperties(
  attributes: readonly Attribute[],
): OptionalKind<InterfaceDeclarationStructure>["properties"] {
  return [
    ...attributes.map((attribute) => ({
      name: property(attribute.key),
      type: attributeType(attribute),
      hasQuestionToken: true,
      docs: [attributeDoc(attribute)],
    })),
    {
      name: "unknown",
      type: "UnknownAttribute[]",
      hasQuestionToken: true,
      docs: ["Attributes that this version does not know, kept and encoded again as they came."],
    },
  ];
}

function setStatements(set: AttributeSet): Statement[] {
  const { name, type, variable, subsetOf, doc } = set;
  const summary = `Attribute set \`${name}\`${subsetOf === undefined ? "" : `, a part of \`${subsetOf}\``}.`;
  const attributes = visible(set);
  const bySelector = subMessagesBySelector(set);
  const codec = constant(
    variable,
    `Codec<${type}>`,
    `Encodes and decodes {@linkcode ${type}}.`,
    codecBody(set, bySelector.size > 0),
  );
  if (bySelector.size === 0) {
    return [{
      kind: StructureKind.Interface,
      isExported: true,
      name: type,
      docs: [summary + described(doc)],
      properties: attributeProperties(attributes)!,
    }, codec];
  }
  const inArms = new Set([...bySelector].flat(2));
  return [
    {
      kind: StructureKind.Interface,
      isExported: true,
      name: `${type}Fields`,
      docs: [`{@linkcode ${type}} but for the attributes whose format another one chooses.`],
      properties: attributeProperties(attributes.filter((attribute) => !inArms.has(attribute)))!,
    },
    ...[...bySelector].map(([selector, messages]): Statement => ({
      kind: StructureKind.TypeAlias,
      isExported: true,
      name: armsName(set, selector),
      docs: [
        `What \`${selector.name}\` chooses: the format of ${
          messages.map(({ name }) => `\`${name}\``).join(" and ")
        }.` +
        " A kind that the spec does not list has its payload as bytes.",
      ],
      type: (writer) => armTypes(selector, messages).forEach((arm) => writer.newLine().write(`  | ${arm}`)),
    })),
    {
      kind: StructureKind.TypeAlias,
      isExported: true,
      name: type,
      docs: [summary + described(doc)],
      type: [`${type}Fields`, ...[...bySelector.keys()].map((selector) => armsName(set, selector))].join(
        " & ",
      ),
    },
    codec,
  ];
}

function armsName(set: AttributeSet, selector: Attribute): string {
  return `${set.type}By${selector.key[0]!.toUpperCase()}${selector.key.slice(1)}`;
}

/** One arm per known selector, one for unknown ones with bytes, one for unknown ones without payload. */
function armTypes(selector: Attribute, messages: readonly Attribute[]): string[] {
  const arms = new Map<string, Map<Attribute, string>>();
  let numeric = false;
  for (const attribute of messages) {
    if (attribute.payload.kind !== "sub-message") continue;
    const { message, selector: { enum: named } } = attribute.payload;
    numeric ||= named !== undefined;
    for (const [i, label] of formatLabels(message, named?.entries).entries()) {
      const arm = arms.get(label) ?? new Map<Attribute, string>();
      arm.set(attribute, formatType(message.formats[i]!));
      arms.set(label, arm);
    }
  }
  const key = property(selector.key);
  const members = (typeOf: (attribute: Attribute) => string) =>
    messages.map((attribute) => `; ${property(attribute.key)}?: ${typeOf(attribute)}`).join("");
  return [
    ...[...arms].map(([label, arm]) =>
      `{ ${key}: ${label}${members((attribute) => arm.get(attribute) ?? "Uint8Array")} }`
    ),
    `{ ${key}?: ${numeric ? "number" : "UnknownKind"}${members(() => "Uint8Array")} }`,
    ...(numeric ? [] : [`{ ${key}?: string${members(() => "never")} }`]),
  ];
}

/** The functions for each way in which each sub-message of the family is selected. */
function subMessageStatements(family: Family): Statement[] {
  const statements: Statement[] = [];
  const done = new Set<string>();
  for (const { payload } of family.sets.flatMap(({ attributes }) => attributes)) {
    if (payload.kind !== "sub-message") continue;
    const name = subMessageName(payload);
    if (done.has(name)) continue;
    done.add(name);
    const { decode, encode } = subMessageFunctions(payload);
    statements.push({
      kind: StructureKind.Function,
      name: `decode${name}`,
      parameters: [{ name: "r", type: "Reader" }, { name: "kind", type: "unknown" }],
      returnType: "unknown",
      statements: [decode.join("\n")],
    }, {
      kind: StructureKind.Function,
      name: `encode${name}`,
      parameters: [
        { name: "w", type: "Writer" },
        { name: "type", type: "number" },
        { name: "kind", type: "unknown" },
        { name: "value", type: "unknown" },
      ],
      returnType: "void",
      statements: [encode.join("\n")],
    });
  }
  return statements;
}

/** Names of `all` that the text uses. */
function used(text: string, all: readonly string[]): string[] {
  return all.filter((name) => new RegExp(`\\b${name}\\b`).test(text));
}

const WIRE_VALUES = [
  "appendScalars",
  "appendStructs",
  "memberBytes",
  "memberIp",
  "memberMac",
  "memberScalars",
  "memberStructs",
  "memberText",
  "memberUuid",
  "noAttributes",
  "setBytes",
  "setIp",
  "setMac",
  "setS16",
  "setS32",
  "setS64",
  "setS8",
  "setStruct",
  "setText",
  "setU16",
  "setU32",
  "setU64",
  "setU8",
  "setUuid",
  "unknownKey",
];
const WIRE_TYPES = [
  "Bitfield32",
  "Codec",
  "IndexedArray",
  "Loose",
  "OpenBigInt",
  "OpenNumber",
  "Reader",
  "Struct",
  "UnknownAttribute",
  "UnknownKind",
  "Writer",
];

/** Text of a family's messages.ts; `wire` is what it imports the runtime by. */
export function emitMessages(family: Family, banner: string, wire: string): string {
  const statements = [
    ...family.enums.flatMap(enumStatements),
    ...family.structs.flatMap(structStatements),
    ...family.sets.flatMap(setStatements),
    ...subMessageStatements(family),
  ];
  const body = printSource("", statements);
  const code = body.replaceAll(/\/\*\*.*?\*\//gs, "");
  const imports = [...used(code, WIRE_TYPES).map((name) => `type ${name}`), ...used(code, WIRE_VALUES)];
  const doc = `/** Messages of the \`${family.name}\` family: enums, structs and attribute sets. @module */`;
  return `${banner}\n${doc}\nimport { ${imports.join(", ")} } from ${literal(wire)};\n\n${body.trim()}\n`;
}
