/** From a TCP connection to one that the kernel protects. @module */
import { type Bytes, SystemError } from "../posix/mod.ts";
import {
  type ClientOptions,
  createClient,
  createServer,
  importState,
  type ServerOptions,
  type Session,
  type SessionState,
  type TlsConnection,
  type TlsOptions,
} from "../tls/mod.ts";
import { Errno } from "./constants.ts";
import { type KtlsSuite, ktlsSuites, wipeKeys } from "./crypto_info.ts";
import { KernelRecordSocket } from "./kernel_socket.ts";
import { attachTls, noCipher, noUlp, setMaxPayload } from "./options.ts";
import { ktlsSupport } from "./probe.ts";
import { MAX_CONTENT, type RecordSocket } from "./record_socket.ts";
import { KtlsSocket, LONGEST_TIMER, type OpenConnection, type RecordsBy } from "./socket.ts";
import { send, SocketIo, type WaitOptions } from "./socket_io.ts";
import { dialTcp, prepareTcp, type TcpTarget } from "./tcp.ts";
import { UserRecordSocket } from "./user_socket.ts";

/** Most bytes that the engine wants to read at a time. */
const MAX_READ = 5 + MAX_CONTENT + 256;

/** How a connection is made. */
export interface KtlsOptions extends WaitOptions {
  /**
   * Who protects the records: the kernel, the default; this process (`user`); or the kernel if it has TLS, the suite
   * and can change keys, else this process (`auto`).
   */
  readonly records?: RecordsBy | "auto";
  /** Milliseconds for connecting and the handshake: 10,000 by default. */
  readonly handshakeTimeout?: number;
  /** Records to send with one key at most, 8 and more; what the suite allows by default (2^24 for AES-GCM). */
  readonly recordsPerKey?: number;
}

/**
 * Connects to a server and makes the handshake. A descriptor of a connected TCP socket may be given instead of an
 * address; it is taken over, and closed if this throws.
 *
 * Throws {@linkcode KtlsUnsupportedError} before anything else if the kernel is to protect the records and cannot; a
 * TypeError or RangeError for options that cannot work; what `dialTcp` throws; `TlsAlertError`, `TlsTruncatedError` or
 * `SystemError` if the handshake fails; the signal's reason, or a `DOMException` named `TimeoutError`.
 */
export async function connectKtls(
  server: TcpTarget | number,
  tls: ClientOptions,
  options: KtlsOptions = {},
): Promise<KtlsSocket> {
  using deadline = new Deadline(options);
  const begin = () => prepare(options, tls, (suites) => createClient({ ...tls, ...suites }));
  if (typeof server === "number") return await establish(server, begin, deadline);
  const begun = begin();
  try {
    return await establish(await dialTcp(server, deadline), () => begun, deadline);
  } finally {
    begun.connection.destroy();
  }
}

/**
 * Makes the handshake with a client that has connected, such as one that a `TcpListener` gives. The descriptor is taken
 * over, and closed if this throws, which it does as {@linkcode connectKtls}.
 */
export async function acceptKtls(
  fd: number,
  tls: ServerOptions,
  options: KtlsOptions = {},
): Promise<KtlsSocket> {
  using deadline = new Deadline(options);
  const begin = () => prepare(options, tls, (suites) => createServer({ ...tls, ...suites }));
  return await establish(fd, begin, deadline);
}

/** A handshake that has not begun, and what comes after it. */
interface Begun {
  /** The engine. */
  readonly connection: TlsConnection;
  /** Who protects records of a suite. */
  readonly recordsBy: (suite: KtlsSuite) => RecordsBy;
  /** Whether the kernel can change keys. */
  readonly kernelRekeys: boolean;
  /** What is passed on. */
  readonly settings: Pick<OpenConnection, "recordsPerKey" | "tls">;
}

/** Checks all that can be checked before anything is sent. */
function prepare(
  { records = "kernel", recordsPerKey, handshakeTimeout }: KtlsOptions,
  tls: TlsOptions,
  create: (suites: Pick<TlsOptions, "suites">) => TlsConnection,
): Begun {
  if (recordsPerKey !== undefined && !(recordsPerKey >= 8)) {
    throw new RangeError(`a key change every ${recordsPerKey} records`);
  }
  if (handshakeTimeout !== undefined && !(handshakeTimeout > 0)) {
    throw new RangeError(`a handshake within ${handshakeTimeout} ms`);
  }
  const settings = { recordsPerKey, tls };
  if (records === "user") {
    return { connection: create({}), recordsBy: () => "user", kernelRekeys: false, settings };
  }
  const support = ktlsSupport();
  const kernelRekeys = support.rekey;
  if (records === "auto") {
    const recordsBy = (suite: KtlsSuite) =>
      support.rekey && support.suites.includes(suite) ? "kernel" as const : "user" as const;
    return { connection: create({}), recordsBy, kernelRekeys, settings };
  }
  if (!support.ulp) throw noUlp();
  const wanted = tls.suites ?? ktlsSuites;
  const suites = wanted.filter((suite) => support.suites.includes(suite));
  if (suites.length === 0 && wanted.length > 0) throw noCipher(wanted[0]!);
  return { connection: create({ suites }), recordsBy: () => "kernel", kernelRekeys, settings };
}

