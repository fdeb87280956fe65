/**
 * Numbers that a spec gives by name: constants of its own, and the limits of the fixed-width types.
 *
 * @module
 */

import type { NumberOrName, Spec, SpecDefinition } from "./types.ts";

/** A name in the form that C gives it, lower case: what `WG_KEY_LEN` and `wg-key-len` have in common. */
function cForm(name: string): string {
  return name.toLowerCase().replaceAll("-", "_");
}

/** The name of a constant in C, in the form above: its prefix is the family's name unless it says another. */
function cNameOf(spec: Spec, constant: SpecDefinition): string {
  return cForm(`${constant["name-prefix"] ?? `${spec.name}-`}${constant.name}`);
}

/** The constants of a spec under every name that its limits may use. */
export function constantsOf(spec: Spec): Map<string, NumberOrName> {
  const constants = new Map<string, NumberOrName>();
  const defined = (spec.definitions ?? []).filter(({ type, value }) =>
    type === "const" && value !== undefined
  );
  for (const constant of defined) constants.set(cNameOf(spec, constant), constant.value!);
  // Last, so that the spec's own name wins.
  for (const constant of defined) constants.set(constant.name, constant.value!);
  return constants;
}

/**
 * The number that a limit or a length stands for; undefined if there is none of that name.
 *
 * @param constants those of the spec, by {@linkcode constantsOf}
 * @param reference a number, a constant's name in the spec's form or in C's, a limit such as `u16-max`, or one of
 * these followed by ` - 1`
 */
export function resolveNumber(
  constants: ReadonlyMap<string, NumberOrName>,
  reference: NumberOrName,
): bigint | undefined {
  if (typeof reference === "number") return Number.isInteger(reference) ? BigInt(reference) : undefined;
  if (reference.endsWith(" - 1")) {
    const whole = resolveNumber(constants, reference.slice(0, -" - 1".length));
    return whole === undefined ? undefined : whole - 1n;
  }
  if (/^(0x[0-9a-fA-F]+|[0-9]+)$/.test(reference)) return BigInt(reference);
  const value = constants.get(reference) ?? constants.get(cForm(reference));
  if (typeof value === "number") return BigInt(value);
  return value === undefined ? resolveTypeLimit(reference) : undefined;
}

/** The smallest and the largest value of a fixed-width type; undefined for any other type. */
export function rangeOf(type: string): { min: bigint; max: bigint } | undefined {
  const [, sign, bits] =
    /^([us])(8|16|32|64)$/.exec(type === "uint" ? "u64" : type === "sint" ? "s64" : type) ?? [];
  if (sign === undefined || bits === undefined) return undefined;
  const values = 1n << BigInt(bits);
  return sign === "u" ? { min: 0n, max: values - 1n } : { min: -values / 2n, max: values / 2n - 1n };
}

/** `u8-min` … `s64-max`. */
function resolveTypeLimit(name: string): bigint | undefined {
  const [, type, end] = /^([us](?:8|16|32|64))-(min|max)$/.exec(name) ?? [];
  return type === undefined ? undefined : rangeOf(type)?.[end as "min" | "max"];
}
