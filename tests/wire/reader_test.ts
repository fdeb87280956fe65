/**
 * Attributes read from bytes made by hand. An attribute is its length and type, 16 bits each in host order
 * (little-endian here), the payload, and zeros up to the next multiple of four: netlink(7), libmnl's and the
 * kernel's include/uapi/linux/netlink.h (struct nlattr).
 *
 * @module
 */

import assert from "node:assert/strict";
import { decodeAttributes, encodeAttributes, NetlinkDecodeError, Reader } from "../../runtime/wire/mod.ts";
import { bytes, first, hex, node, refusedDecode } from "./helpers.ts";

Deno.test("integers are read in host order", () => {
  assert.equal(first("05000100 ff000000").u8(), 255);
  assert.equal(first("05000100 ff000000").s8(), -1);
  assert.equal(first("06000100 01800000").u16(), 0x8001);
  assert.equal(first("06000100 01800000").s16(), -32767);
  assert.equal(first("08000100 01000080").u32(), 0x80000001);
  assert.equal(first("08000100 01000080").s32(), -2147483647);
  assert.equal(first("0c000100 0100000000000080").u64(), 0x8000000000000001n);
  assert.equal(first("0c000100 0100000000000080").s64(), -0x7fffffffffffffffn);
});

Deno.test("integers are read in network order where the spec says so", () => {
  assert.equal(first("06000100 80010000").u16be(), 0x8001);
  assert.equal(first("06000100 80010000").s16be(), -32767);
  assert.equal(first("08000100 80000001").u32be(), 0x80000001);
  assert.equal(first("08000100 80000001").s32be(), -2147483647);
  assert.equal(first("0c000100 8000000000000001").u64be(), 0x8000000000000001n);
  assert.equal(first("0c000100 8000000000000001").s64be(), -0x7fffffffffffffffn);
});

Deno.test("uint and sint have four bytes or eight", () => {
  assert.equal(first("08000100 ffffffff").uint(), 0xffffffffn);
  assert.equal(first("08000100 ffffffff").sint(), -1n);
  assert.equal(first("0c000100 ffffffffffffffff").uint(), 0xffffffffffffffffn);
  assert.equal(first("0c000100 ffffffffffffffff").sint(), -1n);
  assert.equal(first("08000100 80000001").uintbe(), 0x80000001n);
  assert.equal(first("08000100 80000001").sintbe(), -0x7fffffffn);
  assert.equal(first("0c000100 8000000000000001").uintbe(), 0x8000000000000001n);
  assert.equal(first("0c000100 8000000000000001").sintbe(), -0x7fffffffffffffffn);
});

const FIXED = [
  ["u8", 1, ["u8", "s8"]],
  ["u16", 2, ["u16", "s16", "u16be", "s16be"]],
  ["u32", 4, ["u32", "s32", "u32be", "s32be"]],
  ["u64", 8, ["u64", "s64", "u64be", "s64be"]],
] as const;
for (const [name, length, methods] of FIXED) {
  Deno.test(`an integer of ${length} bytes is refused in any other length`, () => {
    for (const method of methods) {
      for (const wrong of [0, 1, 2, 3, 4, 5, 7, 8, 9].filter((each) => each !== length)) {
        const reader = first(`0${(4 + wrong).toString(16)}000700 ${"00".repeat((wrong + 3) & ~3)}`);
        refusedDecode(() => reader[method](), {
          message: new RegExp(`^[us]${name.slice(1)} needs ${length} bytes, got ${wrong} \\(at byte 0\\)$`),
          offset: 0,
        });
      }
    }
  });
}

Deno.test("uint and sint of another length than four or eight bytes are refused", () => {
  for (const method of ["uint", "sint", "uintbe", "sintbe"] as const) {
    for (const [length, payload] of [["04", ""], ["06", "00000000"], ["09", "0000000000000000"]] as const) {
      const reader = first(`${length}000100 ${payload}`);
      refusedDecode(() => reader[method](), { message: /^[us]int needs 4 or 8 bytes, got \d/, offset: 0 });
    }
  }
});

Deno.test("a bitfield is a value and a selector", () => {
  assert.deepEqual(first("0c000100 05000080 07000080").bitfield32(), {
    value: 0x80000005,
    selector: 0x80000007,
  });
  refusedDecode(() => first("08000100 05000000").bitfield32(), {
    message: /^bitfield32 needs 8 bytes, got 4/,
    offset: 0,
  });
});

