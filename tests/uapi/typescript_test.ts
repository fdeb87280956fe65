/** The text of `uapi.ts`. */

import assert from "node:assert/strict";
import { emitUapiTypescript } from "../../generator/emit/typescript/uapi.ts";
import { resolveUapi } from "../../generator/model/uapi.ts";
import { specFile } from "./specs.ts";
import { DIRECTIONAL, SAMPLE } from "./sample.ts";

Deno.test("a module starts with the banner and says what it is", () => {
  const text = emitUapiTypescript(resolveUapi(DIRECTIONAL), "// Made by a test.");
  assert.match(
    text,
    /^\/\/ Made by a test\.\n+\/\*\*\n \* The constants of the `two-way` family [^]*? \* @module\n \*\/\n\n/,
  );
});

Deno.test("constants of one group stand together, each with a comment", () => {
  const text = emitUapiTypescript(resolveUapi(DIRECTIONAL), "// Made by a test.");
  assert.ok(text.includes(`
/** Attribute \`id\` of \`a\`. */
export const TWO_WAY_A_A_ID = 1;
/** One more than the last id of \`a\`. */
export const __TWO_WAY_A_A_MAX = 2;
/** The last id of \`a\`. */
export const TWO_WAY_A_A_MAX = 1;

/** Id that no message uses. */
export const TWO_WAY_MSG_USER_NONE = 0;
/** Operation \`get\`. */
export const TW_GET = 1;
`));
});

Deno.test("every statement is a documented constant", () => {
  const lines = emitUapiTypescript(resolveUapi(SAMPLE), "// Made by a test.").split("*/\n\n")[1]
    ?.split("\n");
  for (const line of lines ?? []) {
    assert.match(line, /^$|^\/\*\* .* \*\/$|^export const \w+(: number|: bigint)? = .*;$/);
  }
});

Deno.test("constants of the kernel alone are left out", () => {
  const text = emitUapiTypescript(resolveUapi(SAMPLE), "// Made by a test.");
  assert.ok(!text.includes("HIDDEN"));
  assert.ok(text.includes("export const ELSEWHERE = 1;"));
});

Deno.test("documentation of the spec follows the name, on one line and inside its comment", () => {
  const spec = structuredClone(SAMPLE);
  spec.definitions = [{
    name: "mode",
    type: "enum",
    entries: [{ name: "manual", doc: "By\n  hand; a */ ends nothing.\n" }],
  }];
  const text = emitUapiTypescript(resolveUapi(spec), "// Made by a test.");
  const line = text.split("\n").find((each) => each.includes("By hand")) ?? "";
  assert.ok(line.startsWith("/** Value `manual` of `mode`. By hand; a "));
  assert.equal(line.indexOf("*/"), line.length - 2);
});

Deno.test("a name that comes twice with one value is written once", () => {
  const spec = structuredClone(SAMPLE);
  const twice = { name: "t", "name-prefix": "t-", attributes: [{ name: "a", type: "u8" as const }] };
  spec["attribute-sets"] = [twice, { ...twice, name: "again" }];
  const text = emitUapiTypescript(resolveUapi(spec), "// Made by a test.");
  assert.equal(text.split("export const T_A = 1;").length, 2);
});

Deno.test("wide flags are bigint literals, strings are quoted", () => {
  const spec = structuredClone(SAMPLE);
  spec.definitions = [{ name: "caps", type: "flags", entries: [{ name: "far", value: 40 }] }];
  const text = emitUapiTypescript(resolveUapi(spec), "// Made by a test.");
  assert.ok(text.includes("export const SAMPLE_FAMILY_CAPS_FAR = 1099511627776n;"));
  assert.ok(text.includes('export const SMP_GROUP = "other-things";'));
});

Deno.test("the handshake module documents what the spec documents", () => {
  const text = emitUapiTypescript(resolveUapi(specFile("handshake").spec), "// Made by a test.");
  assert.match(
    text,
    /\/\*\* Value `clienthello` of `msg-type`\. [A-Z].*\. \*\/\nexport const HANDSHAKE_MSG_TYPE_CLIENTHELLO = 1;/,
  );
});
