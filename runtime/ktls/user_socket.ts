/** Records that we protect, where the kernel cannot. @module */
import { type Bytes, SystemError } from "../posix/mod.ts";
import { Errno } from "./constants.ts";
import type { KtlsKeys } from "./crypto_info.ts";
import { BadRecordError, RekeyNeededError, TruncatedRecordError } from "./errors.ts";
import { HEADER, MAX_BODY, RecordCipher } from "./record_cipher.ts";
import {
  APPLICATION_DATA,
  HANDSHAKE,
  KEY_UPDATE,
  MAX_CONTENT,
  type RecordSocket,
  type TlsRecord,
} from "./record_socket.ts";
import { send, SocketIo, type WaitOptions } from "./socket_io.ts";

/**
 * A connected TCP socket whose records are protected in this process. It acts as `KernelRecordSocket`: keys of another
 * suite are EINVAL; a handshake record that begins with a KeyUpdate stops the reading until `setRx`.
 */
export class UserRecordSocket implements RecordSocket {
  readonly #io: SocketIo;
  #tx: RecordCipher | undefined;
  #rx: RecordCipher | undefined;
  // The record at hand, as far as it has come.
  readonly #record: Bytes = new Uint8Array(HEADER + MAX_BODY);
  #filled = 0;
  // What is left to write of the last record.
  #unsent: Bytes = new Uint8Array();
  #flushing = false;
  #rekey = false;

  /** Takes a descriptor over. */
  constructor(fd: number) {
    this.#io = new SocketIo(fd);
  }

  /** Sends content, in records of 16,384 bytes at most. */
  async send(type: number, bytes: Uint8Array, options: WaitOptions = {}): Promise<number> {
    for (let at = 0; at < bytes.length; at += MAX_CONTENT) {
      if (!(await this.#flush(options))) return this.#takenSoFar(at);
      if (this.#tx === undefined) throw new SystemError("send", Errno.invalid);
      this.#unsent = this.#tx.seal(type, bytes.subarray(at, at + MAX_CONTENT));
    }
    await this.#flush(options);
    return this.#takenSoFar(bytes.length);
  }

  /** What was taken goes out though nobody waits for it any more, as it does from the kernel. */
  #takenSoFar(count: number): number {
    if (this.#unsent.length > 0 && !this.#flushing) {
      this.#flushing = true;
      // What goes wrong here goes wrong with the next call, too.
      this.#flush({}).catch(() => {}).finally(() => this.#flushing = false);
    }
    return count;
  }

  /** Writes what is left of a record; false if the signal ended the wait. */
  async #flush(options: WaitOptions): Promise<boolean> {
    while (this.#unsent.length > 0) {
      const count = await this.#io.write("send", (fd) => {
        const taken = send(fd, this.#unsent);
        if (taken > 0) this.#unsent = this.#unsent.subarray(taken);
        return taken;
      }, options);
      if (count === undefined) return false;
    }
    return true;
  }

  /** The next record. */
  async receive(options: WaitOptions = {}): Promise<TlsRecord | undefined> {
    if (this.#rekey) throw new RekeyNeededError();
    if (!(await this.#fill(HEADER, options))) return undefined;
    const length = this.#record[3]! << 8 | this.#record[4]!;
    if (this.#record[0] !== APPLICATION_DATA) throw new BadRecordError("a record that is not protected", 10);
    if (length > MAX_BODY) throw new BadRecordError(`a record announces ${length} bytes`, 22);
    await this.#fill(HEADER + length, options);
    if (this.#rx === undefined) throw new SystemError("recv", Errno.invalid);
    // A record that does not decrypt stays, and may be read with other keys.
    const record = this.#rx.open(this.#record.subarray(0, HEADER + length));
    this.#filled = 0;
    this.#rekey = record.type === HANDSHAKE && record.bytes[0] === KEY_UPDATE;
    return record;
  }

  /** Reads until that much of the record is here; false if the connection ended before the first byte. */
  async #fill(length: number, options: WaitOptions): Promise<boolean> {
    while (this.#filled < length) {
      const count = await this.#io.receive(this.#record.subarray(this.#filled, length), options);
      if (count === 0 && this.#filled === 0) return false;
      if (count === 0) throw new TruncatedRecordError();
      this.#filled += count;
    }
    return true;
  }

  /** Sets the keys to send with. Throws `SystemError`: EINVAL for another suite than before. */
  setTx(keys: KtlsKeys): void {
    this.#tx = replaced("setTx", this.#tx, keys);
  }

  /** Sets the keys to receive with. Throws as {@linkcode setTx}; a rekey stays pending then. */
  setRx(keys: KtlsKeys): void {
    this.#rx = replaced("setRx", this.#rx, keys);
    this.#rekey = false;
  }

  /** Ends what waits, now and later, with an error. */
  interrupt(error: Error): void {
    this.#io.interrupt(error);
  }

  /** Closes the descriptor and wipes the keys. */
  close(): void {
    this.#io.close();
    this.#tx?.destroy();
    this.#rx?.destroy();
    this.#tx = this.#rx = undefined;
  }
}

function replaced(call: string, old: RecordCipher | undefined, keys: KtlsKeys): RecordCipher {
  if (old !== undefined && old.suite !== keys.suite) throw new SystemError(call, Errno.invalid);
  const cipher = new RecordCipher(keys);
  old?.destroy();
  return cipher;
}
