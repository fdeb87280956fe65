/** Whole blocks of attributes, with errors that name the path. @module */
import type { Codec, Input } from "./codec.ts";
import { locate } from "./errors.ts";
import { Reader } from "./reader.ts";
import { Writer } from "./writer.ts";

/**
 * Encodes the attributes of an object, in the order of its keys.
 *
 * @throws {NetlinkEncodeError} if a value does not fit, or a key is not of the set.
 */
export function encodeAttributes<T extends object>(codec: Codec<T>, value: NoInfer<Input<T>>): Uint8Array {
  const writer = new Writer();
  try {
    codec.encode(writer, value);
  } catch (error) {
    throw locate(error, codec);
  }
  return writer.result();
}

/**
 * Decodes a block of attributes.
 *
 * @throws {NetlinkDecodeError} if the bytes are no such block.
 */
export function decodeAttributes<T extends object>(codec: Codec<T>, bytes: Uint8Array): T {
  try {
    return codec.decode(new Reader(bytes), bytes.length);
  } catch (error) {
    throw locate(error, codec);
  }
}
