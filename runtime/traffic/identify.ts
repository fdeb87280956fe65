/**
 * From datagrams to messages with a family and an operation.
 *
 * Raw families are known by protocol and message type. The ids of generic netlink families are given out by each kernel
 * anew: they are learned from nlctrl's messages in the same capture, or told with {@linkcode Identifier.learn}.
 * Replies carry the sequence and port number of their request, which tells operations apart whose replies have one id.
 *
 * @module
 */
import { attributePath, missingPath, type SentRequest } from "../netlink/attribute_path.ts";
// Past the face of runtime/netlink on purpose: its mod.ts needs FFI, these files do not.
import { errnoName } from "../netlink/errno.ts";
import { readAcknowledgement } from "../netlink/extack.ts";
import {
  decodePayload,
  formatHex,
  GENL_HDRLEN,
  MessageFlags,
  type MessageFormat,
  Messages,
  MessageType,
  NETLINK_GENERIC,
  NetlinkDecodeError,
  NLMSG_HDRLEN,
  type Operation,
  type SpecObject,
  toSpecJson,
} from "../wire/mod.ts";
import { Catalog, type CatalogEntry, type FamilyLoaders, GENL_ID_CTRL } from "./catalog.ts";
import type { Damage, Datagram } from "./datagram.ts";
import type { MessageKind, MessageSpec, Outcome, TrafficMessage } from "./message.ts";
import { attributeTree, isDeep } from "./tree.ts";

const NETLINK_NETFILTER = 12;
/** Types below are the same in all protocols (NLMSG_MIN_TYPE). */
const MIN_TYPE = 0x10;
/** `struct nfgenmsg`, in front of the attributes of every nfnetlink message. */
const NFGENMSG = 4;
/** Subsystems of nfnetlink, by the upper byte of the message type (linux/netfilter/nfnetlink.h, NFNL_SUBSYS_*). */
const SUBSYSTEMS = [
  "none",
  "ctnetlink",
  "ctnetlink-exp",
  "queue",
  "ulog",
  "osf",
  "ipset",
  "acct",
  "cttimeout",
  "cthelper",
  "nftables",
  "nft-compat",
  "hook",
];
/** Deepest nest of a message that is shown: far beyond what the kernel sends. */
const MAX_DEPTH = 256;
/** Requests that are remembered for their replies. */
const MOST_REQUESTS = 4096;

/** A request that replies may belong to. */
interface Request {
  bytes: Uint8Array;
  port: number;
  entry: CatalogEntry;
  operation: Operation;
}

/** Finds out what the messages of a capture are. */
export class Identifier {
  readonly #catalog: Catalog;
  readonly #requests = new Map<string, Request>();

  private constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  /** Loads the families: those of generated/families.ts, or others. */
  static async create(families: FamilyLoaders): Promise<Identifier> {
    return new Identifier(await Catalog.load(families));
  }

  /**
   * Tells the id of a generic netlink family. Unless it is `certain`, nlctrl's messages in the capture count more.
   */
  learn(id: number, name: string, certain = false): void {
    this.#catalog.learn(id, name, certain);
  }

  /**
   * Learns the ids of generic netlink families from nlctrl's messages in datagrams, so that messages in front of those
   * are identified too. What is damaged is passed over.
   */
  learnFrom(datagrams: Iterable<Datagram | Damage>): void {
    const found = new Map<number, string>();
    for (const datagram of datagrams) {
      if ("damage" in datagram) continue;
      if (datagram.protocol !== NETLINK_GENERIC && datagram.family !== "nlctrl") continue;
      try {
        const messages = new Messages(datagram.bytes);
        while (messages.next()) {
          const [id, name] = messages.type === GENL_ID_CTRL ? familyIn(messages) : [];
          // An id may be given out again: the first one is what comes in front of it, too.
          if (id !== undefined && name !== undefined && !found.has(id)) found.set(id, name);
        }
      } catch {
        // Told when the datagram is decoded.
      }
    }
    for (const [id, name] of found) this.learn(id, name);
  }

  /** The messages of a datagram, and what of it is damaged. Nothing is thrown. */
  async *decode(datagram: Datagram): AsyncGenerator<TrafficMessage | Damage> {
    const messages = new Messages(datagram.bytes);
    for (let number = 1;; number++) {
      const where = number === 1 ? datagram.where : `${datagram.where}, message ${number}`;
      try {
        if (!messages.next()) return;
      } catch (error) {
        if (!(error instanceof NetlinkDecodeError)) throw error;
        yield { where, damage: `${error.message}${hintFor(datagram, error.offset)}` };
        return;
      }
      yield await this.#message(datagram, messages, where);
    }
  }

