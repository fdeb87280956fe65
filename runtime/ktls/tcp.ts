/** TCP connections as descriptors, which kernel TLS can be put on. @module */
import { lookup } from "node:dns/promises";
import { type Bytes, checked, Socket, sockets, SystemError, UnsupportedError } from "../posix/mod.ts";
import { emptyAddress, familyOf, portOf, socketAddress } from "./address.ts";
import { Errno, SOL_SOCKET, SOL_TCP } from "./constants.ts";
import { SocketClosedError, SocketIo, type WaitOptions } from "./socket_io.ts";

/** SO_REUSEADDR and TCP_NODELAY (asm-generic/socket.h, linux/tcp.h); x86-64 and aarch64 agree. */
const SO_REUSEADDR = 2, TCP_NODELAY = 1;
/** F_SETFD and FD_CLOEXEC (asm-generic/fcntl.h). */
const F_SETFD = 2, FD_CLOEXEC = 1;

/** Where a server is. */
export interface TcpTarget {
  /** An address in figures, or a name, whose addresses are tried one after the other. */
  readonly hostname: string;
  /** Its port. */
  readonly port: number;
}

/** A name that has no address. */
export class HostNotFoundError extends Error {
  /** Always `HostNotFoundError`. */
  override readonly name = "HostNotFoundError";
  /** The name. */
  readonly hostname: string;

  /** Creates the error. */
  constructor(hostname: string, options?: ErrorOptions) {
    super(`there is no address of ${hostname}`, options);
    this.hostname = hostname;
  }
}

/**
 * Connects: the descriptor, which is the caller's. A name is resolved as the C library does, which needs
 * `--allow-net`. Throws `SystemError` (ECONNREFUSED and others, of the last address), {@linkcode HostNotFoundError},
 * `UnsupportedError`, the signal's reason.
 */
export async function dialTcp({ hostname, port }: TcpTarget, options: WaitOptions = {}): Promise<number> {
  options.signal?.throwIfAborted();
  const address = socketAddress(hostname, port);
  if (address !== undefined) return await dial(address, options);
  let failure: unknown;
  for (const found of await addressesOf(hostname, options)) {
    try {
      return await dial(socketAddress(found, port)!, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      failure = error;
    }
  }
  throw failure;
}

async function addressesOf(hostname: string, { signal }: WaitOptions): Promise<string[]> {
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal!.reason);
    signal?.addEventListener("abort", stop);
  });
  try {
    const found = await Promise.race([lookup(hostname, { all: true }), aborted]);
    return found.map(({ address }) => address);
  } catch (cause) {
    signal?.throwIfAborted();
    if ((cause as { code?: unknown }).code === "EPERM") {
      throw new UnsupportedError("permission", `to resolve ${hostname}, run deno with --allow-net`, {
        cause,
      });
    }
    throw new HostNotFoundError(hostname, { cause });
  } finally {
    signal?.removeEventListener("abort", stop!);
  }
}

async function dial(address: Bytes, options: WaitOptions): Promise<number> {
  const calls = sockets();
  const io = new SocketIo(tcpSocket(address));
  try {
    // A second call tells how the first one ended.
    const done = await io.write(
      "connect",
      (fd) =>
        calls.connect(fd, address, address.length) === 0 || calls.errno() === Errno.isConnected ? 0 : -1,
      options,
    );
    if (done === undefined) throw options.signal!.reason;
    return io.release();
  } finally {
    io.close();
  }
}

function tcpSocket(address: Bytes): number {
  const type = Socket.stream | Socket.closeOnExec | Socket.nonBlocking;
  return checked("socket", sockets().socket(familyOf(address), type, 0));
}

/**
 * Sees to it that small records go out at once (TCP_NODELAY) and that programs started by this one do not get the
 * descriptor (FD_CLOEXEC). Throws `SystemError`: EBADF, ENOTSOCK, EOPNOTSUPP for what is no TCP socket.
 */
export function prepareTcp(fd: number): void {
  checked("setsockopt TCP_NODELAY", sockets().setsockopt(fd, SOL_TCP, TCP_NODELAY, Int32Array.of(1), 4));
  checked("fcntl F_SETFD", sockets().fcntl(fd, F_SETFD, FD_CLOEXEC));
}

/** What a {@linkcode TcpListener} listens at. */
export interface ListenOptions {
  /** An address in figures: 127.0.0.1, this machine alone, by default; `::` for all of it. */
  readonly hostname?: string;
  /** The port; 0, the default, for one that is free. */
  readonly port?: number;
  /** Connections that may wait to be accepted: 128 by default. */
  readonly backlog?: number;
}

/**
 * Listens at an address. Throws `SystemError` (EADDRINUSE, EACCES and others), a RangeError for a name or a port that
 * is none.
 */
export function listenTcp(options: ListenOptions = {}): TcpListener {
  const { hostname = "127.0.0.1", port = 0, backlog = 128 } = options;
  const address = socketAddress(hostname, port);
  if (address === undefined) throw new RangeError(`${hostname} is no address`);
  const calls = sockets();
  const fd = tcpSocket(address);
  try {
    checked("setsockopt", calls.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, Int32Array.of(1), 4));
    checked("bind", calls.bind(fd, address, address.length));
    checked("listen", calls.listen(fd, backlog));
    const bound = emptyAddress();
    checked("getsockname", calls.getsockname(fd, bound, Uint32Array.of(bound.length)));
    return new TcpListener(fd, portOf(bound));
  } catch (error) {
    calls.close(fd);
    throw error;
  }
}

/** A listening socket: gives descriptors of connections, which are the caller's. Made by {@linkcode listenTcp}. */
export class TcpListener implements Disposable {
  readonly #io: SocketIo;
  /** The port that it listens at. */
  readonly port: number;

  /** Takes a listening descriptor over, which must be nonblocking. */
  constructor(fd: number, port: number) {
    this.#io = new SocketIo(fd);
    this.port = port;
  }

  /**
   * Waits for a connection. Throws `SystemError` (EMFILE and others), `SocketClosedError` once it is closed, the
   * signal's reason.
   */
  async accept(options: WaitOptions = {}): Promise<number> {
    for (;;) {
      options.signal?.throwIfAborted();
      try {
        return await this.#io.read(
          "accept4",
          (fd) => sockets().accept4(fd, null, null, Socket.closeOnExec),
          options,
        );
      } catch (error) {
        if (!(error instanceof SystemError) || error.errno !== Errno.connectionAborted) throw error;
      }
    }
  }

  /** Connections until it is closed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<number> {
    try {
      for (;;) yield await this.accept();
    } catch (error) {
      if (!(error instanceof SocketClosedError)) throw error;
    }
  }

  /** Stops to listen, and ends the waits for connections. */
  close(): void {
    this.#io.close();
  }

  /** The same. */
  [Symbol.dispose](): void {
    this.close();
  }
}
