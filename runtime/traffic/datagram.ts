/** What every capture format is read into. @module */

/** What one `send` or `recv` carried: one or more netlink messages, as a capture has them. */
export interface Datagram {
  /** Where in the capture it is, such as `packet 3` or `line 12`. */
  where: string;
  /** The messages, from the first one's header on. */
  bytes: Uint8Array;
  /** Netlink protocol number, where the capture tells. */
  protocol?: number;
  /** Which way it went, where the capture tells. */
  direction?: Direction;
  /** When, as text: ISO 8601 in UTC, or the time of day that strace printed. */
  time?: string;
  /** Which socket, where the capture tells sockets apart. */
  socket?: string;
  /** How many bytes of it the capture left out at the end. */
  missing?: number;
  /** Name of the family's spec, where the capture tells. */
  family?: string;
  /** Name of the operation in the spec, where the capture tells. */
  operation?: string;
}

/** To the kernel or from it. */
export type Direction = "to-kernel" | "from-kernel";

/** Something in a capture that cannot be read, while what follows may be. */
export interface Damage {
  /** Where in the capture it is. */
  where: string;
  /** Byte offset in the file, for binary formats. */
  offset?: number;
  /** What is wrong with it. */
  damage: string;
}

/** A capture as a whole that cannot be read. */
export class CaptureError extends Error {
  /** Always `CaptureError`. */
  override readonly name = "CaptureError";
  /** Byte offset in the file. */
  readonly offset: number;

  /** Creates an error at a byte offset. */
  constructor(reason: string, offset: number) {
    super(`${reason} (at byte ${offset})`);
    this.offset = offset;
  }
}

/** Nanoseconds since 1970 as ISO 8601 text in UTC, with as many digits as are needed but at least microseconds. */
export function formatTime(nanoseconds: bigint): string {
  const second = 1_000_000_000n;
  const rest = nanoseconds % second;
  const digits = String(rest).padStart(9, "0").replace(/000$/, "");
  const date = new Date(Number(nanoseconds / second) * 1000);
  // A hostile file may claim any year.
  if (Number.isNaN(date.getTime())) return `${nanoseconds / second}.${digits}`;
  return `${date.toISOString().slice(0, -5)}.${digits}Z`;
}
