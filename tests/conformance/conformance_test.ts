import assert from "node:assert/strict";
import { Conformance } from "./run.ts";
import { isCapture, type Line, readVectors, type Vector } from "./vectors.ts";

// Chosen by select.ts from vectors that the kernel's own Python library (7.3) made, and from messages of a 6.18 kernel.
const subset = new URL("../data/vectors/subset.jsonl", import.meta.url);
const lines = readVectors("subset.jsonl", Deno.readFileSync(subset));

async function report(lines: readonly Line[]) {
  const temporary = Deno.makeTempDirSync({ prefix: "tynl-test-" });
  try {
    return await new Conformance(temporary).run(lines);
  } finally {
    Deno.removeSync(temporary, { recursive: true });
  }
}

/** accept with HANDSHAKE_A_ACCEPT_HANDLER_CLASS (2) = tlshd (1), by hand: nlmsghdr, genlmsghdr, nla_len 8, type 2. */
function acceptVector(change: Partial<Vector>): Line {
  const content: Vector = {
    spec: "handshake",
    op: "accept",
    kind: "do",
    of: "do",
    input: { "handler-class": "tlshd" },
    hex: "1c000000" + "20000500" + "01000000" + "00000000" + "02010000" + "08000200" + "01000000",
    decoded: { "handler-class": "tlshd" },
    ...change,
  };
  return { file: "by hand", line: 1, content };
}

Deno.test("every vector of the subset holds or is explained by an erratum", async () => {
  const { failures, suspect, bySpec, explained } = await report(lines);
  assert.deepEqual(failures.map(({ line, reasons }) => [line.line, ...reasons]), []);
  assert.deepEqual(suspect.otherwise, []);
  assert.equal(bySpec.size, 33);
  assert(explained.has("nlctrl-policy-mask"), "the swapped mask and pad are among the vectors");
});

Deno.test("every captured message of the subset decodes, is stable, and differs in bytes only with a cause", async () => {
  const captures = lines.filter(({ content }) => isCapture(content));
  const { captures: counts, failures } = await report(captures);
  assert.deepEqual(failures, []);
  assert.deepEqual([counts.decoded, counts.stable], [captures.length, captures.length]);
  assert(counts.identical < counts.total, "the subset has messages with causes");
});

Deno.test("a vector whose bytes hold another number fails in both directions, with the place", async () => {
  const { hex } = acceptVector({}).content;
  const { failures, vectors } = await report([acceptVector({ hex: hex.slice(0, -8) + "02000000" })]);
  assert.equal(vectors.failed, 1);
  const [encode, decode] = failures[0]!.reasons;
  assert.match(encode!, /^encode: byte 24 of 28\/28:/);
  assert.equal(decode, 'decode: .handler-class: got "max", expected "tlshd"');
});

Deno.test("a vector with a name that the spec does not have fails with the nearest that it has", async () => {
  const { failures } = await report([acceptVector({ input: { "handler-clas": "tlshd" } })]);
  assert.match(failures[0]!.reasons.join(), /accept has no "handler-clas"; did you mean "handler-class"\?/);
});

Deno.test("a captured message that was cut fails with the offset", async () => {
  const line = structuredClone(lines.find(({ content }) => isCapture(content) && content.kind === "reply")!);
  line.content.hex = line.content.hex.slice(0, -16);
  const { captures, failures } = await report([line]);
  assert.equal(captures.decoded, 0);
  assert.match(failures[0]!.reasons.join(), /message length \d+ with \d+ bytes left \(at byte 0\)/);
});
