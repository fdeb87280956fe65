/** Runs the command as a user does, and gives folders to run it on. @module */

const root: string = new URL("../../", import.meta.url).pathname;

/** What a run printed, and how it ended. */
export interface Run {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs `tynl` in the repository. */
export async function tynl(...args: string[]): Promise<Run> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", `${root}cli/main.ts`, ...args],
    cwd: root,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

/** Calls `use` with a new folder, and removes it afterwards. */
export async function withFolder(use: (folder: string) => Promise<void> | void): Promise<void> {
  const folder = Deno.makeTempDirSync({ prefix: "tynl-test-" });
  try {
    await use(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Copies the named specs of the tree, and the errata, into a folder. */
export function copySpecs(folder: string, ...names: string[]): void {
  Deno.mkdirSync(folder, { recursive: true });
  for (const name of [...names, "errata"]) {
    Deno.copyFileSync(`${root}specs/${name}.yaml`, `${folder}/${name}.yaml`);
  }
}

/** All files below a folder with their text, but for the stamp. */
export function filesBelow(folder: string): Map<string, string> {
  const files = new Map<string, string>();
  const walk = (at: string) => {
    for (
      const { name, isDirectory } of [...Deno.readDirSync(`${folder}${at}`)].sort((a, b) =>
        a.name < b.name ? -1 : 1
      )
    ) {
      if (isDirectory) walk(`${at}/${name}`);
      else if (name !== ".stamp.json") {
        files.set(`${at}/${name}`, Deno.readTextFileSync(`${folder}${at}/${name}`));
      }
    }
  };
  walk("");
  return files;
}
