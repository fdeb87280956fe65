import assert from "node:assert/strict";
import { formatDiagnostic } from "../../generator/spec/diagnostics.ts";
import { readSpec } from "../../generator/spec/read.ts";
import { committed, read, readRight, SMALL, SPDX, specNames } from "./helpers.ts";

Deno.test("the 33 specs of Linux 7.3 and that of inet-diag read clean", () => {
  const names = specNames();
  assert.equal(names.length, 34);
  for (const name of names) committed(name);
});

Deno.test("the committed specs hold what Linux 7.3 has, and three attributes, two entries and an enum of handshake", () => {
  const specs = specNames().filter((name) => name !== "inet-diag.yaml").map((name) => committed(name).spec);
  const count = (of: (spec: typeof specs[0]) => number) => specs.reduce((sum, spec) => sum + of(spec), 0);
  assert.equal(count((spec) => spec.definitions?.length ?? 0), 282 + 1);
  assert.equal(count((spec) => spec["attribute-sets"].length), 414);
  assert.equal(
    count((spec) => spec["attribute-sets"].reduce((n, set) => n + set.attributes.length, 0)),
    3349 + 3,
  );
  assert.equal(count((spec) => spec["sub-messages"]?.length ?? 0), 7);
  assert.equal(
    count((spec) => spec["sub-messages"]?.reduce((n, each) => n + each.formats.length, 0) ?? 0),
    116,
  );
  assert.equal(count((spec) => spec.operations.list.length), 340);
});

Deno.test("a spec that was read knows its name, licence and hash", () => {
  const file = readRight(SMALL, "some/where/dev-get.yaml");
  assert.equal(file.file, "dev-get");
  assert.equal(file.path, "some/where/dev-get.yaml");
  assert.equal(file.license, "BSD-3-Clause");
  assert.equal(file.spec.name, "demo");
  const abc = readRight(SMALL.replace("demo", "abc"));
  assert.match(file.sha256, /^[0-9a-f]{64}$/);
  assert.notEqual(file.sha256, abc.sha256);
});

Deno.test("the position of a node is that of its value, or of the nearest parent that there is", () => {
  const { position } = readRight(SMALL);
  assert.deepEqual(position("name"), { line: 2, column: 7 });
  assert.deepEqual(position("attribute-sets/0/attributes/0/type"), { line: 7, column: 15 });
  assert.deepEqual(position("attribute-sets/0/attributes/0/enum"), { line: 6, column: 9 });
  assert.deepEqual(position("attribute-sets/0/attributes/7"), { line: 6, column: 7 });
  assert.deepEqual(position("nowhere/at/all"), { line: 2, column: 1 });
  assert.deepEqual(position(""), { line: 2, column: 1 });
});

Deno.test("an alias is the node of its anchor", () => {
  const text = SMALL.replace("request:", "request: &list").concat("        reply: *list\n");
  const file = readRight(text);
  assert.deepEqual(file.spec.operations.list[0]!.do!.reply, { attributes: ["ifindex"] });
  const reply = "operations/list/0/do/reply";
  assert.deepEqual(file.position(reply), { line: 16, column: 16 });
  assert.deepEqual(file.position(`${reply}/attributes/0`), { line: 15, column: 24 });
});

Deno.test("an anchor given twice means the one above", () => {
  const file = readRight(`${SMALL}        reply: &r { attributes: [] }
      dump: { request: *r, reply: &r { attributes: [ifindex] } }
    - { name: other, attribute-set: dev, do: { reply: *r } }
`);
  assert.deepEqual(file.spec.operations.list[0]!.dump!.request, { attributes: [] });
  assert.deepEqual(file.spec.operations.list[1]!.do!.reply, { attributes: ["ifindex"] });
});

Deno.test("YAML 1.2 decides what is text: on, off, yes and no are", () => {
  const file = readRight(
    SMALL.replace(
      "name: demo",
      "name: demo\ndefinitions: [{ type: enum, name: e, entries: [on, off, yes, no] }]",
    ),
  );
  assert.deepEqual(file.spec.definitions![0]!.entries, ["on", "off", "yes", "no"]);
});

Deno.test("numbers may be hexadecimal and octal", () => {
  const file = readRight(
    SMALL.replace("type: u32", "type: u32\n        value: 0x10\n        checks: { max: 0o17 }"),
  );
  const attribute = file.spec["attribute-sets"][0]!.attributes[0]!;
  assert.equal(attribute.value, 16);
  assert.deepEqual(attribute.checks, { max: 15 });
});

Deno.test("limits may be named in the spec's form, in C's form, by type, and less one", () => {
  const text = (limit: string) =>
    `${SPDX}name: demo
definitions:
  - { type: const, name: key-len, value: 32 }
attribute-sets:
  - { name: dev, attributes: [{ name: key, type: binary, checks: { max-len: ${limit} } }] }
operations: { list: [] }
`;
  for (
    const limit of ["key-len", "demo-key-len", "DEMO_KEY_LEN", "key-len - 1", "u8-max", "u8-max - 1", '"12"']
  ) {
    readRight(text(limit));
  }
  assert.equal(
    read(text("key-length")).diagnostics.map(formatDiagnostic).join("\n"),
    'demo.yaml:6:77: attribute-sets/dev/attributes/key/checks/max-len: unknown constant "key-length"; did you mean "key-len"?',
  );
});

Deno.test("a byte that is not UTF-8 is told with its place", () => {
  const bytes = new TextEncoder().encode(SMALL);
  bytes[SMALL.indexOf("ifindex")] = 0xff;
  const { diagnostics } = readSpec("demo.yaml", bytes);
  assert.deepEqual(diagnostics.map(formatDiagnostic), ["demo.yaml:6:15: the file is not UTF-8 text"]);
});

Deno.test("line ends of DOS and a byte order mark do no harm", () => {
  assert.equal(readRight(SMALL.replaceAll("\n", "\r\n")).license, "BSD-3-Clause");
  readRight(`\ufeff${SMALL}`);
});

Deno.test("a key that JavaScript knows is no more than an unknown key", () => {
  for (const key of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
    const { diagnostics } = read(`${SMALL}${key}: { polluted: true }\n`);
    assert.match(diagnostics.map(formatDiagnostic).join("\n"), new RegExp(`the key "${key}" is unknown`));
  }
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
});
