/** What a message of a capture turned out to be. @module */
import type { ExtendedAck } from "../netlink/extack.ts";
import type { Family, FamilyMeta, MessageFormat, SpecObject } from "../wire/mod.ts";
import type { Direction } from "./datagram.ts";

/**
 * What a message does. `ack` is an error message that says success, `done` ends a dump, and `message` is of a family
 * or operation that nothing is known of.
 */
export type MessageKind =
  | "request"
  | "reply"
  | "event"
  | "ack"
  | "error"
  | "done"
  | "noop"
  | "overrun"
  | "message";

/** What the kernel said at the end of a request. */
export interface Outcome {
  /** Error number; 0 for success. */
  errno: number;
  /** Its name, such as `EINVAL`; absent for success. */
  code?: string;
  /** The kernel's words. */
  message?: string;
  /** Path of the attribute at fault, such as `.linkinfo.data(vlan).id`. */
  attribute?: string;
  /** Path of an attribute that is missing. */
  missing?: string;
  /** The extended ack as it came. */
  extack?: ExtendedAck;
}

/** How a message's bytes are to be read: what annotations need. */
export interface MessageSpec {
  /** The family. */
  family: Family;
  /** Names of its spec. */
  meta: FamilyMeta;
  /** The operation or event. */
  format: MessageFormat;
}

/** One message of a capture. */
export interface TrafficMessage {
  /** Where in the capture it is, such as `packet 3`, or `packet 3, message 2`. */
  where: string;
  /** When, as text, if the capture tells. */
  time?: string;
  /** Which way it went, as the capture or the message tells. */
  direction: Direction;
  /** What it does. */
  kind: MessageKind;
  /** Netlink protocol number, if it is known. */
  protocol?: number;
  /** Family: the name of its spec, or the kernel's name where there is no spec. */
  family?: string;
  /** Operation or event. */
  operation?: string;
  /** nlmsg_type. */
  type: number;
  /** nlmsg_flags. */
  flags: number;
  /** nlmsg_seq. */
  sequence: number;
  /** nlmsg_pid. */
  port: number;
  /** Generic netlink command. */
  command?: number;
  /** The whole message. */
  bytes: Uint8Array;
  /** How its bytes are to be read, if that is known. */
  spec?: MessageSpec;
  /** The payload in the words of the spec; for a message that nothing is known of, its attributes by id. */
  message?: SpecObject;
  /** How a request ended: of kinds `ack`, `error` and `done`. */
  outcome?: Outcome;
  /** What the request was that an acknowledgement belongs to, where it is known. */
  request?: { bytes: Uint8Array; spec?: MessageSpec };
  /** Why the payload could not be decoded. */
  problem?: string;
}
