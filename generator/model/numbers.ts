/** Numbers of a spec that may be given by name. @module */
import type { NumberOrName, Spec } from "../spec/types.ts";

/** Smallest and largest value of an integer type. */
function typeLimit(name: string): bigint | undefined {
  const match = /^([us])(8|16|32|64)-(min|max)$/.exec(name);
  if (match === null) return undefined;
  const bits = BigInt(match[2]!);
  if (match[1] === "u") return match[3] === "min" ? 0n : (1n << bits) - 1n;
  return match[3] === "min" ? -(1n << (bits - 1n)) : (1n << (bits - 1n)) - 1n;
}

/** The number as `number` where that is exact, else as `bigint`. */
export function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/**
 * The value of a literal, of a type's limit (`u16-max`), or of a constant of the spec by its own or its C name,
 * with an optional ` - 1` behind it; `undefined` if there is no such name.
 */
export function resolveNumber(spec: Spec, value: NumberOrName): number | bigint | undefined {
  if (typeof value === "number") return value;
  if (/^(0x)?[0-9a-f]+$/i.test(value) && !Number.isNaN(Number(value))) return narrow(BigInt(value));
  const [, name = value, minus] = /^(.*?)( - 1)?$/.exec(value)!;
  const limit = typeLimit(name);
  if (limit !== undefined) return narrow(minus === undefined ? limit : limit - 1n);
  const plain = (text: string) => text.toLowerCase().replaceAll("_", "-");
  for (const definition of spec.definitions ?? []) {
    if (definition.type !== "const") continue;
    const cName = `${definition["name-prefix"] ?? `${spec.name}-`}${definition.name}`;
    if (definition.name !== name && plain(cName) !== plain(name)) continue;
    const number = typeof definition.value === "number" ? definition.value : Number(definition.value);
    return Number.isNaN(number) ? undefined : minus === undefined ? number : number - 1;
  }
  return undefined;
}
