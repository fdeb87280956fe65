/** Names that attributes, enums and operations have in the kernel's headers, where the spec tells them. @module */
import type { Spec } from "../spec/types.ts";
import { type UapiConstant, uapiConstants, type UapiHeader } from "./uapi.ts";

/** The kernel's names of a family's constants. */
export interface KernelNames {
  /** Name of an attribute of a set that is no subset. */
  attribute(set: string, name: string): string | undefined;
  /** What the names of an enum's entries begin with. */
  enumPrefix(name: string): string | undefined;
  /** Name of an operation, notification or event. */
  operation(name: string): string | undefined;
}

/**
 * Looks names up in a resolved header. Hand-written headers follow no rule, so a name counts only if its prefix stands
 * in the spec, or if the header itself is made from the spec, as those of the `genetlink` level are.
 */
export function kernelNames(spec: Spec, header: UapiHeader): KernelNames {
  const generated = (spec.protocol ?? "genetlink") === "genetlink";
  const known = new Map<string, string>();
  const note = (key: string, constant: UapiConstant, prefix: string | undefined) => {
    if (generated || prefix !== undefined) known.set(key, constant.name);
  };
  for (const constant of uapiConstants(header)) {
    const { kind, owner, specName } = constant;
    if (kind === "attribute") {
      const set = spec["attribute-sets"].find(({ name }) => name === owner);
      const own = set?.attributes.find(({ name }) => name === specName)?.["name-prefix"];
      note(`attribute ${owner} ${specName}`, constant, own ?? set?.["name-prefix"]);
    } else if (kind === "enum-entry" || kind === "flag") {
      const definition = spec.definitions?.find(({ name }) => name === owner);
      if (!known.has(`enum ${owner}`) && definition?.header === undefined) {
        note(`enum ${owner}`, prefixOf(constant), definition?.["name-prefix"]);
      }
    } else if (kind === "operation" || kind === "notification" || kind === "event") {
      note(`operation ${specName}`, constant, spec.operations["name-prefix"]);
    }
  }
  return {
    attribute: (set, name) => known.get(`attribute ${set} ${name}`),
    enumPrefix: (name) => known.get(`enum ${name}`),
    operation: (name) => known.get(`operation ${name}`),
  };
}

/** A constant whose name is cut to what comes before the entry's own. */
function prefixOf(constant: UapiConstant): UapiConstant {
  return { ...constant, name: constant.name.slice(0, constant.name.length - constant.specName.length) };
}
