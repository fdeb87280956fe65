/**
 * A dump of 10,000 routes from request to objects: our client, the kernel's libraries for C and Python, and the loop
 * in C that does not decode.
 *
 * @module
 */
import { rtRoute, type RtRouteOperations } from "../generated/rt-route/mod.ts";
import { type Client, open } from "../runtime/netlink/mod.ts";
import { copyTools, findPython, KEEPING_BYTECODE } from "./kernel_tree.ts";
import { CannotMeasure, median, ratios, run, summary, table } from "./measure.ts";
import { addRoutes, Receiver } from "./routes.ts";

/** How to measure. */
export interface DumpBench {
  /** Kernel tree with the libraries; without one they are left out. */
  kernel: string | undefined;
  /** How often everything is run. */
  rounds: number;
}

/** Dumps of each round. */
const TIMES = 15;
/** The same for pyynl, which takes as long for one as others for fifty. */
const PYTHON_TIMES = 3;
const WARM_UP = 60;
const AF_INET = 2;

/** Somebody who dumps all routes. */
interface Contender {
  name: string;
  /** Milliseconds of each dump. */
  dump(): Promise<number[]>;
}

/** Measures. Only in a namespace of our own. */
export async function benchDump({ kernel, rounds }: DumpBench): Promise<boolean> {
  const state = await Deno.makeTempDir({ prefix: "tynl-bench-" });
  try {
    await addRoutes(state);
    const receiver = await Receiver.compile(state);
    const { messages } = await receiver.receive(1);
    const contenders: Contender[] = [
      {
        name: "C, receives and does not decode",
        dump: async () => (await receiver.receive(TIMES)).times,
      },
    ];
    if (kernel !== undefined) contenders.push(...await kernelLibraries(kernel, state, messages));

    await using client = await open(rtRoute);
    const first = await timedDumps(3, () => all(client), messages);
    for (const [name, dump] of [["dump().all()", all], ["for await (… of dump())", each]] as const) {
      await timedDumps(WARM_UP, () => dump(client), messages);
      contenders.push({
        name: `tynl, ${name}`,
        dump: () => timedDumps(TIMES, () => dump(client), messages),
      });
    }

    const medians: number[][] = contenders.map(() => []);
    const best: number[] = contenders.map(() => Infinity);
    for (let round = 0; round < rounds; round++) {
      for (const [i, contender] of contenders.entries()) {
        const times = await contender.dump();
        medians[i]!.push(median(times));
        best[i] = Math.min(best[i]!, ...times);
      }
    }

    console.log(`Dumping ${messages} routes, ${rounds} interleaved rounds, milliseconds per dump\n`);
    console.log(table(
      ["", "median of rounds (range)", "best dump", "to C", "routes/s"],
      contenders.map(({ name }, i) => [
        name,
        summary(medians[i]!, 2),
        best[i]!.toFixed(2),
        median(ratios(medians[i]!, medians[0]!)).toFixed(2),
        Math.round(messages / median(medians[i]!) * 1000).toLocaleString("en"),
      ]),
    ));
    console.log(`\nfirst dumps of the process: ${first.map((time) => time.toFixed(1)).join(", ")} ms`);
    if (kernel === undefined) {
      console.log("the kernel's libraries are left out: name a kernel tree by --kernel, or --fetch one");
    }
    return true;
  } finally {
    await Deno.remove(state, { recursive: true });
  }
}

type Routes = Pick<Client<RtRouteOperations>, "getroute">;

/** Collects the whole list. */
async function all(client: Routes): Promise<number> {
  return (await client.getroute.dump({ header: { rtmFamily: AF_INET } }).all()).length;
}

/** Takes the list one by one as it comes. */
async function each(client: Routes): Promise<number> {
  let count = 0;
  for await (const { header } of client.getroute.dump({ header: { rtmFamily: AF_INET } })) {
    if (header.rtmFamily === AF_INET) count++;
  }
  return count;
}

async function timedDumps(
  times: number,
  dump: () => Promise<number>,
  expected: number,
): Promise<number[]> {
  const samples: number[] = [];
  for (let i = 0; i < times; i++) {
    const start = performance.now();
    const count = await dump();
    samples.push(performance.now() - start);
    if (count !== expected) throw new CannotMeasure(`${count} of ${expected} routes came`);
  }
  return samples;
}

/** What the kernel has in tools/net/ynl, made ready in `state`. */
async function kernelLibraries(kernel: string, state: string, messages: number): Promise<Contender[]> {
  const python = await findPython();
  const ynl = `${kernel}/tools/net/ynl`;
  const tools = await copyTools(kernel, state);
  const spec = `${kernel}/Documentation/netlink/specs/rt-route.yaml`;
  for (const [kind, suffix] of [["--header", "h"], ["--source", "c"]] as const) {
    const out = `${state}/rt-route-user.${suffix}`;
    await run(python, [`${tools}/ynl_gen_c.py`, "--mode", "user", kind, "--spec", spec, "-o", out], {
      env: KEEPING_BYTECODE,
    });
  }
  const here = new URL("./", import.meta.url).pathname;
  const uapi = `${kernel}/include/uapi`;
  // The options of the kernel's own Makefiles; the headers of the system may be older than the spec.
  await run("gcc", [
    ...["-std=gnu11", "-O2", `-I${ynl}/lib`, `-I${state}`, "-idirafter", uapi],
    ...["-D__LINUX_RTNETLINK_H", "-include", `${uapi}/linux/rtnetlink.h`],
    ...["-o", `${state}/ynl_dump`, `${here}ynl_dump.c`, `${state}/rt-route-user.c`, `${ynl}/lib/ynl.c`],
  ]);

  /** Columns of nanoseconds, as milliseconds; the last column counts routes. */
  const columns = (output: string): number[][] =>
    output.trim().split("\n").map((line) => {
      const numbers = line.split(" ").map(Number);
      const count = numbers.pop();
      if (count !== messages) throw new CannotMeasure(`${count} of ${messages} routes came`);
      return numbers.map((nanoseconds) => nanoseconds / 1e6);
    });
  return [
    {
      name: "ynl C library, freeing the list included",
      dump: async () =>
        columns(await run(`${state}/ynl_dump`, [`${TIMES}`])).map(([had, freed]) => had! + freed!),
    },
    {
      name: "pyynl",
      dump: async () =>
        columns(
          await run(python, [`${here}pyynl_dump.py`, tools, spec, `${PYTHON_TIMES}`], {
            env: KEEPING_BYTECODE,
          }),
        )
          .map(([had]) => had!),
    },
  ];
}
