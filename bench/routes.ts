/**
 * A network namespace of our own with 10,000 routes, so that nothing of the machine is touched and every run
 * dumps the same.
 *
 * @module
 */
import { CannotMeasure, run } from "./measure.ts";

/** Routes that are added; the kernel has a few more of its own for the device. */
export const ROUTES = 10_000;

/**
 * The destination of a route: spread over 198.18.0.0/15, which RFC 2544 sets aside for benchmarks. Most have 13
 * characters and more as text.
 */
export function destination(i: number): string {
  const host = 13 * i;
  return `198.${18 + (host >> 16)}.${(host >> 8) & 255}.${host & 255}`;
}

/** Next hop of every route. */
export const GATEWAY = "198.19.255.254";
const ADDRESS = "198.19.255.253/30";

/** Whether this process is in the namespace that {@linkcode enterNamespace} made. */
const INSIDE = "--inside";

/** The command line that runs another one in a network namespace of its own: as root, or where users may have one. */
async function unshare(): Promise<string[]> {
  let reason: unknown;
  for (const command of [["unshare", "-n"], ["unshare", "-rn"]]) {
    try {
      await run(command[0]!, [...command.slice(1), "true"]);
      return command;
    } catch (error) {
      if (!(error instanceof CannotMeasure)) throw error;
      reason = error;
    }
  }
  throw new CannotMeasure(`no network namespace to be had: ${(reason as Error).message}`);
}

/**
 * Runs this program again in a namespace with the routes, for one benchmark; gives its exit status. With `--inside`
 * among the arguments it is there.
 */
export async function enterNamespace(main: string, args: readonly string[]): Promise<number> {
  const [program, ...rest] = await unshare();
  const permissions = ["read", "write", "run", "ffi", "env"].map((name) => `--allow-${name}`);
  const { code } = await new Deno.Command(program!, {
    args: [...rest, Deno.execPath(), "run", ...permissions, main, INSIDE, ...args],
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  return code;
}

/** Sets the routes up. Only inside a namespace of our own. */
export async function addRoutes(state: string): Promise<void> {
  const ip = (...args: string[]) => run("ip", args);
  if ((await ip("-4", "route")).trim() !== "") throw new CannotMeasure("this network namespace is in use");
  await ip("link", "add", "bench0", "type", "veth", "peer", "name", "bench1");
  for (const device of ["lo", "bench0", "bench1"]) await ip("link", "set", device, "up");
  await ip("address", "add", ADDRESS, "dev", "bench0");
  const lines = Array.from(
    { length: ROUTES },
    (_, i) => `route add ${destination(i)}/32 via ${GATEWAY} dev bench0\n`,
  );
  await Deno.writeTextFile(`${state}/routes`, lines.join(""));
  await ip("-batch", `${state}/routes`);
}

/** Samples of one receiver. */
export interface Received {
  /** Milliseconds of each dump. */
  times: number[];
  /** Messages of a dump, without NLMSG_DONE. */
  messages: number;
  /** Bytes of a dump. */
  bytes: number;
  /** Receives of a dump. */
  receives: number;
}

/** The C loop that receives the dump and does not decode it. */
export class Receiver {
  readonly #program: string;

  private constructor(program: string) {
    this.#program = program;
  }

  /** Compiles it into a folder. */
  static async compile(state: string): Promise<Receiver> {
    const source = new URL("recv.c", import.meta.url).pathname;
    await run("gcc", ["-O2", "-Wall", "-Wextra", "-o", `${state}/recv`, source]);
    return new Receiver(`${state}/recv`);
  }

  /** Dumps `runs` times; `file` gets the datagrams of one more dump. */
  async receive(runs: number, file?: string): Promise<Received> {
    const output = await run(this.#program, [`${runs}`, ...(file === undefined ? [] : [file])]);
    const lines = output.trim().split("\n").map((line) => line.split(" ").map(Number));
    const [, messages = 0, bytes = 0, receives = 0] = lines[0] ?? [];
    return { times: lines.map(([nanoseconds]) => nanoseconds! / 1e6), messages, bytes, receives };
  }

  /** The datagrams of one dump. */
  async capture(state: string): Promise<Uint8Array[]> {
    await this.receive(1, `${state}/datagrams`);
    const bytes = await Deno.readFile(`${state}/datagrams`);
    const view = new DataView(bytes.buffer);
    const datagrams: Uint8Array[] = [];
    for (let at = 0; at < bytes.length;) {
      const length = view.getUint32(at, true);
      datagrams.push(bytes.slice(at + 4, at + 4 + length));
      at += 4 + length;
    }
    return datagrams;
  }
}
