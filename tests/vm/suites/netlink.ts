import type { Suite } from "../suite.ts";

/** The live tests of a folder, from the root of the repository. */
function liveTests(folder: string, pattern: RegExp): string[] {
  const names = [...Deno.readDirSync(new URL(`../../../${folder}`, import.meta.url))].map(({ name }) => name);
  return names.filter((name) => pattern.test(name)).sort().map((name) => `${folder}/${name}`);
}

async function copySpecs(payload: string): Promise<void> {
  const specs = new URL("../../../specs", import.meta.url).pathname;
  await Deno.mkdir(`${payload}/specs`);
  for (const { name, isFile } of Deno.readDirSync(specs)) {
    if (isFile) await Deno.copyFile(`${specs}/${name}`, `${payload}/specs/${name}`);
  }
}

/** The runtime's live tests, on a kernel that has nearly all families. */
export const netlink: Suite = {
  name: "netlink",
  about: "live tests of the runtime: families and devices that few machines have",
  script: "netlink.sh",
  tests: [
    "tests/vm/netlink_test.ts",
    // How much memory and time a load takes says little of a machine that is emulated.
    ...liveTests("tests/live", /(?<!load)_test\.ts$/),
    ...liveTests("tests/netlink", /live_test\.ts$/),
  ],
  modules: [
    ..."mod.ts cli/main.ts cli/decode.ts cli/drift.ts generated/rt-link/mod.ts runtime/netlink/libc.ts".split(
      " ",
    ),
  ],
  prepare: copySpecs,
  mayIgnore: /\(ignored for root\)/,
  limit: 1500,
};
