/** A TCP socket that the kernel handed over, through its descriptor alone. @module */
import { readable, Socket, sockets, stopWaiting, writable } from "../posix/mod.ts";
import { SystemError } from "../netlink/mod.ts";
import { formatIpv4, formatIpv6 } from "../wire/mod.ts";

/** Options of asm-generic/socket.h and netinet/tcp.h, and commands of fcntl.h; x86-64 and aarch64 agree. */
const SOL_SOCKET = 1, SO_PROTOCOL = 38, SO_COOKIE = 57, IPPROTO_TCP = 6, TCP_NODELAY = 1, TCP_INFO = 11;
/** linux/sockios.h, and where tcpi_bytes_acked is in `struct tcp_info` (linux/tcp.h). */
const SIOCOUTQ = 0x5411, ACKED = 120;
const F_SETFD = 2, FD_CLOEXEC = 1;
const EINTR = 4, EAGAIN = 11, EPIPE = 32, ECONNRESET = 104;
/** Bytes of `struct sockaddr_in6`, the largest address that a TCP socket has. */
const addressSize = 28;

/**
 * Reads and writes without ever changing the file's flags: the open file description belongs to the kernel's consumer,
 * and O_NONBLOCK is one of its flags. So each call says MSG_DONTWAIT, and waiting is epoll's business.
 */
export class HandedSocket {
  /** The descriptor, which is ours to close. */
  readonly fd: number;
  readonly #libc = sockets();
  readonly #interruption = new AbortController();
  #nodelay: number | undefined;
  #closed = false;

  /** Takes over a descriptor, and sees to it that no child process gets it. */
  constructor(fd: number) {
    this.fd = fd;
    this.#libc.fcntl(fd, F_SETFD, FD_CLOEXEC);
  }

