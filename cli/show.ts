/**
 * `tynl show`: a family, an operation, an attribute set, a struct, an enum.
 *
 * @module
 */
import { parseArgs } from "node:util";
import {
  type AttributeMeta,
  type EnumMeta,
  type MemberMeta,
  NETLINK_GENERIC,
  type SpecJson,
  type SpecObject,
} from "../runtime/wire/mod.ts";
import { guarded, NameError, UsageError } from "./failure.ts";
import { hint, type LoadedFamily, loadFamily, protocolName } from "./family.ts";
import { type Io, standardIo } from "./io.ts";
import { formatJson } from "./json.ts";
import { lazily } from "./lazy.ts";
import { limits } from "./policy.ts";
import { heading, table, wrap } from "./table.ts";

const HELP = `Usage: tynl show FAMILY [NAME] [OPTION ...]

Shows the operations, multicast groups, attribute sets, structs and enums of a family; or one of them by its NAME. Of
an operation it shows the attributes with their types and limits, and what the running kernel accepts of them, as far
as it tells.

  --json             print one JSON object
  --help             this text`;

/** Runs the command; the result is its exit status. */
export async function show(args: string[], io: Io = standardIo()): Promise<number> {
  return await guarded("tynl show", io, async () => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) {
      io.out(HELP);
      return 0;
    }
    const [family, name, ...more] = positionals;
    if (family === undefined) throw new UsageError("which FAMILY? `tynl list` shows them");
    if (more.length > 0) throw new UsageError(`unexpected "${more[0]}"`);
    const loaded = await loadFamily(family);
    const described = name === undefined ? describeFamily(loaded) : await describeName(loaded, name, io);
    if (values.json) io.out(formatJson(described));
    else print(described, name ?? loaded.spec, io);
    return 0;
  });
}

/** Tables and lists by title: what is printed, as JSON or for people. */
type Description = { [title: string]: SpecJson };

function describeFamily({ spec, family, meta }: LoadedFamily): Description {
  const of = (name: string) => {
    const { set, header } = meta.operations[name] ?? {};
    return { ...(header === undefined ? {} : { header }), ...(set === undefined ? {} : { attributes: set }) };
  };
  return {
    family: spec,
    ...(family.name === spec ? {} : { "name in the kernel": family.name }),
    protocol: protocolName(family.protocol),
    ...(family.protocol === NETLINK_GENERIC ? { version: family.version } : {}),
    operations: Object.values(family.operations).map((operation) => ({
      operation: operation.name,
      modes: (["do", "dump"] as const).filter((mode) => operation[mode]).join(" "),
      id: operation.request,
      ...of(operation.name),
      ...(operation.permission === undefined ? {} : { needs: operation.permission }),
    })),
    events: Object.values(family.events).map(({ name, id, group }) => ({
      event: name,
      id,
      ...(group === undefined ? {} : { group }),
      ...of(name),
    })),
    "multicast groups": Object.keys(family.groups),
    "attribute sets": Object.keys(meta.sets),
    structs: Object.keys(meta.structs),
    enums: Object.keys(meta.enums),
    "sub-messages": Object.fromEntries(
      Object.entries(meta.messages).map(([name, formats]) => [name, Object.keys(formats)]),
    ),
  };
}

