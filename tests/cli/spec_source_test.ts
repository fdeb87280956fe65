import assert from "node:assert/strict";
import { loadSpec } from "../../cli/spec_source.ts";
import { withFolder } from "./tynl.ts";

const main = new URL("../../cli/main.ts", import.meta.url).pathname;
const handshake = new URL("../../specs/handshake.yaml", import.meta.url).pathname;

/** A spec of our own: the family of handshake.yaml under another name. */
async function ownSpec(folder: string, name = "greeting"): Promise<string> {
  const text = await Deno.readTextFile(handshake);
  const path = `${folder}/${name}.yaml`;
  await Deno.writeTextFile(path, text.replace(/^name: handshake$/m, `name: ${name}`));
  return path;
}

function codeFolders(cache: string): string[] {
  return [...Deno.readDirSync(cache)].map(({ name }) => name);
}

Deno.test("a spec that was never generated becomes a family, once", async () => {
  await withFolder(async (folder) => {
    const spec = await ownSpec(folder);
    const cache = `${folder}/cache`;
    const { family, meta, spec: name } = await loadSpec(spec, true, cache);
    assert.equal(name, "greeting");
    assert.equal(family.name, "greeting");
    assert.equal(meta.sets["accept"]!["handlerClass"]!.name, "handler-class");
    const [code, ...others] = codeFolders(cache);
    assert.deepEqual(others, []);
    assert.match(code!, /^[0-9a-f]{64}-greeting$/);
    const before = Deno.statSync(`${cache}/${code}`).ino;
    await loadSpec(spec, true, cache);
    assert.equal(Deno.statSync(`${cache}/${code}`).ino, before);
  });
});

Deno.test("another text is another family, and so is one without errata", async () => {
  await withFolder(async (folder) => {
    const spec = await ownSpec(folder);
    const cache = `${folder}/cache`;
    await loadSpec(spec, true, cache);
    await loadSpec(spec, false, cache);
    await Deno.writeTextFile(spec, `${await Deno.readTextFile(spec)}\n# later\n`);
    await loadSpec(spec, true, cache);
    assert.equal(codeFolders(cache).length, 3);
  });
});

Deno.test("a damaged cache is made anew", async () => {
  await withFolder(async (folder) => {
    const spec = await ownSpec(folder);
    const cache = `${folder}/cache`;
    await loadSpec(spec, true, cache);
    const [code] = codeFolders(cache);
    const file = `${cache}/${code}/greeting/meta.ts`;
    const good = Deno.readTextFileSync(file);
    for (const damage of [() => Deno.writeTextFileSync(file, "damaged"), () => Deno.removeSync(file)]) {
      damage();
      await loadSpec(spec, true, cache);
      assert.equal(Deno.readTextFileSync(file), good);
    }
    assert.deepEqual(codeFolders(cache), [code]);
  });
});

Deno.test("many at once leave one whole folder", async () => {
  await withFolder(async (folder) => {
    const spec = await ownSpec(folder);
    const cache = `${folder}/cache`;
    const all = await Promise.all(Array.from({ length: 4 }, () => loadSpec(spec, true, cache)));
    assert(all.every(({ family }) => family.name === "greeting"));
    assert.equal(codeFolders(cache).length, 1);
  });
});

Deno.test("a spec with faults is refused in a line, and leaves nothing behind", async () => {
  await withFolder(async (folder) => {
    const spec = `${folder}/bad.yaml`;
    Deno.writeTextFileSync(spec, "# SPDX-License-Identifier: BSD-3-Clause\nname: bad\n");
    const cache = `${folder}/cache`;
    await assert.rejects(loadSpec(spec, true, cache), /bad\.yaml has \d+ faults; --validate shows them/);
    assert.throws(() => Deno.statSync(cache), Deno.errors.NotFound);
  });
});

Deno.test("--spec keeps code where XDG_CACHE_HOME says", async () => {
  await withFolder(async (folder) => {
    const spec = await ownSpec(folder);
    const info = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
    const text = new TextDecoder();
    // Deno's own cache stays where it is.
    const { denoDir } = JSON.parse(text.decode(info.stdout));
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--allow-read",
        "--allow-write",
        "--allow-env",
        main,
        "--spec",
        spec,
        "--list-ops",
      ],
      env: { NO_COLOR: "1", XDG_CACHE_HOME: folder, DENO_DIR: denoDir },
    }).output();
    assert.equal(code, 0);
    assert.equal(text.decode(stdout), "accept  [ do ]\ndone  [ do ]\n");
    assert.equal(codeFolders(`${folder}/tynl`).length, 1);
  });
});
