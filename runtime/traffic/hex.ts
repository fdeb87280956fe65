/**
 * Reads hex digits in the forms that people paste: bare, with blanks, colons, commas, `0x` or `\x`, and the output of
 * `xxd`, `hexdump -C`, `tcpdump -x` and strace's dumps. Several lines are one datagram until its messages are
 * complete, or a blank line or a new dump comes; lines that begin with `#` are comments.
 *
 * @module
 */
import { NLMSG_HDRLEN, parseHex } from "../wire/mod.ts";
import type { Damage, Datagram } from "./datagram.ts";
import { linesOf } from "./lines.ts";

/** A line of hex: its digits, and the offset that a dump has in front of them. */
interface HexLine {
  digits: string;
  offset?: number;
}

/** Reads one line; `undefined` if there is something in it that is not hex. */
export function readHexLine(line: string): HexLine | undefined {
  // xxd `00000000: 2000 1000  ..`, tcpdump `0x0000:  2000`; hexdump `00000000  20 00  |..|`, strace ` | 00000  20 00`.
  const dump = /^\s*(?:0x)?([0-9a-f]{4,8}):\s+(\S.*)$/i.exec(line) ??
    /^\s*(?:\|\s*)?([0-9a-f]{5,8})\s\s+((?:[0-9a-f]{2}\s).*)$/i.exec(`${line} `);
  if (dump !== null) {
    const [, offset = "", rest = ""] = dump;
    // Behind the digits are the bytes as characters, which may look like digits too.
    const group = line.includes(":") && /^[0-9a-f]{4}/i.test(rest) ? /^(?:[0-9a-f]{2,4} ?){1,8}/i : undefined;
    const digits = group?.exec(rest)?.[0] ?? /^(?:[0-9a-f]{2} {0,2}){1,16}/i.exec(rest)?.[0] ?? "";
    return { digits: digits.replaceAll(" ", ""), offset: parseInt(offset, 16) };
  }
  const digits = line.replaceAll(/0x|\\x|[\s:,;"'|{}]/gi, "");
  return /^[0-9a-f]*$/i.test(digits) && digits.length % 2 === 0 ? { digits } : undefined;
}

/** Puts lines together until messages are complete. */
class Collector {
  #parts: string[] = [];
  #length = 0;
  #first = 0;
  /** Where the next message's header would be, as far as the lengths are known. */
  #boundary = 0;
  /** The digits from there on, or from the last line on. */
  #tail = "";

  /** Takes a line; true if it ends where a message ends. */
  add(number: number, digits: string): boolean {
    if (this.#length === 0) this.#first = number;
    this.#parts.push(digits);
    this.#tail = this.#boundary < this.#length ? this.#tail + digits : digits;
    const tailAt = () => this.#length - this.#tail.length / 2;
    this.#length += digits.length / 2;
    while (this.#length >= this.#boundary + 4) {
      const at = 2 * (this.#boundary - tailAt());
      const [a = 0, b = 0, c = 0, d = 0] = parseHex(this.#tail.slice(at, at + 8)) ?? [];
      const length = (a | b << 8 | c << 16 | d << 24) >>> 0;
      // The last message need not be padded.
      if (length >= NLMSG_HDRLEN && this.#boundary + length === this.#length) return true;
      // No length of a message: the lines up to the next blank one are told to be damaged together.
      this.#boundary = length < NLMSG_HDRLEN ? Infinity : this.#boundary + Math.ceil(length / 4) * 4;
    }
    if (this.#boundary < this.#length) this.#tail = this.#tail.slice(2 * (this.#boundary - tailAt()));
    return this.#length === this.#boundary;
  }

  /** What was put together, if anything was. */
  *take(): Generator<Datagram> {
    const bytes = parseHex(this.#parts.join(""));
    const where = `line ${this.#first}`;
    this.#parts = [];
    this.#length = this.#boundary = 0;
    this.#tail = "";
    if (bytes !== undefined && bytes.length > 0) yield { where, bytes };
  }
}

/** The datagrams of a text of hex digits. */
export function* readHex(bytes: Uint8Array): Generator<Datagram | Damage> {
  const collector = new Collector();
  let dumped = 0;
  for (const [number, line] of linesOf(bytes)) {
    if (/^\s*(#|$)/.test(line)) {
      yield* collector.take();
      continue;
    }
    // hexdump ends with a line that holds only the length.
    if (/^[0-9a-f]{7,8}$/i.test(line) && dumped > 0 && parseInt(line, 16) === dumped) {
      yield* collector.take();
      continue;
    }
    const where = `line ${number}`;
    if (line.trim() === "*") {
      yield* collector.take();
      yield { where, damage: "a dump with repeated lines left out; `hexdump -v` and `xxd` leave none out" };
      continue;
    }
    const read = readHexLine(line);
    if (read === undefined) {
      yield* collector.take();
      yield { where, damage: "this is no hex" };
      continue;
    }
    if (read.offset === 0) yield* collector.take();
    dumped = read.offset === undefined ? 0 : read.offset + read.digits.length / 2;
    if (collector.add(number, read.digits)) yield* collector.take();
  }
  yield* collector.take();
}
