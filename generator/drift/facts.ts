/**
 * A spec as a flat list of facts: one for each thing that can be added, removed or changed on its own, with all
 * numbers resolved. Two specs are compared fact by fact.
 *
 * @module
 */
import { messageIds } from "../model/ids.ts";
import type { Attribute, AttributeSet, Checks, Family, Member, StructType } from "../model/mod.ts";
import { familyOf } from "./families.ts";
import type {
  Spec,
  SpecAttribute,
  SpecAttributeSet,
  SpecDefinition,
  SpecFile,
  SpecOperation,
} from "../spec/types.ts";

/** What a fact is about. */
export type FactKind =
  | "family"
  | "constant"
  | "enum"
  | "entry"
  | "struct"
  | "member"
  | "set"
  | "attribute"
  | "sub-message"
  | "format"
  | "operation"
  | "notification"
  | "event"
  | "reserved"
  | "message attribute"
  | "group";

/** A value of a fact. */
export type FactValue = string | number | bigint | boolean;

/** One thing in a spec. */
export interface Fact {
  /** Its path in the spec, with names in place of indices: `attribute-sets/dev/attributes/ifindex`. */
  at: string;
  /** What it is. */
  kind: FactKind;
  /** Its name. */
  name: string;
  /** The fact that it is part of, by its path; the family's is empty. */
  parent: string;
  /** What tells it from its neighbours on the wire: an id, a value, an offset. */
  number?: FactValue;
  /** What the spec says of it, numbers resolved. */
  values: Map<string, FactValue>;
  /** Of an attribute in a subset: the same with what it takes from the set that it is a part of. */
  whole?: Map<string, FactValue>;
  /** Its path in the file, for the position. */
  path: string;
  /** Its documentation. */
  doc?: string;
}

/** Everything that one spec says. */
export interface SpecFacts {
  /** The file. */
  file: SpecFile;
  /** The resolved family. */
  family: Family;
  /** The facts by their path. */
  facts: Map<string, Fact>;
  /** Whether any fact is documented: specs reduced to facts are not. */
  documented: boolean;
}

/** Flattens a spec that was read and checked. */
export function factsOf(file: SpecFile): SpecFacts {
  const family = familyOf(file);
  const collector = new Collector();
  addFamily(collector, file.spec, family);
  addDefinitions(collector, file.spec, family);
  addSets(collector, file.spec, family);
  addMessages(collector, file.spec);
  addOperations(collector, file.spec, family);
  addGroups(collector, file.spec);
  const { facts } = collector;
  return { file, family, facts, documented: [...facts.values()].some(({ doc }) => doc !== undefined) };
}

class Collector {
  readonly facts = new Map<string, Fact>();

  add(fact: Omit<Fact, "values"> & { values?: Iterable<[string, FactValue]> }): void {
    let at = fact.at;
    // Padding may repeat a name in a struct.
    for (let n = 2; this.facts.has(at); n++) at = `${fact.at}#${n}`;
    const { values } = fact;
    this.facts.set(at, { ...fact, at, values: values instanceof Map ? values : new Map(values) });
  }
}

function docOf({ doc }: { doc?: string }): { doc?: string } {
  // The shape of the text is no fact: YAML folds it in several ways.
  return doc === undefined ? {} : { doc: doc.replaceAll(/\s+/g, " ").trim() };
}

/** The keys of a node that hold plain values, but for those that are told in another way. */
function* plain(node: object, ...besides: string[]): Iterable<[string, FactValue]> {
  for (const [key, value] of Object.entries(node)) {
    if (key === "name" || key === "doc" || besides.includes(key)) continue;
    if (value === null) yield [key, "null"];
    else if (Array.isArray(value)) {
      if (value.every((one) => typeof one !== "object")) yield [key, value.join(", ")];
    } else if (typeof value !== "object") yield [key, value as FactValue];
  }
}

function addFamily(collector: Collector, spec: Spec, { protocol, level, version }: Family): void {
  collector.add({
    at: "",
    kind: "family",
    name: spec.name,
    parent: "",
    path: "name",
    values: [
      ["name", spec.name],
      ["protonum", protocol],
      ["level", level],
      ["version", version],
      ...plain(spec, "protocol", "protonum", "version"),
      ...[...plain(spec.operations, "fixed-header")].map(([key, value]): [string, FactValue] => [
        `operations/${key}`,
        value,
      ]),
    ],
    ...docOf(spec),
  });
}

