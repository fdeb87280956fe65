/** From the messages of a socket to the replies of an operation. @module */
import {
  decodePayload,
  type Family,
  GENL_HDRLEN,
  type MessageFormat,
  type Messages,
  NETLINK_GENERIC,
  NetlinkDecodeError,
  type Operation,
} from "../wire/mod.ts";
import { ProtocolError } from "./errors.ts";

/** A family as the running kernel has it. */
export interface ResolvedFamily {
  /** The family as generated. */
  readonly family: Family;
  /** Type of its messages, if it is a generic netlink family: its id. */
  readonly id: number | undefined;
  /** Multicast groups that this kernel has, with their numbers. */
  readonly groups: ReadonlyMap<string, number>;
}

/** Whether a message is addressed to a port: the kernel's answers carry the port of who asked, seldom 0. */
export function isFor(port: number, messages: Messages): boolean {
  return messages.port === port || messages.port === 0;
}

/**
 * Decodes the reply that a cursor is at. Throws {@linkcode NetlinkDecodeError}, and {@linkcode ProtocolError} if the
 * message is none of the family's.
 */
export function readReply(messages: Messages, operation: Operation, resolved: ResolvedFamily): unknown {
  const { reader, end, start, type } = messages;
  let id = type;
  if (resolved.id !== undefined) {
    if (type !== resolved.id) throw notOurs(resolved.family, operation, type);
    if (end - reader.position < GENL_HDRLEN) throw new NetlinkDecodeError("no generic netlink header", start);
    id = reader.bytes[reader.position]!;
    reader.position += GENL_HDRLEN;
  }
  const format = id === operation.reply ? operation : formatOf(id, operation, resolved.family);
  return decodePayload(reader, end, format);
}

/** The format of a reply that is not the one expected, such as the echo of a change. */
function formatOf(id: number, operation: Operation, family: Family): MessageFormat {
  for (const other of Object.values(family.operations)) if (other.reply === id) return other;
  for (const event of Object.values(family.events)) if (event.id === id) return event;
  // The kernel answers RTM_GETCHAIN under the id of the request.
  if (operation.reply === undefined || id === operation.request) return operation;
  throw notOurs(family, operation, id);
}

function notOurs(family: Family, operation: Operation, id: number): ProtocolError {
  const kind = family.protocol === NETLINK_GENERIC ? "command" : "type";
  return new ProtocolError(`${family.name} ${operation.name}: a message of ${kind} ${id} came as reply`);
}