  async #message(datagram: Datagram, messages: Messages, where: string): Promise<TrafficMessage> {
    const { start, end, type, flags, sequence, port } = messages;
    // From here on offsets count from the start of the message, as the kernel's own do.
    const bytes = datagram.bytes.subarray(start, end);
    const request = (flags & MessageFlags.request) !== 0;
    const message: TrafficMessage = {
      where,
      direction: datagram.direction ?? (request ? "to-kernel" : "from-kernel"),
      kind: "message",
      type,
      flags,
      sequence,
      port,
      bytes,
    };
    if (datagram.time !== undefined) message.time = datagram.time;
    const entry = this.#entryOf(datagram, type, bytes, request);
    const protocol = datagram.protocol ?? entry?.family.protocol;
    if (protocol !== undefined) message.protocol = protocol;
    if (type < MIN_TYPE) await this.#control(datagram, message);
    else if (entry === undefined) this.#unknown(message);
    else await this.#known(datagram, message, entry);
    return message;
  }

  /** The family of a message: what the capture says, or what protocol and type say. */
  #entryOf(
    datagram: Datagram,
    type: number,
    bytes: Uint8Array,
    request: boolean,
  ): CatalogEntry | undefined {
    const { family, protocol } = datagram;
    if (family !== undefined) return this.#catalog.named(family);
    if (protocol !== undefined) return this.#catalog.find(protocol, type);
    if (type < MIN_TYPE) return undefined;
    // Not told: the first protocol in whose words the message makes sense.
    return [NETLINK_GENERIC, ...this.#catalog.protocols].map((protocol) => this.#catalog.find(protocol, type))
      .find((entry) => entry !== undefined && makesSense(entry, bytes, type, request));
  }

  async #spec(entry: CatalogEntry, format: MessageFormat): Promise<MessageSpec> {
    return { family: entry.family, meta: await this.#catalog.meta(entry), format };
  }

  async #known(datagram: Datagram, message: TrafficMessage, entry: CatalogEntry): Promise<void> {
    const { bytes, flags, sequence, port } = message;
    message.family = entry.spec;
    const generic = entry.family.protocol === NETLINK_GENERIC;
    if (generic && bytes.length < NLMSG_HDRLEN + GENL_HDRLEN) {
      message.problem = "there is no room for the generic netlink header";
      return;
    }
    const id = generic ? bytes[NLMSG_HDRLEN]! : message.type;
    if (generic) message.command = id;
    const asked = this.#requests.get(keyOf(datagram, message.protocol, sequence));
    const found = datagram.operation === undefined
      ? formatOf(entry, id, flags, sequence, matches(asked, port) ? asked : undefined)
      : named(entry, datagram.operation, flags, sequence) ?? formatOf(entry, id, flags, sequence, undefined);
    if (found === undefined) {
      this.#unknown(message);
      return;
    }
    const { format, kind, operation } = found;
    message.kind = kind;
    message.operation = format.name;
    message.spec = await this.#spec(entry, format);
    if (kind === "request" && operation !== undefined) {
      this.#remember(keyOf(datagram, message.protocol, sequence), { bytes, port, entry, operation });
    }
    decodeInto(message, message.spec, NLMSG_HDRLEN + (generic ? GENL_HDRLEN : 0));
    if (entry.spec === "nlctrl") this.learnFrom([{ ...datagram, bytes }]);
  }

  #remember(key: string, request: Request): void {
    // Put at the end, so that the oldest one is the first.
    this.#requests.delete(key);
    this.#requests.set(key, request);
    if (this.#requests.size > MOST_REQUESTS) this.#requests.delete(this.#requests.keys().next().value!);
  }

  /** A message that no spec describes: its headers, and attributes by id. */
  #unknown(message: TrafficMessage): void {
    const { bytes, protocol, type } = message;
    let at = NLMSG_HDRLEN;
    const head: SpecObject = {};
    if (protocol === NETLINK_GENERIC) {
      const name = this.#catalog.nameOf(type);
      if (name !== undefined) message.family ??= name;
      if (bytes.length < at + GENL_HDRLEN) {
        message.problem = "there is no room for the generic netlink header";
        return;
      }
      message.command = bytes[at]!;
      at += GENL_HDRLEN;
    } else if (protocol === NETLINK_NETFILTER && bytes.length >= at + NFGENMSG) {
      message.family ??= SUBSYSTEMS[type >> 8] ?? `nfnetlink subsystem ${type >> 8}`;
      head["nfgen-family"] = bytes[at]!;
      head["version"] = bytes[at + 1]!;
      head["res-id"] = bytes[at + 2]! << 8 | bytes[at + 3]!;
      at += NFGENMSG;
    }
    // What header a family has of its own is not known elsewhere, nor, then, where attributes begin.
    const known = protocol === NETLINK_GENERIC || protocol === NETLINK_NETFILTER;
    const tree = known ? attributeTree(bytes, at, bytes.length) : undefined;
    message.message = tree === undefined
      ? { ...head, payload: formatHex(bytes, at, bytes.length) }
      : { ...head, ...tree };
  }

  async #control(datagram: Datagram, message: TrafficMessage): Promise<void> {
    const { bytes, type, protocol, sequence, port } = message;
    if (type === MessageType.noop || type === MessageType.overrun) {
      message.kind = type === MessageType.noop ? "noop" : "overrun";
      return;
    }
    if (type !== MessageType.error && type !== MessageType.done) {
      message.message = { payload: formatHex(bytes, NLMSG_HDRLEN, bytes.length) };
      return;
    }
    message.kind = type === MessageType.done ? "done" : "error";
    const asked = this.#requests.get(keyOf(datagram, protocol, sequence));
    const found = matches(asked, port) ? asked : this.#quoted(datagram, message);
    let spec: MessageSpec | undefined;
    const entry = found?.entry ?? this.#catalog.named(datagram.family ?? "");
    if (entry !== undefined) message.family = entry.spec;
    const name = found?.operation.name ?? datagram.operation;
    if (name !== undefined) message.operation = name;
    if (found !== undefined) {
      spec = await this.#spec(found.entry, found.operation);
      message.request = { bytes: found.bytes, spec };
    }
    try {
      const messages = new Messages(bytes);
      messages.next();
      message.outcome = outcomeOf(readAcknowledgement(messages), message.request);
      if (message.kind === "error" && message.outcome.errno === 0) message.kind = "ack";
    } catch (error) {
      message.problem = problemOf(error);
    }
  }

  /** The request that an error quotes, for a capture that does not have it. */
  #quoted(datagram: Datagram, { bytes, flags, type }: TrafficMessage): Request | undefined {
    const at = NLMSG_HDRLEN + 4;
    if (type !== MessageType.error || bytes.length < at + NLMSG_HDRLEN) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const length = view.getUint32(at, true);
    // Capped, or of success: the quote is but the request's header.
    const whole = (flags & MessageFlags.capped) === 0 && view.getInt32(NLMSG_HDRLEN, true) !== 0 &&
      length >= NLMSG_HDRLEN && length <= bytes.length - at;
    const quote = bytes.subarray(at, whole ? at + length : at + NLMSG_HDRLEN);
    const requestType = view.getUint16(at + 4, true);
    const entry = this.#entryOf(datagram, requestType, quote, true);
    if (entry === undefined) return undefined;
    const generic = entry.family.protocol === NETLINK_GENERIC;
    const id = generic ? quote[NLMSG_HDRLEN] : requestType;
    const named = Object.values(entry.family.operations).find(({ name }) => name === datagram.operation);
    const operation = named ?? (id === undefined ? undefined : entry.requests.get(id));
    return operation === undefined ? undefined : { bytes: quote, port: 0, entry, operation };
  }
}

