import assert from "node:assert/strict";
import { formatDiagnostic } from "../../generator/spec/diagnostics.ts";
import { applyErrata, applyErrataToFile, type Erratum, formatStale } from "../../generator/spec/errata.ts";
import { readErrata } from "../../generator/spec/errata_file.ts";
import {
  attributeOf,
  committed,
  committedErrata,
  definitionOf,
  readRight,
  SMALL,
  SPDX,
  specNames,
} from "./helpers.ts";

function erratum(...changes: Erratum["changes"]): Erratum {
  return { id: "demo-fix", spec: "demo", reason: "r", evidence: { file: "f", says: "s" }, changes };
}

const file = readRight(SMALL.replace(
  "attribute-sets:",
  "definitions: [{ type: enum, name: state, entries: [none, up, { name: down, doc: Not up. }] }]\nattribute-sets:",
));
const { spec } = file;
const TYPE = "attribute-sets/dev/attributes/ifindex";

Deno.test("every committed erratum applies to the specs of Linux 7.3.4, and to its own alone", () => {
  const errata = committedErrata();
  const applied = new Set<string>();
  for (const name of specNames()) {
    const before = committed(name);
    const copy = structuredClone(before.spec);
    const result = applyErrataToFile(before, errata);
    assert.deepEqual(result.diagnostics.map(formatDiagnostic), []);
    assert.deepEqual(result.stale.map(formatStale), []);
    assert.deepEqual(before.spec, copy, "errata modify a spec that was read");
    for (const each of result.applied) {
      assert.equal(each.spec, before.spec.name);
      applied.add(each.id);
    }
  }
  assert.deepEqual([...applied].sort(), errata.map(({ id }) => id).sort());
});

Deno.test("errata that were applied are stale the second time: fixed upstream", () => {
  const errata = committedErrata();
  for (const name of specNames()) {
    const once = applyErrata(committed(name).spec, errata);
    const twice = applyErrata(once.spec, errata);
    assert.deepEqual(twice.applied, []);
    assert.equal(twice.spec, once.spec);
    assert.deepEqual(twice.stale.map(({ state }) => state), once.applied.map(() => "fixed upstream"));
  }
});

Deno.test("after errata the constants are the header's", () => {
  const errata = committedErrata();
  const corrected = (name: string) => applyErrata(committed(name).spec, errata).spec;
  const ethtool = corrected("ethtool.yaml");
  assert.equal(definitionOf(ethtool, "module-fw-flash-status")["value-start"], 1);
  const states = (definitionOf(ethtool, "c33-pse-ext-state")["entries"] as string[]).indexOf(
    "power-not-available",
  );
  assert.equal(states, 8);
  assert.deepEqual(attributeOf(ethtool, "stats-grp", "stat"), {
    name: "stat",
    type: "nest-type-value",
    "type-value": ["id"],
    "sub-type": "u64",
    "multi-attr": true,
  });
  const order = (name: string, set: string) =>
    corrected(name)["attribute-sets"].find((each) => each.name === set)!.attributes.map((each) => each.name);
  assert.deepEqual(order("nlctrl.yaml", "policy-attrs").slice(-3), ["bitfield32-mask", "pad", "mask"]);
  assert.deepEqual(order("ovs_flow.yaml", "action-attrs").slice(-3), ["dec-ttl", "drop", "psample"]);
  const cacheinfo = definitionOf(corrected("rt-route.yaml"), "rta-cacheinfo")["members"] as {
    name: string;
  }[];
  assert.deepEqual(cacheinfo.slice(-4).map(({ name }) => name), [
    "rta-used",
    "rta-id",
    "rta-ts",
    "rta-tsage",
  ]);
});

Deno.test("a key is set, replaced and removed", () => {
  const change = { at: TYPE, was: { type: "u32", enum: null }, becomes: { type: "s32", enum: "state" } };
  const result = applyErrata(spec, [erratum(change)]);
  assert.deepEqual(attributeOf(result.spec, "dev", "ifindex"), {
    name: "ifindex",
    type: "s32",
    enum: "state",
  });
  const back = applyErrata(result.spec, [erratum({ at: TYPE, was: change.becomes, becomes: change.was })]);
  assert.deepEqual(back.spec, spec);
});

Deno.test("a bare name of a list becomes a map, if it gets a key", () => {
  const change = { at: "definitions/state/entries/up", was: { value: null }, becomes: { value: 7 } };
  const { spec: corrected } = applyErrata(spec, [erratum(change)]);
  assert.deepEqual((definitionOf(corrected, "state")["entries"] as unknown[])[1], { name: "up", value: 7 });
});

