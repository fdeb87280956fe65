/**
 * Reads pcapng files: sections of either byte order, interfaces with their own link type and clock, enhanced and
 * simple packet blocks. Other blocks and options are skipped.
 * See https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-02.html.
 *
 * @module
 */
import { openPacket, type Packet } from "./cooked.ts";
import { CaptureError, type Damage, type Datagram, formatTime } from "./datagram.ts";

const SECTION_HEADER = 0x0a0d0d0a, INTERFACE = 1, SIMPLE_PACKET = 3, ENHANCED_PACKET = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const OPTION_END = 0, OPTION_TIME_RESOLUTION = 9, OPTION_TIME_OFFSET = 14;

interface Interface {
  linkType: number;
  /** Most bytes that are kept of a packet; 0 for no limit. */
  snapshot: number;
  /** Ticks of its clock in a second. */
  ticks: bigint;
  /** Seconds to add to its times. */
  shift: bigint;
}

/** One block: where its body is. */
interface Block {
  view: DataView;
  little: boolean;
  /** Offset of the block in the file. */
  start: number;
  /** Offset behind the body. */
  end: number;
}

/** Whether a file begins as a pcapng file does. */
export function isPcapng(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 0x0a && bytes[1] === 0x0d && bytes[2] === 0x0d &&
    bytes[3] === 0x0a;
}

/** The datagrams of a pcapng file. Throws {@linkcode CaptureError} if it is none. */
export function* readPcapng(bytes: Uint8Array): Generator<Datagram | Damage> {
  if (!isPcapng(bytes)) throw new CaptureError("this is no pcapng file", 0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let little = true;
  let interfaces: Interface[] = [];
  let number = 0;
  for (let at = 0; at < bytes.length;) {
    const left = bytes.length - at;
    const lost = (damage: string): Damage => ({ where: `byte ${at}`, offset: at, damage });
    if (left < 12) {
      yield lost("the file ends inside a block's header");
      return;
    }
    // Its type reads the same in both orders.
    if (view.getUint32(at) === SECTION_HEADER) {
      const magic = view.getUint32(at + 8, true);
      little = magic === BYTE_ORDER_MAGIC;
      if (!little && view.getUint32(at + 8) !== BYTE_ORDER_MAGIC) {
        yield lost("a section without a byte order");
        return;
      }
      interfaces = [];
    }
    const length = view.getUint32(at + 4, little);
    // Nothing tells where the next block would begin.
    if (length < 12 || length % 4 !== 0 || length > left) {
      yield lost(`a block of ${length} bytes with ${left} bytes of file left`);
      return;
    }
    const block: Block = { view, little, start: at, end: at + length - 4 };
    const type = view.getUint32(at, little);
    if (type === INTERFACE) interfaces.push(readInterface(block));
    if (type === ENHANCED_PACKET || type === SIMPLE_PACKET) {
      number++;
      const packet = type === ENHANCED_PACKET ? enhanced(block, interfaces) : simple(block, interfaces);
      yield typeof packet === "string"
        ? { where: `packet ${number}`, offset: at, damage: packet }
        : openPacket({ number, ...packet });
    }
    at += length;
  }
}

function readInterface({ view, little, start, end }: Block): Interface {
  const found: Interface = { linkType: -1, snapshot: 0, ticks: 1_000_000n, shift: 0n };
  // Too short: its packets are told to be of no link type that is known.
  if (end - start < 16) return found;
  found.linkType = view.getUint16(start + 8, little);
  found.snapshot = view.getUint32(start + 12, little);
  for (let at = start + 16; end - at >= 4;) {
    const code = view.getUint16(at, little);
    const length = view.getUint16(at + 2, little);
    if (code === OPTION_END || length > end - at - 4) break;
    if (code === OPTION_TIME_RESOLUTION && length === 1) {
      const power = view.getUint8(at + 4);
      found.ticks = power & 0x80 ? 2n ** BigInt(power & 0x7f) : 10n ** BigInt(power);
    }
    if (code === OPTION_TIME_OFFSET && length === 8) found.shift = view.getBigInt64(at + 4, little);
    at += 4 + (length + 3 & ~3);
  }
  return found;
}

/** An enhanced packet block's packet, or what is wrong with it. */
function enhanced(
  { view, little, start, end }: Block,
  interfaces: readonly Interface[],
): Omit<Packet, "number"> | string {
  if (end - start < 28) return "the block is too short for an enhanced packet";
  const id = view.getUint32(start + 8, little);
  const from = interfaces[id];
  if (from === undefined) return `the packet is of interface ${id}, which nothing describes`;
  const captured = view.getUint32(start + 20, little);
  const offset = start + 28;
  if (captured > end - offset) return `${captured} bytes were captured, but the block has ${end - offset}`;
  const ticks = BigInt(view.getUint32(start + 12, little)) << 32n |
    BigInt(view.getUint32(start + 16, little));
  return {
    offset,
    linkType: from.linkType,
    bytes: new Uint8Array(view.buffer, view.byteOffset + offset, captured),
    length: view.getUint32(start + 24, little),
    time: formatTime(from.shift * 1_000_000_000n + ticks * 1_000_000_000n / from.ticks),
  };
}

/** A simple packet block's packet, which is the first interface's. */
function simple(
  { view, little, start, end }: Block,
  [from]: readonly Interface[],
): Omit<Packet, "number"> | string {
  if (end - start < 12) return "the block is too short for a simple packet";
  if (from === undefined) return "the packet is of an interface that nothing describes";
  const length = view.getUint32(start + 8, little);
  const offset = start + 12;
  const captured = Math.min(length, from.snapshot === 0 ? length : from.snapshot);
  if (captured > end - offset) return `${captured} bytes were captured, but the block has ${end - offset}`;
  return {
    offset,
    linkType: from.linkType,
    bytes: new Uint8Array(view.buffer, view.byteOffset + offset, captured),
    length,
  };
}
