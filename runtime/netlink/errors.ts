/** Errors of the netlink client. Malformed messages have `NetlinkDecodeError` of runtime/wire. @module */
import { errnoName, errnoText } from "./errno.ts";
import type { ExtendedAck } from "./extack.ts";
import { describePolicy } from "./policy.ts";

/** A call to the C library that failed. */
export class SystemError extends Error {
  /** Always `SystemError`. */
  override readonly name = "SystemError";
  /** Error number, such as 1. */
  readonly errno: number;
  /** Its name, such as `EPERM`. */
  readonly code: string;
  /** The call, such as `bind`. */
  readonly call: string;

  /** Creates the error of a call. */
  constructor(call: string, errno: number) {
    super(`${call}: ${describeErrno(errno)}`);
    this.call = call;
    this.errno = errno;
    this.code = errnoName(errno);
  }
}

/** What stands in the way: the machine, a permission, what runs this code, or the netlink protocol itself. */
export type UnsupportedReason = "platform" | "permission" | "runtime" | "protocol";

/** Netlink sockets cannot be had here, or the protocol lacks what is asked for. The message says why and what to do. */
export class UnsupportedError extends Error {
  /** Always `UnsupportedError`. */
  override readonly name = "UnsupportedError";
  /** What stands in the way. */
  readonly reason: UnsupportedReason;

