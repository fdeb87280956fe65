/** A connection: records in, records out, and everything after the handshake (RFC 8446 sections 4.6, 5 and 6). @module */
import { AlertDescription, refuse, TlsAlertError, TlsStateError, TlsTruncatedError } from "./alerts.ts";
import { concat } from "./bytes.ts";
import type { Handshake, HandshakeIo, Session } from "./handshake.ts";
import { KeyUpdates } from "./key_updates.ts";
import { encodeKeyUpdate } from "./messages.ts";
import { settings, type TlsOptions } from "./options.ts";
import { readPostHandshake } from "./post_handshake.ts";
import { ContentType, type RecordContent } from "./record.ts";
import { RecordLayer } from "./record_layer.ts";
import { type HandshakeMessage, MessageReader } from "./record_reader.ts";
import { type SessionState, trafficOf } from "./state.ts";
import type { Direction, TrafficKeys } from "./traffic.ts";

/**
 * Where a connection stands. `handshaking`: no data yet. `open`: data both ways. `closing`: one side has sent
 * close_notify, the other may still send. `closed`: over, in order or not; the secrets are wiped.
 */
export type ConnectionState = "handshaking" | "open" | "closing" | "closed";

/** Something that happened. */
export type TlsEvent =
  /** The handshake is complete: the peer is authenticated as `session` says. */
  | { readonly type: "open"; readonly session: Session }
  /** The peer sent data. */
  | { readonly type: "data"; readonly data: Uint8Array }
  /** One direction has new keys; `requested`: the peer asked for an update in return (`receive`), or we did (`send`). */
  | { readonly type: "keyUpdate"; readonly direction: Direction; readonly requested: boolean }
  /** The peer sent an alert that does not end the connection by itself: close_notify or user_canceled. */
  | { readonly type: "alert"; readonly description: number };

/** How a KeyUpdate is sent. */
export interface UpdateKeysOptions {
  /** Whether the peer must update its keys too. */
  readonly requestPeer: boolean;
}

/** One TLS 1.3 connection without a socket: see the module documentation of `@tynl/tynl/tls`. */
export class TlsConnection {
  readonly #padding: number;
  readonly #records = new RecordLayer();
  readonly #messages: MessageReader;
  readonly #updates: KeyUpdates;
  #handshake: Handshake | undefined;
  #flight: Uint8Array[] = [];
  #events: TlsEvent[] = [];
  #state: SessionState | undefined;
  #session: Session | undefined;
  #failure: TlsAlertError | TlsTruncatedError | undefined;
  #sentClose = false;
  #receivedClose = false;

  /** Used by createClient, createServer and resumeConnection. */
  constructor(options: TlsOptions, begin: ((io: HandshakeIo) => Handshake) | SessionState) {
    const { recordSizeLimit } = settings(options);
    this.#padding = options.padding ?? 1;
    this.#messages = new MessageReader(options.maxHandshakeMessage ?? 65536);
    this.#updates = new KeyUpdates(options.now);
    if (typeof begin === "function") {
      this.#handshake = begin(this.#io(recordSizeLimit));
      this.#handshake.start();
    } else {
      this.#state = begin;
      this.#records.peerLimit = begin.peerRecordSizeLimit;
      this.#records.ownLimit = recordSizeLimit;
      this.#useTraffic(begin);
    }
  }

