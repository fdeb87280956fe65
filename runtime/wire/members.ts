/**
 * Members of structs: read from a DataView, set in a writer's buffer. Generated struct codecs call these.
 *
 * @module
 */
import type { Input, Struct } from "./codec.ts";
import { NetlinkDecodeError, NetlinkEncodeError } from "./errors.ts";
import {
  decodeText,
  encodeText,
  formatHex,
  formatIpv4,
  formatIpv6,
  formatUuid,
  parseIp,
  parseMac,
  parseUuid,
} from "./text.ts";
import type { Writer } from "./writer.ts";

/** A value as an error message shows it. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  return typeof value === "object" && value !== null
    ? (Array.isArray(value) ? "an array" : "an object")
    : String(value);
}

/** Whether a value is an integer that a bigint can be made of without loss. */
export function isBig(value: unknown): value is bigint | number {
  return typeof value === "bigint" || Number.isSafeInteger(value);
}

/** Copies `length` bytes of a struct member. */
export function memberBytes(view: DataView, offset: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + offset, length).slice();
}

/** Reads a char array member up to its first NUL. */
export function memberText(view: DataView, offset: number, length: number): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, length);
  const nul = bytes.indexOf(0);
  return decodeText(bytes, 0, nul < 0 ? length : nul);
}

/** Reads an IP address member of 4 or 16 bytes. */
export function memberIp(view: DataView, offset: number, length: 4 | 16): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, length);
  return length === 4 ? formatIpv4(bytes, 0) : formatIpv6(bytes, 0);
}

/** Reads a hardware address member. */
export function memberMac(view: DataView, offset: number, length: number): string {
  return formatHex(new Uint8Array(view.buffer, view.byteOffset + offset, length), 0, length, ":");
}

/** Reads a UUID member. */
export function memberUuid(view: DataView, offset: number): string {
  return formatUuid(new Uint8Array(view.buffer, view.byteOffset + offset, 16), 0);
}

/** Reads the flexible array of `size`-byte elements that fills the bytes from `offset` to `end`. */
export function memberScalars<T>(
  offset: number,
  end: number,
  size: number,
  read: (at: number) => T,
): T[] {
  const values: T[] = [];
  const rest = (end - offset) % size;
  if (rest !== 0) throw new NetlinkDecodeError(`${rest} stray bytes behind an array`, end - rest);
  for (let at = offset; at < end; at += size) values.push(read(at));
  return values;
}

/** Reads the flexible array of structs that fills the bytes from `offset` to `end`. */
export function memberStructs<T>(struct: Struct<T>, view: DataView, offset: number, end: number): T[] {
  return memberScalars(offset, end, struct.size, (at) => struct.decode(view, at, at + struct.size));
}

function refuseMember(name: string, expected: string, value: unknown): never {
  const error = new NetlinkEncodeError(`expected ${expected}, got ${show(value)}`);
  if (name !== "") error.where.prefix(`.${name}`);
  throw error;
}

/** Sets a u8 member. */
export function setU8(writer: Writer, at: number, value: number | undefined, name: string): void {
  if (value === undefined) return;
  if (typeof value !== "number" || (value & 0xff) !== value) refuseMember(name, "u8 (0..255)", value);
  writer.view.setUint8(at, value);
}
/** Sets an s8 member. */
export function setS8(writer: Writer, at: number, value: number | undefined, name: string): void {
  if (value === undefined) return;
  if (typeof value !== "number" || (value << 24) >> 24 !== value) refuseMember(name, "s8 (-128..127)", value);
  writer.view.setInt8(at, value);
}
/** Sets a u16 member. */
export function setU16(
  writer: Writer,
  at: number,
  value: number | undefined,
  name: string,
  little: boolean,
): void {
  if (value === undefined) return;
  if (typeof value !== "number" || (value & 0xffff) !== value) refuseMember(name, "u16 (0..65535)", value);
  writer.view.setUint16(at, value, little);
}
/** Sets an s16 member. */
export function setS16(
  writer: Writer,
  at: number,
  value: number | undefined,
  name: string,
  little: boolean,
): void {
  if (value === undefined) return;
  if (typeof value !== "number" || (value << 16) >> 16 !== value) {
    refuseMember(name, "s16 (-32768..32767)", value);
  }
  writer.view.setInt16(at, value, little);
}
/** Sets a u32 member. */
export function setU32(
  writer: Writer,
  at: number,
  value: number | undefined,
  name: string,
  little: boolean,
): void {
  if (value === undefined) return;
  if (typeof value !== "number" || value >>> 0 !== value) refuseMember(name, "u32 (0..4294967295)", value);
  writer.view.setUint32(at, value, little);
}
/** Sets an s32 member. */
export function setS32(
  writer: Writer,
  at: number,
  value: number | undefined,
  name: string,
  little: boolean,
): void {
  if (value === undefined) return;
  if (typeof value !== "number" || (value | 0) !== value) {
    refuseMember(name, "s32 (-2147483648..2147483647)", value);
  }
  writer.view.setInt32(at, value, little);
}
/** Sets a u64 member. */
export function setU64(
  writer: Writer,
  at: number,
  value: bigint | number | undefined,
  name: string,
  little: boolean,
): void {
  if (value === undefined) return;
  if (!isBig(value) || BigInt.asUintN(64, BigInt(value)) !== BigInt(value)) {
    refuseMember(name, "an unsigned 64-bit integer", value);
  }
  writer.view.setBigUint64(at, BigInt(value), little);
}
/** Sets an s64 member. */
export function setS64(
  writer: Writer,
  at: number,
  value: bigint | number | undefined,
  name: string,
  little: boolean,
): void {
  if (value === undefined) return;
  if (!isBig(value) || BigInt.asIntN(64, BigInt(value)) !== BigInt(value)) {
    refuseMember(name, "a signed 64-bit integer", value);
  }
  writer.view.setBigInt64(at, BigInt(value), little);
}