Deno.test("an entry is inserted after and before another one, and the changes of an erratum build on each other", () => {
  const into = "definitions/state/entries";
  const result = applyErrata(spec, [
    erratum({ into, insert: "test", after: "up" }, {
      into,
      insert: { name: "idle", value: 9 },
      before: "test",
    }),
  ]);
  const entries = definitionOf(result.spec, "state")["entries"] as unknown[];
  assert.deepEqual(entries.slice(0, 4), ["none", "up", { name: "idle", value: 9 }, "test"]);
});

Deno.test("an entry is moved", () => {
  const move = "definitions/state/entries/down";
  const names = (moved: Erratum) =>
    (definitionOf(applyErrata(spec, [moved]).spec, "state")["entries"] as (string | { name: string })[])
      .map((entry) => typeof entry === "string" ? entry : entry.name);
  assert.deepEqual(names(erratum({ move, before: "none" })), ["down", "none", "up"]);
  assert.deepEqual(names(erratum({ move, after: "none" })), ["none", "down", "up"]);
  const { stale } = applyErrata(spec, [erratum({ move, after: "up" })]);
  assert.equal(stale[0]!.state, "fixed upstream");
});

Deno.test("an erratum whose change is upstream's already is told as fixed, and changes nothing", () => {
  const into = "definitions/state/entries";
  const result = applyErrata(spec, [
    erratum({ at: TYPE, was: { type: "u16" }, becomes: { type: "u32" } }, {
      into,
      insert: "down",
      after: "up",
    }),
  ]);
  assert.equal(result.spec, spec);
  assert.deepEqual(result.applied, []);
  assert.deepEqual(result.stale.map(formatStale), [
    `erratum demo-fix (demo) is stale: ${TYPE} is fixed upstream`,
  ]);
});

Deno.test("an erratum that finds something else is told as changed, and applied not even in part", () => {
  const right = { at: TYPE, was: { enum: null }, becomes: { enum: "state" } };
  const into = "definitions/state/entries";
  const wrong: Erratum["changes"] = [
    { at: TYPE, was: { type: "u16" }, becomes: { type: "u64" } },
    { at: "attribute-sets/dev/attributes/gone", was: { type: "u16" }, becomes: { type: "u64" } },
    { at: "attribute-sets/gone", was: { type: "u16" }, becomes: { type: "u64" } },
    { into, insert: "idle", after: "gone" },
    { into, insert: { name: "up", value: 9 }, after: "none" },
    { into: "definitions/gone/entries", insert: "up", after: "none" },
    { move: "definitions/state/entries/gone", after: "none" },
    { at: TYPE, was: { value: 4 }, becomes: { value: null } },
  ];
  for (const change of wrong.slice(0, -1)) {
    const result = applyErrata(spec, [erratum(right, change)]);
    assert.equal(result.spec, spec);
    assert.equal(result.stale[0]!.state, "changed otherwise");
    const path = "at" in change ? change.at : "move" in change ? change.move : change.into;
    assert.equal(result.stale[0]!.at, path);
  }
  // One part fixed and the other not is neither.
  assert.equal(applyErrata(spec, [erratum(right, wrong.at(-1)!)]).stale[0]!.state, "changed otherwise");
});

Deno.test("an erratum for another family is left alone", () => {
  const other = { ...erratum({ at: TYPE, was: { type: "u16" }, becomes: { type: "u64" } }), spec: "other" };
  assert.deepEqual(applyErrata(spec, [other]), { spec, applied: [], stale: [] });
});

Deno.test("what an erratum breaks is told with its id and the position in the file", () => {
  const into = "definitions/state/entries";
  const { file: none, diagnostics } = applyErrataToFile(file, [
    erratum({ into, insert: "idle", before: "none" }, {
      at: TYPE,
      was: { enum: null },
      becomes: { enum: "stat" },
    }),
  ]);
  assert.equal(none, undefined);
  assert.deepEqual(diagnostics.map(formatDiagnostic), [
    'demo.yaml:7:9: attribute-sets/dev/attributes/ifindex/enum: after errata (demo-fix): unknown enum "stat"; ' +
    'did you mean "state"?',
  ]);
  const { diagnostics: shape } = applyErrataToFile(file, [
    erratum({ at: TYPE, was: { type: "u32" }, becomes: { type: "u33" } }),
  ]);
  assert.match(formatDiagnostic(shape[0]!), /^demo.yaml:8:15: .*unknown type "u33".*did you mean "u32"\?$/);
});

