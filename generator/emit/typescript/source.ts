/** What the emitters of TypeScript share: source files by ts-morph, comments, literals. @module */
import { printStructure, type SourceFileStructure, StructureKind } from "ts-morph";
import { property } from "../../model/names.ts";

/** Version that generated files name. */
export const GENERATOR_VERSION = "0.1.0";

/** What a source file consists of. */
export type Statements = NonNullable<SourceFileStructure["statements"]>;

/** Prints one source file below its banner. */
export function printSource(banner: string, statements: Statements): string {
  const text = printStructure({ kind: StructureKind.SourceFile, statements }, { indentNumberOfSpaces: 2 });
  return `${banner}\n${text.trim()}\n`;
}

/** Text that is safe inside a block comment, in one paragraph per paragraph of the original. */
export function commentText(text: string): string {
  return text.trim().replaceAll("*/", "*\u200b/").replaceAll(/[ \t]+/g, " ").replaceAll(/ ?\n ?/g, "\n");
}

/** A description as it follows a summary: a blank in front, nothing if there is none. */
export function described(doc: string | undefined): string {
  return doc === undefined || doc.trim() === "" ? "" : ` ${commentText(doc).replaceAll(/\s+/g, " ")}`;
}

/** A value as TypeScript source, on one line. */
export function literal(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined)
      .map(([key, member]) => `${property(key)}: ${literal(member)}`);
    return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
  }
  return JSON.stringify(value);
}