Deno.test("text ends before its NUL, or where the payload ends", () => {
  assert.equal(first("07000200 65746800").string(), "eth", "6574 68 without a NUL");
  assert.equal(first("08000200 65746800").string(), "eth");
});

Deno.test("text of nothing, and of nothing but a NUL, is empty", () => {
  assert.equal(first("04000200").string(), "");
  assert.equal(first("05000200 00000000").string(), "");
});

Deno.test("only one NUL is taken off the end of a text", () => {
  assert.equal(first("08000200 61006200").string(), "a\0b");
  assert.equal(first("07000200 61000000").string(), "a\0");
});

Deno.test("text of bytes that are no UTF-8 keeps them as lone surrogates", () => {
  // RFC 3629: ff is never UTF-8, c3 alone is the first half of a character, c3 a9 is é, ed a0 80 a surrogate.
  assert.equal(first("0a000200 ff61c3c3a9000000").string(), "\udcffa\udcc3é");
  assert.equal(first("08000200 eda08000").string(), "\udced\udca0\udc80");
});

Deno.test("long text of bytes that are no UTF-8 keeps them as lone surrogates", () => {
  const text = "a".repeat(30);
  const reader = first(`24000200 ${"61".repeat(30)}ff00`);
  assert.equal(reader.string(), `${text}\udcff`);
});

Deno.test("bytes are a copy", () => {
  const reader = first("07000100 01020300");
  const copy = reader.bytesOf();
  reader.bytes.fill(0);
  assert.deepEqual(copy, bytes("010203"));
});

Deno.test("addresses are read as text", () => {
  assert.equal(first("08000100 c0000201").ipv4(), "192.0.2.1");
  assert.equal(first("08000100 c0000201").ip(), "192.0.2.1");
  assert.equal(first("14000100 20010db8000000000000000000000001").ip(), "2001:db8::1");
  assert.equal(first("0a000100 020000000001 0000").mac(), "02:00:00:00:00:01");
  assert.equal(
    first("14000100 00112233445566778899aabbccddeeff").uuid(),
    "00112233-4455-6677-8899-aabbccddeeff",
  );
});

Deno.test("an address of a length that no address has is refused", () => {
  refusedDecode(() => first("09000100 c000020101000000").ip(), {
    message: /^an IP address needs 4 or 16 bytes, got 5/,
    offset: 0,
  });
  refusedDecode(() => first("06000100 c0000000").ipv4(), { message: /needs 4 bytes, got 2/, offset: 0 });
  refusedDecode(() => first("06000100 c0000000").uuid(), { message: /needs 16 bytes, got 2/, offset: 0 });
});

Deno.test("a C array has as many numbers as fit", () => {
  assert.deepEqual(first("07000100 01ff0300").u8s(), [1, 255, 3]);
  assert.deepEqual(first("07000100 01ff0300").s8s(), [1, -1, 3]);
  assert.deepEqual(first("08000100 0100ffff").u16s(), [1, 65535]);
  assert.deepEqual(first("08000100 0100ffff").s16s(), [1, -1]);
  assert.deepEqual(first("0c000100 01000000ffffffff").u32s(), [1, 4294967295]);
  assert.deepEqual(first("0c000100 01000000ffffffff").s32s(), [1, -1]);
  assert.deepEqual(first("0c000100 ffffffffffffffff").u64s(), [0xffffffffffffffffn]);
  assert.deepEqual(first("0c000100 ffffffffffffffff").s64s(), [-1n]);
  assert.deepEqual(first("04000100").u64s(), []);
});

Deno.test("a C array of numbers and a half is refused", () => {
  refusedDecode(() => first("07000100 01000200").u16s(), {
    message: /^an array of u16 needs a multiple of 2 bytes, got 3/,
    offset: 0,
  });
  refusedDecode(() => first("0a000100 010000000200 0000").u32s(), { message: /multiple of 4/, offset: 0 });
  refusedDecode(() => first("08000100 01000000").s64s(), { message: /multiple of 8/, offset: 0 });
});

Deno.test("a nest is read whether or not it is marked as one", () => {
  // inner (3) with and without NLA_F_NESTED, and with NLA_F_NET_BYTEORDER besides; id (1) is 7.
  for (const type of ["0380", "0300", "03c0"]) {
    assert.deepEqual(decodeAttributes(node, bytes(`0c00${type} 08000100 07000000`)), { inner: { id: 7 } });
  }
});

Deno.test("an empty nest is an empty object", () => {
  assert.deepEqual(decodeAttributes(node, bytes("04000380")), { inner: {} });
});

