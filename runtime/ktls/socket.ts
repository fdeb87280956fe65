/** A TLS connection whose records the kernel protects, KeyUpdates included. @module */
import { nextTurn, turnIsOver } from "../posix/mod.ts";
import {
  AlertDescription,
  type Direction,
  PostHandshake,
  type Session,
  type SessionState,
  TlsAlertError,
  type TlsOptions,
  TlsStateError,
  TlsTruncatedError,
  type UpdateKeysOptions,
} from "../tls/mod.ts";
import { BadRecordError, KtlsUnsupportedError, RekeyNeededError, TruncatedRecordError } from "./errors.ts";
import { Lock } from "./lock.ts";
import { noRekey } from "./options.ts";
import { ALERT, APPLICATION_DATA, MAX_CONTENT, type RecordSocket, type TlsRecord } from "./record_socket.ts";
import { installNextKeys, RekeyError, sendKeyUpdate } from "./rekey.ts";
import { SocketClosedError, type WaitOptions } from "./socket_io.ts";

/** Who protects the records. */
export type RecordsBy = "kernel" | "user";

/** An open connection, as a handshake leaves it. */
export interface OpenConnection {
  /** Its records, keys set. Taken over. */
  readonly records: RecordSocket;
  /** Who protects them. */
  readonly recordsBy: RecordsBy;
  /** What the handshake agreed on. */
  readonly session: Session;
  /** Its traffic secrets. Taken over. */
  readonly state: SessionState;
  /** Whether keys can be changed. */
  readonly canRekey: boolean;
  /** Records to send with one key at most; what the suite allows by default. */
  readonly recordsPerKey?: number | undefined;
  /** Limits of what the peer may send. */
  readonly tls?: Pick<TlsOptions, "maxHandshakeMessage" | "now">;
}

/** How a connection is closed. */
export interface CloseOptions extends WaitOptions {
  /** Milliseconds to wait for the peer's end: 2,000 by default. */
  readonly linger?: number;
}

/** Most milliseconds that a timer takes. */
export const LONGEST_TIMER: number = 2 ** 31 - 1;

/** Records that are kept for the KeyUpdate itself and for an alert. */
const SPARE_RECORDS = 2;

/**
 * A TLS connection. Made by `connectKtls` and `acceptKtls`; close it in any case, also after an error.
 *
 * KeyUpdates need no care: the peer's are followed while receiving, and answered before the next data; our own go out
 * before a key has protected more records than its suite allows. Sending and receiving may go on at once; several
 * sends, and several receives, are done one after the other.
 *
 * Errors end the connection, unless it says otherwise: `TlsAlertError` for an alert of the peer's, or for a fault of
 * the peer's that it is told by an alert; `TlsTruncatedError` if the peer goes without close_notify; `SystemError`.
 */
export class KtlsSocket implements AsyncDisposable {
  /** What the handshake agreed on: suite, the peer's certificates or PSK, application protocol. */
  readonly session: Session;
  /** Who protects the records. */
  readonly recordsBy: RecordsBy;
  readonly #records: RecordSocket;
  readonly #state: SessionState;
  readonly #canRekey: boolean;
  readonly #recordsPerKey: number;
  readonly #most: number;
  readonly #peer: PostHandshake;
  readonly #sending = new Lock();
  readonly #receiving = new Lock();
  #recordsSent = 0;
  #sentClose = false;
  #receivedClose = false;
  /** Why nothing more can be sent, though receiving goes on. */
  #sendFailure: Error | undefined;
  #failure: unknown;
  #closed = false;
  #closing: Promise<void> | undefined;

  /** Takes an open connection over, at the start of its keys. */
  constructor({ records, recordsBy, session, state, canRekey, recordsPerKey, tls }: OpenConnection) {
    this.#records = records;
    this.recordsBy = recordsBy;
    this.session = session;
    this.#state = state;
    this.#canRekey = canRekey;
    this.#recordsPerKey = Math.min(recordsPerKey ?? Infinity, state.recordLimit);
    // record_size_limit counts the type, which is no content (RFC 8449 section 4).
    this.#most = Math.min(MAX_CONTENT, state.peerRecordSizeLimit - 1);
    this.#peer = new PostHandshake(state.role, tls);
  }

  /** How many KeyUpdates one direction has had. */
  generation(direction: Direction): number {
    return this.#state.generation(direction);
  }

