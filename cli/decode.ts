/**
 * `tynl decode`: netlink traffic of other programs, from captures of several formats.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { families } from "../generated/families.ts";
import {
  annotateTraffic,
  CAPTURE_FORMATS,
  CaptureError,
  type CaptureFormat,
  type Damage,
  type Datagram,
  detectFormat,
  Identifier,
  PROTOCOLS,
  readCapture,
  type TrafficMessage,
} from "../runtime/traffic/mod.ts";
import { formatHex, MessageFlags, type SpecJson, type SpecObject } from "../runtime/wire/mod.ts";
import { Failure, guarded, UsageError } from "./failure.ts";
import { type Io, standardIo } from "./io.ts";
import { formatJson } from "./json.ts";

const HELP = `Usage: tynl decode [FILE | -] [OPTION ...]

Shows the netlink messages of a capture, one a line. FILE is one of these, plain or gzipped:

  pcap, pcapng  from an nlmon device: ip link add nlmon0 type nlmon; ip link set nlmon0 up; tcpdump -i nlmon0 -w FILE
  strace        strace -f -ttt -e trace=network -e read=all -e write=all -s 0 -o FILE PROGRAM
  hex           digits in any usual form, or the output of xxd or hexdump -C
  jsonl         JSON lines with "hex", and perhaps "protocol", "spec", "op", "time", "direction"

  --format FORMAT      one of those names, where the file does not show it
  --protocol PROTOCOL  netlink protocol of what does not tell its own: route, netfilter, generic, or a number
  --family ID=NAME     family with an id of generic netlink; may be repeated. Ids that the capture tells are known
  --kernel             ask the running kernel for the ids of its families (needs --allow-ffi)
  --annotate           show also what each byte is
  --json               one JSON array; names are the spec's
  --ndjson             one JSON object a line
  --help               this text

Exit status: 0 all is decoded, 1 something is damaged or cannot be read, 2 wrong arguments.
`;

/** Most bytes that a gzipped file may unfold to. */
const MOST_UNZIPPED = 1 << 30;

interface Options {
  file: string;
  format: CaptureFormat | undefined;
  protocol: number | undefined;
  families: [id: number, name: string][];
  kernel: boolean;
  annotate: boolean;
  output: "text" | "json" | "ndjson";
}

function parse(args: string[]): Options | undefined {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      format: { type: "string" },
      protocol: { type: "string" },
      family: { type: "string", multiple: true, default: [] },
      kernel: { type: "boolean", default: false },
      annotate: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      ndjson: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return undefined;
  if (positionals.length > 1) throw new UsageError("one file at a time");
  if (values.json && values.ndjson) throw new UsageError("--json and --ndjson exclude each other");
  const format = CAPTURE_FORMATS.find((known) => known === values.format);
  if (values.format !== undefined && format === undefined) {
    throw new UsageError(`--format is one of ${CAPTURE_FORMATS.join(", ")}, not "${values.format}"`);
  }
  return {
    file: positionals[0] ?? "-",
    format,
    protocol: values.protocol === undefined ? undefined : parseProtocol(values.protocol),
    families: values.family.map(parseFamily),
    kernel: values.kernel,
    annotate: values.annotate,
    output: values.json ? "json" : values.ndjson ? "ndjson" : "text",
  };
}

function parseProtocol(text: string): number {
  const name = text.toUpperCase().replace(/^NETLINK_/, "");
  const protocol = Object.hasOwn(PROTOCOLS, name) ? PROTOCOLS[name] : undefined;
  if (protocol !== undefined) return protocol;
  if (/^\d{1,3}$/.test(text)) return Number(text);
  throw new UsageError(`--protocol is a number, or such as route, netfilter, generic; not "${text}"`);
}

function parseFamily(text: string): [number, string] {
  const [, digits, name = ""] = /^(\d+|0x[0-9a-f]+)=(.+)$/i.exec(text) ?? [];
  const id = Number(digits);
  if (digits === undefined || id < 0x10 || id > 0xffff) {
    throw new UsageError(`--family is ID=NAME, such as 21=ethtool, not "${text}"`);
  }
  return [id, name];
}

/** Runs the command; the result is its exit status. */
export function decode(args: string[], io: Io = standardIo()): Promise<number> {
  return guarded("tynl decode", io, async () => {
    const options = parse(args);
    if (options === undefined) {
      io.out(HELP.trimEnd());
      return 0;
    }
    const bytes = await readInput(options.file);
    const format = options.format ?? detectFormat(bytes);
    if (format === undefined) {
      throw new Failure(
        bytes.length === 0
          ? "there is nothing to decode"
          : `this is none of ${CAPTURE_FORMATS.join(", ")}; --format says which it is`,
      );
    }
    try {
      return await run(bytes, format, options, io);
    } catch (error) {
      if (error instanceof CaptureError) throw new Failure(error.message);
      throw error;
    }
  });
}