Deno.test("of an attribute that comes twice the last one counts", () => {
  assert.deepEqual(decodeAttributes(node, bytes("08000100 01000000 08000100 02000000")), { id: 2 });
});

Deno.test("the last attribute need not be padded", () => {
  assert.deepEqual(decodeAttributes(node, bytes("08000100 01000000 07000200 616200")), { id: 1, name: "ab" });
});

Deno.test("an array in the usual order of indices has no indices", () => {
  // list (4), whose indices start at 1, with two elements: { id: 5 } and {}.
  const array = decodeAttributes(node, bytes("14000480 0c000180 08000100 05000000 04000280")).list!;
  assert.deepEqual(array, [{ id: 5 }, {}]);
  assert.equal("indices" in array, false);
});

Deno.test("an array keeps indices that are not the usual ones", () => {
  const array = decodeAttributes(node, bytes("0c000480 04000080 04000780")).list!;
  assert.deepEqual(array, Object.assign([{}, {}], { indices: [0, 7] }));
});

Deno.test("an array of scalars is read element by element", () => {
  // Two elements, 0 and 1, of network order.
  const reader = first("14000180 08000000 00000001 08000100 00000002");
  assert.deepEqual(reader.indexedValues("u32be", 0), [1, 2]);
  assert.equal(reader.next(reader.bytes.length), false);
});

Deno.test("an array of texts and an array of bytes are read element by element", () => {
  assert.deepEqual(first("14000180 07000000 61620000 05000100 63000000").indexedValues("string", 0), [
    "ab",
    "c",
  ]);
  assert.deepEqual(first("0c000180 06000000 61620000").indexedValues("bytes", 0), [bytes("6162")]);
});

Deno.test("types that are values become members of each entry", () => {
  // Two levels: 5 with 1 and 2 inside, then 6 with 1; every innermost nest is a node with an id.
  const reader = first(
    "30000180 1c000580 0c000180 08000100 0a000000 0c000280 08000100 0b000000" +
      "10000680 0c000180 08000100 0c000000",
  );
  assert.deepEqual(reader.typeValues(["policy", "attr"], node), [
    { policy: 5, attr: 1, id: 10 },
    { policy: 5, attr: 2, id: 11 },
    { policy: 6, attr: 1, id: 12 },
  ]);
});

Deno.test("a fault behind types that are values names the entry and what is in it", () => {
  // 5 with 1, whose id is sound, and with 2, whose id has two bytes.
  const reader = first("20000700 1c000580 0c000180 08000100 0a000000 0c000280 06000100 0b000000");
  refusedDecode(() => reader.typeValues(["policy", "attr"], node), {
    message: /at byte 24/,
    path: "[1].id",
    offset: 24,
  });
});

Deno.test("types that are values have a scalar as value at the innermost level", () => {
  const reader = first("1c000180 0c000300 0100000000000000 0c000900 0200000000000000");
  assert.deepEqual(reader.typeScalars<bigint, "id">(["id"], "u64"), [{ id: 3, value: 1n }, {
    id: 9,
    value: 2n,
  }]);
});

Deno.test("unknown attributes keep type, flags and payload", () => {
  const data = bytes("08000100 01000000 0600c7c0 0102 0000 04008800");
  assert.deepEqual(decodeAttributes(node, data), {
    id: 1,
    unknown: [{ type: 0xc0c7, data: bytes("0102") }, { type: 0x88, data: bytes("") }],
  });
});

Deno.test("unknown attributes are encoded as they came", () => {
  const data = "08 00 01 00 01 00 00 00 06 00 c7 c0 01 02 00 00 04 00 88 00";
  assert.equal(hex(encodeAttributes(node, decodeAttributes(node, bytes(data)))), data);
});

Deno.test("bytes too few for a header are refused with their place", () => {
  for (const stray of ["00", "0000", "000000"]) {
    refusedDecode(() => decodeAttributes(node, bytes(`08000100 01000000 ${stray}`)), {
      message: new RegExp(`^${stray.length / 2} stray bytes behind the last attribute \\(at byte 8\\)$`),
      offset: 8,
    });
  }
});

Deno.test("a length that is less than the header's is refused", () => {
  for (const length of ["00", "01", "03"]) {
    refusedDecode(() => decodeAttributes(node, bytes(`${length}000100 01000000`)), {
      message: /is less than its own header's 4 bytes/,
      offset: 0,
    });
  }
});

