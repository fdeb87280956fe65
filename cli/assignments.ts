/** `key=value` arguments: a message in the words of the spec, without JSON's quotes. @module */
import type { AttributeMeta, FamilyMeta, SpecJson, SpecObject, StructMeta } from "../runtime/wire/mod.ts";
import { NameError, UsageError } from "./failure.ts";
import { hint } from "./family.ts";

/** What may be assigned at one level: attributes of a set, members of a struct. */
interface Level {
  /** For errors. */
  readonly where: string;
  readonly set?: { readonly [property: string]: AttributeMeta };
  readonly struct?: StructMeta;
}

/** What a name stands for. */
type Item = Partial<AttributeMeta> & { readonly type: string };

/**
 * Reads arguments such as `ifname=veth0`, `linkinfo.kind=veth`, `ids[]=1 ids[]=2`, `peers[0].port=1`, and `flag`
 * alone for a flag. An attribute that repeats may be given more than once. Throws {@linkcode NameError} for names that the operation's attribute set does not have.
 */
export function parseAssignments(
  args: readonly string[],
  meta: FamilyMeta,
  operation: { readonly set?: string; readonly header?: string },
): SpecObject {
  const message: SpecObject = {};
  const top = level(meta, operation.set, operation.header);
  for (const arg of args) {
    const equals = arg.indexOf("=");
    const path = equals === -1 ? arg : arg.slice(0, equals);
    const steps = [...path.matchAll(/(?:^|\.)([^.[\]]+)|\[(\d*)\]/g)];
    if (steps.map(([whole]) => whole).join("") !== path || steps.length === 0) {
      throw new UsageError(`"${arg}" is neither JSON nor key=value`);
    }
    assign(message, steps, equals === -1 ? undefined : arg.slice(equals + 1), top, meta);
  }
  return message;
}

function level(meta: FamilyMeta, set: string | undefined, header: string | undefined): Level {
  return {
    where: set ?? header ?? "the message",
    ...(set === undefined ? {} : { set: meta.sets[set]! }),
    ...(header === undefined ? {} : { struct: meta.structs[header]! }),
  };
}

/** Names that may be assigned at a level. */
function namesAt({ set = {}, struct = {} }: Level): string[] {
  return [...Object.entries(struct), ...Object.entries(set)]
    .filter(([, { type }]) => type !== "pad" && type !== "unused")
    .map(([property, { name }]) => name ?? property);
}

function itemAt(at: Level, name: string): Item {
  for (const items of [at.set ?? {}, at.struct ?? {}]) {
    for (const [property, item] of Object.entries(items)) {
      if ((item.name ?? property) === name) return item as Item;
    }
  }
  throw new NameError(`${at.where} has no "${name}"${hint(name, namesAt(at))}`);
}

/** Puts a value where a path leads, making the objects and lists on the way. */
function assign(
  object: SpecObject,
  steps: readonly RegExpMatchArray[],
  text: string | undefined,
  at: Level,
  meta: FamilyMeta,
): void {
  const name = steps[0]![1]!;
  const item = itemAt(at, name);
  const index = steps[1]?.[2];
  const rest = steps.slice(index === undefined ? 1 : 2);
  let holder: SpecObject | SpecJson[] = object;
  let key: string | number = name;
  if (index !== undefined) {
    holder = (object[name] ??= []) as SpecJson[];
    if (!Array.isArray(holder)) throw new UsageError(`${name} is given once as a list and once not`);
    key = index === "" ? holder.length : Number(index);
    if (key > holder.length) throw new UsageError(`${name}[${key}] comes before ${name}[${holder.length}]`);
  }
  const place = holder as Record<string | number, SpecJson>;
  if (rest.length === 0) {
    const before = index === undefined && Object.hasOwn(place, key) ? place[key] : undefined;
    if (before !== undefined && item.multi !== true) throw new UsageError(`${name} is given twice`);
    const value = valueOf(item, name, text);
    place[key] = before === undefined ? value : [before, value].flat();
    return;
  }
  const inner = place[key] ??= {};
  if (typeof inner !== "object" || inner === null || Array.isArray(inner)) {
    throw new UsageError(`${name} is given once as a value and once with what is inside`);
  }
  assign(inner, rest, text, inside(item, name, object, at, meta), meta);
}

