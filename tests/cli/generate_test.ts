import assert from "node:assert/strict";
import { copySpecs, filesBelow, tynl, withFolder } from "./tynl.ts";

function edit(path: string, from: string, to: string): void {
  const text = Deno.readTextFileSync(path);
  assert(text.includes(from), `${path} has ${from}`);
  Deno.writeTextFileSync(path, text.replace(from, to));
}

Deno.test("the generated code of the tree is what its specs give", async () => {
  const { code, stdout } = await tynl("generate", "--check");
  assert.match(stdout, /^138 files are what the specs give/);
  assert.equal(code, 0);
});

Deno.test("a changed number in a spec is told with family, file and line, and nothing is written", async () => {
  await withFolder(async (folder) => {
    copySpecs(`${folder}/specs`, "handshake", "nlctrl");
    const where = ["--specs", `${folder}/specs`, "--out", `${folder}/out`];
    assert.equal((await tynl("generate", ...where)).code, 0);
    assert.equal((await tynl("generate", "--check", ...where)).code, 0);
    const before = filesBelow(`${folder}/out`);
    edit(`${folder}/specs/nlctrl.yaml`, "value: 3", "value: 4");
    const { code, stdout } = await tynl("generate", "--check", ...where);
    assert.equal(code, 1);
    const line = before.get("/nlctrl/mod.ts")!.split("\n").findIndex((text) =>
      text.includes('name: "getfamily"')
    ) + 1;
    assert(
      stdout.includes(
        `${folder}/out/nlctrl/mod.ts:${line}: differs from what the specs give (family nlctrl)`,
      ),
    );
    assert.match(stdout, /^- +getfamily: .* request: 3,/m);
    assert.match(stdout, /^\+ +getfamily: .* request: 4,/m);
    assert(!stdout.includes("/handshake/"), "only the family that changed is named");
    assert.deepEqual(filesBelow(`${folder}/out`), before);
  });
});

Deno.test("two runs in different folders give the same bytes", async () => {
  await withFolder(async (one) => {
    await withFolder(async (other) => {
      for (const folder of [one, `${other}/deep/er`]) {
        copySpecs(`${folder}/specs`, "netdev", "tc");
        const run = await tynl("generate", "--specs", `${folder}/specs`, "--out", `${folder}/out`);
        assert.equal(run.code, 0, run.stderr);
      }
      assert.deepEqual(filesBelow(`${one}/out`), filesBelow(`${other}/deep/er/out`));
    });
  });
});

Deno.test("only files whose content changes are written, and what no spec gives is removed", async () => {
  await withFolder(async (folder) => {
    copySpecs(`${folder}/specs`, "handshake", "nlctrl", "team");
    const where = ["--specs", `${folder}/specs`, "--out", `${folder}/out`];
    assert.match(
      (await tynl("generate", ...where)).stdout,
      /^3 families, 14 files: 14 written, 0 unchanged, 0 removed/,
    );
    Deno.writeTextFileSync(`${folder}/out/team/extra.ts`, "");
    Deno.removeSync(`${folder}/specs/handshake.yaml`);
    edit(`${folder}/specs/nlctrl.yaml`, "value: 3", "value: 4");
    const { stdout } = await tynl("generate", ...where);
    // The banner of all four files of nlctrl has the hash of the spec; families.ts and names.ts list one family less.
    assert.match(stdout, /^2 families, 10 files: 6 written, 4 unchanged, 2 removed/);
    assert(!filesBelow(`${folder}/out`).has("/team/extra.ts"));
    assert(!filesBelow(`${folder}/out`).has("/handshake/mod.ts"));
  });
});

Deno.test("a second run sees that nothing changed, and a file that was edited by hand is put right", async () => {
  await withFolder(async (folder) => {
    copySpecs(`${folder}/specs`, "handshake");
    const where = ["--specs", `${folder}/specs`, "--out", `${folder}/out`];
    await tynl("generate", ...where);
    assert.match((await tynl("generate", ...where)).stdout, /^1 family is up to date/);
    edit(`${folder}/out/handshake/uapi.ts`, "HANDSHAKE_CMD_DONE = 3", "HANDSHAKE_CMD_DONE = 4");
    assert.match((await tynl("generate", ...where)).stdout, /: 1 written, 5 unchanged/);
  });
});

