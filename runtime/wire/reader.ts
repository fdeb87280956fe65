/** Reads attributes out of a buffer. Generated decoders drive it; see {@linkcode Codec}. @module */
import type { Bitfield32, Codec, ElementType, IndexedArray, Struct, UnknownAttribute } from "./codec.ts";
import { locate, locateElement, NetlinkDecodeError } from "./errors.ts";
import { selected, type Selectors } from "./selectors.ts";
import { decodeText, formatHex, formatIpv4, formatIpv6, formatUuid } from "./text.ts";

/** Nests deeper than this are refused: far beyond what the kernel sends, far below what overflows the stack. */
const MAX_DEPTH = 64;

/**
 * A cursor over attributes (`struct nlattr`), all little-endian hosts' order unless a method says `be`.
 *
 * `next` moves to the next attribute; the methods named after types then read its payload. Every method checks the
 * payload's length and throws {@linkcode NetlinkDecodeError}; none reads outside the buffer.
 */
export class Reader {
  /** The whole buffer. */
  readonly bytes: Uint8Array;
  /** The same buffer as a DataView. */
  readonly view: DataView;
  /** Offset of the next attribute's header. */
  position: number;
  /** Id of the current attribute, without its flags. */
  type = 0;
  /** `nla_type` of the current attribute, with its flags. */
  rawType = 0;
  /** Offset of the current payload. */
  at = 0;
  /** Offset behind the current payload. */
  end = 0;
  #depth = 0;
  #selectors: Selectors | undefined;

