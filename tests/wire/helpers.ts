/** What the tests of the wire format share. Expected bytes are laid out by hand, as netlink(7) and nla(9) say. */

import assert from "node:assert/strict";
import {
  type Codec,
  NetlinkDecodeError,
  NetlinkEncodeError,
  Reader,
  type UnknownAttribute,
  unknownKey,
  Writer,
} from "../../runtime/wire/mod.ts";

/** Bytes from hex digits; blanks and line breaks are for the reader. */
export function bytes(hex: string): Uint8Array {
  const digits = hex.replaceAll(/\s/g, "");
  return Uint8Array.from(
    { length: digits.length / 2 },
    (_, i) => parseInt(digits.slice(2 * i, 2 * i + 2), 16),
  );
}

/** Hex digits, two for each byte, blanks between them. */
export function hex(data: Uint8Array): string {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

/** A reader at the first attribute of some bytes. */
export function first(data: string): Reader {
  const reader = new Reader(bytes(data));
  assert.ok(reader.next(reader.bytes.length));
  return reader;
}

/** The bytes that `write` appends. */
export function written(write: (writer: Writer) => void, capacity?: number): string {
  const writer = new Writer(capacity);
  write(writer);
  return hex(writer.result());
}

/** Asserts that decoding is refused, with this message, at this path and offset. */
export function refusedDecode(
  decode: () => unknown,
  expected: { message: RegExp; path?: string; offset: number },
): void {
  assert.throws(decode, (error) => {
    assert.ok(error instanceof NetlinkDecodeError, String(error));
    assert.match(error.message, expected.message);
    assert.deepEqual([error.path, error.offset], [expected.path ?? "", expected.offset], error.message);
    return true;
  });
}

/** Asserts that encoding is refused with this message. */
export function refusedEncode(encode: () => unknown, message: RegExp | string): void {
  assert.throws(encode, (error) => {
    assert.ok(error instanceof NetlinkEncodeError, String(error));
    if (typeof message === "string") assert.equal(error.message, message);
    else assert.match(error.message, message);
    return true;
  });
}

/** Attributes of a made-up set that nests itself: `id` 1 (u32), `name` 2 (text), `inner` 3 (nest), `list` 4. */
export interface Node {
  id?: number;
  name?: string;
  inner?: Node;
  list?: Node[] & { indices?: number[] };
  unknown?: UnknownAttribute[];
}

/** The codec of {@linkcode Node}, as the generator would write it. */
export const node: Codec<Node> = {
  name: "node",
  fields: "id name inner list",
  decode(r, end, m = {}) {
    while (r.next(end)) {
      switch (r.type) {
        case 1:
          m.id = r.u32();
          break;
        case 2:
          m.name = r.string();
          break;
        case 3:
          m.inner = r.nest(node);
          break;
        case 4:
          m.list = r.indexed(node, 1);
          break;
        default:
          (m.unknown ??= []).push(r.unknown());
      }
    }
    return m;
  },
  encode(w, m) {
    for (const key in m) {
      switch (key) {
        case "id":
          w.u32(1, m.id);
          break;
        case "name":
          w.string(2, m.name);
          break;
        case "inner":
          w.nest(3, node, m.inner);
          break;
        case "list":
          w.indexed(4, node, m.list, 1);
          break;
        case "unknown":
          w.unknown(m.unknown);
          break;
        default:
          throw unknownKey(node, key);
      }
    }
  },
};
