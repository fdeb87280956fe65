/** The presentation language of RFC 8446 section 3: numbers in network order, vectors with their length in front. @module */
import { refuse } from "./alerts.ts";

/** Reads TLS structures; whatever is short or has bytes left over gives decode_error. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  #at = 0;

  /** Starts at the first byte; `what` names the structure in errors. */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  /** Bytes that are not read yet. */
  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  /** The next `length` bytes, not copied. */
  take(length: number): Uint8Array {
    if (length > this.remaining) refuse("decodeError", `${this.#what} is cut short`);
    return this.#bytes.subarray(this.#at, this.#at += length);
  }

  #number(length: number): number {
    return this.take(length).reduce((value, byte) => value * 256 + byte, 0);
  }

  /** An 8-bit number. */
  u8(): number {
    return this.#number(1);
  }

  /** A 16-bit number. */
  u16(): number {
    return this.#number(2);
  }

  /** A 32-bit number. */
  u32(): number {
    return this.#number(4);
  }

  /** A vector whose length takes `lengthBytes`; fewer than `min` bytes are refused. Not copied. */
  vector(lengthBytes: 1 | 2 | 3, min = 0): Uint8Array {
    const length = this.#number(lengthBytes);
    if (length < min) {
      refuse("decodeError", `${this.#what} has a vector of ${length} bytes, at least ${min} needed`);
    }
    return this.take(length);
  }

  /** A vector as {@linkcode vector} gives it, to be read in turn. */
  nested(lengthBytes: 1 | 2 | 3, min = 0): Reader {
    return new Reader(this.vector(lengthBytes, min), this.#what);
  }

  /** A vector of 16-bit numbers; at least one. */
  u16List(lengthBytes: 1 | 2): number[] {
    const items = this.nested(lengthBytes, 2);
    const list: number[] = [];
    while (items.remaining > 0) list.push(items.u16());
    return list;
  }

  /** The structure ends here. */
  end(): void {
    if (this.remaining > 0) refuse("decodeError", `${this.#what} has ${this.remaining} bytes too many`);
  }
}

/** Writes TLS structures into one growing buffer. */
export class Writer {
  #bytes = new Uint8Array(256);
  #length = 0;

  /** How many bytes are written. */
  get length(): number {
    return this.#length;
  }

  #reserve(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#length, 2 * this.#bytes.length));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
    }
    return at;
  }

  #put(at: number, value: number, length: number): void {
    for (let i = length - 1; i >= 0; i--) {
      this.#bytes[at + i] = value & 0xff;
      value = Math.floor(value / 256);
    }
  }

  /** An 8-bit number. */
  u8(value: number): this {
    this.#put(this.#reserve(1), value, 1);
    return this;
  }

  /** A 16-bit number. */
  u16(value: number): this {
    this.#put(this.#reserve(2), value, 2);
    return this;
  }

  /** A 32-bit number. */
  u32(value: number): this {
    this.#put(this.#reserve(4), value, 4);
    return this;
  }

  /** A 64-bit number that is a safe integer. */
  u64(value: number): this {
    this.#put(this.#reserve(8), value, 8);
    return this;
  }

  /** Bytes as they are. */
  bytes(bytes: Uint8Array): this {
    const at = this.#reserve(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** A vector: its length, then what `fill` writes. Throws a RangeError if that is too long for its length. */
  vector(lengthBytes: 1 | 2 | 3, fill: Uint8Array | ((writer: this) => void)): this {
    const at = this.#reserve(lengthBytes);
    if (fill instanceof Uint8Array) this.bytes(fill);
    else fill(this);
    const length = this.#length - at - lengthBytes;
    if (length >= 256 ** lengthBytes) throw new RangeError(`${length} bytes do not fit into a TLS vector`);
    this.#put(at, length, lengthBytes);
    return this;
  }

  /** A vector of 16-bit numbers. */
  u16List(lengthBytes: 1 | 2, list: readonly number[]): this {
    return this.vector(lengthBytes, () => list.forEach((value) => this.u16(value)));
  }

  /** A copy of what is written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}
