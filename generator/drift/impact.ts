/**
 * What a change in a spec means for a program that was made from the old one and talks to a kernel of the new one.
 *
 * Decoding and sending are judged on the bytes: a new name breaks no message. What the old program does not know
 * it keeps or ignores; what it sends, a kernel with strict checking takes or refuses.
 *
 * @module
 */
import type { AttributeSet, StructType } from "../model/mod.ts";
import type { Fact, FactValue, SpecFacts } from "./facts.ts";
import type { Effect, Impact } from "./finding.ts";

/** Neither side notices. */
export const COMPATIBLE: Impact = { decoding: "compatible", sending: "compatible" };
/** Both directions break. */
export const BREAKING: Impact = { decoding: "breaking", sending: "breaking" };
/** Requests are refused, or mean something else. */
export const BREAKS_SENDING: Impact = { decoding: "compatible", sending: "breaking" };
/** What the kernel sends is misread, or never comes. */
export const BREAKS_DECODING: Impact = { decoding: "breaking", sending: "compatible" };

/** A change of one value; `undefined` is an absent key. */
export interface ValueChange {
  /** The key. */
  key: string;
  /** The fact before. */
  fact: Fact;
  /** The fact after. */
  other: Fact;
  /** The value before. */
  before: FactValue | undefined;
  /** The value after. */
  after: FactValue | undefined;
}

/** The impact of a thing that is gone. */
export function impactOfRemoval({ kind, at }: Fact): Impact {
  switch (kind) {
    case "family":
    case "member":
      return BREAKING;
    case "attribute":
    case "entry":
    case "format":
    case "operation":
      return BREAKS_SENDING;
    case "message attribute":
      return at.includes("/request/attributes/") ? BREAKS_SENDING : COMPATIBLE;
    case "group":
      return BREAKS_DECODING;
    // What used a set, an enum or a struct is told on its own; an event that never comes breaks no decoder.
    default:
      return COMPATIBLE;
  }
}

/** The impact of another value. */
export function impactOfChange(change: ValueChange, before: SpecFacts, after: SpecFacts): Impact {
  const { fact, key } = change;
  switch (fact.kind) {
    case "family":
      return key === "name" || key === "protonum" ? BREAKING : COMPATIBLE;
    case "constant":
      return key === "value" || key === "type" ? BREAKING : COMPATIBLE;
    case "entry":
      return BREAKING;
    case "enum":
      return key === "type" ? BREAKING : COMPATIBLE;
    case "struct":
      return key === "size" ? impactOfSize(change, before) : key === "type" ? BREAKING : COMPATIBLE;
    case "member":
    case "attribute":
      return impactOnPayload(change, before, after);
    case "format":
      return key === "attribute-set" ? impactOfSet(change, before, after) : BREAKING;
    case "operation":
    case "notification":
    case "event":
    case "reserved":
      return impactOnOperation(change, before, after);
    case "group":
      return key === "value" && change.before !== undefined ? BREAKS_DECODING : COMPATIBLE;
    default:
      return COMPATIBLE;
  }
}

function impactOnPayload(change: ValueChange, before: SpecFacts, after: SpecFacts): Impact {
  const { key, before: from, after: to } = change;
  switch (key) {
    case "byte-order":
      // Only numbers have one.
      return isNumber(change.fact) && isNumber(change.other) ? BREAKING : COMPATIBLE;
    case "id":
    case "offset":
    case "size":
    case "enum-as-flags":
    case "sub-message":
    case "selector":
    case "type-value":
    case "flexible-array":
      return BREAKING;
    case "type":
      return impactOfType(String(from), String(to));
    case "sub-type":
      // A C array in binary is still the same bytes.
      return from === undefined || to === undefined ? COMPATIBLE : BREAKING;
    case "struct":
      return from === undefined || to === undefined || sameLayout(change, before, after)
        ? COMPATIBLE
        : BREAKING;
    case "nested-attributes":
      return impactOfSet(change, before, after);
    case "enum":
      return from === undefined || to === undefined ? COMPATIBLE : BREAKING;
    case "multi-attr":
      return to === true ? BREAKS_DECODING : BREAKS_SENDING;
    case "index-start":
      return BREAKS_SENDING;
    default:
      return isLimit(key) ? impactOfLimit(change) : COMPATIBLE;
  }
}

/** Types that take 4 or 8 bytes, and those that take one of these. */
const VARIABLE: { readonly [type: string]: readonly string[] } = {
  uint: ["u32", "u64"],
  sint: ["s32", "s64"],
};

function isNumber({ values, whole }: Fact): boolean {
  return /^([us](8|16|32|64|int)|bitfield32|indexed-array)$/.test(
    String(values.get("type") ?? whole?.get("type") ?? "unknown"),
  );
}

