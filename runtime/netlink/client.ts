/** Opens a family: a typed client with a method for each operation. @module */
import {
  encodeMessage,
  type Exchange,
  type Family,
  type Input,
  MessageFlags,
  type Messages,
  NETLINK_GENERIC,
  type Operation,
  type OperationTypes,
  Writer,
} from "../wire/mod.ts";
import {
  type BatchBuilder,
  type BatchSender,
  type ChangeOptions,
  collect,
  sendPipelined,
  sendTransaction,
} from "./batch.ts";
import { Channel, type WaitOptions } from "./channel.ts";
import { type Dump, dumpOf } from "./dump.ts";
import { ClosedError, FamilyNotFoundError, ProtocolError, SystemError } from "./errors.ts";
import type { Acknowledgement } from "./extack.ts";
import type { SentRequest } from "./attribute_path.ts";
import type { NetworkNamespace } from "./netns.ts";
import { type NetlinkWarning, refusalOf, warningOf } from "./refusal.ts";
import { readReply, type ResolvedFamily } from "./reply.ts";
import type { AnyEvent, FamilyEvent } from "./events.ts";
import { resolveFamily } from "./resolve.ts";
import { kernel } from "./socket.ts";
import { type SubscribeOptions, subscribeTo, type Subscription } from "./subscribe.ts";
import type { ConnectOptions, Connector, Transport } from "./transport.ts";
import { nextTurn, turnIsOver } from "./turn.ts";

const EPROTONOSUPPORT = 93;
/** Milliseconds. The kernel answers at once; this is for answers that were lost. */
const DEFAULT_TIMEOUT = 10_000;
/** Sockets of past dumps that are kept for the next ones. */
const IDLE_SOCKETS = 4;

/** How to open a family. */
export interface OpenOptions {
  /** Where sockets come from: the running kernel unless set. */
  transport?: Connector;
  /** The network namespace to work in, by path or by a process's id; this process's own unless set. */
  netns?: NetworkNamespace;
  /** Milliseconds to wait for each answer, unless a call says otherwise; 10,000 unless set, `Infinity` for ever. */
  timeout?: number;
  /** Ends the wait for the family to be resolved. */
  signal?: AbortSignal;
  /** Called with what the kernel says about requests that it carried out. */
  onWarning?: (warning: NetlinkWarning) => void;
}

/** How to make a request. */
export interface DumpOptions {
  /** Milliseconds to wait for the answer, or for each part of a dump; the client's own unless set. */
  timeout?: number;
  /** Ends the wait, with the signal's reason as error. The request may have been carried out. */
  signal?: AbortSignal;
}

/** How to make a request for one object. The flags matter to operations that create or change objects. */
export interface CallOptions extends DumpOptions, ChangeOptions {}

/** An operation with one answer. */
export interface Do<X extends Exchange> {
  /**
   * Makes the request and gives the reply. If the kernel only acknowledges, the reply is an object without members.
   * Throws `NetlinkError` if the kernel refuses, {@linkcode ProtocolError} if several replies come, and
   * `NetlinkEncodeError` for a request that cannot be encoded.
   */
  (
    request?: Input<X["request"]>,
    options?: CallOptions,
  ): Promise<[X["reply"]] extends [never] ? void : X["reply"]>;
  /** Makes the request and gives all replies: seldom none or several. */
  multi(request?: Input<X["request"]>, options?: CallOptions): Promise<X["reply"][]>;
}

/** An operation with a list as answer. */
export interface Lists<X extends Exchange> {
  /** The list of what matches the request. */
  dump(request?: Input<X["request"]>, options?: DumpOptions): Dump<X["reply"]>;
}

/** An operation as a client has it: call it, or its `dump`. */
export type Method<T extends OperationTypes> =
  & (T extends { do: infer X extends Exchange } ? Do<X> : unknown)
  & (T extends { dump: infer X extends Exchange } ? Lists<X> : unknown);

/** What every client has besides its family's operations; `V` is what its subscriptions give. */
export interface Connection<G extends string = string, V = AnyEvent> extends Disposable, AsyncDisposable {
  /** Numbers of the multicast groups that the running kernel has. */
  readonly groups: { readonly [K in G]?: number };
  /**
   * Joins multicast groups, by name or number, and gives their events. The running kernel may have groups that the
   * spec does not list. Throws {@linkcode GroupNotFoundError}, {@linkcode ClosedError}, {@linkcode SystemError}: EPERM
   * if a group is for privileged users.
   */
  subscribe(
    groups: SubscriptionGroup<G> | readonly SubscriptionGroup<G>[],
    options?: SubscribeOptions,
  ): Subscription<V>;
  /** Closes all sockets, ends all subscriptions; requests under way fail with `ClosedError`. Harmless if done twice. */
  close(): void;
}

