/** Attributes written: the expected bytes are laid out by hand (see reader_test.ts for the layout). */

import assert from "node:assert/strict";
import {
  type Codec,
  decodeAttributes,
  encodeAttributes,
  indexed,
  noAttributes,
  unknownKey,
  Writer,
} from "../../runtime/wire/mod.ts";
import { bytes, hex, node, refusedEncode, written } from "./helpers.ts";

Deno.test("integers are written in host order, with zeros behind them", () => {
  assert.equal(written((w) => w.u8(1, 255)), "05 00 01 00 ff 00 00 00");
  assert.equal(written((w) => w.s8(1, -1)), "05 00 01 00 ff 00 00 00");
  assert.equal(written((w) => w.u16(1, 0x8001)), "06 00 01 00 01 80 00 00");
  assert.equal(written((w) => w.s16(1, -32767)), "06 00 01 00 01 80 00 00");
  assert.equal(written((w) => w.u32(1, 0x80000001)), "08 00 01 00 01 00 00 80");
  assert.equal(written((w) => w.s32(1, -2147483647)), "08 00 01 00 01 00 00 80");
  assert.equal(written((w) => w.u64(1, 0x8000000000000001n)), "0c 00 01 00 01 00 00 00 00 00 00 80");
  assert.equal(written((w) => w.s64(1, -2n)), "0c 00 01 00 fe ff ff ff ff ff ff ff");
});

Deno.test("integers are written in network order where the spec says so", () => {
  assert.equal(written((w) => w.u16be(1, 0x8001)), "06 00 01 00 80 01 00 00");
  assert.equal(written((w) => w.s16be(1, -32767)), "06 00 01 00 80 01 00 00");
  assert.equal(written((w) => w.u32be(1, 0x80000001)), "08 00 01 00 80 00 00 01");
  assert.equal(written((w) => w.s32be(1, -2147483647)), "08 00 01 00 80 00 00 01");
  assert.equal(written((w) => w.u64be(1, 0x8000000000000001n)), "0c 00 01 00 80 00 00 00 00 00 00 01");
  assert.equal(written((w) => w.s64be(1, -2n)), "0c 00 01 00 ff ff ff ff ff ff ff fe");
});

const RANGES = [
  ["u8", "0..255", [0, 255], [-1, 256, 0.5, NaN]],
  ["s8", "-128..127", [-128, 127], [-129, 128, 0.5, NaN]],
  ["u16", "0..65535", [0, 65535], [-1, 65536, 0.5, Infinity]],
  ["u16be", "0..65535", [0, 65535], [-1, 65536, 0.5, Infinity]],
  ["s16", "-32768..32767", [-32768, 32767], [-32769, 32768, 0.5]],
  ["s16be", "-32768..32767", [-32768, 32767], [-32769, 32768, 0.5]],
  ["u32", "0..4294967295", [0, 4294967295], [-1, 4294967296, 0.5, NaN]],
  ["u32be", "0..4294967295", [0, 4294967295], [-1, 4294967296, 0.5, NaN]],
  ["s32", "-2147483648..2147483647", [-2147483648, 2147483647], [-2147483649, 2147483648, 0.5]],
  ["s32be", "-2147483648..2147483647", [-2147483648, 2147483647], [-2147483649, 2147483648, 0.5]],
] as const;
for (const [method, range, taken, refused] of RANGES) {
  Deno.test(`${method} takes ${range} and no other value`, () => {
    for (const value of taken) assert.doesNotThrow(() => new Writer()[method](1, value));
    for (const value of [...refused, "1", 1n, true, null, [1], {}]) {
      refusedEncode(() => new Writer()[method](1, value as number), /^expected [us]\d+ \(.*\), got /);
    }
    refusedEncode(
      () => new Writer()[method](1, refused[0]),
      `expected ${method.replace("be", "")} (${range}), got ${refused[0]}`,
    );
  });
}

Deno.test("64-bit integers are taken as number and as bigint", () => {
  for (const method of ["u64", "s64", "uint", "sint", "u64be", "s64be", "uintbe", "sintbe"] as const) {
    assert.equal(written((w) => w[method](1, 7)), written((w) => w[method](1, 7n)), method);
  }
});

