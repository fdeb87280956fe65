// Files that change without a signal.
import assert from "node:assert/strict";
import { FileWatch } from "../../cli/tlshd/watch.ts";
import { withFolder } from "../cli/tynl.ts";
import { until } from "../handshake/sockets.ts";

const changes: readonly [what: string, change: (folder: string) => void][] = [
  ["replaced", (folder) => {
    Deno.writeTextFileSync(`${folder}/other`, "three");
    Deno.renameSync(`${folder}/other`, `${folder}/one`);
  }],
  ["written", (folder) => Deno.writeTextFileSync(`${folder}/one`, "longer than before")],
  ["removed", (folder) => Deno.removeSync(`${folder}/one`)],
  ["pointed at by another link", (folder) => {
    Deno.symlinkSync(`${folder}/three`, `${folder}/new`);
    Deno.renameSync(`${folder}/new`, `${folder}/link`);
  }],
];

for (const [what, change] of changes) {
  Deno.test(`a file that is ${what} is noticed once`, async () => {
    await withFolder(async (folder) => {
      for (const name of ["one", "two", "three"]) Deno.writeTextFileSync(`${folder}/${name}`, name);
      Deno.symlinkSync(`${folder}/two`, `${folder}/link`);
      let noticed = 0;
      using watch = new FileWatch();
      watch.watch([`${folder}/one`, `${folder}/link`, `${folder}/none`]);
      watch.start(() => void noticed++, 5);
      change(folder);
      await until("the change is noticed", () => noticed > 0);
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.equal(noticed, 1);
    });
  });
}

Deno.test("files that stay as they are, and one that is not there, are no change", async () => {
  await withFolder(async (folder) => {
    Deno.writeTextFileSync(`${folder}/one`, "one");
    let noticed = 0;
    using watch = new FileWatch();
    watch.watch([`${folder}/one`, `${folder}/none`]);
    watch.start(() => void noticed++, 5);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(noticed, 0);
  });
});

Deno.test("a file that appears is a change", async () => {
  await withFolder(async (folder) => {
    let noticed = 0;
    using watch = new FileWatch();
    watch.watch([`${folder}/one`]);
    watch.start(() => void noticed++, 5);
    Deno.writeTextFileSync(`${folder}/one`, "one");
    await until("the file is noticed", () => noticed > 0);
  });
});
