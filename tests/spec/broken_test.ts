import assert from "node:assert/strict";
import { formatDiagnostic } from "../../generator/spec/diagnostics.ts";
import { readSpec } from "../../generator/spec/read.ts";

/** Small specs, each wrong in one way, and beside each what a person is told about it. */
const BROKEN = new URL("../data/broken/", import.meta.url);

const names = [...Deno.readDirSync(BROKEN)].map(({ name }) => name).filter((name) => name.endsWith(".yaml"))
  .sort();

Deno.test("there are broken specs to test with", () => {
  assert.ok(names.length >= 30, String(names.length));
});

for (const name of names) {
  Deno.test(`a spec with the fault ${name.replace(".yaml", "").replaceAll("_", " ")} is told what is wrong, and where`, () => {
    const { file, diagnostics } = readSpec(name, Deno.readFileSync(new URL(name, BROKEN)));
    assert.equal(file, undefined);
    const expected = Deno.readTextFileSync(new URL(name.replace(".yaml", ".expected"), BROKEN));
    assert.equal(diagnostics.map((each) => `${formatDiagnostic(each)}\n`).join(""), expected);
  });
}