Deno.test("64-bit integers beyond their range, fractions and numbers that are not exact are refused", () => {
  for (const method of ["u64", "uint", "u64be", "uintbe"] as const) {
    for (const value of [-1, -1n, 1n << 64n, 0.5, NaN, 2 ** 53, "1", true, null]) {
      refusedEncode(
        () => new Writer()[method](1, value as bigint),
        /^expected an unsigned 64-bit integer, got /,
      );
    }
  }
  for (const method of ["s64", "sint", "s64be", "sintbe"] as const) {
    for (const value of [1n << 63n, -(1n << 63n) - 1n, 0.5, -(2 ** 53), "1"]) {
      refusedEncode(
        () => new Writer()[method](1, value as bigint),
        /^expected a signed 64-bit integer, got /,
      );
    }
  }
});

Deno.test("uint has four bytes where they suffice, else eight", () => {
  assert.equal(written((w) => w.uint(1, 0xffffffffn)), "08 00 01 00 ff ff ff ff");
  assert.equal(written((w) => w.uint(1, 0x100000000n)), "0c 00 01 00 00 00 00 00 01 00 00 00");
  assert.equal(written((w) => w.uintbe(1, 0xfffffffen)), "08 00 01 00 ff ff ff fe");
  assert.equal(written((w) => w.uintbe(1, 0x100000000n)), "0c 00 01 00 00 00 00 01 00 00 00 00");
});

Deno.test("sint has four bytes if it is the same as a signed 32-bit integer, as in the kernel's C library", () => {
  // tools/net/ynl/lib/ynl-priv.h, ynl_attr_put_sint: if ((s32)data == data) 4 bytes else 8.
  assert.equal(written((w) => w.sint(1, 0x7fffffffn)), "08 00 01 00 ff ff ff 7f");
  assert.equal(written((w) => w.sint(1, 0x80000000n)), "0c 00 01 00 00 00 00 80 00 00 00 00");
  assert.equal(written((w) => w.sint(1, -0x80000000n)), "08 00 01 00 00 00 00 80");
  assert.equal(written((w) => w.sint(1, -0x80000001n)), "0c 00 01 00 ff ff ff 7f ff ff ff ff");
  assert.equal(written((w) => w.sintbe(1, -2n)), "08 00 01 00 ff ff ff fe");
});

Deno.test("a flag is there if it is true", () => {
  assert.equal(written((w) => w.flag(9, true)), "04 00 09 00");
  assert.equal(written((w) => w.flag(9, false)), "");
  refusedEncode(() => new Writer().flag(9, 1 as never), "expected true or false, got 1");
});

Deno.test("flags may have bit 31", () => {
  assert.equal(written((w) => w.u32(1, 0x80000000)), "08 00 01 00 00 00 00 80");
  // What 1 << 31 gives in JavaScript is a negative number, and no mask.
  refusedEncode(() => new Writer().u32(1, 1 << 31), /got -2147483648$/);
});

Deno.test("a bitfield's absent part is zero", () => {
  assert.equal(
    written((w) => w.bitfield32(1, { value: 0x80000001, selector: 0xffffffff })),
    "0c 00 01 00 01 00 00 80 ff ff ff ff",
  );
  assert.equal(written((w) => w.bitfield32(1, { selector: 1 })), "0c 00 01 00 00 00 00 00 01 00 00 00");
});

Deno.test("a bitfield beyond 32 bits, and what is none, is refused", () => {
  refusedEncode(
    () => new Writer().bitfield32(1, { value: 2 ** 32 }),
    "expected a u32 as value, got 4294967296",
  );
  refusedEncode(() => new Writer().bitfield32(1, { selector: -1 }), "expected a u32 as selector, got -1");
  refusedEncode(() => new Writer().bitfield32(1, 5 as never), "expected { value, selector }, got 5");
  refusedEncode(() => new Writer().bitfield32(1, null as never), "expected { value, selector }, got null");
});

Deno.test("text has a NUL behind it", () => {
  assert.equal(written((w) => w.string(2, "eth")), "08 00 02 00 65 74 68 00");
  assert.equal(written((w) => w.string(2, "")), "05 00 02 00 00 00 00 00");
  assert.equal(written((w) => w.string(2, "é")), "07 00 02 00 c3 a9 00 00");
  assert.equal(written((w) => w.string(2, bytes("6162"))), "07 00 02 00 61 62 00 00");
});

