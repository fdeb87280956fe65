/** From messages of a multicast group to typed events. @module */
import {
  decodePayload,
  type Exchange,
  GENL_HDRLEN,
  type MessageFormat,
  type Messages,
  MessageType,
  NetlinkDecodeError,
  type OperationTypes,
} from "../wire/mod.ts";
import type { ResolvedFamily } from "./reply.ts";

/** A notification, under its name in the spec. */
export interface Notification<N extends string = string, M = unknown> {
  /** Name of the event in the spec; of the operation, if the kernel notifies with an operation's id. */
  readonly name: N;
  /** What it says. */
  readonly message: M;
  /**
   * Id of the network namespace that it comes from, as this one knows it (ip-netns(8), `list-id`); absent for the
   * socket's own. Only with `allNsid`.
   */
  readonly nsid?: number;
}

/**
 * Messages were lost, since they were not read fast enough (ENOBUFS). It comes after those that were kept, and what
 * follows is whole again, but the state built from events no longer is: read it anew with a dump.
 */
export interface Overrun {
  /** Always `overrun`. */
  readonly name: "overrun";
}

/** A message that the family does not describe, such as one of a newer kernel. */
export interface UnknownEvent {
  /** Always `unknown`. */
  readonly name: "unknown";
  /** Generic netlink command, or nlmsg_type of a raw family or of a message that is none of the family's. */
  readonly id: number;
  /** The whole message, its header included. */
  readonly bytes: Uint8Array;
  /** See {@linkcode Notification.nsid}. */
  readonly nsid?: number;
}

/** A message that cannot be decoded. Those behind it can. */
export interface MalformedEvent {
  /** Always `malformed`. */
  readonly name: "malformed";
  /** What is wrong with it; its offsets count from the start of the datagram. */
  readonly error: NetlinkDecodeError;
  /** The whole message; if its header is damaged, everything behind it in the datagram. */
  readonly bytes: Uint8Array;
  /** See {@linkcode Notification.nsid}. */
  readonly nsid?: number;
}

/** `newlinkProp` as `newlink-prop`: a method's name as the spec has it. */
export type SpecName<S extends string, Done extends string = ""> = S extends `${infer C}${infer Rest}`
  ? SpecName<Rest, `${Done}${C extends Lowercase<C> ? C : `-${Lowercase<C>}`}`>
  : Done;

/** What an operation answers, with one object if it can. */
export type ReplyOf<T> = T extends { do: infer X extends Exchange }
  ? [X["reply"]] extends [never] ? (T extends { dump: infer Y extends Exchange } ? Y["reply"] : never)
  : X["reply"]
  : T extends { dump: infer X extends Exchange } ? X["reply"]
  : never;

/** What an operation takes for one object. */
export type RequestOf<T> = T extends { do: infer X extends Exchange } ? X["request"] : never;

/** The operation that reads what another one changes, as rtnetlink and nftables name them. */
export type ReaderOf<K> = K extends `${"new" | "del" | "set" | "destroy"}${infer Rest}` ? `get${Rest}`
  : never;

/** A notification with an operation's id says what reading the object would say. */
export type NotifiedBy<O, K extends keyof O> = [ReplyOf<O[K]>] extends [never]
  ? ReaderOf<K> extends keyof O ? ReplyOf<O[ReaderOf<K>]> : RequestOf<O[K]>
  : ReplyOf<O[K]>;

/**
 * What a subscription gives, to be told apart by `name`: the family's events; notifications that the kernel sends
 * under an operation's id, as rtnetlink does for RTM_DELLINK (`dellink`); and what a stream of events needs besides.
 */
export type FamilyEvent<O extends { [K in keyof O]: OperationTypes }, E = Record<never, never>> =
  | { [K in keyof E & string]: Notification<K, E[K]> }[keyof E & string]
  | { [K in keyof O & string]: Notification<SpecName<K>, NotifiedBy<O, K>> }[keyof O & string]
  | Overrun
  | UnknownEvent
  | MalformedEvent;

/** An event of any family. */
export type AnyEvent = Notification | Overrun | UnknownEvent | MalformedEvent;

/** Where to look for the format of a message, by its id. */
export type EventFormats = ReadonlyMap<number, MessageFormat>;

/** The formats of a family's notifications. Events come first, then operations. */
export function eventFormats({ family, id }: ResolvedFamily): EventFormats {
  const formats = new Map<number, MessageFormat>();
  const add = (id: number | undefined, format: MessageFormat) => {
    if (id !== undefined && !formats.has(id)) formats.set(id, format);
  };
  for (const event of Object.values(family.events)) add(event.id, event);
  const operations = Object.values(family.operations);
  // In a raw family the id of a change is also that of the news about it; a generic family notifies with replies.
  for (const operation of operations) add(id === undefined ? operation.request : operation.reply, operation);
  for (const operation of operations) add(id === undefined ? operation.reply : operation.request, operation);
  return formats;
}

/** Reads the events of a datagram into `events`, in order. Never throws for what is in it. */
export function readEvents(
  messages: Messages,
  nsid: number | undefined,
  resolved: ResolvedFamily,
  formats: EventFormats,
  events: AnyEvent[],
): void {
  const origin = nsid === undefined ? {} : { nsid };
  let position = 0;
  try {
    while (messages.next()) {
      position = messages.end;
      const event = readEvent(messages, resolved, formats, origin);
      if (event !== undefined) events.push(event);
    }
  } catch (error) {
    if (!(error instanceof NetlinkDecodeError)) throw error;
    const bytes = messages.reader.bytes.slice((position + 3) & ~3, messages.limit);
    events.push({ name: "malformed", error, bytes, ...origin });
  }
}

function readEvent(
  messages: Messages,
  resolved: ResolvedFamily,
  formats: EventFormats,
  origin: { nsid?: number },
): AnyEvent | undefined {
  const { reader, start, end, type } = messages;
  if (type === MessageType.noop) return undefined;
  if (type === MessageType.overrun) return { name: "overrun" };
  try {
    const ours = resolved.id === undefined || type === resolved.id;
    let id = type;
    if (ours && resolved.id !== undefined) {
      if (end - reader.position < GENL_HDRLEN) {
        throw new NetlinkDecodeError("no generic netlink header", start);
      }
      id = reader.bytes[reader.position]!;
      reader.position += GENL_HDRLEN;
    }
    const format = ours ? formats.get(id) : undefined;
    if (format === undefined) {
      return { name: "unknown", id, bytes: reader.bytes.slice(start, end), ...origin };
    }
    return { name: format.name, message: decodePayload(reader, end, format), ...origin };
  } catch (error) {
    if (!(error instanceof NetlinkDecodeError)) throw error;
    return { name: "malformed", error, bytes: reader.bytes.slice(start, end), ...origin };
  }
}
