/** From a valid spec to a {@linkcode Family}. @module */
import type { SpecFile } from "../spec/types.ts";
import { resolveSets } from "./attributes.ts";
import { resolveConstants, resolveEnums, resolveStructs } from "./definitions.ts";
import { type KernelNames, kernelNames } from "./kernel_names.ts";
import type { Layout } from "./layout.ts";
import { camelCase, NameTable, pascalCase } from "./names.ts";
import { resolveOperations } from "./operations.ts";
import type { Family } from "./types.ts";
import { resolveUapi } from "./uapi.ts";

/** NETLINK_GENERIC (linux/netlink.h). */
const NETLINK_GENERIC = 16;

/** Resolves a spec that has been read and checked. */
export function resolveFamily(file: SpecFile, layout: Layout = "natural"): Family {
  const { spec } = file;
  const raw = spec.protocol === "netlink-raw";
  const variable = camelCase(spec.name);
  const type = pascalCase(spec.name);
  const names = new NameTable([variable, `${type}Operations`, `${type}Events`, `${type}Group`]);
  const enums = resolveEnums(spec, names);
  const structs = resolveStructs(spec, names, enums, layout);
  const { sets, messages } = resolveSets({ spec, enums, structs }, names);
  const { operations, events } = resolveOperations(spec, sets, structs);
  const uapi = resolveUapi(spec);
  addKernelNames(kernelNames(spec, uapi), { enums, sets, operations, events });
  return {
    file: file.file,
    path: file.path,
    sha256: file.sha256,
    license: file.license,
    name: spec.name,
    variable,
    type,
    level: spec.protocol ?? "genetlink",
    protocol: raw ? spec.protonum ?? 0 : NETLINK_GENERIC,
    version: raw ? 0 : spec.version ?? 1,
    kernelPolicy: spec["kernel-policy"] ?? "split",
    constants: resolveConstants(spec),
    enums,
    structs,
    sets,
    messages,
    operations,
    events,
    uapi,
    groups: (spec["mcast-groups"]?.list ?? []).map(({ name, value }) =>
      value === undefined ? { name } : { name, value }
    ),
    ...(spec.doc === undefined ? {} : { doc: spec.doc }),
  };
}

function addKernelNames(
  names: KernelNames,
  { enums, sets, operations, events }: Pick<Family, "enums" | "sets" | "operations" | "events">,
): void {
  for (const named of enums) {
    const prefix = names.enumPrefix(named.name);
    if (prefix !== undefined) named.kernelPrefix = prefix;
  }
  for (const set of sets) {
    for (const attribute of set.attributes) {
      const name = names.attribute(set.subsetOf ?? set.name, attribute.name);
      if (name !== undefined) attribute.kernelName = name;
    }
  }
  for (const operation of [...operations, ...events]) {
    const name = names.operation(operation.name);
    if (name !== undefined) operation.kernelName = name;
  }
}
