/** The record layer of a connection: bytes to content and back, with whatever keys are in use (RFC 8446 section 5). @module */
import { refuse } from "./alerts.ts";
import { concat } from "./bytes.ts";
import { ContentType, maxContent, plainRecord, type RecordContent, type RecordProtection } from "./record.ts";
import { type RawRecord, RecordReader } from "./record_reader.ts";

/** Records without content, warnings and change_cipher_spec that a peer may send in a row: as many as BoringSSL bears. */
export const idleLimit = 32;

/** Both directions of a connection's records. */
export class RecordLayer {
  readonly #records = new RecordReader();
  #unsent: Uint8Array[] = [];
  #read: RecordProtection | undefined;
  #write: RecordProtection | undefined;
  #sentChangeCipherSpec = false;
  #peerIsProtected = false;
  #idle = 0;
  /** Most bytes of content, type and padding that the peer takes in a protected record (RFC 8449). */
  peerLimit = 16385;
  /** Most of the same that we take: what we announced, once the peer has answered it. */
  ownLimit = 16385;
  /** The client may send early data, none of which is accepted. */
  refusesEarlyData = false;
  /** The peer's first record under its new keys may be an alert without protection instead. */
  takesPlainAlert = false;

  /** Most bytes of content in a record of ours. */
  get most(): number {
    return this.#write === undefined ? maxContent : Math.min(maxContent, this.peerLimit - 1);
  }

  /** Bytes that the record at hand still lacks. */
  get wanted(): number {
    return this.#records.wanted;
  }

  /** Bytes that wait for the rest of their record. */
  get buffered(): number {
    return this.#records.buffered;
  }

  /** Records that the peer's key may still protect. */
  get readsLeft(): number {
    return this.#read?.recordsLeft ?? Infinity;
  }

  /** Records that our key may still protect. */
  get writesLeft(): number {
    return this.#write?.recordsLeft ?? Infinity;
  }

  /** Reads with other keys from here on; the old ones are wiped. */
  readWith(protection: RecordProtection): void {
    if (protection !== this.#read) this.#read?.destroy();
    this.#read = protection;
  }

  /** Writes with other keys from here on; the old ones are wiped. */
  writeWith(protection: RecordProtection): void {
    if (protection !== this.#write) this.#write?.destroy();
    this.#write = protection;
  }

  /** Queues content as one record, protected if there are keys; `version` is for records without. */
  write(type: number, content: Uint8Array, padding = 0, version?: number): void {
    this.#unsent.push(this.#write?.seal(type, content, padding) ?? plainRecord(type, content, version));
  }

  /** Queues the change_cipher_spec of compatibility mode, once. */
  changeCipherSpec(): void {
    if (this.#sentChangeCipherSpec) return;
    this.#sentChangeCipherSpec = true;
    this.#unsent.push(plainRecord(ContentType.changeCipherSpec, Uint8Array.of(1)));
  }

  /** The records that are queued. */
  takeOutgoing(): Uint8Array {
    const bytes = concat(...this.#unsent);
    this.#unsent = [];
    return bytes;
  }

  /** Takes bytes of the peer. */
  push(bytes: Uint8Array): void {
    this.#records.push(bytes);
  }

  /**
   * The content of the next record, if it is whole. `bearsChangeCipherSpec`: whether that is dropped here, and not
   * refused.
   */
  next(bearsChangeCipherSpec: boolean): RecordContent | undefined {
    for (;;) {
      const record = this.#records.next(this.#read !== undefined);
      if (record === undefined) return undefined;
      if (record.header[0] === ContentType.changeCipherSpec) {
        const { body } = record;
        if (!bearsChangeCipherSpec || body.length !== 1 || body[0] !== 1) {
          refuse("unexpectedMessage", "change_cipher_spec");
        }
        this.countIdle("change_cipher_spec");
      } else {
        const opened = this.#unprotect(record.header[0]!, record);
        if (opened.content.length === 0) this.countIdle("records without content");
        else if (opened.type !== ContentType.alert) this.#idle = 0;
        return opened;
      }
    }
  }

  /** Counts something that moves nothing forward. */
  countIdle(what: string): void {
    if (++this.#idle > idleLimit) refuse("unexpectedMessage", `too many ${what}`);
  }

  #unprotect(type: number, { header, body }: RawRecord): RecordContent {
    if (this.#read === undefined) {
      if (type === ContentType.applicationData) {
        refuse("unexpectedMessage", "a protected record before there are keys");
      }
      return { type, content: body };
    }
    if (type === ContentType.alert && this.takesPlainAlert && !this.#peerIsProtected) {
      return { type, content: body };
    }
    if (type !== ContentType.applicationData) refuse("unexpectedMessage", "a record that is not protected");
    try {
      const opened = this.#read.open(header, body, this.ownLimit);
      this.#peerIsProtected = true;
      return opened;
    } catch (error) {
      if (this.refusesEarlyData && !this.#peerIsProtected) {
        refuse("unexpectedMessage", "early data is not accepted");
      }
      throw error;
    }
  }

  /** Drops what waits to be read. */
  clear(): void {
    this.#records.clear();
  }

  /** Wipes all keys and what waits to be read; what is queued for the peer stays. */
  destroy(): void {
    this.#read?.destroy();
    this.#write?.destroy();
    this.clear();
  }
}
