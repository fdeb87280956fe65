/**
 * Packets of captures: netlink behind the "cooked" header that libpcap writes for nlmon devices.
 *
 * The header has 16 bytes, big-endian in every file: packet type, ARPHRD type (824 for netlink), ten bytes of an
 * address that netlink does not have, and the netlink protocol number.
 * See https://www.tcpdump.org/linktypes/LINKTYPE_NETLINK.html.
 *
 * @module
 */
import type { Damage, Datagram } from "./datagram.ts";

const LINKTYPE_LINUX_SLL = 113;
const LINKTYPE_NETLINK = 253;
const ARPHRD_NETLINK = 824;
const COOKED_HEADER = 16;
/** Packet types of linux/if_packet.h that say which way a message went; an nlmon device may also say "outgoing". */
const PACKET_USER = 6, PACKET_KERNEL = 7;

/** A packet as a capture file has it. */
export interface Packet {
  /** From 1, over the whole file. */
  number: number;
  /** Offset of its data in the file. */
  offset: number;
  /** LINKTYPE_* number. */
  linkType: number;
  /** Its bytes, as far as they were captured. */
  bytes: Uint8Array;
  /** Length that it had. */
  length: number;
  /** When, as text. */
  time?: string;
}

/** The datagram in a packet. */
export function openPacket({ number, offset, linkType, bytes, length, time }: Packet): Datagram | Damage {
  const where = `packet ${number}`;
  if (linkType !== LINKTYPE_NETLINK && linkType !== LINKTYPE_LINUX_SLL) {
    return { where, offset, damage: `link type ${linkType} is not netlink's (${LINKTYPE_NETLINK})` };
  }
  if (bytes.length < COOKED_HEADER) {
    return { where, offset, damage: `${bytes.length} bytes are no cooked header (${COOKED_HEADER} bytes)` };
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const hardware = view.getUint16(2);
  if (hardware !== ARPHRD_NETLINK) {
    return { where, offset, damage: `hardware type ${hardware} is not netlink's (${ARPHRD_NETLINK})` };
  }
  const datagram: Datagram = {
    where,
    bytes: bytes.subarray(COOKED_HEADER),
    protocol: view.getUint16(14),
  };
  const type = view.getUint16(0);
  if (type === PACKET_KERNEL) datagram.direction = "to-kernel";
  if (type === PACKET_USER) datagram.direction = "from-kernel";
  if (time !== undefined) datagram.time = time;
  if (length > bytes.length) datagram.missing = length - bytes.length;
  return datagram;
}
