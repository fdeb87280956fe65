/**
 * Writes `uapi.ts` of a family: every UAPI constant under its kernel name.
 *
 * @module
 */

import { StructureKind, VariableDeclarationKind, type VariableStatementStructure } from "ts-morph";
import { sectionConstants, type UapiConstant, type UapiHeader } from "../../model/uapi.ts";
import { described, literal, printSource } from "./source.ts";

/**
 * The text of `uapi.ts`, with `banner` (comment lines) above it.
 *
 * Constants of the kernel's own (`scope: kernel`) are left out. A name that comes twice is written once.
 */
export function emitUapiTypescript(header: UapiHeader, banner: string): string {
  const written = new Set<string>();
  const statements = header.sections.flatMap((section) => {
    const constants = sectionConstants(section).filter(({ name, scope }) => {
      if (scope === "kernel" || written.has(name)) return false;
      written.add(name);
      return true;
    });
    return constants.map((constant, i) => statement(constant, i === 0));
  });
  return printSource(banner, [moduleDoc(header), ...statements]);
}

function moduleDoc(header: UapiHeader): string {
  return `/**
 * The constants of the \`${header.family}\` family under their names in the kernel's headers (\`${header.path}\`).
 *
 * @module
 */`;
}

function statement(constant: UapiConstant, first: boolean): VariableStatementStructure {
  return {
    kind: StructureKind.VariableStatement,
    declarationKind: VariableDeclarationKind.Const,
    isExported: true,
    declarations: [{
      name: uapiIdentifier(constant.name),
      initializer: literal(constant.value),
      // A sign makes an expression of the literal, whose type must be written out.
      ...(typeof constant.value !== "string" && constant.value < 0 ? { type: typeof constant.value } : {}),
    }],
    docs: [{ description: sentence(constant) + described(constant.doc) }],
    // One blank line between the groups, none inside.
    ...(first ? { leadingTrivia: "\n" } : {}),
  };
}

/** A C name as a TypeScript identifier: the same, unless a spec's name holds a character that C would refuse too. */
export function uapiIdentifier(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_]/g, "_").replace(/^(?=[0-9])/, "_");
}

function sentence({ kind, specName, owner }: UapiConstant): string {
  const own = `\`${specName}\``;
  switch (kind) {
    case "family-name":
      return "Name of the family.";
    case "family-version":
      return "Version of the family.";
    case "const":
      return `Constant ${own}.`;
    case "enum-entry":
      return `Value ${own} of \`${owner}\`.`;
    case "flag":
      return `Flag ${own} of \`${owner}\`.`;
    case "attribute":
      return `Attribute ${own} of \`${owner}\`.`;
    case "operation":
      return `Operation ${own}.`;
    case "reply":
      return `Reply to ${own}.`;
    case "notification":
      return `Notification ${own}.`;
    case "event":
      return `Event ${own}.`;
    case "reserved":
      return "Id that no message uses.";
    case "group":
      return `Multicast group ${own}.`;
    case "count":
      return `One more than the last id of ${own}.`;
    case "max":
      return `The last id of ${own}.`;
    case "mask":
      return `All flags of ${own}.`;
  }
}
