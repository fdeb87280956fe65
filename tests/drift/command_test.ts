/** `tynl drift` as people call it: arguments, files, exit status. */
import assert from "node:assert/strict";
import { completions } from "../../cli/completion.ts";
import { drift } from "../../cli/drift.ts";
import { noNetlink, ran } from "../cli/memory_io.ts";
import { baseline, headerFacts, inFolder, kernel73Facts, kernelFacts, root, run, specs } from "./command.ts";

function copyFolder(from: string, to: string): void {
  Deno.mkdirSync(to, { recursive: true });
  for (const { name, isDirectory } of Deno.readDirSync(from)) {
    if (isDirectory) copyFolder(`${from}/${name}`, `${to}/${name}`);
    else Deno.copyFileSync(`${from}/${name}`, `${to}/${name}`);
  }
}

/** A copy of our specs, changed; with it what belongs beside them. */
function copySpecs(to: string, family: string, change: (text: string) => string): void {
  copyFolder(specs, to);
  const path = `${to}/${family}.yaml`;
  const before = Deno.readTextFileSync(path);
  const after = change(before);
  assert.notEqual(after, before);
  Deno.writeTextFileSync(path, after);
}

const errors = (out: readonly string[]) => out.filter((line) => line.includes(": error: "));

Deno.test("generated code, recorded headers and the recorded kernel agree with the specs but for what is known", async () => {
  const { code, out, err } = await run(
    "generated",
    `${root}generated`,
    "headers",
    headerFacts,
    "kernel",
    kernelFacts,
    "--baseline",
    baseline,
  );
  assert.deepEqual([code, err, errors(out)], [0, [], []]);
  assert.equal(out.filter((line) => line.startsWith("0 errors")).length, 3);
  // Nothing that the baseline accepts is stale, but for what a newer kernel has.
  assert.deepEqual(out.filter((line) => line.includes("stale")), []);
});

Deno.test("the recorded kernel 7.3 has nothing that the baseline does not know, and KeyUpdate is told as ours", async () => {
  const args = ["kernel", kernel73Facts, "--notes"];
  const { code, out } = await run(...args, "--baseline", baseline);
  assert.deepEqual([code, errors(out).filter((line) => !/explained/.test(out[out.indexOf(line) + 1]!))], [
    0,
    [],
  ]);
  assert.deepEqual(out.filter((line) => line.includes("stale")), []);
  const [ours, ...more] = out.filter((line) => line.endsWith("[newer-than-kernel]"));
  assert.match(ours!, /note: done \(do\) refuses session-id, .*: it is ours, and not upstream yet/);
  assert.deepEqual(more, []);
});

Deno.test("without errata the faults of the specs are findings, and the exit status is 1", async () => {
  const { code, out } = await run("headers", headerFacts, "--no-errata");
  assert.equal(code, 1);
  // Eleven values and nine structs of specs, as the tests of the comparison name them.
  assert.equal(errors(out).length, 20);
  assert.equal((await run("headers", headerFacts, "--no-errata", "--fail-on", "never")).code, 0);
  assert.equal((await run("headers", headerFacts, "--fail-on", "warning")).code, 1);
  assert.equal((await run("headers", headerFacts, "--fail-on", "warning", "--baseline", baseline)).code, 0);
});

Deno.test("a family is compared alone", async () => {
  const { code, out } = await run("headers", headerFacts, "--no-errata", "--family", "nlctrl");
  assert.equal(code, 1);
  assert.equal(errors(out).length, 2);
  assert.ok(errors(out).every((line) => line.startsWith(`${specs}/nlctrl.yaml:`)));
  const { err } = await run("headers", headerFacts, "--family", "nosuch");
  assert.match(err[0]!, /there is no spec nosuch/);
});

