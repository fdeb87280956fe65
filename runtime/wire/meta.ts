/**
 * What a family's spec says beyond the wire: names in the spec, checks, enum names. Tools and errors use it; no
 * encoder or decoder does.
 *
 * @module
 */

/** An attribute as the spec has it. */
export interface AttributeMeta {
  /** Attribute id. */
  readonly id: number;
  /** Name in the spec, where it is not the property's name. */
  readonly name?: string;
  /** Type in the spec. */
  readonly type: string;
  /** Big-endian on the wire. */
  readonly big?: true;
  /** Enum or flags whose entries name the value. */
  readonly enum?: string;
  /** The value is a bit mask over the enum's entries. */
  readonly flags?: true;
  /** Attribute set of a nest, or of an array's elements. */
  readonly nest?: string;
  /** Struct of a binary attribute. */
  readonly struct?: string;
  /** Type of an array's elements. */
  readonly sub?: string;
  /** How a tool shows the value. */
  readonly hint?: string;
  /** The attribute repeats. */
  readonly multi?: true;
  /** Names of the ids that a nest-type-value carries in its types, as properties. */
  readonly values?: readonly string[];
  /** Names of the same in the spec. */
  readonly valueNames?: readonly string[];
  /** Sub-message. */
  readonly message?: string;
  /** Attribute, by its name in the spec, that selects the sub-message's format: of this set or one around it. */
  readonly selector?: string;
  /** Index of the first element of an indexed array; 0 if absent. */
  readonly start?: number;
  /** Smallest value that the kernel takes. */
  readonly min?: number | bigint;
  /** Largest value that the kernel takes. */
  readonly max?: number | bigint;
  /** Smallest length that the kernel takes, in bytes. */
  readonly minLength?: number;
  /** Largest length that the kernel takes, in bytes. */
  readonly maxLength?: number;
  /** Bits that the kernel takes. */
  readonly mask?: number | bigint;
}

/** Attributes of a set, by property name. */
export type SetMeta = { readonly [property: string]: AttributeMeta };

/** A member of a struct as the spec has it. */
export interface MemberMeta {
  /** Name in the spec, where it is not the property's name. */
  readonly name?: string;
  /** Type in the spec. */
  readonly type: string;
  /** Enum or flags whose entries name the value. */
  readonly enum?: string;
  /** The value is a bit mask over the enum's entries. */
  readonly flags?: true;
  /** How a tool shows the value. */
  readonly hint?: string;
  /** Nested struct. */
  readonly struct?: string;
  /** The member repeats to the end of the payload. */
  readonly array?: true;
  /** Length in bytes of a text or binary member. */
  readonly length?: number;
}

/** Members of a struct, by property name, without padding. */
export type StructMeta = { readonly [property: string]: MemberMeta };

/** An enum or flags definition. */
export interface EnumMeta {
  /** Defined as flags: an entry's number is the position of its bit. */
  readonly flags?: true;
  /** Names of entries in the spec, with their numbers (a flag's bit position). */
  readonly entries: { readonly [name: string]: number };
}

/** One format of a sub-message. */
export interface FormatMeta {
  /** Fixed header: alone, the payload is this struct. */
  readonly header?: string;
  /** Attribute set behind it. */
  readonly set?: string;
}

/** An operation, notification or event. */
export interface OperationMeta {
  /** Attribute set, absent if none. */
  readonly set?: string;
  /** Fixed header. */
  readonly header?: string;
}

/** A family's spec, as far as tools need it at run time. */
export interface FamilyMeta {
  /** Name of the family. */
  readonly name: string;
  /** Attribute sets by name. */
  readonly sets: { readonly [name: string]: SetMeta };
  /** Structs by name. */
  readonly structs: { readonly [name: string]: StructMeta };
  /** Enums and flags by name. */
  readonly enums: { readonly [name: string]: EnumMeta };
  /** Sub-messages by name: formats by selector. */
  readonly messages: { readonly [name: string]: { readonly [selector: string]: FormatMeta } };
  /** Operations, notifications and events by name. */
  readonly operations: { readonly [name: string]: OperationMeta };
}
