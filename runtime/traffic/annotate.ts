/** Says what each byte of a captured message is, acknowledgements and unknown messages included. @module */
import {
  annotateMessage,
  type Annotation,
  type FamilyMeta,
  MessageFlags,
  MessageType,
  NETLINK_GENERIC,
  NLMSG_HDRLEN,
} from "../wire/mod.ts";
import type { MessageSpec, TrafficMessage } from "./message.ts";

/** The attributes of an extended ack (`enum nlmsgerr_attrs`), as a family of one message. */
const EXTACK: FamilyMeta = {
  name: "extack",
  sets: {
    extack: {
      msg: { id: 1, type: "string" },
      offs: { id: 2, type: "u32" },
      cookie: { id: 3, type: "binary" },
      policy: { id: 4, type: "binary" },
      "miss-type": { id: 5, type: "u32" },
      "miss-nest": { id: 6, type: "u32" },
    },
  },
  structs: {},
  enums: {},
  messages: {},
  operations: { extack: { set: "extack" } },
};

/** A family that nothing is known of. */
const UNKNOWN: FamilyMeta = { name: "", sets: {}, structs: {}, enums: {}, messages: {}, operations: {} };

/** Annotations of all bytes of a message, in order. Nothing is thrown. */
export function annotateTraffic(message: TrafficMessage): Annotation[] {
  const { bytes, spec, type, protocol } = message;
  if (type === MessageType.error || type === MessageType.done) return annotateControl(message);
  if (spec !== undefined) return annotate(bytes, spec);
  if (protocol === NETLINK_GENERIC && type > MessageType.overrun) {
    return annotateMessage({ bytes, protocol, format: { name: "unknown" } }, UNKNOWN);
  }
  return [...header(bytes), ...opaque(NLMSG_HDRLEN, bytes.length, "payload")];
}

function annotate(bytes: Uint8Array, { family, meta, format }: MessageSpec): Annotation[] {
  return annotateMessage({ bytes, protocol: family.protocol, format }, meta);
}

/** The message header alone; raw families have nothing else that is always there. */
function header(bytes: Uint8Array): Annotation[] {
  return annotateMessage(
    { bytes: bytes.subarray(0, NLMSG_HDRLEN), protocol: 0, format: { name: "unknown" } },
    UNKNOWN,
  );
}

function opaque(start: number, end: number, label: string): Annotation[] {
  return end > start ? [{ start, end, depth: 0, label, value: `${end - start} bytes` }] : [];
}

function shifted(rows: readonly Annotation[], by: number, deeper: number): Annotation[] {
  return rows.map((row) => ({
    ...row,
    start: row.start + by,
    end: row.end + by,
    depth: row.depth + deeper,
  }));
}

/** Error word, the request as far as it is quoted, extended ack. */
function annotateControl({ bytes, type, flags, request }: TrafficMessage): Annotation[] {
  const rows = header(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = NLMSG_HDRLEN;
  if (bytes.length - at < 4) return [...rows, ...opaque(at, bytes.length, "unknown")];
  const error = view.getInt32(at, true);
  rows.push({ start: at, end: at + 4, depth: 0, label: "error", value: String(error) });
  at += 4;
  if (type === MessageType.error) {
    if (bytes.length - at < NLMSG_HDRLEN) return [...rows, ...opaque(at, bytes.length, "unknown")];
    const length = view.getUint32(at, true);
    const capped = (flags & MessageFlags.capped) !== 0 || length > bytes.length - at || length < NLMSG_HDRLEN;
    const quote = bytes.subarray(at, at + (capped ? NLMSG_HDRLEN : length));
    const inner = request?.spec === undefined || capped
      ? [...header(quote), ...opaque(NLMSG_HDRLEN, quote.length, "payload")]
      : annotate(quote, request.spec);
    rows.push(...shifted(inner, at, 1));
    const next = Math.min(at + (quote.length + 3 & ~3), bytes.length);
    rows.push(...opaque(at + quote.length, next, "padding"));
    at = next;
  }
  if ((flags & MessageFlags.ackAttributes) === 0) return [...rows, ...opaque(at, bytes.length, "unknown")];
  // The attributes behind a header, as a message that the annotator takes.
  const attributes = new Uint8Array(NLMSG_HDRLEN + bytes.length - at);
  attributes.set(bytes.subarray(at), NLMSG_HDRLEN);
  const extack = annotateMessage({ bytes: attributes, protocol: 0, format: { name: "extack" } }, EXTACK);
  const behind = extack.filter(({ start }) => start >= NLMSG_HDRLEN);
  return [...rows, ...shifted(behind, at - NLMSG_HDRLEN, 0)];
}