Deno.test("code that differs is told by constant, attribute, operation and file", async () => {
  await inFolder(async (folder) => {
    copyFolder(`${root}generated/netdev`, `${folder}/netdev`);
    const change = (name: string, from: string | RegExp, to: string) => {
      const path = `${folder}/netdev/${name}`;
      const before = Deno.readTextFileSync(path);
      assert.notEqual(before.replace(from, to), before);
      Deno.writeTextFileSync(path, before.replace(from, to));
    };
    change("uapi.ts", /(NETDEV_A_DEV_IFINDEX = )1/, "$12");
    change("meta.ts", /(irq: \{[^}]*type: )"u32"/, '$1"u64"');
    change("mod.ts", /name: "queue-get"/, 'name: "queue-gte"');
    Deno.writeTextFileSync(`${folder}/netdev/more.ts`, "");
    const { code, out } = await run("generated", folder, "--family", "netdev");
    const found = errors(out).map((line) => line.replace(/^.*?: error: /, "").replaceAll(folder, ""));
    assert.equal(code, 1);
    assert.ok(
      found.some((line) =>
        /^constant NETDEV_A_DEV_IFINDEX is 2 in netdev\/uapi.ts, 1 by the spec/.test(line)
      ),
      found.join("\n"),
    );
    assert.ok(found.some((line) => /^attribute-sets\/napi\/irq.* is "u64"/.test(line)), found.join("\n"));
    assert.ok(found.some((line) => /^operation queue-get is missing/.test(line)), found.join("\n"));
    assert.ok(found.some((line) => /^no spec gives netdev\/more.ts/.test(line)), found.join("\n"));
    // The place in the spec, then the one in the code.
    assert.match(
      errors(out).find((line) => line.includes("queue-get"))!,
      /^\S+\/netdev\.yaml:\d+:\d+ \S+\/netdev\/mod\.ts:\d+: error/,
    );
    const whole = await run("generated", folder);
    assert.ok(errors(whole.out).some((line) => line.includes("tc/mod.ts is missing")));
  });
});

Deno.test("code is compared in a thread of its own as it is in this one", async () => {
  await inFolder(async (folder) => {
    copyFolder(`${root}generated/psp`, `${folder}/psp`);
    Deno.writeTextFileSync(`${folder}/psp/uapi.ts`, "");
    const alone = await run("generated", folder, "--family", "psp");
    const together = await run("generated", folder, "headers", headerFacts, "--family", "psp");
    assert.ok(errors(alone.out).length > 10);
    assert.deepEqual(errors(together.out), errors(alone.out));
    assert.equal(together.code, 1);
  });
});

Deno.test("a header that differs is told with its line", async () => {
  await inFolder(async (folder) => {
    Deno.mkdirSync(`${folder}/linux`);
    Deno.writeTextFileSync(
      `${folder}/linux/handshake.h`,
      "/* YNL-GEN uapi header */\nenum handshake_auth {\n\tHANDSHAKE_AUTH_UNSPEC,\n\tHANDSHAKE_AUTH_PSK,\n};\n",
    );
    const { code, out } = await run("headers", folder, "--family", "handshake");
    assert.equal(code, 1);
    assert.match(
      errors(out).join("\n"),
      /linux\/handshake\.h:4: error: HANDSHAKE_AUTH_PSK is 1 in the header, 2 by the spec \[value-differs\]/,
    );
    // A kernel tree has the same further inside.
    Deno.mkdirSync(`${folder}/tree/include/uapi`, { recursive: true });
    copyFolder(`${folder}/linux`, `${folder}/tree/include/uapi/linux`);
    assert.deepEqual(
      errors((await run("headers", `${folder}/tree`, "--family", "handshake")).out),
      errors(out),
    );
  });
});

Deno.test("facts that were saved stand for the headers they come from", async () => {
  await inFolder(async (folder) => {
    Deno.mkdirSync(`${folder}/linux`);
    Deno.writeTextFileSync(`${folder}/linux/psp.h`, "enum { PSP_A_DEV_ID = 4, };\nstruct s { int a; };\n");
    const first = await run("headers", folder, "--family", "psp", "--save", `${folder}/facts`);
    const second = await run("headers", `${folder}/facts`, "--family", "psp");
    assert.equal(first.code, 1);
    assert.deepEqual(second, first);
  });
});

