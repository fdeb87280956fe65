/** Attribute sets and enums of the model: ids, subsets, selectors, and how numbers are named. */

import assert from "node:assert/strict";
import type { AttributeSet, Family } from "../../generator/model/mod.ts";
import { bytes, hex, refusedDecode, refusedEncode } from "../wire/helpers.ts";
import { compile, familyOf } from "./compile.ts";

function setOf(family: Family, name: string): AttributeSet {
  return family.sets.find((set) => set.name === name)!;
}

/** The entries of the constant objects that a compiled spec exports under a name. */
function constantOf(module: { readonly [name: string]: unknown }, name: string): unknown {
  return module[name];
}

Deno.test("attribute ids count from one, and a value sets the counter", () => {
  const [set] = familyOf(`
attribute-sets:
  - name: a
    attributes:
      - { name: one, type: u8 }
      - { name: two, type: u8 }
      - { name: far, type: u8, value: 300 }
      - { name: next, type: u8 }
      - { name: back, type: u8, value: 5 }
      - { name: last, type: u8 }
`).sets;
  assert.deepEqual(set!.attributes.map(({ id }) => id), [1, 2, 300, 301, 5, 6]);
});

Deno.test("an attribute may have the id zero", async () => {
  const demo = await compile(`
attribute-sets:
  - { name: a, attributes: [{ name: zero, type: u8, value: 0 }, { name: one, type: u8 }] }
`);
  const data = "05 00 00 00 07 00 00 00 05 00 01 00 08 00 00 00";
  assert.equal(hex(demo.encode("a", { zero: 7, one: 8 })), data);
  assert.deepEqual(demo.decode("a", bytes(data)), { zero: 7, one: 8 });
  refusedEncode(() => demo.encode("a", { zero: -1 }), ".zero: expected u8 (0..255), got -1");
});

Deno.test("ids above 255 are written in both bytes", async () => {
  const demo = await compile(
    "attribute-sets: [{ name: a, attributes: [{ name: far, type: u8, value: 0x3fff }] }]",
  );
  assert.equal(hex(demo.encode("a", { far: 7 })), "05 00 ff 3f 07 00 00 00");
  assert.deepEqual(demo.decode("a", bytes("05 00 ff 3f 07 00 00 00")), { far: 7 });
});

const SUBSETS = `
attribute-sets:
  - name: parent
    attributes:
      - { name: one, type: u8 }
      - { name: two, type: u32, byte-order: big-endian }
      - { name: three, type: nest, nested-attributes: parent }
      - { name: hidden, type: u8 }
  - name: child
    subset-of: parent
    attributes:
      - name: three
        nested-attributes: child
      - { name: two, multi-attr: true }
      - { name: one, type: u16 }
`;

Deno.test("a subset has its parent's ids, in its own order", () => {
  const child = setOf(familyOf(SUBSETS), "child");
  assert.deepEqual(child.attributes.map(({ name, id }) => [name, id]), [["three", 3], ["two", 2], [
    "one",
    1,
  ]]);
});

Deno.test("what a subset says of an attribute goes before what its parent says", async () => {
  const demo = await compile(SUBSETS);
  const value = { three: { one: 0x102 }, two: [1, 2] };
  const data = "0c 00 03 80 06 00 01 00 02 01 00 00 08 00 02 00 00 00 00 01 08 00 02 00 00 00 00 02";
  assert.equal(hex(demo.encode("child", value)), data);
  assert.deepEqual(demo.decode("child", bytes(data)), value);
  // The parent itself is as before: the last of two counts, and one has a byte.
  assert.deepEqual(demo.decode("parent", bytes(data.slice(36))), { two: 2 });
});

Deno.test("an attribute that repeats takes an array and nothing else", async () => {
  const demo = await compile(SUBSETS);
  for (const two of ["12", 7, { length: 1 }, new Set([1])]) {
    refusedEncode(() => demo.encode("child", { two }), /expected an array/);
  }
  assert.equal(hex(demo.encode("child", { two: undefined })), "");
});

