import assert from "node:assert/strict";
import { IMPORTED_MARK, toFacts, writeCanonical } from "../../generator/spec/canonical.ts";
import type { Spec } from "../../generator/spec/types.ts";
import { committed, HANDWRITTEN, readRight, SMALL, SPDX, specNames, SPECS } from "./helpers.ts";

/** A spec with all that YAML makes difficult. */
const DIFFICULT = `${SPDX}# A comment.
operations:
  list:
    - { doc: Gone., name: get, attribute-set: dev, do: { post: b, reply: {}, pre: a, request: &r { attributes: [] } } }
    - { name: again, dump: { request: *r } }
  name-prefix: dev-cmd-
  enum-model: directional
attribute-sets:
  - attributes:
      - { type: u32, checks: { max: u8-max, min: 0x1f }, name: "off", doc: |
          Many
          lines. }
      - { name: 8021q, type: binary, checks: { exact-len: len - 1 } }
    enum-name:
    name: dev
protocol: genetlink-legacy
doc: Gone, too.
name: "123"
definitions:
  - { name: len, type: const, value: 7 }
  - { name: text, type: const, value: "0x10" }
  - { name: e, type: enum, entries: [{ doc: Only a name is left., name: yes-sir }, on, "null", { name: x, value: -1, doc: y }, "a b", "é", "-dash", "~", "1", "1e3", "#c", "k: v"] }
`.replace("doc: |\n          Many\n          lines. }", 'doc: "Many lines." }');

Deno.test("every committed spec but those written by hand is in canonical form", () => {
  for (const name of specNames()) {
    if (HANDWRITTEN.includes(name)) continue;
    const { spec, license } = committed(name);
    assert.equal(writeCanonical(spec, license), Deno.readTextFileSync(`${SPECS}${name}`), name);
  }
});

Deno.test("the canonical form reads back as the same facts, and is its own canonical form", () => {
  const specs = specNames().map((name) => committed(name)).concat(readRight(DIFFICULT));
  for (const { spec, license, file } of specs) {
    const text = writeCanonical(spec, license);
    const again = readRight(text, `${file}.yaml`);
    assert.deepEqual(again.spec, toFacts(spec));
    assert.equal(again.license, license);
    assert.equal(writeCanonical(again.spec, license), text);
  }
});

Deno.test("facts have no documentation, and the spec keeps its own", () => {
  const { spec } = readRight(SMALL);
  const facts = toFacts(spec);
  assert.doesNotMatch(JSON.stringify(facts), /"doc"/);
  assert.equal(spec.operations.list[0]!.doc, "Text that no fact needs.");
});

Deno.test("an attribute, an entry and a member may be called doc", () => {
  const text = SMALL.replace("name: ifindex", "name: doc").replace("[ifindex]", "[doc]")
    .replace("attribute-sets:", "definitions: [{ type: enum, name: doc, entries: [doc] }]\nattribute-sets:");
  const { spec } = readRight(text);
  const facts = toFacts(spec);
  assert.equal(facts["attribute-sets"][0]!.attributes[0]!.name, "doc");
  assert.deepEqual(facts.operations.list[0]!.do!.request!.attributes, ["doc"]);
  assert.deepEqual(facts.definitions![0]!.entries, ["doc"]);
});

Deno.test("the order of keys in a file makes no difference", () => {
  const reversed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(reversed);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).reverse().map(([key, each]) => [key, reversed(each)]));
  };
  for (const name of specNames()) {
    const { spec, license } = committed(name);
    assert.equal(writeCanonical(reversed(spec) as Spec, license), writeCanonical(spec, license), name);
  }
});

Deno.test("the canonical form looks like this", () => {
  const { spec, license } = readRight(DIFFICULT);
  assert.equal(
    writeCanonical(spec, license),
    `${SPDX}${IMPORTED_MARK}
name: "123"
protocol: genetlink-legacy
definitions:
  - type: const
    name: len
    value: 7
  - type: const
    name: text
    value: "0x10"
  - type: enum
    name: e
    entries:
      - yes-sir
      - "on"
      - "null"
      - name: x
        value: -1
      - a b
      - "é"
      - "-dash"
      - "~"
      - "1"
      - "1e3"
      - "#c"
      - "k: v"
attribute-sets:
  - name: dev
    enum-name: null
    attributes:
      - name: "off"
        type: u32
        checks:
          min: 31
          max: u8-max
      - name: "8021q"
        type: binary
        checks:
          exact-len: len - 1
operations:
  enum-model: directional
  name-prefix: dev-cmd-
  list:
    - name: get
      attribute-set: dev
      do:
        request:
          attributes: []
        reply: {}
        pre: a
        post: b
    - name: again
      dump:
        request:
          attributes: []
`,
  );
});

Deno.test("a long list of words goes over several lines", () => {
  const entries = Array.from({ length: 30 }, (_, i) => `entry-${i}`);
  const text = SMALL.replace(
    "attribute-sets:",
    `definitions: [{ type: enum, name: e, entries: [${entries.join(", ")}] }]\nattribute-sets:`,
  );
  const { spec, license } = readRight(text);
  const lines = writeCanonical(spec, license).split("\n");
  assert.ok(lines.slice(2).every((line) => line.length <= 110));
  assert.ok(lines.includes("    entries: ["));
  assert.deepEqual(readRight(lines.join("\n")).spec.definitions![0]!.entries, entries);
});
