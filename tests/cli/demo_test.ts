import assert from "node:assert/strict";

const cli = new URL("../../cli/main.ts", import.meta.url).pathname;

async function demo(args: string[], ...permissions: string[]): Promise<{ code: number; out: string }> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...permissions, cli, "demo", ...args],
    env: { NO_COLOR: "1" },
  });
  const { code, stdout } = await command.output();
  return { code, out: new TextDecoder().decode(stdout) };
}

Deno.test("the demo shows messages of a family that it generated, and what the running kernel says", async () => {
  const { code, out } = await demo([], "--allow-read", "--allow-env", "--allow-ffi");
  assert.equal(code, 0);
  assert.match(out, /generated into memory/);
  assert.match(out, /^ {3}20 {2}08 00 02 00 01 00 00 00 {2}handler-class 1 \(tlshd\)$/m);
  assert.match(out, /peername "target\.example"/);
  for (const line of out.split("\n")) assert(line.length <= 80, line);
  if (Deno.build.os !== "linux") return;
  assert.match(out, /^ +16 {2}nlctrl +\d+ +\d+ {2}notify/m);
  assert.match(out, /^ +1 {2}lo /m);
  assert.match(out, /^Of the 34 families, this kernel has \d+$/m);
});

Deno.test("the demo says what it may not do, and succeeds nevertheless", async () => {
  const { code, out } = await demo([], "--allow-read", "--allow-env");
  assert.equal(code, 0);
  assert.match(out.replaceAll(/\s+/g, " "), /Cannot ask it: .*--allow-ffi/);
});

Deno.test("the demo takes no arguments", async () => {
  assert.equal((await demo(["more"], "--allow-read", "--allow-env")).code, 2);
  assert.equal((await demo(["--help"], "--allow-read", "--allow-env")).code, 0);
});
