/** The documentation of drift, and the workflows: what they call is there, and works. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { drift } from "../../cli/drift.ts";
import { ran } from "../cli/memory_io.ts";

const root = new URL("../../", import.meta.url);
const read = (name: string) => Deno.readTextFileSync(new URL(name, root));
const help = (await ran(drift, ["--help"])).out.join("\n");

/** Words behind `drift` in a text of commands; lines that go on are joined. */
function calls(text: string): string[][] {
  return text.replaceAll(/\s*\\\n\s*/g, " ").split("\n").flatMap((line) => {
    const command = /(?:tynl|task(?: -q)?) drift +([^#>|]*)/.exec(line.replace(/ {2,}#.*/, ""))?.[1];
    return command === undefined ? [] : [command.trim().split(/\s+/)];
  });
}

interface Job {
  script?: string[];
  steps?: { run?: string }[];
  rules?: unknown;
  if?: string;
}

/** The shell commands of each job of a workflow. */
function jobs(text: string): Map<string, string[]> {
  const workflow = parse(text) as { jobs?: Record<string, Job> } & Record<string, Job>;
  const found = Object.entries(workflow.jobs ?? workflow).flatMap(([name, { script, steps } = {}]) => {
    const commands = script ?? steps?.flatMap(({ run }) => run ?? []);
    return commands === undefined ? [] : [[name, commands] as const];
  });
  return new Map(found);
}

const WORKFLOWS = ["docs/ci/github-actions-drift.yml", "docs/ci/gitlab-drift.yml"];

Deno.test("every call in the documentation and in the workflows has options that there are", () => {
  const texts = [
    ...["docs/drift.md", "README.md"].map((name) =>
      [...read(name).matchAll(/^```sh\n(.*?)^```/gms)].map(([, text]) => text).join("")
    ),
    ...WORKFLOWS.flatMap((name) => [...jobs(read(name)).values()].flat()),
    read(".ci/run"),
  ];
  const all = texts.flatMap(calls);
  assert.ok(all.length > 15, `only ${all.length} calls were found`);
  for (const words of all) {
    assert.match(words[0]!, /^(generated|upstream|headers|kernel)$/, words.join(" "));
    for (const word of words.filter((word) => word.startsWith("--"))) {
      assert.match(help, new RegExp(`^ {2}${word}\\b`, "m"), words.join(" "));
    }
  }
});

for (const name of WORKFLOWS) {
  Deno.test(`${name} gates on generated code and headers, and what is scheduled gates nothing`, async () => {
    const [gating, scheduled, ...more] = [...jobs(read(name)).values()];
    assert.deepEqual(more, []);
    const gates = calls(gating!.join("\n"));
    assert.deepEqual(gates.map(([comparison]) => comparison), ["generated", "headers"]);
    // That of generated code is run by the tests of the command.
    const args = gates[1]!.map((word) => /^(tests|specs)\//.test(word) ? new URL(word, root).pathname : word);
    const { code, err } = await ran(drift, [...args, "--specs", new URL("specs", root).pathname]);
    assert.deepEqual([code, err], [0, []]);
    for (const words of calls(scheduled!.join("\n"))) {
      assert.deepEqual(words.slice(0, 4), ["upstream", "linux", "headers", "linux"]);
      assert.ok(words.join(" ").includes("--fail-on never"), words.join(" "));
    }
    assert.match(read(name), /permissions:\n {2}contents: read|^ {2}KERNEL_URL:/m);
  });
}

Deno.test("the example of a finding is one that there is", async () => {
  const [, line] = /```text\n(.*)\n```/.exec(read("docs/drift.md"))!;
  const specs = new URL("specs", root).pathname;
  const facts = new URL("data/headers-7.3.facts", import.meta.url).pathname;
  const { out } = await ran(drift, ["headers", facts, "--specs", specs, "--no-errata", "--family", "nlctrl"]);
  assert.ok(out.map((one) => one.replace(specs, "specs")).includes(line!), out.join("\n"));
});