  /** Where the connection stands. */
  get state(): ConnectionState {
    if (this.#failure !== undefined || this.#sentClose && this.#receivedClose) return "closed";
    if (this.#sentClose || this.#receivedClose) return "closing";
    return this.#state === undefined ? "handshaking" : "open";
  }

  /** What the handshake agreed on; undefined before that, and for a connection that was resumed from a state. */
  get session(): Session | undefined {
    return this.#session;
  }

  /** Why the connection failed; undefined as long as it has not. */
  get failure(): TlsAlertError | TlsTruncatedError | undefined {
    return this.#failure;
  }

  /**
   * Bytes that the caller may read next, 1 to 16,640: the rest of a record's header, then the rest of its body. Who
   * never reads more has, once {@linkcode state} is `open`, read nothing that comes after the handshake; the rest is
   * for the kernel. 0 once nothing more can come.
   */
  get bytesWanted(): number {
    return this.#failure !== undefined || this.#receivedClose ? 0 : this.#records.wanted;
  }

  /** Bytes received that belong to a record that is not whole yet: 0 whenever the kernel may take over. */
  get bytesBuffered(): number {
    return this.#records.buffered;
  }

  /**
   * Takes bytes of the peer, cut anywhere. What they mean is told by {@linkcode takeEvents}, what is to be answered by
   * {@linkcode takeOutgoing}. Throws a {@linkcode TlsAlertError} when the connection fails: the alert for the peer is
   * then among the outgoing bytes, and events from before the failure are kept. After close_notify all bytes are
   * ignored (RFC 8446 section 6.1).
   */
  receive(bytes: Uint8Array): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#receivedClose) return;
    this.#records.push(bytes);
    try {
      for (;;) {
        const bearsChangeCipherSpec = this.#handshake?.begun === true && !this.#messages.partial;
        const record = this.#receivedClose ? undefined : this.#records.next(bearsChangeCipherSpec);
        if (record === undefined) return;
        this.#record(record);
      }
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /**
   * Tells that the transport has ended. Throws a {@linkcode TlsTruncatedError} unless the peer has sent close_notify.
   */
  receiveEnd(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#receivedClose) return;
    this.#failure = new TlsTruncatedError(
      this.#state === undefined
        ? "the peer went away during the handshake"
        : "the peer went away without close_notify",
    );
    this.#wipe();
    throw this.#failure;
  }

  /** What happened since the last call. */
  takeEvents(): TlsEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** Bytes for the peer since the last call; possibly none. */
  takeOutgoing(): Uint8Array {
    return this.#records.takeOutgoing();
  }

  /**
   * Protects data for the peer, in as many records as it takes. A KeyUpdate goes first where the peer has asked for
   * one or the key is used up (RFC 8446 section 5.5). Throws a {@linkcode TlsStateError} unless we may send.
   */
  send(data: Uint8Array): void {
    this.#mayWrite("send data");
    if (this.#updates.owed && data.length > 0) this.#keyUpdate(false);
    const { most } = this.#records;
    for (let at = 0; at < data.length; at += most) {
      // One record is kept for the KeyUpdate itself and one for an alert.
      if (this.#records.writesLeft <= 2) this.#keyUpdate(false);
      const content = data.subarray(at, at + most);
      const padded = Math.ceil(content.length / this.#padding) * this.#padding;
      this.#records.write(ContentType.applicationData, content, Math.min(padded, most) - content.length);
    }
  }

  /**
   * Sends a KeyUpdate and goes on with new keys; with `requestPeer` the peer must do the same before its next data.
   * Throws a {@linkcode TlsStateError} unless we may send, and beyond four a second: peers count (GnuTLS ends a
   * connection at the ninth within a second).
   */
  updateKeys({ requestPeer }: UpdateKeysOptions): void {
    this.#mayWrite("update keys");
    this.#updates.initiate();
    // A request of ours could count as the answer, but GnuTLS ends the connection over one where it waits for that.
    if (this.#updates.owed && requestPeer) this.#keyUpdate(false);
    this.#keyUpdate(requestPeer);
  }

  /**
   * Sends close_notify. The peer may still send until it does the same. During the handshake it gives up: user_canceled
   * comes first, and the connection is closed.
   */
  close(): void {
    if (this.#sentClose || this.#failure !== undefined) return;
    if (this.#state === undefined) {
      this.#alert(AlertDescription.userCanceled);
      this.#receivedClose = true;
    }
    this.#alert(AlertDescription.closeNotify);
    this.#sentClose = true;
    if (this.#receivedClose) this.#wipe();
    else if (this.#state !== undefined) trafficOf(this.#state).send.destroy();
  }

  /** Keys of one direction in the form of the kernel's crypto_info. Throws a {@linkcode TlsStateError} unless open. */
  trafficKeys(direction: Direction): TrafficKeys {
    return this.#open("give traffic keys").trafficKeys(direction);
  }

  /**
   * The state as bytes, for importState. That the peer waits for a KeyUpdate is not part of it: send data or update
   * keys before. Throws a {@linkcode TlsStateError} unless open.
   */
  exportState(): Uint8Array {
    return this.#open("export its state").export();
  }

  /** Wipes all secrets and closes without a word to the peer: for connections that the kernel has taken over. */
  destroy(): void {
    if (this.state === "closed") return;
    this.#sentClose = this.#receivedClose = true;
    this.#wipe();
  }

  #open(what: string): SessionState {
    if (this.state !== "open") throw new TlsStateError(`a connection that is ${this.state} cannot ${what}`);
    return this.#state!;
  }

  #mayWrite(what: string): void {
    if (this.#failure !== undefined || this.#sentClose || this.#state === undefined) {
      throw new TlsStateError(`a connection that is ${this.state} cannot ${what}`);
    }
  }

  #io(recordSizeLimit: number): HandshakeIo {
    return {
      send: (message) => void this.#flight.push(message),
      flush: (version) => this.#flush(version),
      changeCipherSpec: () => this.#records.changeCipherSpec(),
      endOfRecord: () => this.#atBoundary(),
      readWith: (protection) => {
        this.#atBoundary();
        this.#records.readWith(protection);
      },
      writeWith: (protection) => this.#records.writeWith(protection),
      limitRecords: (limit) => {
        this.#records.peerLimit = limit;
        this.#records.ownLimit = recordSizeLimit;
      },
      refuseEarlyData: () => this.#records.refusesEarlyData = true,
      takePlainAlert: () => this.#records.takesPlainAlert = true,
      complete: (session, state) => {
        this.#session = session;
        this.#state = state;
        this.#handshake?.destroy();
        this.#handshake = undefined;
        this.#events.push({ type: "open", session });
      },
    };
  }

  #useTraffic(state: SessionState): void {
    const { receive, send } = trafficOf(state);
    this.#records.readWith(receive.protection);
    this.#records.writeWith(send.protection);
  }

  #flush(version?: number): void {
    const flight = concat(...this.#flight);
    this.#flight = [];
    const { most } = this.#records;
    for (let at = 0; at < flight.length; at += most) {
      this.#records.write(ContentType.handshake, flight.subarray(at, at + most), 0, version);
    }
  }

  #alert(description: number): void {
    const level =
      description === AlertDescription.closeNotify || description === AlertDescription.userCanceled ? 1 : 2;
    this.#records.write(ContentType.alert, Uint8Array.of(level, description));
  }

  #keyUpdate(requestPeer: boolean): void {
    this.#records.write(ContentType.handshake, encodeKeyUpdate(requestPeer));
    this.#state!.advance("send");
    this.#useTraffic(this.#state!);
    this.#updates.owed = false;
    this.#events.push({ type: "keyUpdate", direction: "send", requested: requestPeer });
  }

  /** Ends the connection over an error; what is no alert yet becomes internal_error. */
  #fail(error: unknown): TlsAlertError {
    const failure = error instanceof TlsAlertError
      ? error
      : new TlsAlertError(AlertDescription.internalError, "a fault of our own", { cause: error });
    this.#flight = [];
    if (!failure.fromPeer && !this.#sentClose) this.#alert(failure.alert);
    this.#failure = failure;
    this.#wipe();
    return failure;
  }

  #wipe(): void {
    this.#records.destroy();
    this.#state?.destroy();
    this.#handshake?.destroy();
    this.#handshake = undefined;
    this.#messages.clear();
  }

  /** Keys change only between records (RFC 8446 section 5.1). */
  #atBoundary(): void {
    if (this.#messages.partial) {
      refuse("unexpectedMessage", "more handshake bytes in a record that ends a key's use");
    }
  }

  #record({ type, content }: RecordContent): void {
    if (type !== ContentType.handshake && this.#messages.partial) {
      refuse("unexpectedMessage", "a handshake message is interrupted by another record");
    }
    switch (type) {
      case ContentType.handshake:
        return this.#handshakeRecord(content);
      case ContentType.alert:
        return this.#alertRecord(content);
      case ContentType.applicationData:
        return this.#dataRecord(content);
    }
    refuse("unexpectedMessage", `a record of type ${type}`);
  }

