// What the pages say of the daemon, held against the daemon.
import assert from "node:assert/strict";
import { entryOf } from "../../cli/tlshd/entries.ts";
import { tlshd } from "../../cli/tlshd.ts";
import { type AgentEvent, Errno } from "../../runtime/handshake/mod.ts";
import { ran } from "../cli/memory_io.ts";

const root = new URL("../../", import.meta.url);
const page = (name: string): string => Deno.readTextFileSync(new URL(`docs/${name}.md`, root));

/** Cells of the rows of all tables below a heading. */
function rows(name: string, heading: string): string[][] {
  const [, text = ""] = page(name).split(`\n## ${heading}\n`);
  return text.split(/\n## /)[0]!.split("\n").filter((line) => line.startsWith("| "))
    .map((line) => line.slice(1, -1).split("|").map((cell) => cell.trim()));
}

Deno.test("each feature of the table names a test that is there, or says that there is none", () => {
  const features = rows("tlshd", "Feature by feature").slice(2);
  assert(features.length > 40);
  for (const [feature, , tynl, proof] of features) {
    if (proof === "") {
      assert.match(tynl!, /^no$/, feature);
      continue;
    }
    const [, file, words] = /^`(.+?)`: (.+)$/.exec(proof!) ?? [];
    assert(file !== undefined && words !== undefined, `${feature}: ${proof}`);
    const text = Deno.readTextFileSync(new URL(file, root));
    assert(text.includes(words), `${feature}: ${file} has no test with "${words}"`);
  }
});

Deno.test("the table of options has those of the help", async () => {
  const { out } = await ran(tlshd, ["--help"]);
  const told = out.join("\n").split("\n").filter((line) => line.startsWith("  -")).join(" ");
  const options = (text: string) => new Set([...text.matchAll(/--[a-z][a-z-]+/g)].map(([option]) => option));
  const listed = options(rows("tlshd", "Options").map(([option]) => option).join(" "));
  assert.deepEqual([...listed].sort(), [...options(told)].sort());
});

Deno.test("every key of [tynl] is explained, with its default", () => {
  const source = Deno.readTextFileSync(new URL("cli/tlshd/config.ts", root));
  const keys = [...source.matchAll(/(?:own|flag|number|values\.path)\((?:"tynl", )?"([a-z_]+)"/g)].map((
    [, key],
  ) => key!);
  assert(keys.length >= 14, keys.join(" "));
  const listed = rows("tlshd", "Configuration").map(([key]) => /^`([a-z_]+)`$/.exec(key!)?.[1]);
  assert.deepEqual(listed.filter((key) => key !== undefined).sort(), [...new Set(keys)].sort());
});

Deno.test("every event of the log is explained", () => {
  const source = ["serve", "sinks", "entries"].map((name) =>
    Deno.readTextFileSync(new URL(`cli/tlshd/${name}.ts`, root))
  ).join("\n");
  const events = new Set([
    ...[...source.matchAll(/event: "([a-z-]+)"/g)].map(([, event]) => event!),
    ...[...source.matchAll(/#write\("\w+", "([a-z-]+)"/g)].map(([, event]) => event!),
    "log",
  ]);
  const listed = rows("operations", "The log").map(([event]) => /^`([a-z-]+)`$/.exec(event!)?.[1]);
  for (const event of events) assert(listed.includes(event), event);
  assert.equal(entryOf({ type: "stopped" }).event, "stopped");
});

Deno.test("every fact about a handshake and about new keys is explained", () => {
  const outcome = { role: "server", status: 0, duration: 1, reported: true, sessionId: 1 } as const;
  const suite = "TLS_AES_256_GCM_SHA384";
  const events: AgentEvent[] = [
    { type: "handshake", ...outcome, auth: "psk", remoteAuth: [1], suite },
    { type: "rekey", ...outcome, request: "send", suite },
  ];
  const facts = new Set(events.flatMap((event) => Object.keys(entryOf(event).fields ?? {})));
  const listed = rows("operations", "The log").flatMap(([names]) =>
    /^(`[a-z_]+`(, )?)+$/.test(names!) ? names!.split(", ").map((name) => name.slice(1, -1)) : []
  );
  for (const fact of facts) assert(listed.includes(fact), fact);
});

Deno.test("every error that the agent reports is explained", () => {
  const listed = rows("handshake-agent", "Status").map(([name, number]) => [name, Number(number)]);
  const explained = Object.fromEntries(listed.filter(([name]) => /^E[A-Z]+$/.test(String(name))));
  for (const [name, number] of Object.entries(Errno)) {
    // Of these the kernel's own words say enough.
    if (name === "EPERM" || name === "EBADF") continue;
    assert.equal(explained[name], number, name);
  }
});

Deno.test("links between the pages lead somewhere", () => {
  for (const name of ["tlshd", "handshake-agent", "key-update", "deployment", "operations"]) {
    for (const [, target] of page(name).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)) {
      assert(Deno.statSync(new URL(target!, new URL("docs/", root))).isFile, `${name}: ${target}`);
    }
  }
});
