/**
 * Damaged flights, to both roles: an alert and a typed error, or patience; never a hang, another exception, an
 * internal error, or memory beyond one record. The damage is the same on every run; `TYNL_FUZZ_FACTOR` multiplies how
 * much there is of it.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Job, Mode, Outcome } from "./fuzz_worker.ts";
import { inWorker } from "./x509/in_worker.ts";

const modeNames: readonly Mode[] = ["a PSK", "a retry", "certificates"];
const factor = Number(Deno.env.get("TYNL_FUZZ_FACTOR") ?? "1");
/** Twenty thousand flights for each role, over all modes. */
const runs = Math.ceil(20_000 / modeNames.length) * factor;
/** Far beyond what it takes: what has not ended by then never will. */
const deadline = 180_000 * factor;

function fuzz(job: Job): Promise<Outcome> {
  return inWorker(new URL("./fuzz_worker.ts", import.meta.url), job, deadline);
}

for (const victim of ["client", "server"] as const) {
  for (const mode of modeNames) {
    Deno.test(`a ${victim} that gets damaged flights of a handshake with ${mode} refuses them with an alert`, async () => {
      const outcome = await fuzz({ victim, mode, runs });
      if ("fault" in outcome) assert.fail(outcome.fault);
      assert.equal(outcome.refused + outcome.borne, runs);
      assert(outcome.refused > runs / 4, `${outcome.refused} of ${runs} refused`);
    });
  }
}
