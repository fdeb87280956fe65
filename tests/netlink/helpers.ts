/** What the netlink tests share. */
import { open } from "../../mod.ts";
import { netdev } from "../../generated/netdev/mod.ts";
import {
  acknowledgement,
  done,
  type FakeKernel,
  fakeKernel,
  type FakeRequest,
  part,
  reply,
} from "../../runtime/testing/mod.ts";
import { parseHex } from "../../runtime/wire/mod.ts";

export { acknowledgement, done, fakeKernel, netdev, open, part, reply };
export type { FakeRequest };

/** The operation that most tests ask for: it has a do and a dump. */
export const devGet: (typeof netdev.operations)["devGet"] = netdev.operations.devGet;
/** An operation without a reply. */
export const napiSet: (typeof netdev.operations)["napiSet"] = netdev.operations.napiSet;

/** A reply about device `ifindex`. */
export function dev(request: FakeRequest, ifindex: number): Uint8Array {
  return reply(request, devGet, { ifindex });
}

/** A part of a dump, about device `ifindex`. */
export function devPart(request: FakeRequest, ifindex: number, flags = 2): Uint8Array {
  return part(request, devGet, { ifindex }, { flags });
}

/** Whether a request asks for a dump (NLM_F_DUMP). */
export function isDump(request: FakeRequest): boolean {
  return (request.flags & 0x300) === 0x300;
}

/** Bytes of hexadecimal digits. */
export function hexToBytes(hex: string): Uint8Array {
  return parseHex(hex)!;
}

/** Waits until the kernel got so many requests. They come at once, unless others had their share of the turn before. */
export async function arrived({ requests }: FakeKernel, count: number): Promise<void> {
  while (requests.length < count) await new Promise((resolve) => setTimeout(resolve, 0));
}