/** What may be assigned inside an attribute. */
function inside(item: Item, name: string, around: SpecObject, at: Level, meta: FamilyMeta): Level {
  if (item.nest !== undefined) return level(meta, item.nest, undefined);
  if (item.struct !== undefined) return level(meta, undefined, item.struct);
  if (item.type === "bitfield32") {
    return { where: name, struct: { value: { ...item, type: "u32" }, selector: { ...item, type: "u32" } } };
  }
  if (item.message !== undefined) {
    const kind = around[item.selector!];
    const format = typeof kind === "string" ? meta.messages[item.message]?.[kind] : undefined;
    if (format !== undefined) return level(meta, format.set, format.header);
    throw new NameError(
      kind === undefined
        ? `${name} needs ${item.selector} before it`
        : `the spec has no ${name} for ${item.selector} "${kind}"`,
    );
  }
  throw new NameError(`nothing is inside ${name} of ${at.where}: its type is ${item.type}`);
}

/** A value as JSON would have it. Numbers, enum names and addresses stay text: the encoder reads them. */
function valueOf(item: Item, name: string, text: string | undefined): SpecJson {
  if (item.type === "flag") {
    if (text === undefined || text === "true" || text === "1") return true;
    if (text === "false" || text === "0") return false;
    throw new UsageError(`${name} is a flag: true or false`);
  }
  if (text === undefined) throw new UsageError(`${name} needs a value: ${name}=…`);
  if (item.type === "nest" && text === "") return {};
  if (item.type === "string") return text;
  const scalar = (text: string): SpecJson =>
    item.hint !== "hex" && item.type !== "binary" && /^0x[0-9a-f]+$/i.test(text) ? BigInt(text) : text;
  if ((item.flags === true || item.sub !== undefined) && !/^(0x[0-9a-f]+|\d+)$/i.test(text)) {
    return text === "" ? [] : text.split(",").map(scalar);
  }
  if (item.sub !== undefined) return [scalar(text)];
  return scalar(text);
}

/** Names that may follow a path such as `linkinfo.`, and values of what the path names, for completion. */
export function candidates(
  meta: FamilyMeta,
  operation: { readonly set?: string; readonly header?: string },
  before: readonly string[],
  word: string,
): string[] {
  let given: SpecObject = {};
  const understood: string[] = [];
  for (const arg of before) {
    try {
      given = parseAssignments([...understood, arg], meta, operation);
      understood.push(arg);
    } catch {
      // What is wrong is told when the command runs.
    }
  }
  const equals = word.indexOf("=");
  const path = equals === -1 ? word : word.slice(0, equals);
  const steps = path.split(".");
  const last = steps.pop() ?? "";
  let at = level(meta, operation.set, operation.header);
  let around = given;
  try {
    for (const step of steps) {
      const name = step.replace(/\[\d*\]$/, "");
      at = inside(itemAt(at, name), name, around, at, meta);
      around = (around[name] ?? {}) as SpecObject;
    }
    const prefix = steps.map((step) => `${step}.`).join("");
    if (equals !== -1) {
      const item = itemAt(at, last.replace(/\[\d*\]$/, ""));
      const entries = item.enum === undefined ? [] : Object.keys(meta.enums[item.enum]?.entries ?? {});
      return (item.type === "flag" ? ["true", "false"] : entries).map((entry) => `${path}=${entry}`);
    }
    return namesAt(at).map((name) => {
      const { type, struct } = itemAt(at, name);
      const opens = type === "nest" || type === "sub-message" || type === "bitfield32" ||
        struct !== undefined;
      return `${prefix}${name}${opens ? "." : "="}`;
    });
  } catch {
    return [];
  }
}
