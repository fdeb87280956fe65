/** TCP connections by their descriptors, and a patience that ends. */
import { checked, readable, sockets } from "../../runtime/posix/mod.ts";
import { parseIp } from "../../runtime/wire/mod.ts";

/** Generous: a machine under load must not fail a test. */
const patience = 60_000;

const AF_INET = 2, AF_INET6 = 10, SOCK_STREAM = 1, SOL_SOCKET = 1, SO_COOKIE = 57, SHUT_RDWR = 2;

/** What some work gives, or an error that names it. */
export async function within<T>(what: string, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`gave up waiting until ${what}`)), patience);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until something is so, looking again and again. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const end = performance.now() + patience;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`gave up waiting until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function sockaddr(address: string, port: number): Uint8Array<ArrayBuffer> {
  const ip = parseIp(address)!;
  const six = ip.length === 16;
  const bytes = new Uint8Array(six ? 28 : 16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, six ? AF_INET6 : AF_INET, true);
  view.setUint16(2, port);
  bytes.set(ip, six ? 8 : 4);
  return bytes;
}

/** A blocking socket that is connected to a port; other processes get it too if `inherited`. */
export function connect(port: number, address = "127.0.0.1", inherited = false): number {
  const calls = sockets();
  const to = sockaddr(address, port);
  const type = SOCK_STREAM | (inherited ? 0 : 0o2000000);
  const fd = checked("socket", calls.socket(to.length === 28 ? AF_INET6 : AF_INET, type, 0));
  checked("connect", calls.connect(fd, to, to.length));
  return fd;
}

/** A listening socket of ours, whose accept gives descriptors. */
export class Listener implements Disposable {
  readonly #fd: number;
  /** Its port. */
  readonly port: number;

  constructor(address = "127.0.0.1") {
    const calls = sockets();
    const at = sockaddr(address, 0);
    this.#fd = checked(
      "socket",
      calls.socket(at.length === 28 ? AF_INET6 : AF_INET, SOCK_STREAM | 0o2000000, 0),
    );
    checked("bind", calls.bind(this.#fd, at, at.length));
    checked("listen", calls.listen(this.#fd, 128));
    checked("getsockname", calls.getsockname(this.#fd, at, Uint32Array.of(at.length)));
    this.port = new DataView(at.buffer).getUint16(2);
  }

  /** The next connection, which must have been made already. */
  accept(): number {
    return checked("accept4", sockets().accept4(this.#fd, null, null, 0o2000000));
  }

  /** Waits until there is one. */
  async incoming(): Promise<number> {
    await within("somebody connects", readable(this.#fd));
    return this.accept();
  }

  [Symbol.dispose](): void {
    sockets().close(this.#fd);
  }
}

/** Two ends of a TCP connection, both blocking. */
export function tcpPair(address = "127.0.0.1"): [number, number] {
  using listener = new Listener(address);
  const client = connect(listener.port, address);
  return [client, listener.accept()];
}

/** Closes descriptors. */
export function closeAll(fds: readonly number[]): void {
  for (const fd of fds) sockets().close(fd);
}

/** Sends small writes at once (TCP_NODELAY). */
export function setNoDelay(fd: number, value: boolean = true): void {
  checked("setsockopt", sockets().setsockopt(fd, 6, 1, Int32Array.of(value ? 1 : 0), 4));
}

/** Ends a connection both ways, as a consumer does before it closes. */
export function shutdown(fd: number): void {
  sockets().shutdown(fd, SHUT_RDWR);
}

/** Cookie of a socket. */
export function cookieOf(fd: number): bigint {
  const value = new Uint8Array(8);
  checked("getsockopt", sockets().getsockopt(fd, SOL_SOCKET, SO_COOKIE, value, Uint32Array.of(8)));
  return new DataView(value.buffer).getBigUint64(0, true);
}

/** Resets a connection from the other end. */
export function reset(fd: number, peer: Deno.TcpConn): void {
  // What is written here is not read there, so that to close is to reset.
  sockets().send(fd, Uint8Array.of(0), 1, 0x4000);
  peer.close();
}