Deno.test("a broken spec is told with its place and ends with 2; nothing is written", async () => {
  await withFolder(async (folder) => {
    copySpecs(`${folder}/specs`, "handshake", "nlctrl");
    edit(`${folder}/specs/handshake.yaml`, "type: s32", "type: s31");
    const { code, stderr } = await tynl("generate", "--specs", `${folder}/specs`, "--out", `${folder}/out`);
    assert.equal(code, 2);
    assert.match(
      stderr,
      /specs\/handshake\.yaml:\d+:\d+: attribute-sets\/x509\/attributes\/cert\/type: .*s31.*"s32"/,
    );
    assert.throws(() => Deno.statSync(`${folder}/out`), Deno.errors.NotFound);
  });
});

Deno.test("an erratum that upstream has fixed is told, and the rest is generated", async () => {
  await withFolder(async (folder) => {
    copySpecs(`${folder}/specs`, "nftables");
    const spec = Deno.readTextFileSync(`${folder}/specs/nftables.yaml`);
    Deno.writeTextFileSync(
      `${folder}/specs/nftables.yaml`,
      spec.replace(/- name: mgmt\n/, "- name: mgmt\n      value: 7\n"),
    );
    const { code, stderr } = await tynl("generate", "--specs", `${folder}/specs`, "--out", `${folder}/out`);
    assert.equal(code, 0);
    assert.match(stderr, /erratum nftables-mgmt-group \(nftables\) is stale: .* fixed upstream/);
  });
});

Deno.test("--no-errata takes the specs as they are", async () => {
  await withFolder(async (folder) => {
    copySpecs(`${folder}/specs`, "nlctrl");
    await tynl("generate", "--no-errata", "--specs", `${folder}/specs`, "--out", `${folder}/out`);
    assert.match(filesBelow(`${folder}/out`).get("/nlctrl/uapi.ts")!, /NL_POLICY_TYPE_ATTR_MASK = 11;/);
    await tynl("generate", "--specs", `${folder}/specs`, "--out", `${folder}/out`);
    assert.match(filesBelow(`${folder}/out`).get("/nlctrl/uapi.ts")!, /NL_POLICY_TYPE_ATTR_MASK = 12;/);
  });
});

Deno.test("--format uapi-header writes one C header for each family", async () => {
  await withFolder(async (folder) => {
    copySpecs(`${folder}/specs`, "handshake", "rt-link", "rt-addr");
    await tynl(
      "generate",
      "--format",
      "uapi-header",
      "--specs",
      `${folder}/specs`,
      "--out",
      `${folder}/include`,
    );
    const files = filesBelow(`${folder}/include`);
    // rt-link and rt-addr both name linux/rtnetlink.h.
    assert.deepEqual([...files.keys()], [
      "/linux/handshake.h",
      "/linux/rtnetlink-rt-addr.h",
      "/linux/rtnetlink-rt-link.h",
    ]);
    assert.match(files.get("/linux/handshake.h")!, /HANDSHAKE_A_DONE_SESSION_ID/);
  });
});

Deno.test("--family generates that family alone and leaves the others", async () => {
  await withFolder(async (folder) => {
    copySpecs(`${folder}/specs`, "handshake", "team");
    const where = ["--specs", `${folder}/specs`, "--out", `${folder}/out`];
    await tynl("generate", ...where);
    Deno.writeTextFileSync(`${folder}/out/team/mod.ts`, "");
    const { stdout } = await tynl("generate", "--family", "handshake", ...where);
    assert.match(stdout, /^1 family, 4 files: 0 written, 4 unchanged, 0 removed/);
    assert.equal(filesBelow(`${folder}/out`).get("/team/mod.ts"), "");
  });
});

for (
  const [what, args, expected] of [
    [
      "a family that is not there",
      ["--family", "handshak"],
      /there is no spec handshak in specs; there are binder,/,
    ],
    ["a folder that is not there", ["--specs", "nowhere"], /cannot read the folder nowhere/],
    ["a format that is not there", ["--format", "rust"], /--format is typescript or uapi-header, not "rust"/],
    ["an option that is not there", ["--ckeck"], /Unknown option '--ckeck'/],
  ] as const
) {
  Deno.test(`${what} is told in one line and ends with 2`, async () => {
    const { code, stderr } = await tynl("generate", ...args);
    assert.equal(code, 2);
    assert.match(stderr, expected);
    assert(!stderr.includes("    at "), "no stack");
  });
}

Deno.test("every subcommand has a --help that exits with 0", async () => {
  const { stdout } = await tynl("--help");
  const names = [...stdout.matchAll(/^ {2}(\S+) {2,}/gm)].map(([, name]) => name!);
  assert(names.includes("generate"));
  for (const name of names) {
    const { code, stdout } = await tynl(name, "--help");
    assert.equal(code, 0, name);
    assert.match(stdout, new RegExp(`^Usage: tynl ${name}`));
  }
});
