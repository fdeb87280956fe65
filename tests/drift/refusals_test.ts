/** `tynl drift` with what it cannot compare: wrong arguments, missing files, files from anyone. */
import assert from "node:assert/strict";
import { drift } from "../../cli/drift.ts";
import { ran } from "../cli/memory_io.ts";
import { headerFacts, inFolder, kernelFacts, root, run, specs } from "./command.ts";

Deno.test("wrong use ends with 2 and one line", async () => {
  for (
    const [args, fault] of [
      [[], /which COMPARISON\? One of generated, upstream, headers, kernel/],
      [["sideways"], /unexpected "sideways"; comparisons are/],
      [["headers"], /headers needs an INCLUDE folder/],
      [["upstream"], /upstream needs a SOURCE/],
      [["headers", headerFacts, "more"], /unexpected "more"/],
      [["headers", headerFacts, "headers", headerFacts], /headers stands twice/],
      [["headers", headerFacts, "--format", "xml"], /--format is one of text, json/],
      [["headers", headerFacts, "--fail-on", "all"], /--fail-on is one of error, warning/],
      [["headers", headerFacts, "--write-baseline"], /--write-baseline needs --baseline FILE/],
      [["headers", headerFacts, "--baseline", "/nowhere"], /there is no file \/nowhere/],
      [["headers", headerFacts, "--baseline", headerFacts], /has no list "accepted"/],
      [["headers", "/nowhere"], /there is no file \/nowhere/],
      [["headers", kernelFacts], /does not hold the facts of headers/],
      [["headers", specs], /has no folder linux/],
      [["kernel", headerFacts], /does not hold the facts of a kernel/],
      [["generated", "/nowhere"], /there is no folder \/nowhere/],
      [["upstream", "/nowhere"], /cannot read the folder \/nowhere/],
      [["upstream", `${root}cli`], /there is no \.yaml file in/],
      [["kernel", kernelFacts, "--cc", "gcc"], /--cc is for headers/],
      [["generated", "--save", "/tmp/x"], /--save is for one of headers and kernel/],
    ] as const
  ) {
    const { code, out, err } = await run(...args, "--family", "nlctrl");
    assert.deepEqual([code, out, err.length], [2, [], 1], args.join(" "));
    assert.match(err[0]!, /^tynl drift/);
    assert.match(err[0]!, fault);
  }
});

Deno.test("a comparison that is not possible leaves the others their say, and the exit status is 2", async () => {
  const { code, out, err } = await run("headers", "/nowhere", "kernel", kernelFacts, "--family", "nlctrl");
  assert.equal(code, 2);
  assert.deepEqual(err, ["tynl drift headers: there is no file /nowhere"]);
  assert.match(out[0]!, /against Linux 6\.18/);
});

Deno.test("specs without a record of their kernel need a release to be held against one", async () => {
  await inFolder(async (folder) => {
    Deno.copyFileSync(`${specs}/nlctrl.yaml`, `${folder}/nlctrl.yaml`);
    const args = ["--specs", folder, "kernel", kernelFacts];
    assert.match((await ran(drift, args)).err[0]!, /say it with --release/);
    const { out } = await ran(drift, [...args, "--release", "6.18"]);
    assert.ok(out.includes("the kernel is as old as the specs' (6.18)"));
  });
});

Deno.test("facts and specs from anyone end with an answer", async () => {
  await inFolder(async (folder) => {
    const facts = `${folder}/facts`;
    const deep = '{"inside":['.repeat(20_000);
    const kernel = JSON.parse(Deno.readTextFileSync(kernelFacts)) as { families: Record<string, unknown> };
    const texts: [string, string][] = [
      ["kernel", ""],
      ["kernel", "null"],
      ["kernel", JSON.stringify({ ...kernel, families: { netdev: null } })],
      ["kernel", JSON.stringify({ ...kernel, families: { netdev: { operations: 5 } } })],
      ["kernel", JSON.stringify({ release: 7, families: {} })],
      ["headers", deep],
      [
        "headers",
        JSON.stringify({
          origin: "",
          headers: [],
          generated: [],
          enums: [[]],
          defines: {},
          structs: {},
          problems: [],
        }),
      ],
      [
        "headers",
        JSON.stringify({
          origin: "",
          headers: [],
          generated: [],
          enums: [{ at: ["a.h", 1], entries: [["NLA_X", "1n", 1]] }],
          defines: {},
          structs: {},
          problems: [],
        }),
      ],
    ];
    for (const [comparison, text] of texts) {
      Deno.writeTextFileSync(facts, text);
      const { code, out, err } = await run(comparison, facts, "--family", "netdev");
      assert.deepEqual([code, out, err.length], [2, [], 1], text.slice(0, 80));
    }
    // A kernel that says what no kernel would is compared all the same.
    Deno.writeTextFileSync(
      facts,
      JSON.stringify({
        release: "x",
        families: {
          netdev: {
            version: 1,
            headerSize: 0,
            operations: [{ id: 1, flags: 0xffffffff, do: 99, dump: 0 }],
            groups: ["__proto__"],
            policies: {
              0: { 1: { type: "__proto__", policy: 0 }, 999999: { type: "u32", min: "9", max: "-9" } },
            },
          },
        },
      }),
    );
    assert.equal((await run("kernel", facts, "--family", "netdev")).code, 1);
    for (const text of ["name: [", "# SPDX-License-Identifier: X\nname: 5\n", "a: &a [*a]"]) {
      Deno.writeTextFileSync(`${folder}/x.yaml`, text);
      const { code, err } = await run("upstream", folder);
      assert.deepEqual([code, err.length], [2, 1], text);
    }
  });
});
