/** The command that compares headers: from folders, without a network. */

import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { compareUapi } from "../../cli/compare_uapi.ts";
import { asInstalled, emitUapiHeader } from "../../generator/emit/uapi_header.ts";
import { resolveUapi } from "../../generator/model/uapi.ts";
import { specFile } from "./specs.ts";

const FOU = new URL("../../specs/fou.yaml", import.meta.url);

/** Runs the command on a folder with the fou spec and a header; gives its status and what it said. */
async function compare(header: string | undefined, compressed = false): Promise<[number, string]> {
  const folder = Deno.makeTempDirSync();
  const lines: string[] = [];
  const { log, error } = console;
  console.log = console.error = (line: string) => void lines.push(line.replaceAll(folder, ""));
  try {
    Deno.mkdirSync(`${folder}/linux`);
    const spec = Deno.readFileSync(FOU);
    if (compressed) Deno.writeFileSync(`${folder}/fou.yaml.gz`, gzipSync(spec));
    else Deno.writeFileSync(`${folder}/fou.yaml`, spec);
    if (header !== undefined) Deno.writeTextFileSync(`${folder}/linux/fou.h`, header);
    return [await compareUapi(["--specs", folder, "--include", folder]), lines.join("\n")];
  } finally {
    Object.assign(console, { log, error });
    Deno.removeSync(folder, { recursive: true });
  }
}

function fouHeader(): string {
  const { spec, license } = specFile("fou");
  return emitUapiHeader(resolveUapi(spec), { license, specPath: "Documentation/netlink/specs/fou.yaml" });
}

Deno.test("a header of the kernel tree is recognised", async () => {
  assert.deepEqual(await compare(fouHeader()), [
    0,
    "linux/fou.h: identical\n1 identical, 0 different ( and )",
  ]);
});

Deno.test("an installed header is recognised, from a compressed spec", async () => {
  const [status, said] = await compare(asInstalled(fouHeader()), true);
  assert.equal(status, 0, said);
});

Deno.test("a header that differs is told with the line", async () => {
  const [status, said] = await compare(asInstalled(fouHeader()).replace("FOU_CMD_ADD,", "FOU_CMD_ADDED,"));
  assert.equal(status, 1);
  assert.match(
    said,
    /^linux\/fou\.h: differs, line \d+: ours "\\tFOU_CMD_ADD,", shipped "\\tFOU_CMD_ADDED,"$/m,
  );
});

Deno.test("without a generated header nothing is compared", async () => {
  assert.equal((await compare("/* by hand */\n"))[0], 2);
  assert.equal((await compare(undefined))[0], 2);
});