  /** Whether it is TCP. Throws `SystemError`: EBADF, ENOTSOCK. */
  get isTcp(): boolean {
    const value = new Int32Array(1);
    this.#checked(
      "getsockopt",
      this.#libc.getsockopt(this.fd, SOL_SOCKET, SO_PROTOCOL, value, new Uint32Array([4])),
    );
    return value[0] === IPPROTO_TCP;
  }

  /** What tells this socket from all others since the machine was started (SO_COOKIE). Throws `SystemError`. */
  get cookie(): bigint {
    const value = new Uint8Array(8);
    this.#checked(
      "getsockopt",
      this.#libc.getsockopt(this.fd, SOL_SOCKET, SO_COOKIE, value, new Uint32Array([8])),
    );
    return new DataView(value.buffer).getBigUint64(0, true);
  }

  /**
   * How many bytes TCP was given to send since the connection was made, wherever they are now; one more or less for
   * what TCP counts besides bytes. Throws `SystemError`.
   */
  get written(): bigint {
    const info = new Uint8Array(ACKED + 8);
    const unacknowledged = new Int32Array(1);
    const acknowledged = () => {
      const length = new Uint32Array([info.length]);
      this.#checked("getsockopt", this.#libc.getsockopt(this.fd, IPPROTO_TCP, TCP_INFO, info, length));
      return new DataView(info.buffer).getBigUint64(ACKED, true);
    };
    // The two belong together if nothing was acknowledged in between.
    for (let before = acknowledged();;) {
      this.#checked("ioctl", this.#libc.ioctl(this.fd, SIOCOUTQ, unacknowledged));
      const after = acknowledged();
      if (before === after) return after + BigInt(unacknowledged[0]!);
      before = after;
    }
  }

  /** Address of the peer as text, and its port; undefined if there is no peer any more. */
  get peer(): { readonly address: string; readonly port: number } | undefined {
    const bytes = new Uint8Array(addressSize);
    const length = new Uint32Array([addressSize]);
    if (this.#libc.getpeername(this.fd, bytes, length) === -1) return undefined;
    const view = new DataView(bytes.buffer);
    const family = view.getUint16(0, true);
    const port = view.getUint16(2);
    if (family === Socket.inet) return { address: formatIpv4(bytes, 4), port };
    if (family !== Socket.inet6) return undefined;
    const mapped = view.getBigUint64(8) === 0n && view.getUint32(16) === 0xffff;
    return { address: mapped ? formatIpv4(bytes, 20) : formatIpv6(bytes, 8), port };
  }

  /** The same as `192.0.2.1:4420` or `[2001:db8::1]:2049`. */
  get peerText(): string | undefined {
    const { peer } = this;
    if (peer === undefined) return undefined;
    return `${peer.address.includes(":") ? `[${peer.address}]` : peer.address}:${peer.port}`;
  }

  /** Small writes go at once from now on, until {@linkcode HandedSocket.restore}. */
  hurry(): void {
    const value = new Int32Array(1);
    if (
      this.#libc.getsockopt(this.fd, IPPROTO_TCP, TCP_NODELAY, value, new Uint32Array([4])) === -1
    ) return;
    this.#nodelay = value[0];
    this.#setNodelay(1);
  }

  /** Puts TCP_NODELAY back as it was. */
  restore(): void {
    if (this.#nodelay !== undefined) this.#setNodelay(this.#nodelay);
    this.#nodelay = undefined;
  }

  #setNodelay(value: number): void {
    this.#libc.setsockopt(this.fd, IPPROTO_TCP, TCP_NODELAY, new Int32Array([value]), 4);
  }

  /** Ends what waits now or later with an error. */
  interrupt(error: Error): void {
    this.#interruption.abort(error);
    if (!this.#closed) stopWaiting(this.fd);
  }

  /** What `work` gives, unless this is interrupted first: then why it was. */
  async unlessInterrupted<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.#interruption;
    // Nobody may be left to hear of a failure.
    work.catch(() => {});
    this.#check();
    let stop: (() => void) | undefined;
    const interrupted = new Promise<never>((_, reject) => {
      stop = () => reject(signal.reason);
      signal.addEventListener("abort", stop);
    });
    try {
      return await Promise.race([work, interrupted]);
    } finally {
      signal.removeEventListener("abort", stop!);
    }
  }

  /** Reads at most `length` bytes; undefined at the end of the stream. Throws `SystemError`, and why it was interrupted. */
  async receive(length: number): Promise<Uint8Array | undefined> {
    const bytes = new Uint8Array(length);
    for (;;) {
      this.#check();
      const count = this.#libc.recv(this.fd, bytes, length, Socket.dontWait);
      if (count >= 0) return count === 0 ? undefined : bytes.subarray(0, count);
      const errno = this.#libc.errno();
      if (errno === EAGAIN) await readable(this.fd);
      else if (errno !== EINTR) throw new SystemError("recv", errno);
    }
  }

  /** Writes all bytes. Throws `SystemError`, and why it was interrupted. */
  async send(bytes: Uint8Array): Promise<void> {
    let rest = bytes.slice();
    while (rest.length > 0) {
      this.#check();
      const count = this.#libc.send(this.fd, rest, rest.length, Socket.dontWait | Socket.noSignal);
      if (count >= 0) {
        rest = rest.subarray(count);
        continue;
      }
      const errno = this.#libc.errno();
      if (errno === EAGAIN) await writable(this.fd);
      // A peer that went away may have said why: what it sent is still to be read.
      else if (errno === EPIPE || errno === ECONNRESET) return;
      else if (errno !== EINTR) throw new SystemError("send", errno);
    }
  }

  /** Writes what fits without waiting: for a last word. */
  sendNow(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#closed) return;
    this.#libc.send(this.fd, bytes.slice(), bytes.length, Socket.dontWait | Socket.noSignal);
  }

  /** Waits until there is room to write. Throws why it was interrupted. */
  async room(): Promise<void> {
    this.#check();
    await writable(this.fd);
    this.#check();
  }

  /** Closes the descriptor, once. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    stopWaiting(this.fd);
    this.#libc.close(this.fd);
  }

  #check(): void {
    this.#interruption.signal.throwIfAborted();
  }

  #checked(call: string, result: number): void {
    if (result === -1) throw new SystemError(call, this.#libc.errno());
  }
}
