/**
 * Generating code for all families: `tynl generate` against the kernel's own generator of C.
 *
 * @module
 */
import { copyTools, findPython, KEEPING_BYTECODE } from "./kernel_tree.ts";
import { CannotMeasure, type Cost, costOf, judge, median, ratios, summary, table } from "./measure.ts";

const ROOT: string = new URL("../", import.meta.url).pathname;

/** How to measure. */
export interface GenerateBench {
  /** Kernel tree with its generator; without one only ours is measured. */
  kernel: string | undefined;
  /** How often everything is run. */
  rounds: number;
}

/** Measures; false if a target was missed. */
export async function benchGenerate({ kernel, rounds }: GenerateBench): Promise<boolean> {
  const state = await Deno.makeTempDir({ prefix: "tynl-bench-" });
  try {
    const rival = kernel === undefined ? undefined : await Rival.prepare(kernel, state);
    const cores = navigator.hardwareConcurrency;
    const ours = new Ours(`${state}/ours`);
    const costs = { theirs: [] as Cost[], parallel: [] as Cost[], cold: [] as Cost[], again: [] as Cost[] };
    // The first round warms the caches of disk, modules and bytecode for everybody, and does not count.
    for (let round = 0; round <= rounds; round++) {
      const theirs = await rival?.run(1);
      const cold = await ours.cold();
      const again = await ours.again();
      const parallel = round === 0 || cores === 1 ? undefined : await rival?.run(cores);
      if (round === 0) continue;
      costs.cold.push(cold);
      costs.again.push(again);
      if (theirs !== undefined) costs.theirs.push(theirs);
      if (parallel !== undefined) costs.parallel.push(parallel);
    }

    const walls = (costs: readonly Cost[]) => costs.map(({ wall }) => wall);
    const row = (name: string, some: readonly Cost[], written: string) => [
      name,
      summary(walls(some), 2),
      median(some.map(({ cpu }) => cpu)).toFixed(2),
      costs.theirs.length === 0 ? "" : median(ratios(walls(some), walls(costs.theirs))).toFixed(3),
      written,
    ];
    const rows = [
      row("tynl generate, everything anew", costs.cold, ours.written),
      row("tynl generate, nothing to do", costs.again, ""),
    ];
    if (rival !== undefined) {
      rows.unshift(row("ynl_gen_c.py, one process per file", costs.theirs, rival.written));
      if (cores > 1) {
        rows.splice(1, 0, row(`ynl_gen_c.py, ${cores} processes at a time`, costs.parallel, rival.written));
      }
    }
    const theirs = rival === undefined ? "" : `, ${rival.families} of them by the rival`;
    console.log(`Generating ${ours.families} families${theirs}, ${rounds} interleaved rounds, seconds\n`);
    console.log(table(["", "wall: median (range)", "CPU", "wall ratio", "written"], rows));
    if (rival === undefined) {
      console.log("\nnothing to compare with: name a kernel tree by --kernel, or --fetch one");
      return true;
    }
    // One is of our own making.
    if (rival.families > ours.families) {
      throw new CannotMeasure(`${rival.families} families there, ${ours.families} here`);
    }
    console.log();
    const anew = judge(
      "everything anew / ynl_gen_c.py",
      median(ratios(walls(costs.cold), walls(costs.theirs))),
      1 / 4,
    );
    const nothing = judge(
      "nothing to do / ynl_gen_c.py",
      median(ratios(walls(costs.again), walls(costs.theirs))),
      1 / 10,
    );
    return anew && nothing;
  } finally {
    await Deno.remove(state, { recursive: true });
  }
}

/** Files below a folder: how many, and how large together. */
function contents(folder: string): { files: number; bytes: number } {
  let [files, bytes] = [0, 0];
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) {
      const inside = contents(`${folder}/${name}`);
      [files, bytes] = [files + inside.files, bytes + inside.bytes];
    } else {
      const { size } = Deno.statSync(`${folder}/${name}`);
      if (size === 0) throw new CannotMeasure(`${folder}/${name} is empty`);
      [files, bytes] = [files + 1, bytes + size];
    }
  }
  return { files, bytes };
}

