/** Selectors of sub-messages that outer attribute sets have. @module */

/** What sub-messages further in are selected by: a list, so that leaving a nest is forgetting what it added. */
export interface Selectors {
  /** Name of the attribute in the spec. */
  readonly name: string;
  /** Its value. */
  readonly value: unknown;
  /** What was remembered before. */
  readonly outer: Selectors | undefined;
}

/** The value that was remembered last under a name. */
export function selected(selectors: Selectors | undefined, name: string): unknown {
  for (let at = selectors; at !== undefined; at = at.outer) if (at.name === name) return at.value;
  return undefined;
}
