/** Vector files: one JSON object a line, plain or gzipped. Their format is described in README.md beside this file. @module */
import { gunzipSync } from "node:zlib";
import type { SpecJson, SpecObject } from "../../runtime/wire/mod.ts";

/** A message or attribute block in both forms. */
export interface Vector {
  spec: string;
  /** Operation, notification or event; null where the vector is an attribute block. */
  op: string | null;
  kind: "do" | "dump" | "reply" | "event" | "set";
  /** do | dump: whose request or reply; event | notify. */
  of?: "do" | "dump" | "event" | "notify";
  /** Attribute set, for kind `set`. */
  set?: string;
  /** What was encoded. */
  input: SpecObject;
  hex: string;
  decoded: SpecObject;
  /** Decode only: pad attributes, or unknown attributes at the end. */
  variant?: "pads" | "unknown-attrs";
  /** Structs in it whose layout the oracle had wrong. */
  suspect?: string[];
}

/** A message that a kernel sent. */
export interface Capture {
  spec: string;
  op: string | null;
  kind: "reply" | "event" | "control";
  hex: string;
}

/** A line of a vector file, with where it stands. */
export interface Line {
  file: string;
  /** From 1. */
  line: number;
  content: Vector | Capture;
}

/** Whether a line holds a captured message. */
export function isCapture(content: Vector | Capture): content is Capture {
  return !("input" in content);
}

/** Reads a vector file; lines that tell a gap of the oracle carry no bytes and are left out. */
export function readVectors(file: string, bytes: Uint8Array): Line[] {
  const text = new TextDecoder().decode(file.endsWith(".gz") ? gunzipSync(bytes) : bytes);
  return text.split("\n").flatMap((line, i): Line[] => {
    if (line.trim() === "") return [];
    const content = JSON.parse(line) as Vector | Capture;
    return "hex" in content ? [{ file, line: i + 1, content }] : [];
  });
}

/** Vectors give 64-bit numbers as decimal text, whatever their size. */
export function asVectorJson(value: SpecJson): SpecJson {
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return value.map(asVectorJson);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, asVectorJson(member)]));
  }
  return value;
}