async function readInput(file: string): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = file === "-"
      ? new Uint8Array(await new Response(Deno.stdin.readable).arrayBuffer())
      : await Deno.readFile(file);
  } catch (error) {
    throw new Failure(`cannot read ${file}: ${(error as Error).message}`);
  }
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: MOST_UNZIPPED });
  } catch (error) {
    throw new Failure(`cannot unzip ${file}: ${(error as Error).message}`);
  }
}

async function run(bytes: Uint8Array, format: CaptureFormat, options: Options, io: Io): Promise<number> {
  const identifier = await Identifier.create(families);
  if (options.kernel) await learnFromKernel(identifier);
  identifier.learnFrom(datagrams(bytes, format, options));
  for (const [id, name] of options.families) identifier.learn(id, name, true);

  const printer = new Printer(options, io);
  for (const datagram of datagrams(bytes, format, options)) {
    if ("damage" in datagram) printer.damage(datagram);
    else {
      for await (const message of identifier.decode(datagram)) {
        if ("damage" in message) printer.damage(message);
        else printer.message(message);
      }
    }
  }
  return printer.end();
}

/** The capture's datagrams; it is read twice rather than kept. */
function* datagrams(
  bytes: Uint8Array,
  format: CaptureFormat,
  { protocol }: Options,
): Generator<Datagram | Damage> {
  for (const datagram of readCapture(bytes, format)) {
    yield "damage" in datagram || protocol === undefined || datagram.protocol !== undefined
      ? datagram
      : { ...datagram, protocol };
  }
}

async function learnFromKernel(identifier: Identifier): Promise<void> {
  const { open } = await import("../mod.ts");
  const { nlctrl } = await import("../generated/nlctrl/mod.ts");
  await using client = await open(nlctrl);
  for (const { familyId, familyName } of await client.getfamily.dump().all()) {
    if (familyId !== undefined && familyName !== undefined) identifier.learn(familyId, familyName);
  }
}

/** Prints messages and counts them. */
class Printer {
  readonly #options: Options;
  readonly #io: Io;
  #decoded = 0;
  #unknown = 0;
  #damaged = 0;
  #first = true;

  constructor(options: Options, io: Io) {
    this.#options = options;
    this.#io = io;
  }

