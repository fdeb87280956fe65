/**
 * Everything that the specs define is generated. Counted from the specs as they are committed, without errata, and
 * looked up in the source of the generated modules, which ts-morph parses: the generator's model has no say.
 *
 * Known by what the generated code says itself: a codec's `name`, the spec's name at the start of a property's
 * documentation, and the ids in the decoder's switch.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  type ArrowFunction,
  type CaseClause,
  type InterfaceDeclaration,
  type MethodDeclaration,
  type ObjectLiteralExpression,
  Project,
  type PropertyAssignment,
  type SourceFile,
  SyntaxKind,
  type TypeAliasDeclaration,
} from "ts-morph";
import { resolveUapi, uapiConstants } from "../../generator/model/uapi.ts";
import type { Spec, SpecAttribute, SpecAttributeSet, SpecEntry } from "../../generator/spec/types.ts";
import { linuxSpecNames, specFile } from "../uapi/specs.ts";

/** What was counted, by kind. */
type Counts = Record<string, number>;

/** Counts what is looked up, and remembers what is not there. */
class Ledger {
  readonly counts: Counts = {};
  readonly missing: string[] = [];

  constructor(readonly family: string) {}

  count(kind: string, name: string, there: boolean): void {
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    if (!there) this.missing.push(`${this.family}: ${kind} ${name}`);
  }
}

/** A codec or struct in messages.ts. */
interface Codec {
  /** Ids of the decoder's cases, with what each does. */
  decode: Map<string, string>;
  /** Keys of the encoder's cases, with what each does. */
  encode: Map<string, string>;
  /** Property names by the names in the spec, from the interface's documentation. */
  properties: Map<string, string>;
  /** Source of the unions that a selector and its sub-messages are in, without documentation of their own. */
  arms: string;
}

/** The generated code of a family, as far as this test reads it. */
interface Code {
  constants: Set<string>;
  /** Enums and flags by the spec's name: their entries. */
  enums: Map<string, number>;
  structs: Map<string, Set<string>>;
  sets: Map<string, Codec>;
  /** Bodies of the functions that decode and encode sub-messages, by name. */
  functions: Map<string, string>;
  /** Formats of sub-messages by name, from meta.ts. */
  messages: Map<string, Set<string>>;
  operations: Map<string, string>;
  documentedOperations: Set<string>;
  events: Map<string, string>;
  documentedEvents: Set<string>;
  groups: Set<string>;
}

const GENERATED = new URL("../../generated/", import.meta.url);

const project = new Project({ useInMemoryFileSystem: true });

function parse(family: string, file: string): SourceFile {
  const path = `${family}/${file}`;
  return project.createSourceFile(path, Deno.readTextFileSync(new URL(path, GENERATED)), { overwrite: true });
}

