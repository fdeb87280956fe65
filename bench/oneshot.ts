/**
 * The command from its start to its end: `tynl` against the kernel's `ynl`, for one small dump.
 *
 * @module
 */
import { copyTools, findPython, KEEPING_BYTECODE } from "./kernel_tree.ts";
import { CannotMeasure, type Cost, costOf, judge, median, ratios, run, summary, table } from "./measure.ts";

const ROOT: string = new URL("../", import.meta.url).pathname;
const ARGUMENTS = ["--dump", "getlink", "--output-json"];

/** How to measure. */
export interface OneshotBench {
  /** Kernel tree with its `ynl`; without one only ours is measured. */
  kernel: string | undefined;
  /** How often each is run. */
  rounds: number;
}

/** Measures; false if the target was missed. */
export async function benchOneshot({ kernel, rounds }: OneshotBench): Promise<boolean> {
  const state = await Deno.makeTempDir({ prefix: "tynl-bench-" });
  try {
    // As README has it installed.
    const ours = ["run", "--allow-ffi", "--allow-read", "--allow-write", "--allow-env", "cli/main.ts"];
    const tynl = [Deno.execPath(), ...ours, "--family", "rt-link", ...ARGUMENTS];
    const ynl = kernel === undefined ? undefined : [
      await findPython(),
      `${await copyTools(kernel, state)}/cli.py`,
      "--spec",
      `${kernel}/Documentation/netlink/specs/rt-link.yaml`,
      ...ARGUMENTS,
    ];
    const cost = ([program = "", ...args]: readonly string[]): Promise<Cost> =>
      costOf(program, args, { cwd: ROOT, env: KEEPING_BYTECODE });
    if (ynl !== undefined) await compare(tynl, ynl);
    const costs = { ours: [] as Cost[], theirs: [] as Cost[] };
    for (let round = 0; round <= rounds; round++) {
      const theirs = ynl === undefined ? undefined : await cost(ynl);
      const own = await cost(tynl);
      // The first round warms the caches of disk, code and bytecode for both.
      if (round === 0) continue;
      costs.ours.push(own);
      if (theirs !== undefined) costs.theirs.push(theirs);
    }
    const milliseconds = (costs: readonly Cost[]) => costs.map(({ wall }) => 1000 * wall);
    const row = (name: string, some: readonly Cost[]) => [
      name,
      summary(milliseconds(some), 0),
      (1000 * median(some.map(({ cpu }) => cpu))).toFixed(0),
      costs.theirs.length === 0
        ? ""
        : median(ratios(milliseconds(some), milliseconds(costs.theirs))).toFixed(3),
    ];
    const rows = [row("tynl --family rt-link", costs.ours)];
    if (ynl !== undefined) rows.unshift(row("ynl --spec rt-link.yaml", costs.theirs));
    console.log(`${ARGUMENTS.join(" ")}, ${rounds} interleaved rounds, milliseconds\n`);
    console.log(table(["", "wall: median (range)", "CPU", "wall ratio"], rows));
    if (ynl === undefined) {
      console.log("\nnothing to compare with: name a kernel tree by --kernel, or --fetch one");
      return true;
    }
    console.log();
    return judge("tynl / ynl", median(ratios(milliseconds(costs.ours), milliseconds(costs.theirs))), 1 / 3);
  } finally {
    await Deno.remove(state, { recursive: true });
  }
}

/** Both must list the same links, or the times say nothing. */
async function compare(tynl: readonly string[], ynl: readonly string[]): Promise<void> {
  const names = async ([program = "", ...args]: readonly string[]): Promise<string> => {
    const links = JSON.parse(await run(program, args, { cwd: ROOT })) as { ifname?: string }[];
    return links.map(({ ifname }) => ifname).join(" ");
  };
  const [ours, theirs] = [await names(tynl), await names(ynl)];
  if (ours !== theirs) throw new CannotMeasure(`tynl lists ${ours}, ynl ${theirs}`);
}
