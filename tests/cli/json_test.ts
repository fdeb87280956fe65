import assert from "node:assert/strict";
import { formatJson, parseJson, parseMessage, prettyJson } from "../../cli/json.ts";

Deno.test("integers of 64 bits keep every digit, in and out", () => {
  const text = '{"a": 18446744073709551615, "b": -9223372036854775808, "c": [9007199254740993, 7]}';
  assert.deepEqual(parseJson(text), {
    a: 18446744073709551615n,
    b: -9223372036854775808n,
    c: [9007199254740993n, 7],
  });
  assert.equal(formatJson(parseJson(text)), text);
});

Deno.test("a string that looks like a number stays a string", () => {
  assert.deepEqual(parseJson('["18446744073709551615"]'), ["18446744073709551615"]);
});

Deno.test("text is printed in ASCII, as JSON", () => {
  const name = 'é"\\\n\u007f😀';
  const printed = formatJson([name]);
  assert.match(printed, /^[ -~]*$/);
  assert.deepEqual(JSON.parse(printed), [name]);
});

Deno.test("a message is an object, or nothing", () => {
  assert.deepEqual(parseMessage(undefined), {});
  assert.deepEqual(parseMessage(""), {});
  for (const wrong of ["[]", "1", "null", '"x"', "{", "{1}"]) {
    assert.throws(() => parseMessage(wrong), { name: "NameError" });
  }
});

Deno.test("JSON for people says the same as JSON in one line, in lines that fit", () => {
  const value = {
    name: "lo",
    numbers: Array.from({ length: 60 }, (_, i) => i * 1000),
    inner: { big: 2n ** 64n - 1n, list: [{ a: 1 }, { b: "x".repeat(70) }], empty: {}, none: [] },
  };
  const pretty = prettyJson(value, { width: 80 });
  assert.equal(formatJson(parseJson(pretty)), formatJson(value));
  for (const line of pretty.split("\n")) assert(line.length <= 80 || line.includes("xxx"), line);
  assert.equal(prettyJson({ a: [1, 2] }, { width: 80 }), '{"a": [1, 2]}');
});

Deno.test("colour changes nothing but the names", () => {
  const value = { a: 1, b: ["y".repeat(80)] };
  // deno-lint-ignore no-control-regex
  const plain = prettyJson(value, { width: 80, colour: true }).replaceAll(/\x1b\[\d+m/g, "");
  assert.equal(plain, prettyJson(value, { width: 80 }));
});