Deno.test("lone surrogates become the bytes that they came from", () => {
  assert.equal(written((w) => w.string(2, "\udcffa\udcc3é")), "0a 00 02 00 ff 61 c3 c3 a9 00 00 00");
});

Deno.test("surrogates that stand for no byte are refused", () => {
  // U+DC80..U+DCFF stand for bytes; U+DC7F would be an ASCII character, U+D800 nothing at all.
  refusedEncode(() => new Writer().string(2, "a\ud800"), /^expected text, got /);
  refusedEncode(() => new Writer().string(2, "\udc7f"), /^expected text, got /);
  refusedEncode(() => new Writer().string(2, 5 as never), "expected text, got 5");
});

Deno.test("bytes go as they are", () => {
  assert.equal(written((w) => w.bytesOf(1, bytes("010203"))), "07 00 01 00 01 02 03 00");
  assert.equal(written((w) => w.bytesOf(1, bytes(""))), "04 00 01 00");
  refusedEncode(() => new Writer().bytesOf(1, [1, 2] as never), "expected a Uint8Array, got an array");
});

Deno.test("addresses are taken as text and as bytes", () => {
  assert.equal(written((w) => w.ipv4(1, "192.0.2.1")), "08 00 01 00 c0 00 02 01");
  assert.equal(written((w) => w.ip(1, "192.0.2.1")), "08 00 01 00 c0 00 02 01");
  assert.equal(
    written((w) => w.ip(1, "2001:db8::1")),
    "14 00 01 00 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01",
  );
  assert.equal(written((w) => w.mac(1, "02:00:00:00:00:01")), "0a 00 01 00 02 00 00 00 00 01 00 00");
  assert.equal(
    written((w) => w.uuid(1, "00112233-4455-6677-8899-aabbccddeeff")),
    "14 00 01 00 00 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff",
  );
  for (const method of ["ip", "ipv4"] as const) {
    assert.equal(written((w) => w[method](1, bytes("c0000201"))), "08 00 01 00 c0 00 02 01");
  }
  assert.equal(written((w) => w.mac(1, bytes("0200"))), "06 00 01 00 02 00 00 00");
  assert.equal(written((w) => w.uuid(1, new Uint8Array(16))), `14 00 01 00${" 00".repeat(16)}`);
});

Deno.test("what is no address is refused", () => {
  refusedEncode(() => new Writer().ip(1, "localhost"), 'expected an IPv4 or IPv6 address, got "localhost"');
  refusedEncode(() => new Writer().ipv4(1, "::1"), 'expected an IPv4 address, got "::1"');
  refusedEncode(() => new Writer().ipv4(1, bytes("00")), "expected an IPv4 address, got an object");
  refusedEncode(
    () => new Writer().mac(1, "x"),
    'expected a hardware address such as 02:00:00:00:00:01, got "x"',
  );
  refusedEncode(() => new Writer().uuid(1, "0011"), 'expected a UUID, got "0011"');
});

Deno.test("C arrays are numbers one after the other", () => {
  assert.equal(written((w) => w.u8s(1, [1, 255])), "06 00 01 00 01 ff 00 00");
  assert.equal(written((w) => w.s8s(1, [1, -1])), "06 00 01 00 01 ff 00 00");
  assert.equal(written((w) => w.u16s(1, [1, 65535])), "08 00 01 00 01 00 ff ff");
  assert.equal(written((w) => w.s16s(1, [1, -1])), "08 00 01 00 01 00 ff ff");
  assert.equal(written((w) => w.u32s(1, [1])), "08 00 01 00 01 00 00 00");
  assert.equal(written((w) => w.s32s(1, [-1])), "08 00 01 00 ff ff ff ff");
  assert.equal(
    written((w) => w.u64s(1, [1, 2n])),
    "14 00 01 00 01 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00",
  );
  assert.equal(written((w) => w.s64s(1, [-1n])), "0c 00 01 00 ff ff ff ff ff ff ff ff");
  assert.equal(written((w) => w.u32s(1, [])), "04 00 01 00");
});