  /**
   * Sends data, which must not be changed meanwhile; resolves when it is on its way. Throws the signal's reason when
   * that is aborted: the connection goes on if nothing of the data was sent yet; else nothing more can be sent, not
   * even close_notify, so that the peer cannot take a part for the whole. Throws `TlsStateError` after
   * {@linkcode KtlsSocket.closeWrite}, {@linkcode KtlsUnsupportedError} if the key is used up and the kernel has keys
   * for good; and what ended the connection.
   */
  async send(data: Uint8Array, options: WaitOptions = {}): Promise<void> {
    await this.#alone(options, async () => {
      this.#mayWrite();
      let sent = 0;
      while (sent < data.length) {
        if (turnIsOver()) await nextTurn();
        this.#mayWrite();
        const part = data.subarray(sent, sent + this.#most);
        const ready = await this.#freshKey(options);
        const taken = ready ? await this.#write(APPLICATION_DATA, part, options) : 0;
        sent += taken;
        if (taken === part.length) continue;
        if (sent > 0) this.#sendFailure = new TlsStateError("a send was given up half way");
        throw options.signal!.reason;
      }
    });
  }

  /**
   * The next data of the peer; undefined when it has sent close_notify, each time. The signal ends the wait, and no
   * data is lost. Throws what ended the connection.
   */
  async receive(options: WaitOptions = {}): Promise<Uint8Array | undefined> {
    await this.#receiving.acquire(options);
    try {
      for (;;) {
        if (turnIsOver()) await nextTurn();
        options.signal?.throwIfAborted();
        this.#check();
        if (this.#receivedClose) return undefined;
        const data = this.#take(await this.#records.receive(options));
        if (data !== undefined) return data;
      }
    } catch (error) {
      if (options.signal?.aborted && error === options.signal.reason) throw error;
      throw this.#fail(error);
    } finally {
      this.#receiving.release();
    }
  }

  /** The peer's data until it closes. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (let data; (data = await this.receive()) !== undefined;) yield data;
  }

  /**
   * Sends a KeyUpdate and goes on with new keys; with `requestPeer` the peer must do the same before its next data.
   * Throws `TlsStateError` beyond four a second, {@linkcode KtlsUnsupportedError} if the kernel has keys for good; both
   * leave the connection as it was, as does the signal's reason.
   */
  async updateKeys({ requestPeer, ...options }: UpdateKeysOptions & WaitOptions): Promise<void> {
    await this.#alone(options, async () => {
      this.#mayWrite();
      if (!this.#canRekey) throw noRekey();
      this.#peer.initiate();
      // Some peers want an answer that asks for nothing before a request of ours.
      const answered = !(this.#peer.owed && requestPeer) || await this.#update(false, options);
      if (!answered || !(await this.#update(requestPeer, options))) throw options.signal!.reason;
    });
  }

  /**
   * Sends close_notify: nothing more will be sent. The peer's data can still be received. Throws the signal's reason,
   * and what has ended the connection.
   */
  async closeWrite(options: WaitOptions = {}): Promise<void> {
    await this.#alone(options, async () => {
      if (this.#sentClose) return;
      this.#mayWrite();
      const alert = Uint8Array.of(1, AlertDescription.closeNotify);
      if (await this.#write(ALERT, alert, options) === 0) throw options.signal!.reason;
      this.#sentClose = true;
    });
  }

  /**
   * Closes the connection in order: what is being sent, close_notify, then the peer's end, whose data is dropped; so
   * that what we have sent arrives. After `linger`, or when the signal is aborted, it is closed as it is. Never throws.
   */
  close(options: CloseOptions = {}): Promise<void> {
    return this.#closing ??= this.#close(options);
  }

  async #close({ signal, linger = 2000 }: CloseOptions): Promise<void> {
    let patient = true;
    const stop = () => {
      patient = false;
      this.#records.interrupt(new SocketClosedError());
    };
    const timer = setTimeout(stop, Math.min(linger, LONGEST_TIMER));
    signal?.addEventListener("abort", stop);
    if (signal?.aborted) stop();
    try {
      await this.closeWrite();
      while (patient && (await this.receive()) !== undefined);
    } catch {
      // Whoever sends or receives is told; this is the end in any case.
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
      this.destroy();
    }
  }

  /** The same as {@linkcode KtlsSocket.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Closes the connection without a word, wipes its secrets, and ends what waits with `SocketClosedError`. */
  destroy(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#records.close();
    this.#state.destroy();
  }

  /** Does something that sends while nobody else does. An error of the socket ends the sending. */
  async #alone(options: WaitOptions, work: () => Promise<void>): Promise<void> {
    await this.#sending.acquire(options);
    try {
      await work();
    } catch (error) {
      throw error instanceof RekeyError ? this.#fail(error) : error;
    } finally {
      this.#sending.release();
    }
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closed) throw new SocketClosedError();
  }

  #mayWrite(): void {
    this.#check();
    if (this.#sendFailure !== undefined) throw this.#sendFailure;
    if (this.#sentClose) throw new TlsStateError("a connection that has sent close_notify cannot send");
  }

  /** Sends content that fits a record: how much was taken. Why a peer is gone may still be there to be received. */
  async #write(type: number, content: Uint8Array, options: WaitOptions): Promise<number> {
    try {
      const taken = await this.#records.send(type, content, options);
      if (taken > 0) this.#recordsSent++;
      return taken;
    } catch (error) {
      this.#check();
      if (error instanceof Error) this.#sendFailure = error;
      throw error;
    }
  }

  /** A KeyUpdate, if one is due; false if the signal was aborted before. */
  async #freshKey(options: WaitOptions): Promise<boolean> {
    const due = this.#peer.owed || this.#recordsSent >= this.#recordsPerKey - SPARE_RECORDS;
    return !due || await this.#update(false, options);
  }

  /** Sends a KeyUpdate and changes the key; false if the signal was aborted before. */
  async #update(requestPeer: boolean, options: WaitOptions): Promise<boolean> {
    if (!this.#canRekey) throw noRekey();
    const { owed } = this.#peer;
    // A request that comes while this one waits for room is another one.
    this.#peer.owed = false;
    const socket = {
      send: (type: number, bytes: Uint8Array) => this.#write(type, bytes, options),
      // The secrets are gone if the connection has failed meanwhile.
      setTx: (keys: Parameters<RecordSocket["setTx"]>[0]) => (this.#check(), this.#records.setTx(keys)),
    };
    const updated = await sendKeyUpdate(socket, this.#state, requestPeer, options);
    if (updated) this.#recordsSent = 0;
    else this.#peer.owed ||= owed;
    return updated;
  }

  /** What a record means: data, or nothing more to be done. */
  #take(record: TlsRecord | undefined): Uint8Array | undefined {
    if (record === undefined) throw new TlsTruncatedError("the peer went away without close_notify");
    const event = this.#peer.receive(record.type, record.bytes);
    switch (event?.type) {
      case "data":
        return event.data;
      case "keyUpdate":
        installNextKeys(this.#state, "receive", (keys) => this.#records.setRx(keys));
        return undefined;
      case "alert":
        this.#receivedClose ||= event.description === AlertDescription.closeNotify;
    }
    return undefined;
  }

  /** Ends the connection over an error, the first one: the peer is told, what waits ends, the secrets are wiped. */
  #fail(error: unknown): unknown {
    if (this.#failure !== undefined) return this.#failure;
    if (this.#closed) return new SocketClosedError();
    const failure = this.#failure = explain(error);
    this.#records.interrupt(failure);
    const alert = alertFor(failure);
    if (alert !== undefined && !this.#sentClose) {
      // Said without waiting: a peer that does not read need not be told.
      this.#records.send(ALERT, Uint8Array.of(2, alert)).catch(() => {});
    }
    this.#state.destroy();
    return failure;
  }
}

/** The errors of a TLS connection for those of its records. */
function explain(error: unknown): Error {
  if (error instanceof BadRecordError) {
    return new TlsAlertError(error.alert, error.message, { cause: error });
  }
  if (error instanceof RekeyNeededError) {
    return new TlsAlertError(AlertDescription.unexpectedMessage, "a KeyUpdate in more than one record");
  }
  if (error instanceof TruncatedRecordError) return new TlsTruncatedError(error.message, { cause: error });
  return error instanceof Error ? error : new Error("the connection failed", { cause: error });
}

/** The alert that tells the peer, if one does. */
function alertFor(failure: Error): number | undefined {
  if (failure instanceof TlsAlertError) return failure.fromPeer ? undefined : failure.alert;
  return failure instanceof KtlsUnsupportedError ? AlertDescription.internalError : undefined;
}
