import assert from "node:assert/strict";
import type { Boot } from "./machine.ts";
import { findSplat, judge, parseResult } from "./report.ts";
import type { Suite } from "./suite.ts";

const suite: Suite = { name: "s", about: "", script: "", tests: [], limit: 9 };
const good: Boot = { ready: 3, took: 5, exit: 0, report: ["ok 1 - a", "1..1"], timedOut: false };

function failures(boot: Partial<Boot>, logs: string[] = [], of: Partial<Suite> = {}): string[] {
  return judge({ ...suite, ...of }, { ...good, ...boot }, logs).failures;
}

Deno.test("a run whose tests all passed has no failures", () => {
  assert.deepEqual(judge(suite, good, ["all is well"]), { passed: 1, ignored: 0, failures: [] });
});

Deno.test("a line of TAP tells name and outcome of a test, and those of its steps are not counted", () => {
  assert.deepEqual(parseResult("ok 12 - a - b"), { name: "a - b", outcome: "passed" });
  assert.deepEqual(parseResult("not ok 1 - a"), { name: "a", outcome: "failed" });
  assert.deepEqual(parseResult("ok 3 - a # SKIP"), { name: "a", outcome: "ignored" });
  assert.equal(parseResult("    ok 1 - step"), undefined);
  assert.equal(parseResult("okay"), undefined);
});

Deno.test("a test that failed fails the run under its name", () => {
  assert.deepEqual(failures({ report: ["not ok 1 - a", "1..1"], exit: 1 }), ["a"]);
});

Deno.test("a run without a result, or with fewer or more than planned, fails", () => {
  assert.deepEqual(failures({ report: [] }), ["(s) told no result"]);
  assert.deepEqual(failures({ report: ["ok 1 - a", "1..2"] }), ["(s) 1 results of 2 planned tests"]);
  assert.deepEqual(failures({ report: ["ok 1 - a"] }), ["(s) 1 results of 0 planned tests"]);
});

Deno.test("a run that did not start, or did not end as it should, fails", () => {
  assert.deepEqual(failures({ ready: undefined, exit: undefined }), ["(s) the machine did not start"]);
  assert.deepEqual(failures({ exit: undefined }), ["(s) the machine ended without a result"]);
  assert.deepEqual(failures({ timedOut: true, exit: undefined }), ["(s) did not end within 9 s"]);
  assert.deepEqual(failures({ exit: 3 }), ["(s) ended with exit status 3"]);
});

Deno.test("a test that is ignored fails the run, unless it may be", () => {
  const report = ["ok 1 - a # SKIP", "1..1"];
  assert.deepEqual(failures({ report }), ["a: ignored, and must not be"]);
  assert.deepEqual(judge({ ...suite, mayIgnore: /^a$/ }, { ...good, report }, []), {
    passed: 0,
    ignored: 1,
    failures: [],
  });
});

Deno.test("a suite that is broken on purpose passes only if it fails as it should", () => {
  const fails = [/status 3/];
  assert.deepEqual(failures({ exit: 3 }, [], { fails }), []);
  assert.deepEqual(failures({}, [], { fails }), ["(s) was to fail with /status 3/"]);
  assert.deepEqual(failures({ exit: 3 }, ["Oops"], { fails }), ["(s) kernel: Oops"]);
});

// The first two are the words of __warn() in kernel/panic.c, of Linux 6.12 and 7.3; the others are those of
// lib/bug.c, arch/x86/mm/fault.c, lib/ubsan.c, mm/kfence/report.c, lib/refcount.c and kernel/panic.c.
for (
  const line of [
    "WARNING: CPU: 1 PID: 12 at net/core/dev.c:99 dev_get+0x12/0x40",
    "WARNING: net/core/dev.c:12 at dev_get+0x1/0x2, CPU#0: ip/99",
    "------------[ cut here ]------------",
    "kernel BUG at mm/slub.c:448!",
    "BUG: kernel NULL pointer dereference, address: 0000000000000008",
    "Oops: Oops: 0002 [#1] SMP",
    "UBSAN: array-index-out-of-bounds in net/core/dev.c:12:3",
    "BUG: KFENCE: use-after-free read in f+0x1/0x2",
    "refcount_t: underflow; use-after-free.",
    "Kernel panic - not syncing: sysrq triggered crash",
  ]
) {
  Deno.test(`a kernel that says "${line}" fails the run`, () => {
    assert.equal(findSplat(`[    1.0] before\n[    2.5] ${line}\nafter`), `[    2.5] ${line}`);
    assert.deepEqual(failures({}, [`[    2.5] ${line}`]), [`(s) kernel: [    2.5] ${line}`]);
  });
}

Deno.test("what a healthy kernel says is no complaint", () => {
  assert.equal(
    findSplat(
      "Warning: unable to open an initial console.\nDebug mode\nBUGGY_TOOL ran\nnvme nvme1: D3 entry latency",
    ),
    undefined,
  );
});