Deno.test("a length beyond the end of the buffer is refused", () => {
  refusedDecode(() => decodeAttributes(node, bytes("08000100 01000000 09000200 61626364")), {
    message: /^attribute length 9 exceeds the 8 bytes left \(at byte 8\)$/,
    offset: 8,
  });
  refusedDecode(() => decodeAttributes(node, bytes("ffff0100 01000000")), {
    message: /^attribute length 65535 exceeds the 8 bytes left/,
    offset: 0,
  });
});

Deno.test("a message that is cut anywhere is refused or has less", () => {
  const whole = bytes("08000100 01000000 14000380 08000100 07000000 06000200 6100 0000");
  const sizes = Array.from(whole, (_, length) => {
    try {
      return Object.keys(decodeAttributes(node, whole.slice(0, length))).length;
    } catch (error) {
      assert.ok(error instanceof NetlinkDecodeError);
      assert.ok(error.offset <= length);
      return -1;
    }
  });
  // Whole attributes only: nothing, or the first one.
  assert.deepEqual(sizes.flatMap((size, length) => size >= 0 ? [[length, size]] : []), [[0, 0], [8, 1]]);
});

Deno.test("a child that is longer than its nest is refused, even if the buffer goes on", () => {
  refusedDecode(() => decodeAttributes(node, bytes("08000380 08000100 07000000 00000000")), {
    message: /^\.inner: attribute length 8 exceeds the 4 bytes left \(at byte 4\)$/,
    path: ".inner",
    offset: 4,
  });
});

Deno.test("an error names its attribute", () => {
  refusedDecode(() => decodeAttributes(node, bytes("08000100 01000000 06000100 01000000")), {
    message: /^\.id: u32 needs 4 bytes, got 2 \(at byte 8\)$/,
    path: ".id",
    offset: 8,
  });
});

Deno.test("an error in a nest names the way there, and its offset in the whole buffer", () => {
  refusedDecode(() => decodeAttributes(node, bytes("10000380 0c000380 06000100 01000000")), {
    message: /^\.inner\.inner\.id: u32 needs 4 bytes, got 2 \(at byte 8\)$/,
    path: ".inner.inner.id",
    offset: 8,
  });
});

Deno.test("an error in an array names the element by its place", () => {
  // list with {} at index 1 and a broken id at index 2: element [1].
  refusedDecode(() => decodeAttributes(node, bytes("14000480 04000180 0c000280 06000100 01000000")), {
    message: /^\.list\[1\]\.id: u32 needs 4 bytes, got 2/,
    path: ".list[1].id",
    offset: 12,
  });
});

Deno.test("a broken element of an array is named by its place", () => {
  refusedDecode(() => decodeAttributes(node, bytes("0c000480 04000180 05000280")), {
    message: /^\.list\[1\]: attribute length 5 exceeds the 4 bytes left/,
    path: ".list[1]",
    offset: 8,
  });
});

Deno.test("nests are read 64 levels deep, and no deeper", () => {
  const nests = (levels: number) => {
    const data = new Uint8Array(4 * levels);
    const view = new DataView(data.buffer);
    for (let level = 0; level < levels; level++) {
      view.setUint16(4 * level, 4 * (levels - level), true);
      view.setUint16(4 * level + 2, 0x8003, true);
    }
    return data;
  };
  let levels = 0;
  for (let at = decodeAttributes(node, nests(64)); at.inner !== undefined; at = at.inner) levels++;
  assert.equal(levels, 64);
  refusedDecode(() => decodeAttributes(node, nests(65)), {
    message: /nested more than 64 levels deep \(at byte 256\)$/,
    path: ".inner".repeat(65),
    offset: 256,
  });
});

Deno.test("after a refused nest the depth is as before", () => {
  const reader = new Reader(bytes("05000380 00000000 04000380"));
  for (let i = 0; i < 100; i++) {
    reader.position = 0;
    reader.next(8);
    assert.throws(() => reader.nest(node), /stray bytes/);
  }
  reader.position = 8;
  reader.next(12);
  assert.deepEqual(reader.nest(node), {});
});

Deno.test("offsets count from the start of the buffer where the reader began further in", () => {
  const reader = new Reader(bytes("ffffffff 06000100 01000000"), 4);
  reader.next(12);
  refusedDecode(() => reader.u32(), { message: /at byte 4/, offset: 4 });
});

Deno.test("a buffer that begins within another is read from its own start", () => {
  const outer = bytes("ffffffff 08000100 07000000");
  assert.deepEqual(decodeAttributes(node, outer.subarray(4)), { id: 7 });
});
