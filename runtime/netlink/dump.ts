/** Dumps: one request, a list as answer, read while the kernel makes it. @module */
import { MessageFlags, Messages, MessageType } from "../wire/mod.ts";
import type { WaitOptions } from "./channel.ts";
import { ClosedError, DumpInterruptedError, NetlinkTimeoutError, OverrunError } from "./errors.ts";
import { type Acknowledgement, readAcknowledgement } from "./extack.ts";
import { isFor } from "./reply.ts";
import type { Transport } from "./transport.ts";
import { nextTurn, turnIsOver } from "./turn.ts";

/** How {@linkcode Dump.all} reads. */
export interface AllOptions {
  /** How often to ask again if the list changed while it was read; 3 unless set. */
  retries?: number;
}

/**
 * A list that the kernel gives in parts. Asked for when it is read, and anew each time.
 *
 * Iterating streams it: at most one part is held, about 32 KiB of messages, and the kernel makes the next when it is
 * asked for. Leaving the loop early ends the dump. If what is listed changed meanwhile, the iteration ends with
 * {@linkcode DumpInterruptedError}, after everything was given.
 *
 * Either way of reading throws `NetlinkError` if the kernel refuses, before or half-way through.
 */
export interface Dump<T> extends AsyncIterable<T> {
  /** Reads item by item. */
  [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined, undefined>;
  /**
   * Reads everything. Asks again if the list changed while it was read, and throws {@linkcode DumpInterruptedError}
   * with what the last try gave if it never stood still.
   */
  all(options?: AllOptions): Promise<T[]>;
}

/** What a dump needs of its client. */
export interface DumpSource<T> {
  /** Family and operation, for errors. */
  readonly name: string;
  /** How long to wait for each part. */
  readonly wait: WaitOptions;
  /** Gives a socket of the dump's own, as the kernel makes one dump per socket at a time. */
  acquire(): Transport;
  /** Takes the socket back; `idle` if nothing more will come on it. */
  release(transport: Transport, idle: boolean): void;
  /** Whether the client was closed. */
  isClosed(): boolean;
  /** Sends the request and returns its sequence number. */
  send(transport: Transport): number;
  /** Decodes the reply that a cursor is at. */
  decode(messages: Messages): T;
  /** Handles the acknowledgement at the end: throws for a refusal, reports a warning. */
  conclude(acknowledgement: Acknowledgement): Promise<void>;
}

/** One reading of a dump. */
class Run<T> {
  /** What is listed changed while it was read. */
  interrupted = false;
  readonly #source: DumpSource<T>;
  #transport: Transport | undefined;
  #sequence = 0;
  #begun = false;
  #acknowledgement: Acknowledgement | undefined;

  constructor(source: DumpSource<T>) {
    this.#source = source;
  }

  /** Reads the next part into `items`; false if there was none. */
  async next(items: T[]): Promise<boolean> {
    const { name, wait } = this.#source;
    try {
      if (turnIsOver()) await nextTurn();
      wait.signal?.throwIfAborted();
      if (!this.#begun) this.#begin();
      for (;;) {
        if (this.#acknowledgement !== undefined) {
          this.close();
          await this.#source.conclude(this.#acknowledgement);
          return false;
        }
        if (this.#source.isClosed() || this.#transport === undefined) throw new ClosedError(name);
        const length = this.#transport.receive();
        if (length >= 0) {
          const before = items.length;
          this.#read(this.#transport, length, items);
          if (items.length > before) return true;
        } else if (!await this.#transport.wait(wait.timeout, wait.signal)) {
          wait.signal?.throwIfAborted();
          if (!this.#source.isClosed()) throw new NetlinkTimeoutError(name, wait.timeout);
        }
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #begin(): void {
    if (this.#source.isClosed()) throw new ClosedError(this.#source.name);
    this.#begun = true;
    this.#transport = this.#source.acquire();
    this.#sequence = this.#source.send(this.#transport);
  }

  #read(transport: Transport, length: number, items: T[]): void {
    // Any process may send to this socket; only the kernel's word counts.
    if (transport.sender !== 0) return;
    const messages = new Messages(transport.buffer, length);
    while (messages.next()) {
      if (messages.sequence !== this.#sequence || !isFor(transport.port, messages)) continue;
      if (messages.flags & MessageFlags.dumpInterrupted) this.interrupted = true;
      switch (messages.type) {
        case MessageType.noop:
          break;
        case MessageType.overrun:
          throw new OverrunError();
        case MessageType.error:
        case MessageType.done:
          this.#acknowledgement = readAcknowledgement(messages);
          return;
        default:
          items.push(this.#source.decode(messages));
      }
    }
  }

  /** Gives the socket back; the kernel stops a dump when its socket is closed. */
  close(): void {
    this.#begun = true;
    if (this.#transport === undefined) return;
    this.#source.release(this.#transport, this.#acknowledgement !== undefined);
    this.#transport = undefined;
  }
}

/** Hands out the items of a run one by one. */
class Items<T> implements AsyncIterableIterator<T, undefined, undefined> {
  readonly #run: Run<T>;
  readonly #name: string;
  #items: T[] = [];
  #index = 0;
  #ended = false;
  #filling: Promise<void> | undefined;

  constructor(run: Run<T>, name: string) {
    this.#run = run;
    this.#name = name;
  }

  // No async function: most items are there already, and this is what an item costs.
  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#filling === undefined) {
      if (this.#index < this.#items.length) {
        return Promise.resolve({ value: this.#items[this.#index++]!, done: false });
      }
      if (this.#ended) return Promise.resolve({ value: undefined, done: true });
      this.#filling = this.#fill().finally(() => this.#filling = undefined);
    }
    return this.#filling.then(() => this.next());
  }

  async #fill(): Promise<void> {
    this.#items = [];
    this.#index = 0;
    try {
      if (await this.#run.next(this.#items)) return;
      this.#ended = true;
    } catch (error) {
      this.#ended = true;
      this.#items = [];
      throw error;
    }
    if (this.#run.interrupted) throw new DumpInterruptedError<T>(this.#name, 1, []);
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#ended = true;
    this.#items = [];
    this.#run.close();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** Makes a dump of a source. */
export function dumpOf<T>(source: DumpSource<T>): Dump<T> {
  return {
    [Symbol.asyncIterator]: () => new Items(new Run(source), source.name),
    async all({ retries = 3 } = {}) {
      for (let tries = 1;; tries++) {
        const run = new Run(source);
        const items: T[] = [];
        while (await run.next(items));
        if (!run.interrupted) return items;
        if (tries > retries) throw new DumpInterruptedError(source.name, tries, items);
      }
    },
  };
}
