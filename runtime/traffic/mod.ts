/**
 * Netlink traffic of other programs: captures in, messages with family, operation and decoded fields out. Pure
 * TypeScript for any JavaScript engine.
 *
 * Captures are pcap and pcapng files of nlmon devices, strace's output, hex digits, and JSON lines. A damaged packet
 * is told, and what follows it is read.
 *
 * @example A message as hex
 * ```ts
 * import { Identifier, readCapture } from "./mod.ts";
 * import { families } from "../../generated/families.ts";
 *
 * // RTM_GETLINK for index 1.
 * const hex = "20000000 12000100 01000000 00000000 00000000 01000000 00000000 00000000";
 * const identifier = await Identifier.create(families);
 * for (const datagram of readCapture(new TextEncoder().encode(hex))) {
 *   if ("damage" in datagram) continue;
 *   for await (const message of identifier.decode({ ...datagram, protocol: 0 })) {
 *     if (!("damage" in message)) console.log(message.family, message.operation, message.message);
 *   }
 * }
 * ```
 *
 * @module
 */
export { annotateTraffic } from "./annotate.ts";
export type { FamilyLoaders } from "./catalog.ts";
export { CaptureError, type Damage, type Datagram, type Direction } from "./datagram.ts";
export { Identifier } from "./identify.ts";
export type { MessageKind, MessageSpec, Outcome, TrafficMessage } from "./message.ts";
export { CAPTURE_FORMATS, type CaptureFormat, detectFormat, readCapture } from "./read.ts";
export { PROTOCOLS } from "./strace.ts";
