/** What makes a finding no news: baselines, errata, and both gone stale. */
import assert from "node:assert/strict";
import {
  applyBaseline,
  BaselineError,
  explainByErrata,
  readBaseline,
  staleErrata,
  writeBaseline,
} from "../../generator/drift/explain.ts";
import { compareHeaders } from "../../generator/drift/compare_headers.ts";
import { counts, type DriftFinding, type DriftReport, findingId } from "../../generator/drift/finding.ts";
import { applyErrata, type Erratum } from "../../generator/spec/errata.ts";
import { changed, fileOf, headers73, resolved } from "./helpers.ts";

const finding = (at: string, severity: DriftFinding["severity"] = "error"): DriftFinding => ({
  comparison: "headers",
  rule: "limit-differs",
  family: "sample",
  at,
  severity,
  message: `${at} differs`,
  places: [{ file: "sample.yaml", line: 3 }],
});
const report = (...findings: DriftFinding[]): DriftReport => ({
  comparison: "headers",
  families: ["sample"],
  subject: "",
  counts: {},
  findings,
  remarks: [],
});

Deno.test("a baseline accepts what stands there, and only that", () => {
  const text = writeBaseline([report(finding("a"))], []);
  const [a, b] = applyBaseline(
    report(finding("a"), finding("b")),
    readBaseline("b.json", text),
    "b.json",
    text,
  );
  assert.deepEqual(a?.explained, { by: "baseline", id: findingId(finding("a")), reason: "a differs" });
  assert.equal(counts(a, "note"), false);
  assert.equal(counts(b!, "error"), true);
});

Deno.test("an entry that accepts nothing is a finding with its line, unless nobody looked", () => {
  const text = writeBaseline([report(finding("a"), finding("gone"))], []);
  const stale = applyBaseline(report(finding("a")), readBaseline("b.json", text), "b.json", text).slice(1);
  assert.deepEqual(stale.map(({ rule, at, severity }) => [rule, at, severity]), [
    ["stale-baseline", findingId(finding("gone")), "warning"],
  ]);
  const { file, line } = stale[0]!.places[0]!;
  assert.match(text.split("\n")[line - 1]!, /:gone"/);
  assert.equal(file, "b.json");
  const elsewhere = { ...report(), families: ["other"] };
  assert.deepEqual(applyBaseline(elsewhere, readBaseline("b.json", text), "b.json", text), []);
  const other = { ...report(), comparison: "kernel" as const };
  assert.deepEqual(applyBaseline(other, readBaseline("b.json", text), "b.json", text), []);
});

Deno.test("what a kernel does not show is a note: it may be built without", () => {
  const kernel = (...findings: DriftFinding[]): DriftReport => ({
    ...report(...findings),
    comparison: "kernel",
  });
  const one = { ...finding("a"), comparison: "kernel" as const };
  const text = writeBaseline([kernel(one)], []);
  const accepted = readBaseline("b.json", text);
  const stale = applyBaseline(kernel(), accepted, "b.json", text);
  assert.deepEqual(stale.map(({ rule, severity }) => [rule, severity]), [["stale-baseline", "note"]]);
  // Another kernel says something else of the same thing: that is not gone.
  const older = { ...one, rule: "older-kernel" };
  assert.deepEqual(applyBaseline(kernel(older), accepted, "b.json", text), [older]);
});

Deno.test("a baseline that is written anew keeps reasons, and what is about other things", () => {
  const before = [
    { id: "headers:limit-differs:sample:a", reason: "known" },
    { id: "headers:limit-differs:sample:gone", reason: "was known" },
    { id: "headers:limit-differs:other:a", reason: "not compared now" },
    { id: "kernel:type-differs:sample:a", reason: "another comparison" },
  ];
  const text = writeBaseline([report(finding("b"), finding("a"), finding("n", "note"))], before, "error");
  assert.deepEqual(readBaseline("b.json", text), [
    { id: "headers:limit-differs:other:a", reason: "not compared now" },
    { id: "headers:limit-differs:sample:a", reason: "known" },
    { id: "headers:limit-differs:sample:b", reason: "b differs" },
    { id: "kernel:type-differs:sample:a", reason: "another comparison" },
  ]);
});

Deno.test("a baseline of another shape is refused with what is wrong", () => {
  for (
    const [text, fault] of [
      ["{", /^b is no JSON/],
      ["[]", /^b has no list "accepted"$/],
      ["null", /^b has no list "accepted"$/],
      ['{"accepted": [{"id": "x"}]}', /^b: accepted\/0 needs an id and a reason$/],
      ['{"accepted": [{"id": "x", "reason": ""}]}', /^b: accepted\/0 needs an id and a reason$/],
      ['{"accepted": [null]}', /^b: accepted\/0 needs an id and a reason$/],
    ] as const
  ) {
    assert.throws(
      () => readBaseline("b", text),
      (error) => error instanceof BaselineError && fault.test(error.message),
    );
  }
});

const erratum: Erratum = {
  id: "psp-version",
  spec: "psp",
  reason: "The entry has another number in C.",
  evidence: { file: "psp.h", says: "so" },
  changes: [{
    at: "definitions/version/entries/hdr0-aes-gcm-256",
    was: { value: 9 },
    becomes: { value: null },
  }],
};

/** psp with an entry that is wrong in the way that the erratum corrects. */
const wrong = changed("psp", (spec) => {
  const { entries } = spec.definitions!.find(({ name }) => name === "version")!;
  const index = entries!.findIndex((one) => one === "hdr0-aes-gcm-256");
  entries![index] = { name: "hdr0-aes-gcm-256", value: 9 };
});

Deno.test("an erratum explains the findings that it takes away, and no other", () => {
  const applied = applyErrata(wrong.spec, [erratum]);
  assert.deepEqual(applied.applied.map(({ id }) => id), ["psp-version"]);
  const broken = changed(
    "psp",
    (spec) =>
      spec.definitions!.find(({ name }) => name === "version")!.entries![0] = {
        name: "hdr0-aes-gcm-128",
        value: 7,
      },
  );
  const raw = compareHeaders(resolved([wrong]), headers73).findings;
  const right = compareHeaders(resolved([fileOf("psp")]), headers73).findings;
  const all = explainByErrata(raw, right, applied.applied);
  const errors = all.filter(({ severity }) => severity === "error");
  assert.ok(errors.length > 0);
  assert.ok(errors.every(({ explained }) => explained?.by === "erratum" && explained.id === "psp-version"));
  const left = compareHeaders(resolved([broken]), headers73).findings;
  const unexplained = explainByErrata(left, left, applied.applied).filter(({ severity }) =>
    severity === "error"
  );
  assert.ok(unexplained.length > 0 && unexplained.every(({ explained }) => explained === undefined));
});

Deno.test("an erratum that upstream has made true is a warning, one that fits no more an error", () => {
  const fixed = applyErrata(fileOf("psp").spec, [erratum]).stale;
  assert.deepEqual(
    staleErrata(fixed, "headers", "errata.yaml").map(({ rule, severity }) => [rule, severity]),
    [
      ["stale-erratum", "warning"],
    ],
  );
  const otherwise = applyErrata(fileOf("psp").spec, [{
    ...erratum,
    changes: [{
      at: "definitions/version/entries/hdr0-aes-gcm-256",
      was: { value: 9 },
      becomes: { value: 5 },
    }],
  }]).stale;
  assert.equal(staleErrata(otherwise, "headers", "errata.yaml")[0]?.severity, "error");
});
