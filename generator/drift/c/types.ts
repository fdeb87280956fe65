/** Types of C as far as headers of the kernel use them, and where the members of structs stand. @module */

/** A type. */
export type CType =
  | { kind: "integer"; size: number; align: number; signed: boolean; order?: "big" | "little" }
  | { kind: "pointer"; size: 8; align: 8 }
  | { kind: "array"; element: CType; count: number | undefined }
  | { kind: "record"; record: CRecord }
  | { kind: "unknown"; name: string };

/** A struct or a union. */
export interface CRecord {
  /** Which of the two. */
  form: "struct" | "union";
  /** Its tag, if it has one. */
  tag?: string;
  /** Members in order. */
  members: CMember[];
  /** sizeof; 0 while the members are not known. */
  size: number;
  /** Alignment in bytes. */
  align: number;
  /** Whether there is a definition, and all types in it are known. */
  complete: boolean;
  /** Header that defines it, and the line there. */
  file: string;
  line: number;
}

/** A member. */
export interface CMember {
  /** Its name; absent for an unnamed struct, union or bit-field. */
  name?: string;
  /** Its type. */
  type: CType;
  /** Bytes from the start of the struct. */
  offset: number;
  /** Of a bit-field: its bits, and the first of them in the unit at `offset`. */
  bits?: { count: number; first: number };
}

/** An alignment that an attribute asks for; packed is 1 for members. */
export interface Attributes {
  packed: boolean;
  aligned?: number;
}

/** sizeof a type; 0 for an array without a bound. */
export function sizeOf(type: CType): number {
  switch (type.kind) {
    case "array":
      return type.count === undefined ? 0 : sizeOf(type.element) * type.count;
    case "record":
      return type.record.size;
    case "unknown":
      return 0;
    default:
      return type.size;
  }
}

function alignOf(type: CType): number {
  switch (type.kind) {
    case "array":
      return alignOf(type.element);
    case "record":
      return type.record.align;
    case "unknown":
      return 1;
    default:
      return type.align;
  }
}

/** Whether size and offsets inside a type are known. */
export function isKnown(type: CType): boolean {
  switch (type.kind) {
    case "array":
      return isKnown(type.element);
    case "record":
      return type.record.complete;
    default:
      return type.kind !== "unknown";
  }
}

/** Sets offsets, size and alignment (System V ABI; x86-64 and AArch64 alike). */
export function layOutRecord(
  record: CRecord,
  members: readonly (CMember & { width?: number; aligned?: number })[],
  attributes: Attributes,
): void {
  const up = (offset: number, align: number) => Math.ceil(offset / align) * align;
  let bit = 0;
  let end = 0;
  let widest = attributes.aligned ?? 1;
  for (const { width, aligned, ...member } of members) {
    const size = sizeOf(member.type);
    const align = Math.max(attributes.packed ? 1 : alignOf(member.type), aligned ?? 1);
    if (record.form === "union") bit = 0;
    if (width === undefined) {
      bit = up(Math.ceil(bit / 8), align) * 8;
      member.offset = bit / 8;
      bit += size * 8;
    } else if (width === 0) {
      bit = up(bit, size * 8);
      continue;
    } else {
      // A bit-field stays in one unit of its type.
      const unit = size * 8;
      if (!attributes.packed && Math.floor(bit / unit) !== Math.floor((bit + width - 1) / unit)) {
        bit = up(bit, unit);
      }
      member.offset = Math.floor(bit / unit) * size;
      member.bits = { count: width, first: bit - member.offset * 8 };
      bit += width;
    }
    end = Math.max(end, bit);
    widest = Math.max(widest, align);
    record.members.push(member);
  }
  record.align = widest;
  record.size = up(Math.ceil(end / 8), widest);
  record.complete = members.every(({ type }) => isKnown(type));
}

const integer = (size: number, signed: boolean, order?: "big" | "little", align = size): CType => ({
  kind: "integer",
  size,
  align,
  signed,
  ...(order === undefined ? {} : { order }),
});

/** Types that the headers take from the architecture, from the compiler or from libc, on 64-bit machines. */
export const BUILT_IN: ReadonlyMap<string, CType> = new Map([
  ...[8, 16, 32, 64].flatMap((bits): [string, CType][] => {
    const size = bits / 8;
    return [
      [`__u${bits}`, integer(size, false)],
      [`__s${bits}`, integer(size, true)],
      [`__be${bits}`, integer(size, false, "big")],
      [`__le${bits}`, integer(size, false, "little")],
      [`u_int${bits}_t`, integer(size, false)],
      [`uint${bits}_t`, integer(size, false)],
      [`int${bits}_t`, integer(size, true)],
    ];
  }),
  ["__aligned_u64", integer(8, false)],
  ["__aligned_s64", integer(8, true)],
  ["__aligned_be64", integer(8, false, "big")],
  ["__aligned_le64", integer(8, false, "little")],
  ["__sum16", integer(2, false)],
  ["__wsum", integer(4, false)],
  ["__poll_t", integer(4, false)],
  ["size_t", integer(8, false)],
  ["ssize_t", integer(8, true)],
  ["time_t", integer(8, true)],
  ["off_t", integer(8, true)],
  ["sa_family_t", integer(2, false)],
  ["__kernel_sa_family_t", integer(2, false)],
  ["__kernel_size_t", integer(8, false)],
  ["__kernel_ssize_t", integer(8, true)],
  ["__kernel_long_t", integer(8, true)],
  ["__kernel_ulong_t", integer(8, false)],
  ["__kernel_time_t", integer(8, true)],
  ["__kernel_time64_t", integer(8, true)],
  ["__kernel_off_t", integer(8, true)],
  ["__kernel_loff_t", integer(8, true)],
  ["__kernel_pid_t", integer(4, true)],
  ["__kernel_uid_t", integer(4, false)],
  ["__kernel_gid_t", integer(4, false)],
  ["__kernel_uid32_t", integer(4, false)],
  ["__kernel_gid32_t", integer(4, false)],
  ["__kernel_key_t", integer(4, true)],
  ["__kernel_clock_t", integer(8, true)],
  ["__kernel_mode_t", integer(4, false)],
  ["__kernel_suseconds_t", integer(8, true)],
]);

/** The type that words such as `unsigned long` name; `undefined` if they name none of C's own. */
export function arithmeticType(words: readonly string[]): CType | undefined {
  const count = (word: string) => words.filter((one) => one === word).length;
  if (words.length === 0 || words.some((word) => !ARITHMETIC.has(word))) return undefined;
  const signed = count("unsigned") === 0;
  if (count("char") > 0) return integer(1, signed);
  if (count("short") > 0) return integer(2, signed);
  if (count("double") > 0 || count("long") > 0) return integer(8, signed);
  if (count("_Bool") > 0 || count("bool") > 0) return integer(1, false);
  return integer(4, signed);
}

const ARITHMETIC: ReadonlySet<string> = new Set(
  ["unsigned", "signed", "char", "short", "int", "long", "float", "double", "_Bool", "bool"],
);

/** Whether a word belongs to the name of an arithmetic type. */
export function isArithmetic(word: string): boolean {
  return ARITHMETIC.has(word);
}