function addDefinitions(collector: Collector, spec: Spec, family: Family): void {
  for (const [i, definition] of (spec.definitions ?? []).entries()) {
    const { name, type } = definition;
    const at = `definitions/${name}`;
    const path = `definitions/${i}`;
    const common = { at, name, parent: "", path, ...docOf(definition) };
    if (type === "const") {
      collector.add({ ...common, kind: "constant", values: plain(definition) });
    } else if (type === "struct") {
      addStruct(collector, definition, family.structs.find((struct) => struct.name === name)!, common);
    } else {
      collector.add({ ...common, kind: "enum", values: plain(definition, "entries", "value-start") });
      const entries = family.enums.find((named) => named.name === name)!.entries;
      for (const [j, { name, value, doc }] of entries.entries()) {
        collector.add({
          at: `${at}/entries/${name}`,
          kind: "entry",
          name,
          parent: at,
          number: value,
          path: `${path}/entries/${j}`,
          values: [["value", value]],
          ...docOf(doc === undefined ? {} : { doc }),
        });
      }
    }
  }
}

function addStruct(
  collector: Collector,
  definition: SpecDefinition,
  { size, members }: StructType,
  common: Omit<Fact, "kind" | "values">,
): void {
  collector.add({
    ...common,
    kind: "struct",
    values: [["size", size], ...plain(definition, "members")],
  });
  for (const [j, member] of (definition.members ?? []).entries()) {
    const { offset, size } = members[j] as Member;
    collector.add({
      at: `${common.at}/members/${member.name}`,
      kind: "member",
      name: member.name,
      parent: common.at,
      number: offset,
      path: `${common.path}/members/${j}`,
      values: [["offset", offset], ["size", size], ...plain(member, "len")],
      ...docOf(member),
    });
  }
}

/** The limits of an attribute under the names that specs give them. */
const LIMITS: { readonly [key in keyof Checks]-?: string } = {
  min: "min",
  max: "max",
  mask: "flags-mask",
  minLength: "min-len",
  maxLength: "max-len",
  exactLength: "exact-len",
  unterminatedOk: "unterminated-ok",
};

/** The attributes of a set by their names. */
function byName(set: AttributeSet | undefined): Map<string, Attribute> {
  return new Map(set?.attributes.map((attribute) => [attribute.name, attribute]));
}

function addSets(collector: Collector, spec: Spec, family: Family): void {
  for (const [i, set] of spec["attribute-sets"].entries()) {
    const at = `attribute-sets/${set.name}`;
    const path = `attribute-sets/${i}`;
    collector.add({
      at,
      kind: "set",
      name: set.name,
      parent: "",
      path,
      values: plain(set, "attributes"),
      ...docOf(set),
    });
    const resolved = byName(family.sets.find(({ name }) => name === set.name));
    const parent = spec["attribute-sets"].find(({ name }) => name === set["subset-of"]);
    // A subset may name an attribute twice.
    const seen = new Set<string>();
    for (const [j, attribute] of set.attributes.entries()) {
      if (seen.has(attribute.name)) continue;
      seen.add(attribute.name);
      addAttribute(collector, set, attribute, parent, resolved, `${path}/attributes/${j}`);
    }
  }
}

function addAttribute(
  collector: Collector,
  set: SpecAttributeSet,
  attribute: SpecAttribute,
  parentSet: SpecAttributeSet | undefined,
  resolved: ReadonlyMap<string, Attribute>,
  path: string,
): void {
  const { id, checks } = resolved.get(attribute.name)!;
  const subset = set["subset-of"] !== undefined;
  const limits = Object.entries(checks).map(([key, value]): [string, FactValue] => [
    LIMITS[key as keyof Checks],
    typeof value === "boolean" ? value : BigInt(value),
  ]);
  const values = new Map<string, FactValue>(plain(attribute, "value", "checks"));
  const parent = subset ? parentSet?.attributes.find(({ name }) => name === attribute.name) : undefined;
  const whole = subset
    ? new Map([...plain(parent ?? {}, "value", "checks"), ...values, ...limits, ["id", id] as const])
    : undefined;
  if (attribute.checks !== undefined) { for (const [key, value] of limits) values.set(key, value); }
  // What a subset takes from its parent is told there.
  if (!subset) values.set("id", id);
  collector.add({
    at: `attribute-sets/${set.name}/attributes/${attribute.name}`,
    kind: "attribute",
    name: attribute.name,
    parent: `attribute-sets/${set.name}`,
    number: id,
    path,
    values,
    ...(whole === undefined ? {} : { whole }),
    ...docOf(attribute),
  });
}

