/**
 * `tynl do` and `tynl dump`: one request to the running kernel.
 *
 * @module
 */
import { parseArgs } from "node:util";
import type { SpecObject } from "../runtime/wire/mod.ts";
import { parseAssignments } from "./assignments.ts";
import { guarded, UsageError } from "./failure.ts";
import { type LoadedFamily, loadFamily, type Mode, operationWith } from "./family.ts";
import { type Io, standardIo } from "./io.ts";
import { formatJson, parseMessage, prettyJson } from "./json.ts";
import { lazily } from "./lazy.ts";

const ARGUMENTS = `The message is in the words of the spec, as one JSON object or as any number of

  name=value         an attribute, or a member of the fixed header
  name               a flag
  outer.inner=value  an attribute inside another
  list[]=value       the next element of a list; list[0].name=value a member of an element
  name=one,two       several flags of a bit mask

\`tynl show FAMILY OPERATION\` tells the names. Numbers may be hexadecimal (0x…), enum values are names, addresses text.`;

const DO_HELP = `Usage: tynl do FAMILY OPERATION [JSON | name=value ...] [OPTION ...]

Makes a request, and prints the reply; null if there is none.

${ARGUMENTS}

  --create           create the object if it is not there (NLM_F_CREATE)
  --excl             fail if it is there (NLM_F_EXCL)
  --replace          replace it (NLM_F_REPLACE)
  --append           add it at the end (NLM_F_APPEND)
  --json             print JSON in one line
  --ndjson           print JSON, a line for each reply
  --help             this text`;

const DUMP_HELP = `Usage: tynl dump FAMILY OPERATION [JSON | name=value ...] [OPTION ...]

Gets a list, and prints it.

${ARGUMENTS}

  --json             print one JSON list, asked for again if it changed while it was read
  --ndjson           print JSON, a line for each message as it comes
  --help             this text`;

const OUTPUT = {
  json: { type: "boolean", default: false },
  ndjson: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;
const FLAGS = {
  create: { type: "boolean", default: false },
  excl: { type: "boolean", default: false },
  replace: { type: "boolean", default: false },
  append: { type: "boolean", default: false },
} as const;

/** How to print. */
interface Output {
  json: boolean;
  ndjson: boolean;
}

/** Runs `tynl do`; the result is its exit status. */
export async function doRequest(args: string[], io: Io = standardIo()): Promise<number> {
  return await guarded("tynl do", io, async () => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { ...OUTPUT, ...FLAGS },
    });
    if (values.help) io.out(DO_HELP);
    else {
      const { loaded, operation, message } = await read(positionals, values, "do");
      await using conversation = await open(loaded, io);
      const { create, excl: exclusive, replace, append } = values;
      const reply = await conversation.do(operation, message, { create, exclusive, replace, append });
      if (values.ndjson && Array.isArray(reply)) { for (const one of reply) io.out(formatJson(one)); }
      else io.out(values.json || values.ndjson ? formatJson(reply) : prettyJson(reply, io));
    }
    return 0;
  });
}

/** Runs `tynl dump`; the result is its exit status. */
export async function dumpRequest(args: string[], io: Io = standardIo()): Promise<number> {
  return await guarded("tynl dump", io, async () => {
    const { values, positionals } = parseArgs({ args, allowPositionals: true, options: OUTPUT });
    if (values.help) io.out(DUMP_HELP);
    else {
      const { loaded, operation, message } = await read(positionals, values, "dump");
      await using conversation = await open(loaded, io);
      if (values.ndjson) {
        for await (const one of conversation.stream(operation, message)) io.out(formatJson(one));
      } else {
        const all = await conversation.dump(operation, message);
        if (values.json) io.out(formatJson(all));
        else for (const one of all) io.out(prettyJson(one, io));
      }
    }
    return 0;
  });
}

/** What the arguments ask for. */
async function read(
  [family, operation, ...rest]: readonly string[],
  { json, ndjson }: Output,
  mode: Mode,
): Promise<{ loaded: LoadedFamily; operation: string; message: SpecObject }> {
  if (json && ndjson) throw new UsageError("--json and --ndjson exclude each other");
  if (family === undefined) throw new UsageError("which FAMILY? `tynl list` shows them");
  const loaded = await loadFamily(family);
  if (operation === undefined) {
    throw new UsageError(`which OPERATION? \`tynl show ${loaded.spec}\` lists them`);
  }
  operationWith(loaded, operation, mode);
  const message = rest.length === 1 && rest[0]!.trimStart().startsWith("{")
    ? parseMessage(rest[0])
    : parseAssignments(rest, loaded.meta, loaded.meta.operations[operation] ?? {});
  return { loaded, operation, message };
}

async function open(loaded: LoadedFamily, io: Io) {
  const { Conversation } = await lazily<typeof import("./ynl/messages.ts")>("./ynl/messages.ts");
  return await Conversation.open(loaded, {
    onWarning: ({ message = "", attribute = "" }) =>
      io.err(`tynl: warning: ${message} ${attribute}`.trimEnd()),
    ...(io.transport === undefined ? {} : { transport: io.transport }),
  });
}
