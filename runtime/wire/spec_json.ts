/**
 * Messages in the words of the spec: the JSON that the kernel's own `ynl` command takes and prints. Names are the
 * spec's, enums are names, flags lists of names, bytes are hex, and a fixed header shares one object with the
 * attributes.
 *
 * 64-bit numbers come as `bigint`, whatever their size; how they are printed is the caller's choice.
 *
 * @module
 */
/** JSON with integers of any size. */
export type SpecJson = null | boolean | number | bigint | string | SpecJson[] | SpecObject;

/** An object of {@linkcode SpecJson}. */
export interface SpecObject {
  /** Members by their name in the spec. */
  [name: string]: SpecJson;
}