function addMessages(collector: Collector, spec: Spec): void {
  for (const [i, message] of (spec["sub-messages"] ?? []).entries()) {
    const at = `sub-messages/${message.name}`;
    collector.add({ at, kind: "sub-message", name: message.name, parent: "", path: `sub-messages/${i}` });
    for (const [j, format] of message.formats.entries()) {
      collector.add({
        at: `${at}/formats/${format.value}`,
        kind: "format",
        name: format.value,
        parent: at,
        path: `sub-messages/${i}/formats/${j}`,
        values: plain(format, "value"),
      });
    }
  }
}

function operationKind(operation: SpecOperation): FactKind {
  if (operation.notify !== undefined) return "notification";
  if (operation.event !== undefined) return "event";
  return operation.do === undefined && operation.dump === undefined ? "reserved" : "operation";
}

function addOperations(collector: Collector, spec: Spec, family: Family): void {
  const { "fixed-header": header } = spec.operations;
  for (const [i, { operation, request, reply }] of messageIds(spec.operations).entries()) {
    const { name } = operation;
    const at = `operations/list/${name}`;
    const path = `operations/list/${i}`;
    const kind = operationKind(operation);
    const values = new Map<string, FactValue>(
      plain(operation, "value", "fixed-header", "do", "dump", "event"),
    );
    const own = operation["fixed-header"] ?? header;
    if (own !== undefined) values.set("fixed-header", own);
    if (kind === "operation" || kind === "reserved") values.set("request", request ?? 0);
    const answers = operation.do?.reply !== undefined || operation.dump?.reply !== undefined;
    if (kind !== "operation" || answers) values.set("reply", reply ?? 0);
    for (const mode of ["do", "dump"] as const) {
      if (operation[mode] === undefined) continue;
      values.set(mode, true);
      if (operation[mode].reply !== undefined) values.set(`${mode}/reply`, true);
      for (const key of ["pre", "post"] as const) {
        const function_ = operation[mode][key];
        if (function_ !== undefined) values.set(`${mode}/${key}`, function_);
      }
    }
    const number = kind === "operation" || kind === "reserved" ? request : reply;
    collector.add({
      at,
      kind,
      name,
      parent: "",
      ...(number === undefined ? {} : { number }),
      path,
      values,
      ...docOf(operation),
    });
    addMessageAttributes(collector, operation, family, at, path);
  }
}

function addMessageAttributes(
  collector: Collector,
  operation: SpecOperation,
  family: Family,
  at: string,
  path: string,
): void {
  const attributes = byName(family.sets.find(({ name }) => name === operation["attribute-set"]));
  const lists: [string, string[] | undefined][] = [
    ["do/request", operation.do?.request?.attributes],
    ["do/reply", operation.do?.reply?.attributes],
    ["dump/request", operation.dump?.request?.attributes],
    ["dump/reply", operation.dump?.reply?.attributes],
    ["event", operation.event?.attributes],
  ];
  for (const [message, names] of lists) {
    const seen = new Set<string>();
    for (const [j, name] of (names ?? []).entries()) {
      if (seen.has(name)) continue;
      seen.add(name);
      collector.add({
        at: `${at}/${message}/attributes/${name}`,
        kind: "message attribute",
        name,
        parent: at,
        number: `${message}/${attributes.get(name)?.id ?? name}`,
        path: `${path}/${message}/attributes/${j}`,
      });
    }
  }
}

function addGroups(collector: Collector, spec: Spec): void {
  for (const [i, group] of (spec["mcast-groups"]?.list ?? []).entries()) {
    collector.add({
      at: `mcast-groups/list/${group.name}`,
      kind: "group",
      name: group.name,
      parent: "",
      ...(group.value === undefined ? {} : { number: group.value }),
      path: `mcast-groups/list/${i}`,
      values: plain(group),
    });
  }
}
