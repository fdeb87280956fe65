/** Single changes, each to be found and classed by the comparisons that can see it. */
import assert from "node:assert/strict";
import { compareGenerated } from "../../generator/drift/compare_generated.ts";
import { compareKernel } from "../../generator/drift/compare_kernel.ts";
import { findingId } from "../../generator/drift/finding.ts";
import { compareHeaders } from "../../generator/drift/compare_headers.ts";
import { compareSpecs } from "../../generator/drift/compare_specs.ts";
import { generateFamily } from "../../generator/generate.ts";
import { resolveFamily } from "../../generator/model/mod.ts";
import { sectionConstants } from "../../generator/model/uapi.ts";
import type { SpecFile } from "../../generator/spec/types.ts";
import { correctedFiles, headers73, kernel618, resolved } from "./helpers.ts";
import { KINDS, mutate, type Mutation, Random } from "./mutate.ts";

const CHANGES = 500;

const random = new Random(20261124);
// Each kind has its share, whatever the dice say.
const mutations: Mutation[] = Array.from(
  { length: CHANGES },
  (_, i) => mutate(correctedFiles, random, KINDS[i % KINDS.length]),
);

/** More changes, to families that the recorded kernel has, of kinds that it can see. */
const kernelMutations: Mutation[] = Array.from(
  { length: 200 },
  (_, i) =>
    mutate(
      correctedFiles.filter(({ spec }) => Object.hasOwn(kernel618.families, spec.name)),
      random,
      ["renumber attribute", "retype attribute", "make an integer variable", "renumber operation"][i % 4],
    ),
);

/** Whether the kernel tells of the changed thing: an operation, or an attribute that some request may have. */
function isInPolicy({ kind, at }: Mutation, original: SpecFile): boolean {
  const { operations, policies } = kernel618.families[original.spec.name]!;
  const [, owner, third, name] = at.split("/");
  return resolveFamily(original).operations.some((operation) => {
    const kernel = operations.find(({ id }) => id === operation.request);
    if (kind === "renumber operation") return kernel !== undefined && operation.name === third;
    return (["do", "dump"] as const).some((mode) => {
      const asked = operation.set?.name === owner
        ? operation[mode]?.request.find((one) => one.name === name)
        : undefined;
      return asked !== undefined && Object.hasOwn(policies[kernel?.[mode] ?? -1] ?? {}, asked.id);
    });
  });
}

const originalOf = ({ file }: Mutation): SpecFile => correctedFiles.find((one) => one.file === file.file)!;
const show = ({ kind, file, at }: Mutation) => `${kind}: ${file.file} ${at}`;

Deno.test(`each of ${CHANGES} changes is found in the specs, at its place, and classed right`, () => {
  const wrong: string[] = [];
  for (const mutation of mutations) {
    const { file, rule, at, decoding, sending } = mutation;
    const found = compareSpecs(originalOf(mutation), file);
    const hit = found.find((finding) => finding.rule === rule && finding.at === at);
    if (hit?.impact?.decoding !== decoding || hit.impact.sending !== sending) {
      wrong.push(
        `${show(mutation)}: ${JSON.stringify(hit?.impact ?? found.map((one) => `${one.rule} ${one.at}`))}`,
      );
    }
    const breaks = decoding === "breaking" || sending === "breaking";
    if (hit !== undefined && (hit.severity === "error") !== breaks) {
      wrong.push(`${show(mutation)}: ${hit.severity}`);
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("the headers find each of the changes that concerns a name they have", () => {
  const before = new Map(
    resolved(correctedFiles).map((one) => [
      one.file.file,
      compareHeaders([one], headers73).findings.filter(({ severity }) => severity === "error").length,
    ]),
  );
  const known = new Set([
    ...headers73.enums.flatMap(({ entries }) => entries.map(([name]) => name)),
    ...Object.keys(headers73.defines),
  ]);
  let seen = 0;
  const missed: string[] = [];
  for (const mutation of mutations) {
    const { kind, file, at } = mutation;
    const family = resolveFamily(file);
    const visible = ["retype struct member", "drop struct member"].includes(kind) ||
      (/^(renumber|change a constant)/.test(kind) && namesOf(file, at).some((name) => known.has(name)));
    if (!visible) continue;
    seen++;
    const errors = compareHeaders([{ file, family }], headers73).findings.filter(({ severity }) =>
      severity === "error"
    );
    if (errors.length <= before.get(file.file)!) missed.push(show(mutation));
  }
  assert.deepEqual(missed, []);
  assert.ok(seen > 100, `only ${seen} changes concern a name of the headers`);
});

/** C names of the thing at a path. */
function namesOf(file: SpecFile, at: string): string[] {
  const [list, owner, third, name] = at.split("/");
  return resolveFamily(file).uapi.sections.flatMap((section) =>
    sectionConstants(section).filter((constant) =>
      list === "operations"
        ? section.form === "enum" && section.of === "operations" && constant.specName === third
        : list === "definitions" && name === undefined
        ? constant.specName === owner && constant.kind !== "count"
        : constant.owner === owner && constant.specName === name && constant.kind !== "count"
    )
  ).map((constant) => constant.name);
}

/** Printing all code for each change takes a minute: every fifth unless asked for more, as for other fuzzing. */
const SHARE = Deno.env.get("TYNL_FUZZ_FACTOR") === undefined ? 5 : 1;

Deno.test("generated code shows each change, as an error", () => {
  const missed: string[] = [];
  const generated = new Map<SpecFile, Map<string, string>>();
  for (const mutation of mutations.filter((_, i) => i % SHARE === 0)) {
    const original = originalOf(mutation);
    const texts = generated.get(original) ??
      new Map(generateFamily(original).map(({ path, text }) => [path, text]));
    generated.set(original, texts);
    const expected = generateFamily(mutation.file).map((file) => ({ ...file, family: original.spec.name }));
    const found = compareGenerated(expected, (path) => texts.get(path));
    if (found.length === 0 || found.some(({ severity }) => severity !== "error")) missed.push(show(mutation));
  }
  assert.deepEqual(missed, []);
});

Deno.test("a kernel shows each change that its policies and operations tell of", () => {
  // A request that is not checked strictly refuses nothing: then the old number is one that the spec lacks.
  const tellingOf = (file: SpecFile) =>
    compareKernel(resolved([file]), kernel618, "6.18").findings.filter(({ severity }) => severity !== "note")
      .map(findingId);
  const before = new Map<SpecFile, Set<string>>();
  let seen = 0;
  const missed: string[] = [];
  for (const mutation of kernelMutations) {
    const original = originalOf(mutation);
    const known = before.get(original) ?? new Set(tellingOf(original));
    before.set(original, known);
    if (!isInPolicy(mutation, original)) continue;
    seen++;
    if (!tellingOf(mutation.file).some((id) => !known.has(id))) missed.push(show(mutation));
  }
  assert.deepEqual(missed, []);
  assert.ok(seen > 40, `only ${seen} changes concern what the kernel tells`);
});

Deno.test("all kinds of change were drawn", () => {
  assert.deepEqual(new Set(mutations.map(({ kind }) => kind)), new Set(KINDS));
  assert.equal(mutations.length, CHANGES);
});
