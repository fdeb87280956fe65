/**
 * Messages in the words of the spec, to and from the objects of the codecs. What is expected is what the kernel's own
 * tool prints and takes (tools/net/ynl/pyynl/lib/ynl.py), but where that one loses something.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  fromSpecJson,
  indexed,
  setFromSpecJson,
  setToSpecJson,
  type SpecObject,
  toSpecJson,
} from "../../runtime/wire/mod.ts";
import { compile } from "../model/compile.ts";
import { bytes, refusedEncode } from "./helpers.ts";

const demo = await compile(`
definitions:
  - name: color
    type: enum
    entries: [red, green-ish, { name: blue, value: 34 }]
  - name: right
    type: flags
    entries: [read, write, { name: own, value: 31 }]
  - name: point
    type: struct
    members:
      - { name: x-pos, type: s32 }
      - { name: color, type: u8, enum: color }
      - { name: rights, type: u32, enum: right }
      - { name: peer, type: u32, byte-order: big-endian, display-hint: ipv4 }
      - { name: raw, type: binary, len: 2 }
  - name: line
    type: struct
    members:
      - { name: from, type: binary, struct: point }
      - { name: label, type: string, len: 8 }
  - name: head
    type: struct
    members:
      - { name: family, type: u8 }
      - { name: table, type: u8 }
attribute-sets:
  - name: all
    attributes:
      - { name: if-index, type: u32 }
      - { name: big, type: u64 }
      - { name: color, type: u32, enum: color }
      - { name: rights, type: u32, enum: right }
      - { name: colors-as-flags, type: u64, enum: color, enum-as-flags: true }
      - { name: bits, type: bitfield32, enum: right }
      - { name: plain-bits, type: bitfield32 }
      - { name: present, type: flag }
      - { name: label, type: string }
      - { name: bytes, type: binary }
      - { name: digits, type: binary, display-hint: hex }
      - { name: mark, type: u32, display-hint: hex }
      - { name: v4, type: u32, byte-order: big-endian, display-hint: ipv4 }
      - { name: ip, type: binary, display-hint: ipv4-or-v6 }
      - { name: hw, type: binary, display-hint: mac }
      - { name: uuid, type: binary, display-hint: uuid }
      - { name: line, type: binary, struct: line }
      - { name: numbers, type: binary, sub-type: u16 }
      - { name: in, type: nest, nested-attributes: all }
      - { name: many, type: u32, multi-attr: true }
      - { name: many-rights, type: u32, enum: right, multi-attr: true }
      - { name: list, type: indexed-array, sub-type: nest, nested-attributes: all }
      - { name: list-of-numbers, type: indexed-array, sub-type: u32 }
      - { name: list-of-bytes, type: indexed-array, sub-type: binary }
      - { name: list-of-text, type: indexed-array, sub-type: string }
      - { name: policy, type: nest-type-value, type-value: [policy-id, attr-id], nested-attributes: all }
      - { name: kind, type: string }
      - { name: data, type: sub-message, sub-message: data-msg, selector: kind }
      - { name: table, type: u32 }
  - name: hostile
    attributes:
      - { name: constructor, type: u32 }
      - { name: prototype, type: u32 }
      - { name: to-string, type: u32 }
      - { name: has-own-property, type: nest, nested-attributes: hostile }
      - { name: header, type: u32 }
      - { name: unknown, type: u32 }
      - { name: value-of, type: string }
sub-messages:
  - name: data-msg
    formats:
      - { value: both, fixed-header: head, attribute-set: all }
      - { value: header-only, fixed-header: point }
      - { value: set-only, attribute-set: all }
      - { value: nothing }
operations:
  list:
    - name: get
      attribute-set: all
      fixed-header: head
      do: { request: { attributes: [if-index] } }
`);

/** Asserts that the object is said like this, and that these words mean the object. */
function says(value: Record<string, unknown>, json: SpecObject, set = "all"): void {
  assert.deepEqual(setToSpecJson(demo.meta, set, value), json);
  const heard = setFromSpecJson(demo.meta, set, json) as Record<string, unknown>;
  assert.deepEqual(demo.encode(set, heard), demo.encode(set, value));
}

/** Asserts that the words mean the same as the object. */
function means(json: SpecObject, value: Record<string, unknown>): void {
  assert.deepEqual(
    demo.encode("all", setFromSpecJson(demo.meta, "all", json) as Record<string, unknown>),
    demo.encode("all", value),
  );
}

const hear = (json: SpecObject) => () => setFromSpecJson(demo.meta, "all", json);

