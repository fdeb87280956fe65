/** Subscriptions: the events of multicast groups, on a socket of their own. @module */
import { Messages } from "../wire/mod.ts";
import { GroupNotFoundError, OverrunError, SystemError, TruncatedError } from "./errors.ts";
import { type AnyEvent, type EventFormats, eventFormats, readEvents } from "./events.ts";
import type { ResolvedFamily } from "./reply.ts";
import type { Incoming, Transport } from "./transport.ts";
import { nextTurn, turnIsOver } from "./turn.ts";

/** How to subscribe. */
export interface SubscribeOptions {
  /** Ends the stream, with the signal's reason as error. */
  signal?: AbortSignal;
  /**
   * Hear of all network namespaces that have an id in this one (NETLINK_LISTEN_ALL_NSID), and which one each event
   * comes from. Needs CAP_NET_BROADCAST.
   */
  allNsid?: boolean;
  /**
   * Bytes that the kernel may keep for messages that were not read yet (SO_RCVBUF; 212,992 unless the system says
   * otherwise). What does not fit is lost, and told by an `overrun` event. The kernel counts its own overhead too,
   * some hundred bytes for each message. Above net.core.rmem_max it needs CAP_NET_ADMIN, else that much is given.
   */
  receiveBuffer?: number;
}

/**
 * A stream of events. The groups are joined when it is made, not when it is read: what happens from then on is kept by
 * the kernel. So to follow a state, first subscribe, then dump the state, then read the events; and after an
 * `overrun`, dump again.
 *
 * Leaving a loop over it, {@linkcode Subscription.close}, and closing the client end it and close its socket.
 *
 * @example The links of this machine, and what becomes of them
 * ```ts ignore
 * import { open } from "@tynl/tynl";
 * import { rtLink } from "@tynl/tynl/rt-link";
 *
 * await using rt = await open(rtLink);
 * await using events = rt.subscribe("rtnlgrp-link");
 * const names = new Map<number, string | undefined>();
 * const read = async () => {
 *   names.clear();
 *   for (const link of await rt.getlink.dump().all()) names.set(link.header.ifiIndex, link.ifname);
 * };
 * await read();
 * for await (const event of events) {
 *   if (event.name === "newlink-ntf") names.set(event.message.header.ifiIndex, event.message.ifname);
 *   else if (event.name === "dellink") names.delete(event.message.header.ifiIndex);
 *   else if (event.name === "overrun") await read();
 * }
 * ```
 */
export interface Subscription<T>
  extends AsyncIterableIterator<T, undefined, undefined>, Disposable, AsyncDisposable {
  /** Port id of its socket, for families that send to a port, such as upcalls of ovs_packet. */
  readonly port: number;
  /** The next event. Calls may overlap; each gets its own. Throws the signal's reason, and `SystemError`. */
  next(): Promise<IteratorResult<T, undefined>>;
  /** Ends the stream. */
  return(): Promise<IteratorResult<T, undefined>>;
  /** Ends the stream. Harmless if done twice. */
  close(): void;
  /** Gives the stream itself. */
  [Symbol.asyncIterator](): Subscription<T>;
}

/** Number of a group, by name. Throws {@linkcode GroupNotFoundError}. */
function numberOf(group: string | number, resolved: ResolvedFamily): number {
  const number = typeof group === "number" ? group : resolved.groups.get(group);
  // 0 is no group, and the kernel takes it for the end of the list.
  if (number === undefined || !Number.isInteger(number) || number < 1) {
    throw new GroupNotFoundError(resolved.family.name, group, [...resolved.groups.keys()]);
  }
  return number;
}

/** Joins groups on a socket of its own, which `connect` gives. */
export function subscribeTo(
  groups: readonly (string | number)[],
  resolved: ResolvedFamily,
  connect: () => Transport,
  signal: AbortSignal | undefined,
  closed: (subscription: Subscription<AnyEvent>) => void,
): Subscription<AnyEvent> {
  const numbers = groups.map((group) => numberOf(group, resolved));
  signal?.throwIfAborted();
  const transport = connect();
  try {
    for (const number of numbers) join(transport, number, groups, resolved);
  } catch (error) {
    transport.close();
    throw error;
  }
  return new Stream(transport, resolved, signal, closed);
}

