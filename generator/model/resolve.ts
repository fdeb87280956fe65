/** From a valid spec to a {@linkcode Family}. @module */
import type { SpecFile } from "../spec/types.ts";
import { resolveSets } from "./attributes.ts";
import { resolveConstants, resolveEnums, resolveStructs } from "./definitions.ts";
import type { Layout } from "./layout.ts";
import { camelCase, NameTable, pascalCase } from "./names.ts";
import { resolveOperations } from "./operations.ts";
import type { Family } from "./types.ts";

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
    ...resolveOperations(spec, sets, structs),
    groups: (spec["mcast-groups"]?.list ?? []).map(({ name, value }) =>
      value === undefined ? { name } : { name, value }
    ),
    ...(spec.doc === undefined ? {} : { doc: spec.doc }),
  };
}
