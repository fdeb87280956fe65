/**
 * Requests on one socket. They may overlap: an answer finds its request by the sequence number. As a rule there is
 * nothing to wait for, since the kernel answers while it takes a request.
 *
 * @module
 */
import { Messages, MessageType } from "../wire/mod.ts";
import { ClosedError, NetlinkTimeoutError } from "./errors.ts";
import { type Acknowledgement, readAcknowledgement } from "./extack.ts";
import { isFor } from "./reply.ts";
import type { Transport } from "./transport.ts";

/** How long to wait for an answer, and what ends the wait before. */
export interface WaitOptions {
  /** Milliseconds. */
  timeout: number;
  /** Ends the wait with its reason. */
  signal?: AbortSignal | undefined;
}

/** What came back for a request. */
export interface Answer<T> {
  /** The replies, in the order in which they came. */
  replies: T[];
  /** The acknowledgement that ended them. */
  acknowledgement: Acknowledgement;
}

/** One of several requests that are sent together. */
export interface Part<T> {
  /** Family and operation, for errors. */
  name: string;
  /** Its sequence number. */
  sequence: number;
  /** Decodes a reply. */
  decode: (messages: Messages) => T;
}

/** A request under way. */
class Call<T> {
  readonly name: string;
  readonly replies: T[] = [];
  acknowledgement: Acknowledgement | undefined;
  error: unknown;
  /** Called when the request is over, if somebody had to wait for that. */
  settled: (() => void) | undefined;
  readonly #decode: (messages: Messages) => T;

  constructor(name: string, decode: (messages: Messages) => T) {
    this.name = name;
    this.#decode = decode;
  }

  get isOver(): boolean {
    return this.acknowledgement !== undefined || this.error !== undefined;
  }

  fail(error: unknown): void {
    this.error = error;
    this.settled?.();
  }

  take(messages: Messages): void {
    try {
      switch (messages.type) {
        case MessageType.noop:
          return;
        case MessageType.done: {
          // Some answers to one request come in several parts; the acknowledgement follows them.
          const { errno, extack } = readAcknowledgement(messages);
          if (errno === 0) return;
          this.acknowledgement = { errno, ...(extack === undefined ? {} : { extack }) };
          break;
        }
        case MessageType.error:
          this.acknowledgement = readAcknowledgement(messages);
          break;
        default:
          this.replies.push(this.#decode(messages));
          return;
      }
    } catch (error) {
      this.error = error;
    }
    this.settled?.();
  }
}

/** One socket for requests that each have one answer. */
export class Channel {
  readonly #transport: Transport;
  readonly #calls = new Map<number, Call<unknown>>();
  #watch: AbortController | undefined;
  #closed = false;

  /** Takes over a socket, which is closed with the channel. */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Sends a request that asks for an acknowledgement, and gives what came back, refusals included. Throws
   * {@linkcode NetlinkTimeoutError}, {@linkcode ClosedError}, the signal's reason, and what the transport throws.
   */
  request<T>(
    name: string,
    bytes: Uint8Array,
    sequence: number,
    decode: (messages: Messages) => T,
    options: WaitOptions,
  ): Answer<T> | Promise<Answer<T>> {
    const call = new Call(name, decode);
    this.#send(name, bytes, new Map([[sequence, call]]));
    return call.isOver ? answerOf(call) : this.#wait(call, sequence, options);
  }

  /** Sends several requests in one datagram, and gives what comes back for each. Throws what sending throws. */
  requests<T>(
    name: string,
    bytes: Uint8Array,
    parts: readonly Part<T>[],
    options: WaitOptions,
  ): Promise<Answer<T>>[] {
    const calls = new Map(parts.map(({ name, sequence, decode }) => [sequence, new Call(name, decode)]));
    this.#send(name, bytes, calls);
    return [...calls].map(async ([sequence, call]) =>
      call.isOver ? answerOf(call) : await this.#wait(call, sequence, options)
    );
  }

  #send(name: string, bytes: Uint8Array, calls: ReadonlyMap<number, Call<unknown>>): void {
    if (this.#closed) throw new ClosedError(name);
    this.#transport.send(bytes);
    for (const [sequence, call] of calls) this.#calls.set(sequence, call);
    this.#receive();
  }

  /** Takes what is there, until every request has its answer. */
  #receive(): void {
    const transport = this.#transport;
    try {
      while (this.#calls.size > 0) {
        const length = transport.receive();
        if (length < 0) return;
        // Any process may send to this socket; only the kernel's word counts.
        if (transport.sender !== 0) continue;
        const messages = new Messages(transport.buffer, length);
        while (messages.next()) {
          const call = isFor(transport.port, messages) ? this.#calls.get(messages.sequence) : undefined;
          call?.take(messages);
          if (call?.isOver) this.#calls.delete(messages.sequence);
        }
      }
    } catch (error) {
      // Lost or damaged as a whole: nobody can tell whose answer it was.
      this.#failAll(() => error);
    }
  }

  async #wait<T>(call: Call<T>, sequence: number, { timeout, signal }: WaitOptions): Promise<Answer<T>> {
    const over = new Promise<void>((resolve) => call.settled = resolve);
    const aborted = () => call.fail(signal?.reason);
    const timer = Number.isFinite(timeout)
      ? setTimeout(() => call.fail(new NetlinkTimeoutError(call.name, timeout)), timeout)
      : undefined;
    signal?.addEventListener("abort", aborted);
    if (signal?.aborted) aborted();
    try {
      this.#startWatching();
      await over;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", aborted);
      this.#calls.delete(sequence);
      if (this.#calls.size === 0) this.#watch?.abort();
    }
    return answerOf(call);
  }

  #startWatching(): void {
    if (this.#watch !== undefined) return;
    const watch = this.#watch = new AbortController();
    const run = async () => {
      while (this.#calls.size > 0 && !watch.signal.aborted) {
        if (await this.#transport.wait(Infinity, watch.signal)) this.#receive();
      }
    };
    run().catch((error) => this.#failAll(() => error)).finally(() => {
      if (this.#watch === watch) this.#watch = undefined;
      // A request may have come between the last look and now.
      if (this.#calls.size > 0) this.#startWatching();
    });
  }

  #failAll(error: (call: Call<unknown>) => unknown): void {
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const call of calls) call.fail(error(call));
  }

  /** Closes the socket; requests under way fail with {@linkcode ClosedError}. */
  close(): void {
    this.#closed = true;
    this.#transport.close();
    this.#failAll((call) => new ClosedError(call.name));
    this.#watch?.abort();
  }
}

function answerOf<T>(call: Call<T>): Answer<T> {
  if (call.acknowledgement === undefined) throw call.error;
  return { replies: call.replies, acknowledgement: call.acknowledgement };
}