Deno.test("an element of a C array out of range is named", () => {
  const numbers: Codec<{ numbers?: number[] }> = {
    name: "numbers",
    fields: "numbers",
    decode: (_r, _end, m = {}) => m,
    encode: (w, m) => w.u16s(1, m.numbers),
  };
  refusedEncode(
    () => encodeAttributes(numbers, { numbers: [1, 70000] }),
    ".numbers[1]: expected u16 (0..65535), got 70000",
  );
  refusedEncode(
    () => encodeAttributes(numbers, { numbers: 5 as never }),
    ".numbers: expected an array, got 5",
  );
});

Deno.test("attributes are written in the order of the object's keys", () => {
  assert.equal(hex(encodeAttributes(node, { id: 1, inner: {} })), "08 00 01 00 01 00 00 00 04 00 03 80");
  assert.equal(hex(encodeAttributes(node, { inner: {}, id: 1 })), "04 00 03 80 08 00 01 00 01 00 00 00");
});

Deno.test("undefined counts as absent", () => {
  const all = { id: undefined, name: undefined, inner: undefined, list: undefined, unknown: undefined };
  assert.equal(encodeAttributes(node, all).length, 0);
  const methods = [
    "u8",
    "s8",
    "u16",
    "u16be",
    "s16",
    "s16be",
    "u32",
    "u32be",
    "s32",
    "s32be",
    "u64",
    "u64be",
  ] as const;
  const others = [
    "s64",
    "s64be",
    "uint",
    "uintbe",
    "sint",
    "sintbe",
    "flag",
    "bitfield32",
    "string",
  ] as const;
  const more = [
    "bytesOf",
    "ip",
    "ipv4",
    "mac",
    "uuid",
    "u8s",
    "s8s",
    "u16s",
    "s16s",
    "u32s",
    "s32s",
  ] as const;
  for (const method of [...methods, ...others, ...more, "u64s", "s64s"] as const) {
    assert.equal(written((w) => w[method](1, undefined)), "", method);
  }
});

Deno.test("a key that the set does not have is refused, with the nearest one that it has", () => {
  refusedEncode(
    () => encodeAttributes(node, { nmae: "x" } as never),
    'node has no "nmae"; did you mean "name"?',
  );
  refusedEncode(() => encodeAttributes(node, { wholly: 1 } as never), 'node has no "wholly"');
});

Deno.test("a key that a nest does not have is refused with the way there", () => {
  refusedEncode(
    () => encodeAttributes(node, { inner: { list: [{}, { ID: 1 } as never] } }),
    '.inner.list[1]: node has no "ID"; did you mean "id"?',
  );
});

