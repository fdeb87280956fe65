/** Checks one vector in both directions. @module */
import { isDeepStrictEqual } from "node:util";
import {
  type AnyCodec,
  decodePayload,
  encodeMessage,
  formatHex,
  fromSpecJson,
  GENL_HDRLEN,
  MessageFlags,
  type MessageFormat,
  Messages,
  NETLINK_GENERIC,
  parseHex,
  Reader,
  setFromSpecJson,
  setToSpecJson,
  toSpecJson,
  Writer,
} from "../../runtime/wire/mod.ts";
import { formatNamed, type LoadedFamily } from "./families.ts";
import { asVectorJson, type Vector } from "./vectors.ts";

/** The vectors' stand-in for a generic netlink family's id. */
const FAMILY_ID = 0x20;

/** What went wrong with a vector, in the words of a report. */
export interface Failure {
  direction: "encode" | "decode";
  reason: string;
}

/** The bytes of a hex text of a vector file. */
export function vectorBytes(hex: string): Uint8Array {
  const bytes = parseHex(hex);
  if (bytes === undefined) throw new Error(`not hex: ${hex.slice(0, 40)}`);
  return bytes;
}

/** Checks both directions; the failures, none if all is well. */
export function checkVector(loaded: LoadedFamily, vector: Vector): Failure[] {
  const failures: Failure[] = [];
  const attempt = (direction: Failure["direction"], check: () => string | undefined) => {
    try {
      const reason = check();
      if (reason !== undefined) failures.push({ direction, reason });
    } catch (error) {
      failures.push({ direction, reason: String(error) });
    }
  };
  const expected = vectorBytes(vector.hex);
  if (vector.variant === undefined) {
    attempt("encode", () => byteDifference(encodeVector(loaded, vector), expected));
  }
  attempt("decode", () => jsonDifference(decodeVector(loaded, vector, expected), vector.decoded));
  return failures;
}

function setOf({ sets }: LoadedFamily, name: string): AnyCodec {
  const codec = sets.get(name);
  if (codec === undefined) throw new Error(`there is no codec for the set ${name}`);
  return codec;
}

function encodeVector(loaded: LoadedFamily, vector: Vector): Uint8Array {
  const writer = new Writer();
  if (vector.kind === "set") {
    const name = vector.set!;
    setOf(loaded, name).encode(writer, setFromSpecJson(loaded.meta, name, vector.input) as never);
    return writer.result();
  }
  const { family, meta } = loaded;
  const { operation, event, format } = formatNamed(loaded, vector.op!);
  const value = fromSpecJson(meta, meta.operations[vector.op!]!, vector.input);
  const isRequest = vector.kind === "do" || vector.kind === "dump";
  const id = event?.id ?? (isRequest ? operation?.request : operation?.reply) ?? 0;
  const flags = isRequest
    ? MessageFlags.request | MessageFlags.ack | (vector.kind === "dump" ? MessageFlags.dump : 0)
    : vector.kind === "reply" && vector.of === "dump"
    ? MessageFlags.multi
    : 0;
  encodeMessage(writer, format, value, {
    type: family.protocol === NETLINK_GENERIC ? FAMILY_ID : id,
    flags,
    sequence: 1,
    // The vectors say version 1 for every family.
    ...(family.protocol === NETLINK_GENERIC ? { genl: { command: id, version: 1 } } : {}),
  });
  return writer.result();
}

/** Decodes the payload of a message of the family. */
export function decodeMessage(
  { family }: LoadedFamily,
  format: MessageFormat,
  bytes: Uint8Array,
): { value: Record<string, unknown>; messages: Messages } {
  const messages = new Messages(bytes);
  if (!messages.next()) throw new Error("there is no message");
  if (family.protocol === NETLINK_GENERIC) messages.reader.position += GENL_HDRLEN;
  return { value: decodePayload(messages.reader, messages.end, format), messages };
}

function decodeVector(loaded: LoadedFamily, vector: Vector, bytes: Uint8Array): unknown {
  const { meta } = loaded;
  if (vector.kind === "set") {
    const name = vector.set!;
    return asVectorJson(
      setToSpecJson(meta, name, setOf(loaded, name).decode(new Reader(bytes), bytes.length)),
    );
  }
  const { format } = formatNamed(loaded, vector.op!);
  const { value } = decodeMessage(loaded, format, bytes);
  return asVectorJson(toSpecJson(meta, meta.operations[vector.op!]!, value));
}

/** The first bytes that differ, in both texts. */
export function byteDifference(actual: Uint8Array, expected: Uint8Array): string | undefined {
  const length = Math.max(actual.length, expected.length);
  for (let at = 0; at < length; at++) {
    if (actual[at] === expected[at]) continue;
    const start = Math.max(0, at - 8) & ~3;
    const show = (bytes: Uint8Array) => formatHex(bytes, start, Math.min(bytes.length, start + 32), " ");
    return `byte ${at} of ${actual.length}/${expected.length}: from ${start}: got ${show(actual)}, expected ${
      show(expected)
    }`;
  }
  return undefined;
}

/** Where two JSON values differ first. */
export function jsonDifference(actual: unknown, expected: unknown, path = ""): string | undefined {
  if (isDeepStrictEqual(actual, expected)) return undefined;
  if (typeof actual === "object" && typeof expected === "object" && actual !== null && expected !== null) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
      const inner = jsonDifference(
        (actual as Record<string, unknown>)[key],
        (expected as Record<string, unknown>)[key],
        `${path}.${key}`,
      );
      if (inner !== undefined) return inner;
    }
  }
  const text = (value: unknown) => {
    const json = JSON.stringify(value) ?? "nothing";
    return json.length > 80 ? `${json.slice(0, 77)}...` : json;
  };
  return `${path || "."}: got ${text(actual)}, expected ${text(expected)}`;
}
