/**
 * A spec reduced to its facts, and the one form in which tynl stores it.
 *
 * Documentation and comments stay upstream; what is left are names, numbers, types and checks. The form depends
 * on nothing but the spec: the same facts give the same bytes.
 *
 * @module
 */

import type { Spec } from "./types.ts";

/** The second line of every file that {@linkcode writeCanonical} wrote, and of no other. */
export const IMPORTED_MARK: string =
  '# The facts of an upstream spec, written by "tynl import-specs". Do not edit; errata.yaml has the corrections.';

/** The keys of every map, in the order of types.ts. A map is told by the key that leads to it. */
const KEY_ORDER: Readonly<Record<string, readonly string[]>> = {
  "": [
    "name",
    "protocol",
    "protonum",
    "version",
    "uapi-header",
    "c-family-name",
    "c-version-name",
    "max-by-define",
    "cmd-max-name",
    "cmd-cnt-name",
    "kernel-policy",
    "definitions",
    "attribute-sets",
    "sub-messages",
    "operations",
    "mcast-groups",
    "kernel-family",
  ],
  definitions: [
    "type",
    "name",
    "header",
    "scope",
    "value",
    "value-start",
    "entries",
    "render-max",
    "enum-name",
    "enum-cnt-name",
    "name-prefix",
    "members",
  ],
  entries: ["name", "value"],
  members: [
    "name",
    "type",
    "len",
    "byte-order",
    "enum",
    "enum-as-flags",
    "display-hint",
    "struct",
    "flexible-array",
  ],
  "attribute-sets": [
    "name",
    "name-prefix",
    "enum-name",
    "subset-of",
    "attr-cnt-name",
    "attr-max-name",
    "header",
    "attributes",
    "incomplete",
  ],
  attributes: [
    "name",
    "type",
    "value",
    "type-value",
    "byte-order",
    "multi-attr",
    "nested-attributes",
    "enum",
    "enum-as-flags",
    "checks",
    "sub-type",
    "display-hint",
    "name-prefix",
    "struct",
    "sub-message",
    "selector",
    "index-start",
  ],
  checks: ["flags-mask", "min", "max", "min-len", "max-len", "exact-len", "unterminated-ok"],
  "sub-messages": ["name", "formats"],
  formats: ["value", "fixed-header", "attribute-set"],
  operations: [
    "enum-model",
    "name-prefix",
    "enum-name",
    "async-prefix",
    "async-enum",
    "fixed-header",
    "list",
  ],
  list: [
    "name",
    "c-define-name",
    "value",
    "attribute-set",
    "flags",
    "dont-validate",
    "config-cond",
    "fixed-header",
    "do",
    "dump",
    "notify",
    "event",
    "mcgrp",
  ],
  do: ["request", "reply", "pre", "post"],
  dump: ["request", "reply", "pre", "post"],
  request: ["attributes", "value"],
  reply: ["attributes", "value"],
  event: ["attributes"],
  "mcast-groups": ["list"],
  "kernel-family": ["headers", "sock-priv"],
};

const LINE_WIDTH = 110;

type Plain = string | number | boolean | null | Plain[] | { [key: string]: Plain };

/** The spec without documentation, its keys in their fixed order. The spec given is not modified. */
export function toFacts(spec: Spec): Spec {
  return facts(spec as unknown as Plain, "") as unknown as Spec;
}

function facts(value: Plain, kind: string): Plain {
  if (Array.isArray(value)) return value.map((item) => facts(item, kind));
  if (typeof value !== "object" || value === null) return value;
  const order = KEY_ORDER[kind] ?? [];
  const rank = (key: string) => (order.indexOf(key) + order.length + 1) % (order.length + 1);
  const keys = Object.keys(value).filter((key) => key !== "doc").sort((a, b) => rank(a) - rank(b));
  const result = Object.fromEntries(keys.map((key) => [key, facts(value[key]!, key)]));
  // Without its doc an entry of an enum may be nothing but a name.
  const bare = kind === "entries" && keys.length === 1 && typeof result["name"] === "string";
  return bare ? result["name"]! : result;
}

/**
 * The facts of a spec as YAML text. Reading it gives a spec equal to {@linkcode toFacts} of the one given.
 *
 * @param license SPDX expression of the file that the spec came from
 */
export function writeCanonical(spec: Spec, license: string): string {
  const lines = [`# SPDX-License-Identifier: ${license}`, IMPORTED_MARK];
  writeMap(lines, toFacts(spec) as unknown as { [key: string]: Plain }, "", "");
  return `${lines.join("\n")}\n`;
}

/** Writes the keys of a map, the first behind `lead`, the others below it. */
function writeMap(lines: string[], map: { [key: string]: Plain }, indent: string, lead: string): void {
  let before = lead;
  for (const [key, value] of Object.entries(map)) {
    writeKey(lines, `${before}${key}:`, value, indent);
    before = indent;
  }
}

function writeKey(lines: string[], head: string, value: Plain, indent: string): void {
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item !== "object" || item === null)) {
      writeFlow(lines, head, value, inner);
    } else {
      lines.push(head);
      for (const item of value) writeItem(lines, item, inner);
    }
  } else if (typeof value === "object" && value !== null && Object.keys(value).length > 0) {
    lines.push(head);
    writeMap(lines, value, inner, inner);
  } else {
    lines.push(`${head} ${typeof value === "object" && value !== null ? "{}" : scalar(value)}`);
  }
}

function writeItem(lines: string[], item: Plain, indent: string): void {
  const map = typeof item === "object" && item !== null && !Array.isArray(item);
  if (map && Object.keys(item).length > 0) writeMap(lines, item, `${indent}  `, `${indent}- `);
  else lines.push(`${indent}- ${map ? "{}" : scalar(item as string)}`);
}

/** `key: [a, b, c]`, in as many lines as it takes. */
function writeFlow(lines: string[], head: string, items: readonly Plain[], indent: string): void {
  const words = items.map((item, i) => scalar(item as string) + (i < items.length - 1 ? "," : "]"));
  const one = `${head} [${words.join(" ")}`;
  if (items.length === 0 || one.length <= LINE_WIDTH) {
    lines.push(items.length === 0 ? `${head} []` : one);
    return;
  }
  lines.push(`${head} [`);
  let line = "";
  for (const word of words.with(-1, scalar(items.at(-1) as string))) {
    if (line !== "" && indent.length + line.length + 1 + word.length > LINE_WIDTH) {
      lines.push(indent + line);
      line = "";
    }
    line += (line === "" ? "" : " ") + word;
  }
  lines.push(indent + line, `${indent.slice(2)}]`);
}

/** Words that YAML, in this version or an earlier one, would not take as text. */
const NOT_TEXT = /^(null|true|false|yes|no|on|off|y|n|~)$/i;

function scalar(value: string | number | boolean | null): string {
  if (typeof value !== "string") return value === null ? "null" : String(value);
  const plain = /^[A-Za-z_/][\w./-]*( [\w./-]+)*$/.test(value) && !NOT_TEXT.test(value);
  return plain ? value : JSON.stringify(value);
}