  damage(damage: Damage): void {
    this.#damaged++;
    if (this.#options.output === "text") this.#io.out(`${damage.where}: damaged: ${damage.damage}`);
    else this.#json({ ...damage });
  }

  message(message: TrafficMessage): void {
    if (message.problem !== undefined) this.#damaged++;
    else if (message.kind === "message") this.#unknown++;
    else this.#decoded++;
    if (this.#options.output === "text") this.#text(message);
    else this.#json(messageJson(message, this.#options.annotate));
  }

  #json(object: SpecObject): void {
    const line = formatJson(object);
    if (this.#options.output === "ndjson") this.#io.out(line);
    else this.#io.out(`${this.#first ? "[" : ","}${line}`);
    this.#first = false;
  }

  #text(message: TrafficMessage): void {
    this.#io.out(lineOf(message));
    if (!this.#options.annotate) return;
    for (const { start, end, depth, label, value } of annotateTraffic(message)) {
      const field = `${"  ".repeat(depth)}${printable(label)} ${printable(value)}`.trimEnd();
      for (let at = start; at < end; at += 8) {
        const hex = formatHex(message.bytes, at, Math.min(at + 8, end), " ");
        this.#io.out(`  ${`${at}`.padStart(4)}  ${hex.padEnd(23)}  ${at === start ? field : ""}`.trimEnd());
      }
    }
  }

  end(): number {
    const { output } = this.#options;
    if (output === "json") this.#io.out(this.#first ? "[]" : "]");
    const count = this.#decoded + this.#unknown + this.#damaged;
    this.#io.err(
      `${count} ${count === 1 ? "message" : "messages"}: ${this.#decoded} decoded, ` +
        `${this.#unknown} of unknown families or operations, ${this.#damaged} damaged`,
    );
    return this.#damaged === 0 ? 0 : 1;
  }
}

/** A message in one line: what and who first, then its object. */
function lineOf(message: TrafficMessage): string {
  const { time, direction, family, operation, kind, flags, sequence, outcome, problem } = message;
  const parts = [
    ...(time === undefined ? [] : [time]),
    direction === "to-kernel" ? "->" : "<-",
    family ?? (message.protocol === undefined ? "unknown" : `protocol-${message.protocol}`),
    operation ?? (message.type < 0x10 ? "" : idOf(message)),
    kind,
    `seq=${sequence}`,
    flags === 0 ? "" : `flags=${flagNames(message).join(",")}`,
    outcome === undefined ? "" : outcomeText(message),
    message.message === undefined ? "" : formatJson(message.message),
    problem === undefined ? "" : `damaged: ${problem}`,
  ];
  return printable(parts.filter((part) => part !== "").join(" "));
}

function idOf({ type, command }: TrafficMessage): string {
  return command === undefined ? `type-${type}` : `type-${type}/command-${command}`;
}

function outcomeText({ outcome }: TrafficMessage): string {
  const { errno = 0, code, message, attribute, missing, extack } = outcome ?? {};
  const details = [
    attribute === undefined ? undefined : `attribute ${attribute}`,
    missing === undefined ? undefined : `missing ${missing}`,
    extack?.cookie === undefined ? undefined : `cookie ${formatHex(extack.cookie, 0, extack.cookie.length)}`,
  ].filter((detail) => detail !== undefined);
  const words = [errno === 0 ? undefined : code, message].filter((word) => word !== undefined).join(": ");
  return `${words}${details.length === 0 ? "" : ` (${details.join(", ")})`}`.trimStart();
}

/** Names of the flags, in the words of linux/netlink.h; some bits mean one thing in a request, another in a reply. */
function flagNames({ flags, kind }: TrafficMessage): string[] {
  const { request, multi, ack, echo, dumpInterrupted, dumpFiltered, dump } = MessageFlags;
  const common: [number, string][] = [
    [request, "request"],
    [multi, "multi"],
    [ack, "ack"],
    [echo, "echo"],
    [dumpInterrupted, "dump-intr"],
    [dumpFiltered, "dump-filtered"],
  ];
  const upper: [number, string][] = kind === "error" || kind === "ack" || kind === "done"
    ? [[MessageFlags.capped, "capped"], [MessageFlags.ackAttributes, "ack-tlvs"]]
    : kind === "request" && (flags & dump) === dump
    ? [[dump, "dump"]]
    : [
      [MessageFlags.replace, "replace"],
      [MessageFlags.exclusive, "excl"],
      [MessageFlags.create, "create"],
      [MessageFlags.append, "append"],
    ];
  const names = [...common, ...upper].filter(([bits]) => (flags & bits) === bits);
  const rest = names.reduce((rest, [bits]) => rest & ~bits, flags);
  return [...names.map(([, name]) => name), ...(rest === 0 ? [] : [`0x${rest.toString(16)}`])];
}

/** Text of a capture is anybody's: nothing in it reaches the terminal as a control sequence. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

function messageJson(message: TrafficMessage, annotate: boolean): SpecObject {
  const { where, time, direction, kind, protocol, family, operation, type, sequence, port, command } =
    message;
  const json: SpecObject = { where };
  const optional: [string, SpecJson | undefined][] = [
    ["time", time],
    ["direction", direction],
    ["kind", kind],
    ["protocol", protocol],
    ["family", family],
    ["operation", operation],
    ["type", type],
    ["command", command],
    ["flags", flagNames(message)],
    ["sequence", sequence],
    ["port", port],
    ["message", message.message],
    ["outcome", outcomeJson(message)],
    ["problem", message.problem],
  ];
  for (const [name, value] of optional) if (value !== undefined) json[name] = value;
  if (annotate) {
    json["annotations"] = annotateTraffic(message).map((row) => ({
      ...row,
      bytes: formatHex(message.bytes, row.start, row.end),
    }));
  }
  return json;
}

function outcomeJson({ outcome }: TrafficMessage): SpecObject | undefined {
  if (outcome === undefined) return undefined;
  const { extack, ...rest } = outcome;
  const json: SpecObject = { ...rest };
  if (extack?.offset !== undefined) json["offset"] = extack.offset;
  if (extack?.missingType !== undefined) json["missing-type"] = extack.missingType;
  if (extack?.missingNest !== undefined) json["missing-nest"] = extack.missingNest;
  if (extack?.cookie !== undefined) json["cookie"] = formatHex(extack.cookie, 0, extack.cookie.length);
  return json;
}