Deno.test("names are the spec's", () => {
  says({ ifIndex: 7, label: "eth0" }, { "if-index": 7, label: "eth0" });
});

Deno.test("numbers of 64 bits are bigint", () => {
  says({ big: 0xffffffffffffffffn }, { big: 0xffffffffffffffffn });
  means({ big: 7 }, { big: 7n });
});

Deno.test("numbers are heard as text and as booleans too", () => {
  means({ "if-index": "7", big: "18446744073709551615" }, { ifIndex: 7, big: 0xffffffffffffffffn });
  means({ "if-index": true }, { ifIndex: 1 });
});

Deno.test("an enum's value is its name", () => {
  says({ color: 1 }, { color: "green-ish" });
  says({ color: 34 }, { color: "blue" });
});

Deno.test("a value that the enum does not name stays a number", () => {
  says({ color: 5 }, { color: 5 });
});

Deno.test("a mask is the list of its flags, sorted", () => {
  says({ rights: 0x80000003 }, { rights: ["own", "read", "write"] });
  says({ rights: 0 }, { rights: [] });
});

Deno.test("a bit that the flags do not name keeps its position", () => {
  says({ rights: 5 }, { rights: ["Unknown(2)", "read"] });
});

Deno.test("an enum used as flags gives its values' bits", () => {
  says({ colorsAsFlags: (1n << 34n) | 2n }, { "colors-as-flags": ["blue", "green-ish"] });
});

Deno.test("a flag that is heard twice counts once", () => {
  means({ rights: ["read", "read"] }, { rights: 1 });
});

Deno.test("a single flag is heard without a list", () => {
  means({ rights: "write" }, { rights: 2 });
});

Deno.test("an entry that is not in the enum is refused, with the nearest one that is", () => {
  refusedEncode(
    hear({ color: "grenish" }),
    '.color: color has no entry "grenish"; did you mean "green-ish"?',
  );
  refusedEncode(hear({ rights: ["raed"] }), '.rights: right has no entry "raed"; did you mean "read"?');
});

Deno.test("the names of what objects inherit are no entries of an enum", () => {
  for (const name of ["constructor", "toString", "__proto__", "hasOwnProperty"]) {
    refusedEncode(hear({ color: name }), new RegExp(`^\\.color: color has no entry "${name}"`));
  }
});

Deno.test("a bitfield is two lists of flags, or two numbers", () => {
  says({ bits: { value: 0x80000000, selector: 3 } }, {
    bits: { value: ["own"], selector: ["read", "write"] },
  });
  says({ plainBits: { value: 1, selector: 3 } }, { "plain-bits": { value: 1, selector: 3 } });
  means({ bits: { value: 1 } }, { bits: { value: 1, selector: 0 } });
  refusedEncode(hear({ bits: 5 }), /^\.bits: expected .*"selector".*, got 5$/);
});

Deno.test("a flag is true, and false or null for absent", () => {
  says({ present: true }, { present: true });
  means({ present: false }, {});
  means({ present: null }, {});
});

Deno.test("bytes are hex digits", () => {
  says({ bytes: bytes("00ff10") }, { bytes: "00ff10" });
  says({ bytes: bytes("") }, { bytes: "" });
  says({ digits: bytes("00ff10") }, { digits: "00 ff 10" });
  means({ bytes: "00 FF 10" }, { bytes: bytes("00ff10") });
  means({ bytes: null }, { bytes: bytes("") });
  refusedEncode(hear({ bytes: "xyz" }), '.bytes: expected hex digits, got "xyz"');
  refusedEncode(hear({ bytes: [1, 2] }), ".bytes: expected hex digits, got [1,2]");
});

Deno.test("a number with a hex hint is hex", () => {
  says({ mark: 31 }, { mark: "0x1f" });
  means({ mark: "1f" }, { mark: 31 });
  // Digits alone are decimal, as for the kernel's tool.
  means({ mark: "10" }, { mark: 10 });
});

Deno.test("addresses are text", () => {
  says({ v4: "192.0.2.1", ip: "2001:db8::1", hw: "02:00:00:00:00:01" }, {
    v4: "192.0.2.1",
    ip: "2001:db8::1",
    hw: "02:00:00:00:00:01",
  });
  says({ uuid: "00112233-4455-6677-8899-aabbccddeeff" }, { uuid: "00112233-4455-6677-8899-aabbccddeeff" });
});

Deno.test("addresses are heard as hex digits, and IPv4 as a number, too", () => {
  means({ v4: 0xc0000201 }, { v4: "192.0.2.1" });
  means({ ip: "c0000201" }, { ip: "192.0.2.1" });
  means({ hw: "020000000001" }, { hw: "02:00:00:00:00:01" });
});

