/** What comes after the handshake (RFC 8446 section 4.6), read from records that others have opened. @module */
import { AlertDescription, refuse, TlsAlertError } from "./alerts.ts";
import type { TlsEvent } from "./connection.ts";
import { KeyUpdates } from "./key_updates.ts";
import { checkNewSessionTicket, decodeKeyUpdate, HandshakeType } from "./messages.ts";
import type { TlsOptions } from "./options.ts";
import { ContentType } from "./record.ts";
import { idleLimit } from "./record_layer.ts";
import { type HandshakeMessage, MessageReader } from "./record_reader.ts";
import type { Role } from "./state.ts";

/**
 * Reads a message of the peer after the handshake, of which we are `role`: for a KeyUpdate, whether it asks for one in
 * return; undefined for a ticket, which is checked and forgotten.
 */
export function readPostHandshake({ type, body }: HandshakeMessage, role: Role): boolean | undefined {
  if (type === HandshakeType.keyUpdate) return decodeKeyUpdate(body);
  if (type !== HandshakeType.newSessionTicket || role !== "client") {
    refuse("unexpectedMessage", `handshake message ${type} after the handshake`);
  }
  checkNewSessionTicket(body);
  return undefined;
}

/**
 * Follows a connection whose records the kernel protects: takes the content of each record that was received, and says
 * what it means. Keeps the limits that {@linkcode TlsConnection} keeps: 32 KeyUpdates without data, and 32 records
 * without content or warnings in a row; four KeyUpdates of our own a second.
 *
 * The kernel knows a KeyUpdate by the first byte of its record alone, and misses one behind a ticket; this does not.
 *
 * ```ts
 * import { PostHandshake } from "@tynl/tynl/tls";
 *
 * const peer = new PostHandshake("client");
 * const event = peer.receive(22, Uint8Array.of(24, 0, 0, 1, 1));
 * console.assert(event?.type === "keyUpdate" && event.requested && peer.owed);
 * ```
 */
export class PostHandshake {
  readonly #role: Role;
  readonly #messages: MessageReader;
  readonly #updates: KeyUpdates;
  #idle = 0;

  /** `role` is our side; of the options, `maxHandshakeMessage` and `now` count. */
  constructor(role: Role, options: Pick<TlsOptions, "maxHandshakeMessage" | "now"> = {}) {
    this.#role = role;
    this.#messages = new MessageReader(options.maxHandshakeMessage ?? 65536);
    this.#updates = new KeyUpdates(options.now);
  }

  /** Whether the peer waits for a KeyUpdate of ours, which must come before our next data. Cleared by who sends it. */
  get owed(): boolean {
    return this.#updates.owed;
  }

  /** Says whether the peer still waits for a KeyUpdate. */
  set owed(owed: boolean) {
    this.#updates.owed = owed;
  }

  /** Counts a KeyUpdate that our side wants. Throws a {@linkcode TlsStateError} beyond four a second. */
  initiate(): void {
    this.#updates.initiate();
  }

  /**
   * What a record means; undefined if there is nothing to be done about it. After a `keyUpdate` the next record comes
   * under the peer's next key. Application data of several records may be given at once. Throws a
   * {@linkcode TlsAlertError}: the peer's, or the one to send to it.
   */
  receive(type: number, content: Uint8Array): TlsEvent | undefined {
    if (type !== ContentType.handshake && this.#messages.partial) {
      refuse("unexpectedMessage", "a handshake message is interrupted by another record");
    }
    switch (type) {
      case ContentType.handshake:
        return this.#handshake(content);
      case ContentType.alert:
        return this.#alert(content);
      case ContentType.applicationData:
        if (content.length === 0) return this.#countIdle("records without content");
        this.#idle = 0;
        this.#updates.consecutive = 0;
        return { type: "data", data: content };
    }
    refuse("unexpectedMessage", `a record of type ${type}`);
  }

  #handshake(content: Uint8Array): TlsEvent | undefined {
    if (content.length === 0) refuse("unexpectedMessage", "a handshake record without content");
    this.#idle = 0;
    this.#messages.push(content);
    for (;;) {
      const message = this.#messages.next();
      if (message === undefined) return undefined;
      const requested = readPostHandshake(message, this.#role);
      if (requested === undefined) continue;
      if (this.#messages.partial) {
        refuse("unexpectedMessage", "more handshake bytes in a record that ends a key's use");
      }
      this.#updates.received(requested);
      return { type: "keyUpdate", direction: "receive", requested };
    }
  }

  #alert(content: Uint8Array): TlsEvent {
    if (content.length !== 2) refuse("decodeError", `an alert of ${content.length} bytes`);
    const description = content[1]!;
    if (description === AlertDescription.userCanceled) this.#countIdle("warnings");
    else if (description !== AlertDescription.closeNotify) {
      throw new TlsAlertError(description, "after the handshake", { fromPeer: true });
    }
    return { type: "alert", description };
  }

  #countIdle(what: string): undefined {
    if (++this.#idle > idleLimit) refuse("unexpectedMessage", `too many ${what}`);
  }
}
