/** Specs resolved once, however many comparisons want them. @module */
import { type Family, resolveFamily } from "../model/mod.ts";
import type { SpecFile } from "../spec/types.ts";

const families = new WeakMap<SpecFile, Family>();

/** The family of a spec, in the layout of C. */
export function familyOf(file: SpecFile): Family {
  const known = families.get(file) ?? resolveFamily(file);
  families.set(file, known);
  return known;
}
