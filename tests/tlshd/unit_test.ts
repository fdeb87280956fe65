// The systemd unit, held against the daemon and against systemd.
import assert from "node:assert/strict";
import { tlshd } from "../../cli/tlshd.ts";
import { STATUS_SOCKET } from "../../cli/tlshd/config.ts";
import { ran } from "../cli/memory_io.ts";
import { withFolder } from "../cli/tynl.ts";

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