const gcc = (() => {
  try {
    return new Deno.Command("gcc", { args: ["--version"], stdout: "null", stderr: "null" }).outputSync()
      .success;
  } catch {
    return false;
  }
})();

Deno.test({
  name: gcc
    ? "a compiler confirms what was read in headers, or contradicts it"
    : "a compiler confirms what was read in headers (ignored: no gcc)",
  ignore: !gcc,
  fn: async () => {
    await inFolder(async (folder) => {
      Deno.mkdirSync(`${folder}/linux`);
      const header = `${folder}/linux/rt.h`;
      const text = "enum { NUD_NONE, NUD_NOARP = 1 << 6 };\nstruct ndmsg { char a; long b; };\n" +
        "enum { RTM_NEWNEIGH = 28, NTF_SELF = 2, };\n#define NTF_USE 1\n";
      Deno.writeTextFileSync(header, text);
      const sound = await run("headers", folder, "--family", "rt-neigh", "--cc", "gcc");
      assert.match(sound.out.join("\n"), /^gcc confirmed (\d+) of \1 facts of the headers$/m);
      // The reader does not take itself for gcc.
      Deno.writeTextFileSync(header, text.replace("long b;", "\n#ifdef __GNUC__\nlong c;\n#endif\nlong b;"));
      const { code, out } = await run("headers", folder, "--family", "rt-neigh", "--cc", "gcc");
      assert.equal(code, 1);
      assert.match(out.join("\n"), /gcc contradicts what was read in linux\/rt\.h: b of ndmsg is at 8/);
    });
    const { code, err } = await run("headers", headerFacts, "--cc", "gcc");
    assert.deepEqual([code, err.length], [2, 1]);
  },
});

Deno.test("specs of another kernel are compared by what they mean, ours as ours", async () => {
  await inFolder(async (folder) => {
    // Upstream: without the family that no kernel describes, with handshake as upstream has it.
    copySpecs(folder, "psp", (text) => text.replace("type: s32", "type: u32"));
    Deno.removeSync(`${folder}/inet-diag.yaml`);
    Deno.copyFileSync(`${specs}/upstream/handshake.yaml`, `${folder}/handshake.yaml`);
    const { code, out } = await run("upstream", folder, "--notes");
    assert.equal(code, 1);
    assert.equal(errors(out).length, 1);
    assert.match(errors(out)[0]!, /type s32 became u32, breaks decoding and sending \[retyped\]$/);
    assert.ok(out.includes("families that no kernel describes, written by us: inet-diag"));
    assert.ok(out.includes("handshake: of the 9 parts that our spec adds, upstream has 0"));
    // Besides the change, only what the v7 series adds.
    const notes = out.filter((line) => line.includes(": note: "));
    assert.equal(notes.length, 9);
    assert.ok(notes.every((line) => line.endsWith("[not-upstream]") && line.includes("/handshake.yaml:")));
  });
});

Deno.test("a family of ours that upstream has now is compared with it", async () => {
  await inFolder(async (folder) => {
    copySpecs(folder, "inet-diag", (text) => text.replace("name: rx-no-pad", "name: rx-pad"));
    const { out } = await run("upstream", folder, "--notes", "--family", "inet-diag");
    assert.ok(out.some((line) => line.includes("attribute rx-no-pad of tls-info is now called rx-pad")));
    assert.ok(!out.some((line) => line.includes("written by us")));
  });
});

Deno.test("upstream that has taken KeyUpdate is said to have it", async () => {
  const { code, out } = await run("upstream", specs, "--family", "handshake");
  assert.equal(code, 0);
  assert.match(
    out.find((line) => line.startsWith("handshake: "))!,
    /of the 9 parts that our spec adds, upstream has 9: entry clientkeyupdate of msg-type, .*session-id/,
  );
});

