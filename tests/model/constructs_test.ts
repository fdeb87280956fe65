/**
 * Constructs that the schemas of the kernel allow and that no spec of Linux 7.3 uses, or only one: each in a small
 * spec, generated, imported, encoded to bytes laid out by hand, decoded, and taken through the words of the spec.
 *
 * @module
 */

import assert from "node:assert/strict";
import { setFromSpecJson, setToSpecJson } from "../../runtime/wire/mod.ts";
import { bytes, hex } from "../wire/helpers.ts";
import { compile } from "./compile.ts";

/** A construct: the attributes and definitions of its spec, a value, its bytes and its words. */
interface Construct {
  attributes: string;
  definitions?: string;
  value: Record<string, unknown>;
  bytes: string;
  json: Record<string, unknown>;
}

const constructs: { [name: string]: Construct } = {
  "little-endian by name": {
    // As host order on every machine that tynl runs on.
    attributes: "- { name: x, type: u32, byte-order: little-endian }",
    value: { x: 0x01020304 },
    bytes: "08 00 01 00 04 03 02 01",
    json: { x: 0x01020304 },
  },
  "big-endian s64": {
    attributes: "- { name: x, type: s64, byte-order: big-endian }",
    value: { x: -2n },
    bytes: "0c 00 01 00 ff ff ff ff ff ff ff fe",
    json: { x: -2n },
  },
  "big-endian u8, where order means nothing": {
    attributes: "- { name: x, type: u8, byte-order: big-endian }",
    value: { x: 7 },
    bytes: "05 00 01 00 07 00 00 00",
    json: { x: 7 },
  },
  "big-endian uint of four and of eight bytes": {
    attributes:
      "- { name: x, type: uint, byte-order: big-endian }\n- { name: y, type: uint, byte-order: big-endian }",
    value: { x: 1n, y: 0x100000000n },
    bytes: "08 00 01 00 00 00 00 01 0c 00 02 00 00 00 00 01 00 00 00 00",
    json: { x: 1n, y: 0x100000000n },
  },
  "big-endian sint": {
    attributes:
      "- { name: x, type: sint, byte-order: big-endian }\n- { name: y, type: sint, byte-order: big-endian }",
    value: { x: -2n, y: 0x80000000n },
    bytes: "08 00 01 00 ff ff ff fe 0c 00 02 00 00 00 00 00 80 00 00 00",
    json: { x: -2n, y: 0x80000000n },
  },
  "string members of a struct": {
    definitions:
      "- { name: s, type: struct, members: [{ name: n, type: string, len: 6 }, { name: x, type: u16 }] }",
    attributes: "- { name: s, type: binary, struct: s }",
    value: { s: { n: "eth0", x: 1 } },
    bytes: "0c 00 01 00 65 74 68 30 00 00 01 00",
    json: { s: { n: "eth0", x: 1 } },
  },
  "an indexed array of texts": {
    attributes: "- { name: x, type: indexed-array, sub-type: string }",
    value: { x: ["ab", ""] },
    bytes: "14 00 01 80 07 00 00 00 61 62 00 00 05 00 01 00 00 00 00 00",
    json: { x: ["ab", ""] },
  },
  "an indexed array of u64": {
    attributes: "- { name: x, type: indexed-array, sub-type: u64 }",
    value: { x: [1n, 0xffffffffffffffffn] },
    bytes: "1c 00 01 80 0c 00 00 00 01 00 00 00 00 00 00 00 0c 00 01 00 ff ff ff ff ff ff ff ff",
    json: { x: [1n, 0xffffffffffffffffn] },
  },
  "an indexed array of big-endian numbers": {
    attributes: "- { name: x, type: indexed-array, sub-type: u16, byte-order: big-endian }",
    value: { x: [1, 2] },
    bytes: "14 00 01 80 06 00 00 00 00 01 00 00 06 00 01 00 00 02 00 00",
    json: { x: [1, 2] },
  },
  "an indexed array of sint": {
    attributes: "- { name: x, type: indexed-array, sub-type: sint }",
    value: { x: [-1n] },
    bytes: "0c 00 01 80 08 00 00 00 ff ff ff ff",
    json: { x: [-1n] },
  },
  "an indexed array of addresses": {
    attributes: "- { name: x, type: indexed-array, sub-type: binary, display-hint: ipv6 }",
    value: { x: ["::1"] },
    bytes: "18 00 01 80 14 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01",
    json: { x: ["::1"] },
  },
  "an indexed array of IPv4 numbers": {
    attributes:
      "- { name: x, type: indexed-array, sub-type: u32, byte-order: big-endian, display-hint: ipv4 }",
    value: { x: ["192.0.2.1"] },
    bytes: "0c 00 01 80 08 00 00 00 c0 00 02 01",
    json: { x: ["192.0.2.1"] },
  },
  "an enum on a C array": {
    definitions: "- { name: e, type: enum, entries: [a, b] }",
    attributes: "- { name: x, type: binary, sub-type: u16, enum: e }",
    value: { x: [1, 0, 5] },
    bytes: "0a 00 01 00 01 00 00 00 05 00 00 00",
    json: { x: ["b", "a", 5] },
  },
  "an enum used as flags on u64": {
    definitions: "- { name: e, type: enum, entries: [a, { name: b, value: 63 }] }",
    attributes: "- { name: x, type: u64, enum: e, enum-as-flags: true }",
    value: { x: 0x8000000000000001n },
    bytes: "0c 00 01 00 01 00 00 00 00 00 00 80",
    json: { x: ["a", "b"] },
  },
  "an enum used as flags on sint": {
    definitions: "- { name: e, type: enum, entries: [a, { name: b, value: 40 }] }",
    attributes: "- { name: x, type: sint, enum: e, enum-as-flags: true }",
    value: { x: 1n << 40n },
    bytes: "0c 00 01 00 00 00 00 00 00 01 00 00",
    json: { x: ["b"] },
  },
  "flags in an indexed array": {
    definitions: "- { name: f, type: flags, entries: [a, { name: b, value: 31 }] }",
    attributes: "- { name: x, type: indexed-array, sub-type: u32, enum: f }",
    value: { x: [0x80000001] },
    bytes: "0c 00 01 80 08 00 00 00 01 00 00 80",
    json: { x: [["a", "b"]] },
  },
  "one enum on 32 and on 64 bits": {
    definitions: "- { name: e, type: enum, entries: [a, b] }",
    attributes: "- { name: x, type: u32, enum: e }\n- { name: y, type: u64, enum: e }",
    value: { x: 1, y: 1n },
    bytes: "08 00 01 00 01 00 00 00 0c 00 02 00 01 00 00 00 00 00 00 00",
    json: { x: "b", y: "b" },
  },
  "repeated flags": {
    attributes: "- { name: x, type: flag, multi-attr: true }",
    value: { x: [true, true] },
    bytes: "04 00 01 00 04 00 01 00",
    json: { x: [true, true] },
  },
  "repeated bitfields": {
    attributes: "- { name: x, type: bitfield32, multi-attr: true }",
    value: { x: [{ value: 1, selector: 2 }, { value: 3, selector: 4 }] },
    bytes: "0c 00 01 00 01 00 00 00 02 00 00 00 0c 00 01 00 03 00 00 00 04 00 00 00",
    json: { x: [{ value: 1, selector: 2 }, { value: 3, selector: 4 }] },
  },
  "repeated structs": {
    definitions: "- { name: s, type: struct, members: [{ name: x, type: u16 }] }",
    attributes: "- { name: s, type: binary, struct: s, multi-attr: true }",
    value: { s: [{ x: 1 }, { x: 2 }] },
    bytes: "06 00 01 00 01 00 00 00 06 00 01 00 02 00 00 00",
    json: { s: [{ x: 1 }, { x: 2 }] },
  },
  "repeated C arrays": {
    attributes: "- { name: x, type: binary, sub-type: u16, multi-attr: true }",
    value: { x: [[1, 2], [3]] },
    bytes: "08 00 01 00 01 00 02 00 06 00 01 00 03 00 00 00",
    json: { x: [[1, 2], [3]] },
  },
  "repeated indexed arrays": {
    attributes: "- { name: x, type: indexed-array, sub-type: u16, multi-attr: true }",
    value: { x: [[1], [2, 3]] },
    bytes: "0c 00 01 80 06 00 00 00 01 00 00 00 14 00 01 80 06 00 00 00 02 00 00 00 06 00 01 00 03 00 00 00",
    json: { x: [[1], [2, 3]] },
  },
  "a type value of one level with a scalar": {
    attributes: "- { name: x, type: nest-type-value, sub-type: u64, type-value: [id] }",
    value: { x: [{ id: 3, value: 7n }, { id: 9, value: 8n }] },
    bytes: "1c 00 01 80 0c 00 03 00 07 00 00 00 00 00 00 00 0c 00 09 00 08 00 00 00 00 00 00 00",
    json: { x: [{ id: 3, value: 7n }, { id: 9, value: 8n }] },
  },
  "a type value of three levels": {
    attributes:
      "- { name: x, type: nest-type-value, type-value: [a, b, c], nested-attributes: all }\n- { name: y, type: u8 }",
    value: { x: [{ a: 1, b: 2, c: 3, y: 4 }, { a: 1, b: 5, c: 3 }] },
    // One nest of a, in it one of each b, in each the one of c.
    bytes: "20 00 01 80 1c 00 01 80 10 00 02 80 0c 00 03 80 05 00 02 00 04 00 00 00 08 00 05 80 04 00 03 80",
    json: { x: [{ a: 1, b: 2, c: 3, y: 4 }, { a: 1, b: 5, c: 3 }] },
  },
  "a repeated type value, whose entries make one list": {
    attributes: "- { name: x, type: nest-type-value, sub-type: u8, type-value: [id], multi-attr: true }",
    value: { x: [{ id: 1, value: 1 }, { id: 2, value: 2 }] },
    bytes: "0c 00 01 80 05 00 01 00 01 00 00 00 0c 00 01 80 05 00 02 00 02 00 00 00",
    json: { x: [{ id: 1, value: 1 }, { id: 2, value: 2 }] },
  },
  "big-endian, enum and flags in a struct": {
    definitions: `- { name: e, type: enum, entries: [a, b] }
- { name: f, type: flags, entries: [a, b] }
- name: s
  type: struct
  members:
    - { name: x, type: s16, byte-order: big-endian }
    - { name: y, type: u64, byte-order: big-endian, enum: f }
    - { name: e, type: u8, enum: e }
    - { name: m, type: u32, enum: e, enum-as-flags: true }`,
    attributes: "- { name: s, type: binary, struct: s }",
    value: { s: { x: -2, y: 2n, e: 1, m: 3 } },
    bytes: "1c 00 01 00 ff fe 00 00 00 00 00 00 00 00 00 00 00 00 00 02 01 00 00 00 03 00 00 00",
    json: { s: { x: -2, y: ["b"], e: "b", m: ["a", "b"] } },
  },
  "names that are reserved words": {
    definitions: "- { name: delete, type: enum, entries: [new, class] }",
    attributes: "- { name: function, type: u8, enum: delete }\n- { name: class, type: u8 }",
    value: { function: 1, class: 2 },
    bytes: "05 00 01 00 01 00 00 00 05 00 02 00 02 00 00 00",
    json: { function: "class", class: 2 },
  },
  "names that begin with a digit": {
    definitions: "- { name: 8021q, type: enum, entries: [4addr, 6rd] }",
    attributes: "- { name: 4addr, type: u8, enum: 8021q }",
    value: { "4addr": 1 },
    bytes: "05 00 01 00 01 00 00 00",
    json: { "4addr": "6rd" },
  },
  "names that objects have of their own": {
    attributes:
      "- { name: constructor, type: u8 }\n- { name: to-string, type: u8 }\n- { name: length, type: u8 }",
    value: { constructor: 1, toString: 2, length: 3 },
    bytes: "05 00 01 00 01 00 00 00 05 00 02 00 02 00 00 00 05 00 03 00 03 00 00 00",
    json: { constructor: 1, "to-string": 2, length: 3 },
  },
};

for (const [name, construct] of Object.entries(constructs)) {
  Deno.test(`${name}: to bytes, back, and through the words of the spec`, async () => {
    const indent = (text: string, by: string) => text.split("\n").map((line) => by + line).join("\n");
    const demo = await compile(
      (construct.definitions === undefined ? "" : `definitions:\n${indent(construct.definitions, "  ")}\n`) +
        `attribute-sets:\n  - name: all\n    attributes:\n${indent(construct.attributes, "      ")}`,
    );
    assert.equal(hex(demo.encode("all", construct.value)), construct.bytes);
    assert.deepEqual(demo.decode("all", bytes(construct.bytes)), construct.value);
    const json = setToSpecJson(demo.meta, "all", construct.value);
    assert.deepEqual(json, construct.json);
    const heard = setFromSpecJson(demo.meta, "all", json) as Record<string, unknown>;
    assert.equal(hex(demo.encode("all", heard)), construct.bytes);
  });
}
