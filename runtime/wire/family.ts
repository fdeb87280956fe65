/** What generated descriptors are: a family as data, typed. @module */
import type { AnyCodec, AnyStruct, Codec, UnknownAttribute } from "./codec.ts";
import { locate, NetlinkEncodeError } from "./errors.ts";
import { beginMessage, endMessage, GENL_HDRLEN } from "./message.ts";
import type { FamilyMeta } from "./meta.ts";
import type { Reader } from "./reader.ts";
import { headedInto, type Writer } from "./writer.ts";

/** Request and reply of one mode of an operation, for the type system only. */
export interface Exchange {
  /** What is sent. */
  request: unknown;
  /** What comes back; `never` if only an acknowledgement does. */
  reply: unknown;
}

/** The modes of an operation, for the type system only. */
export interface OperationTypes {
  /** One request, one answer. */
  do?: Exchange;
  /** One request, a list as answer. */
  dump?: Exchange;
}

/** How messages of an operation or event look on the wire. */
export interface MessageFormat {
  /** Name in the spec. */
  readonly name: string;
  /** The attribute set, absent where an operation carries none. */
  readonly attributes?: AnyCodec;
  /** The family's own header in front of the attributes. */
  readonly header?: AnyStruct;
}

/** An operation. `T` only carries the types of its messages. */
export interface Operation<T extends OperationTypes = OperationTypes> extends MessageFormat {
  /** Id of the request: the generic netlink command, or nlmsg_type for a raw family. */
  readonly request: number;
  /** Id of the reply, if there is one. */
  readonly reply?: number;
  /** The operation can be asked for one object. */
  readonly do?: boolean;
  /** The operation can be asked for a list. */
  readonly dump?: boolean;
  /** Needs a capability: `admin-perm` in the initial, `uns-admin-perm` in the socket's user namespace. */
  readonly permission?: "admin-perm" | "uns-admin-perm";
  /** @ignore */
  readonly types?: T;
}

/** A notification or event. `T` only carries the type of its message. */
export interface Event<T = unknown> extends MessageFormat {
  /** Id of the message. */
  readonly id: number;
  /** Multicast group that carries it, where the spec says. */
  readonly group?: string;
  /** @ignore */
  readonly types?: T;
}

/** A netlink family. Generated code makes one; {@linkcode Family.operations} and the rest are typed by it. */
export interface Family<
  O extends { [K in keyof O]: OperationTypes } = Record<string, OperationTypes>,
  E = Record<string, unknown>,
  G extends string = string,
> {
  /** Name that the kernel knows a generic netlink family by. */
  readonly name: string;
  /** Netlink protocol number: 16 (NETLINK_GENERIC), or a raw family's own. */
  readonly protocol: number;
  /** Generic netlink version; 0 for a raw family. */
  readonly version: number;
  /** Operations by their camelCase name. */
  readonly operations: { readonly [K in keyof O]: Operation<O[K]> };
  /** Notifications and events by their name in the spec. */
  readonly events: { readonly [K in keyof E]: Event<E[K]> };
  /** Multicast groups; the number of a raw family's group. */
  readonly groups: { readonly [K in G]: number | undefined };
  /** Names, checks and enums of the spec: for tools and errors. */
  readonly meta: () => Promise<FamilyMeta>;
}

/** NETLINK_GENERIC. */
export const NETLINK_GENERIC = 16;

/** What a request message says besides its payload. */
export interface RequestOptions {
  /** nlmsg_type: the id of a generic netlink family, or the request id of a raw operation. */
  type: number;
  /** nlmsg_flags. */
  flags: number;
  /** nlmsg_seq. */
  sequence: number;
  /** Generic netlink command and version; absent for a raw family. */
  genl?: { command: number; version: number };
}

/** Appends a whole message: headers, fixed header, attributes. */
export function encodeMessage(
  writer: Writer,
  format: MessageFormat,
  value: unknown,
  options: RequestOptions,
): void {
  const start = beginMessage(writer, options.type, options.flags, options.sequence);
  if (options.genl !== undefined) {
    const at = writer.reserve(GENL_HDRLEN);
    writer.view.setUint8(at, options.genl.command);
    writer.view.setUint8(at + 1, options.genl.version);
  }
  encodePayload(writer, format, value);
  endMessage(writer, start);
}

/** Appends the payload of a message: fixed header and attributes. Throws {@linkcode NetlinkEncodeError}. */
export function encodePayload(writer: Writer, format: MessageFormat, value: unknown = {}): void {
  const { attributes, header } = format;
  if (typeof value !== "object" || value === null) {
    throw new NetlinkEncodeError(`${format.name} takes an object`);
  }
  const codec: AnyCodec = attributes ?? noAttributes;
  try {
    if (header === undefined) codec.encode(writer, value as never);
    else headedInto(writer, header, codec, value);
  } catch (error) {
    throw locate(error, codec);
  }
}

/** Reads the payload of a message, from the reader's position to `end`. Throws {@linkcode NetlinkDecodeError}. */
export function decodePayload(reader: Reader, end: number, format: MessageFormat): Record<string, unknown> {
  const codec: AnyCodec = format.attributes ?? noAttributes;
  try {
    const message = format.header === undefined ? {} : { header: reader.header(format.header, end) };
    return codec.decode(reader, end, message as never) as Record<string, unknown>;
  } catch (error) {
    throw locate(error, codec);
  }
}

/** The codec of a message without attributes: what is there nevertheless is unknown. */
export const noAttributes: Codec<{ unknown?: UnknownAttribute[] }> = {
  name: "no attributes",
  fields: "",
  decode(r, end, m = {}) {
    while (r.next(end)) (m.unknown ??= []).push(r.unknown());
    return m;
  },
  encode(w, m) {
    for (const key in m) {
      if (key === "unknown") w.unknown(m.unknown);
      else throw new NetlinkEncodeError(`there is no "${key}": the message carries no attributes`);
    }
  },
};