Deno.test("errata that upstream has made true are told as stale", async () => {
  await inFolder(async (folder) => {
    copySpecs(folder, "nlctrl", (text) => {
      const pad = /^ *- name: pad\n +type: pad\n/m.exec(text)![0];
      return text.replace(pad, "").replace(/^ *- name: mask\n/m, `${pad}$&`);
    });
    const { out } = await run("upstream", folder, "--family", "nlctrl");
    assert.ok(
      out.some((line) =>
        line.startsWith(`${specs}/errata.yaml:`) &&
        line.includes("erratum nlctrl-policy-mask (nlctrl) is stale")
      ),
      out.join("\n"),
    );
  });
});

Deno.test("every form of report is one text, also for several comparisons", async () => {
  const args = ["headers", headerFacts, "kernel", kernelFacts, "--family", "nlctrl"];
  const json = await run(...args, "--format", "json");
  const { reports } = JSON.parse(json.out.join("\n")) as { reports: { comparison: string }[] };
  assert.deepEqual(reports.map(({ comparison }) => comparison), ["headers", "kernel"]);
  const sarif = JSON.parse((await run(...args, "--format", "sarif")).out.join("\n")) as { runs: unknown[] };
  assert.equal(sarif.runs.length, 2);
  const markdown = (await run(...args, "--format", "markdown")).out;
  assert.deepEqual(markdown.filter((line) => line.startsWith("#")), [
    "### Spec drift: headers",
    "### Spec drift: kernel",
  ]);
  assert.match(
    (await run(...args, "--format", "github")).out.join("\n"),
    /^::warning file=.*nlctrl\.yaml,line=\d+/m,
  );
});

Deno.test("a baseline is written and then accepts", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/accepted.json`;
    const args = ["headers", headerFacts, "--no-errata", "--family", "nlctrl", "--baseline", path];
    assert.equal((await run(...args, "--write-baseline")).code, 0);
    assert.equal((await run(...args)).code, 0);
    const { accepted } = JSON.parse(Deno.readTextFileSync(path)) as { accepted: { id: string }[] };
    assert.deepEqual(accepted.map(({ id }) => id), [
      "headers:value-differs:nlctrl:attribute-sets/policy-attrs/attributes/mask",
      "headers:value-differs:nlctrl:attribute-sets/policy-attrs/attributes/pad",
    ]);
    Deno.writeTextFileSync(path, Deno.readTextFileSync(path).replace("attributes/pad", "attributes/gone"));
    const { code, out } = await run(...args);
    assert.equal(code, 1);
    assert.equal(errors(out).length, 1);
    assert.equal(
      out.filter((line) => /accepted\.json:\d+: warning: .*\[stale-baseline\]$/.test(line)).length,
      1,
    );
  });
});

Deno.test({
  name: noNetlink
    ? "live: the running kernel is compared as it stands (ignored: no Linux)"
    : "live: the running kernel is compared as it stands, and what it said can be compared again",
  ignore: noNetlink,
  fn: async () => {
    await inFolder(async (folder) => {
      const facts = `${folder}/facts`;
      const first = await run("kernel", "--save", facts, "--baseline", baseline);
      assert.deepEqual(first.err, []);
      const second = await run("kernel", facts, "--baseline", baseline);
      assert.deepEqual(second, first);
      assert.match(first.out[0]!, new RegExp(`against Linux ${Deno.osRelease()}$`));
      assert.ok(first.out.some((line) => /^in this kernel: .*nlctrl/.test(line)));
    });
  },
});

Deno.test("the shell completes comparisons, options and their values", async () => {
  assert.deepEqual(await completions("tynl drift "), ["generated", "upstream", "headers", "kernel"]);
  assert.deepEqual(await completions("tynl drift kernel gen"), ["generated"]);
  assert.deepEqual(await completions("tynl drift headers "), []);
  assert.deepEqual(await completions("tynl drift kernel --format m"), ["markdown"]);
  assert.deepEqual(await completions("tynl drift kernel --family nlc"), ["nlctrl"]);
  const { out } = await ran(drift, ["--help"]);
  const told = [...out.join("\n").matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, option]) => option);
  assert.deepEqual((await completions("tynl drift --")).toSorted(), told.toSorted());
});
