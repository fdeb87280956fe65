/** Messages as a kernel sends them, for tests. @module */
import {
  beginMessage,
  encodePayload,
  endMessage,
  GENL_HDRLEN,
  MessageFlags,
  type MessageFormat,
  MessageType,
  NETLINK_GENERIC,
  NLMSG_HDRLEN,
  type Operation,
  Writer,
} from "../wire/mod.ts";

/** A request that reached a fake kernel. */
export interface FakeRequest {
  /** Netlink protocol of the socket. */
  readonly protocol: number;
  /** nlmsg_type. */
  readonly type: number;
  /** nlmsg_flags. */
  readonly flags: number;
  /** nlmsg_seq. */
  readonly sequence: number;
  /** Port id of the socket that it came from. */
  readonly port: number;
  /** Generic netlink command; `undefined` in a raw protocol. */
  readonly command: number | undefined;
  /** The whole message. */
  readonly bytes: Uint8Array;
}

/** What a message's header says, where a test wants something unusual. */
export interface HeaderOptions {
  /** nlmsg_flags. */
  flags?: number;
  /** nlmsg_seq; the request's unless set. */
  sequence?: number;
  /** nlmsg_pid; the request's unless set. */
  port?: number;
}

/** Extended ack to be sent; see `ExtendedAck` of runtime/netlink. */
export interface AckAttributes {
  /** NLMSGERR_ATTR_MSG. */
  message?: string;
  /** NLMSGERR_ATTR_OFFS. */
  offset?: number;
  /** NLMSGERR_ATTR_MISS_TYPE. */
  missingType?: number;
  /** NLMSGERR_ATTR_MISS_NEST. */
  missingNest?: number;
  /** NLMSGERR_ATTR_COOKIE. */
  cookie?: Uint8Array;
  /** NLMSGERR_ATTR_POLICY: the attributes inside, encoded. */
  policy?: Uint8Array;
}

/** How an acknowledgement looks. */
export interface AckOptions extends HeaderOptions {
  /** Extended ack. */
  extack?: AckAttributes;
  /** Leave out the request but for its header, as NETLINK_CAP_ACK asks; true unless set. */
  capped?: boolean;
}

/** A reply: one message of an operation. */
export function reply(
  request: FakeRequest,
  operation: Operation,
  value: unknown,
  options: HeaderOptions = {},
): Uint8Array {
  return message(request, operation, operation.reply ?? operation.request, value, options);
}

/** A part of a dump. */
export function part(
  request: FakeRequest,
  operation: Operation,
  value: unknown,
  options: HeaderOptions = {},
): Uint8Array {
  return reply(request, operation, value, { flags: MessageFlags.multi, ...options });
}

/** Any message of a family, with the id of an operation's reply or of an event. */
export function message(
  request: FakeRequest,
  format: MessageFormat,
  id: number,
  value: unknown,
  options: HeaderOptions = {},
): Uint8Array {
  const writer = new Writer();
  const generic = request.protocol === NETLINK_GENERIC;
  const start = begin(writer, request, generic ? request.type : id, options);
  if (generic) writer.view.setUint16(writer.reserve(GENL_HDRLEN), id | 1 << 8, true);
  encodePayload(writer, format, value);
  endMessage(writer, start);
  return writer.result();
}

/** NLMSG_ERROR: an acknowledgement if `errno` (positive) is 0. */
export function acknowledgement(
  request: FakeRequest,
  errno = 0,
  options: AckOptions = {},
): Uint8Array {
  const { extack, capped = true } = options;
  const writer = new Writer();
  const flags = (extack === undefined ? 0 : MessageFlags.ackAttributes) | (capped ? MessageFlags.capped : 0);
  const start = begin(writer, request, MessageType.error, { flags, ...options });
  writer.view.setInt32(writer.reserve(4), -errno, true);
  const echoed = capped ? request.bytes.subarray(0, NLMSG_HDRLEN) : request.bytes;
  const at = writer.reserve(echoed.length);
  writer.bytes.set(echoed, at);
  writeAttributes(writer, extack);
  endMessage(writer, start);
  return writer.result();
}

/** NLMSG_DONE, with an error number (positive) if the dump failed. */
export function done(request: FakeRequest, errno = 0, options: AckOptions = {}): Uint8Array {
  const { extack } = options;
  const writer = new Writer();
  const flags = MessageFlags.multi | (extack === undefined ? 0 : MessageFlags.ackAttributes);
  const start = begin(writer, request, MessageType.done, { flags, ...options });
  writer.view.setInt32(writer.reserve(4), -errno, true);
  writeAttributes(writer, extack);
  endMessage(writer, start);
  return writer.result();
}

/** Several messages in one datagram. */
export function datagram(...messages: readonly Uint8Array[]): Uint8Array {
  const writer = new Writer();
  for (const message of messages) {
    const at = writer.reserve(message.length);
    writer.bytes.set(message, at);
  }
  return writer.result();
}

function begin(writer: Writer, request: FakeRequest, type: number, options: HeaderOptions): number {
  const { flags = 0, sequence = request.sequence, port = request.port } = options;
  return beginMessage(writer, type, flags, sequence, port);
}

function writeAttributes(writer: Writer, extack: AckAttributes = {}): void {
  writer.string(1, extack.message);
  writer.u32(2, extack.offset);
  writer.bytesOf(3, extack.cookie);
  writer.bytesOf(4, extack.policy);
  writer.u32(5, extack.missingType);
  writer.u32(6, extack.missingNest);
}
