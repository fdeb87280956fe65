/** Netlink sockets of the running kernel, through the C library. @module */
import { OverrunError, SystemError, TruncatedError } from "./errors.ts";
import { checked, type Libc, libc, Socket } from "./libc.ts";
import { inNamespace } from "./netns.ts";
import { readable, stopWaiting } from "../posix/mod.ts";
import type { ConnectOptions, Connector, Transport } from "./transport.ts";

/** SOL_NETLINK. */
const SOL_NETLINK = 270;
/** Options of linux/netlink.h. */
const NETLINK_ADD_MEMBERSHIP = 1,
  NETLINK_LISTEN_ALL_NSID = 8,
  NETLINK_CAP_ACK = 10,
  NETLINK_EXT_ACK = 11,
  NETLINK_GET_STRICT_CHK = 12;

/** SOL_SOCKET and its options (asm-generic/socket.h). */
const SOL_SOCKET = 1, SO_RCVBUF = 8, SO_RCVBUFFORCE = 33;

const EPERM = 1, EINTR = 4, EAGAIN = 11, ENOPROTOOPT = 92, ENOBUFS = 105;

/** Bytes of `struct sockaddr_nl`. */
const ADDRESS_SIZE = 12;
/** Bytes of `struct msghdr` on 64-bit machines. */
const MSGHDR_SIZE = 56;
/** Bytes of a control message that carries an int: `struct cmsghdr` and the int, padded. */
const CONTROL_SIZE = 24;
/** Where the parts of a socket's header block are: two struct iovec, the sender's address, the control message. */
const VECTORS = MSGHDR_SIZE, SENDER = VECTORS + 32, CONTROL = SENDER + ADDRESS_SIZE + 4;

/** Milliseconds; a timer of more fires at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Takes what does not fit into a socket's own buffer. Shared, because a receive is over before another begins; its
 * pages cost nothing until something is put there.
 */
let overflow = new Uint8Array(0);
const OVERFLOW_SIZE = 1 << 20;

/** What other threads are sending. */
const unsent = new Set<Uint8Array>();

/** What can be chosen of a kernel socket. */
export interface SocketOptions {
  /** Bytes of the buffer that datagrams are read into, at first; 32,768 unless set. It grows as needed. */
  readSize?: number;
}

/**
 * An AF_NETLINK socket. Answers carry the extended ack and leave out the request, and requests for data are checked
 * strictly, as far as the kernel knows these options.
 */
export class LibcTransport implements Transport {
  /** Port id that the kernel gave to this socket. */
  readonly port: number;
  readonly #libc: Libc;
  // Room for struct msghdr, and for what it points to.
  readonly #header = new Uint8Array(CONTROL + CONTROL_SIZE);
  readonly #view = new DataView(this.#header.buffer);
  #buffer: Uint8Array<ArrayBuffer>;
  #overflow = overflow;
  #fd: number;
  #control = 0;

