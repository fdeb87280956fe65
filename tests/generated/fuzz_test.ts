/**
 * Damaged messages of every family: a decoder gives a value or a NetlinkDecodeError that says where, in space linear
 * in its input, and what it gives can be encoded again or is refused with a NetlinkEncodeError.
 *
 * The damage is the same on every run (see `SEED` in fuzz_worker.ts). The decoders run in a worker, so that one that
 * never returns fails its test instead of stopping all of them.
 *
 * @module
 */

import assert from "node:assert/strict";
import { specNames } from "../uapi/specs.ts";
import type { Job, Outcome } from "./fuzz_worker.ts";

/** Damaged messages of each family: more than a hundred thousand together. */
const RUNS = 4000;
/** Far beyond what a family takes (half a second): what has not ended by then never will. */
const DEADLINE = 300_000;

let worker: Worker | undefined;

/** Lets the worker do one family; a worker that does not answer is stopped. */
async function fuzz(family: string): Promise<Outcome> {
  worker ??= new Worker(new URL("./fuzz_worker.ts", import.meta.url), { type: "module" });
  const current = worker;
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  const timer = setTimeout(() => reject(new Error(`${family}: a decoder does not return`)), DEADLINE);
  current.onmessage = ({ data }: MessageEvent<Outcome>) => resolve(data);
  current.onerror = (event) => {
    event.preventDefault();
    reject(new Error(`${family}: ${event.message}`));
  };
  try {
    const job: Job = { family, runs: RUNS };
    current.postMessage(job);
    return await promise;
  } catch (error) {
    current.terminate();
    worker = undefined;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

for (const family of specNames()) {
  Deno.test({
    name: `${family}: damaged messages decode or are refused with their place`,
    // The worker lives on for the next family.
    sanitizeResources: false,
    sanitizeOps: false,
    fn: async () => {
      const outcome = await fuzz(family);
      if ("fault" in outcome) assert.fail(outcome.fault);
      const { refused, accepted } = outcome;
      assert.equal(refused + accepted, RUNS);
      assert.ok(accepted > RUNS / 20 && refused > RUNS / 20, `${accepted} accepted, ${refused} refused`);
    },
  });
}

Deno.test.afterAll(() => worker?.terminate());
