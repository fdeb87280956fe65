/**
 * C structs in attributes: where members stand, what may be longer or shorter, flexible arrays. The specs here are
 * made up; offsets are those of a C compiler for the struct in the comment (System V ABI, x86-64).
 *
 * @module
 */

import assert from "node:assert/strict";
import { compile } from "../model/compile.ts";
import { bytes, hex, refusedDecode, refusedEncode } from "./helpers.ts";

const demo = await compile(
  `
definitions:
  # struct { u8 a; u32 b; u16 c; be16 d; u64 e; u8 f; }: 0, 4, 8, 10, 16, 24; 32 bytes.
  - name: mixed
    type: struct
    members:
      - { name: a, type: u8 }
      - { name: b, type: u32 }
      - { name: c, type: u16 }
      - { name: d, type: u16, byte-order: big-endian }
      - { name: e, type: u64 }
      - { name: f, type: s8 }
  # struct { u8 kind; struct { u16 x; be32 y; } in; char name[4]; u8 raw[3]; }: 0, 4 (4, 8), 12, 16; 20 bytes.
  - name: inner
    type: struct
    members:
      - { name: x, type: u16 }
      - { name: y, type: s32, byte-order: big-endian }
  - name: outer
    type: struct
    members:
      - { name: kind, type: u8 }
      - { name: in, type: binary, struct: inner }
      - { name: name, type: string, len: 4 }
      - { name: raw, type: binary, len: 3 }
  # struct { u8 count; u16 values[]; }: sizeof 2, values at 2.
  - name: numbers
    type: struct
    members:
      - { name: count, type: u8 }
      - { name: values, type: u16 }
  # struct { u16 count; struct inner of[]; }: sizeof 4, of at 4, each of 8 bytes.
  - name: inners
    type: struct
    members:
      - { name: count, type: u16 }
      - { name: of, type: binary, struct: inner }
  # struct { be32 v4; u8 v6[16]; u8 mac[6]; u8 uuid[16]; pad[2]; s64 last; }: 0, 4, 20, 26, 42, 48; 56 bytes.
  - name: addresses
    type: struct
    members:
      - { name: v4, type: u32, byte-order: big-endian, display-hint: ipv4 }
      - { name: v6, type: binary, len: 16, display-hint: ipv6 }
      - { name: mac, type: binary, len: 6, display-hint: mac }
      - { name: uuid, type: binary, len: 16, display-hint: uuid }
      - { name: pad, type: pad, len: 2 }
      - { name: last, type: s64 }
attribute-sets:
  - name: all
    attributes:
      - { name: before, type: u32 }
      - { name: mixed, type: binary, struct: mixed }
      - { name: numbers, type: binary, struct: numbers }
      - { name: outer, type: binary, struct: outer }
`,
  {
    "definitions/numbers/members/values": { "flexible-array": true },
    "definitions/inners/members/of": { "flexible-array": true },
  },
);

Deno.test("members stand where a C compiler puts them", () => {
  assert.equal(
    hex(demo.encodeStruct("mixed", { a: 1, b: 2, c: 3, d: 4, e: 5n, f: -1 })),
    "24 00 01 00 01 00 00 00 02 00 00 00 03 00 00 04 00 00 00 00 05 00 00 00 00 00 00 00 ff 00 00 00 00 00 00 00",
  );
});

Deno.test("a struct is read as it was written", () => {
  const value = { a: 255, b: 0xffffffff, c: 0x1234, d: 0x1234, e: 0xffffffffffffffffn, f: -128 };
  assert.deepEqual(demo.decodeStruct("mixed", demo.encodeStruct("mixed", value)), value);
});

Deno.test("members that are not given are zero", () => {
  assert.equal(
    hex(demo.encodeStruct("mixed", { c: 7, e: undefined })).slice(12),
    `${"00 ".repeat(8)}07${" 00".repeat(23)}`,
  );
});

Deno.test("structs nest at the alignment of the inner one", () => {
  const value = { kind: 1, in: { x: 2, y: -2 }, name: "ab", raw: bytes("0a0b0c") };
  const data = "18 00 01 00 01 00 00 00 02 00 00 00 ff ff ff fe 61 62 00 00 0a 0b 0c 00";
  assert.equal(hex(demo.encodeStruct("outer", value)), data);
  assert.deepEqual(demo.decodeStruct("outer", bytes(data)), value);
});

Deno.test("a char array may be full, and ends at its first NUL", () => {
  const name = (hex: string) =>
    demo.decodeStruct("outer", bytes(`18000100 00000000 00000000 00000000 ${hex} 00000000`))["name"];
  assert.equal(name("61626364"), "abcd");
  assert.equal(name("61006364"), "a");
  assert.equal(name("00616263"), "");
  assert.equal(name("ff000000"), "\udcff");
});