Deno.test("what a subset leaves out is unknown to it", async () => {
  const demo = await compile(SUBSETS);
  refusedEncode(() => demo.encode("child", { hidden: 1 }), /^child has no "hidden"/);
  assert.deepEqual(demo.decode("child", bytes("05000400 07000000")), {
    unknown: [{ type: 4, data: bytes("07") }],
  });
});

const SELECTORS = `
attribute-sets:
  - name: outer
    attributes:
      - { name: kind, type: string }
      - { name: middle, type: nest, nested-attributes: middle }
      - { name: list, type: indexed-array, sub-type: nest, nested-attributes: middle }
      - { name: own, type: nest, nested-attributes: outer }
  - name: middle
    attributes:
      - { name: inner, type: nest, nested-attributes: inner }
      - { name: again, type: nest, nested-attributes: outer }
      - { name: late, type: sub-message, sub-message: data, selector: kind }
  - name: inner
    attributes:
      - { name: data, type: sub-message, sub-message: data, selector: kind }
  - { name: a, attributes: [{ name: x, type: u8 }] }
  - { name: b, attributes: [{ name: x, type: u16 }] }
sub-messages:
  - name: data
    formats: [{ value: a, attribute-set: a }, { value: b, attribute-set: b }]
`;

Deno.test("a selector in an outer set is known to every set on the way", () => {
  const family = familyOf(SELECTORS);
  assert.deepEqual([...setOf(family, "inner").needs], ["kind"]);
  assert.deepEqual([...setOf(family, "middle").needs], ["kind"]);
  assert.deepEqual([...setOf(family, "outer").needs], []);
  const { payload } = setOf(family, "inner").attributes[0]!;
  assert.ok(payload.kind === "sub-message");
  assert.equal(payload.selector.local, undefined);
});

Deno.test("a selector two sets further out chooses the format", async () => {
  const demo = await compile(SELECTORS);
  for (
    const [kind, x, payload] of [["a", 7, "05 00 01 00 07 00 00 00"], [
      "b",
      7,
      "06 00 01 00 07 00 00 00",
    ]] as const
  ) {
    const value = { kind, middle: { inner: { data: { x } } } };
    const data = `06 00 01 00 ${
      kind === "a" ? "61" : "62"
    } 00 00 00 14 00 02 80 10 00 01 80 0c 00 01 80 ${payload}`;
    assert.equal(hex(demo.encode("outer", value)), data);
    assert.deepEqual(demo.decode("outer", bytes(data)), value);
  }
});

Deno.test("without the selector of an outer set the payload stays bytes", async () => {
  const demo = await compile(SELECTORS);
  const value = { middle: { inner: { data: bytes("0102") } } };
  assert.deepEqual(demo.decode("outer", demo.encode("outer", value)), value);
  refusedEncode(
    () => demo.encode("outer", { middle: { inner: { data: { x: 1 } } } }),
    /^\.middle\.inner\.data: needs kind to say which format it has/,
  );
});

Deno.test("a selector of an outer set holds for every element of an array", async () => {
  const demo = await compile(SELECTORS);
  const value = { kind: "b", list: [{ inner: { data: { x: 1 } } }, { inner: { data: { x: 2 } } }] };
  assert.deepEqual(demo.decode("outer", demo.encode("outer", value)), value);
});

Deno.test("a selector holds for its own set, not for those next to it", async () => {
  const demo = await compile(SELECTORS);
  const value = {
    own: { kind: "a", middle: { inner: { data: { x: 1 } } } },
    middle: { inner: { data: bytes("01") } },
  };
  assert.deepEqual(demo.decode("outer", demo.encode("outer", value)), value);
});

Deno.test("the selector of a nest within does not replace the one further out", async () => {
  const demo = await compile(SELECTORS);
  const value = { kind: "a", middle: { again: { kind: "b" }, late: { x: 7 } } };
  // kind "a"; middle with again (kind "b" in it) and late, whose x has one byte as format a says.
  const data =
    "06 00 01 00 61 00 00 00 1c 00 02 80 0c 00 02 80 06 00 01 00 62 00 00 00 0c 00 03 80 05 00 01 00 07 00 00 00";
  assert.deepEqual(demo.decode("outer", bytes(data)), value);
  assert.equal(hex(demo.encode("outer", value)), data);
});

