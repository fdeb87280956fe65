/** Checks one message that a kernel sent. @module */
import { isDeepStrictEqual } from "node:util";
import { type Acknowledgement, readAcknowledgement } from "../../runtime/netlink/extack.ts";
import {
  beginMessage,
  decodePayload,
  encodePayload,
  endMessage,
  GENL_HDRLEN,
  MessageFlags,
  type MessageFormat,
  Messages,
  MessageType,
  NETLINK_GENERIC,
  NLMSG_HDRLEN,
  Writer,
} from "../../runtime/wire/mod.ts";
import { Canonical, type Cause } from "./canonical.ts";
import { byteDifference, jsonDifference, vectorBytes } from "./check.ts";
import { formatNamed, type LoadedFamily } from "./families.ts";
import type { Capture } from "./vectors.ts";

/** What became of a captured message. */
export interface CaptureResult {
  decoded: boolean;
  /** Decoded again after encoding, it is the same object. */
  stable: boolean;
  /** Encoded again, it is the same bytes. */
  identical: boolean;
  /** Why it is not the same bytes; each is something that an object cannot carry. */
  causes: ReadonlySet<Cause>;
  /** What is wrong, if anything is. */
  reason?: string;
}

/** Decodes, encodes and decodes a message. */
export function checkCapture(loaded: LoadedFamily, capture: Capture): CaptureResult {
  const bytes = vectorBytes(capture.hex);
  const result: CaptureResult = { decoded: false, stable: false, identical: false, causes: new Set() };
  try {
    const messages = new Messages(bytes);
    if (!messages.next()) throw new Error("there is no message");
    if (messages.type < 0x10) return checkControl(messages, bytes);
    const format = capture.op === null
      ? formatById(loaded, messages)
      : formatNamed(loaded, capture.op).format;
    const payloadAt = NLMSG_HDRLEN + (loaded.family.protocol === NETLINK_GENERIC ? GENL_HDRLEN : 0);
    messages.reader.position = payloadAt;
    const value = decodePayload(messages.reader, messages.end, format);
    result.decoded = true;

    const encoded = reencode(bytes, payloadAt, format, value);
    const again = new Messages(encoded);
    again.next();
    again.reader.position = payloadAt;
    const second = decodePayload(again.reader, again.end, format);
    result.stable = isDeepStrictEqual(second, value);
    if (!result.stable) return { ...result, reason: jsonDifference(second, value) ?? "decoded differently" };

    result.identical = byteDifference(encoded, bytes) === undefined;
    if (result.identical) return result;
    const canonical = new Canonical(loaded);
    const attributesAt = payloadAt + (((format.header?.size ?? 0) + 3) & ~3);
    const expected = canonical.attributes(bytes, attributesAt, messages.end, setName(loaded, format));
    const wrong = byteDifference(encoded.subarray(attributesAt), expected);
    if (wrong !== undefined) return { ...result, reason: `bytes differ without a cause: ${wrong}` };
    if (canonical.causes.size === 0) {
      return { ...result, reason: "bytes differ without a cause in the headers" };
    }
    return { ...result, causes: canonical.causes };
  } catch (error) {
    return { ...result, reason: String(error) };
  }
}

function setName({ meta }: LoadedFamily, format: MessageFormat): string | undefined {
  return meta.operations[format.name]?.set;
}

/** Headers as they came, payload from the object. */
function reencode(bytes: Uint8Array, payloadAt: number, format: MessageFormat, value: object): Uint8Array {
  const writer = new Writer(bytes.length + 64);
  writer.bytes.set(bytes.subarray(0, payloadAt), writer.reserve(payloadAt));
  encodePayload(writer, format, value);
  endMessage(writer, 0);
  return writer.result();
}

/** What a message of an unnamed operation is: a notification's id, a reply's, or that of the request it tells of. */
function formatById({ family }: LoadedFamily, messages: Messages): MessageFormat {
  const id = family.protocol === NETLINK_GENERIC ? messages.reader.bytes[NLMSG_HDRLEN] : messages.type;
  const operations = Object.values(family.operations);
  const format = Object.values(family.events).find((event) => event.id === id) ??
    operations.find((operation) => operation.reply === id) ??
    operations.find((operation) => operation.request === id);
  if (format === undefined) throw new Error(`${family.name} has no message of type ${id}`);
  return format;
}

function checkControl(messages: Messages, bytes: Uint8Array): CaptureResult {
  const acknowledgement = readAcknowledgement(messages);
  const encoded = encodeControl(messages, bytes, acknowledgement);
  const again = new Messages(encoded);
  again.next();
  const stable = isDeepStrictEqual(readAcknowledgement(again), acknowledgement);
  const difference = byteDifference(encoded, bytes);
  const result = { decoded: true, stable, identical: difference === undefined, causes: new Set<Cause>() };
  return difference === undefined && stable
    ? result
    : { ...result, reason: difference ?? "decoded differently" };
}

/** An acknowledgement as the kernel writes it; header and request are taken over, the rest comes from the object. */
function encodeControl(
  messages: Messages,
  bytes: Uint8Array,
  { errno, extack }: Acknowledgement,
): Uint8Array {
  const { type, flags, sequence, port, reader } = messages;
  const writer = new Writer(256);
  const start = beginMessage(writer, type, flags, sequence, port);
  const at = writer.reserve(4);
  // A positive word, such as a dump's last count, is no error and has no place in the object.
  const word = reader.view.getInt32(NLMSG_HDRLEN, true);
  writer.view.setInt32(at, word > 0 ? word : -errno, true);
  if (type === MessageType.error) {
    const request = NLMSG_HDRLEN + 4;
    const length = (flags & MessageFlags.capped) !== 0 || errno === 0
      ? NLMSG_HDRLEN
      : reader.view.getUint32(request, true);
    writer.bytes.set(bytes.subarray(request, request + length), writer.reserve(length));
  }
  if (extack?.policy !== undefined) {
    throw new Error("an extended ack with a policy: not expected in a capture");
  }
  writer.string(1, extack?.message);
  writer.u32(2, extack?.offset);
  writer.bytesOf(3, extack?.cookie);
  writer.u32(5, extack?.missingType);
  writer.u32(6, extack?.missingNest);
  endMessage(writer, start);
  return writer.result();
}