Deno.test("positions of a corrected spec are those of the file, whatever was inserted", () => {
  const into = "definitions/state/entries";
  const { file: corrected } = applyErrataToFile(file, [erratum({ into, insert: "idle", before: "none" })]);
  assert.deepEqual(corrected!.position("definitions/0/entries/2"), file.position("definitions/0/entries/1"));
  assert.deepEqual(corrected!.position("definitions/0/entries/0"), file.position("definitions/0/entries"));
  assert.deepEqual(corrected!.position("attribute-sets/0/name"), file.position("attribute-sets/0/name"));
});

Deno.test("the keys that are for errata alone are allowed after errata", () => {
  const changes = [
    { at: "attribute-sets/dev", was: { incomplete: null }, becomes: { incomplete: true } },
    {
      at: TYPE,
      was: { type: "u32", "sub-type": null, "index-start": null },
      becomes: { type: "indexed-array", "sub-type": "u32", "index-start": 1 },
    },
  ];
  const result = applyErrataToFile(file, [erratum(...changes)]);
  assert.deepEqual(result.diagnostics, []);
  assert.equal(result.file!.spec["attribute-sets"][0]!.incomplete, true);
});

Deno.test("only a last member without a length of its own can repeat to the end", () => {
  const text = `${SPDX}name: demo
protocol: netlink-raw
protonum: 0
definitions:
  - { type: struct, name: key, members: [{ name: a, type: u8 }] }
  - { type: struct, name: keys, members: [{ name: n, type: u8 }, { name: k, type: binary, struct: key }] }
attribute-sets: []
operations: { list: [] }
`;
  const flexible = (member: string) =>
    applyErrataToFile(readRight(text), [
      erratum({
        at: `definitions/keys/members/${member}`,
        was: { "flexible-array": null },
        becomes: { "flexible-array": true },
      }),
    ]).diagnostics.map(({ message }) => message);
  assert.deepEqual(flexible("k"), []);
  assert.deepEqual(flexible("n"), ["after errata (demo-fix): this member cannot repeat to the end"]);
});

Deno.test("a file of errata is checked like a spec", () => {
  const text = `${SPDX}errata:
  - id: one
    spec: demo
    reason: Because.
    evidence: { file: linux/demo.h, says: otherwise }
    changes:
      - { at: a/b, was: { x: 1 }, becomes: { y: 2 } }
      - { at: a/b, becomes: { y: 2 } }
      - { into: a/b, insert: c }
      - { into: a/b, insert: c, after: d, before: e }
      - { move: a/b, after: c }
  - id: one
    spec: demo
    reason: Because.
    evidence: { file: linux/demo.h, says: otherwise }
    changes: []
`;
  const messages = (text: string) =>
    readErrata("errata.yaml", new TextEncoder().encode(text)).diagnostics.map(formatDiagnostic);
  const forms =
    "expected at, was and becomes; or into, insert and one of after or before; or move and one of them";
  assert.deepEqual(messages(text), [
    "errata.yaml:8:9: errata/one/changes/0: was says x, becomes says y, expected the same keys",
    `errata.yaml:9:9: errata/one/changes/1: this is no change, ${forms}`,
    `errata.yaml:10:9: errata/one/changes/2: this is no change, ${forms}`,
    `errata.yaml:11:9: errata/one/changes/3: this is no change, ${forms}`,
    'errata.yaml:13:9: errata/one/id: a second erratum "one"',
    "errata.yaml:17:14: errata/one/changes: no changes",
  ]);
  assert.deepEqual(
    messages(`${SPDX}errata:\n  - { id: One, spec: demo, reson: x, evidence: {}, changes: 3 }\n`),
    [
      'errata.yaml:3:11: errata/One/id: "One" is not a name, expected lower-case letters, digits and -',
      'errata.yaml:3:28: errata/One/reson: the key "reson" is unknown, expected one of id, spec, reason, evidence, ' +
      'changes; did you mean "reason"?',
      'errata.yaml:3:48: errata/One/evidence: the key "file" is missing',
      'errata.yaml:3:48: errata/One/evidence: the key "says" is missing',
      "errata.yaml:3:61: errata/One/changes: 3 does not belong here, expected a list",
    ],
  );
});
