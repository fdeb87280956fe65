// The systemd unit, held against the daemon and against systemd.
import assert from "node:assert/strict";
import { tlshd } from "../../cli/tlshd.ts";
import { STATUS_SOCKET } from "../../cli/tlshd/config.ts";
import { ran } from "../cli/memory_io.ts";
import { withFolder } from "../cli/tynl.ts";
import manifest from "../../deno.json" with { type: "json" };

const path = new URL("../../docs/tynl-tlshd.service", import.meta.url).pathname;
const unit = Deno.readTextFileSync(path);

function setting(name: string): string {
  return new RegExp(`^${name}=(.*)$`, "m").exec(unit)?.[1] ?? assert.fail(`no ${name}`);
}

Deno.test("the unit gives the daemon options that it has", async () => {
  const { out } = await ran(tlshd, ["--help"]);
  for (const option of setting("ExecStart").split("tlshd.js ")[1]!.split(" ")) {
    assert(out.join("\n").includes(` ${option} `), option);
  }
});

Deno.test("the unit makes the folder of the status socket, for root alone", () => {
  assert.equal(STATUS_SOCKET, `/run/${setting("RuntimeDirectory")}/status.sock`);
  assert.equal(setting("RuntimeDirectoryMode"), "0700");
});

Deno.test("the unit lets the daemon do what it must, and V8 compile", () => {
  assert.equal(setting("CapabilityBoundingSet"), "CAP_NET_ADMIN");
  assert.equal(setting("Type"), "notify");
  assert.deepEqual(setting("RestrictAddressFamilies").split(" "), [
    "AF_NETLINK",
    "AF_UNIX",
    "AF_INET",
    "AF_INET6",
  ]);
  assert(!/^(MemoryDenyWriteExecute|ProcSubset|PrivateNetwork|PrivateUsers)=/m.test(unit));
});

function hasAnalyze(): boolean {
  try {
    return new Deno.Command("systemd-analyze", { args: ["--version"], stdout: "null", stderr: "null" })
      .outputSync()
      .success;
  } catch {
    return false;
  }
}

const analyze: boolean = hasAnalyze();

Deno.test({
  name: analyze ? "systemd reads the unit" : "systemd reads the unit (ignored: there is no systemd-analyze)",
  ignore: !analyze,
  fn: async () => {
    await withFolder(async (folder) => {
      // The program is not installed here; what does not exist is no fault of the unit.
      const copy = `${folder}/tynl-tlshd.service`;
      Deno.writeTextFileSync(copy, unit.replace(/^ExecStart=\S+/m, "ExecStart=/bin/true"));
      const { stderr } = await new Deno.Command("systemd-analyze", { args: ["verify", "--man=no", copy] })
        .output();
      const said = new TextDecoder().decode(stderr).split("\n").filter((line) => line.includes("tynl-tlshd"));
      assert.deepEqual(said, []);
    });
  },
});

Deno.test("the program that the unit starts is one file, which needs no package and no configuration of Deno", async () => {
  await withFolder(async (folder) => {
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args,
        cwd: new URL("../../", import.meta.url).pathname,
        env: { NO_COLOR: "1" },
      }).output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
      return new TextDecoder().decode(stdout);
    };
    await run("bundle", "--quiet", "--platform", "deno", "--output", `${folder}/tlshd.js`, "cli/tlshd.ts");
    const started = setting("ExecStart").split(" ").slice(1, -1)
      .map((word) => word.endsWith("/tlshd.js") ? `${folder}/tlshd.js` : word);
    assert.equal(await run(...started, "--version"), `tynl tlshd ${manifest.version}\n`);
  });
});
