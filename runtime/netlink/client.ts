/** Opens a family: a typed client with a method for each operation. @module */
import {
  encodeMessage,
  type Family,
  MessageFlags,
  type Messages,
  NETLINK_GENERIC,
  type Operation,
  type OperationTypes,
  Writer,
} from "../wire/mod.ts";
import { type BatchSender, type ChangeOptions, collect, sendPipelined, sendTransaction } from "./batch.ts";
import { Channel, type WaitOptions } from "./channel.ts";
import type { CallOptions, Client, DumpOptions, OpenOptions } from "./client_types.ts";
import { type Dump, dumpOf, type DumpSource } from "./dump.ts";
import {
  ClosedError,
  FamilyNotFoundError,
  NetlinkError,
  ProtocolError,
  SystemError,
  UnsupportedError,
} from "./errors.ts";
import type { Acknowledgement } from "./extack.ts";
import type { SentRequest } from "./attribute_path.ts";
import type { NetworkNamespace } from "./netns.ts";
import { type NetlinkWarning, refusalOf, warningOf } from "./refusal.ts";
import { readReply, type ResolvedFamily } from "./reply.ts";
import type { AnyEvent } from "./events.ts";
import { assemblePolicy, type KernelPolicy, policyRequest, readPolicyPart } from "./kernel_policy.ts";
import { resolveFamily } from "./resolve.ts";
import { kernel } from "./socket.ts";
import { Stream, type SubscribeOptions, subscribeTo, type Subscription } from "./subscribe.ts";
import type { ConnectOptions, Connector, Transport } from "./transport.ts";
import { nextTurn, turnIsOver } from "./turn.ts";

const ENOENT = 2, ENODATA = 61, EPROTONOSUPPORT = 93;
/** Milliseconds. The kernel answers at once; this is for answers that were lost. */
const DEFAULT_TIMEOUT = 10_000;
/** Sockets of past dumps that are kept for the next ones. */
const IDLE_SOCKETS = 4;

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
      unicast: (options?: Pick<SubscribeOptions, "signal">) => this.#unicast(options?.signal),
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
    const policy = (mode: "do" | "dump", options: DumpOptions = {}) => this.#policy(operation, mode, options);
    if (!operation.do) return { dump, policy };
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
    return Object.assign(call, { multi, policy }, operation.dump ? { dump } : {});
  }

  /** What an acknowledgement alone says: no member was sent; those of a fixed header are 0. */
  #emptyReply({ header }: Operation): Record<string, unknown> {
    if (header === undefined) return {};
    return { header: header.decode(new DataView(new ArrayBuffer(header.size)), 0, header.size) };
  }

  async #do(operation: Operation, request: unknown, options: CallOptions): Promise<unknown[]> {
    if (turnIsOver()) await nextTurn();
    options.signal?.throwIfAborted();
    // Linux tells a qdisc or class to its multicast group, and to who asked for it only if echoes are wanted.
    const echo = operation.reply !== undefined && this.#resolved.id === undefined ? MessageFlags.echo : 0;
    const flags = MessageFlags.request | MessageFlags.ack | changeFlags(options) | echo;
    const sequence = this.#nextSequence();
    const sent = this.#encode(operation, request, flags, sequence);
    const name = this.#nameOf(operation);
    const decode = (messages: Messages) => readReply(messages, operation, this.#resolved);
    const answer = options.offload
      ? this.#channel.offload(name, sent.bytes, sequence, decode, { timeout: Infinity, ...options })
      : this.#channel.request(name, sent.bytes, sequence, decode, this.#waitOptions(options));
    const { replies, acknowledgement } = answer instanceof Promise ? await answer : answer;
    await this.#conclude(sent, acknowledgement);
    return replies;
  }

  #dump(operation: Operation, request: unknown, options: DumpOptions): Dump<unknown> {
    let sent: SentRequest;
    return dumpOf({
      ...this.#dumpSource(this.#nameOf(operation), options),
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

  async #policy(
    operation: Operation,
    mode: "do" | "dump",
    options: DumpOptions,
  ): Promise<KernelPolicy | undefined> {
    const { id } = this.#resolved;
    if (id === undefined) {
      throw new UnsupportedError(
        "protocol",
        `${this.#family.name} is no generic netlink family, so the kernel tells no policy`,
      );
    }
    const parts = await dumpOf({
      ...this.#dumpSource(`nlctrl getpolicy of ${this.#nameOf(operation)}`, options),
      send: (transport) => {
        const sequence = this.#nextSequence();
        transport.send(policyRequest(id, operation.request, sequence));
        return sequence;
      },
      decode: readPolicyPart,
      conclude: (acknowledgement) => {
        // ENODATA: it has none. ENOENT: this kernel does not have the operation.
        if ([0, ENOENT, ENODATA].includes(acknowledgement.errno)) return Promise.resolve();
        throw new NetlinkError({ family: "nlctrl", operation: "getpolicy", ...acknowledgement });
      },
    }).all();
    const meta = await this.#family.meta();
    return assemblePolicy(parts, mode, meta, meta.operations[operation.name]?.set);
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

  #unicast(signal: AbortSignal | undefined): Subscription<AnyEvent> {
    if (this.#closed) throw new ClosedError(`${this.#family.name} unicast`);
    signal?.throwIfAborted();
    const subscription = new Stream(
      this.#channel.unsolicited(),
      this.#resolved,
      signal,
      (subscription) => this.#subscriptions.delete(subscription),
    );
    this.#subscriptions.add(subscription);
    return subscription;
  }

  /** What every dump of this client needs. */
  #dumpSource(
    name: string,
    options: DumpOptions,
  ): Pick<DumpSource<unknown>, "name" | "wait" | "isClosed" | "acquire" | "release"> {
    return {
      name,
      wait: this.#waitOptions(options),
      isClosed: () => this.#closed,
      acquire: () => this.#acquire(),
      release: (transport, idle) => this.#release(transport, idle),
    };
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
