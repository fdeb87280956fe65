/** Specs as another thread takes them. @module */
import type { SpecFile } from "../../generator/spec/types.ts";

/** A spec as plain data, which another thread can take: without the positions in its file. */
export type PlainSpec = Omit<SpecFile, "position">;

/** The spec as another thread can take it. Banners name the spec by its folder's last name alone. */
export function plainSpec({ position: _, ...file }: SpecFile, specs: string): PlainSpec {
  const last = specs.split("/").findLast((part) => part !== "" && part !== ".") ?? "specs";
  return { ...file, path: `${last === ".." ? "specs" : last}/${file.file}.yaml` };
}
