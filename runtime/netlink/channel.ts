/**
 * Requests on one socket. They may overlap: an answer finds its request by the sequence number. As a rule there is
 * nothing to wait for, since the kernel answers while it takes a request.
 *
 * @module
 */
import { Messages, MessageType } from "../wire/mod.ts";
import { ClosedError, NetlinkTimeoutError, OverrunError, SystemError } from "./errors.ts";
import { type Acknowledgement, readAcknowledgement } from "./extack.ts";
import { isFor } from "./reply.ts";
import type { Transport } from "./transport.ts";
import { Unsolicited } from "./unsolicited.ts";

/** Smallest nlmsg_type of a family; those below are of netlink itself. */
const NLMSG_MIN_TYPE = 0x10;

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
  readonly #views = new Set<Unsolicited>();
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

  /** As {@linkcode Channel.request}, for a request that sleeps in the kernel: sent from another thread. */
  offload<T>(
    name: string,
    bytes: Uint8Array,
    sequence: number,
    decode: (messages: Messages) => T,
    options: WaitOptions,
  ): Promise<Answer<T>> {
    if (this.#closed) throw new ClosedError(name);
    const call = new Call(name, decode);
    this.#calls.set(sequence, call);
    this.#transport.sendOffloaded(bytes).then(() => this.#receive(), (error) => call.fail(error));
    return this.#wait(call, sequence, options);
  }

  /** What comes to this socket and answers no request, from now on. */
  unsolicited(): Unsolicited {
    const view = new Unsolicited(this.#transport.port, (view) => {
      this.#views.delete(view);
      if (this.#isIdle) this.#watch?.abort();
    });
    this.#views.add(view);
    this.#startWatching();
    return view;
  }

  /** Nobody waits for anything. */
  get #isIdle(): boolean {
    return this.#calls.size === 0 && this.#views.size === 0;
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

  /** Takes what is there, until nobody waits for more. */
  #receive(): void {
    const transport = this.#transport;
    let lost = false;
    while (lost || !this.#isIdle) {
      try {
        const length = transport.receive();
        if (length < 0) return;
        // Any process may send to this socket; only the kernel's word counts.
        if (transport.sender === 0) this.#take(new Messages(transport.buffer, length));
      } catch (error) {
        // Lost or damaged as a whole: nobody can tell whose answer it was.
        this.#failEverything(error as Error);
        if (!(error instanceof OverrunError)) return;
        // The kernel drops all that comes until what it kept was taken.
        lost = true;
      }
    }
  }

  /** Gives the messages of a datagram to the requests that they answer. */
  #take(messages: Messages): void {
    while (messages.next()) {
      const call = isFor(this.#transport.port, messages) ? this.#calls.get(messages.sequence) : undefined;
      if (call === undefined) this.#show(messages);
      else call.take(messages);
      if (call?.isOver) this.#calls.delete(messages.sequence);
    }
  }

  #failEverything(error: Error): void {
    this.#failAll(() => error);
    const told = error instanceof SystemError ? error : new OverrunError();
    for (const view of this.#views) view.put(told);
  }

  /** Shows a notification to who wants them; the rest are answers that came too late. */
  #show({ reader, start, end, type, sequence }: Messages): void {
    if (sequence !== 0 || type < NLMSG_MIN_TYPE) return;
    for (const view of this.#views) view.put(reader.bytes.slice(start, end));
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
      if (this.#isIdle) this.#watch?.abort();
    }
    return answerOf(call);
  }

  #startWatching(): void {
    if (this.#watch !== undefined) return;
    const watch = this.#watch = new AbortController();
    const run = async () => {
      while (!this.#isIdle && !watch.signal.aborted) {
        if (await this.#transport.wait(Infinity, watch.signal)) this.#receive();
      }
    };
    run().catch((error) => {
      this.#failEverything(error);
      this.#views.clear();
    }).finally(() => {
      if (this.#watch === watch) this.#watch = undefined;
      // A request may have come between the last look and now.
      if (!this.#isIdle && !this.#closed) this.#startWatching();
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
    for (const view of [...this.#views]) view.close();
    this.#watch?.abort();
  }
}

function answerOf<T>(call: Call<T>): Answer<T> {
  if (call.acknowledgement === undefined) throw call.error;
  return { replies: call.replies, acknowledgement: call.acknowledgement };
}
