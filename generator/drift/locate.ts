/** From a path of names to a place in a spec. @module */
import { nameOf } from "../spec/diagnostics.ts";
import type { SpecFile } from "../spec/types.ts";
import type { Place } from "./finding.ts";

/** The place of `attribute-sets/dev/attributes/ifindex`; of what is not there, that of the nearest parent. */
export function locate(file: SpecFile, at: string): Place {
  const steps: (string | number)[] = [];
  let value: unknown = file.spec;
  for (const name of at === "" ? [] : at.split("/")) {
    const step: string | number = Array.isArray(value)
      ? value.findIndex((entry) => nameOf(entry) === name)
      : name;
    const inside = typeof value === "object" && value !== null && Object.hasOwn(value, step);
    if (!inside) break;
    steps.push(step);
    value = (value as Record<string | number, unknown>)[step];
  }
  return { file: file.path, ...file.position(steps.join("/")) };
}
