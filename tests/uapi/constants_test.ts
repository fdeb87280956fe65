/** The values of every `uapi.ts`, against what the C compiler makes of the kernel's headers. */

import assert from "node:assert/strict";
import { emitUapiTypescript } from "../../generator/emit/typescript/uapi.ts";
import { resolveUapi } from "../../generator/model/uapi.ts";
import { correctedSpec, specFile, specNames } from "./specs.ts";

const facts: { package: string; constants: Record<string, number | string> } = JSON.parse(
  Deno.readTextFileSync(new URL("../data/uapi/constants.json", import.meta.url)),
);

/** Counts and maxima of the sets that our handshake spec has more attributes in than Linux 7.3. */
const NEWER_THAN_THE_HEADERS = new Set([
  "__HANDSHAKE_A_ACCEPT_MAX",
  "HANDSHAKE_A_ACCEPT_MAX",
  "__HANDSHAKE_A_DONE_MAX",
  "HANDSHAKE_A_DONE_MAX",
]);

const texts = new Map(
  specNames().map((
    name,
  ) => [name, emitUapiTypescript(resolveUapi(correctedSpec(name)), "// Test.")]),
);

function exportsOf(text: string): [string, number | bigint | string][] {
  return [...text.matchAll(/^export const (\w+)(?:: \w+)? = (.*);$/gm)].map(([, name = "", value = ""]) => [
    name,
    /^-?\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : JSON.parse(value),
  ]);
}

/** What the C expression `1 << 31` and the number 2147483648 have in common. */
function bits(value: number | bigint | string | undefined): number | bigint | string | undefined {
  return value === -0x80000000 ? 0x80000000 : value;
}

Deno.test("every constant that a kernel header has too has the header's value", () => {
  const differing: string[] = [];
  let compared = 0;
  for (const [name, text] of texts) {
    for (const [constant, value] of exportsOf(text)) {
      if (!(constant in facts.constants) || NEWER_THAN_THE_HEADERS.has(constant)) continue;
      compared++;
      const wanted = facts.constants[constant];
      if (bits(wanted) !== value) differing.push(`${name}: ${constant} is ${value}, ${wanted} in the header`);
    }
  }
  assert.deepEqual(differing, []);
  assert.ok(compared > 4000, `only ${compared} constants were compared`);
});

Deno.test("no spec gives two values to one name, with errata or without", () => {
  for (const name of specNames()) {
    for (const spec of [specFile(name).spec, correctedSpec(name)]) {
      assert.deepEqual(resolveUapi(spec).clashes.map((clash) => `${name}: ${clash.name}`), []);
    }
  }
});

Deno.test("a module exports each name once", () => {
  for (const [name, text] of texts) {
    const names = exportsOf(text).map(([constant]) => constant);
    assert.equal(new Set(names).size, names.length, name);
  }
});

Deno.test("the constants of all families take less than 600 KB", () => {
  const total = [...texts.values()].reduce((sum, text) => sum + text.length, 0);
  assert.ok(total < 600_000, `${total} bytes`);
});