Deno.test("text and bytes that are longer than their member are refused", () => {
  refusedEncode(
    () => demo.encodeStruct("outer", { name: "abcde" }),
    '.name: expected text of at most 4 bytes, got "abcde"',
  );
  refusedEncode(() => demo.encodeStruct("outer", { name: "éée" }), /text of at most 4 bytes/);
  refusedEncode(
    () => demo.encodeStruct("outer", { raw: bytes("01020304") }),
    /a Uint8Array of at most 3 bytes, got "4 bytes"/,
  );
});

Deno.test("shorter bytes leave zeros behind them", () => {
  assert.equal(hex(demo.encodeStruct("outer", { raw: bytes("ff") })).slice(-11), "ff 00 00 00");
});

Deno.test("addresses in structs are text", () => {
  const value = {
    v4: "192.0.2.1",
    v6: "2001:db8::1",
    mac: "02:00:00:00:00:01",
    uuid: "00112233-4455-6677-8899-aabbccddeeff",
    last: -1n,
  };
  const data = "3c000100 c0000201 20010db8000000000000000000000001 020000000001 " +
    "00112233445566778899aabbccddeeff 0000 00000000 ffffffffffffffff";
  assert.deepEqual(demo.encodeStruct("addresses", value), bytes(data));
  assert.deepEqual(demo.decodeStruct("addresses", bytes(data)), value);
});

Deno.test("addresses in structs are taken as bytes too", () => {
  const value = {
    v4: bytes("c0000201"),
    v6: new Uint8Array(16),
    mac: bytes("0200"),
    uuid: new Uint8Array(16),
  };
  assert.deepEqual(demo.decodeStruct("addresses", demo.encodeStruct("addresses", value)), {
    v4: "192.0.2.1",
    v6: "::",
    mac: "02:00:00:00:00:00",
    uuid: "00000000-0000-0000-0000-000000000000",
    last: 0n,
  });
});

Deno.test("an address that does not fit its member is refused", () => {
  refusedEncode(
    () => demo.encodeStruct("addresses", { v4: "::1" }),
    '.v4: expected an IPv4 address, got "::1"',
  );
  refusedEncode(() => demo.encodeStruct("addresses", { v6: "1.2.3.4" }), /^\.v6: expected an IPv6 address/);
  refusedEncode(
    () => demo.encodeStruct("addresses", { mac: "00:11:22:33:44:55:66" }),
    /^\.mac: .*at most 6 bytes/,
  );
  refusedEncode(() => demo.encodeStruct("addresses", { uuid: "00" }), /^\.uuid: expected a UUID/);
});

Deno.test("a longer struct, of a newer kernel, is read as far as it is known", () => {
  const data = bytes(
    "28000100 01000000 02000000 03000004 00000000 0500000000000000 ff00000000000000 ffffffff",
  );
  assert.deepEqual(demo.decodeStruct("mixed", data), { a: 1, b: 2, c: 3, d: 4, e: 5n, f: -1 });
});

Deno.test("a shorter struct, of an older kernel, ends behind a member, and the others are zero", () => {
  const none = { a: 0, b: 0, c: 0, d: 0, e: 0n, f: 0 };
  assert.deepEqual(demo.decodeStruct("mixed", bytes("05000100 01000000")), { ...none, a: 1 });
  assert.deepEqual(demo.decodeStruct("mixed", bytes("0c000100 01000000 02000000")), { ...none, a: 1, b: 2 });
  assert.deepEqual(demo.decodeStruct("mixed", bytes("10000100 01000000 02000000 03000004")), {
    ...none,
    a: 1,
    b: 2,
    c: 3,
    d: 4,
  });
});

Deno.test("a struct that ends within a member or in padding is refused", () => {
  // Members end at 1, 8, 10, 12, 24 and 25.
  const ends = [1, 8, 10, 12, 24, 25];
  for (let length = 0; length < 32; length++) {
    const data = bytes(
      `${(4 + length).toString(16).padStart(2, "0")}000100 ${"00".repeat((length + 3) & ~3)}`,
    );
    if (ends.includes(length)) {
      assert.doesNotThrow(() => demo.decodeStruct("mixed", data), `length ${length}`);
    } else {
      refusedDecode(() => demo.decodeStruct("mixed", data), {
        message: new RegExp(`^struct mixed needs 32 bytes, got ${length} \\(at byte 0\\)$`),
        offset: 0,
      });
    }
  }
});

Deno.test("a flexible array takes what is behind the struct", () => {
  const data = "0c 00 01 00 02 00 01 00 ff ff 02 00";
  assert.deepEqual(demo.decodeStruct("numbers", bytes(data)), { count: 2, values: [1, 65535, 2] });
  assert.equal(hex(demo.encodeStruct("numbers", { count: 2, values: [1, 65535, 2] })), data);
});

