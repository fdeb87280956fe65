/** Samples, what to make of them, and programs to take them from. @module */

/** Why something cannot be measured here; told without a stack. */
export class CannotMeasure extends Error {
  override readonly name = "CannotMeasure";
}

/** The middle one of an odd number of samples, the mean of the middle two of an even number. */
export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  if (upper === undefined) throw new CannotMeasure("no samples");
  return sorted.length % 2 === 1 ? upper : (sorted[middle - 1]! + upper) / 2;
}

/** Median, and the range around it: what a table shows of some samples. */
export function summary(samples: readonly number[], digits: number): string {
  const [low, high] = [Math.min(...samples), Math.max(...samples)];
  return `${median(samples).toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;
}

/** Ratios of samples that were taken one after the other: what a noisy machine does to both cancels out. */
export function ratios(ours: readonly number[], theirs: readonly number[]): number[] {
  return ours.map((value, i) => value / theirs[i]!);
}

/** Milliseconds that a function takes, `times` times. */
export function timed(times: number, call: () => void): number[] {
  return Array.from({ length: times }, () => {
    const start = performance.now();
    call();
    return performance.now() - start;
  });
}

/** A table as Markdown has it; numbers are to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((text, i) => Math.max(3, text.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${
      cells.map((cell, i) => i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join(" | ")
    } |`;
  const rule = `| ${widths.map((n, i) => i === 0 ? "-".repeat(n) : `${"-".repeat(n - 1)}:`).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

/** Prints whether a ratio is what it should be at most, and says so. */
export function judge(what: string, ratio: number, target: number): boolean {
  const met = ratio <= target;
  console.log(
    `${what}: ${ratio.toFixed(3)}, at most ${target.toFixed(3)} wanted: ${met ? "met" : "MISSED"}`,
  );
  return met;
}

/** Where and how to run a program. */
export interface RunOptions {
  /** Working directory. */
  cwd?: string;
  /** Environment variables besides those of this process. */
  env?: Record<string, string>;
}

/** Runs a program; gives its output, or throws {@linkcode CannotMeasure} with what it complained of. */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const env = { LC_ALL: "C", NO_COLOR: "1", ...options.env };
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command(program, { ...options, args: [...args], env, stdin: "null" }).output();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new CannotMeasure(`${program} is not installed`);
    throw error;
  }
  const text = new TextDecoder();
  if (!output.success) {
    const complaints = text.decode(output.stderr).trim().split("\n");
    const complaint = complaints.find((line) => /^(error|E):/.test(line)) ?? complaints.at(-1);
    throw new CannotMeasure(`${program}: ${complaint || `exit status ${output.code}`}`);
  }
  return text.decode(output.stdout);
}

/** What a program and all that it started took, in seconds. */
export interface Cost {
  /** From start to end. */
  wall: number;
  /** Processor time, of all processors. */
  cpu: number;
}

/** Runs a program to its end. */
export async function costOf(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Cost> {
  const script = '"$@" >/dev/null || exit; times';
  const start = performance.now();
  const output = await run("sh", ["-c", script, "sh", program, ...args], options);
  const wall = (performance.now() - start) / 1000;
  // The second line is for the children of the shell: user and system time, such as 0m1.50s 0m0.19s.
  const times = [...(output.split("\n")[1] ?? "").matchAll(/(\d+)m([\d.]+)s/g)];
  return { wall, cpu: times.reduce((sum, [, minutes, seconds]) => sum + 60 * +minutes! + +seconds!, 0) };
}
