/**
 * `tynl list`: the families, and which of them the running kernel has.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { type Family, NETLINK_GENERIC, type SpecObject } from "../runtime/wire/mod.ts";
import { guarded, UsageError } from "./failure.ts";
import { familyNames, loadFamily, protocolName } from "./family.ts";
import { type Io, standardIo } from "./io.ts";
import { formatJson } from "./json.ts";
import type { Presence } from "./kernel_families.ts";
import { lazily } from "./lazy.ts";
import { table } from "./table.ts";

const HELP = `Usage: tynl list [OPTION ...]

Lists the netlink families with their protocol, their operations and multicast groups, and which of them the running
kernel has: by its id if it is a generic family. Without netlink sockets (--allow-ffi), that is left open.

  --json             print one JSON list
  --ndjson           print JSON, a line for each family
  --help             this text`;

/** Runs the command; the result is its exit status. */
export async function list(args: string[], io: Io = standardIo()): Promise<number> {
  return await guarded("tynl list", io, async () => {
    const { values } = parseArgs({
      args,
      options: {
        json: { type: "boolean", default: false },
        ndjson: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) io.out(HELP);
    else {
      if (values.json && values.ndjson) throw new UsageError("--json and --ndjson exclude each other");
      await show(values, io);
    }
    return 0;
  });
}

async function show({ json, ndjson }: { json: boolean; ndjson: boolean }, io: Io): Promise<void> {
  const presence = await kernel(io);
  const rows: SpecObject[] = [];
  for (const spec of familyNames()) {
    const { family } = await loadFamily(spec);
    rows.push({
      family: spec,
      protocol: protocolName(family.protocol),
      operations: Object.keys(family.operations).length,
      events: Object.keys(family.events).length,
      groups: Object.keys(family.groups).length,
      ...inKernel(await presence?.(family), family),
    });
  }
  if (json) io.out(formatJson(rows));
  else if (ndjson) { for (const row of rows) io.out(formatJson(row)); }
  else {
    const names = ["family", "protocol", "operations", "events", "groups", "in this kernel"];
    io.out(table(
      names,
      rows.map((row) => [
        String(row["family"]),
        String(row["protocol"]),
        String(row["operations"]),
        String(row["events"]),
        String(row["groups"]),
        row["id"] !== undefined
          ? `id ${row["id"]}`
          : row["present"] === undefined
          ? "?"
          : row["present"]
          ? "yes"
          : "no",
      ]),
    ));
  }
}

/** Asks the kernel; where that cannot be done, says why. */
async function kernel(io: Io): Promise<((family: Family) => Promise<Presence>) | undefined> {
  const { presences } = await lazily<typeof import("./kernel_families.ts")>("./kernel_families.ts");
  try {
    return await presences(io.transport);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "UnsupportedError") throw error;
    io.err(`tynl list: ${error.message}`);
    return undefined;
  }
}

function inKernel(presence: Presence, { protocol }: Family): SpecObject {
  if (presence === undefined) return {};
  if (protocol !== NETLINK_GENERIC || typeof presence === "boolean") return { present: presence !== false };
  return { present: true, id: presence };
}
