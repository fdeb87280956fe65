/** The netlink message header, and the messages of a buffer. @module */
import { NetlinkDecodeError } from "./errors.ts";
import { Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";

/** Bytes of `struct nlmsghdr`. */
export const NLMSG_HDRLEN = 16;
/** Bytes of `struct genlmsghdr`. */
export const GENL_HDRLEN = 4;

/** Message types below NLMSG_MIN_TYPE (linux/netlink.h). */
export const MessageType = { noop: 1, error: 2, done: 3, overrun: 4 } as const;

/** Flags of the message header (linux/netlink.h). Some bits mean one thing in a request, another in a reply. */
export const MessageFlags = {
  /** A request. */
  request: 0x1,
  /** One of several messages, ended by NLMSG_DONE. */
  multi: 0x2,
  /** Asks for an acknowledgement. */
  ack: 0x4,
  /** Echo the request. */
  echo: 0x8,
  /** The dump is inconsistent: what it lists changed meanwhile. */
  dumpInterrupted: 0x10,
  /** The dump was filtered as asked. */
  dumpFiltered: 0x20,
  /** Asks for all objects (NLM_F_ROOT | NLM_F_MATCH). */
  dump: 0x300,
  /** Replace an existing object. */
  replace: 0x100,
  /** Do not touch an existing object. */
  exclusive: 0x200,
  /** Create the object if it does not exist. */
  create: 0x400,
  /** Add to the end of the list. */
  append: 0x800,
  /** In an error: the request was left out but for its header. */
  capped: 0x100,
  /** In an error: extended-ack attributes follow. */
  ackAttributes: 0x200,
} as const;

/**
 * A cursor over the messages of one buffer: `next` moves to the next message, whose header is in the members of the
 * cursor, and whose payload its {@linkcode Reader} reads.
 */
export class Messages {
  /** Reads the current payload; `reader.position` is the payload's start after {@linkcode Messages.next}. */
  readonly reader: Reader;
  /** Offset behind the last byte received. */
  readonly limit: number;
  /** Offset of the current header. */
  start = 0;
  /** Offset behind the current message. */
  end = 0;
  /** nlmsg_type. */
  type = 0;
  /** nlmsg_flags. */
  flags = 0;
  /** nlmsg_seq. */
  sequence = 0;
  /** nlmsg_pid. */
  port = 0;
  #next = 0;

  /** Starts before the first message of `bytes`, of which the first `length` bytes are valid. */
  constructor(bytes: Uint8Array, length: number = bytes.length) {
    this.reader = new Reader(bytes);
    this.limit = length;
  }

  /** Moves to the next message; false behind the last one. Throws {@linkcode NetlinkDecodeError}. */
  next(): boolean {
    const at = this.#next;
    const left = this.limit - at;
    if (left <= 0) return false;
    if (left < NLMSG_HDRLEN) throw new NetlinkDecodeError(`${left} bytes are no message header`, at);
    const { view } = this.reader;
    const length = view.getUint32(at, true);
    if (length < NLMSG_HDRLEN || length > left) {
      throw new NetlinkDecodeError(`message length ${length} with ${left} bytes left`, at);
    }
    this.start = at;
    this.end = at + length;
    this.type = view.getUint16(at + 4, true);
    this.flags = view.getUint16(at + 6, true);
    this.sequence = view.getUint32(at + 8, true);
    this.port = view.getUint32(at + 12, true);
    this.reader.position = at + NLMSG_HDRLEN;
    this.#next = at + ((length + 3) & ~3);
    return true;
  }
}

/** Appends a message header; returns the message's start, for {@linkcode endMessage}. */
export function beginMessage(
  writer: Writer,
  type: number,
  flags: number,
  sequence: number,
  port = 0,
): number {
  const at = writer.reserve(NLMSG_HDRLEN);
  writer.view.setUint16(at + 4, type, true);
  writer.view.setUint16(at + 6, flags, true);
  writer.view.setUint32(at + 8, sequence, true);
  writer.view.setUint32(at + 12, port, true);
  return at;
}

/** Sets the length of the message that began at `start`. */
export function endMessage(writer: Writer, start: number): void {
  writer.view.setUint32(start, writer.length - start, true);
}