/** CTRL_ATTR_FAMILY_ID and CTRL_ATTR_FAMILY_NAME of a message of nlctrl; requests have only one of them. */
function familyIn({ reader, start, end }: Messages): [id: number | undefined, name: string | undefined] {
  let id: number | undefined;
  let name: string | undefined;
  reader.position = start + NLMSG_HDRLEN + GENL_HDRLEN;
  while (reader.next(end)) {
    if (reader.type === 1) id = reader.u16();
    if (reader.type === 2) name = reader.string();
  }
  return [id, name];
}

/** Sockets have sequence numbers of their own; a capture need not tell sockets apart. */
function keyOf({ socket = "" }: Datagram, protocol: number | undefined, sequence: number): string {
  return `${socket} ${protocol} ${sequence}`;
}

/** Whether an answer to `port` can be to a request; few programs write their port into requests. */
function matches(asked: Request | undefined, port: number): asked is Request {
  return asked !== undefined && (asked.port === 0 || port === 0 || asked.port === port);
}

/** What a message may be, by its id. */
interface Found {
  format: MessageFormat;
  kind: MessageKind;
  operation?: Operation;
}

/** The operation or event of a message. */
function formatOf(
  { family, requests, replies, events }: CatalogEntry,
  id: number,
  flags: number,
  sequence: number,
  asked: Request | undefined,
): Found | undefined {
  const request = requests.get(id);
  if ((flags & MessageFlags.request) !== 0) {
    // Several operations may share a request id, one of them for lists.
    const dump = (flags & MessageFlags.dump) === MessageFlags.dump;
    const operation = dump
      ? Object.values(family.operations).find((one) => one.request === id && one.dump === true) ?? request
      : request;
    return operation === undefined ? undefined : { format: operation, kind: "request", operation };
  }
  if (asked !== undefined && asked.entry.family === family && asked.operation.reply === id) {
    return { format: asked.operation, kind: "reply" };
  }
  const event = events.get(id);
  const reply = replies.get(id);
  const multi = (flags & MessageFlags.multi) !== 0;
  if (event !== undefined && !(multi && reply !== undefined)) return { format: event, kind: "event" };
  const other: MessageKind = sequence === 0 ? "event" : "reply";
  if (reply !== undefined) return { format: reply, kind: other };
  // Some notifications are told as the request that made them.
  return request === undefined ? undefined : { format: request, kind: "event" };
}

