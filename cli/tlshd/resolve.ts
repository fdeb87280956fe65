/** Host names of addresses, as tlshd asks for them: getnameinfo(3), so that /etc/hosts counts too. @module */
import { type Bytes, openLibc, Socket } from "../../runtime/posix/mod.ts";
import { parseIp } from "../../runtime/wire/mod.ts";

const symbols = {
  // It may wait for a name server, so not on the thread that serves.
  getnameinfo: {
    parameters: ["buffer", "u32", "buffer", "u32", "pointer", "u32", "i32"],
    result: "i32",
    nonblocking: true,
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** NI_NAMEREQD of netdb.h: an address is no name. */
const NI_NAMEREQD = 8;
/** NI_MAXHOST. */
const LONGEST = 1025;
/** Lookups at a time: each takes one of the threads that all else in this process shares. */
const MOST = 4;
/** Those under way, with the buffers that another thread uses: nothing else would keep these in memory. */
const underWay = new Set<readonly Bytes[]>();

/** `struct sockaddr_in` or `sockaddr_in6` of an address. */
function socketAddress(address: string): Bytes | undefined {
  const ip = parseIp(address);
  if (ip === undefined) return undefined;
  const v6 = ip.length === 16;
  const bytes = new Uint8Array(v6 ? 28 : 16);
  new DataView(bytes.buffer).setUint16(0, v6 ? Socket.inet6 : Socket.inet, true);
  bytes.set(ip, v6 ? 8 : 4);
  return bytes;
}

/** The name of an address; undefined if it has none, or if too many are asked for at once. Never throws. */
export async function hostName(address: string): Promise<string | undefined> {
  const from = socketAddress(address);
  if (from === undefined || underWay.size >= MOST) return undefined;
  const name = new Uint8Array(LONGEST);
  const buffers = [from, name];
  underWay.add(buffers);
  try {
    const failed = await openLibc(symbols)
      .getnameinfo(from, from.length, name, LONGEST, null, 0, NI_NAMEREQD);
    return failed === 0 ? new TextDecoder().decode(name.subarray(0, name.indexOf(0))) : undefined;
  } catch {
    return undefined;
  } finally {
    underWay.delete(buffers);
  }
}