  /** Starts at `position` of `bytes`; offsets in errors count from the start of `bytes`. */
  constructor(bytes: Uint8Array, position = 0) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = position;
  }

  /** Moves to the next attribute before `end`; false when there is none. */
  next(end: number): boolean {
    const position = this.position;
    const left = end - position;
    if (left < 4) {
      // Less than zero is the padding that the last attribute need not have.
      if (left > 0) throw new NetlinkDecodeError(`${left} stray bytes behind the last attribute`, position);
      return false;
    }
    const head = this.view.getUint32(position, true);
    const length = head & 0xffff;
    if (length < 4 || length > left) this.#badLength(length, left, position);
    this.rawType = head >>> 16;
    this.type = (head >>> 16) & 0x3fff;
    this.at = position + 4;
    this.end = position + length;
    this.position = position + ((length + 3) & ~3);
    return true;
  }

  #badLength(length: number, left: number, position: number): never {
    throw new NetlinkDecodeError(
      length < 4
        ? `attribute length ${length} is less than its own header's 4 bytes`
        : `attribute length ${length} exceeds the ${left} bytes left`,
      position,
    );
  }

  /** The error for the current attribute. */
  error(reason: string): NetlinkDecodeError {
    return new NetlinkDecodeError(reason, this.at - 4, this.type);
  }

  #need(type: string, length: number): never {
    throw this.error(`${type} needs ${length} bytes, got ${this.end - this.at}`);
  }

  /** u8. */
  u8(): number {
    if (this.end - this.at !== 1) this.#need("u8", 1);
    return this.bytes[this.at]!;
  }
  /** s8. */
  s8(): number {
    if (this.end - this.at !== 1) this.#need("s8", 1);
    return this.view.getInt8(this.at);
  }
  /** u16. */
  u16(): number {
    if (this.end - this.at !== 2) this.#need("u16", 2);
    return this.view.getUint16(this.at, true);
  }
  /** u16, big-endian. */
  u16be(): number {
    if (this.end - this.at !== 2) this.#need("u16", 2);
    return this.view.getUint16(this.at);
  }
  /** s16. */
  s16(): number {
    if (this.end - this.at !== 2) this.#need("s16", 2);
    return this.view.getInt16(this.at, true);
  }
  /** s16, big-endian. */
  s16be(): number {
    if (this.end - this.at !== 2) this.#need("s16", 2);
    return this.view.getInt16(this.at);
  }
  /** u32. */
  u32(): number {
    if (this.end - this.at !== 4) this.#need("u32", 4);
    return this.view.getUint32(this.at, true);
  }
  /** u32, big-endian. */
  u32be(): number {
    if (this.end - this.at !== 4) this.#need("u32", 4);
    return this.view.getUint32(this.at);
  }
  /** s32. */
  s32(): number {
    if (this.end - this.at !== 4) this.#need("s32", 4);
    return this.view.getInt32(this.at, true);
  }
  /** s32, big-endian. */
  s32be(): number {
    if (this.end - this.at !== 4) this.#need("s32", 4);
    return this.view.getInt32(this.at);
  }
  /** u64. */
  u64(): bigint {
    if (this.end - this.at !== 8) this.#need("u64", 8);
    return this.view.getBigUint64(this.at, true);
  }
  /** u64, big-endian. */
  u64be(): bigint {
    if (this.end - this.at !== 8) this.#need("u64", 8);
    return this.view.getBigUint64(this.at);
  }
  /** s64. */
  s64(): bigint {
    if (this.end - this.at !== 8) this.#need("s64", 8);
    return this.view.getBigInt64(this.at, true);
  }
  /** s64, big-endian. */
  s64be(): bigint {
    if (this.end - this.at !== 8) this.#need("s64", 8);
    return this.view.getBigInt64(this.at);
  }
  /** uint: 4 or 8 bytes. */
  uint(): bigint {
    if (this.end - this.at === 4) return BigInt(this.view.getUint32(this.at, true));
    if (this.end - this.at !== 8) throw this.error(`uint needs 4 or 8 bytes, got ${this.end - this.at}`);
    return this.view.getBigUint64(this.at, true);
  }
  /** uint, big-endian. */
  uintbe(): bigint {
    if (this.end - this.at === 4) return BigInt(this.view.getUint32(this.at));
    if (this.end - this.at !== 8) throw this.error(`uint needs 4 or 8 bytes, got ${this.end - this.at}`);
    return this.view.getBigUint64(this.at);
  }
  /** sint: 4 or 8 bytes. */
  sint(): bigint {
    if (this.end - this.at === 4) return BigInt(this.view.getInt32(this.at, true));
    if (this.end - this.at !== 8) throw this.error(`sint needs 4 or 8 bytes, got ${this.end - this.at}`);
    return this.view.getBigInt64(this.at, true);
  }
  /** sint, big-endian. */
  sintbe(): bigint {
    if (this.end - this.at === 4) return BigInt(this.view.getInt32(this.at));
    if (this.end - this.at !== 8) throw this.error(`sint needs 4 or 8 bytes, got ${this.end - this.at}`);
    return this.view.getBigInt64(this.at);
  }

  /** NLA_BITFIELD32. */
  bitfield32(): Bitfield32 {
    if (this.end - this.at !== 8) this.#need("bitfield32", 8);
    return { value: this.view.getUint32(this.at, true), selector: this.view.getUint32(this.at + 4, true) };
  }

  /** Text up to the payload's end, without one trailing NUL if there is one. */
  string(): string {
    const end = this.end > this.at && this.bytes[this.end - 1] === 0 ? this.end - 1 : this.end;
    return decodeText(this.bytes, this.at, end);
  }

  /** A copy of the payload. */
  bytesOf(): Uint8Array {
    return this.bytes.slice(this.at, this.end);
  }

  /** IPv4 or IPv6 address, told apart by its length. */
  ip(): string {
    const length = this.end - this.at;
    if (length === 4) return formatIpv4(this.bytes, this.at);
    if (length !== 16) throw this.error(`an IP address needs 4 or 16 bytes, got ${length}`);
    return formatIpv6(this.bytes, this.at);
  }
  /** IPv4 address in network order. */
  ipv4(): string {
    if (this.end - this.at !== 4) this.#need("an IPv4 address", 4);
    return formatIpv4(this.bytes, this.at);
  }
  /** Hardware address of any length. */
  mac(): string {
    return formatHex(this.bytes, this.at, this.end, ":");
  }
  /** UUID. */
  uuid(): string {
    if (this.end - this.at !== 16) this.#need("a UUID", 16);
    return formatUuid(this.bytes, this.at);
  }

  #count(size: number, type: string): number {
    const length = this.end - this.at;
    if (length % size !== 0) {
      throw this.error(`an array of ${type} needs a multiple of ${size} bytes, got ${length}`);
    }
    return length / size;
  }
  /** C array of u8. */
  u8s(): number[] {
    return Array.from(this.bytes.subarray(this.at, this.end));
  }
  /** C array of s8. */
  s8s(): number[] {
    return Array.from({ length: this.end - this.at }, (_, i) => this.view.getInt8(this.at + i));
  }
  /** C array of u16. */
  u16s(): number[] {
    const values: number[] = [];
    for (let i = 0, n = this.#count(2, "u16"); i < n; i++) {
      values.push(this.view.getUint16(this.at + 2 * i, true));
    }
    return values;
  }
  /** C array of s16. */
  s16s(): number[] {
    const values: number[] = [];
    for (let i = 0, n = this.#count(2, "s16"); i < n; i++) {
      values.push(this.view.getInt16(this.at + 2 * i, true));
    }
    return values;
  }
  /** C array of u32. */
  u32s(): number[] {
    const values: number[] = [];
    for (let i = 0, n = this.#count(4, "u32"); i < n; i++) {
      values.push(this.view.getUint32(this.at + 4 * i, true));
    }
    return values;
  }
  /** C array of s32. */
  s32s(): number[] {
    const values: number[] = [];
    for (let i = 0, n = this.#count(4, "s32"); i < n; i++) {
      values.push(this.view.getInt32(this.at + 4 * i, true));
    }
    return values;
  }
  /** C array of u64. */
  u64s(): bigint[] {
    const values: bigint[] = [];
    for (let i = 0, n = this.#count(8, "u64"); i < n; i++) {
      values.push(this.view.getBigUint64(this.at + 8 * i, true));
    }
    return values;
  }
  /** C array of s64. */
  s64s(): bigint[] {
    const values: bigint[] = [];
    for (let i = 0, n = this.#count(8, "s64"); i < n; i++) {
      values.push(this.view.getBigInt64(this.at + 8 * i, true));
    }
    return values;
  }

  /** A struct: longer ones (a newer kernel's) are cut, members that an older kernel's lacks are 0. */
  struct<T>(struct: Struct<T>): T {
    const { type } = this;
    const length = this.end - this.at;
    try {
      return length >= struct.size
        ? struct.decode(this.view, this.at, this.end)
        : this.#shortStruct(struct, length);
    } catch (error) {
      // The struct's own code knows offsets, not attributes.
      if (error instanceof NetlinkDecodeError) error.where.inside(type);
      throw error;
    }
  }

  #shortStruct<T>(struct: Struct<T>, length: number): T {
    if (!struct.ends.includes(length)) {
      throw this.error(`struct ${struct.name} needs ${struct.size} bytes, got ${length}`);
    }
    const whole = new Uint8Array(struct.size);
    whole.set(this.bytes.subarray(this.at, this.end));
    return struct.decode(new DataView(whole.buffer), 0, struct.size);
  }

  /** A fixed header at the reader's position, which moves behind it. */
  header<T>(struct: Pick<Struct<T>, "name" | "size" | "decode">, end: number): T {
    const at = this.position;
    if (end - at < struct.size) {
      throw new NetlinkDecodeError(`header ${struct.name} needs ${struct.size} bytes, got ${end - at}`, at);
    }
    this.position = at + ((struct.size + 3) & ~3);
    return struct.decode(this.view, at, at + struct.size);
  }

  /** The attributes inside the current one. */
  nest<T>(codec: Codec<T>): T {
    const { type, position } = this;
    const selectors = this.#selectors;
    this.position = this.at;
    this.#enter(type);
    try {
      const value = codec.decode(this, this.end);
      this.position = position;
      return value;
    } catch (error) {
      throw locate(error, codec, type);
    } finally {
      this.#depth--;
      this.#selectors = selectors;
    }
  }

  /** A fixed header and the attributes behind it, inside the current attribute. */
  headed<H, T>(struct: Struct<H>, codec: Codec<T>): { header: H } & T {
    const { type, position, end } = this;
    const selectors = this.#selectors;
    this.position = this.at;
    this.#enter(type);
    try {
      const value = { header: this.header(struct, end) };
      codec.decode(this, end, value as T);
      this.position = position;
      return value as { header: H } & T;
    } catch (error) {
      throw locate(error, codec, type);
    } finally {
      this.#depth--;
      this.#selectors = selectors;
    }
  }

  #enter(type: number): void {
    if (++this.#depth > MAX_DEPTH) {
      this.#depth--;
      throw new NetlinkDecodeError(`nested more than ${MAX_DEPTH} levels deep`, this.at - 4, type);
    }
  }

  /** Nests whose attribute ids are indices, counting from `start` as a rule. */
  indexed<T>(codec: Codec<T>, start: number): IndexedArray<T> {
    return this.#indexed(start, () => this.nest(codec));
  }

  /** Scalars whose attribute ids are indices, counting from `start` as a rule. */
  indexedValues<T>(read: ElementType, start: number): IndexedArray<T> {
    return this.#indexed(start, () => (read === "bytes" ? this.bytesOf() : this[read]()) as T);
  }

  #indexed<T>(start: number, read: () => T): IndexedArray<T> {
    const { type, position, end } = this;
    const values: IndexedArray<T> = [];
    const indices: number[] = [];
    let usual = true;
    this.position = this.at;
    this.#enter(type);
    try {
      while (this.next(end)) {
        usual &&= this.type === start + indices.length;
        indices.push(this.type);
        values.push(read());
      }
    } catch (error) {
      throw locateElement(error, values.length, type);
    } finally {
      this.#depth--;
    }
    this.position = position;
    if (!usual) values.indices = indices;
    return values;
  }

  /** Nests whose ids are values: each innermost one as an entry with the ids on its way as members. */
  typeValues<T, K extends string>(names: readonly K[], codec: Codec<T>): (T & Record<K, number>)[] {
    return this.#typeValues(names, (target) => {
      const { position } = this;
      const selectors = this.#selectors;
      this.position = this.at;
      try {
        codec.decode(this, this.end, target as T);
      } catch (error) {
        throw locate(error, codec);
      }
      this.position = position;
      this.#selectors = selectors;
    });
  }

  /** Like {@linkcode Reader.typeValues}, with a scalar at the innermost level, as member `value`. */
  typeScalars<V, K extends string>(
    names: readonly K[],
    read: Exclude<ElementType, "bytes">,
  ): (Record<K, number> & { value: V })[] {
    return this.#typeValues(names, (target) => {
      target["value"] = this[read]();
    });
  }

  #typeValues<T>(names: readonly string[], read: (target: Record<string, unknown>) => void): T[] {
    const { type, position, end } = this;
    const entries: T[] = [];
    const walk = (level: number, limit: number, ids: readonly number[]): void => {
      this.position = this.at;
      while (this.next(limit)) {
        const path = [...ids, this.type];
        if (level + 1 < names.length) {
          const { position, end } = this;
          walk(level + 1, end, path);
          this.position = position;
        } else {
          const target: Record<string, unknown> = {};
          for (const [i, name] of names.entries()) target[name] = path[i];
          read(target);
          entries.push(target as T);
        }
      }
    };
    this.#enter(type);
    try {
      walk(0, end, []);
    } catch (error) {
      throw locateElement(error, entries.length, type);
    } finally {
      this.#depth--;
    }
    this.position = position;
    return entries;
  }

  /** The current attribute as it came. */
  unknown(): UnknownAttribute {
    return { type: this.rawType, data: this.bytesOf() };
  }

  /** Remembers a selector, up to the end of the current nest, for sub-messages further in whose set lacks it. */
  select(name: string, value: unknown): void {
    this.#selectors = { name, value, outer: this.#selectors };
  }

  /** A selector that an outer set remembered. */
  selected(name: string): unknown {
    return selected(this.#selectors, name);
  }
}
