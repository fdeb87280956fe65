/** The payload disk: the suite's tests, each bundled to one file, and the guest's scripts. */
import type { Suite } from "./suite.ts";

const here = new URL(".", import.meta.url).pathname;
const root = new URL("../../", import.meta.url).pathname;

/** Tests do not pass the type checker, or cannot be bundled. The message has what Deno says of them. */
export class PayloadError extends Error {
  /** Always `PayloadError`. */
  override name = "PayloadError";
}

/** Checks the types of all tests of the suites: in the machine that would take twenty times as long. */
export async function typeCheck(suites: readonly Suite[]): Promise<void> {
  const files = new Set(suites.flatMap(({ tests }) => tests));
  if (files.size > 0) await deno("check", "--quiet", ...files);
}

/** Fills a new folder, which is the caller's to remove. */
export async function makePayload(suite: Suite): Promise<string> {
  const payload = await Deno.makeTempDir({ prefix: "tynl-payload-" });
  try {
    await Deno.mkdir(`${payload}/guest`);
    for (const { name } of Deno.readDirSync(`${here}guest`)) {
      await Deno.copyFile(`${here}guest/${name}`, `${payload}/guest/${name}`);
    }
    await Deno.writeTextFile(`${payload}/suite`, suite.script);
    await bundle(suite.tests, suite.modules ?? [], payload);
    await suite.prepare?.(payload);
    return payload;
  } catch (error) {
    await Deno.remove(payload, { recursive: true });
    throw error;
  }
}

/**
 * Bundles tests to where they are in the repository. Modules are where paths lead that are made when a test runs; they
 * are bundles apart, so that a module which a test imports once more is not the one that it has.
 */
async function bundle(tests: readonly string[], modules: readonly string[], payload: string): Promise<void> {
  await bundleInto(`${payload}/repository`, tests);
  await bundleInto(`${payload}/modules`, modules);
  for (const file of modules) {
    const stub = `export * from "/payload/modules/${asScript(file)}";\n`;
    for (const path of [`${payload}/repository/${file}`, `${payload}/modules/${file}`]) {
      await Deno.mkdir(path.replace(/[^/]*$/, ""), { recursive: true });
      await Deno.writeTextFile(path, stub);
    }
  }
  await Deno.writeTextFile(`${payload}/tests.txt`, tests.map((file) => `${asScript(file)}\n`).join(""));
}

const asScript = (file: string) => file.replace(/\.ts$/, ".js");

async function bundleInto(folder: string, files: readonly string[]): Promise<void> {
  await Deno.mkdir(folder);
  if (files.length === 0) return;
  // With a module of the repository's root among them, all others land in the folders that they are in.
  const entries = new Set(["mod.ts", ...files]);
  await deno("bundle", "--quiet", "--platform", "deno", "--code-splitting", "--outdir", folder, ...entries);
}

async function deno(...args: string[]): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: root,
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  if (!success) {
    throw new PayloadError(`deno ${args.join(" ")}:\n${text.decode(stdout)}${text.decode(stderr)}`);
  }
}