function impactOfType(from: string, to: string): Impact {
  if (from === "unused" || from === "pad") return COMPATIBLE;
  if (to === "unused" || to === "pad") return BREAKS_SENDING;
  if (VARIABLE[to]?.includes(from)) return BREAKS_DECODING;
  if (VARIABLE[from]?.includes(to)) return BREAKS_SENDING;
  // Who took it for bytes still reads bytes; those that he sends need the right length now.
  if (from === "binary") return BREAKS_SENDING;
  return BREAKING;
}

const LIMITS: ReadonlySet<string> = new Set([
  "min",
  "max",
  "flags-mask",
  "min-len",
  "max-len",
  "exact-len",
  "unterminated-ok",
]);

/** Whether a key limits what the kernel takes. */
export function isLimit(key: string): boolean {
  return LIMITS.has(key);
}

/** Only what is sent is checked, and only a narrower limit refuses what went through before. */
function impactOfLimit({ key, before, after }: ValueChange): Impact {
  if (key === "unterminated-ok") return after === true ? COMPATIBLE : BREAKS_SENDING;
  if (after === undefined) return COMPATIBLE;
  if (before === undefined || key === "exact-len") return BREAKS_SENDING;
  const [from, to] = [BigInt(before), BigInt(after)];
  const wider = key === "flags-mask" ? (from & ~to) === 0n : key.startsWith("min") ? to <= from : to >= from;
  return wider ? COMPATIBLE : BREAKS_SENDING;
}

/** A longer struct is read as far as it is known; in front of attributes its length moves them. */
function impactOfSize({ fact, before, after }: ValueChange, { family }: SpecFacts): Impact {
  const headers = [
    ...[...family.operations, ...family.events].map(({ header }) => header),
    ...family.messages.flatMap(({ formats }) =>
      formats.map(({ header, set }) => set === undefined ? undefined : header)
    ),
  ];
  if (headers.some((header) => header?.name === fact.name)) return BREAKING;
  return Number(after) < Number(before) ? BREAKING : BREAKS_SENDING;
}

function impactOnOperation(change: ValueChange, before: SpecFacts, after: SpecFacts): Impact {
  const { key, before: from, after: to } = change;
  switch (key) {
    case "request":
    case "do":
    case "dump":
      return from === undefined ? COMPATIBLE : BREAKS_SENDING;
    case "reply":
    case "do/reply":
    case "dump/reply":
      return from === undefined ? COMPATIBLE : BREAKS_DECODING;
    case "attribute-set":
      return impactOfSet(change, before, after);
    case "fixed-header":
      return sameLayout(change, before, after) ? COMPATIBLE : BREAKING;
    case "flags":
      // From everybody to the owner of the namespace to root.
      return privilege(to) > privilege(from) ? BREAKS_SENDING : COMPATIBLE;
    case "dont-validate":
      return words(from).every((word) => words(to).includes(word)) ? COMPATIBLE : BREAKS_SENDING;
    case "mcgrp":
      return from === undefined || to === undefined ? COMPATIBLE : BREAKS_DECODING;
    case "notify":
      return BREAKS_DECODING;
    default:
      return COMPATIBLE;
  }
}

function words(value: FactValue | undefined): string[] {
  return value === undefined ? [] : String(value).split(", ");
}

function privilege(flags: FactValue | undefined): number {
  return ["uns-admin-perm", "admin-perm"].findLastIndex((flag) => words(flags).includes(flag));
}

/** A set in place of another: each attribute must still have its number and type. */
function impactOfSet({ before: from, after: to }: ValueChange, before: SpecFacts, after: SpecFacts): Impact {
  if (from === undefined) return COMPATIBLE;
  const [old, now] = [setOf(before, from), setOf(after, to)];
  const compare = (side: keyof Impact): Effect => {
    const fits = old?.attributes.every(({ id, specType }) => {
      const other = now?.attributes.find((attribute) => attribute.id === id);
      if (other === undefined) return side === "decoding";
      return other.specType === specType || impactOfType(specType, other.specType)[side] === "compatible";
    });
    return fits === true ? "compatible" : "breaking";
  };
  return { decoding: compare("decoding"), sending: compare("sending") };
}

function setOf({ family }: SpecFacts, name: FactValue | undefined): AttributeSet | undefined {
  return family.sets.find((set) => set.name === name);
}

function sameLayout({ before: from, after: to }: ValueChange, before: SpecFacts, after: SpecFacts): boolean {
  const layout = ({ family }: SpecFacts, name: FactValue | undefined) =>
    family.structs.filter((struct) => struct.name === name).map(describeLayout).join();
  return layout(before, from) === layout(after, to) && layout(before, from) !== "";
}

function describeLayout({ size, members }: StructType): string {
  return `${size} ${members.map(({ offset, specType }) => `${offset} ${specType}`).join(" ")}`;
}