/** The name in backticks that documentation begins with. */
function documented(node: { getJsDocs(): { getDescription(): string }[] }, before = ""): string | undefined {
  const text = node.getJsDocs()[0]?.getDescription().trim() ?? "";
  return text.startsWith(`${before}\``) ? /`([^`]*)`/.exec(text)![1] : undefined;
}

/** The cases of the first switch in a function, without `default`. */
function cases(within: MethodDeclaration | ArrowFunction | undefined): Map<string, string> {
  const clauses: CaseClause[] = within?.getFirstDescendantByKind(SyntaxKind.SwitchStatement)
    ?.getClauses().filter((clause) => clause.isKind(SyntaxKind.CaseClause)) ?? [];
  return new Map(clauses.map((clause) => {
    const label = clause.getExpression();
    const key = label.isKind(SyntaxKind.StringLiteral) ? label.getLiteralValue() : label.getText();
    return [key, clause.getStatements().map((statement) => statement.getText()).join(" ")];
  }));
}

function textOf(object: ObjectLiteralExpression, key: string): string | undefined {
  const property = object.getProperty(key) as PropertyAssignment | undefined;
  return property?.getInitializerIfKind(SyntaxKind.StringLiteral)?.getLiteralValue();
}

function propertyName(name: string): string {
  return name.startsWith('"') ? JSON.parse(name) : name;
}

/** Property names by the spec's names: of an interface, or of the arms and parts of a type. */
function properties(
  type: InterfaceDeclaration | TypeAliasDeclaration,
  interfaces: ReadonlyMap<string, InterfaceDeclaration>,
): Map<string, string> {
  const signatures = type.isKind(SyntaxKind.InterfaceDeclaration)
    ? type.getProperties()
    : (interfaces.get(`${type.getName()}Fields`)?.getProperties() ?? []);
  return new Map(
    signatures.filter((each) => propertyName(each.getName()) !== "unknown" || documented(each) !== undefined)
      .map((each) => [documented(each) ?? `undocumented ${each.getName()}`, propertyName(each.getName())]),
  );
}

function readCode(family: string): Code {
  const messages = parse(family, "messages.ts");
  const interfaces = new Map(messages.getInterfaces().map((each) => [each.getName(), each]));
  const aliases = new Map(messages.getTypeAliases().map((each) => [each.getName(), each]));
  const code: Code = {
    constants: new Set(),
    enums: new Map(),
    structs: new Map(),
    sets: new Map(),
    functions: new Map(messages.getFunctions().map((each) => [each.getName()!, each.getBodyText() ?? ""])),
    messages: new Map(),
    operations: new Map(),
    documentedOperations: new Set(),
    events: new Map(),
    documentedEvents: new Set(),
    groups: new Set(),
  };
  for (const statement of messages.getVariableStatements()) {
    const declaration = statement.getDeclarations()[0]!;
    const named = documented(statement, "Enum ") ?? documented(statement, "Flags ");
    if (named !== undefined) {
      code.enums.set(
        named,
        declaration.getFirstDescendantByKindOrThrow(SyntaxKind.ObjectLiteralExpression)
          .getProperties().length,
      );
      continue;
    }
    const type = declaration.getTypeNodeOrThrow().getText();
    const body = declaration.getInitializerIfKindOrThrow(SyntaxKind.ObjectLiteralExpression);
    const method = (name: string) => body.getProperty(name)?.asKindOrThrow(SyntaxKind.MethodDeclaration);
    const argument = /^(?:Codec|Struct)<(\w+)>$/.exec(type)![1]!;
    const name = textOf(body, "name")!;
    const shape = interfaces.get(argument) ?? aliases.get(argument)!;
    const codec = {
      decode: cases(method("decode")),
      encode: cases(method("encode")),
      properties: properties(shape, interfaces),
      arms: [...aliases.values()].filter((alias) => alias.getName().startsWith(`${argument}By`))
        .map((alias) => alias.getTypeNodeOrThrow().getText()).join("\n"),
    };
    if (type.startsWith("Codec<")) code.sets.set(name, codec);
    else code.structs.set(name, new Set(codec.properties.keys()));
  }
  for (const statement of parse(family, "uapi.ts").getVariableStatements()) {
    const name = documented(statement, "Constant ");
    if (name !== undefined) code.constants.add(name);
  }
  const module = parse(family, "mod.ts");
  for (const shape of [...module.getInterfaces(), ...module.getTypeAliases()]) {
    const names = shape.isKind(SyntaxKind.InterfaceDeclaration)
      ? shape.getProperties().map((each) => documented(each)!)
      : [];
    if (shape.getName().endsWith("Operations")) names.forEach((name) => code.documentedOperations.add(name));
    if (shape.getName().endsWith("Events")) names.forEach((name) => code.documentedEvents.add(name));
  }
  const descriptor = module.getVariableStatements().at(-1)!.getDeclarations()[0]!
    .getInitializerIfKindOrThrow(SyntaxKind.ObjectLiteralExpression);
  const entries = (key: string) =>
    (descriptor.getProperty(key) as PropertyAssignment)
      .getInitializerIfKindOrThrow(SyntaxKind.ObjectLiteralExpression)
      .getProperties().map((each) => each as PropertyAssignment);
  for (const [into, key] of [[code.operations, "operations"], [code.events, "events"]] as const) {
    for (const entry of entries(key)) {
      const object = entry.getInitializerIfKindOrThrow(SyntaxKind.ObjectLiteralExpression);
      into.set(textOf(object, "name")!, object.getText());
    }
  }
  for (const entry of entries("groups")) code.groups.add(propertyName(entry.getName()));
  const meta = parse(family, "meta.ts").getVariableStatements()[0]!.getDeclarations()[0]!
    .getInitializerIfKindOrThrow(SyntaxKind.ObjectLiteralExpression);
  const formats = (meta.getProperty("messages") as PropertyAssignment)
    .getInitializerIfKindOrThrow(SyntaxKind.ObjectLiteralExpression).getProperties();
  for (const each of formats as PropertyAssignment[]) {
    const kinds = each.getInitializerIfKindOrThrow(SyntaxKind.ObjectLiteralExpression).getProperties();
    code.messages.set(
      propertyName(each.getName()),
      new Set((kinds as PropertyAssignment[]).map((kind) => propertyName(kind.getName()))),
    );
  }
  project.getSourceFiles().forEach((file) => project.removeSourceFile(file));
  return code;
}

/** What an attribute says or takes from the set that its own is a part of. */
function inherited(spec: Spec, set: SpecAttributeSet, attribute: SpecAttribute): SpecAttribute {
  const parent = spec["attribute-sets"].find(({ name }) => name === set["subset-of"]);
  return { ...parent?.attributes.find(({ name }) => name === attribute.name), ...attribute };
}

function checkSet(ledger: Ledger, spec: Spec, set: SpecAttributeSet, code: Code): void {
  const codec = code.sets.get(set.name);
  ledger.count("attribute set", set.name, codec !== undefined);
  for (const own of set.attributes) {
    const { type } = inherited(spec, set, own);
    const where = `${set.name}.${own.name}`;
    if (codec === undefined) {
      ledger.count("attribute", where, false);
    } else if (type === "unused") {
      ledger.count("attribute", where, !codec.properties.has(own.name));
    } else if (type === "pad") {
      const passed = [...codec.decode.values()].filter((statements) => statements === "break;").length;
      const pads = set.attributes.filter((each) => inherited(spec, set, each).type === "pad").length;
      ledger.count("attribute", where, !codec.properties.has(own.name) && passed >= pads);
    } else {
      const inArms = new RegExp(`[{;] "?${camel(own.name)}"?\\??: `).test(codec.arms);
      const key = codec.properties.get(own.name) ?? (inArms ? camel(own.name) : undefined);
      const reads = [...codec.decode.values()].some((statements) => assigns(statements, key));
      const writes = key !== undefined && (codec.encode.get(key) ?? "").includes("w");
      ledger.count("attribute", where, key !== undefined && reads && writes);
    }
  }
}

/** Whether a case sets the property. */
function assigns(statements: string, key: string | undefined): boolean {
  return key !== undefined &&
    (statements.includes(`m.${key} = `) || statements.includes(`(m.${key} ??= [])`) ||
      statements.includes(`m[${JSON.stringify(key)}] = `) ||
      statements.includes(`(m[${JSON.stringify(key)}] ??= [])`));
}

function camel(name: string): string {
  return name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

function checkDefinitions(ledger: Ledger, spec: Spec, code: Code): void {
  const kernelOnly = new Set(
    uapiConstants(resolveUapi(spec)).filter(({ kind, scope }) => kind === "const" && scope === "kernel")
      .map(({ specName }) => specName),
  );
  for (const { name, type, entries = [], members = [] } of spec.definitions ?? []) {
    if (type === "const") {
      ledger.count("definition", name, kernelOnly.has(name) !== code.constants.has(name));
    } else if (type === "struct") {
      const fields = code.structs.get(name);
      ledger.count("definition", name, fields !== undefined);
      for (const member of members.filter(({ type }) => type !== "pad")) {
        ledger.count("member", `${name}.${member.name}`, fields?.has(member.name) === true);
      }
    } else {
      ledger.count("definition", name, code.enums.has(name));
      ledger.count("entries", name, (code.enums.get(name) ?? -1) >= entries.length);
    }
  }
}

function checkSubMessages(ledger: Ledger, spec: Spec, code: Code): void {
  for (const { name, formats } of spec["sub-messages"] ?? []) {
    const stem = name.split("-").map((word) => word[0]!.toUpperCase() + word.slice(1)).join("");
    const bodies = [...code.functions].filter(([each]) => new RegExp(`^(de|en)code${stem}(By|$)`).test(each))
      .map(([, body]) => body);
    const kinds = code.messages.get(name);
    ledger.count("sub-message", name, kinds !== undefined && bodies.length === 2);
    for (const { value } of formats) {
      const labels = [`case ${JSON.stringify(value)}:`, ...enumValues(spec, value).map((n) => `case ${n}:`)];
      const cased = bodies.every((body) => labels.some((label) => body.includes(label)));
      ledger.count("format", `${name} ${value}`, kinds?.has(value) === true && bodies.length > 0 && cased);
    }
  }
}

/** Values of all enum entries of a name: what a selector that is a number may be compared with. */
function enumValues(spec: Spec, name: string): number[] {
  return (spec.definitions ?? []).flatMap(({ type, entries = [] }) => {
    let next = 0;
    return type !== "enum" ? [] : entries.flatMap((entry) => {
      const each: SpecEntry = typeof entry === "string" ? { name: entry } : entry;
      const value = each.value ?? next;
      next = value + 1;
      return each.name === name ? [value] : [];
    });
  });
}

function checkOperations(ledger: Ledger, spec: Spec, code: Code): string[] {
  const reserved: string[] = [];
  for (const operation of spec.operations.list) {
    const { name } = operation;
    if (operation.notify !== undefined || operation.event !== undefined) {
      const kind = operation.notify === undefined ? "event" : "notification";
      ledger.count(kind, name, code.events.has(name) && code.documentedEvents.has(name));
    } else if (operation.do !== undefined || operation.dump !== undefined) {
      const source = code.operations.get(name);
      ledger.count("operation", name, source !== undefined && code.documentedOperations.has(name));
      for (const mode of ["do", "dump"] as const) {
        if (operation[mode] === undefined) continue;
        ledger.count(mode, name, source?.includes(`, ${mode}: true`) === true);
      }
    } else {
      reserved.push(`${ledger.family} ${name}`);
    }
  }
  for (const { name } of spec["mcast-groups"]?.list ?? []) {
    ledger.count("group", name, code.groups.has(name));
  }
  return reserved;
}

function check(name: string, spec: Spec): { ledger: Ledger; reserved: string[] } {
  const ledger = new Ledger(name);
  const code = readCode(name);
  for (const set of spec["attribute-sets"]) checkSet(ledger, spec, set, code);
  checkDefinitions(ledger, spec, code);
  checkSubMessages(ledger, spec, code);
  return { ledger, reserved: checkOperations(ledger, spec, code) };
}

function sum(all: readonly Counts[]): Counts {
  const total: Counts = {};
  for (const counts of all) {
    for (const [kind, count] of Object.entries(counts)) total[kind] = (total[kind] ?? 0) + count;
  }
  return total;
}

Deno.test("everything that the specs of Linux 7.3 define is generated, by count and by name", () => {
  // Upstream's handshake for the numbers of the kernel's tree; ours follows below.
  const all = linuxSpecNames().map((name) =>
    check(name, specFile(name === "handshake" ? "upstream/handshake" : name).spec)
  );
  assert.deepEqual(all.flatMap(({ ledger }) => ledger.missing), []);
  assert.deepEqual(sum(all.map(({ ledger }) => ledger.counts)), {
    // Counted from the YAML by another program (facts on the specs of Linux 7.3, section 1).
    "definition": 282,
    "attribute set": 414,
    "attribute": 3349,
    "sub-message": 7,
    "format": 116,
    // 340 names of operations: these three kinds, and two that only reserve an id.
    "operation": 280,
    "notification": 47,
    "event": 11,
    "do": 264,
    "dump": 103,
    "group": 36,
    // 97 enums and 44 flags.
    "entries": 141,
    // 591 members but for eleven pads.
    "member": 580,
  });
  assert.deepEqual(all.flatMap(({ reserved }) => reserved), ["fou unspec", "mptcp_pm unspec"]);
});

Deno.test("everything that our own handshake spec defines is generated", () => {
  const ours = check("handshake", specFile("handshake").spec).ledger;
  const upstream = check("handshake", specFile("upstream/handshake").spec).ledger;
  assert.deepEqual(ours.missing, []);
  assert.equal(ours.counts["definition"], upstream.counts["definition"]! + 1);
  assert.equal(ours.counts["attribute"], upstream.counts["attribute"]! + 3);
});

Deno.test("a definition, an attribute, an operation and a format that nobody generated are named", () => {
  const { spec } = specFile("nftables");
  const [set] = spec["attribute-sets"];
  const more: Spec = {
    ...spec,
    definitions: [...spec.definitions!, { type: "enum", name: "new-enum", entries: ["one"] }, {
      type: "const",
      name: "new-const",
      value: 1,
    }],
    "attribute-sets": [
      { ...set!, attributes: [...set!.attributes, { name: "new-attribute", type: "u32" }] },
      ...spec["attribute-sets"].slice(1),
      { name: "new-set", attributes: [] },
    ],
    "sub-messages": spec["sub-messages"]!.map((message) => ({
      ...message,
      formats: [...message.formats, { value: "new-format" }],
    })),
    operations: {
      ...spec.operations,
      list: [...spec.operations.list, { name: "new-operation", doc: "", do: {} }, {
        name: "new-notification",
        doc: "",
        notify: "gettable",
      }],
    },
  };
  assert.deepEqual(check("nftables", more).ledger.missing, [
    `nftables: attribute ${set!.name}.new-attribute`,
    "nftables: attribute set new-set",
    "nftables: definition new-enum",
    "nftables: entries new-enum",
    "nftables: definition new-const",
    "nftables: format expr-ops new-format",
    "nftables: format obj-data new-format",
    "nftables: operation new-operation",
    "nftables: do new-operation",
    "nftables: notification new-notification",
  ]);
});