/** Makes the handshake over a descriptor that is ours from here on, and turns it over to its records. */
async function establish(fd: number, begin: () => Begun, wait: Deadline): Promise<KtlsSocket> {
  const io = new SocketIo(fd);
  let connection: TlsConnection | undefined;
  try {
    const begun = begin();
    ({ connection } = begun);
    prepareTcp(fd);
    const session = await handshake(connection, io, wait);
    const recordsBy = begun.recordsBy(session.suite);
    const state = takeState(connection);
    try {
      const records = arm(io, recordsBy, state);
      const canRekey = recordsBy === "user" || begun.kernelRekeys;
      return new KtlsSocket({ ...begun.settings, records, recordsBy, session, state, canRekey });
    } catch (error) {
      state.destroy();
      throw error;
    }
  } finally {
    connection?.destroy();
    io.close();
  }
}

/** Passes bytes between engine and socket until the handshake is over, and reads not one more. */
async function handshake(connection: TlsConnection, io: SocketIo, wait: WaitOptions): Promise<Session> {
  const buffer = new Uint8Array(MAX_READ);
  try {
    for (;;) {
      wait.signal?.throwIfAborted();
      await write(io, connection.takeOutgoing(), wait);
      if (connection.session !== undefined) return connection.session;
      const length = await io.receive(buffer.subarray(0, connection.bytesWanted), wait);
      if (length === 0) connection.receiveEnd();
      else connection.receive(buffer.subarray(0, length));
    }
  } catch (error) {
    // The peer is told, by an alert of its own fault or by user_canceled; but nobody waits for that.
    if (connection.state === "handshaking") connection.close();
    const goodbye = connection.takeOutgoing();
    if (goodbye.length > 0) send(io.fd, goodbye as Bytes);
    throw error;
  }
}

async function write(io: SocketIo, bytes: Uint8Array, wait: WaitOptions): Promise<void> {
  try {
    if (await io.sendAll(bytes as Bytes, wait) < bytes.length) throw wait.signal!.reason;
  } catch (error) {
    // A peer that went away may have said why, and that can still be read.
    const gone = error instanceof SystemError &&
      (error.errno === Errno.brokenPipe || error.errno === Errno.connectionReset);
    if (!gone) throw error;
  }
}

function takeState(connection: TlsConnection): SessionState {
  const bytes = connection.exportState();
  try {
    return importState(bytes);
  } finally {
    bytes.fill(0);
  }
}

/** Sets both directions' keys, first those to send with. The descriptor is the records' if this returns. */
function arm(io: SocketIo, recordsBy: RecordsBy, state: SessionState): RecordSocket {
  if (recordsBy === "kernel") attachTls(io.fd);
  const fd = io.release();
  const records = recordsBy === "kernel"
    ? new KernelRecordSocket(fd, { attached: true })
    : new UserRecordSocket(fd);
  try {
    for (const direction of ["send", "receive"] as const) {
      const keys = state.trafficKeys(direction);
      try {
        if (direction === "send") records.setTx(keys);
        else records.setRx(keys);
      } finally {
        wipeKeys(keys);
      }
    }
    // KtlsSocket keeps to this limit by itself; so do now sendfile(2) and others that know the descriptor. The
    // least that is allowed depends on the version of TLS, so the kernel has to know that before.
    const most = state.peerRecordSizeLimit - 1;
    if (recordsBy === "kernel" && most < MAX_CONTENT) setMaxPayload(fd, most);
    return records;
  } catch (error) {
    records.close();
    throw error;
  }
}

/** The caller's signal and the time that a handshake may take, in one. */
class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #pass = () => this.#controller.abort(this.#caller!.reason);

  /** Starts the time. */
  constructor({ signal, handshakeTimeout = 10_000 }: KtlsOptions) {
    this.#caller = signal;
    if (signal?.aborted) this.#pass();
    signal?.addEventListener("abort", this.#pass);
    const late = () => new DOMException(`no handshake within ${handshakeTimeout} ms`, "TimeoutError");
    this.#timer = setTimeout(() => this.#controller.abort(late()), Math.min(handshakeTimeout, LONGEST_TIMER));
  }

  /** What ends the handshake. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Stops the time. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#caller?.removeEventListener("abort", this.#pass);
  }
}
