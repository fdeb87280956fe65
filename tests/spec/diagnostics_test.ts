import assert from "node:assert/strict";
import {
  formatDiagnostic,
  nearest,
  oneOf,
  readablePath,
  sortDiagnostics,
} from "../../generator/spec/diagnostics.ts";

Deno.test("a diagnostic is one line: place, path, fault, expectation, suggestion", () => {
  const fault = { path: "a.yaml", line: 3, column: 7, at: "x/y", message: "wrong" };
  assert.equal(formatDiagnostic(fault), "a.yaml:3:7: x/y: wrong");
  assert.equal(formatDiagnostic({ ...fault, at: "" }), "a.yaml:3:7: wrong");
  assert.equal(
    formatDiagnostic({ ...fault, expected: "right", suggestion: "z" }),
    'a.yaml:3:7: x/y: wrong, expected right; did you mean "z"?',
  );
});

Deno.test("diagnostics are in the order of files and lines", () => {
  const at = (path: string, line: number, column: number) => ({ path, line, column, at: "", message: "" });
  const sorted = [at("a", 1, 9), at("a", 2, 1), at("a", 10, 1), at("b", 1, 1)];
  assert.deepEqual(sortDiagnostics([sorted[3]!, sorted[2]!, sorted[0]!, sorted[1]!]), sorted);
});

Deno.test("the nearest name is one that few edits lead to", () => {
  const names = ["ifindex", "ifname", "mtu", "xdp-features"];
  assert.equal(nearest("ifidnex", names), "ifindex");
  assert.equal(nearest("ifindx", names), "ifindex");
  assert.equal(nearest("XDP_FEATURES", names), "xdp-features");
  assert.equal(nearest("mut", names), "mtu");
  assert.equal(nearest("queue", names), undefined);
  assert.equal(nearest("ifindex", names.slice(0, 1)), undefined);
  assert.equal(nearest("x".repeat(10_000), names), undefined);
});

Deno.test("alternatives read as a sentence", () => {
  assert.equal(oneOf(["a"]), "a");
  assert.equal(oneOf(["a", "b"]), "a or b");
  assert.equal(oneOf(["a", "b", "c"]), "one of a, b, c");
  assert.match(oneOf(Array.from({ length: 30 }, (_, i) => `n${i}`)), /n23 and 6 more$/);
});

Deno.test("a path has names where lists have them", () => {
  const root = { sets: [{ name: "dev", list: ["one", { value: "two" }, { name: "no/name" }, 7] }] };
  assert.equal(readablePath(root, ["sets", 0, "list", 0]), "sets/dev/list/one");
  assert.equal(readablePath(root, ["sets", 0, "list", 1, "value"]), "sets/dev/list/two/value");
  assert.equal(readablePath(root, ["sets", 0, "list", 2]), "sets/dev/list/2");
  assert.equal(readablePath(root, ["sets", 0, "list", 3]), "sets/dev/list/3");
  assert.equal(readablePath(root, ["sets", 9, "nowhere"]), "sets/9/nowhere");
});