const EINVAL = 22;

function join(
  transport: Transport,
  number: number,
  groups: readonly (string | number)[],
  resolved: ResolvedFamily,
): void {
  try {
    transport.join(number);
  } catch (error) {
    // The protocol has fewer groups than that.
    if (!(error instanceof SystemError) || error.errno !== EINVAL) throw error;
    const group = groups.find((group) => numberOf(group, resolved) === number) ?? number;
    throw new GroupNotFoundError(resolved.family.name, group, [...resolved.groups.keys()], { cause: error });
  }
}

/** Events of what comes in on a socket, which belongs to the stream. */
export class Stream implements Subscription<AnyEvent> {
  readonly port: number;
  readonly #transport: Incoming;
  readonly #resolved: ResolvedFamily;
  readonly #formats: EventFormats;
  readonly #signal: AbortSignal | undefined;
  readonly #closed: (subscription: Subscription<AnyEvent>) => void;
  readonly #aborted = () => this.close();
  #events: AnyEvent[] = [];
  #index = 0;
  #ended = false;
  /** Messages were lost, which is told once those before them were given. */
  #lost = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    transport: Incoming,
    resolved: ResolvedFamily,
    signal: AbortSignal | undefined,
    closed: (subscription: Subscription<AnyEvent>) => void,
  ) {
    this.port = transport.port;
    this.#transport = transport;
    this.#resolved = resolved;
    this.#formats = eventFormats(resolved);
    this.#signal = signal;
    this.#closed = closed;
    signal?.addEventListener("abort", this.#aborted);
  }

  next(): Promise<IteratorResult<AnyEvent, undefined>> {
    // One after the other, so that reads that overlap get their events in order.
    const next = this.#last.then(() => this.#next());
    this.#last = next.catch(() => {});
    return next;
  }

  async #next(): Promise<IteratorResult<AnyEvent, undefined>> {
    if (this.#index === this.#events.length && !this.#ended) await this.#fill();
    this.#signal?.throwIfAborted();
    if (this.#ended) return { value: undefined, done: true };
    return { value: this.#events[this.#index++]!, done: false };
  }

  /** Gets at least one event, unless the stream ends. */
  async #fill(): Promise<void> {
    this.#events = [];
    this.#index = 0;
    try {
      while (this.#events.length === 0 && !this.#ended) {
        if (turnIsOver()) await nextTurn();
        if (!this.#ended && !this.#receive()) await this.#transport.wait(Infinity);
      }
    } catch (error) {
      // The socket may have been closed at any of the waits.
      if (this.#ended) return;
      this.close();
      throw error;
    }
  }

  /** Reads a datagram, if one is there. */
  #receive(): boolean {
    const transport = this.#transport;
    let length: number;
    try {
      length = transport.receive();
    } catch (error) {
      if (error instanceof OverrunError) this.#lose();
      else if (error instanceof TruncatedError) this.#events.push({ name: "overrun" });
      else throw error;
      return true;
    }
    if (length < 0) return this.#tellLoss();
    // Any process may send to this socket; only the kernel's word counts.
    if (transport.sender === 0) {
      const messages = new Messages(transport.buffer, length);
      readEvents(messages, transport.nsid, this.#resolved, this.#formats, this.#events);
    }
    return true;
  }

  /**
   * The kernel tells of a loss ahead of the messages that it kept, and drops all that come until those were taken. Told
   * at once, a reader would dump the new state and then be given the old events.
   */
  #lose(): void {
    // What it kept was taken once already, or nothing more could have been lost.
    if (this.#lost) this.#events.push({ name: "overrun" });
    this.#lost = true;
  }

  /** Tells of a loss when nothing is kept any more; false if there was none. */
  #tellLoss(): boolean {
    if (!this.#lost) return false;
    this.#lost = false;
    this.#events.push({ name: "overrun" });
    return true;
  }

  return(): Promise<IteratorResult<AnyEvent, undefined>> {
    this.close();
    return Promise.resolve({ value: undefined, done: true });
  }

  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#events = [];
    this.#index = 0;
    this.#signal?.removeEventListener("abort", this.#aborted);
    this.#transport.close();
    this.#closed(this);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.close());
  }
}
