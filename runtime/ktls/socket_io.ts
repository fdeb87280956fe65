/** Reading and writing a TCP socket by its descriptor, without ever blocking the thread. @module */
import { type Bytes, readable, Socket, sockets, stopWaiting, SystemError, writable } from "../posix/mod.ts";
import { Errno } from "./constants.ts";

/** The socket was closed on our side while something waited for it. */
export class SocketClosedError extends Error {
  /** Always `SocketClosedError`. */
  override readonly name = "SocketClosedError";

  /** Creates the error. */
  constructor() {
    super("the socket was closed on this side");
  }
}

/** How long a call may wait. */
export interface WaitOptions {
  /** Ends the wait when it is aborted; `AbortSignal.timeout` bounds it. */
  readonly signal?: AbortSignal | undefined;
}

/** What a call on a socket says if it would have to wait. */
const NOT_NOW: readonly number[] = [Errno.again, Errno.inProgress, Errno.already];

/** A descriptor, and calls on it that may say "not now". */
export class SocketIo {
  #fd: number;
  #interruption: Error | undefined;

  /** Takes the descriptor over. Whether it is nonblocking does not matter, and is left as it is. */
  constructor(fd: number) {
    this.#fd = fd;
  }

  /** The descriptor. Throws {@linkcode SocketClosedError}. */
  get fd(): number {
    if (this.#fd === -1) throw new SocketClosedError();
    return this.#fd;
  }

  /**
   * Makes a call until it is done, waiting where it says EAGAIN. `attempt` gives a number, or -1. Undefined if the
   * signal ended the wait; one that is aborted already means to try without waiting.
   */
  async #until(
    name: string,
    wait: (fd: number) => Promise<boolean>,
    attempt: (fd: number) => number,
    { signal }: WaitOptions,
  ): Promise<number | undefined> {
    const { errno } = sockets();
    for (;;) {
      const { fd } = this;
      const result = attempt(fd);
      if (result >= 0) return result;
      const error = errno();
      if (error === Errno.interrupted) continue;
      if (!NOT_NOW.includes(error)) throw new SystemError(name, error);
      if (this.#interruption !== undefined) throw this.#interruption;
      if (signal?.aborted) return undefined;
      // This ends the other direction's wait, too, which then looks again.
      const stop = () => stopWaiting(fd);
      signal?.addEventListener("abort", stop);
      try {
        await wait(fd);
      } finally {
        signal?.removeEventListener("abort", stop);
      }
    }
  }

  /** Makes a call that reads. Throws `SystemError`, and the signal's reason. */
  async read(name: string, attempt: (fd: number) => number, options: WaitOptions = {}): Promise<number> {
    const result = await this.#until(name, readable, attempt, options);
    if (result === undefined) throw options.signal!.reason;
    return result;
  }

  /** Makes a call that writes; undefined if the signal ended the wait. Throws `SystemError`. */
  write(
    name: string,
    attempt: (fd: number) => number,
    options: WaitOptions = {},
  ): Promise<number | undefined> {
    return this.#until(name, writable, attempt, options);
  }

  /** Sends bytes: how many were taken, which is all of them unless the signal was aborted. Throws `SystemError`. */
  async sendAll(bytes: Bytes, options: WaitOptions = {}): Promise<number> {
    let at = 0;
    while (at < bytes.length) {
      const rest = bytes.subarray(at);
      const count = await this.write("send", (fd) => send(fd, rest), options);
      if (count === undefined) break;
      at += count;
    }
    return at;
  }

  /** Fills as much of a buffer as there is to read; 0 at the connection's end. Throws as {@linkcode SocketIo.read}. */
  receive(buffer: Bytes, options: WaitOptions = {}): Promise<number> {
    return this.read("recv", (fd) => sockets().recv(fd, buffer, buffer.length, Socket.dontWait), options);
  }

  /** Ends what waits, now and later, with an error. */
  interrupt(error: Error): void {
    this.#interruption ??= error;
    if (this.#fd !== -1) stopWaiting(this.#fd);
  }

  /** Gives the descriptor back, open. */
  release(): number {
    const { fd } = this;
    this.#fd = -1;
    stopWaiting(fd);
    return fd;
  }

  /** Ends all waits and closes the descriptor, once. */
  close(): void {
    if (this.#fd !== -1) sockets().close(this.release());
  }
}

/** send(2) that neither waits nor raises a signal. */
export function send(fd: number, bytes: Bytes): number {
  return sockets().send(fd, bytes, bytes.length, Socket.dontWait | Socket.noSignal);
}
