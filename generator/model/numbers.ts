/** Numbers of a spec that may be given by name, as TypeScript numbers. @module */
import { constantsOf, resolveNumber as resolve } from "../spec/constants.ts";
import type { NumberOrName, Spec } from "../spec/types.ts";

/** The number as `number` where that is exact, else as `bigint`. */
export function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** The value of a literal, of a type's limit, or of a constant of the spec; `undefined` if there is no such name. */
export function resolveNumber(spec: Spec, value: NumberOrName): number | bigint | undefined {
  if (typeof value === "number") return value;
  const number = resolve(constantsOf(spec), value);
  return number === undefined ? undefined : narrow(number);
}