/** What a client can do with several requests at once. */
export interface Batches<O extends { [K in keyof O]: OperationTypes }> {
  /**
   * Sends the requests that `build` adds, in order and without a wait between them, and is done when all are. For
   * nftables they are a transaction: all are carried out, or none. For other families each stands for itself.
   *
   * Throws {@linkcode BatchError} with an error for each request that failed, which the request's own promise throws
   * too. What belongs to a transaction that failed throws, even if nothing is wrong with it.
   *
   * @example
   * ```ts ignore
   * import { open } from "@tynl/tynl";
   * import { nftables } from "@tynl/tynl/nftables";
   *
   * await using nft = await open(nftables);
   * await nft.batch((b) => {
   *   b.newtable({ header: { nfgenFamily: 1 }, name: "t" }, { create: true });
   *   b.newchain({ header: { nfgenFamily: 1 }, table: "t", name: "c" }, { create: true });
   * });
   * ```
   */
  batch(build: (batch: BatchBuilder<O>) => void, options?: DumpOptions): Promise<void>;
}

/** A multicast group: by a name of the spec, any other name that the kernel has, or its number. */
// The intersection keeps editors from forgetting the names.
export type SubscriptionGroup<G extends string> = G | (string & Record<never, never>) | number;

/** A client of a family: a method for each operation, under its camelCase name. */
export type Client<
  O extends { [K in keyof O]: OperationTypes },
  G extends string = string,
  E = Record<never, never>,
> =
  & { readonly [K in keyof O]: Method<O[K]> }
  & Batches<O>
  & Connection<G, FamilyEvent<O, E>>;

/**
 * Opens a family of the running kernel: resolves its id, and gives a client with a method for each operation.
 *
 * Requests may overlap. Those with one answer share a socket for as long as the client is open, since the kernel
 * ties some objects to the socket that made them; each dump has one of its own.
 *
 * Throws {@linkcode FamilyNotFoundError} if the kernel has no such family, `UnsupportedError` where there are no
 * netlink sockets (off Linux, without `--allow-ffi`), and {@linkcode SystemError}.
 *
 * @example
 * ```ts
 * import { open } from "@tynl/tynl";
 * import { rtLink } from "@tynl/tynl/rt-link";
 *
 * await using rt = await open(rtLink);
 * const lo = await rt.getlink({ ifname: "lo" });
 * for await (const link of rt.getlink.dump()) console.log(link.header.ifiIndex, link.ifname);
 * ```
 */
export async function open<O extends { [K in keyof O]: OperationTypes }, E, G extends string>(
  family: Family<O, E, G>,
  options: OpenOptions = {},
): Promise<Client<O, G, E>> {
  const connector = options.transport ?? kernel();
  const core = new Core(family as Family, connector, options);
  try {
    await core.resolve(options.signal);
  } catch (error) {
    core.close();
    throw error;
  }
  return core.client() as unknown as Client<O, G, E>;
}

/** What the methods of a client share. */
class Core {
  readonly #family: Family;
  readonly #connector: Connector;
  readonly #netns: NetworkNamespace | undefined;
  readonly #timeout: number;
  readonly #onWarning: ((warning: NetlinkWarning) => void) | undefined;
  readonly #channel: Channel;
  readonly #writer = new Writer();
  readonly #idle: Transport[] = [];
  readonly #busy = new Set<Transport>();
  readonly #subscriptions = new Set<Subscription<AnyEvent>>();
  #resolved: ResolvedFamily;
  #sequence = Math.floor(Math.random() * 2 ** 31);
  #closed = false;

  constructor(family: Family, connector: Connector, options: OpenOptions) {
    this.#family = family;
    this.#connector = connector;
    this.#netns = options.netns;
    this.#timeout = options.timeout ?? DEFAULT_TIMEOUT;
    this.#onWarning = options.onWarning;
    this.#channel = new Channel(this.#connect());
    const groups = new Map<string, number>();
    for (const [name, group] of Object.entries(family.groups)) {
      if (group !== undefined) groups.set(name, group);
    }
    this.#resolved = { family, id: undefined, groups };
  }

