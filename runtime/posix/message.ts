/** `struct msghdr` for sendmsg(2) and recvmsg(2) with one buffer and one control message of one byte. @module */
import { addressOf, type Bytes } from "./libc.ts";

/** Bytes of `struct msghdr` on 64-bit machines, and where its parts are. */
const MSGHDR = 56, IOV = 16, IOV_LENGTH = 24, CONTROL = 32, CONTROL_LENGTH = 40, FLAGS = 48;
/** Where our block has its `struct iovec` and its control message, and what that takes: `struct cmsghdr`, a byte, padding. */
const VECTOR = MSGHDR, MESSAGE = VECTOR + 16, MESSAGE_SIZE = 24, DATA = 16;

/** MSG_EOR. */
const MSG_EOR = 0x80;

/** A message header with its control message, to be used again and again. */
export class MessageHeader {
  /** What sendmsg(2) and recvmsg(2) take. */
  readonly bytes: Bytes = new Uint8Array(new ArrayBuffer(MESSAGE + MESSAGE_SIZE));
  readonly #view = new DataView(this.bytes.buffer);
  // What the header points to must live as long as it.
  #buffer: Bytes | undefined;

  /** Points to a buffer, which must not move while it is in use. */
  point(buffer: Bytes): void {
    const base = addressOf(this.bytes);
    this.#buffer = buffer;
    this.#view.setBigUint64(IOV, base + BigInt(VECTOR), true);
    this.#view.setBigUint64(IOV_LENGTH, 1n, true);
    this.#view.setBigUint64(VECTOR, addressOf(buffer), true);
    this.#view.setBigUint64(VECTOR + 8, BigInt(buffer.length), true);
    this.#view.setBigUint64(CONTROL, base + BigInt(MESSAGE), true);
    this.#view.setBigUint64(CONTROL_LENGTH, BigInt(MESSAGE_SIZE), true);
  }

  /** Puts a control message of one byte in. */
  setControl(level: number, type: number, value: number): void {
    this.#view.setBigUint64(MESSAGE, BigInt(DATA + 1), true);
    this.#view.setInt32(MESSAGE + 8, level, true);
    this.#view.setInt32(MESSAGE + 12, type, true);
    this.#view.setUint8(MESSAGE + DATA, value);
  }

  /** The byte of the control message that came, if it is of that kind. */
  control(level: number, type: number): number | undefined {
    if (this.#view.getBigUint64(CONTROL_LENGTH, true) < BigInt(DATA + 1)) return undefined;
    const found = this.#view.getInt32(MESSAGE + 8, true) === level &&
      this.#view.getInt32(MESSAGE + 12, true) === type;
    return found ? this.#view.getUint8(MESSAGE + DATA) : undefined;
  }

  /** Whether what came ends a record (MSG_EOR). */
  get endOfRecord(): boolean {
    return (this.#view.getInt32(FLAGS, true) & MSG_EOR) !== 0;
  }
}
