/** `tynl drift` on the specs of this repository, in this process. @module */
import { drift } from "../../cli/drift.ts";
import { type Ran, ran } from "../cli/memory_io.ts";

/** The repository. */
export const root: string = new URL("../../", import.meta.url).pathname;
/** Our specs. */
export const specs: string = `${root}specs`;
/** Recorded facts. */
export const headerFacts: string = `${root}tests/drift/data/headers-7.3.facts`;
/** Recorded facts of 6.18. */
export const kernelFacts: string = `${root}tests/drift/data/kernel-6.18.facts`;
/** Recorded facts of 7.3. */
export const kernel73Facts: string = `${root}tests/drift/data/kernel-7.3.facts`;
/** What is accepted. */
export const baseline: string = `${root}specs/drift-baseline.json`;

/** Runs the command on our specs. */
export const run = (...args: string[]): Promise<Ran> => ran(drift, ["--specs", specs, ...args]);

/** Gives a folder that is gone afterwards. */
export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = Deno.makeTempDirSync({ prefix: "tynl-drift-test-" });
  try {
    return await use(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
