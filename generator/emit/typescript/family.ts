/** Emits mod.ts: the typed descriptor of a family. @module */
import {
  type InterfaceDeclarationStructure,
  type OptionalKind,
  type StatementStructures,
  StructureKind,
} from "ts-morph";
import { property } from "../../model/names.ts";
import type {
  Attribute,
  AttributeSet,
  Family,
  FamilyEvent,
  Mode,
  Operation,
  StructType,
} from "../../model/types.ts";
import { commentText, described, literal, printSource, type Statements } from "./source.ts";

/** A message narrowed to the attributes that the spec lists for it. */
function messageType(
  set: AttributeSet | undefined,
  header: StructType | undefined,
  attributes: readonly Attribute[] | undefined,
): string {
  const keys = attributes?.filter(({ payload }) => payload.kind !== "pad" && payload.kind !== "unused")
    .map(({ key }) => JSON.stringify(key));
  const body = set === undefined
    ? "Record<never, never>"
    : keys === undefined
    ? set.type
    : keys.length === 0
    ? `Only<${set.type}, never>`
    : `Only<${set.type}, ${[...new Set(keys)].join(" | ")}>`;
  return header === undefined ? body : `{ header: ${header.type} } & ${body}`;
}

function modeType({ set, header }: Operation, mode: Mode): string {
  const reply = mode.reply === undefined ? "never" : messageType(set, header, mode.reply);
  return `{ request: ${messageType(set, header, mode.request)}; reply: ${reply} }`;
}

function operationType(operation: Operation): string {
  const modes = [
    ...(operation.do === undefined ? [] : [`do: ${modeType(operation, operation.do)}`]),
    ...(operation.dump === undefined ? [] : [`dump: ${modeType(operation, operation.dump)}`]),
  ];
  return `{ ${modes.join("; ")} }`;
}

const PERMISSIONS = {
  "admin-perm": " Needs CAP_NET_ADMIN in the initial user namespace.",
  "uns-admin-perm": " Needs CAP_NET_ADMIN in the user namespace of the network namespace.",
};

function title({ name, kernelName }: Operation | FamilyEvent): string {
  return `\`${name}\`${kernelName === undefined ? "" : ` (${kernelName})`}.`;
}

function operationDoc(operation: Operation): string {
  const { doc, permission } = operation;
  return `${title(operation)}${described(doc)}${permission === undefined ? "" : PERMISSIONS[permission]}`;
}

function format({ name, set, header }: Operation | FamilyEvent): string {
  return `name: ${literal(name)}` + (set === undefined ? "" : `, attributes: ${set.variable}`) +
    (header === undefined ? "" : `, header: ${header.variable}`);
}

function operationSource(operation: Operation): string {
  const { request, reply, permission } = operation;
  return `${property(operation.key)}: { ${format(operation)}, request: ${request}` +
    (reply === undefined ? "" : `, reply: ${reply}`) +
    (operation.do === undefined ? "" : ", do: true") + (operation.dump === undefined ? "" : ", dump: true") +
    (permission === undefined ? "" : `, permission: ${literal(permission)}`) + " },";
}

function eventSource(event: FamilyEvent): string {
  const group = event.group === undefined ? "" : `, group: ${literal(event.group)}`;
  return `${property(event.name)}: { ${format(event)}, id: ${event.id}${group} },`;
}

/** An interface, or the type of an object without members where there is none. */
function interfaceOrNothing(
  name: string,
  doc: string,
  properties: NonNullable<OptionalKind<InterfaceDeclarationStructure>["properties"]>,
): StatementStructures {
  const common = { isExported: true, name, docs: [doc] };
  return properties.length === 0
    ? { kind: StructureKind.TypeAlias, type: "Record<never, never>", ...common }
    : { kind: StructureKind.Interface, properties, ...common };
}

function block(name: string, lines: readonly string[]): string[] {
  return lines.length === 0
    ? [`  ${name}: {},`]
    : [`  ${name}: {`, ...lines.map((line) => `    ${line}`), "  },"];
}

function descriptor({ type, variable, name, protocol, version, operations, events, groups }: Family): string {
  return [
    `/** The \`${name}\` family: what \`open\` takes. */`,
    `export const ${variable}: Family<${type}Operations, ${type}Events, ${type}Group> = {`,
    `  name: ${literal(name)},`,
    `  protocol: ${protocol},`,
    `  version: ${version},`,
    ...block("operations", operations.map(operationSource)),
    ...block("events", events.map(eventSource)),
    ...block("groups", groups.map((group) => `${property(group.name)}: ${group.value},`)),
    '  meta: async () => (await import("./meta.ts")).meta,',
    "};",
  ].join("\n");
}

/** The text of mod.ts. */
export function emitFamily(family: Family, banner: string, wire: string): string {
  const { type, name, operations, events, groups } = family;
  const documentation = family.doc === undefined
    ? `The \`${name}\` netlink family.`
    : commentText(family.doc);
  const statements: Statements = [
    interfaceOrNothing(
      `${type}Operations`,
      `Operations of the \`${name}\` family, with the attributes that each carries.`,
      operations.map((operation) => ({
        name: property(operation.key),
        type: operationType(operation),
        docs: [operationDoc(operation)],
      })),
    ),
    interfaceOrNothing(
      `${type}Events`,
      `Notifications and events of the \`${name}\` family, by their name in the spec.`,
      events.map((event) => ({
        name: property(event.name),
        type: messageType(event.set, event.header, event.attributes),
        docs: [`${title(event)}${described(event.doc)}`],
      })),
    ),
    {
      kind: StructureKind.TypeAlias,
      isExported: true,
      name: `${type}Group`,
      docs: [`Multicast groups of the \`${name}\` family.`],
      type: groups.length === 0 ? "never" : groups.map((group) => literal(group.name)).join(" | "),
    },
    descriptor(family),
  ];
  const body = printSource("", statements).trim();

  const sets = [...operations, ...events].flatMap(({ set }) => set === undefined ? [] : [set]);
  const headers = [...operations, ...events].flatMap(({ header }) => header === undefined ? [] : [header]);
  const carriers = [...new Set([...sets, ...headers])].filter((carrier) => carrier !== undefined);
  const imports = carriers.flatMap((carrier) => [
    ...(body.includes(carrier.variable) ? [carrier.variable] : []),
    ...(new RegExp(`[<{ ]${carrier.type}[>, ]`).test(body) ? [`type ${carrier.type}`] : []),
  ]).sort();
  return `${banner}\n/**\n * ${documentation.replaceAll("\n", "\n * ")}\n *\n * @module\n */\n` +
    `import type { Family${body.includes("Only<") ? ", Only" : ""} } from ${literal(wire)};\n` +
    (imports.length === 0 ? "" : `import { ${imports.join(", ")} } from "./messages.ts";\n`) +
    `\nexport * from "./messages.ts";\n\n${body}\n`;
}
