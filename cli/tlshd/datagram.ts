/** Datagrams to a socket in the file system or of the abstract namespace: to syslog, and to systemd. @module */
import { type Bytes, Socket, sockets } from "../../runtime/posix/mod.ts";

/** Numbers of linux/socket.h, linux/net.h and asm-generic/errno-base.h. */
const AF_UNIX = 1, SOCK_DGRAM = 2, EAGAIN = 11;
/** Most bytes of a path in `struct sockaddr_un`. */
const MAX_PATH = 107;

/** `struct sockaddr_un`; a path that begins with `@` is a name of the abstract namespace. */
function addressOf(path: string): Bytes | undefined {
  const name = new TextEncoder().encode(path);
  if (name.length === 0 || name.length > MAX_PATH || name.includes(0)) return undefined;
  const abstract = name[0] === 0x40;
  if (abstract) name[0] = 0;
  const address = new Uint8Array(2 + name.length + (abstract ? 0 : 1));
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(name, 2);
  return address;
}

/** Where datagrams go. Whoever reads them may come late, and may come anew. */
export class DatagramTarget implements Disposable {
  readonly #path: string;
  #fd = -1;

  /** Opens nothing yet. */
  constructor(path: string) {
    this.#path = path;
  }

  #connect(): boolean {
    if (this.#fd !== -1) return true;
    const address = addressOf(this.#path);
    if (address === undefined) return false;
    const libc = sockets();
    const fd = libc.socket(AF_UNIX, SOCK_DGRAM | Socket.closeOnExec, 0);
    if (fd === -1) return false;
    if (libc.connect(fd, address, address.length) === -1) {
      libc.close(fd);
      return false;
    }
    this.#fd = fd;
    return true;
  }

  /** Sends a datagram without waiting; false if it could not be: nobody reads there, or not fast enough. */
  send(bytes: Bytes): boolean {
    // The reader may have been started anew since: its old socket refuses, a new connection will do.
    for (let tries = 0; tries < 2 && this.#connect(); tries++) {
      const libc = sockets();
      const flags = Socket.dontWait | Socket.noSignal;
      if (libc.send(this.#fd, bytes, bytes.length, flags) === bytes.length) return true;
      if (libc.errno() === EAGAIN) return false;
      this[Symbol.dispose]();
    }
    return false;
  }

  /** Closes the socket; it is opened anew by the next datagram. */
  [Symbol.dispose](): void {
    if (this.#fd !== -1) sockets().close(this.#fd);
    this.#fd = -1;
  }
}
