/** The constants of a family, as data. */

import assert from "node:assert/strict";
import { resolveUapi, type UapiConstant, uapiConstants } from "../../generator/model/uapi.ts";
import type { Spec, SpecDefinition } from "../../generator/spec/types.ts";
import { DIRECTIONAL, SAMPLE } from "./sample.ts";
import { specFile, specNames } from "./specs.ts";

function constantsOf(spec: Spec): Map<string, UapiConstant> {
  return new Map(uapiConstants(resolveUapi(spec)).map((constant) => [constant.name, constant]));
}

function valuesOf(spec: Spec): Record<string, number | bigint | string> {
  return Object.fromEntries([...constantsOf(spec)].map(([name, { value }]) => [name, value]));
}

function withDefinition(definition: SpecDefinition): Spec {
  return { ...SAMPLE, definitions: [definition] };
}

Deno.test("each of the 34 families resolves", () => {
  const names = specNames();
  assert.equal(names.length, 34);
  for (const name of names) assert.ok(uapiConstants(resolveUapi(specFile(name).spec)).length > 4, name);
});

Deno.test("every constant says where in the spec it comes from", () => {
  for (const { path, name } of constantsOf(SAMPLE).values()) {
    const node = path.split("/").reduce<unknown>(
      (value, key) => (value as Record<string, unknown> | undefined)?.[key],
      SAMPLE,
    );
    assert.notEqual(node, undefined, `${name} at ${path}`);
  }
});

Deno.test("a family without names for its header gets them from its own name", () => {
  const header = resolveUapi({ ...DIRECTIONAL, name: "net-thing" });
  assert.equal(header.path, "linux/net_thing.h");
  assert.equal(header.guard, "_UAPI_LINUX_NET_THING_H");
  const values = valuesOf({ ...DIRECTIONAL, name: "net-thing" });
  assert.equal(values["NET_THING_FAMILY_NAME"], "net-thing");
  assert.equal(values["NET_THING_FAMILY_VERSION"], 1);
});

Deno.test("a header outside linux/ has a guard made of the family's name", () => {
  assert.equal(resolveUapi({ ...DIRECTIONAL, "uapi-header": "drm/two.h" }).guard, "_UAPI_LINUX_TWO_WAY_H");
});

Deno.test("flags of bit 31 are unsigned numbers", () => {
  const values = valuesOf(SAMPLE);
  assert.equal(values["SAMPLE_FAMILY_CAPS_TOP"], 0x80000000);
  assert.equal(values["SAMPLE_FAMILY_CAPS_MASK"], 0x80000003);
});

Deno.test("flags beyond 32 bits make their whole definition bigint", () => {
  const values = valuesOf(withDefinition({
    name: "caps",
    type: "flags",
    "render-max": true,
    entries: ["one", { name: "far", value: 63 }],
  }));
  assert.equal(values["SAMPLE_FAMILY_CAPS_ONE"], 1n);
  assert.equal(values["SAMPLE_FAMILY_CAPS_FAR"], 1n << 63n);
  assert.equal(values["SAMPLE_FAMILY_CAPS_MASK"], (1n << 63n) | 1n);
});

Deno.test("values count on from the last one given, whatever its sign", () => {
  const values = valuesOf(SAMPLE);
  assert.equal(values["SAMPLE_FAMILY_VERDICT_CONTINUE"], 0xffffffff);
  assert.equal(values["SAMPLE_FAMILY_VERDICT_BREAK"], 0xfffffffe);
  assert.equal(values["SAMPLE_FAMILY_VERDICT_ACCEPT"], 1);
  assert.equal(values["SAMPLE_FAMILY_VERDICT_ABOVE"], -4);
  assert.equal(values["__SAMPLE_FAMILY_VERDICT_MAX"], -3);
});

Deno.test("an enum may start at a named constant", () => {
  const first: SpecDefinition = { name: "base", type: "const", value: 5 };
  const values = valuesOf({
    ...SAMPLE,
    definitions: [first, { name: "kind", type: "enum", "value-start": "base", entries: ["a", "b"] }],
  });
  assert.equal(values["SAMPLE_FAMILY_KIND_A"], 5);
  assert.equal(values["SAMPLE_FAMILY_KIND_B"], 6);
});

Deno.test("what another header defines is known, and not rendered", () => {
  const constants = constantsOf(SAMPLE);
  assert.deepEqual(
    ["ELSEWHERE", "SAMPLE_FAMILY_FOREIGN_X", "SAMPLE_FAMILY_HIDDEN"].map((name) =>
      constants.get(name)?.rendered
    ),
    [false, false, false],
  );
  assert.equal(constants.get("SAMPLE_FAMILY_HIDDEN")?.scope, "kernel");
});

Deno.test("a prefix of its own gives an attribute another name, not another number", () => {
  const values = valuesOf(SAMPLE);
  assert.equal(values["SAMPLE_FAMILY_A_NEXT_ONE"], 8);
  assert.equal(values["OTHER_A_RENAMED"], 9);
});

Deno.test("a subset has no constants of its own", () => {
  assert.ok(![...constantsOf(SAMPLE).values()].some(({ owner }) => owner === "part"));
});

Deno.test("the count follows the last attribute, as the C compiler has it", () => {
  const values = valuesOf(SAMPLE);
  assert.equal(values["__SAMPLE_FAMILY_A_MAX"], 4);
  assert.equal(values["SAMPLE_FAMILY_A_MAX"], 3);
  assert.equal(values["__SAMPLE_FAMILY_A_EMPTY_MAX"], 0);
  assert.equal(values["SAMPLE_FAMILY_A_EMPTY_MAX"], -1);
});

Deno.test("sets under one prefix share the count of the one with the highest id", () => {
  const set = (name: string, value: number) => ({
    name,
    "name-prefix": "p-",
    attributes: [{ name: `a${value}`, type: "u32" as const, value }],
  });
  const header = resolveUapi({ ...SAMPLE, "attribute-sets": [set("low", 1), set("high", 6), set("mid", 3)] });
  const counts = uapiConstants(header).filter(({ name }) => name === "__P_MAX");
  assert.deepEqual(counts.map(({ value, owner }) => [value, owner]), [[7, "high"]]);
  assert.deepEqual(header.clashes, []);
});

Deno.test("one name for two values is a clash, which tells both", () => {
  const header = resolveUapi(
    withDefinition({ name: "a", "name-prefix": "smp-cmd-", type: "enum", entries: ["get"] }),
  );
  assert.deepEqual(
    header.clashes.map(({ name, first, second }) => [name, first.path, second.path]),
    [["SMP_CMD_GET", "definitions/0/entries/0", "operations/list/0"]],
  );
});

Deno.test("a request that only dumps has an id in C that the header does not name", () => {
  const { TW_LIST } = Object.fromEntries(constantsOf(DIRECTIONAL));
  assert.equal(TW_LIST?.value, 3);
  assert.equal(TW_LIST?.rendered, false);
});

Deno.test("replies and notifications count apart from requests", () => {
  const values = valuesOf(DIRECTIONAL);
  assert.deepEqual(
    ["TW_GET_REPLY", "TW_GET_NTF", "TW_LOST", "TW_FAR_REPLY"].map((name) => values[name]),
    [1, 2, 3, 16],
  );
});

Deno.test("a reserved id is told as such", () => {
  assert.equal(constantsOf(SAMPLE).get("SMP_CMD_RESERVED")?.kind, "reserved");
});
