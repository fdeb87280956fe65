/** Messages to a client's own socket that answer none of its requests. @module */
import { OverrunError } from "./errors.ts";
import type { Incoming } from "./transport.ts";

/** Messages that are kept for a reader; what comes then is lost, and told as an overrun. */
const MOST_WAITING = 1024;

/** A view of a socket that others read: what they have no use for is put here, and received again. */
export class Unsolicited implements Incoming {
  /** Port id of the socket. */
  readonly port: number;
  /** Holds the last message. */
  buffer: Uint8Array = new Uint8Array();
  /** Only the kernel's messages get here. */
  readonly sender = 0;
  /** These come to a socket of this namespace. */
  readonly nsid: undefined;
  readonly #closed: (view: Unsolicited) => void;
  #waiting: (Uint8Array | Error)[] = [];
  #wake: ((ready: boolean) => void) | undefined;
  #ended = false;

  /** A view of the socket with a port id; `closed` is called when it is closed. */
  constructor(port: number, closed: (view: Unsolicited) => void) {
    this.port = port;
    this.#closed = closed;
  }

  /** Puts a message here, or the error that reading the socket gave. The bytes are kept. */
  put(item: Uint8Array | Error): void {
    if (this.#waiting.length < MOST_WAITING) this.#waiting.push(item);
    else if (!(this.#waiting.at(-1) instanceof OverrunError)) this.#waiting.push(new OverrunError());
    this.#wake?.(true);
  }

  /** Takes the next message. */
  receive(): number {
    const next = this.#waiting.shift();
    if (next === undefined) return -1;
    if (next instanceof Error) throw next;
    this.buffer = next;
    return next.length;
  }

  /** Waits for a message. */
  wait(): Promise<boolean> {
    if (this.#ended || this.#waiting.length > 0) return Promise.resolve(!this.#ended);
    return new Promise((resolve) => this.#wake = resolve).then((ready) => {
      this.#wake = undefined;
      return ready === true;
    });
  }

  /** Ends the view; the socket goes on. */
  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#waiting = [];
    this.#closed(this);
    this.#wake?.(false);
  }
}
