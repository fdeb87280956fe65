/**
 * `tynl monitor`: events of a family as they come.
 *
 * @module
 */
import { parseArgs } from "node:util";
import type { AnyEvent, GroupNotFoundError, Subscription } from "../runtime/netlink/mod.ts";
import { formatHex, type SpecObject } from "../runtime/wire/mod.ts";
import { guarded, UsageError } from "./failure.ts";
import { loadFamily } from "./family.ts";
import { follow } from "./follow.ts";
import { type Io, standardIo } from "./io.ts";
import { formatJson } from "./json.ts";
import { Conversation } from "./ynl/messages.ts";

const HELP = `Usage: tynl monitor FAMILY [GROUP ...] [OPTION ...]

Prints the events of multicast groups as they come: of all groups of the family, or of those that are named. Lost
events are told as "overrun". Ends when it is interrupted.

  --duration SECONDS   end after that time
  --count N            end after N events
  --all-nsid           hear of all network namespaces that have an id here, and of which (needs CAP_NET_BROADCAST)
  --receive-buffer N   bytes that the kernel keeps of events that were not read yet
  --json, --ndjson     print JSON, a line for each event
  --help               this text`;

interface Options {
  family: string;
  groups: string[];
  duration: number;
  count: number;
  allNsid: boolean;
  receiveBuffer: number | undefined;
  json: boolean;
}

function parse(args: string[]): Options | undefined {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      duration: { type: "string" },
      count: { type: "string" },
      "all-nsid": { type: "boolean", default: false },
      "receive-buffer": { type: "string" },
      json: { type: "boolean", default: false },
      ndjson: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return undefined;
  const [family, ...groups] = positionals;
  if (family === undefined) throw new UsageError("which FAMILY? `tynl list` shows them");
  const { duration, count, "receive-buffer": receiveBuffer } = values;
  return {
    family,
    groups,
    duration: duration === undefined ? Infinity : number("--duration", duration, /^\d+(\.\d+)?$/),
    count: count === undefined ? Infinity : number("--count", count, /^[1-9]\d{0,14}$/),
    allNsid: values["all-nsid"],
    receiveBuffer: receiveBuffer === undefined
      ? undefined
      : number("--receive-buffer", receiveBuffer, /^[1-9]\d{0,8}$/),
    json: values.json || values.ndjson,
  };
}

function number(option: string, text: string, form: RegExp): number {
  if (!form.test(text)) throw new UsageError(`${option} takes a positive number, not "${text}"`);
  return Number(text);
}

/** Runs the command; the result is its exit status. */
export async function monitor(args: string[], io: Io = standardIo()): Promise<number> {
  return await guarded("tynl monitor", io, async () => {
    const options = parse(args);
    if (options === undefined) io.out(HELP);
    else await run(options, io);
    return 0;
  });
}

async function run(options: Options, io: Io): Promise<void> {
  const loaded = await loadFamily(options.family);
  await using conversation = await Conversation.open(
    loaded,
    io.transport === undefined ? {} : { transport: io.transport },
  );
  const events = subscribe(conversation.client, options);
  let left = options.count;
  await follow(events, options.duration, (event) => {
    const json = eventJson(event, conversation);
    const time = new Date().toISOString();
    if (options.json) io.out(formatJson({ time, ...json }));
    else io.out(textOf(time, json, io));
    if (--left === 0) events.close();
  });
}

function subscribe(
  client: Conversation["client"],
  { groups, allNsid, receiveBuffer }: Options,
): Subscription<AnyEvent> {
  const wishes = { allNsid, ...(receiveBuffer === undefined ? {} : { receiveBuffer }) };
  if (groups.length > 0) return client.subscribe(groups, wishes);
  let all = Object.keys(client.groups);
  if (all.length === 0) throw new UsageError("the family has no multicast groups");
  for (;;) {
    try {
      return client.subscribe(all, wishes);
    } catch (error) {
      // An older kernel has fewer of a raw family's groups than the spec.
      const missing = error instanceof Error && error.name === "GroupNotFoundError"
        ? (error as GroupNotFoundError).group
        : undefined;
      if (missing === undefined || all.length === 1) throw error;
      all = all.filter((group) => group !== missing);
    }
  }
}

/** An event as JSON: `name`, and `msg` as the kernel's own command has it, or what else there is to tell. */
function eventJson(event: AnyEvent, conversation: Conversation): SpecObject {
  const origin: SpecObject = "nsid" in event && event.nsid !== undefined ? { nsid: event.nsid } : {};
  if ("message" in event) {
    return { name: event.name, msg: conversation.spoken(event.name, event.message as object), ...origin };
  }
  if (event.name === "unknown") {
    return { name: "unknown", id: event.id, bytes: formatHex(event.bytes, 0, event.bytes.length), ...origin };
  }
  if (event.name === "malformed") {
    const { error, bytes } = event;
    return { name: "malformed", error: error.message, bytes: formatHex(bytes, 0, bytes.length), ...origin };
  }
  return { name: event.name };
}

function textOf(time: string, { name, msg, nsid, ...rest }: SpecObject, { colour }: Io): string {
  const title = colour ? `\x1b[1m${name}\x1b[0m` : `${name}`;
  const from = nsid === undefined ? "" : ` nsid ${nsid}`;
  const what = msg ?? (Object.keys(rest).length === 0 ? undefined : rest);
  return `${time.slice(11, 23)} ${title}${from}${what === undefined ? "" : ` ${formatJson(what)}`}`;
}
