import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { importSpecs, type Upstream } from "../../cli/import_specs.ts";
import { IMPORTED_MARK } from "../../generator/spec/canonical.ts";
import { sha256Hex } from "../../generator/spec/read.ts";
import { ran } from "../cli/memory_io.ts";
import { HANDWRITTEN, SMALL, SPDX, specNames, SPECS } from "./helpers.ts";

const OTHER = SMALL.replace("name: demo", "name: other\nuapi-header: linux/other_netlink.h");

/** Runs the command, keeping what it prints. */
async function run(...args: string[]): Promise<{ status: number; out: string; err: string }> {
  const { code, out, err } = await ran(importSpecs, args);
  return { status: code, out: out.join("\n"), err: err.join("\n") };
}

/** A folder for one test, with files in it. */
async function inFolder(files: Record<string, string | Uint8Array>, test: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, content] of Object.entries(files)) {
      const path = `${folder}/${name}`;
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      if (typeof content === "string") await Deno.writeTextFile(path, content);
      else await Deno.writeFile(path, content);
    }
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** All files of a folder, by path. */
function contents(folder: string, below = ""): Record<string, string> {
  const files: Record<string, string> = {};
  for (const { name, isDirectory } of Deno.readDirSync(folder + below)) {
    if (isDirectory) Object.assign(files, contents(folder, `${below}/${name}`));
    else files[`${below}/${name}`.slice(1)] = Deno.readTextFileSync(`${folder}${below}/${name}`);
  }
  return files;
}

const bytes = (text: string) => new TextEncoder().encode(text);
const MAKEFILE =
  "# SPDX-License-Identifier: GPL-2.0\nVERSION = 7\nPATCHLEVEL = 3\nSUBLEVEL = 4\nEXTRAVERSION = -rc1\n";
const TREE = "Documentation/netlink/specs";

Deno.test("a kernel tree, a folder and a folder of .gz files give the same bytes", async () => {
  await inFolder({
    "tree/Makefile": MAKEFILE.replace(" -rc1", ""),
    [`tree/${TREE}/demo.yaml`]: SMALL,
    [`tree/${TREE}/other.yaml`]: OTHER,
    [`tree/${TREE}/index.rst`]: "not a spec",
    "plain/demo.yaml": SMALL,
    "plain/other.yaml": OTHER,
    [`linux-doc-7.3/changelog.Debian.gz`]: gzipSync(
      "linux (7.3.4-1~bpo13+1) trixie-backports; urgency=medium\n",
    ),
    [`linux-doc-7.3/${TREE}/demo.yaml.gz`]: gzipSync(SMALL),
    [`linux-doc-7.3/${TREE}/other.yaml.gz`]: gzipSync(OTHER),
  }, async (folder) => {
    const sources = [["tree"], ["plain", "--kernel", "7.3.4"], [`linux-doc-7.3/${TREE}`], ["linux-doc-7.3"]];
    const results = [];
    for (const [i, [source, ...more]] of sources.entries()) {
      const { status, err } = await run("--out", `${folder}/out${i}`, `${folder}/${source}`, ...more);
      assert.equal(status, 0, err);
      results.push(contents(`${folder}/out${i}`));
    }
    for (const result of results) assert.deepEqual(result, results[0]);
    assert.deepEqual(Object.keys(results[0]!).sort(), ["demo.yaml", "other.yaml", "upstream.json"]);
    assert.doesNotMatch(results[0]!["demo.yaml"]!, /doc/);
    assert.deepEqual(JSON.parse(results[0]!["upstream.json"]!) as Upstream, {
      kernel: "7.3.4",
      specs: { "demo.yaml": sha256Hex(bytes(SMALL)), "other.yaml": sha256Hex(bytes(OTHER)) },
    });
  });
});

Deno.test("an import says what it added, changed, left and removed, and writes nothing that did not change", async () => {
  await inFolder({ "in/demo.yaml": SMALL, "in/other.yaml": OTHER }, async (folder) => {
    const again = () => run("--kernel", "7.3", "--out", `${folder}/out`, `${folder}/in`);
    assert.match((await again()).out, /2 specs, 2 added, 0 changed, 0 unchanged, 0 removed$/);
    const written = (await Deno.stat(`${folder}/out/demo.yaml`)).mtime!.getTime();
    assert.equal((await again()).out, "Linux 7.3: 2 specs, 0 added, 0 changed, 2 unchanged, 0 removed");
    await Deno.writeTextFile(`${folder}/in/demo.yaml`, SMALL.replace("Text that", "Other text that"));
    assert.match(
      (await again()).out,
      /^changed .*upstream.json\nLinux 7.3: 2 specs, 0 added, 0 changed, 2 unchanged/,
    );
    assert.equal((await Deno.stat(`${folder}/out/demo.yaml`)).mtime!.getTime(), written);
    await Deno.writeTextFile(`${folder}/in/demo.yaml`, SMALL.replace("u32", "u64"));
    await Deno.remove(`${folder}/in/other.yaml`);
    const { out } = await again();
    assert.match(out, /changed .*demo.yaml/);
    assert.match(out, /removed .*other.yaml/);
    assert.match(out, /1 specs, 0 added, 1 changed, 0 unchanged, 1 removed$/);
    assert.deepEqual(Object.keys(contents(`${folder}/out`)).sort(), ["demo.yaml", "upstream.json"]);
  });
});