Deno.test("the names of what objects inherit are keys like others", () => {
  for (const key of ["constructor", "toString", "hasOwnProperty"]) {
    refusedEncode(() => encodeAttributes(node, { [key]: 1 } as never), /^node has no "/);
  }
  refusedEncode(() => encodeAttributes(node, JSON.parse('{"__proto__": 1}')), 'node has no "__proto__"');
});

Deno.test("a value out of range is refused with its path", () => {
  refusedEncode(
    () => encodeAttributes(node, { inner: { inner: { id: -1 } } }),
    ".inner.inner.id: expected u32 (0..4294967295), got -1",
  );
  refusedEncode(
    () => encodeAttributes(node, { list: [{ id: 1 }, { name: 5 as never }] }),
    ".list[1].name: expected text, got 5",
  );
});

Deno.test("a nest takes an object and nothing else", () => {
  for (const [value, shown] of [[5, "5"], [null, "null"], ["x", '"x"'], [[], "an array"]] as const) {
    refusedEncode(
      () => encodeAttributes(node, { inner: value as never }),
      `.inner: expected an object (node), got ${shown}`,
    );
  }
  refusedEncode(() => encodeAttributes(node, { inner: new Uint8Array() as never }), /got an object$/);
});

Deno.test("elements of an array have the usual indices unless they bring their own", () => {
  assert.equal(hex(encodeAttributes(node, { list: [{}, {}] })), "0c 00 04 80 04 00 01 80 04 00 02 80");
  assert.equal(
    hex(encodeAttributes(node, { list: indexed(7, [{}, {}]) })),
    "0c 00 04 80 04 00 07 80 04 00 08 80",
  );
  assert.equal(
    hex(encodeAttributes(node, { list: indexed([9, 0], [{}, {}]) })),
    "0c 00 04 80 04 00 09 80 04 00 00 80",
  );
  assert.equal(hex(encodeAttributes(node, { list: [] })), "04 00 04 80");
});

Deno.test("scalars in an array are not marked as nests", () => {
  assert.equal(
    written((w) => w.indexedValues(1, "u16", [1, 2], 0)),
    "14 00 01 80 06 00 00 00 01 00 00 00 06 00 01 00 02 00 00 00",
  );
  assert.equal(
    written((w) => w.indexedValues(1, "bytes", [bytes("ff")], 1)),
    "0c 00 01 80 05 00 01 00 ff 00 00 00",
  );
  assert.equal(written((w) => w.indexedValues(1, "string", ["a"], 0)), "0c 00 01 80 06 00 00 00 61 00 00 00");
});

Deno.test("indices that do not fit the elements or the wire are refused", () => {
  const list = (indices: number[]) => Object.assign([{}, {}], { indices });
  refusedEncode(() => encodeAttributes(node, { list: list([1]) }), ".list: 1 indices for 2 elements");
  refusedEncode(
    () => encodeAttributes(node, { list: list([1, 0x4000]) }),
    ".list: expected indices of 0..16383, got 16384",
  );
  refusedEncode(
    () => encodeAttributes(node, { list: {} as never }),
    ".list: expected an array, got an object",
  );
  refusedEncode(() => encodeAttributes(node, { list: null as never }), ".list: expected an array, got null");
});

Deno.test("entries with the same outer ids share their nests", () => {
  const values = [
    { policy: 5, attr: 1, id: 10 },
    { policy: 5, attr: 2, id: 11 },
    { policy: 6, attr: 1, id: 12 },
  ];
  // The bytes of "types that are values become members of each entry" in reader_test.ts.
  assert.equal(
    written((w) => w.typeValues(1, ["policy", "attr"], node, values)),
    "30 00 01 80 1c 00 05 80 0c 00 01 80 08 00 01 00 0a 00 00 00 0c 00 02 80 08 00 01 00 0b 00 00 00 " +
      "10 00 06 80 0c 00 01 80 08 00 01 00 0c 00 00 00",
  );
});

Deno.test("an id that is no attribute type is refused with the entry", () => {
  const codec: Codec<{ ids?: { id: number; value: bigint }[] }> = {
    name: "stats",
    fields: "ids",
    decode: (_r, _end, m = {}) => m,
    encode: (w, m) => w.typeScalars(1, ["id"], "u64", m.ids),
  };
  assert.equal(
    hex(encodeAttributes(codec, { ids: [{ id: 3, value: 1n }] })),
    "10 00 01 80 0c 00 03 00 01 00 00 00 00 00 00 00",
  );
  refusedEncode(
    () => encodeAttributes(codec, { ids: [{ id: 1, value: 1n }, { id: -1, value: 1n }] }),
    ".ids[1]: expected 0..16383 as id, got -1",
  );
  refusedEncode(
    () => encodeAttributes(codec, { ids: [{ value: 1n } as never] }),
    ".ids[0]: expected 0..16383 as id, got undefined",
  );
  refusedEncode(
    () => encodeAttributes(codec, { ids: [null as never] }),
    ".ids[0]: expected an object, got null",
  );
});

Deno.test("an attribute holds 65531 bytes, and not one more", () => {
  const most = written((w) => w.bytesOf(1, new Uint8Array(65531)));
  assert.ok(most.startsWith("ff ff 01 00 00"));
  assert.equal(most.length, 3 * 65536 - 1, "65535 bytes and one of padding");
  refusedEncode(
    () => new Writer().bytesOf(1, new Uint8Array(65532)),
    "payload of 65532 bytes; an attribute holds at most 65531",
  );
});

Deno.test("a nest holds 65531 bytes too, and names what holds more", () => {
  // The text has four bytes of header and a NUL.
  const name = (length: number) => ({ inner: { name: "x".repeat(length - 5) } });
  assert.equal(decodeAttributes(node, encodeAttributes(node, name(65528))).inner!.name!.length, 65523);
  refusedEncode(
    () => encodeAttributes(node, name(65532)),
    ".inner: payload of 65532 bytes; an attribute holds at most 65531",
  );
});

Deno.test("an array that holds too much is named", () => {
  const list = Array.from({ length: 9000 }, () => ({ id: 1 }));
  refusedEncode(
    () => encodeAttributes(node, { list }),
    /^\.list: payload of 108000 bytes; an attribute holds/,
  );
});

Deno.test("a writer grows as it must, and keeps what it has", () => {
  const writer = new Writer(0);
  for (let i = 0; i < 1000; i++) writer.u32(1, i);
  const decoded = hex(writer.result());
  assert.equal(writer.length, 8000);
  assert.ok(decoded.startsWith("08 00 01 00 00 00 00 00 08 00 01 00 01 00 00 00"));
  assert.ok(decoded.endsWith("08 00 01 00 e7 03 00 00"));
});

Deno.test("bytes go as they are in place of a C array", () => {
  assert.equal(written((w) => w.u16s(1, bytes("01000200") as never)), "08 00 01 00 01 00 02 00");
});

Deno.test("padding is zero where the buffer was used before", () => {
  const writer = new Writer(16);
  writer.bytesOf(1, bytes("ffffffffffffffff"));
  writer.reset();
  writer.u8(1, 1);
  writer.string(2, "a");
  assert.equal(hex(writer.result()), "05 00 01 00 01 00 00 00 06 00 02 00 61 00 00 00");
});

Deno.test("the result is a copy", () => {
  const writer = new Writer();
  writer.u8(1, 1);
  const result = writer.result();
  writer.reset();
  writer.u8(2, 2);
  assert.equal(hex(result), "05 00 01 00 01 00 00 00");
});

Deno.test("unknown attributes go with their flags", () => {
  assert.equal(
    written((w) => w.unknown([{ type: 0xc005, data: bytes("01") }, { type: 6 }])),
    "05 00 05 c0 01 00 00 00 04 00 06 00",
  );
});

Deno.test("unknown attributes without a type, or of what is no payload, are refused", () => {
  refusedEncode(() => new Writer().unknown([{}]), "unknown attribute of type undefined; expected 0..65535");
  refusedEncode(() => new Writer().unknown([{ type: 65536 }]), /of type 65536; expected 0..65535/);
  refusedEncode(
    () => new Writer().unknown([{ type: 1, data: "ab" as never }]),
    'expected a Uint8Array, got "ab"',
  );
  refusedEncode(() => new Writer().unknown(5 as never), "expected an array of unknown attributes, got 5");
});

Deno.test("a message without attributes has no keys", () => {
  refusedEncode(() => encodeAttributes(noAttributes, { id: 1 } as never), /there is no "id"/);
  assert.equal(
    hex(encodeAttributes(noAttributes, { unknown: [{ type: 1, data: bytes("01") }] })),
    "05 00 01 00 01 00 00 00",
  );
});

Deno.test("a sub-message of a kind that nobody knows takes bytes only", () => {
  assert.equal(written((w) => w.opaque(2, "kind", "new", bytes("0102"))), "06 00 02 00 01 02 00 00");
  assert.equal(written((w) => w.opaque(2, "kind", "new", undefined)), "");
  refusedEncode(
    () => new Writer().opaque(2, "kind", "new", {}),
    'no format is known for kind "new": give the payload as a Uint8Array',
  );
  refusedEncode(
    () => new Writer().opaque(2, "kind", undefined, {}),
    "needs kind to say which format it has; without it only a Uint8Array will do",
  );
});

Deno.test("the nearest key is found whatever its case and separators", () => {
  const codec = { name: "dev", fields: "ifindex xdpFeatures=4 xsk-features" };
  assert.match(unknownKey(codec, "xdp_features").message, /did you mean "xdpFeatures"\?$/);
  assert.match(unknownKey(codec, "if-index").message, /did you mean "ifindex"\?$/);
  assert.doesNotMatch(unknownKey(codec, "q").message, /did you mean/);
});