/** The operation or event that a capture names. */
function named(entry: CatalogEntry, name: string, flags: number, sequence: number): Found | undefined {
  const { operations, events } = entry.family;
  const operation = Object.values(operations).find((one) => one.name === name);
  if (operation === undefined) {
    const event = Object.hasOwn(events, name) ? events[name] : undefined;
    return event === undefined ? undefined : { format: event, kind: "event" };
  }
  if ((flags & MessageFlags.request) !== 0) return { format: operation, kind: "request", operation };
  return { format: operation, kind: sequence === 0 ? "event" : "reply" };
}

function decodeInto(message: TrafficMessage, { meta, format }: MessageSpec, at: number): void {
  const messages = new Messages(message.bytes);
  messages.next();
  const { reader, end } = messages;
  reader.position = at;
  try {
    const value = decodePayload(reader, end, format);
    const json = toSpecJson(meta, meta.operations[format.name] ?? {}, value);
    // Printing goes as deep as the message does, and 64 KiB of nests inside each other overflow the stack.
    if (isDeep(json, MAX_DEPTH)) message.problem = `attributes are nested more than ${MAX_DEPTH} levels deep`;
    else message.message = json;
  } catch (error) {
    message.problem = problemOf(error);
  }
}

/** Whether a message decodes as one of a family, with nothing unknown in it. */
function makesSense(entry: CatalogEntry, bytes: Uint8Array, type: number, request: boolean): boolean {
  const generic = entry.family.protocol === NETLINK_GENERIC;
  const at = NLMSG_HDRLEN + (generic ? GENL_HDRLEN : 0);
  const id = generic ? bytes[NLMSG_HDRLEN] : type;
  if (id === undefined || bytes.length < at) return false;
  const found = formatOf(entry, id, request ? MessageFlags.request : 0, 0, undefined);
  if (found === undefined) return false;
  const messages = new Messages(bytes);
  try {
    messages.next();
    messages.reader.position = at;
    return decodePayload(messages.reader, messages.end, found.format)["unknown"] === undefined;
  } catch {
    return false;
  }
}

function problemOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function outcomeOf(
  { errno, extack }: ReturnType<typeof readAcknowledgement>,
  request: TrafficMessage["request"],
): Outcome {
  const outcome: Outcome = { errno };
  if (errno !== 0) outcome.code = errnoName(errno);
  if (extack === undefined) return outcome;
  outcome.extack = extack;
  if (extack.message !== undefined) outcome.message = extack.message;
  if (request?.spec === undefined) return outcome;
  const { family, format, meta } = request.spec;
  const sent: SentRequest = { bytes: request.bytes, protocol: family.protocol, format };
  const attribute = extack.offset === undefined ? undefined : attributePath(sent, extack.offset, meta);
  if (attribute !== undefined) outcome.attribute = attribute;
  const missing = extack.missingType === undefined
    ? undefined
    : missingPath(sent, extack.missingType, extack.missingNest, meta);
  if (missing !== undefined) outcome.missing = missing;
  return outcome;
}

/** What may be behind a message that does not fit its datagram. */
function hintFor({ bytes, missing }: Datagram, offset: number): string {
  if (missing !== undefined) return `; the capture left out ${missing} bytes of it`;
  if (bytes.length - offset < NLMSG_HDRLEN) return "";
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(offset);
  return length >= NLMSG_HDRLEN && length <= bytes.length - offset
    ? "; it seems to be from a big-endian machine, which is not supported"
    : "";
}