/** Sets a member of `length` bytes; fewer leave zeros behind them. */
export function setBytes(
  writer: Writer,
  at: number,
  value: Uint8Array | undefined,
  name: string,
  length: number,
): void {
  if (value === undefined) return;
  if (!(value instanceof Uint8Array) || value.length > length) {
    refuseMember(
      name,
      `a Uint8Array of at most ${length} bytes`,
      value instanceof Uint8Array ? `${value.length} bytes` : value,
    );
  }
  writer.bytes.set(value, at);
}
/** Sets a char array member; the rest of its `length` bytes is NUL. */
export function setText(
  writer: Writer,
  at: number,
  value: string | Uint8Array | undefined,
  name: string,
  length: number,
): void {
  if (value === undefined) return;
  const bytes = typeof value === "string" ? encodeText(value) : value;
  if (!(bytes instanceof Uint8Array) || bytes.length > length) {
    refuseMember(name, `text of at most ${length} bytes`, value);
  }
  writer.bytes.set(bytes, at);
}
/** Sets an IP address member of 4 or 16 bytes. */
export function setIp(
  writer: Writer,
  at: number,
  value: string | Uint8Array | undefined,
  name: string,
  length: 4 | 16,
): void {
  if (value === undefined) return;
  const bytes = typeof value === "string" ? parseIp(value) : value;
  if (!(bytes instanceof Uint8Array) || bytes.length !== length) {
    refuseMember(name, `an ${length === 4 ? "IPv4" : "IPv6"} address`, value);
  }
  writer.bytes.set(bytes, at);
}
/** Sets a hardware address member of `length` bytes. */
export function setMac(
  writer: Writer,
  at: number,
  value: string | Uint8Array | undefined,
  name: string,
  length: number,
): void {
  if (value === undefined) return;
  const bytes = typeof value === "string" ? parseMac(value) : value;
  if (!(bytes instanceof Uint8Array) || bytes.length > length) {
    refuseMember(name, `a hardware address of at most ${length} bytes`, value);
  }
  writer.bytes.set(bytes, at);
}
/** Sets a UUID member. */
export function setUuid(
  writer: Writer,
  at: number,
  value: string | Uint8Array | undefined,
  name: string,
): void {
  if (value === undefined) return;
  const bytes = typeof value === "string" ? parseUuid(value) : value;
  if (!(bytes instanceof Uint8Array) || bytes.length !== 16) refuseMember(name, "a UUID", value);
  writer.bytes.set(bytes, at);
}
/** Sets a nested struct member. */
export function setStruct<T>(
  writer: Writer,
  at: number,
  value: NoInfer<Input<T>> | undefined,
  name: string,
  struct: Struct<T>,
): void {
  if (value === undefined) return;
  if (typeof value !== "object" || value === null) refuseMember(name, `a struct ${struct.name}`, value);
  try {
    struct.encode(writer, at, value);
  } catch (error) {
    if (error instanceof NetlinkEncodeError) error.where.prefix(`.${name}`);
    throw error;
  }
}
/** Appends the elements of a flexible array member behind what was written. */
export function appendStructs<T>(
  writer: Writer,
  values: readonly NoInfer<Input<T>>[] | undefined,
  name: string,
  struct: Struct<T>,
): void {
  if (values === undefined) return;
  if (!Array.isArray(values)) refuseMember(name, `an array of struct ${struct.name}`, values);
  for (const [i, value] of values.entries()) {
    setStruct(writer, writer.reserve(struct.size, 1), value, `${name}[${i}]`, struct);
  }
}
/** Appends the elements of a flexible array member behind what was written. */
export function appendScalars<V>(
  writer: Writer,
  values: readonly V[] | undefined,
  name: string,
  size: number,
  set: (writer: Writer, at: number, value: V, name: string, little: boolean) => void,
  little: boolean,
): void {
  if (values === undefined) return;
  if (!Array.isArray(values)) refuseMember(name, "an array", values);
  for (const [i, value] of (values as readonly V[]).entries()) {
    set(writer, writer.reserve(size, 1), value, `${name}[${i}]`, little);
  }
}