Deno.test("a flexible array may be empty", () => {
  assert.equal(hex(demo.encodeStruct("numbers", { count: 1, values: [] })), "06 00 01 00 01 00 00 00");
  assert.equal(hex(demo.encodeStruct("numbers", { count: 1 })), "06 00 01 00 01 00 00 00");
  assert.deepEqual(demo.decodeStruct("numbers", bytes("06000100 01000000")), { count: 1, values: [] });
});

Deno.test("a flexible array of an odd number of elements is padded behind, not within", () => {
  assert.equal(hex(demo.encodeStruct("numbers", { values: [1] })), "08 00 01 00 00 00 01 00");
  assert.equal(hex(demo.encodeStruct("numbers", { values: [1, 2] })), "0a 00 01 00 00 00 01 00 02 00 00 00");
});

Deno.test("a flexible array of structs takes each at its size", () => {
  const value = { count: 2, of: [{ x: 1, y: 2 }, { x: 3, y: -1 }] };
  const data = "18 00 01 00 02 00 00 00 01 00 00 00 00 00 00 02 03 00 00 00 ff ff ff ff";
  assert.equal(hex(demo.encodeStruct("inners", value)), data);
  assert.deepEqual(demo.decodeStruct("inners", bytes(data)), value);
});

Deno.test("bytes that are no whole element of a flexible array are refused, with their place", () => {
  refusedDecode(() => demo.decodeStruct("inners", bytes("12000100 02000000 01000000 00000002 0300 0000")), {
    message: /^2 stray bytes behind an array \(at byte 16\)$/,
    offset: 16,
  });
});

Deno.test("an element of a flexible array that is out of range is named", () => {
  refusedEncode(
    () => demo.encodeStruct("numbers", { values: [1, -1] }),
    ".values[1]: expected u16 (0..65535), got -1",
  );
  refusedEncode(
    () => demo.encodeStruct("inners", { of: [{ x: 1 }, { y: 1n }] }),
    ".of[1].y: expected s32 (-2147483648..2147483647), got 1n",
  );
  refusedEncode(
    () => demo.encodeStruct("inners", { of: {} }),
    ".of: expected an array of struct inner, got an object",
  );
});

Deno.test("a flexible array that grows the buffer keeps the struct before it", () => {
  const values = Array.from({ length: 5000 }, (_, i) => i);
  const data = demo.encodeStruct("numbers", { count: 9, values });
  assert.deepEqual(demo.decodeStruct("numbers", data), { count: 9, values });
});

Deno.test("a member that the struct does not have is refused, with the nearest one that it has", () => {
  refusedEncode(
    () => demo.encode("all", { outer: { in: { X: 1 } } }),
    '.outer.in: inner has no "X"; did you mean "x"?',
  );
  refusedEncode(() => demo.encode("all", { mixed: { zz: 1 } }), /^\.mixed: mixed has no "zz"/);
});

Deno.test("a member out of range is refused with its path", () => {
  const cases: [Record<string, unknown>, string][] = [
    [{ a: 256 }, ".mixed.a: expected u8 (0..255), got 256"],
    [{ b: -1 }, ".mixed.b: expected u32 (0..4294967295), got -1"],
    [{ c: 65536 }, ".mixed.c: expected u16 (0..65535), got 65536"],
    [{ e: -1 }, ".mixed.e: expected an unsigned 64-bit integer, got -1"],
    [{ f: 128 }, ".mixed.f: expected s8 (-128..127), got 128"],
    [{ a: 1n }, ".mixed.a: expected u8 (0..255), got 1n"],
  ];
  for (const [mixed, message] of cases) refusedEncode(() => demo.encode("all", { mixed }), message);
});

Deno.test("a struct takes an object and nothing else", () => {
  refusedEncode(() => demo.encode("all", { mixed: 5 }), ".mixed: expected a struct mixed, got 5");
  refusedEncode(() => demo.encode("all", { mixed: null }), ".mixed: expected a struct mixed, got null");
  refusedEncode(() => demo.encode("all", { outer: { in: 5 } }), ".outer.in: expected a struct inner, got 5");
});

Deno.test("a struct of a wrong length is refused with path and offset", () => {
  refusedDecode(() => demo.decode("all", bytes("08000100 00000000 06000200 0000 0000")), {
    message: /^\.mixed: struct mixed needs 32 bytes, got 2 \(at byte 8\)$/,
    path: ".mixed",
    offset: 8,
  });
});

Deno.test("a fault in a flexible array is told with the attribute's path", () => {
  refusedDecode(() => demo.decode("all", bytes("08000100 00000000 09000300 01000100 02000000")), {
    message: /^\.numbers: 1 stray bytes behind an array \(at byte 16\)$/,
    path: ".numbers",
    offset: 16,
  });
});
