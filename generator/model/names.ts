/** From names in specs to names in TypeScript. @module */
import { camelCase } from "../spec/names.ts";

export { camelCase };

/** Names that generated modules import, or use as globals; a definition of such a name gets a suffix. */
const TAKEN = new Set([
  "Array",
  "BigInt",
  "Codec",
  "Error",
  "Family",
  "IndexedArray",
  "Map",
  "Number",
  "Object",
  "Only",
  "OpenBigInt",
  "OpenNumber",
  "Pick",
  "Reader",
  "Record",
  "Set",
  "String",
  "Struct",
  "Symbol",
  "Uint8Array",
  "UnknownAttribute",
  "UnknownKind",
  "Bitfield32",
  "Writer",
  "meta",
]);

/** Words that cannot name a variable. */
const RESERVED = new Set(
  ("arguments await break case catch class const continue debugger default delete do else enum eval export extends " +
    "false finally for function if implements import in instanceof interface let new null package private protected " +
    "public return static super switch this throw true try typeof undefined var void while with yield").split(
      " ",
    ),
);

/** `message-type` -> `MessageType`; a leading digit gets an underscore in front. */
export function pascalCase(name: string): string {
  const camel = camelCase(name);
  return /^[0-9]/.test(camel) ? `_${camel}` : camel[0]!.toUpperCase() + camel.slice(1);
}

/** A property as it stands in an object or interface: quoted where it is no identifier. */
export function property(key: string): string {
  return /^[A-Za-z_$][0-9A-Za-z_$]*$/.test(key) ? key : JSON.stringify(key);
}

/** Access to a property of `object`. */
export function access(object: string, key: string): string {
  return /^[A-Za-z_$][0-9A-Za-z_$]*$/.test(key) ? `${object}.${key}` : `${object}[${JSON.stringify(key)}]`;
}

/** Gives out names of one module, each once. */
export class NameTable {
  readonly #taken: Set<string>;

  /** Creates a table in which `taken` names are gone already. */
  constructor(taken: Iterable<string> = []) {
    this.#taken = new Set([...TAKEN, ...RESERVED, ...taken]);
  }

  /** The pair (type name, variable name) for a definition, with a suffix where one of the two is gone. */
  claim(name: string, suffix: string): { type: string; variable: string } {
    for (let stem = name;; stem += `-${suffix}`) {
      const type = pascalCase(stem);
      const camel = camelCase(stem);
      const variable = /^[0-9]/.test(camel) ? `_${camel}` : camel;
      if (this.#taken.has(type) || this.#taken.has(variable)) continue;
      this.#taken.add(type).add(variable);
      return { type, variable };
    }
  }
}