async function describeName(loaded: LoadedFamily, name: string, io: Io): Promise<Description> {
  const { spec, meta } = loaded;
  const described: Description = {};
  if (Object.hasOwn(meta.operations, name)) {
    Object.assign(described, await describeOperation(loaded, name, io));
  }
  if (Object.hasOwn(meta.sets, name)) {
    described[`attribute set ${name}`] = attributes(loaded, name, undefined);
    Object.assign(described, enumsOf(loaded, Object.values(meta.sets[name]!)));
  }
  if (Object.hasOwn(meta.structs, name)) Object.assign(described, describeStruct(loaded, name));
  if (Object.hasOwn(meta.enums, name)) Object.assign(described, describeEnum(name, meta.enums[name]!));
  if (Object.hasOwn(meta.messages, name)) {
    described[`sub-message ${name}`] = Object.entries(meta.messages[name]!).map((
      [selector, { header, set }],
    ) => ({
      selector,
      ...(header === undefined ? {} : { struct: header }),
      ...(set === undefined ? {} : { attributes: set }),
    }));
  }
  if (Object.keys(described).length > 0) return described;
  const all = [meta.operations, meta.sets, meta.structs, meta.enums, meta.messages].flatMap(Object.keys);
  throw new NameError(
    `${spec} has no operation, attribute set, struct or enum "${name}"${
      hint(name, all) || `; \`tynl show ${spec}\` lists them`
    }`,
  );
}

/** Attributes of each request and reply. */
async function describeOperation(loaded: LoadedFamily, name: string, io: Io): Promise<Description> {
  const { packageSpec } = await lazily<typeof import("./spec_source.ts")>("./spec_source.ts");
  const { spec } = await packageSpec(loaded.spec);
  const operation = spec.operations.list.find((operation) => operation.name === name)!;
  const { set, header } = loaded.meta.operations[name]!;
  const described: Description = {
    operation: name,
    ...(operation.doc === undefined ? {} : { about: operation.doc.trim() }),
    ...(operation.flags === undefined ? {} : { needs: operation.flags.join(" ") }),
    ...(operation.notify === undefined ? {} : { "looks like the reply of": operation.notify }),
    ...(operation.mcgrp === undefined ? {} : { "multicast group": operation.mcgrp }),
  };
  if (header !== undefined) Object.assign(described, describeStruct(loaded, header));
  const used: AttributeMeta[] = [];
  const part = (title: string, names: readonly string[] | undefined, policy?: SpecObject | null) => {
    if (names === undefined) return;
    described[title] = set === undefined ? [] : attributes(loaded, set, names, policy);
    used.push(...selected(loaded, set, names).map(([, attribute]) => attribute));
  };
  for (const mode of ["do", "dump"] as const) {
    const messages = operation[mode];
    if (messages === undefined) continue;
    const policy = await livePolicy(loaded, name, mode, io);
    if (policy === null) {
      described[`${mode} in this kernel`] = "there is no policy: not checked, or not there";
    }
    part(`${mode} request`, messages.request?.attributes ?? [], policy);
    part(`${mode} reply`, messages.reply?.attributes);
  }
  part("event", operation.event?.attributes);
  return { ...described, ...enumsOf(loaded, used) };
}

/** What the running kernel accepts; `undefined` where it does not tell. */
async function livePolicy(
  loaded: LoadedFamily,
  name: string,
  mode: "do" | "dump",
  io: Io,
): Promise<SpecObject | null | undefined> {
  if (loaded.family.protocol !== NETLINK_GENERIC) return undefined;
  if (!Object.values(loaded.family.operations).some((operation) => operation.name === name)) return undefined;
  const { operationPolicy } = await lazily<typeof import("./kernel_policy.ts")>("./kernel_policy.ts");
  try {
    return await operationPolicy(loaded, name, mode, io.transport);
  } catch (error) {
    // The spec can be shown all the same.
    const known = error instanceof Error &&
      ["FamilyNotFoundError", "UnsupportedError", "NetlinkError"].includes(error.name);
    if (known) return undefined;
    throw error;
  }
}

function selected(
  { meta }: LoadedFamily,
  set: string | undefined,
  names?: readonly string[],
): [string, AttributeMeta][] {
  const all = Object.entries(meta.sets[set ?? ""] ?? {})
    .map(([property, attribute]): [string, AttributeMeta] => [attribute.name ?? property, attribute]);
  return names === undefined
    ? all.filter(([, { type }]) => type !== "pad" && type !== "unused")
    : names.flatMap((name) => all.filter(([other]) => other === name));
}

function attributes(
  loaded: LoadedFamily,
  set: string,
  names: readonly string[] | undefined,
  policy?: SpecObject | null,
): SpecObject[] {
  return selected(loaded, set, names).map(([name, attribute]) => {
    const checks = checksOf(attribute);
    const row: SpecObject = { attribute: name, id: attribute.id, type: typeOf(attribute) };
    if (checks !== "") row["checks"] = checks;
    if (policy) {
      const live = policy[name] as SpecObject | undefined;
      row["this kernel"] = live === undefined ? "-" : [live["type"], limits(live)].filter(Boolean).join(" ");
    }
    return row;
  });
}

/** A type in a few words: `u32 list`, `nest linkinfo-attrs`, `u32 flags rtext-filter`. */
function typeOf(item: AttributeMeta | MemberMeta): string {
  const { type, hint, struct } = item;
  const { sub, nest, message, selector, big, multi } = item as AttributeMeta;
  const words = [type];
  if (big) words.push("big-endian");
  if (sub !== undefined) words.push(`of ${sub}`);
  if (nest !== undefined) words.push(nest);
  if (struct !== undefined) words.push(struct);
  if (message !== undefined) words.push(`${message} by ${selector}`);
  if (item.enum !== undefined) words.push(item.flags ? "flags" : "enum", item.enum);
  if (hint !== undefined) words.push(`(${hint})`);
  if (multi) words.push("list");
  return words.join(" ");
}

function checksOf({ min, max, minLength, maxLength, mask }: AttributeMeta): string {
  return limits({
    ...(min === undefined ? {} : { "min-value": min }),
    ...(max === undefined ? {} : { "max-value": max }),
    ...(minLength === undefined ? {} : { "min-length": minLength }),
    ...(maxLength === undefined ? {} : { "max-length": maxLength }),
    ...(mask === undefined ? {} : { mask }),
  });
}

function describeStruct({ meta }: LoadedFamily, name: string): Description {
  const members = Object.entries(meta.structs[name]!);
  return {
    [`struct ${name}`]: members.map(([property, member]) => ({
      member: member.name ?? property,
      type: typeOf(member) + (member.array ? " list" : ""),
    })),
  };
}

function enumsOf(loaded: LoadedFamily, attributes: readonly AttributeMeta[]): Description {
  const names = new Set(attributes.flatMap((attribute) => attribute.enum ?? []));
  return Object.assign({}, ...[...names].map((name) => describeEnum(name, loaded.meta.enums[name]!)));
}

function describeEnum(name: string, { flags, entries }: EnumMeta): Description {
  return { [`${flags ? "flags" : "enum"} ${name}`]: { ...entries } };
}

function print(described: Description, subject: string, io: Io): void {
  for (const [title, value] of Object.entries(described)) {
    if (Array.isArray(value)) {
      if (value.length === 0 && ["events", "multicast groups", "structs", "enums"].includes(title)) continue;
      io.out(heading(title));
      if (value.length === 0) io.out("  none");
      else if (typeof value[0] === "object") io.out(rowsOf(value as SpecObject[]));
      else io.out(wrap(value.map(String)));
    } else if (typeof value === "object" && value !== null) {
      const words = Object.entries(value).map(([name, one]) =>
        Array.isArray(one) ? `${name} (${one.length})` : `${name}=${one}`
      );
      if (words.length === 0) continue;
      io.out(heading(title));
      io.out(wrap(words));
    } else io.out(`${title}: ${value}`);
  }
  if ("family" in described) io.out(`\n\`tynl show ${subject} NAME\` shows one of these.`);
}

function rowsOf(rows: readonly SpecObject[]): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return table(names, rows.map((row) => names.map((name) => String(row[name] ?? ""))));
}