const POINT = { xPos: -1, color: 34, rights: 2, peer: "192.0.2.1", raw: bytes("0102") };
const POINT_JSON = { "x-pos": -1, color: "blue", rights: ["write"], peer: "192.0.2.1", raw: "0102" };

Deno.test("structs nest as objects", () => {
  says({ line: { from: POINT, label: "a" } }, { line: { from: POINT_JSON, label: "a" } });
});

Deno.test("members that are not said are zero", () => {
  means({ line: { from: { color: "blue" } } }, { line: { from: { color: 34 } } });
});

Deno.test("a member that the struct does not have is refused with its path", () => {
  refusedEncode(
    hear({ line: { from: { "x-pso": 1 } } }),
    '.line.from: point has no "x-pso"; did you mean "x-pos"?',
  );
  refusedEncode(hear({ line: { from: 5 } }), ".line.from: expected an object, got 5");
});

Deno.test("a struct is heard as hex digits too", () => {
  const line = demo.encode("all", { line: { from: POINT, label: "a" } }).slice(4);
  means({ line: Array.from(line, (byte) => byte.toString(16).padStart(2, "0")).join("") }, {
    line: { from: POINT, label: "a" },
  });
});

Deno.test("a C array is a list, and is heard as hex digits too", () => {
  says({ numbers: [1, 65535] }, { numbers: [1, 65535] });
  says({ numbers: [] }, { numbers: [] });
  means({ numbers: "0100ffff" }, { numbers: [1, 65535] });
});

Deno.test("nests are objects in objects", () => {
  says({ in: { in: { ifIndex: 1 }, label: "x" } }, { in: { in: { "if-index": 1 }, label: "x" } });
  refusedEncode(hear({ in: 5 }), ".in: expected an object, got 5");
});

Deno.test("a repeated attribute is a list, and is heard without one too", () => {
  says({ many: [1, 2] }, { many: [1, 2] });
  means({ many: 1 }, { many: [1] });
  means({ many: [] }, {});
});

Deno.test("repeated flags are a list of lists, and are heard as one list too", () => {
  says({ manyRights: [1, 2] }, { "many-rights": [["read"], ["write"]] });
  means({ "many-rights": ["read", "write"] }, { manyRights: [1, 2] });
});

Deno.test("elements of an array are told with their index", () => {
  says({ list: [{ ifIndex: 1 }, {}] }, { list: [{ 0: { "if-index": 1 } }, { 1: {} }] });
  says({ list: indexed(1, [{ ifIndex: 1 }, {}]) }, { list: [{ 1: { "if-index": 1 } }, { 2: {} }] });
});

Deno.test("elements of an array are heard without an index too", () => {
  means({ list: [{ "if-index": 1 }, {}] }, { list: [{ ifIndex: 1 }, {}] });
  refusedEncode(hear({ list: {} }), ".list: expected a list, got {}");
  refusedEncode(hear({ list: [5] }), ".list: expected a list of objects, got 5");
});

Deno.test("arrays of numbers, bytes and texts are lists", () => {
  says({ listOfNumbers: [1, 2] }, { "list-of-numbers": [1, 2] });
  says({ listOfBytes: [bytes("0a"), bytes("")] }, { "list-of-bytes": ["0a", ""] });
  says({ listOfText: ["a", ""] }, { "list-of-text": ["a", ""] });
});

Deno.test("types that are values are members, a single entry without a list", () => {
  says({ policy: [{ policyId: 1, attrId: 2, ifIndex: 3 }] }, {
    policy: { "policy-id": 1, "attr-id": 2, "if-index": 3 },
  });
  says({ policy: [{ policyId: 1, attrId: 2 }, { policyId: 1, attrId: 3 }] }, {
    policy: [{ "policy-id": 1, "attr-id": 2 }, { "policy-id": 1, "attr-id": 3 }],
  });
});

Deno.test("a sub-message of each form follows its selector", () => {
  says({ kind: "both", data: { header: { family: 1, table: 2 }, ifIndex: 3 } }, {
    kind: "both",
    data: { family: 1, table: 2, "if-index": 3 },
  });
  says({ kind: "header-only", data: POINT }, { kind: "header-only", data: POINT_JSON });
  says({ kind: "set-only", data: { ifIndex: 3 } }, { kind: "set-only", data: { "if-index": 3 } });
  says({ kind: "nothing", data: {} }, { kind: "nothing", data: {} });
});

