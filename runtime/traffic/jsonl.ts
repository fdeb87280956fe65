/**
 * Reads captures of one JSON object a line: `hex` is the datagram; `protocol`, `spec`, `op`, `time` and `direction`
 * say more about it if they are there.
 *
 * @module
 */
import { parseHex } from "../wire/mod.ts";
import type { Damage, Datagram } from "./datagram.ts";
import { linesOf } from "./lines.ts";

/** The datagrams of a file of JSON lines. */
export function* readJsonl(bytes: Uint8Array): Generator<Datagram | Damage> {
  for (const [number, line] of linesOf(bytes)) {
    if (line.trim() === "") continue;
    const where = `line ${number}`;
    const datagram = readLine(line);
    yield typeof datagram === "string" ? { where, damage: datagram } : { where, ...datagram };
  }
}

function readLine(line: string): Omit<Datagram, "where"> | string {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return "this is no JSON";
  }
  if (typeof json !== "object" || json === null) return "this is no JSON object";
  const { hex, protocol, spec, op, kind, time, direction } = json as Record<string, unknown>;
  const bytes = typeof hex === "string" ? parseHex(hex) : undefined;
  if (bytes === undefined) return 'there is no "hex" with the bytes of a message';
  if (kind === "set") return "this is an attribute block, not a message";
  const datagram: Omit<Datagram, "where"> = { bytes };
  if (typeof protocol === "number") datagram.protocol = protocol;
  if (typeof spec === "string") datagram.family = spec;
  if (typeof op === "string") datagram.operation = op;
  if (typeof time === "string") datagram.time = time;
  if (direction === "to-kernel" || direction === "from-kernel") datagram.direction = direction;
  return datagram;
}
