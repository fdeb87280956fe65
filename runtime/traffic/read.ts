/** Reads a capture of any format. @module */
import { CaptureError, type Damage, type Datagram } from "./datagram.ts";
import { readHex, readHexLine } from "./hex.ts";
import { readJsonl } from "./jsonl.ts";
import { linesOf } from "./lines.ts";
import { isPcap, readPcap } from "./pcap.ts";
import { isPcapng, readPcapng } from "./pcapng.ts";
import { readStrace } from "./strace.ts";

/** Formats of captures, by name. */
export const CAPTURE_FORMATS = ["pcap", "pcapng", "strace", "hex", "jsonl"] as const;

/** Name of a format of captures. */
export type CaptureFormat = typeof CAPTURE_FORMATS[number];

/** Lines of text that are looked at to tell what they are. */
const MOST_LINES = 1000;

/** Tells the format of a capture; `undefined` if it is none that is known. */
export function detectFormat(bytes: Uint8Array): CaptureFormat | undefined {
  if (isPcap(bytes)) return "pcap";
  if (isPcapng(bytes)) return "pcapng";
  // Text has no NUL in it, and netlink messages have them everywhere.
  if (bytes.subarray(0, 4096).includes(0)) return undefined;
  for (const [number, line] of linesOf(bytes)) {
    if (number > MOST_LINES) break;
    if (/^\s*(#|$)/.test(line)) continue;
    if (/^\s*\{/.test(line)) return "jsonl";
    if (/^(?:\[pid +\d+\] |\d+ +)?(?:[\d:.]+ +)?(?:\w+\(|<\.\.\. |---|\+\+\+)/.test(line)) return "strace";
    if (readHexLine(line) !== undefined) return "hex";
  }
  return undefined;
}

/**
 * The datagrams of a capture, and what of it cannot be read, in order. Nothing is copied of a binary capture: the
 * datagrams share its memory. Throws {@linkcode CaptureError} if it is none of the format.
 */
export function readCapture(bytes: Uint8Array, format?: CaptureFormat): Generator<Datagram | Damage> {
  switch (format ?? detectFormat(bytes)) {
    case "pcap":
      return readPcap(bytes);
    case "pcapng":
      return readPcapng(bytes);
    case "strace":
      return readStrace(bytes);
    case "hex":
      return readHex(bytes);
    case "jsonl":
      return readJsonl(bytes);
    default:
      throw new CaptureError(`this is none of ${CAPTURE_FORMATS.join(", ")}`, 0);
  }
}
