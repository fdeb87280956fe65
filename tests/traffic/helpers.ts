/** Captures made by hand from messages that kernels sent. @module */
import { families } from "../../generated/families.ts";
import {
  type Damage,
  type Datagram,
  Identifier,
  readCapture,
  type TrafficMessage,
} from "../../runtime/traffic/mod.ts";
import { parseHex } from "../../runtime/wire/mod.ts";
import { type Capture, isCapture, readVectors } from "../conformance/vectors.ts";

/** Real messages of a 6.18 kernel (where they come from: /tests/data/vectors). */
export const vectorFile: string = new URL("../data/vectors/subset.jsonl", import.meta.url).pathname;

/** The captured messages among the vectors. */
export const captures: readonly Capture[] = readVectors("subset.jsonl", Deno.readFileSync(vectorFile))
  .flatMap(({ content }) => isCapture(content) ? [content] : []);

/** Ids that the kernel of the captures had given to generic netlink families. */
export const IDS: readonly [number, string][] = [[20, "netdev"], [21, "ethtool"], [28, "mptcp_pm"]];

/** Bytes of hex digits. */
export function hex(text: string): Uint8Array {
  const bytes = parseHex(text.replaceAll(/\s/g, ""));
  if (bytes === undefined) throw new Error("no hex");
  return bytes;
}

/** The first capture of an operation. */
export function captured(spec: string, op: string | null, kind: Capture["kind"]): Uint8Array {
  const found = captures.find((one) => one.spec === spec && one.op === op && one.kind === kind);
  if (found === undefined) throw new Error(`no ${kind} of ${spec} ${op} is captured`);
  return hex(found.hex);
}

/** Netlink protocol of a family. */
export async function protocolOf(spec: string): Promise<number> {
  return (await families[spec]!()).protocol;
}

/** Everything that a capture is decoded to. */
export async function decodeAll(
  datagrams: Iterable<Datagram | Damage>,
  ids: Iterable<readonly [number, string]> = IDS,
): Promise<(TrafficMessage | Damage)[]> {
  const identifier = await Identifier.create(families);
  for (const [id, name] of ids) identifier.learn(id, name);
  const list = [...datagrams];
  identifier.learnFrom(list);
  const all: (TrafficMessage | Damage)[] = [];
  for (const datagram of list) {
    if ("damage" in datagram) all.push(datagram);
    else for await (const message of identifier.decode(datagram)) all.push(message);
  }
  return all;
}

/** Messages in a few words: `family operation kind`, or what is damaged. */
export function words(all: readonly (TrafficMessage | Damage)[]): string[] {
  return all.map((one) =>
    "damage" in one
      ? `damaged: ${one.damage}`
      : [one.family, one.operation, one.kind, one.problem].filter((word) => word !== undefined).join(" ")
  );
}

/** The same of a text. */
export async function textWords(text: string, ids?: Iterable<readonly [number, string]>): Promise<string[]> {
  return words(await decodeAll(readCapture(new TextEncoder().encode(text)), ids));
}

/** A message behind the header that nlmon packets have. */
export function cooked(bytes: Uint8Array, protocol: number, packetType = 4): Uint8Array {
  const packet = new Uint8Array(16 + bytes.length);
  const view = new DataView(packet.buffer);
  view.setUint16(0, packetType);
  view.setUint16(2, 824);
  view.setUint16(14, protocol);
  packet.set(bytes, 16);
  return packet;
}

/** Puts a file together, in one byte order. */
export class FileWriter {
  readonly #parts: number[] = [];
  readonly little: boolean;

  constructor(little: boolean) {
    this.little = little;
  }

  u16(...values: number[]): this {
    for (const value of values) this.#number(value, 2);
    return this;
  }

  u32(...values: number[]): this {
    for (const value of values) this.#number(value, 4);
    return this;
  }

  bytes(bytes: Iterable<number>): this {
    this.#parts.push(...bytes);
    return this;
  }

  #number(value: number, size: number): void {
    const bytes = Array.from({ length: size }, (_, i) => value / 256 ** i & 0xff);
    this.#parts.push(...(this.little ? bytes : bytes.reverse()));
  }

  result(): Uint8Array {
    return Uint8Array.from(this.#parts);
  }
}

/** A pcap file of nlmon packets, a second apart. */
export function pcap(
  packets: readonly Uint8Array[],
  { little = true, nanoseconds = false, linkType = 253, kept = Infinity }: {
    little?: boolean;
    nanoseconds?: boolean;
    linkType?: number;
    kept?: number;
  } = {},
): Uint8Array {
  const file = new FileWriter(little);
  file.u32(nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4).u16(2, 4).u32(0, 0, 262144, linkType);
  for (const [i, packet] of packets.entries()) {
    const bytes = packet.subarray(0, kept);
    file.u32(1_700_000_000 + i, 123_456, bytes.length, packet.length).bytes(bytes);
  }
  return file.result();
}

/** A pcapng block: type, length, body padded to four bytes, length again. */
export function block(type: number, body: Uint8Array, little: boolean): Uint8Array {
  const padding = new Uint8Array((4 - body.length % 4) % 4);
  const length = 12 + body.length + padding.length;
  return new FileWriter(little).u32(type, length).bytes(body).bytes(padding).u32(length).result();
}

/** Body of a section header block. */
export function sectionHeader(little: boolean): Uint8Array {
  return block(
    0x0a0d0d0a,
    new FileWriter(little).u32(0x1a2b3c4d).u16(1, 0).u32(0xffffffff, 0xffffffff).result(),
    little,
  );
}

/** An interface description block, with a comment and perhaps a clock's resolution as options. */
export function interfaceBlock(
  little: boolean,
  resolution?: number,
  linkType = 253,
  snapshot = 0,
): Uint8Array {
  const body = new FileWriter(little).u16(linkType, 0).u32(snapshot).u16(1, 5).bytes([
    97,
    98,
    99,
    100,
    101,
    0,
    0,
    0,
  ]);
  if (resolution !== undefined) body.u16(9, 1).bytes([resolution, 0, 0, 0]);
  return block(1, body.u16(0, 0).result(), little);
}

/** An enhanced packet block of interface 0, at a time in ticks. */
export function enhancedBlock(packet: Uint8Array, little: boolean, ticks: bigint): Uint8Array {
  const body = new FileWriter(little).u32(0, Number(ticks >> 32n), Number(ticks & 0xffffffffn));
  const padding = new Uint8Array((4 - packet.length % 4) % 4);
  body.u32(packet.length, packet.length).bytes(packet).bytes(padding).u16(1, 2).bytes([104, 105, 0, 0]).u16(
    0,
    0,
  );
  return block(6, body.result(), little);
}

/** One after the other. */
export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}
