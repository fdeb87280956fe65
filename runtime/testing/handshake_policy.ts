/** What the kernel's handshake family takes in a request, and how it refuses the rest. @module */
import { GENL_HDRLEN, NLMSG_HDRLEN, Reader } from "../wire/mod.ts";
import type { AckAttributes } from "./messages.ts";

/** Errors of asm-generic/errno-base.h. */
const EINVAL = 22, ERANGE = 34;
/** NLA_F_NESTED. */
const NESTED = 0x8000;

/** Attributes that a request may have, each a number of four bytes, with its largest value. */
export type RequestPolicy = ReadonlyMap<number, number>;

const anything = 0xffff_ffff;
const policies = {
  accept: new Map([[2, 2]]),
  done: new Map([[1, 4095], [2, anything], [3, anything]]),
  doneWithSession: new Map([[1, 4095], [2, anything], [3, anything], [4, anything]]),
} satisfies { [name: string]: RequestPolicy };

/** The policy of ACCEPT (2) or DONE (3), in a kernel with KeyUpdate or without. */
export function handshakePolicy(command: number, keyUpdates: boolean): RequestPolicy {
  if (command === 2) return policies.accept;
  return keyUpdates ? policies.doneWithSession : policies.done;
}

/** Why the kernel does not look at a request any further. */
export interface Refusal {
  /** Positive. */
  readonly errno: number;
  /** What it says besides. */
  readonly extack?: AckAttributes;
}

function invalid(message: string, offset: number, errno = EINVAL): Refusal {
  return { errno, extack: { message, offset } };
}

/** Checks the attributes of a request as the kernel's strict parser does (NL_VALIDATE_STRICT); undefined if all is well. */
export function refuse(bytes: Uint8Array, policy: RequestPolicy): Refusal | undefined {
  const reader = new Reader(bytes, NLMSG_HDRLEN + GENL_HDRLEN);
  const known = Math.max(...policy.keys());
  try {
    while (reader.next(bytes.length)) {
      const { type, rawType, at, end } = reader;
      const offset = at - 4;
      if (type > known) return invalid("Unknown attribute type", offset);
      const most = policy.get(type);
      if (most === undefined) return invalid("Unsupported attribute", offset);
      if ((rawType & NESTED) !== 0) return invalid("NLA_F_NESTED not expected", offset);
      if (end - at !== 4) return invalid("invalid attribute length", offset);
      if (reader.u32() > most) return invalid("integer out of range", offset, ERANGE);
    }
  } catch {
    return { errno: EINVAL };
  }
  return undefined;
}
