/** What both directions of the spec's JSON share. @module */
import type { AttributeMeta, FamilyMeta, FormatMeta } from "./meta.ts";

/** An object as codecs take and give it. */
export type Values = Record<string, unknown>;

/** One attribute set on the way to the current one, for selectors that are further out. */
export interface Scope {
  readonly set: { readonly [property: string]: AttributeMeta };
  /** The selector's value: a format's name. */
  readonly selector: (attribute: AttributeMeta, property: string) => string | undefined;
  readonly outer: Scope | undefined;
}
/** NLA_F_NESTED. */
export const NESTED = 0x8000;

/** Finds what `attribute` is a sub-message of, in its own set or further out. */
export function formatOf(
  meta: FamilyMeta,
  attribute: AttributeMeta,
  scope: Scope | undefined,
): FormatMeta | undefined {
  for (let at = scope; at !== undefined; at = at.outer) {
    for (const [property, candidate] of Object.entries(at.set)) {
      if ((candidate.name ?? property) !== attribute.selector) continue;
      const kind = at.selector(candidate, property);
      const formats = meta.messages[attribute.message!] ?? {};
      return kind !== undefined && Object.hasOwn(formats, kind) ? formats[kind] : undefined;
    }
  }
  return undefined;
}