Deno.test("the selector of a nest within that looks for it too does not replace the one further out", async () => {
  const demo = await compile(SELECTORS);
  const value = {
    kind: "a",
    middle: { again: { kind: "b", middle: { late: { x: 0x1ff } } }, late: { x: 7 } },
  };
  const data =
    "06 00 01 00 61 00 00 00 2c 00 02 80 1c 00 02 80 06 00 01 00 62 00 00 00 10 00 02 80 0c 00 03 80 " +
    "06 00 01 00 ff 01 00 00 0c 00 03 80 05 00 01 00 07 00 00 00";
  assert.equal(hex(demo.encode("outer", value)), data);
  assert.deepEqual(demo.decode("outer", bytes(data)), value);
});

Deno.test("two selectors of an outer set are told apart by their names", async () => {
  const demo = await compile(`
attribute-sets:
  - name: outer
    attributes:
      - { name: first, type: string }
      - { name: second, type: string }
      - { name: inner, type: nest, nested-attributes: inner }
  - name: inner
    attributes:
      - { name: one, type: sub-message, sub-message: data, selector: first }
      - { name: two, type: sub-message, sub-message: data, selector: second }
  - { name: a, attributes: [{ name: x, type: u8 }] }
  - { name: b, attributes: [{ name: x, type: u16 }] }
sub-messages: [{ name: data, formats: [{ value: a, attribute-set: a }, { value: b, attribute-set: b }] }]
`);
  const value = { first: "a", second: "b", inner: { one: { x: 1 }, two: { x: 2 } } };
  const data = "06 00 01 00 61 00 00 00 06 00 02 00 62 00 00 00 1c 00 03 80 " +
    "0c 00 01 80 05 00 01 00 01 00 00 00 0c 00 02 80 06 00 01 00 02 00 00 00";
  assert.equal(hex(demo.encode("outer", value)), data);
  assert.deepEqual(demo.decode("outer", bytes(data)), value);
});

Deno.test("a fault in a sub-message is told with the whole way there", async () => {
  const demo = await compile(SELECTORS);
  // kind "a"; x has two bytes, and needs one.
  const data = bytes("06000100 61000000 14000280 10000180 0c000180 06000100 07000000");
  refusedDecode(() => demo.decode("outer", data), {
    message: /^\.middle\.inner\.data\.x: u8 needs 1 bytes, got 2 \(at byte 20\)$/,
    path: ".middle.inner.data.x",
    offset: 20,
  });
  refusedEncode(
    () => demo.encode("outer", { kind: "a", middle: { inner: { data: { x: 256 } } } }),
    ".middle.inner.data.x: expected u8 (0..255), got 256",
  );
});

Deno.test("a number selects by the entries of its enum", async () => {
  const demo = await compile(`
definitions: [{ name: kind, type: enum, entries: [none, { name: b, value: 9 }, a] }]
attribute-sets:
  - name: outer
    attributes:
      - { name: type, type: u32, byte-order: big-endian, enum: kind }
      - { name: data, type: sub-message, sub-message: data, selector: type }
  - { name: a, attributes: [{ name: x, type: u8 }] }
  - { name: b, attributes: [{ name: x, type: u16 }] }
sub-messages: [{ name: data, formats: [{ value: a, attribute-set: a }, { value: b, attribute-set: b }] }]
`);
  const value = { type: 10, data: { x: 1 } };
  const data = "08 00 01 00 00 00 00 0a 0c 00 02 80 05 00 01 00 01 00 00 00";
  assert.equal(hex(demo.encode("outer", value)), data);
  assert.deepEqual(demo.decode("outer", bytes(data)), value);
  const unlisted = { type: 0, data: bytes("01") };
  assert.deepEqual(demo.decode("outer", demo.encode("outer", unlisted)), unlisted);
});

Deno.test("a sub-message in front of its selector stays bytes", async () => {
  const demo = await compile(
    SELECTORS.replace(
      "- { name: kind, type: string }",
      `- { name: kind, type: string }
      - { name: data, type: sub-message, sub-message: data, selector: kind }`,
    ),
  );
  const data = bytes("0c000280 05000100 07000000 06000100 61000000");
  const value = { data: bytes("0500010007000000"), kind: "a" };
  assert.deepEqual(demo.decode("outer", data), value);
});