  #connect(options?: ConnectOptions): Transport {
    const { protocol, name } = this.#family;
    try {
      return this.#connector.connect(
        protocol,
        this.#netns === undefined ? options : { ...options, netns: this.#netns },
      );
    } catch (error) {
      if (error instanceof SystemError && error.errno === EPROTONOSUPPORT) {
        throw new FamilyNotFoundError(name, { cause: error });
      }
      throw error;
    }
  }

  async resolve(signal: AbortSignal | undefined): Promise<void> {
    if (this.#family.protocol !== NETLINK_GENERIC) return;
    signal?.throwIfAborted();
    const wait = { timeout: this.#timeout, signal };
    const resolution = await resolveFamily(this.#channel, this.#family.name, this.#nextSequence(), wait);
    this.#resolved = { family: this.#family, ...resolution };
  }

  client(): Record<string | symbol, unknown> {
    const close = () => this.close();
    const client: Record<string | symbol, unknown> = {
      groups: Object.fromEntries(this.#resolved.groups),
      batch: (build: (batch: Record<string, unknown>) => void, options?: DumpOptions) =>
        this.#batch(build, options),
      subscribe: (groups: string | number | readonly (string | number)[], options?: SubscribeOptions) =>
        this.#subscribe(typeof groups === "object" ? groups : [groups], options),
      close,
      [Symbol.dispose]: close,
      [Symbol.asyncDispose]: () => Promise.resolve(close()),
    };
    for (const [key, operation] of Object.entries(this.#family.operations)) {
      client[key] = this.#method(operation);
    }
    return client;
  }

  #method(operation: Operation): unknown {
    const dump = (request?: unknown, options: DumpOptions = {}) => this.#dump(operation, request, options);
    if (!operation.do) return { dump };
    const multi = async (request?: unknown, options: CallOptions = {}) =>
      await this.#do(operation, request, options);
    const call = async (request?: unknown, options: CallOptions = {}) => {
      const replies = await this.#do(operation, request, options);
      if (replies.length > 1) {
        throw new ProtocolError(
          `${this.#nameOf(operation)}: ${replies.length} replies came; call its multi()`,
        );
      }
      return operation.reply === undefined ? undefined : replies[0] ?? this.#emptyReply(operation);
    };
    return operation.dump ? Object.assign(call, { multi, dump }) : Object.assign(call, { multi });
  }

  /** What an acknowledgement alone says: no member was sent; those of a fixed header are 0. */
  #emptyReply({ header }: Operation): Record<string, unknown> {
    if (header === undefined) return {};
    return { header: header.decode(new DataView(new ArrayBuffer(header.size)), 0, header.size) };
  }

  async #do(operation: Operation, request: unknown, options: CallOptions): Promise<unknown[]> {
    if (turnIsOver()) await nextTurn();
    options.signal?.throwIfAborted();
    const flags = MessageFlags.request | MessageFlags.ack | changeFlags(options);
    const sequence = this.#nextSequence();
    const sent = this.#encode(operation, request, flags, sequence);
    const answer = this.#channel.request(
      this.#nameOf(operation),
      sent.bytes,
      sequence,
      (messages) => readReply(messages, operation, this.#resolved),
      this.#waitOptions(options),
    );
    const { replies, acknowledgement } = answer instanceof Promise ? await answer : answer;
    await this.#conclude(sent, acknowledgement);
    return replies;
  }

  #dump(operation: Operation, request: unknown, options: DumpOptions): Dump<unknown> {
    let sent: SentRequest;
    return dumpOf({
      name: this.#nameOf(operation),
      wait: this.#waitOptions(options),
      isClosed: () => this.#closed,
      acquire: () => this.#acquire(),
      release: (transport, idle) => this.#release(transport, idle),
      send: (transport) => {
        const sequence = this.#nextSequence();
        // The acknowledgement is for operations that have a list by name only and answer as if asked for one object.
        const flags = MessageFlags.request | MessageFlags.ack | MessageFlags.dump;
        sent = this.#encode(operation, request, flags, sequence);
        transport.send(sent.bytes);
        return sequence;
      },
      decode: (messages) => readReply(messages, operation, this.#resolved),
      conclude: (acknowledgement) => this.#conclude(sent, acknowledgement),
    });
  }

  async #batch(build: (batch: Record<string, unknown>) => void, options: DumpOptions = {}): Promise<void> {
    const { batchBegin, batchEnd, ...operations } = this.#family.operations;
    const { builder, entries } = collect(operations);
    build(builder);
    options.signal?.throwIfAborted();
    if (entries.length === 0) return;
    const encode = (operation: Operation, request: unknown, flags: number) => {
      const sequence = this.#nextSequence();
      const sent = this.#encode(operation, request, MessageFlags.request | flags, sequence);
      const decode = (messages: Messages) => readReply(messages, operation, this.#resolved);
      return { sent, part: { name: this.#nameOf(operation), sequence, decode } };
    };
    const sender: BatchSender = {
      name: this.#family.name,
      encode: ({ operation, request, options }, acknowledge) =>
        encode(operation, request, changeFlags(options) | (acknowledge ? MessageFlags.ack : 0)),
      // The resource id, in network order, is the subsystem: 10, NFNL_SUBSYS_NFTABLES.
      bracket: (operation) => encode(operation, { header: { resId: 10 } }, 0),
      send: (bytes, parts, done) => {
        const { timeout, signal } = this.#waitOptions(options);
        const either = signal === undefined ? done : AbortSignal.any([signal, done]);
        return this.#channel.requests(`${this.#family.name} batch`, bytes, parts, {
          timeout,
          signal: either,
        });
      },
      conclude: (sent, { acknowledgement }) => this.#conclude(sent, acknowledgement),
    };
    try {
      if (batchBegin === undefined || batchEnd === undefined) await sendPipelined(entries, sender);
      else await sendTransaction(entries, batchBegin, batchEnd, sender);
    } catch (error) {
      for (const { reject } of entries) reject(error);
      throw error;
    }
  }

  #subscribe(
    groups: readonly (string | number)[],
    { signal, ...wishes }: SubscribeOptions = {},
  ): Subscription<AnyEvent> {
    if (this.#closed) throw new ClosedError(`${this.#family.name} subscribe`);
    const subscription = subscribeTo(
      groups,
      this.#resolved,
      () => this.#connect(wishes),
      signal,
      (subscription) => this.#subscriptions.delete(subscription),
    );
    this.#subscriptions.add(subscription);
    return subscription;
  }

  #acquire(): Transport {
    const transport = this.#idle.pop() ?? this.#connect();
    this.#busy.add(transport);
    return transport;
  }

  #release(transport: Transport, idle: boolean): void {
    this.#busy.delete(transport);
    if (idle && !this.#closed && this.#idle.length < IDLE_SOCKETS) this.#idle.push(transport);
    else transport.close();
  }

  #encode(operation: Operation, value: unknown, flags: number, sequence: number): SentRequest {
    const { id } = this.#resolved;
    this.#writer.reset();
    encodeMessage(this.#writer, operation, value, {
      type: id ?? operation.request,
      flags,
      sequence,
      ...(id === undefined ? {} : { genl: { command: operation.request, version: this.#family.version } }),
    });
    return { bytes: this.#writer.result(), protocol: this.#family.protocol, format: operation };
  }

  async #conclude(sent: SentRequest, acknowledgement: Acknowledgement): Promise<void> {
    const { errno, extack } = acknowledgement;
    if (errno !== 0) throw await refusalOf(this.#family, sent, acknowledgement);
    if (extack !== undefined) this.#onWarning?.(await warningOf(this.#family, sent, extack));
  }

  #waitOptions({ timeout, signal }: DumpOptions): WaitOptions {
    return { timeout: timeout ?? this.#timeout, signal };
  }

  #nextSequence(): number {
    // 0 is the number of notifications.
    return this.#sequence = this.#sequence % 0xffff_ffff + 1;
  }

  #nameOf(operation: Operation): string {
    return `${this.#family.name} ${operation.name}`;
  }

  close(): void {
    this.#closed = true;
    this.#channel.close();
    for (const subscription of [...this.#subscriptions]) subscription.close();
    for (const transport of [...this.#idle, ...this.#busy]) transport.close();
    this.#idle.length = 0;
  }
}

function changeFlags({ create, exclusive, replace, append }: ChangeOptions): number {
  return (create ? MessageFlags.create : 0) | (exclusive ? MessageFlags.exclusive : 0) |
    (replace ? MessageFlags.replace : 0) | (append ? MessageFlags.append : 0);
}
