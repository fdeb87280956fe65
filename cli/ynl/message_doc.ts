/** What a spec says of its messages: `--list-msgs` and `--list-attrs`. @module */
import type { Spec, SpecAttribute, SpecMessage, SpecOperation } from "../../generator/spec/types.ts";
import { wrap } from "../table.ts";
import { Failure } from "../failure.ts";
import { hint } from "../family.ts";

/** The modes of an operation, in the order in which they are told. */
const MODES = ["do", "dump", "event", "notify"] as const;

/** Every message that has a mode, with its modes. */
export function listMessages({ operations }: Spec): string[] {
  return operations.list.flatMap((operation) => {
    const modes = MODES.filter((mode) => operation[mode] !== undefined);
    return modes.length === 0 ? [] : [`${operation.name}  [ ${modes.join(", ")} ]`];
  });
}

/** The attributes of a message, set by set. */
export function describeMessage(spec: Spec, name: string): string[] {
  const operation = spec.operations.list.find((one) => one.name === name);
  if (operation === undefined) {
    throw new Failure(
      `${spec.name} has no message "${name}"${hint(name, spec.operations.list.map(({ name }) => name))}`,
    );
  }
  const lines = [`Operation: ${name}`];
  if (operation.doc !== undefined) lines.push(...paragraph(operation.doc, "  "));
  const set = operation["attribute-set"];
  const part = (title: string, message: SpecMessage | undefined, of = set) => {
    if (message?.attributes === undefined) return;
    lines.push("", `${title} attributes:`);
    lines.push(...describeAttributes(spec, of, message.attributes, "  ", []));
  };
  const { do: doing, dump } = operation;
  const alike = doing?.reply !== undefined && JSON.stringify(doing.reply) === JSON.stringify(dump?.reply);
  part("Do request", doing?.request);
  if (!alike) part("Do reply", doing?.reply);
  part("Dump request", dump?.request);
  part(alike ? "Do and Dump reply" : "Dump reply", dump?.reply);
  part("Event", operation.event);
  const notifier = notified(spec, operation);
  part("Notification", (notifier?.do ?? notifier?.dump)?.reply, notifier?.["attribute-set"]);
  if (operation.mcgrp !== undefined) lines.push("", `Multicast group: ${operation.mcgrp}`);
  return lines;
}

/** The operation whose reply a notification looks like. */
function notified({ operations }: Spec, { notify }: SpecOperation): SpecOperation | undefined {
  return notify === undefined ? undefined : operations.list.find(({ name }) => name === notify);
}

function paragraph(text: string, indent: string): string[] {
  return [wrap(text.trim().split(/\s+/), indent)];
}

/** An attribute with what it inherits from the set that its own is a subset of. */
export function attributeOf(
  spec: Spec,
  setName: string | undefined,
  name: string,
): SpecAttribute | undefined {
  const set = spec["attribute-sets"].find((set) => set.name === setName);
  const own = set?.attributes.find((attribute) => attribute.name === name);
  const parent = set?.["subset-of"];
  return parent === undefined || own === undefined ? own : { ...attributeOf(spec, parent, name), ...own };
}

/** Attributes with what is inside them; a set that contains itself is not repeated. */
function describeAttributes(
  spec: Spec,
  set: string | undefined,
  names: readonly string[],
  indent: string,
  inside: readonly string[],
): string[] {
  return names.flatMap((name) => {
    const attribute = attributeOf(spec, set, name);
    if (attribute === undefined) return [];
    const { type, enum: of, doc, "nested-attributes": nest, "sub-type": sub } = attribute;
    const contents = type === "nest" || sub === "nest" ? nest : undefined;
    let line = `${indent}- ${name}: ${type}`;
    if (of !== undefined) line += ` (enum: ${of})`;
    if (contents !== undefined) line += ` -> ${contents}`;
    const lines = [line];
    const definition = spec.definitions?.find((definition) => definition.name === of);
    if (definition?.entries !== undefined) {
      const entries = definition.entries.map((entry) => typeof entry === "string" ? entry : entry.name);
      const kind = definition.type === "flags" ? "Flags" : "Enum";
      lines.push(...paragraph(`${kind}: ${entries.join(", ")}`, `${indent}  `));
    }
    if (doc !== undefined) lines.push(...paragraph(doc, `${indent}    `));
    if (contents !== undefined && !inside.includes(contents)) {
      const all = spec["attribute-sets"].find((set) => set.name === contents)?.attributes ?? [];
      const used = all.map(({ name }) => name)
        .filter((name) => attributeOf(spec, contents, name)?.type !== "unused");
      lines.push(...describeAttributes(spec, contents, used, `${indent}    `, [...inside, contents]));
    }
    return lines;
  });
}
