/** Cuts what was received into records, and handshake records into messages. @module */
import { refuse } from "./alerts.ts";
import { ByteQueue } from "./byte_queue.ts";
import { ContentType, headerLength, maxCiphertext, maxContent } from "./record.ts";

/** A record as it came. */
export interface RawRecord {
  /** Its five bytes of header. */
  readonly header: Uint8Array;
  /** What comes after the header. */
  readonly body: Uint8Array;
}

/** Collects bytes until a record is whole. Holds at most what it was given, and no record longer than allowed. */
export class RecordReader {
  readonly #queue = new ByteQueue();

  /** Bytes that wait for the rest of their record. */
  get buffered(): number {
    return this.#queue.length;
  }

  /** Bytes that the record at hand still lacks: of its header first, of its body once the header is there. */
  get wanted(): number {
    const { length } = this.#queue;
    return length < headerLength ? headerLength - length : headerLength + this.#bodyLength() - length;
  }

  /** Adds bytes; they are copied. */
  push(bytes: Uint8Array): void {
    this.#queue.push(bytes);
  }

  #bodyLength(): number {
    const { bytes } = this.#queue;
    return bytes[3]! << 8 | bytes[4]!;
  }

  /**
   * The next record if it is whole, good until the next {@linkcode push}. A type that is none gives unexpected_message
   * and a length beyond the limit record_overflow, both before the body is read: other protocols are told at once.
   */
  next(isProtected: boolean): RawRecord | undefined {
    if (this.#queue.length < headerLength) return undefined;
    const length = this.#bodyLength();
    const type = this.#queue.bytes[0]!;
    if (type < ContentType.changeCipherSpec || type > ContentType.applicationData) {
      refuse("unexpectedMessage", `a record of type ${type}`);
    }
    if (length > (isProtected ? maxCiphertext : maxContent)) {
      refuse("recordOverflow", `a record announces ${length} bytes`);
    }
    if (this.#queue.length < headerLength + length) return undefined;
    return { header: this.#queue.take(headerLength), body: this.#queue.take(length) };
  }

  /** Drops what is left. */
  clear(): void {
    this.#queue.clear();
  }
}

/** A handshake message. */
export interface HandshakeMessage {
  /** Its type, of RFC 8446 section 4. */
  readonly type: number;
  /** What comes after the four bytes of header. */
  readonly body: Uint8Array;
  /** The whole message, for the transcript. */
  readonly bytes: Uint8Array;
}

/** Puts handshake messages together that come in several records, or several in one. */
export class MessageReader {
  readonly #limit: number;
  readonly #queue = new ByteQueue();

  /** `limit`: most bytes that one message may have. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether part of a message waits: then the record boundary is none where keys may change. */
  get partial(): boolean {
    return this.#queue.length > 0;
  }

  /** Adds the content of a handshake record. */
  push(content: Uint8Array): void {
    this.#queue.push(content);
  }

  /**
   * The next message if it is whole, as a copy: handshakes keep parts of messages. One over the limit gives
   * illegal_parameter as soon as its header is here.
   */
  next(): HandshakeMessage | undefined {
    const waiting = this.#queue.bytes;
    if (waiting.length < 4) return undefined;
    const length = 4 + (waiting[1]! << 16 | waiting[2]! << 8 | waiting[3]!);
    if (length > this.#limit) refuse("illegalParameter", `a handshake message of ${length} bytes`);
    if (waiting.length < length) return undefined;
    const bytes = this.#queue.take(length).slice();
    return { type: bytes[0]!, body: bytes.subarray(4), bytes };
  }

  /** Drops what is left. */
  clear(): void {
    this.#queue.clear();
  }
}
