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

/** A descriptor, and calls on it that may say "not now". */
export class SocketIo {
  #fd: number;

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
   * Makes a call until it is done, waiting where it says EAGAIN. `attempt` gives a number of bytes, or -1.
   */
  async #until(
    name: string,
    wait: (fd: number) => Promise<boolean>,
    attempt: (fd: number) => number,
  ): Promise<number> {
    const { errno } = sockets();
    for (;;) {
      const fd = this.fd;
      const result = attempt(fd);
      if (result >= 0) return result;
      const error = errno();
      if (error === Errno.again) await wait(fd);
      else if (error !== Errno.interrupted) throw new SystemError(name, error);
    }
  }

  /** Makes a call that reads. Throws `SystemError`. */
  read(name: string, attempt: (fd: number) => number): Promise<number> {
    return this.#until(name, readable, attempt);
  }

  /** Makes a call that writes. Throws `SystemError`. */
  write(name: string, attempt: (fd: number) => number): Promise<number> {
    return this.#until(name, writable, attempt);
  }

  /** Sends all of some bytes. */
  async sendAll(bytes: Bytes): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const rest = bytes.subarray(at);
      at += await this.write(
        "send",
        (fd) => sockets().send(fd, rest, rest.length, Socket.dontWait | Socket.noSignal),
      );
    }
  }

  /** Fills as much of a buffer as there is to read; 0 at the connection's end. */
  receive(buffer: Bytes): Promise<number> {
    return this.read("recv", (fd) => sockets().recv(fd, buffer, buffer.length, Socket.dontWait));
  }

  /** Ends all waits and closes the descriptor, once. */
  close(): void {
    if (this.#fd === -1) return;
    const fd = this.#fd;
    this.#fd = -1;
    stopWaiting(fd);
    sockets().close(fd);
  }
}
