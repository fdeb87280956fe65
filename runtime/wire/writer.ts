/** Appends attributes to a growing buffer. Generated encoders drive it; see {@linkcode Codec}. @module */
import type {
  AnyCodec,
  AnyStruct,
  Bitfield32,
  Codec,
  ElementType,
  Input,
  Struct,
  UnknownAttribute,
} from "./codec.ts";
import { locate, locateElement, NetlinkEncodeError } from "./errors.ts";
import { isBig, setS16, setS32, setS64, setS8, setU16, setU32, setU64, setU8, show } from "./members.ts";
import { selected, type Selectors } from "./selectors.ts";
import { encodeText, parseIp, parseIpv4, parseMac, parseUuid } from "./text.ts";

/** NLA_F_NESTED: the payload is attributes. */
const NESTED = 0x8000;
/** The length field has 16 bits, and counts its own header. */
const MAX_PAYLOAD = 0xffff - 4;
const NONE: readonly never[] = [];

/**
 * A growing buffer of attributes. Methods named after types append one attribute of that type; `undefined` appends
 * nothing. A value that does not fit its type throws {@linkcode NetlinkEncodeError}, before anything is sent.
 */
export class Writer {
  /** The buffer; valid up to `length`. Replaced when it grows. */
  bytes: Uint8Array;
  /** The same buffer as a DataView. */
  view: DataView;
  /** Number of bytes written. */
  length = 0;
  #selectors: Selectors | undefined;

  /** Creates a writer with room for `capacity` bytes. */
  constructor(capacity = 1024) {
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
  }

  /** A copy of what was written. */
  result(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }

  /** Forgets what was written, keeps the buffer. */
  reset(): void {
    this.length = 0;
    this.#selectors = undefined;
  }

  /** Appends `size` zero bytes and the zeros up to the next multiple of `align`; returns their offset. */
  reserve(size: number, align = 4): number {
    const at = this.length;
    const end = at + ((size + align - 1) & -align);
    if (end > this.bytes.length) this.#grow(end);
    this.bytes.fill(0, at, end);
    this.length = end;
    return at;
  }

