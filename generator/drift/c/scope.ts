/** What the parser of declarations finds, and what it asks for. @module */
import type { CValue, Names } from "./expression.ts";
import type { CRecord, CType } from "./types.ts";

/** An enumerator. */
export interface Enumerator {
  /** Its name. */
  name: string;
  /** Its value. */
  value: CValue;
  /** Its line. */
  line: number;
}

/** An enum. */
export interface CEnum {
  /** Its tag, if it has one. */
  tag?: string;
  /** Header that defines it. */
  file: string;
  /** Its line. */
  line: number;
  /** Enumerators in order. */
  entries: Enumerator[];
}

/** What the parser finds, and asks for. */
export interface Scope extends Names {
  /** A struct or union was defined. */
  record(record: CRecord): void;
  /** An enum was defined. */
  enumeration(enumeration: CEnum): void;
  /** A type got a name. */
  typedef(name: string, type: CType): void;
  /** The struct or union of a tag; an incomplete one if it is not defined yet. */
  findRecord(form: "struct" | "union", tag: string): CRecord;
  /** The type of a name. */
  findType(name: string): CType | undefined;
}
