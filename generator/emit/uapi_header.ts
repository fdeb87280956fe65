/**
 * Writes the C UAPI header of a family, byte for byte as the kernel's tools/net/ynl writes it.
 *
 * @module
 */

import type { UapiConstant, UapiDefines, UapiEnum, UapiHeader } from "../model/uapi.ts";

/** What a header says about its origin. */
export interface UapiHeaderOptions {
  /** SPDX expression of the spec. */
  license: string;
  /** Path of the spec in the kernel tree, such as `Documentation/netlink/specs/netdev.yaml`. */
  specPath: string;
}

/** The widest line of a comment, and of a doc line in particular. */
const DOC_WIDTH = 79;
const TAB = 8;

/** The text of the header. */
export function emitUapiHeader(header: UapiHeader, options: UapiHeaderOptions): string {
  const preamble = [
    `/* SPDX-License-Identifier: ${options.license} */`,
    "/* Do not edit directly, auto-generated from: */",
    `/*\t${options.specPath} */`,
    "/* YNL-GEN uapi header */",
    "/* To regenerate run: tools/net/ynl/ynl-regen.sh */",
  ];
  const blocks = [
    preamble,
    [`#ifndef ${header.guard}`, `#define ${header.guard}`],
    ...header.sections.map((section) => section.form === "defines" ? defines(section) : enumeration(section)),
    [`#endif /* ${header.guard} */`],
  ];
  return blocks.filter((lines) => lines.length > 0).map((lines) => lines.join("\n") + "\n").join("\n");
}

function defines(section: UapiDefines): string[] {
  const constants = section.constants.filter((constant) => constant.rendered);
  const longest = Math.max(0, ...constants.map((constant) => constant.name.length));
  // At least one tab after the longest name.
  const column = Math.floor((longest + TAB) / TAB) * TAB;
  return constants.map(({ name, literal }) => {
    const tabs = Math.ceil((column - name.length) / TAB);
    return `#define ${name}${"\t".repeat(tabs)}${literal ?? ""}`;
  });
}

function enumeration(section: UapiEnum): string[] {
  const entries = section.entries.filter((entry) => entry.rendered);
  const limits = section.limits.filter((limit) => limit.rendered);
  if (entries.length + limits.length === 0) return [];

  const lines = documentation(section, entries);
  lines.push(section.tag === undefined ? "enum {" : `enum ${section.tag} {`);
  for (const entry of entries) lines.push(`\t${assignment(entry)},`);
  if (limits.length > 0) {
    // An attribute set without attributes has no blank line before its count; commands always do.
    if (entries.length > 0 || section.of !== "attributes") lines.push("");
    lines.push(...closing(section, limits));
  }
  lines.push("};");
  if (section.maxByDefine) {
    const max = limits.find((limit) => limit.kind === "max");
    if (max !== undefined) lines.push(`#define ${max.name} ${max.literal}`);
  }
  return lines;
}

function closing(section: UapiEnum, limits: UapiConstant[]): string[] {
  const lines = section.of === "enum" || section.of === "flags" ? ["\t/* private: */"] : [];
  for (const limit of limits) {
    if (limit.kind === "count") lines.push(`\t${limit.name}${section.maxByDefine ? "" : ","}`);
    else if (limit.kind === "mask") lines.push(`\t${assignment(limit)},`);
    else if (!section.maxByDefine) lines.push(`\t${assignment(limit)}`);
  }
  return lines;
}

function assignment({ name, literal }: UapiConstant): string {
  return literal === undefined ? name : `${name} = ${literal}`;
}

/** Enums and flags carry their documentation: as kernel-doc if any entry has some, else as a plain comment. */
function documentation(section: UapiEnum, entries: UapiConstant[]): string[] {
  if (section.of !== "enum" && section.of !== "flags") return [];
  const documented = entries.filter((entry) => entry.doc !== undefined);
  if (documented.length === 0) {
    return section.doc === undefined ? [] : ["/*", ...wrap(section.doc, ""), " */"];
  }
  const title = section.tag === undefined ? "enum" : `enum ${section.tag}`;
  return [
    "/**",
    ...wrap(section.doc === undefined ? title : `${title} - ${section.doc}`, "  "),
    ...documented.flatMap((entry) => wrap(`@${entry.name}: ${entry.doc}`, "  ")),
    " */",
  ];
}

/** Lines of a comment, the second and later ones indented. */
function wrap(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = " *";
  for (const word of text.split(/\s+/).filter((word) => word !== "")) {
    if (line.length + word.length >= DOC_WIDTH) {
      lines.push(line);
      line = ` *${indent}`;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

/**
 * A header as `make headers_install` leaves it. Of what that rewrites, only the include guard occurs in a
 * generated header.
 */
export function asInstalled(header: string): string {
  return header.replaceAll(/^#(ifndef|define|endif\s*\/\*)\s*_UAPI/gm, "#$1 ");
}