  /** Opens a socket. Throws {@linkcode SystemError}, {@linkcode UnsupportedError}. */
  constructor(
    protocol: number,
    options: SocketOptions = {},
    { receiveBuffer, allNsid, netns }: ConnectOptions = {},
  ) {
    this.#libc = libc();
    this.#buffer = new Uint8Array(options.readSize ?? 1 << 15);
    const create = () =>
      checked("socket", this.#libc.socket(Socket.netlink, Socket.raw | Socket.closeOnExec, protocol));
    this.#fd = netns === undefined ? create() : inNamespace(netns, create);
    try {
      for (const option of [NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK]) {
        this.#setOption(SOL_NETLINK, option, 1);
      }
      if (receiveBuffer !== undefined) this.#setReceiveBuffer(receiveBuffer);
      if (allNsid) this.#setOption(SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, 1);
      this.#control = allNsid ? CONTROL_SIZE : 0;
      const address = new Uint8Array(ADDRESS_SIZE);
      const view = new DataView(address.buffer);
      view.setUint16(0, Socket.netlink, true);
      checked("bind", this.#libc.bind(this.#fd, address, ADDRESS_SIZE));
      checked("getsockname", this.#libc.getsockname(this.#fd, address, new Uint32Array([ADDRESS_SIZE])));
      this.port = view.getUint32(4, true);
    } catch (error) {
      this.close();
      throw error;
    }
    this.#layout();
  }

  /** Holds the last datagram. */
  get buffer(): Uint8Array {
    return this.#buffer;
  }

  /** Port id of the last datagram's sender. */
  get sender(): number {
    return this.#view.getUint32(SENDER + 4, true);
  }

  /** Network namespace of the last datagram. */
  get nsid(): number | undefined {
    const view = this.#view;
    // A datagram of this socket's own namespace comes without.
    if (this.#control === 0 || view.getUint32(40, true) < 20) return undefined;
    if (view.getInt32(CONTROL + 8, true) !== SOL_NETLINK) return undefined;
    return view.getInt32(CONTROL + 12, true) === NETLINK_LISTEN_ALL_NSID
      ? view.getInt32(CONTROL + 16, true)
      : undefined;
  }

  /** Joins a multicast group. */
  join(group: number): void {
    this.#setOption(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group);
  }

  /** Sets how much the kernel keeps: beyond the system's limit if this process may. */
  #setReceiveBuffer(bytes: number): void {
    // The kernel doubles what it is given, for its own overhead; the limit counts before that.
    const value = new Int32Array([bytes]);
    if (this.#libc.setsockopt(this.#fd, SOL_SOCKET, SO_RCVBUFFORCE, value, 4) === 0) return;
    if (this.#libc.errno() !== EPERM) throw new SystemError("setsockopt", this.#libc.errno());
    this.#setOption(SOL_SOCKET, SO_RCVBUF, bytes);
  }

  /** Sets an integer option; one that the kernel does not know is left alone. */
  #setOption(level: number, option: number, value: number): void {
    const result = this.#libc.setsockopt(this.#fd, level, option, new Int32Array([value]), 4);
    if (result === -1 && this.#libc.errno() !== ENOPROTOOPT) {
      throw new SystemError("setsockopt", this.#libc.errno());
    }
  }

  /** Fills in the message header of recvmsg(2), which points into the buffers. */
  #layout(): void {
    if (overflow.length === 0) overflow = new Uint8Array(OVERFLOW_SIZE);
    this.#overflow = overflow;
    const view = this.#view;
    const base = addressOf(this.#header);
    view.setBigUint64(0, base + BigInt(SENDER), true); // msg_name
    view.setBigUint64(16, base + BigInt(VECTORS), true); // msg_iov
    view.setBigUint64(24, 2n, true); // msg_iovlen
    if (this.#control > 0) view.setBigUint64(32, base + BigInt(CONTROL), true); // msg_control
    view.setBigUint64(VECTORS, addressOf(this.#buffer), true);
    view.setBigUint64(VECTORS + 8, BigInt(this.#buffer.length), true);
    view.setBigUint64(VECTORS + 16, addressOf(overflow), true);
    view.setBigUint64(VECTORS + 24, BigInt(overflow.length), true);
  }

  /** Sends one datagram to the kernel. */
  send(bytes: Uint8Array): void {
    const { errno, send } = this.#libc;
    while (send(this.#fd, bytes as Uint8Array<ArrayBuffer>, bytes.length, Socket.dontWait) === -1) {
      if (errno() !== EINTR) throw new SystemError("send", errno());
    }
  }

  /** Sends one datagram to the kernel from another thread. */
  async sendOffloaded(bytes: Uint8Array): Promise<void> {
    // The array must live until the call is over.
    unsent.add(bytes);
    try {
      const fd = this.#fd;
      const result = await this.#libc.sendOffloaded(fd, bytes as Uint8Array<ArrayBuffer>, bytes.length, 0);
      // That thread's errno is out of reach. A datagram that was refused was not looked at, so sending it again gives
      // the same error here.
      if (result === -1 && this.#fd === fd) this.send(bytes);
    } finally {
      unsent.delete(bytes);
    }
  }

  /** Takes one datagram, if there is one. */
  receive(): number {
    const { errno, recvmsg } = this.#libc;
    if (this.#overflow !== overflow) this.#layout();
    for (;;) {
      // The kernel wrote the lengths of what it gave over these.
      this.#view.setUint32(8, ADDRESS_SIZE, true);
      this.#view.setUint32(40, this.#control, true);
      const length = recvmsg(this.#fd, this.#header, Socket.dontWait | Socket.truncate);
      if (length > this.#buffer.length + overflow.length) {
        // Any process may send; only the kernel's word is worth memory.
        if (this.sender !== 0) continue;
        // Every socket has room for another one like it from now on.
        overflow = new Uint8Array(powerOfTwo(length));
        throw new TruncatedError(length);
      }
      if (length > this.#buffer.length) return this.#grow(length);
      if (length >= 0) return length;
      switch (errno()) {
        case EINTR:
          continue;
        case EAGAIN:
          return -1;
        case ENOBUFS:
          throw new OverrunError();
        default:
          throw new SystemError("recvmsg", errno());
      }
    }
  }

  /** Puts the two parts of a large datagram together, in a buffer that will do for the next of its kind. */
  #grow(length: number): number {
    const buffer = new Uint8Array(powerOfTwo(length));
    buffer.set(this.#buffer);
    buffer.set(overflow.subarray(0, length - this.#buffer.length), this.#buffer.length);
    this.#buffer = buffer;
    this.#layout();
    return length;
  }

  /** Waits for a datagram. */
  async wait(timeout: number, signal?: AbortSignal): Promise<boolean> {
    const fd = this.#fd;
    if (fd === -1 || timeout <= 0 || signal?.aborted) return false;
    // Another socket may have the descriptor's number once this one is closed.
    const stop = () => this.#fd === fd && stopWaiting(fd);
    const timer = Number.isFinite(timeout) ? setTimeout(stop, Math.min(timeout, LONGEST_TIMER)) : undefined;
    signal?.addEventListener("abort", stop);
    try {
      // An error of the socket, such as an overrun, counts too: the next receive tells it.
      return await readable(fd);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    }
  }

  /** Closes the socket. */
  close(): void {
    if (this.#fd === -1) return;
    stopWaiting(this.#fd);
    this.#libc.close(this.#fd);
    this.#fd = -1;
  }
}

/** The smallest power of two that is not below a number. */
function powerOfTwo(length: number): number {
  return 2 ** Math.ceil(Math.log2(length));
}

function addressOf(bytes: Uint8Array<ArrayBuffer>): bigint {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes));
}

/** The running kernel, in the network namespace of this process unless the client asks for another. */
export function kernel(options: SocketOptions = {}): Connector {
  return { connect: (protocol, wishes) => new LibcTransport(protocol, options, wishes) };
}
