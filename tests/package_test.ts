import assert from "node:assert/strict";
import { families } from "../generated/families.ts";
import config from "../deno.json" with { type: "json" };
import { withFolder } from "./cli/tynl.ts";

const root = new URL("../", import.meta.url).pathname;

async function run(command: string, args: string[], cwd = root): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args,
    cwd,
    stdin: "null",
    env: { NO_COLOR: "1" },
  })
    .output();
  const text = new TextDecoder();
  assert.equal(code, 0, text.decode(stderr));
  return text.decode(stdout);
}

function hasNode(): boolean {
  try {
    return new Deno.Command("node", { args: ["--version"], stdout: "null", stderr: "null" }).outputSync()
      .success;
  } catch {
    return false;
  }
}

Deno.test("every family has an entry point of its own, and one for its UAPI constants", () => {
  const entries: Record<string, string> = config.exports;
  for (const name of Object.keys(families)) {
    assert.equal(entries[`./${name}`], `./generated/${name}/mod.ts`);
    assert.equal(entries[`./${name}/uapi`], `./generated/${name}/uapi.ts`);
  }
  const general = Object.keys(entries).filter((entry) => !(entry.split("/")[1]! in families));
  assert.deepEqual(general, [
    ".",
    "./wire",
    "./testing",
    "./generator",
    "./tls",
    "./tls/x509",
    "./keyring",
    "./ktls",
    "./handshake-agent",
    "./families",
  ]);
});

Deno.test("the generated code is at most 2.5 MB", () => {
  let size = 0;
  for (const name of Object.keys(families)) {
    for (const file of ["mod", "messages", "uapi", "meta"]) {
      size += Deno.statSync(`${root}generated/${name}/${file}.ts`).size;
    }
  }
  assert(size <= 2_500_000, `${size} bytes`);
});

Deno.test("the package can be published", async () => {
  await run(Deno.execPath(), ["publish", "--dry-run", "--allow-dirty", "--quiet"]);
});

Deno.test({
  name: hasNode()
    ? "codecs of the npm tarball run in Node"
    : "codecs of the npm tarball run in Node (ignored: there is no node)",
  ignore: !hasNode(),
  fn: async () => {
    await withFolder(async (folder) => {
      await run(Deno.execPath(), ["pack", "--quiet", "--allow-dirty", "--output", `${folder}/package.tgz`]);
      await run("tar", ["xzf", "package.tgz"], folder);
      Deno.writeTextFileSync(
        `${folder}/try.mjs`,
        `import { accept } from "./package/generated/handshake/mod.js";
         import { decodeAttributes, encodeAttributes } from "./package/runtime/wire/mod.js";
         const bytes = encodeAttributes(accept, { sockfd: 7, peername: "target" });
         console.log(JSON.stringify(decodeAttributes(accept, bytes)));`,
      );
      assert.equal(await run("node", ["try.mjs"], folder), '{"sockfd":7,"peername":"target"}\n');
    });
  },
});