  /** Creates an error. */
  constructor(reason: UnsupportedReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** The running kernel has no such family: too old, built without it, or a module that is not loaded. */
export class FamilyNotFoundError extends Error {
  /** Always `FamilyNotFoundError`. */
  override readonly name = "FamilyNotFoundError";
  /** Name of the family. */
  readonly family: string;

  /** Creates the error for a family. */
  constructor(family: string, options?: ErrorOptions) {
    super(
      `this kernel has no netlink family "${family}" (too old, built without it, or its module is not loaded)`,
      options,
    );
    this.family = family;
  }
}

/** The family has no such multicast group in the running kernel. The message lists those that it has. */
export class GroupNotFoundError extends Error {
  /** Always `GroupNotFoundError`. */
  override readonly name = "GroupNotFoundError";
  /** Name of the family. */
  readonly family: string;
  /** The group that was asked for. */
  readonly group: string | number;
  /** Names of the groups that there are. */
  readonly groups: readonly string[];

  /** Creates the error for a group. */
  constructor(family: string, group: string | number, groups: readonly string[], options?: ErrorOptions) {
    const others = groups.length === 0 ? "it has none" : `it has ${groups.join(", ")}`;
    super(`${family} has no multicast group ${JSON.stringify(group)}; ${others}`, options);
    this.family = family;
    this.group = group;
    this.groups = groups;
  }
}

/** What an error says besides the error number. */
export interface Refusal {
  /** Name of the family. */
  family: string;
  /** Name of the operation in the spec. */
  operation: string;
  /** Error number, positive. */
  errno: number;
  /** Extended ack, if the kernel sent one. */
  extack?: ExtendedAck;
  /** Path of the attribute at fault. */
  attribute?: string;
  /** Path of the attribute that is missing. */
  missing?: string;
}

/**
 * The kernel refused a request: `netdev dev-get: EINVAL: Unknown attribute type (attribute .ifindex)`. Attributes are
 * named as in the spec, by their path from the message's top.
 */
export class NetlinkError extends Error {
  /** Always `NetlinkError`. */
  override readonly name = "NetlinkError";
  /** Error number, such as 22. */
  readonly errno: number;
  /** Its name, such as `EINVAL`. */
  readonly code: string;
  /** Name of the family. */
  readonly family: string;
  /** Name of the operation in the spec. */
  readonly operation: string;
  /** What the kernel says beyond the error number, as it came; `undefined` if nothing. */
  readonly extack: ExtendedAck | undefined;
  /** Attribute at fault, such as `.linkinfo.data(vlan).id`; `undefined` if the kernel names none. */
  readonly attribute: string | undefined;
  /** Attribute that is missing, such as `.header`; `undefined` if the kernel names none. */
  readonly missing: string | undefined;

  /** Creates the error of a refused request. */
  constructor(refusal: Refusal) {
    super(`${refusal.family} ${refusal.operation}: ${describeRefusal(refusal)}`);
    this.errno = refusal.errno;
    this.code = errnoName(refusal.errno);
    this.family = refusal.family;
    this.operation = refusal.operation;
    this.extack = refusal.extack;
    this.attribute = refusal.attribute;
    this.missing = refusal.missing;
  }
}

/** Requests of a batch failed; of a transaction, and so none was carried out. */
export class BatchError extends AggregateError {
  /** Always `BatchError`. */
  override readonly name = "BatchError";

  /** Creates the error of a family's batch of `count` requests, with what failed of them. */
  constructor(family: string, errors: readonly unknown[], count: number) {
    const [first] = errors;
    super(
      errors,
      `${family} batch: ${errors.length} of ${count} failed, first ${(first as Error).message ?? first}`,
    );
  }
}

/**
 * What a dump lists changed while it was read, so the list may be inconsistent: objects may be missing or be there
 * twice (NLM_F_DUMP_INTR).
 */
export class DumpInterruptedError<T = unknown> extends Error {
  /** Always `DumpInterruptedError`. */
  override readonly name = "DumpInterruptedError";
  /** What the last try read, consistent or not; empty if it was streamed, and so given already. */
  readonly partial: readonly T[];

  /** Creates the error of an operation after a number of tries. */
  constructor(operation: string, tries: number, partial: readonly T[]) {
    super(`${operation}: the dump changed while it was read${tries > 1 ? `, ${tries} times` : ""}`);
    this.partial = partial;
  }
}

/** No answer came in time. The request may have been carried out. */
export class NetlinkTimeoutError extends Error {
  /** Always `NetlinkTimeoutError`. */
  override readonly name = "NetlinkTimeoutError";
  /** Time that was waited, in milliseconds. */
  readonly timeout: number;

  /** Creates the error of an operation. */
  constructor(operation: string, timeout: number) {
    super(`${operation}: no answer within ${timeout} ms`);
    this.timeout = timeout;
  }
}

/** Messages to this socket were lost, because they were not read fast enough or memory was short (ENOBUFS). */
export class OverrunError extends Error {
  /** Always `OverrunError`. */
  override readonly name = "OverrunError";

  /** Creates the error. */
  constructor() {
    super("the kernel dropped messages for want of buffer space");
  }
}

/** A datagram was larger than any buffer at hand, and is lost. The buffer has grown: asking again will do. */
export class TruncatedError extends Error {
  /** Always `TruncatedError`. */
  override readonly name = "TruncatedError";
  /** Length of the datagram, in bytes. */
  readonly length: number;

  /** Creates the error for a datagram of `length` bytes. */
  constructor(length: number) {
    super(`a message of ${length} bytes was too large for the buffer, which has grown now; ask again`);
    this.length = length;
  }
}

/** The client was closed before or while a request was made. */
export class ClosedError extends Error {
  /** Always `ClosedError`. */
  override readonly name = "ClosedError";

  /** Creates the error of an operation. */
  constructor(operation: string) {
    super(`${operation}: the client is closed`);
  }
}

/** Well-formed messages that are no answer to what was asked. */
export class ProtocolError extends Error {
  /** Always `ProtocolError`. */
  override readonly name = "ProtocolError";
}

/** An error number in words: `EPERM: operation not permitted`. */
export function describeErrno(errno: number): string {
  const text = errnoText(errno);
  return text === "" ? errnoName(errno) : `${errnoName(errno)}: ${text}`;
}

function describeRefusal({ errno, extack, attribute, missing }: Refusal): string {
  const message = extack?.message;
  const text = message === undefined ? describeErrno(errno) : `${errnoName(errno)}: ${message}`;
  const details: string[] = [];
  if (attribute !== undefined) details.push(`attribute ${attribute}`);
  else if (extack?.offset !== undefined) details.push(`at byte ${extack.offset} of the request`);
  if (missing !== undefined) details.push(`missing attribute ${missing}`);
  else if (extack?.missingType !== undefined) details.push(`missing attribute ${extack.missingType}`);
  if (extack?.policy !== undefined) details.push(`the kernel takes ${describePolicy(extack.policy)}`);
  return details.length === 0 ? text : `${text} (${details.join("; ")})`;
}