  #handshakeRecord(content: Uint8Array): void {
    if (content.length === 0) refuse("unexpectedMessage", "a handshake record without content");
    this.#messages.push(content);
    for (;;) {
      const message = this.#messages.next();
      if (message === undefined) return;
      if (this.#handshake !== undefined) this.#handshake.receive(message);
      else this.#postHandshake(message);
    }
  }

  #postHandshake(message: HandshakeMessage): void {
    const requested = readPostHandshake(message, this.#state!.role);
    if (requested === undefined) return;
    this.#atBoundary();
    this.#updates.received(requested);
    this.#state!.advance("receive");
    this.#useTraffic(this.#state!);
    this.#events.push({ type: "keyUpdate", direction: "receive", requested });
  }

  #alertRecord(content: Uint8Array): void {
    if (content.length !== 2) refuse("decodeError", `an alert of ${content.length} bytes`);
    const description = content[1]!;
    if (description === AlertDescription.userCanceled) {
      this.#records.countIdle("warnings");
      this.#events.push({ type: "alert", description });
    } else if (description === AlertDescription.closeNotify && this.#state !== undefined) {
      this.#receivedClose = true;
      this.#records.clear();
      this.#events.push({ type: "alert", description });
      if (this.#sentClose) this.#wipe();
      else trafficOf(this.#state).receive.destroy();
    } else {
      const when = this.#state === undefined ? "during the handshake" : "after the handshake";
      throw new TlsAlertError(description, when, { fromPeer: true });
    }
  }

  #dataRecord(content: Uint8Array): void {
    if (this.#state === undefined) refuse("unexpectedMessage", "data before Finished");
    if (content.length === 0) return;
    this.#updates.consecutive = 0;
    this.#events.push({ type: "data", data: content.slice() });
    this.#askForUpdate();
  }

  /** The peer has used its key as long as it is safe: asks for another one, once for each key. */
  #askForUpdate(): void {
    if (this.#records.readsLeft > 0 || this.#sentClose) return;
    const generation = this.#state!.generation("receive");
    if (this.#updates.askedIn === generation) return;
    this.#updates.askedIn = generation;
    this.#keyUpdate(true);
  }
}