Deno.test("a spec that a person wrote is kept, and upstream's facts go beside it", async () => {
  const own = SMALL.replace("u32", "u64");
  await inFolder(
    { "in/demo.yaml": SMALL, "out/demo.yaml": own, "out/errata.yaml": "mine" },
    async (folder) => {
      const { status, out } = await run("--kernel", "7.3", "--out", `${folder}/out`, `${folder}/in`);
      assert.equal(status, 0);
      assert.match(out, /kept .*demo.yaml: it was not written by import-specs/);
      const files = contents(`${folder}/out`);
      assert.equal(files["demo.yaml"], own);
      assert.equal(files["errata.yaml"], "mine");
      assert.match(files["upstream/demo.yaml"]!, /type: u32/);
      assert.equal(files["upstream/demo.yaml"]!.split("\n")[1], IMPORTED_MARK);
    },
  );
});

Deno.test("one fault in one spec, and nothing is written", async () => {
  const broken = SMALL.replace("type: u32", "type: u33");
  await inFolder({ "in/demo.yaml": SMALL, "in/broken.yaml": broken }, async (folder) => {
    const { status, err } = await run("--kernel", "7.3", "--out", `${folder}/out`, `${folder}/in`);
    assert.equal(status, 2);
    assert.match(err, /broken.yaml:7:15: attribute-sets\/dev\/attributes\/ifindex\/type: unknown type "u33"/);
    assert.match(err, /1 fault in .*nothing written/);
    await assert.rejects(Deno.stat(`${folder}/out`), Deno.errors.NotFound);
  });
});

Deno.test("headers that the specs name are recorded, if an include folder is given", async () => {
  const files = {
    "in/demo.yaml": SMALL,
    "in/other.yaml": OTHER,
    "include/linux/demo.h": "a",
    "include/linux/x.h": "b",
  };
  await inFolder(files, async (folder) => {
    const args = [
      "--kernel",
      "7.3",
      "--headers",
      `${folder}/include`,
      "--out",
      `${folder}/out`,
      `${folder}/in`,
    ];
    assert.equal((await run(...args)).status, 0);
    const { headers } = JSON.parse(contents(`${folder}/out`)["upstream.json"]!) as Upstream;
    assert.deepEqual(headers, { "linux/demo.h": sha256Hex(bytes("a")) });
  });
});

Deno.test("wrong arguments are told in a sentence, exit status 2", async () => {
  await inFolder({
    "in/demo.yaml": SMALL,
    "none/x.txt": "",
    "bad/x.yaml.gz": "no gzip",
    "two/a.yaml": SMALL,
    "two/a.yaml.gz": gzipSync(SMALL),
  }, async (folder) => {
    const faults: [string[], RegExp][] = [
      [[], /one SOURCE is needed/],
      [["a", "b"], /one SOURCE is needed/],
      [["--bogus"], /bogus/],
      [[`${folder}/nowhere`], /is not a folder/],
      [[`${folder}/in`], /say it with --kernel/],
      [["--kernel", "7", `${folder}/none`], /has no .yaml and no .yaml.gz files/],
      [["--kernel", "7", `${folder}/bad`], /is not the gzip form of a spec/],
      [["--kernel", "7", `${folder}/two`], /has a.yaml twice/],
      [["--kernel", "7", "--headers", `${folder}/nowhere`, `${folder}/in`], /is not a folder/],
    ];
    for (const [args, message] of faults) {
      const { status, err } = await run("--out", `${folder}/out`, ...args);
      assert.equal(status, 2, args.join(" "));
      assert.match(err, message);
    }
    await assert.rejects(Deno.stat(`${folder}/out`), Deno.errors.NotFound);
  });
});

Deno.test("--help says how it is used", async () => {
  const { status, out } = await run("--help");
  assert.equal(status, 0);
  assert.match(out, /Usage: tynl import-specs/);
});

Deno.test("a compressed file that would unpack to gigabytes is refused", async () => {
  const bomb = gzipSync(new Uint8Array(50_000_000));
  await inFolder({ "in/demo.yaml.gz": bomb }, async (folder) => {
    const { status, err } = await run("--kernel", "7", "--out", `${folder}/out`, `${folder}/in`);
    assert.equal(status, 2);
    assert.match(err, /is not the gzip form of a spec/);
  });
});

Deno.test("the committed record names every committed spec that upstream has, and the version of the kernel", () => {
  const { kernel, specs, headers } = JSON.parse(Deno.readTextFileSync(`${SPECS}upstream.json`)) as Upstream;
  assert.equal(kernel, "7.3.4");
  assert.deepEqual(Object.keys(specs).sort(), specNames().filter((name) => name !== "inet-diag.yaml"));
  assert.ok(Object.keys(headers!).length > 40);
  for (const sum of [...Object.values(specs), ...Object.values(headers!)]) {
    assert.match(sum, /^[0-9a-f]{64}$/);
  }
});

Deno.test("no imported spec has a word of documentation or a comment of upstream's", () => {
  for (const name of specNames()) {
    if (HANDWRITTEN.includes(name)) continue;
    const text = Deno.readTextFileSync(`${SPECS}${name}`);
    assert.doesNotMatch(text, /^\s*(- )?doc:/m, name);
    assert.equal(text.split("\n").filter((line) => line.startsWith("#")).length, 2, name);
  }
  assert.ok(SPDX.startsWith("#"));
});
