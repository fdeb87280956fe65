/**
 * Ids of operations, counted as the kernel's own library does (tools/net/ynl/pyynl/lib/nlspec.py, resolve): the specs
 * here are made up for it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { familyOf } from "./compile.ts";

const SET = "attribute-sets: [{ name: a, attributes: [{ name: id, type: u32 }, { name: other, type: u8 }] }]";

/** A family with these operations. */
function operationsOf(lines: string, model = "", level = "genetlink-legacy") {
  const family = familyOf(`protocol: ${level}
${SET}
operations:
  ${model === "" ? "" : `enum-model: ${model}`}
  list:
${lines.split("\n").filter((line) => line.trim() !== "").map((line) => `    ${line}`).join("\n")}
`);
  return {
    family,
    ids: [
      ...family.operations.map(({ name, request, reply }) => [name, request, reply]),
      ...family.events.map(({ name, id }) => [name, id]),
    ],
  };
}

const DO = "do: { request: { attributes: [id] }, reply: { attributes: [id] } }";
const QUIET = "do: { request: { attributes: [id] } }";

Deno.test("unified ids count all operations from one", () => {
  const { ids } = operationsOf(`
- { name: get, attribute-set: a, ${DO} }
- { name: ntf, notify: get }
- { name: set, attribute-set: a, ${QUIET} }
- { name: event, attribute-set: a, event: { attributes: [id] } }
`);
  assert.deepEqual(ids, [["get", 1, 1], ["set", 3, undefined], ["ntf", 2], ["event", 4]]);
});

Deno.test("a value sets the unified counter", () => {
  const { ids } = operationsOf(`
- { name: get, attribute-set: a, value: 0, ${DO} }
- { name: set, attribute-set: a, ${QUIET} }
- { name: far, attribute-set: a, value: 100, ${DO} }
- { name: ntf, notify: get }
`);
  assert.deepEqual(ids, [["get", 0, 0], ["set", 1, undefined], ["far", 100, 100], ["ntf", 101]]);
});

Deno.test("a name that no message uses still takes a unified id", () => {
  const { ids, family } = operationsOf(`
- { name: unspec, value: 0 }
- { name: reserved }
- { name: get, attribute-set: a, ${DO} }
`);
  assert.deepEqual(ids, [["get", 2, 2]]);
  assert.equal(family.operations.length, 1);
});

Deno.test("directional ids count requests and replies apart", () => {
  const { ids } = operationsOf(
    `
- { name: get, attribute-set: a, ${DO} }
- { name: set, attribute-set: a, ${QUIET} }
- { name: new, attribute-set: a, ${DO} }
- { name: ntf, notify: get }
- { name: event, attribute-set: a, event: { attributes: [id] } }
- { name: last, attribute-set: a, ${DO} }
`,
    "directional",
  );
  assert.deepEqual(ids, [
    ["get", 1, 1],
    ["set", 2, undefined],
    ["new", 3, 2],
    ["last", 4, 5],
    ["ntf", 3],
    ["event", 4],
  ]);
});

Deno.test("values set the two directional counters each for itself", () => {
  const { ids } = operationsOf(
    `
- { name: get, attribute-set: a, do: { request: { value: 18, attributes: [id] }, reply: { value: 16, attributes: [id] } } }
- { name: set, attribute-set: a, ${QUIET} }
- { name: next, attribute-set: a, ${DO} }
- { name: ntf, value: 40, notify: get }
- { name: after, attribute-set: a, ${DO} }
`,
    "directional",
  );
  assert.deepEqual(ids, [["get", 18, 16], ["set", 19, undefined], ["next", 20, 17], ["after", 21, 41], [
    "ntf",
    40,
  ]]);
});

Deno.test("ids of an operation that can only be dumped come from its dump", () => {
  const { ids } = operationsOf(
    `
- { name: list, attribute-set: a, dump: { request: { value: 5, attributes: [] }, reply: { value: 9, attributes: [id] } } }
- { name: next, attribute-set: a, ${DO} }
`,
    "directional",
  );
  assert.deepEqual(ids, [["list", 5, 9], ["next", 6, 10]]);
});

Deno.test("several operations may have one reply", () => {
  const { ids } = operationsOf(
    `
- { name: get, attribute-set: a, do: { request: { attributes: [id] }, reply: { value: 7, attributes: [id] } } }
- { name: new, attribute-set: a, do: { request: { attributes: [id] }, reply: { value: 7, attributes: [id] } } }
`,
    "directional",
  );
  assert.deepEqual(ids, [["get", 1, 7], ["new", 2, 7]]);
});

Deno.test("a notification has the set and the header of what it notifies of", () => {
  const { family } = operationsOf(`
- { name: get, attribute-set: a, ${DO} }
- { name: ntf, notify: get }
`);
  assert.equal(family.events[0]!.set, family.sets[0]);
  assert.equal(family.events[0]!.attributes, undefined);
});

Deno.test("a mode lists its attributes, and an acknowledged one has no reply", () => {
  const { family } = operationsOf(`
- { name: get, attribute-set: a, do: { request: { attributes: [other, id] } }, dump: { reply: { attributes: [other] } } }
`);
  const [get] = family.operations;
  assert.deepEqual(get!.do, { request: [family.sets[0]!.attributes[1], family.sets[0]!.attributes[0]] });
  assert.deepEqual(get!.dump, { request: [], reply: [family.sets[0]!.attributes[1]] });
});

Deno.test("an operation's own header goes before the family's", () => {
  const family = familyOf(`${SET}
definitions:
  - { name: common, type: struct, members: [{ name: x, type: u8 }] }
  - { name: special, type: struct, members: [{ name: y, type: u8 }] }
operations:
  fixed-header: common
  list:
    - { name: get, attribute-set: a, ${DO} }
    - { name: set, attribute-set: a, fixed-header: special, ${DO} }
`);
  assert.deepEqual(family.operations.map(({ header }) => header?.name), ["common", "special"]);
});

Deno.test("permissions are kept", () => {
  const { family } = operationsOf(
    `
- { name: one, attribute-set: a, flags: [admin-perm], ${DO} }
- { name: two, attribute-set: a, flags: [uns-admin-perm], ${DO} }
- { name: three, attribute-set: a, ${DO} }
`,
    "",
    "genetlink",
  );
  assert.deepEqual(family.operations.map(({ permission }) => permission), [
    "admin-perm",
    "uns-admin-perm",
    undefined,
  ]);
});

Deno.test("a raw family has its protocol and no version, a generic one the other way round", () => {
  const raw = familyOf("protocol: netlink-raw\nprotonum: 12");
  assert.deepEqual([raw.level, raw.protocol, raw.version], ["netlink-raw", 12, 0]);
  // NETLINK_GENERIC is 16 (linux/netlink.h).
  const generic = familyOf("protocol: genetlink");
  assert.deepEqual([generic.level, generic.protocol, generic.version], ["genetlink", 16, 1]);
  assert.equal(familyOf("protocol: genetlink-legacy\nversion: 2").version, 2);
});
