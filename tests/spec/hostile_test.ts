import assert from "node:assert/strict";
import { formatDiagnostic } from "../../generator/spec/diagnostics.ts";
import { read, SPDX } from "./helpers.ts";

/** Files that ask for too much of a careless reader, and the fault that each is refused for. */
const HOSTILE: Readonly<Record<string, [text: () => string, message: RegExp]>> = {
  "aliases that expand to a billion nodes": [
    () => {
      const levels = Array.from(
        "bcdefghij",
        (name, i) => `${name}: &${name} [${Array(9).fill(`*${"abcdefghi"[i]}`)}]`,
      );
      return `a: &a [lol, lol, lol, lol]\n${levels.join("\n")}\n`;
    },
    /the aliases expand to too much, expected at most/,
  ],
  "aliases that nest a thousand levels": [
    () =>
      `${
        Array.from({ length: 1000 }, (_, i) => `a${i}: &a${i} [${i === 0 ? "x" : `*a${i - 1}`}]\n`).join("")
      }`,
    /the aliases (nest too deeply|expand to too much)/,
  ],
  "an alias in its own anchor": [() => "doc: &a { b: [*a] }\n", /the alias \*a has no anchor before it/],
  "lists in lists in lists": [
    () => "[".repeat(500_000),
    /the nesting is too deep, expected at most 32 levels/,
  ],
  "maps in maps in maps": [() => "{a: ".repeat(125_000), /the nesting is too deep/],
  "dashes on one line": [() => "- ".repeat(250_000), /the nesting is too deep/],
  "keys of keys of keys": [() => "? ".repeat(250_000), /the nesting is too deep/],
  "an ever deeper indentation": [
    () => Array.from({ length: 900 }, (_, i) => `${" ".repeat(i)}a:\n`).join(""),
    /the nesting is too deep/,
  ],
  "ten million bytes": [() => "x".repeat(10_000_000), /the file has 10000040 bytes, expected at most 524288/],
  "a hundred thousand documents": [() => "---\n".repeat(100_000), /document|the file says too much/],
  "nothing but commas": [() => `[${",".repeat(400_000)}`, /the file says too much/],
  "nothing but quotation marks": [() => '"'.repeat(400_000), /the file says too much/],
  "nothing but spaces": [() => " ".repeat(500_000), /an empty value/],
  "a hundred thousand faults in one text": [
    () => `"${"\\q".repeat(100_000)}"`,
    /not valid YAML: Invalid escape/,
  ],
  "twenty thousand unknown keys": [
    () => `{${Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join(",")}}`,
    /the key "(attribute-sets" is missing|k0" is unknown)/,
  ],
  "the same unknown name in thousands of places": [
    () => {
      const attributes = Array.from({ length: 5000 }, (_, i) => `{name: a${i}, type: u8}`).join(", ");
      const wrong = Array.from({ length: 5000 }, (_, i) => `b${i}`).join(", ");
      return `name: x\nattribute-sets: [{name: s, attributes: [${attributes}]}]\n` +
        `operations: {list: [{name: o, attribute-set: s, do: {request: {attributes: [${wrong}]}}}]}\n`;
    },
    /unknown attribute "b0" of "s"; did you mean "a0"\?/,
  ],
  "structs nested a thousand levels": [
    () => {
      const member = (i: number) =>
        i === 0 ? "{name: a, type: u8}" : `{name: a, type: binary, struct: s${i - 1}}`;
      const structs = Array.from(
        { length: 1000 },
        (_, i) => `{type: struct, name: s${999 - i}, members: [${member(999 - i)}]}`,
      );
      return `name: x\nprotocol: genetlink-legacy\ndefinitions: [${structs.join(", ")}]\n` +
        "attribute-sets: []\noperations: {list: []}\n";
    },
    /the structs are nested too deeply/,
  ],
};

for (const [what, [text, message]] of Object.entries(HOSTILE)) {
  Deno.test(`${what}: refused, soon`, () => {
    const start = performance.now();
    const { file, diagnostics } = read(SPDX + text());
    const time = performance.now() - start;
    assert.equal(file, undefined);
    assert.match(formatDiagnostic(diagnostics[0]!), message);
    assert.ok(diagnostics.length <= 400, `${diagnostics.length} diagnostics`);
    assert.ok(time < 5000, `${time} ms`);
  });
}

Deno.test("what a diagnostic quotes cannot disturb a terminal", () => {
  const { diagnostics } = read(`${SPDX}"k\\e[31m\\nred\\u2028": 1\n`);
  const text = diagnostics.map(formatDiagnostic).join(" ");
  assert.match(text, /"k\?\[31m\?red\?": the key "k\?\[31m\?red\?" is unknown/);
  // deno-lint-ignore no-control-regex -- the character must not be there
  assert.doesNotMatch(text, /[\u0000-\u001f]/);
});