Deno.test("an array may begin at another index than zero", async () => {
  const demo = await compile(
    `
attribute-sets:
  - name: a
    attributes:
      - { name: actions, type: indexed-array, sub-type: nest, nested-attributes: a }
`,
    { "attribute-sets/a/attributes/actions": { "index-start": 1 } },
  );
  assert.equal(hex(demo.encode("a", { actions: [{}, {}] })), "0c 00 01 80 04 00 01 80 04 00 02 80");
  const usual = demo.decode("a", bytes("0c 00 01 80 04 00 01 80 04 00 02 80"))["actions"] as object;
  assert.equal("indices" in usual, false);
  assert.deepEqual(demo.decode("a", bytes("08 00 01 80 04 00 00 80")), {
    actions: Object.assign([{}], { indices: [0] }),
  });
});

const ENUMS = `
definitions:
  - { name: plain, type: enum, entries: [a, { name: b, value: 34 }, c, { name: d, value: 4294967295 }] }
  - { name: started, type: enum, value-start: 5, entries: [a, b] }
  - { name: bits, type: flags, entries: [a, { name: b, value: 31 }] }
  - { name: late-bits, type: flags, value-start: 4, entries: [a, b] }
  - { name: wide, type: enum, entries: [a, b] }
  - { name: wide-bits, type: flags, entries: [a, { name: b, value: 63 }] }
  - { name: masked, type: enum, value-start: 1, entries: [a, { name: b, value: 40 }] }
attribute-sets:
  - name: all
    attributes:
      - { name: plain, type: u32, enum: plain }
      - { name: bits, type: u32, enum: bits }
      - { name: wide, type: u64, enum: wide }
      - { name: wide-bits, type: uint, enum: wide-bits }
      - { name: masked, type: u64, enum: masked, enum-as-flags: true }
`;

Deno.test("entries count from zero or value-start, and a value sets the counter", () => {
  const values = new Map(
    familyOf(ENUMS).enums.map(({ name, entries }) => [name, entries.map(({ value }) => value)]),
  );
  assert.deepEqual(values.get("plain"), [0, 34, 35, 4294967295]);
  assert.deepEqual(values.get("started"), [5, 6]);
  assert.deepEqual(values.get("bits"), [0, 31]);
  assert.deepEqual(values.get("late-bits"), [4, 5]);
});

Deno.test("enums are objects of numbers, flags of masks, and those of 64 bits of bigint", async () => {
  const { module } = await compile(ENUMS);
  assert.deepEqual(constantOf(module, "Plain"), { a: 0, b: 34, c: 35, d: 4294967295 });
  assert.deepEqual(constantOf(module, "Bits"), { a: 1, b: 0x80000000 });
  assert.deepEqual(constantOf(module, "LateBits"), { a: 16, b: 32 });
  assert.deepEqual(constantOf(module, "Wide"), { a: 0n, b: 1n });
  assert.deepEqual(constantOf(module, "WideBits"), { a: 1n, b: 0x8000000000000000n });
});

Deno.test("an enum that is used as flags has an object of masks besides", async () => {
  const { module } = await compile(ENUMS);
  assert.deepEqual(constantOf(module, "Masked"), { a: 1n, b: 40n });
  assert.deepEqual(constantOf(module, "MaskedBits"), { a: 2n, b: 1n << 40n });
});

Deno.test("masks of flags can be put on the wire", async () => {
  const demo = await compile(ENUMS);
  const { Bits, WideBits, MaskedBits } = demo.module as {
    [name: string]: { [entry: string]: number | bigint };
  };
  const value = { bits: Bits!["b"], wideBits: WideBits!["b"], masked: MaskedBits!["b"] };
  assert.deepEqual(demo.decode("all", demo.encode("all", value)), {
    bits: 0x80000000,
    wideBits: 0x8000000000000000n,
    masked: 1n << 40n,
  });
});

Deno.test("a number that an enum does not name is taken and kept", async () => {
  const demo = await compile(ENUMS);
  assert.deepEqual(demo.decode("all", demo.encode("all", { plain: 77, wide: 99n })), {
    plain: 77,
    wide: 99n,
  });
});
