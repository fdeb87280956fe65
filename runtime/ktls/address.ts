/** Addresses of sockets: `struct sockaddr_in` and `sockaddr_in6` (ip(7), ipv6(7)). @module */
import { type Bytes, Socket } from "../posix/mod.ts";
import { parseIp } from "../wire/mod.ts";

/** Bytes of `struct sockaddr_in` and `struct sockaddr_in6`, and where they have the address. */
const V4 = { size: 16, at: 4 }, V6 = { size: 28, at: 8 };

/**
 * An address of IPv4 or IPv6 in figures as the socket calls take it; undefined for a name. Throws a RangeError for a
 * port that is none.
 */
export function socketAddress(address: string, port: number): Bytes | undefined {
  if (!(Number.isInteger(port) && port >= 0 && port <= 65535)) throw new RangeError(`no port ${port}`);
  const ip = parseIp(address);
  if (ip === undefined) return undefined;
  const { size, at } = ip.length === 4 ? V4 : V6;
  const bytes = new Uint8Array(new ArrayBuffer(size));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, ip.length === 4 ? Socket.inet : Socket.inet6, true);
  view.setUint16(2, port);
  bytes.set(ip, at);
  return bytes;
}

/** Room for the larger of both. */
export function emptyAddress(): Bytes {
  return new Uint8Array(new ArrayBuffer(V6.size));
}

/** AF_INET or AF_INET6. */
export function familyOf(address: Bytes): number {
  return new DataView(address.buffer).getUint16(0, true);
}

/** Its port. */
export function portOf(address: Bytes): number {
  return new DataView(address.buffer).getUint16(2);
}
