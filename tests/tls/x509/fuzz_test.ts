/**
 * Damaged certificates and CRLs: a verdict or a CertificateError, never another exception, never a hang, in bounded
 * memory; and none is valid that nobody signed. The damage is the same on every run; `TYNL_FUZZ_FACTOR` multiplies how
 * much there is of it.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Job, Outcome } from "./fuzz_worker.ts";
import { inWorker } from "./in_worker.ts";

const worker = new URL("./fuzz_worker.ts", import.meta.url);

const factor = Number(Deno.env.get("TYNL_FUZZ_FACTOR") ?? "1");
const RUNS = 10_000;
const SEED = 20_260_615;
/** Far beyond what these runs take (ten seconds): what has not ended by then never will. */
const DEADLINE = 300_000;
/** Far beyond what any certificate of a few KiB needs, garbage of the runs between included. */
const HEAP = 512 * 1024 * 1024;

for (
  const { target, reached } of [
    {
      target: "certificate",
      // Each a rule that only well-formed damage comes to.
      reached: [
        "malformed",
        "bad-signature",
        "unknown-issuer",
        "name-constraint",
        "wrong-name",
        "no-valid-policy",
      ],
    },
    { target: "crl", reached: ["malformed", "bad-crl", "valid", "unknown-critical-extension"] },
  ] as const
) {
  Deno.test(`damaged ${target}s have a verdict or a CertificateError`, async (t) => {
    const reasons: { [reason: string]: number } = {};
    for (let round = 0; round < factor; round++) {
      await t.step(`${RUNS} of them, from seed ${SEED + round * RUNS} on`, async () => {
        const job: Job = { target, seed: SEED + round * RUNS, runs: RUNS };
        const outcome = await inWorker<Job, Outcome>(worker, job, DEADLINE);
        if ("fault" in outcome) assert.fail(outcome.fault);
        let sum = 0;
        for (const [reason, count] of Object.entries(outcome.reasons)) {
          reasons[reason] = (reasons[reason] ?? 0) + count;
          sum += count;
        }
        assert.equal(sum, RUNS);
        assert(outcome.heapGrowth < HEAP, `${outcome.heapGrowth} bytes`);
      });
    }
    for (const reason of reached) {
      assert((reasons[reason] ?? 0) > 0, `never ${reason}: ${JSON.stringify(reasons)}`);
    }
  });
}
