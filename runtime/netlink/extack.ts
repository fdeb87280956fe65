/**
 * Acknowledgements and errors of the kernel (NLMSG_ERROR, NLMSG_DONE), and the extended ack in them: what the kernel
 * says beyond an error number, and on success as a warning.
 *
 * The attributes of the extended ack follow the error word. In NLMSG_ERROR the request's header is between them if
 * NLM_F_CAPPED is set, otherwise the whole request; in NLMSG_DONE nothing is. See
 * Documentation/userspace-api/netlink/intro.rst, "NLMSG_ERROR" and "Ext ACK".
 *
 * @module
 */
import {
  MessageFlags,
  type Messages,
  MessageType,
  NetlinkDecodeError,
  NLMSG_HDRLEN,
  type Reader,
} from "../wire/mod.ts";
import { type AttributePolicy, readPolicy } from "./policy.ts";

/** An extended ack as it came (`enum nlmsgerr_attrs`, NLMSGERR_ATTR_*). */
export interface ExtendedAck {
  /** What is wrong, in the kernel's words. */
  message?: string;
  /** Offset of the attribute at fault, in bytes from the start of the request's message header. */
  offset?: number;
  /** What the kernel would have accepted for the attribute at fault. */
  policy?: AttributePolicy;
  /** Id of an attribute that is missing. */
  missingType?: number;
  /** Offset of the nest that it is missing from; absent if that is the message itself. */
  missingNest?: number;
  /** Data of the operation's own, given on success. */
  cookie?: Uint8Array;
}

/** What ends a request: an error number and, perhaps, more. */
export interface Acknowledgement {
  /** Error number, positive; 0 for success. */
  errno: number;
  /** What the kernel says besides. */
  extack?: ExtendedAck;
}

/**
 * Reads the NLMSG_ERROR or NLMSG_DONE that a cursor is at. Throws {@linkcode NetlinkDecodeError} if it is too short
 * or damaged.
 */
export function readAcknowledgement(messages: Messages): Acknowledgement {
  const { reader, start, end, type, flags } = messages;
  let at = start + NLMSG_HDRLEN;
  // A few dumps of the kernel end without an error word.
  if (type === MessageType.done && end - at < 4) return { errno: 0 };
  if (end - at < 4) throw new NetlinkDecodeError("no room for an error number", start);
  // Positive numbers are no errors: a dump callback's last count may get here.
  const errno = Math.max(0, -reader.view.getInt32(at, true));
  if ((flags & MessageFlags.ackAttributes) === 0) return { errno };
  at += 4;
  if (type === MessageType.error) {
    if (end - at < NLMSG_HDRLEN) throw new NetlinkDecodeError("no room for the request's header", at);
    const length = flags & MessageFlags.capped ? NLMSG_HDRLEN : reader.view.getUint32(at, true);
    if (length < NLMSG_HDRLEN || length > end - at) {
      throw new NetlinkDecodeError(
        `a request of ${length} bytes in an error with ${end - at} bytes left`,
        at,
      );
    }
    at += (length + 3) & ~3;
  }
  reader.position = at;
  return { errno, extack: readExtendedAck(reader, end) };
}

function readExtendedAck(reader: Reader, end: number): ExtendedAck {
  const extack: ExtendedAck = {};
  while (reader.next(end)) {
    switch (reader.type) {
      case 1:
        extack.message = reader.string();
        break;
      case 2:
        extack.offset = reader.u32();
        break;
      case 3:
        extack.cookie = reader.bytesOf();
        break;
      case 4: {
        const { position } = reader;
        reader.position = reader.at;
        extack.policy = readPolicy(reader, reader.end);
        reader.position = position;
        break;
      }
      case 5:
        extack.missingType = reader.u32();
        break;
      case 6:
        extack.missingNest = reader.u32();
        break;
    }
  }
  return extack;
}
