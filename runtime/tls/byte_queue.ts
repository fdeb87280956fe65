/** Bytes that wait for the rest of what they belong to. @module */
import { wipe } from "./bytes.ts";

/** A queue of bytes: however small the pieces are that come, the work is linear in their sum. */
export class ByteQueue {
  #buffer = new Uint8Array();
  #start = 0;
  #end = 0;

  /** How many bytes wait. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** All that wait, not copied: good until the next {@linkcode push}. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  /** Adds a copy of bytes at the end. */
  push(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#buffer.length) this.#makeRoom(bytes.length);
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  #makeRoom(more: number): void {
    const waiting = this.bytes;
    // Twice as much as needed, so that what is moved is paid for by what has come since it was moved last.
    const buffer = new Uint8Array(2 * (waiting.length + more));
    buffer.set(waiting);
    this.#end = waiting.length;
    this.#start = 0;
    wipe(this.#buffer);
    this.#buffer = buffer;
  }

  /** Takes bytes from the front, not copied: good until the next {@linkcode push}. */
  take(length: number): Uint8Array {
    return this.#buffer.subarray(this.#start, this.#start += length);
  }

  /** Wipes and forgets everything. */
  clear(): void {
    wipe(this.#buffer);
    this.#buffer = new Uint8Array();
    this.#start = this.#end = 0;
  }
}
