/**
 * Makes a million requests one after the other, then a thousand at once, and tells what is left of them in memory and
 * descriptors.
 *
 *     deno run --allow-all --v8-flags=--expose-gc tests/live/load_requests.ts
 *
 * @module
 */
import { open } from "../../mod.ts";
import { nlctrl } from "../../generated/nlctrl/mod.ts";
import { openDescriptors, residentBytes } from "./load_process.ts";

const { gc } = globalThis as unknown as { gc: () => void };
await using control = await open(nlctrl);
const ask = async () => (await control.getfamily({ familyName: "nlctrl" })).familyId === 16 ? 1 : 0;
let right = await ask();
const descriptors = openDescriptors().size;

/** Asks until so many answers were right; gives the memory that is in use then. */
async function until(count: number): Promise<{ resident: number; heap: number }> {
  while (right < count) {
    right += await ask();
    // Often, so that what is resident is what is kept, and not what V8 did not care to collect.
    if (right % 20_000 === 0) gc();
  }
  return { resident: residentBytes(), heap: Deno.memoryUsage().heapUsed };
}

const early = await until(200_000);
const late = await until(1_000_000);
const answers = await Promise.all(Array.from({ length: 1000 }, ask));
const atOnce = answers.reduce<number>((sum, answer) => sum + answer, 0);
console.log(JSON.stringify({
  right,
  atOnce,
  growth: late.resident - early.resident,
  kept: late.heap - early.heap,
  descriptors: openDescriptors().size - descriptors,
}));