  #grow(needed: number): void {
    const bytes = new Uint8Array(Math.max(needed, 2 * this.bytes.length));
    bytes.set(this.bytes.subarray(0, this.length));
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }

  /** Appends an attribute's header and `size` zero bytes; returns the payload's offset. */
  attribute(type: number, size: number): number {
    if (size > MAX_PAYLOAD) {
      throw new NetlinkEncodeError(
        `payload of ${size} bytes; an attribute holds at most ${MAX_PAYLOAD}`,
        type & 0x3fff,
      );
    }
    const at = this.reserve(size + 4);
    this.view.setUint16(at, size + 4, true);
    this.view.setUint16(at + 2, type, true);
    return at + 4;
  }

  #refuse(type: number, expected: string, value: unknown): never {
    throw new NetlinkEncodeError(`expected ${expected}, got ${show(value)}`, type);
  }

  /** The values of an attribute that repeats. */
  repeated<T>(type: number, values: readonly T[] | undefined): readonly T[] {
    if (values === undefined) return NONE;
    if (!Array.isArray(values)) this.#refuse(type, "an array", values);
    return values;
  }

  /** u8. */
  u8(type: number, value: number | undefined): void {
    if (value === undefined) return;
    if (typeof value !== "number" || (value & 0xff) !== value) this.#refuse(type, "u8 (0..255)", value);
    this.bytes[this.attribute(type, 1)] = value;
  }
  /** s8. */
  s8(type: number, value: number | undefined): void {
    if (value === undefined) return;
    if (typeof value !== "number" || (value << 24) >> 24 !== value) {
      this.#refuse(type, "s8 (-128..127)", value);
    }
    this.view.setInt8(this.attribute(type, 1), value);
  }
  /** u16. */
  u16(type: number, value: number | undefined): void {
    if (value === undefined) return;
    if (typeof value !== "number" || (value & 0xffff) !== value) this.#refuse(type, "u16 (0..65535)", value);
    const at = this.attribute(type, 2);
    this.view.setUint16(at, value, true);
  }
  /** u16, big-endian. */
  u16be(type: number, value: number | undefined): void {
    if (value === undefined) return;
    if (typeof value !== "number" || (value & 0xffff) !== value) this.#refuse(type, "u16 (0..65535)", value);
    const at = this.attribute(type, 2);
    this.view.setUint16(at, value);
  }
  /** s16. */
  s16(type: number, value: number | undefined): void {
    if (value === undefined) return;
    if (typeof value !== "number" || (value << 16) >> 16 !== value) {
      this.#refuse(type, "s16 (-32768..32767)", value);
    }
    const at = this.attribute(type, 2);
    this.view.setInt16(at, value, true);
  }
  /** s16, big-endian. */
  s16be(type: number, value: number | undefined): void {
    if (value === undefined) return;
    if (typeof value !== "number" || (value << 16) >> 16 !== value) {
      this.#refuse(type, "s16 (-32768..32767)", value);
    }
    const at = this.attribute(type, 2);
    this.view.setInt16(at, value);
  }
  /** u32. */
  u32(type: number, value: number | undefined): void {
    if (value === undefined) return;
    if (typeof value !== "number" || value >>> 0 !== value) this.#refuse(type, "u32 (0..4294967295)", value);
    const at = this.attribute(type, 4);
    this.view.setUint32(at, value, true);
  }
  /** u32, big-endian. */
  u32be(type: number, value: number | undefined): void {
    if (value === undefined) return;
    if (typeof value !== "number" || value >>> 0 !== value) this.#refuse(type, "u32 (0..4294967295)", value);
    const at = this.attribute(type, 4);
    this.view.setUint32(at, value);
  }
  /** s32. */
  s32(type: number, value: number | undefined): void {
    if (value === undefined) return;
    if (typeof value !== "number" || (value | 0) !== value) {
      this.#refuse(type, "s32 (-2147483648..2147483647)", value);
    }
    const at = this.attribute(type, 4);
    this.view.setInt32(at, value, true);
  }
  /** s32, big-endian. */
  s32be(type: number, value: number | undefined): void {
    if (value === undefined) return;
    if (typeof value !== "number" || (value | 0) !== value) {
      this.#refuse(type, "s32 (-2147483648..2147483647)", value);
    }
    const at = this.attribute(type, 4);
    this.view.setInt32(at, value);
  }
  /** u64. */
  u64(type: number, value: bigint | number | undefined): void {
    if (value === undefined) return;
    const big = this.#unsigned(type, value);
    const at = this.attribute(type, 8);
    this.view.setBigUint64(at, big, true);
  }
  /** u64, big-endian. */
  u64be(type: number, value: bigint | number | undefined): void {
    if (value === undefined) return;
    const big = this.#unsigned(type, value);
    const at = this.attribute(type, 8);
    this.view.setBigUint64(at, big);
  }
  /** s64. */
  s64(type: number, value: bigint | number | undefined): void {
    if (value === undefined) return;
    const big = this.#signed(type, value);
    const at = this.attribute(type, 8);
    this.view.setBigInt64(at, big, true);
  }
  /** s64, big-endian. */
  s64be(type: number, value: bigint | number | undefined): void {
    if (value === undefined) return;
    const big = this.#signed(type, value);
    const at = this.attribute(type, 8);
    this.view.setBigInt64(at, big);
  }

  #unsigned(type: number, value: bigint | number): bigint {
    if (!isBig(value)) this.#refuse(type, "an unsigned 64-bit integer", value);
    const big = BigInt(value);
    if (BigInt.asUintN(64, big) !== big) this.#refuse(type, "an unsigned 64-bit integer", value);
    return big;
  }
  #signed(type: number, value: bigint | number): bigint {
    if (!isBig(value)) this.#refuse(type, "a signed 64-bit integer", value);
    const big = BigInt(value);
    if (BigInt.asIntN(64, big) !== big) this.#refuse(type, "a signed 64-bit integer", value);
    return big;
  }

  /** uint: 4 bytes where they suffice, else 8. */
  uint(type: number, value: bigint | number | undefined): void {
    this.#uint(type, value, true);
  }
  /** uint, big-endian. */
  uintbe(type: number, value: bigint | number | undefined): void {
    this.#uint(type, value, false);
  }
  #uint(type: number, value: bigint | number | undefined, little: boolean): void {
    if (value === undefined) return;
    const big = this.#unsigned(type, value);
    const size = big <= 0xffffffffn ? 4 : 8;
    const at = this.attribute(type, size);
    if (size === 4) this.view.setUint32(at, Number(big), little);
    else this.view.setBigUint64(at, big, little);
  }
  /** sint: 4 bytes where they suffice, else 8. */
  sint(type: number, value: bigint | number | undefined): void {
    this.#sint(type, value, true);
  }
  /** sint, big-endian. */
  sintbe(type: number, value: bigint | number | undefined): void {
    this.#sint(type, value, false);
  }
  #sint(type: number, value: bigint | number | undefined, little: boolean): void {
    if (value === undefined) return;
    const big = this.#signed(type, value);
    const size = BigInt.asIntN(32, big) === big ? 4 : 8;
    const at = this.attribute(type, size);
    if (size === 4) this.view.setInt32(at, Number(big), little);
    else this.view.setBigInt64(at, big, little);
  }

  /** A flag: there if true. */
  flag(type: number, value: boolean | undefined): void {
    if (value === undefined || value === false) return;
    if (value !== true) this.#refuse(type, "true or false", value);
    this.attribute(type, 0);
  }

  /** NLA_BITFIELD32. */
  bitfield32(type: number, value: Input<Bitfield32> | undefined): void {
    if (value === undefined) return;
    if (typeof value !== "object" || value === null) this.#refuse(type, "{ value, selector }", value);
    const { value: bits = 0, selector = 0 } = value;
    if (typeof bits !== "number" || bits >>> 0 !== bits) this.#refuse(type, "a u32 as value", bits);
    if (typeof selector !== "number" || selector >>> 0 !== selector) {
      this.#refuse(type, "a u32 as selector", selector);
    }
    const at = this.attribute(type, 8);
    this.view.setUint32(at, bits, true);
    this.view.setUint32(at + 4, selector, true);
  }

  /** Text and a NUL behind it; bytes go as they are, with a NUL. */
  string(type: number, value: string | Uint8Array | undefined): void {
    if (value === undefined) return;
    const bytes = typeof value === "string" ? encodeText(value) : value;
    if (!(bytes instanceof Uint8Array)) this.#refuse(type, "text", value);
    const at = this.attribute(type, bytes.length + 1);
    this.bytes.set(bytes, at);
  }

  /** Bytes as they are. */
  bytesOf(type: number, value: Uint8Array | undefined): void {
    if (value === undefined) return;
    if (!(value instanceof Uint8Array)) this.#refuse(type, "a Uint8Array", value);
    const at = this.attribute(type, value.length);
    this.bytes.set(value, at);
  }

  /** IPv4 or IPv6 address. */
  ip(type: number, value: string | Uint8Array | undefined): void {
    if (value === undefined) return;
    const bytes = typeof value === "string" ? parseIp(value) : value;
    if (!(bytes instanceof Uint8Array)) this.#refuse(type, "an IPv4 or IPv6 address", value);
    this.bytesOf(type, bytes);
  }
  /** IPv4 address, in network order. */
  ipv4(type: number, value: string | Uint8Array | undefined): void {
    if (value === undefined) return;
    const bytes = typeof value === "string" ? parseIpv4(value) : value;
    if (!(bytes instanceof Uint8Array) || bytes.length !== 4) this.#refuse(type, "an IPv4 address", value);
    this.bytesOf(type, bytes);
  }
  /** Hardware address. */
  mac(type: number, value: string | Uint8Array | undefined): void {
    if (value === undefined) return;
    const bytes = typeof value === "string" ? parseMac(value) : value;
    if (!(bytes instanceof Uint8Array)) {
      this.#refuse(type, "a hardware address such as 02:00:00:00:00:01", value);
    }
    this.bytesOf(type, bytes);
  }
  /** UUID. */
  uuid(type: number, value: string | Uint8Array | undefined): void {
    if (value === undefined) return;
    const bytes = typeof value === "string" ? parseUuid(value) : value;
    if (!(bytes instanceof Uint8Array) || bytes.length !== 16) this.#refuse(type, "a UUID", value);
    this.bytesOf(type, bytes);
  }

  #array<V>(
    type: number,
    values: readonly V[] | undefined,
    size: number,
    put: (at: number, value: V) => void,
  ): void {
    if (values === undefined) return;
    if (values instanceof Uint8Array) return this.bytesOf(type, values);
    if (!Array.isArray(values)) this.#refuse(type, "an array", values);
    const at = this.attribute(type, size * values.length);
    for (let i = 0; i < values.length; i++) {
      try {
        put(at + size * i, values[i]!);
      } catch (error) {
        throw locateElement(error, i, type);
      }
    }
  }
  /** C array of u8; as for all arrays, bytes go as they are. */
  u8s(type: number, values: readonly number[] | undefined): void {
    this.#array(type, values, 1, (at, value) => setU8(this, at, value, ""));
  }
  /** C array of s8. */
  s8s(type: number, values: readonly number[] | undefined): void {
    this.#array(type, values, 1, (at, value) => setS8(this, at, value, ""));
  }
  /** C array of u16. */
  u16s(type: number, values: readonly number[] | undefined): void {
    this.#array(type, values, 2, (at, value) => setU16(this, at, value, "", true));
  }
  /** C array of s16. */
  s16s(type: number, values: readonly number[] | undefined): void {
    this.#array(type, values, 2, (at, value) => setS16(this, at, value, "", true));
  }
  /** C array of u32. */
  u32s(type: number, values: readonly number[] | undefined): void {
    this.#array(type, values, 4, (at, value) => setU32(this, at, value, "", true));
  }
  /** C array of s32. */
  s32s(type: number, values: readonly number[] | undefined): void {
    this.#array(type, values, 4, (at, value) => setS32(this, at, value, "", true));
  }
  /** C array of u64. */
  u64s(type: number, values: readonly (bigint | number)[] | undefined): void {
    this.#array(type, values, 8, (at, value) => setU64(this, at, value, "", true));
  }
  /** C array of s64. */
  s64s(type: number, values: readonly (bigint | number)[] | undefined): void {
    this.#array(type, values, 8, (at, value) => setS64(this, at, value, "", true));
  }

  /** A struct; bytes go as they are. */
  struct<T>(type: number, struct: Struct<T>, value: NoInfer<Input<T>> | undefined): void {
    if (value === undefined) return;
    if (value instanceof Uint8Array) return this.bytesOf(type, value);
    if (typeof value !== "object" || value === null) this.#refuse(type, `a struct ${struct.name}`, value);
    const at = this.attribute(type, struct.size);
    // A flexible array at the struct's end follows it without padding.
    this.length = at + struct.size;
    try {
      struct.encode(this, at, value);
    } catch (error) {
      throw locate(error, struct, type);
    }
    this.#close(type, at - 4);
  }

  /** A fixed header, without an attribute around it. */
  header(struct: AnyStruct, value: unknown): void {
    const at = this.reserve(struct.size);
    if (value === undefined) return;
    if (typeof value !== "object" || value === null) {
      throw new NetlinkEncodeError(`expected a struct ${struct.name}, got ${show(value)}`);
    }
    struct.encode(this, at, value as never);
  }

  /** A nest. */
  nest<T>(type: number, codec: Codec<T>, value: NoInfer<Input<T>> | undefined): void {
    if (value !== undefined) this.#nest(type | NESTED, codec, value);
  }

  /** Attributes in an attribute that is not marked as a nest. */
  plainNest<T>(type: number, codec: Codec<T>, value: NoInfer<Input<T>> | undefined): void {
    if (value !== undefined) this.#nest(type, codec, value);
  }

  #nest<T>(type: number, codec: Codec<T>, value: Input<T>): void {
    if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Uint8Array) {
      this.#refuse(type & 0x3fff, `an object (${codec.name})`, value);
    }
    const start = this.length;
    const selectors = this.#selectors;
    this.attribute(type, 0);
    try {
      codec.encode(this, value);
    } catch (error) {
      throw locate(error, codec, type & 0x3fff);
    }
    this.#selectors = selectors;
    this.#close(type & 0x3fff, start);
  }

  /** A fixed header and the attributes behind it, as one nest. */
  headed<H extends object, T extends object>(
    type: number,
    struct: Struct<H>,
    codec: Codec<T>,
    value: NoInfer<Input<{ header: H } & T>> | undefined,
  ): void {
    if (value === undefined) return;
    if (typeof value !== "object" || value === null) this.#refuse(type, `an object (${codec.name})`, value);
    const start = this.length;
    const selectors = this.#selectors;
    this.attribute(type | NESTED, 0);
    try {
      headedInto(this, struct, codec, value);
    } catch (error) {
      throw locate(error, codec, type);
    }
    this.#selectors = selectors;
    this.#close(type, start);
  }

  /** Sets the length of the attribute that began at `start`, and pads it. */
  #close(type: number, start: number): void {
    const length = this.length - start;
    if (length > 0xffff) {
      throw new NetlinkEncodeError(
        `payload of ${length - 4} bytes; an attribute holds at most ${MAX_PAYLOAD}`,
        type,
      );
    }
    this.view.setUint16(start, length, true);
    this.reserve(-length & 3, 1);
  }

  /** Nests whose attribute ids are indices, from `first` unless the array has indices of its own. */
  indexed<T>(
    type: number,
    codec: Codec<T>,
    values: (readonly NoInfer<Input<T>>[] & { readonly indices?: readonly number[] }) | undefined,
    first: number,
  ): void {
    this.#indexed(type, values, first, (index, value) => this.nest(index, codec, value));
  }

  /** Scalars whose attribute ids are indices, from `first` unless the array has indices of its own. */
  indexedValues(
    type: number,
    write: ElementType,
    values: (readonly unknown[] & { readonly indices?: readonly number[] }) | undefined,
    first: number,
  ): void {
    const method = (write === "bytes" ? "bytesOf" : write) as "u32";
    this.#indexed(type, values, first, (index, value) => this[method](index, value as number));
  }

  #indexed<V>(
    type: number,
    values: (readonly V[] & { readonly indices?: readonly number[] }) | undefined,
    first: number,
    write: (index: number, value: V) => void,
  ): void {
    if (values === undefined) return;
    if (!Array.isArray(values)) this.#refuse(type, "an array", values);
    const { indices } = values as { readonly indices?: readonly number[] };
    if (indices !== undefined && indices.length !== values.length) {
      throw new NetlinkEncodeError(`${indices.length} indices for ${values.length} elements`, type);
    }
    const start = this.length;
    this.attribute(type | NESTED, 0);
    for (let i = 0; i < values.length; i++) {
      const index = indices?.[i] ?? first + i;
      if ((index & 0x3fff) !== index) this.#refuse(type, "indices of 0..16383", index);
      this.#element(type, i, () => write(index, values[i]!));
    }
    this.#close(type, start);
  }

  #element(type: number, element: number, write: () => void): void {
    try {
      write();
    } catch (error) {
      throw locateElement(error, element, type);
    }
  }

  /** Nests whose ids are values: entries of one path of ids share their outer nests. */
  typeValues<T>(
    type: number,
    names: readonly string[],
    codec: Codec<T>,
    values: readonly unknown[] | undefined,
  ): void {
    this.#typeValues(
      type,
      names,
      values,
      (id, value) => this.nest(id, codec, without(value, names) as Input<T>),
    );
  }

  /** Like {@linkcode Writer.typeValues}, with a scalar, member `value`, at the innermost level. */
  typeScalars(
    type: number,
    names: readonly string[],
    write: Exclude<ElementType, "bytes">,
    values: readonly unknown[] | undefined,
  ): void {
    const method = write as "u32";
    this.#typeValues(type, names, values, (id, value) => this[method](id, value["value"] as number));
  }

  #typeValues(
    type: number,
    names: readonly string[],
    values: readonly unknown[] | undefined,
    write: (id: number, value: Record<string, unknown>) => void,
  ): void {
    if (values === undefined) return;
    if (!Array.isArray(values)) this.#refuse(type, "an array", values);
    const start = this.length;
    this.attribute(type | NESTED, 0);
    const open: { id: number; start: number }[] = [];
    const closeTo = (depth: number): void => {
      while (open.length > depth) {
        const { id, start } = open.pop()!;
        this.#close(id, start);
      }
    };
    for (const [i, value] of (values as Record<string, unknown>[]).entries()) {
      this.#element(type, i, () => {
        if (typeof value !== "object" || value === null) this.#refuse(type, "an object", value);
        const ids = names.map((name) => {
          const id = value[name];
          if (typeof id !== "number" || (id & 0x3fff) !== id) this.#refuse(type, `0..16383 as ${name}`, id);
          return id;
        });
        let shared = 0;
        while (shared < open.length && open[shared]!.id === ids[shared]) shared++;
        closeTo(shared);
        for (const id of ids.slice(shared, -1)) {
          open.push({ id, start: this.length });
          this.attribute(id | NESTED, 0);
        }
        write(ids.at(-1)!, value);
      });
    }
    closeTo(0);
    this.#close(type, start);
  }

  /** Attributes that no codec knows, as they came. */
  unknown(values: readonly Input<UnknownAttribute>[] | undefined): void {
    if (values === undefined) return;
    if (!Array.isArray(values)) {
      throw new NetlinkEncodeError(`expected an array of unknown attributes, got ${show(values)}`);
    }
    for (const { type, data = new Uint8Array() } of values as readonly Input<UnknownAttribute>[]) {
      if (typeof type !== "number" || (type & 0xffff) !== type) {
        throw new NetlinkEncodeError(`unknown attribute of type ${show(type)}; expected 0..65535`);
      }
      this.bytesOf(type, data);
    }
  }

  /** Remembers a selector, up to the end of the current nest, for sub-messages further in whose set lacks it. */
  select(name: string, value: unknown): void {
    this.#selectors = { name, value, outer: this.#selectors };
  }

  /** A selector that an outer set remembered. */
  selected(name: string): unknown {
    return selected(this.#selectors, name);
  }

  /** A sub-message of a kind that has no format: only raw bytes will do. */
  opaque(type: number, selector: string, kind: unknown, value: unknown): void {
    if (value === undefined) return;
    if (!(value instanceof Uint8Array)) {
      throw new NetlinkEncodeError(
        kind === undefined
          ? `needs ${selector} to say which format it has; without it only a Uint8Array will do`
          : `no format is known for ${selector} ${show(kind)}: give the payload as a Uint8Array`,
        type,
      );
    }
    this.bytesOf(type, value);
  }
}

/** A shallow copy without the named keys. */
function without(value: object, names: readonly string[]): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) if (!names.includes(key)) copy[key] = member;
  return copy;
}

/** Appends a fixed header and the attributes behind it, without an attribute around them. */
export function headedInto(writer: Writer, struct: AnyStruct, codec: AnyCodec, value: object): void {
  try {
    writer.header(struct, (value as { header?: unknown }).header);
  } catch (error) {
    if (error instanceof NetlinkEncodeError) error.where.prefix(".header");
    throw error;
  }
  codec.encode(writer, without(value, ["header"]) as never);
}