Deno.test("a selector may be heard after its sub-message", () => {
  means({ data: { "if-index": 3 }, kind: "set-only" }, { data: { ifIndex: 3 }, kind: "set-only" });
});

Deno.test("a sub-message of a kind that the spec does not know is hex digits", () => {
  says({ kind: "new", data: bytes("0102") }, { kind: "new", data: "0102" });
  says({ data: bytes("0102") }, { data: "0102" });
  refusedEncode(
    hear({ kind: "new", data: {} }),
    /^\.data: the spec has no format for the kind given: .* hex digits$/,
  );
});

Deno.test("the names of what objects inherit are no kinds", () => {
  for (const kind of ["constructor", "toString", "__proto__"]) {
    says({ kind, data: bytes("01") }, { kind, data: "01" });
  }
});

Deno.test("unknown attributes have their number as a name", () => {
  says({ unknown: [{ type: 99, data: bytes("0102") }] }, { "UnknownAttr(99)": "0102" });
  says({ unknown: [{ type: 99, data: bytes("01") }, { type: 99, data: bytes("02") }] }, {
    "UnknownAttr(99)": ["01", "02"],
  });
});

Deno.test("unknown nests are told as nests", () => {
  says({ unknown: [{ type: 0x8063, data: bytes("05000100 ff000000") }] }, {
    "UnknownAttr(99)": { "UnknownAttr(1)": "ff" },
  });
});

Deno.test("an unknown nest that holds no attributes is told as hex digits", () => {
  assert.deepEqual(setToSpecJson(demo.meta, "all", { unknown: [{ type: 0x8063, data: bytes("ffff") }] }), {
    "UnknownAttr(99)": "ffff",
  });
});

Deno.test("a name that the set does not have is refused, with the nearest one that it has", () => {
  refusedEncode(hear({ "if-idx": 1 }), 'all has no "if-idx"; did you mean "if-index"?');
  refusedEncode(hear({ in: { labl: "x" } }), '.in: all has no "labl"; did you mean "label"?');
});

Deno.test("the names of what objects inherit are no attributes", () => {
  for (const name of ["constructor", "toString", "hasOwnProperty"]) {
    refusedEncode(hear({ [name]: 1 }), new RegExp(`^all has no "${name}"`));
  }
  refusedEncode(hear(JSON.parse('{"__proto__": 1}')), /^all has no "__proto__"/);
  refusedEncode(hear(JSON.parse('{"in": {"__proto__": {}}}')), /^\.in: all has no "__proto__"/);
});

Deno.test("attributes may be named like what objects inherit", () => {
  says({ constructor: 1, toString: 2, valueOf: "x", hasOwnProperty: { prototype: 3 } }, {
    constructor: 1,
    "to-string": 2,
    "value-of": "x",
    "has-own-property": { prototype: 3 },
  }, "hostile");
});

Deno.test("attributes named header and unknown are attributes", () => {
  says({ header: 1, unknown_: 2 }, { header: 1, unknown: 2 }, "hostile");
});

Deno.test("the members of a fixed header stand among the attributes", () => {
  const { meta } = demo;
  const json = toSpecJson(meta, meta.operations["get"]!, { header: { family: 2, table: 0 }, ifIndex: 3 });
  assert.deepEqual(json, { family: 2, table: 0, "if-index": 3 });
  assert.deepEqual(fromSpecJson(meta, meta.operations["get"]!, json), {
    header: { family: 2, table: 0 },
    ifIndex: 3,
  });
});

Deno.test("an attribute with the name of a header member is told in place of it", () => {
  const { meta } = demo;
  const json = toSpecJson(meta, meta.operations["get"]!, { header: { family: 2, table: 252 }, table: 1000 });
  assert.deepEqual(json, { family: 2, table: 1000 });
  // 1000 does not fit the header's u8, so that it can only be the attribute.
  assert.deepEqual(fromSpecJson(meta, meta.operations["get"]!, json), { header: { family: 2 }, table: 1000 });
  assert.deepEqual(fromSpecJson(meta, meta.operations["get"]!, { table: 254 }), { header: { table: 254 } });
});

Deno.test("what is no number is refused with its path and shortened", () => {
  refusedEncode(hear({ "if-index": "eth0" }), '.if-index: expected u32, got "eth0"');
  refusedEncode(hear({ "if-index": 0.5 }), ".if-index: expected u32, got 0.5");
  refusedEncode(hear({ in: { big: null } }), ".in.big: expected u64, got null");
  refusedEncode(hear({ "if-index": "x".repeat(100) }), `.if-index: expected u32, got "${"x".repeat(56)}...`);
});
