import assert from "node:assert/strict";
import { narrow, resolveNumber } from "../../generator/model/numbers.ts";
import type { Checks } from "../../generator/model/mod.ts";
import { familyOf, specOf } from "./compile.ts";

const { spec } = specOf(`
name: wg
definitions:
  - { name: key-len, type: const, value: 32, name-prefix: wg- }
  - { name: max-entries, type: const, value: 8 }
  - { name: label, type: const, value: text }
`);

Deno.test("literals are numbers in any notation", () => {
  assert.equal(resolveNumber(spec, 7), 7);
  assert.equal(resolveNumber(spec, "7"), 7);
  assert.equal(resolveNumber(spec, "0xff"), 255);
  assert.equal(resolveNumber(spec, "18446744073709551615"), 0xffffffffffffffffn);
});

Deno.test("the limits of every integer type have names", () => {
  const limits: [string, number | bigint][] = [
    ["u8-min", 0],
    ["u8-max", 255],
    ["u16-max", 65535],
    ["u32-max", 4294967295],
    ["u64-max", 0xffffffffffffffffn],
    ["s8-min", -128],
    ["s8-max", 127],
    ["s16-min", -32768],
    ["s32-min", -2147483648],
    ["s32-max", 2147483647],
    ["s64-min", -0x8000000000000000n],
    ["s64-max", 0x7fffffffffffffffn],
  ];
  for (const [name, value] of limits) assert.equal(resolveNumber(spec, name), value, name);
});

Deno.test("constants are known by their own and by their C name", () => {
  for (const name of ["key-len", "wg-key-len", "WG_KEY_LEN"]) {
    assert.equal(resolveNumber(spec, name), 32, name);
  }
  // Without a prefix of its own the C name begins with the family's.
  for (const name of ["max-entries", "wg-max-entries", "WG_MAX_ENTRIES"]) {
    assert.equal(resolveNumber(spec, name), 8, name);
  }
});

Deno.test("one may be taken off a name", () => {
  assert.equal(resolveNumber(spec, "key-len - 1"), 31);
  assert.equal(resolveNumber(spec, "u64-max - 1"), 0xfffffffffffffffen);
});

Deno.test("what is no name of a number is none", () => {
  for (const name of ["keylen", "label", "u7-max", "u8-middle", "key-len - 2", "constructor", ""]) {
    assert.equal(resolveNumber(spec, name), undefined, name);
  }
});

Deno.test("only what a number does not hold exactly is a bigint", () => {
  assert.equal(narrow(2n ** 53n - 1n), 2 ** 53 - 1);
  assert.equal(narrow(2n ** 53n), 2n ** 53n);
  assert.equal(narrow(-(2n ** 53n)), -(2n ** 53n));
});

Deno.test("limits of attributes are resolved to numbers", () => {
  const [set] = familyOf(`
definitions:
  - { name: most, type: const, value: 100 }
  - { name: bits, type: flags, value-start: 1, entries: [a, { name: c, value: 31 }] }
attribute-sets:
  - name: a
    attributes:
      - { name: number, type: u32, checks: { min: 1, max: most } }
      - { name: wide, type: u64, checks: { max: u64-max } }
      - { name: signed, type: s32, checks: { min: s32-min } }
      - { name: exact, type: binary, checks: { exact-len: most } }
      - { name: text, type: string, checks: { max-len: most - 1, min-len: 2, unterminated-ok: true } }
      - { name: masked, type: u32, checks: { flags-mask: bits } }
      - { name: free, type: u32 }
`).sets;
  const checks = Object.fromEntries(
    set!.attributes.map(({ name, checks }): [string, Checks] => [name, checks]),
  );
  assert.deepEqual(checks, {
    number: { min: 1, max: 100 },
    wide: { max: 0xffffffffffffffffn },
    signed: { min: -2147483648 },
    exact: { exactLength: 100 },
    text: { minLength: 2, maxLength: 99, unterminatedOk: true },
    // Bits 1 and 31.
    masked: { mask: 0x80000002n },
    free: {},
  });
});

Deno.test("lengths of struct members may be given by name", () => {
  const { structs } = familyOf(`
definitions:
  - { name: name-len, type: const, value: 16 }
  - { name: s, type: struct, members: [{ name: n, type: string, len: name-len }, { name: b, type: binary, len: u8-max }] }
`);
  assert.equal(structs[0]!.size, 271);
});
