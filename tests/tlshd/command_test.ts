// The command line: options, exit statuses, and what it says where it cannot serve.
import assert from "node:assert/strict";
import { completions } from "../../cli/completion.ts";
import { tlshd } from "../../cli/tlshd.ts";
import { FamilyNotFoundError, open } from "../../runtime/netlink/mod.ts";
import { handshake } from "../../generated/handshake/mod.ts";
import { ran } from "../cli/memory_io.ts";
import { tynl, withFolder } from "../cli/tynl.ts";
import manifest from "../../deno.json" with { type: "json" };

async function hasFamily(): Promise<boolean> {
  try {
    await using _ = await open(handshake);
    return true;
  } catch (error) {
    return !(error instanceof FamilyNotFoundError);
  }
}
const family: boolean = Deno.build.os === "linux" && await hasFamily();

for (const option of ["-v", "--version"]) {
  Deno.test(`${option} tells the version`, async () => {
    assert.deepEqual(await ran(tlshd, [option]), {
      code: 0,
      out: [`tynl tlshd ${manifest.version}`],
      err: [],
    });
  });
}

for (
  const [args, told] of [
    [["file"], /only options are taken/],
    [["--log-format", "xml"], /--log-format is text or json, not "xml"/],
    [["--json"], /--json is for --status and --check/],
    [["--status", "--check"], /two questions/],
    [["-c"], /argument missing/],
  ] as const
) {
  Deno.test(`wrong arguments end it with 2: ${args.join(" ")}`, async () => {
    const { code, out, err } = await ran(tlshd, [...args]);
    assert.deepEqual([code, out, err.length], [2, [], 1]);
    assert.match(err[0]!, told);
  });
}

Deno.test("a configuration that is not there ends it with 1, as tlshd ends", async () => {
  const { code, err } = await ran(tlshd, ["-s", "-c", "/none/config"]);
  assert.deepEqual([code, err], [1, ["tynl tlshd: /none/config: there is no such file"]]);
});

Deno.test("a configuration that is no key file ends it with 1 and the line at fault", async () => {
  await withFolder(async (folder) => {
    Deno.writeTextFileSync(`${folder}/config`, "# one\nloglevel\n");
    const { code, err } = await ran(tlshd, ["-s", "-c", `${folder}/config`]);
    assert.equal(code, 1);
    assert.match(err[0]!, new RegExp(`^tynl tlshd: ${folder}/config:2: `));
  });
});

Deno.test("a configuration that others may write is refused, if it says so itself", async () => {
  await withFolder(async (folder) => {
    Deno.writeTextFileSync(`${folder}/config`, "[tynl]\nunsafe_files=refuse\n");
    Deno.chmodSync(`${folder}/config`, 0o666);
    const { code, err } = await ran(tlshd, ["-s", "-c", `${folder}/config`]);
    assert.equal(code, 1);
    assert.match(err[0]!, /mode 0666 lets others write it; chmod 0644/);
  });
});

Deno.test({
  name: family
    ? "on a kernel without the family it ends with 1 and says so (ignored: this kernel has it)"
    : "on a kernel without the family it ends with 1 and says so",
  ignore: family || Deno.build.os !== "linux",
  fn: async () => {
    await withFolder(async (folder) => {
      Deno.writeTextFileSync(`${folder}/config`, `[tynl]\nstatus_socket=${folder}/status\n`);
      const { code, stdout, stderr } = await tynl("tlshd", "-s", "-c", `${folder}/config`);
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(stderr, / error failed this kernel has no netlink family "handshake" .*\n$/);
    });
  },
});

Deno.test("--status without a daemon ends with 1", async () => {
  await withFolder(async (folder) => {
    Deno.writeTextFileSync(`${folder}/config`, `[tynl]\nstatus_socket=${folder}/status\n`);
    const { code, out, err } = await ran(tlshd, ["--status", "-c", `${folder}/config`]);
    assert.deepEqual([code, out, err], [
      1,
      [],
      [`tynl tlshd: no agent answers at ${folder}/status: there is no such socket`],
    ]);
  });
});

Deno.test("completion offers every option, formats of the log, and files where one is taken", async () => {
  const { out } = await ran(tlshd, ["--help"]);
  const told = out.join("\n").split("\n").filter((line) => line.startsWith("  -"))
    .map((line) => /--[a-z-]+/.exec(line)![0]);
  assert.deepEqual((await completions("tynl tlshd --")).sort(), told.sort());
  assert.deepEqual(await completions("tynl tlshd --log-format "), ["text", "json"]);
  assert.deepEqual(await completions("tynl tlshd -s --config "), []);
});
