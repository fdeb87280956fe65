/** Records that the kernel protects. @module */
import { type Bytes, MessageHeader, secretBytes, Socket, sockets, SystemError } from "../posix/mod.ts";
import {
  Errno,
  SO_ERROR,
  SOL_SOCKET,
  SOL_TLS,
  TLS_GET_RECORD_TYPE,
  TLS_SET_RECORD_TYPE,
} from "./constants.ts";
import type { KtlsKeys } from "./crypto_info.ts";
import { BadRecordError, RekeyNeededError } from "./errors.ts";
import { attachTls, setRx, setTx } from "./options.ts";
import { APPLICATION_DATA, MAX_CONTENT, type RecordSocket, type TlsRecord } from "./record_socket.ts";
import { SocketIo, type WaitOptions } from "./socket_io.ts";

/** Bytes to receive at a time: the kernel gives the data of several records together. */
const BUFFER = 4 * MAX_CONTENT;

/** A connected TCP socket with kernel TLS on it. Its keys have to be set before anything is sent or received. */
export class KernelRecordSocket implements RecordSocket {
  readonly #io: SocketIo;
  readonly #sending = new MessageHeader();
  readonly #receiving = new MessageHeader();
  // Why nothing more can be read: the kernel says it once and then, for some causes, waits for ever.
  #bad: BadRecordError | undefined;
  // Made when something is to be received.
  #buffer: Bytes | undefined;

  /**
   * Takes a descriptor over, and puts kernel TLS on it unless it is there already (`attached`). Throws as
   * {@linkcode attachTls}; the descriptor is the caller's then.
   */
  constructor(fd: number, options: { attached?: boolean } = {}) {
    if (!options.attached) attachTls(fd);
    this.#io = new SocketIo(fd);
  }

  /** Sends content; handshake messages and alerts of 16,384 bytes at most go out as one record. */
  async send(type: number, bytes: Uint8Array, options: WaitOptions = {}): Promise<number> {
    if (type === APPLICATION_DATA) return await this.#io.sendAll(bytes as Bytes, options);
    let at = 0;
    while (at < bytes.length) {
      const part = bytes.subarray(at) as Bytes;
      const count = await this.#io.write("sendmsg", (fd) => {
        this.#sending.setControl(SOL_TLS, TLS_SET_RECORD_TYPE, type);
        this.#sending.point(part);
        return sockets().sendmsg(fd, this.#sending.bytes, Socket.dontWait | Socket.noSignal);
      }, options);
      if (count === undefined) break;
      at += count;
    }
    return at;
  }

  /** The next record. Asks the socket before it waits, because poll(2) is silent while keys are awaited. */
  async receive(options: WaitOptions = {}): Promise<TlsRecord | undefined> {
    if (this.#bad !== undefined) throw this.#bad;
    const buffer = this.#buffer ??= secretBytes(BUFFER);
    const length = await this.#io.read("recvmsg", (fd) => {
      this.#receiving.point(buffer);
      return sockets().recvmsg(fd, this.#receiving.bytes, Socket.dontWait);
    }, options).catch((error) => this.#explain(error));
    const type = this.#receiving.control(SOL_TLS, TLS_GET_RECORD_TYPE);
    // Data that came in the clear, before keys were set, has no type; neither has the connection's end.
    if (type === undefined && length === 0) return undefined;
    const bytes = secretBytes(length);
    bytes.set(buffer.subarray(0, length));
    buffer.fill(0, 0, length);
    return { type: type ?? APPLICATION_DATA, bytes };
  }

  /** Sets the keys to send with. Throws as {@linkcode setTx}. */
  setTx(keys: KtlsKeys): void {
    setTx(this.#io.fd, keys);
  }

  /** Sets the keys to receive with. Throws as {@linkcode setRx}. */
  setRx(keys: KtlsKeys): void {
    setRx(this.#io.fd, keys);
    this.#bad = undefined;
  }

  /** Ends what waits, now and later, with an error. */
  interrupt(error: Error): void {
    this.#io.interrupt(error);
  }

  /** Closes the descriptor, and with it the kernel forgets the keys. */
  close(): void {
    this.#io.close();
  }

  /** What the errors of recvmsg(2) on a TLS socket mean (the kernel's net/tls/tls_sw.c). */
  #explain(error: unknown): never {
    if (!(error instanceof SystemError)) throw error;
    if (error.errno === Errno.keyExpired) throw new RekeyNeededError();
    const bad = badRecord(error.errno);
    if (bad === undefined) throw error;
    // A record that does not decrypt is an error of the whole socket, which would keep us from telling the peer. It is
    // gone once it is asked for.
    const value = new Int32Array(1);
    sockets().getsockopt(this.#io.fd, SOL_SOCKET, SO_ERROR, value, Uint32Array.of(4));
    throw this.#bad = bad;
  }
}

function badRecord(errno: number): BadRecordError | undefined {
  switch (errno) {
    case Errno.badMessage:
      return new BadRecordError("a record does not decrypt");
    case Errno.messageSize:
      return new BadRecordError("a record is longer than allowed", 22);
    case Errno.invalid:
      return new BadRecordError("what came is no record of TLS", 10);
  }
  return undefined;
}
