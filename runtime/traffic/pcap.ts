/**
 * Reads pcap files, in both byte orders, with microseconds or nanoseconds.
 * See https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html.
 *
 * @module
 */
import { openPacket } from "./cooked.ts";
import { CaptureError, type Damage, type Datagram, formatTime } from "./datagram.ts";

const MICROSECONDS = 0xa1b2c3d4, NANOSECONDS = 0xa1b23c4d;
const FILE_HEADER = 24, RECORD_HEADER = 16;

/** Byte order and unit of a pcap file's times; `undefined` if it is none. */
function magicOf(view: DataView): { little: boolean; unit: bigint } | undefined {
  if (view.byteLength < 4) return undefined;
  for (const little of [true, false]) {
    const magic = view.getUint32(0, little);
    if (magic === MICROSECONDS) return { little, unit: 1000n };
    if (magic === NANOSECONDS) return { little, unit: 1n };
  }
  return undefined;
}

/** Whether a file begins as a pcap file does. */
export function isPcap(bytes: Uint8Array): boolean {
  return magicOf(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)) !== undefined;
}

/** The datagrams of a pcap file. Throws {@linkcode CaptureError} if it is none. */
export function* readPcap(bytes: Uint8Array): Generator<Datagram | Damage> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = magicOf(view);
  if (magic === undefined) throw new CaptureError("this is no pcap file", 0);
  if (bytes.length < FILE_HEADER) {
    throw new CaptureError(`a pcap file of ${bytes.length} bytes ends inside its header`, bytes.length);
  }
  const { little, unit } = magic;
  // The upper bits tell of frame check sequences, which netlink does not have.
  const linkType = view.getUint32(20, little) & 0xffff;
  let at = FILE_HEADER;
  for (let number = 1; at < bytes.length; number++) {
    const where = `packet ${number}`;
    const left = bytes.length - at - RECORD_HEADER;
    if (left < 0) {
      yield { where, offset: at, damage: `the file ends inside the packet's header` };
      return;
    }
    const captured = view.getUint32(at + 8, little);
    // Nothing tells where the next packet would begin.
    if (captured > left) {
      yield { where, offset: at, damage: `a packet of ${captured} bytes with ${left} bytes of file left` };
      return;
    }
    const seconds = BigInt(view.getUint32(at, little));
    const time = seconds * 1_000_000_000n + BigInt(view.getUint32(at + 4, little)) * unit;
    const length = view.getUint32(at + 12, little);
    const offset = at + RECORD_HEADER;
    at = offset + captured;
    yield openPacket({
      number,
      offset,
      linkType,
      bytes: bytes.subarray(offset, at),
      length,
      time: formatTime(time),
    });
  }
}