function shown({ files, bytes }: { files: number; bytes: number }): string {
  return `${files} files, ${(bytes / 1e6).toFixed(1)} MB`;
}

/** Our generator, as a user starts it. */
class Ours {
  /** What it wrote. */
  written = "";
  /** How many families there are. */
  readonly families: number;
  readonly #out: string;

  constructor(out: string) {
    this.#out = out;
    this.families = [...Deno.readDirSync(`${ROOT}generated`)].filter(({ isDirectory }) => isDirectory).length;
  }

  #run(): Promise<Cost> {
    const permissions = ["--allow-read", "--allow-write", "--allow-env"];
    const args = ["run", ...permissions, "cli/main.ts", "generate", "--out", this.#out];
    return costOf(Deno.execPath(), args, { cwd: ROOT });
  }

  /** Into a folder that is not there yet. */
  async cold(): Promise<Cost> {
    await Deno.remove(this.#out, { recursive: true }).catch(() => {});
    const cost = await this.#run();
    for (const { name, isDirectory } of Deno.readDirSync(`${ROOT}generated`)) {
      if (!isDirectory) continue;
      for (const file of ["mod.ts", "messages.ts", "uapi.ts", "meta.ts"]) {
        Deno.statSync(`${this.#out}/${name}/${file}`);
      }
    }
    this.written = shown(contents(this.#out));
    return cost;
  }

  /** Once more, with nothing changed. */
  async again(): Promise<Cost> {
    return await this.#run();
  }
}

/** The kernel's generator of user-space C, which makes one file per process. */
class Rival {
  /** What it wrote. */
  written = "";
  /** How many families it writes code for. */
  readonly families: number;
  readonly #state: string;
  readonly #tool: string;
  readonly #python: string;

  private constructor(families: number, state: string, tool: string, python: string) {
    this.families = families;
    this.#state = state;
    this.#tool = tool;
    this.#python = python;
  }

  static async prepare(kernel: string, state: string): Promise<Rival> {
    const python = await findPython();
    const tool = `${await copyTools(kernel, state)}/ynl_gen_c.py`;
    const specs = `${kernel}/Documentation/netlink/specs`;
    const names = [...Deno.readDirSync(specs)].map(({ name }) => name)
      .filter((name) => name.endsWith(".yaml")).map((name) => name.slice(0, -".yaml".length)).sort();
    const quoted = (words: readonly string[]) => words.map((word) => `"${word}"`).join(" ");
    const jobs = names.flatMap((name) =>
      [["--header", "h"], ["--source", "c"]].map(([kind, suffix]) =>
        quoted([
          ...["--mode", "user", kind!, "--spec", `${specs}/${name}.yaml`],
          ...["-o", `${state}/theirs/${name}-user.${suffix}`],
          // What the kernel's own Makefile adds.
          ...(name === "ethtool"
            ? ["--user-header", "linux/ethtool_netlink.h", "--exclude-op", "stats-get"]
            : []),
        ])
      )
    );
    await Deno.writeTextFile(`${state}/jobs`, `${jobs.join("\n")}\n`);
    return new Rival(names.length, state, tool, python);
  }

  async run(processes: number): Promise<Cost> {
    const out = `${this.#state}/theirs`;
    await Deno.remove(out, { recursive: true }).catch(() => {});
    await Deno.mkdir(out);
    const script = 'xargs -L 1 -P "$1" "$2" "$3" <"$4"';
    const cost = await costOf(
      "sh",
      ["-c", script, "sh", `${processes}`, this.#python, this.#tool, `${this.#state}/jobs`],
      { env: KEEPING_BYTECODE },
    );
    const found = contents(out);
    if (found.files !== 2 * this.families) {
      throw new CannotMeasure(`ynl_gen_c.py wrote ${found.files} files for ${this.families} specs`);
    }
    this.written = shown(found);
    return cost;
  }
}
