/**
 * `tynl policy`: what the running kernel accepts.
 *
 * @module
 */
import { parseArgs } from "node:util";
import type { SpecJson, SpecObject } from "../runtime/wire/mod.ts";
import { guarded, UsageError } from "./failure.ts";
import { type LoadedFamily, loadFamily, operationOf } from "./family.ts";
import { type Io, standardIo } from "./io.ts";
import { formatJson } from "./json.ts";
import { lazily } from "./lazy.ts";
import { heading, table } from "./table.ts";

const HELP = `Usage: tynl policy FAMILY [OPERATION] [OPTION ...]

Shows which attributes the running kernel takes in the requests of a generic netlink family, and their limits. A
request of an operation that is not shown is not checked, or the kernel does not have it.

  --json             print one JSON object: operations, their modes, their attributes
  --ndjson           print JSON, a line for each operation and mode
  --help             this text`;

/** Runs the command; the result is its exit status. */
export async function policy(args: string[], io: Io = standardIo()): Promise<number> {
  return await guarded("tynl policy", io, async () => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        json: { type: "boolean", default: false },
        ndjson: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) {
      io.out(HELP);
      return 0;
    }
    const [family, operation, ...more] = positionals;
    if (family === undefined) throw new UsageError("which FAMILY? `tynl list` shows them");
    if (more.length > 0) throw new UsageError(`unexpected "${more[0]}"`);
    if (values.json && values.ndjson) throw new UsageError("--json and --ndjson exclude each other");
    show(await policies(await loadFamily(family), operation, io), values, io);
    return 0;
  });
}

/** Policies by operation and mode. */
async function policies(
  loaded: LoadedFamily,
  only: string | undefined,
  io: Io,
): Promise<Map<string, ReadonlyMap<string, SpecObject>>> {
  const operations = only === undefined
    ? Object.values(loaded.family.operations)
    : [operationOf(loaded, only)[1]];
  const { PolicyReader } = await lazily<typeof import("./kernel_policy.ts")>("./kernel_policy.ts");
  await using reader = await PolicyReader.open(loaded, io.transport);
  const found = new Map<string, ReadonlyMap<string, SpecObject>>();
  for (const { name } of operations) {
    const byMode = new Map<string, SpecObject>();
    for (const mode of ["do", "dump"] as const) {
      const policy = await reader.read(name, mode);
      if (policy !== null) byMode.set(mode, policy);
    }
    if (byMode.size > 0) found.set(name, byMode);
  }
  return found;
}

function show(
  policies: ReadonlyMap<string, ReadonlyMap<string, SpecObject>>,
  { json, ndjson }: { json: boolean; ndjson: boolean },
  io: Io,
): void {
  if (json) {
    io.out(
      formatJson(Object.fromEntries([...policies].map(([name, modes]) => [name, Object.fromEntries(modes)]))),
    );
    return;
  }
  for (const [operation, modes] of policies) {
    for (const [mode, attributes] of modes) {
      if (ndjson) io.out(formatJson({ operation, mode, attributes }));
      else {
        const rows = policyRows(attributes, "");
        io.out(heading(`${operation} (${mode})`).trimStart());
        io.out(rows.length === 0 ? "  no attributes" : table(["attribute", "type", "accepted"], rows));
        io.out("");
      }
    }
  }
  if (!ndjson && policies.size === 0) io.out("  The kernel has no policy for this.");
}

/** A policy as rows, nested attributes by their path. */
function policyRows(attributes: SpecObject, prefix: string): string[][] {
  return Object.entries(attributes).flatMap(([name, value]) => {
    const one = value as SpecObject;
    const path = prefix + name;
    return [
      [path, String(one["type"]), limits(one)],
      ...policyRows((one["policy"] ?? {}) as SpecObject, `${path}.`),
    ];
  });
}

/** The limits of a policy's entry in a few words. */
export function limits(entry: SpecObject): string {
  const { "min-value": min, "max-value": max, "min-length": least, "max-length": most, mask } = entry;
  const bits = mask ?? entry["bitfield32-mask"];
  const parts = [
    range(min, max, ""),
    range(least, most, " bytes"),
    bits === undefined ? "" : `bits of 0x${(bits as number | bigint).toString(16)}`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}

function range(from: SpecJson | undefined, to: SpecJson | undefined, unit: string): string {
  if (from === undefined && to === undefined) return "";
  if (from === to) return `${from}${unit}`;
  if (from === undefined) return `at most ${to}${unit}`;
  if (to === undefined) return `at least ${from}${unit}`;
  return `${from}..${to}${unit}`;
}
