/** What a client looks like to its user: methods typed by the family's operations, and their options. @module */
import type { Exchange, Input, OperationTypes } from "../wire/mod.ts";
import type { BatchBuilder, ChangeOptions } from "./batch.ts";
import type { Dump } from "./dump.ts";
import type { AnyEvent, FamilyEvent } from "./events.ts";
import type { KernelPolicy } from "./kernel_policy.ts";
import type { NetworkNamespace } from "./netns.ts";
import type { NetlinkWarning } from "./refusal.ts";
import type { SubscribeOptions, Subscription } from "./subscribe.ts";
import type { Connector } from "./transport.ts";

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
export interface CallOptions extends DumpOptions, ChangeOptions {
  /**
   * Make the request from another thread, so that one that sleeps in the kernel, such as a scan or the flashing of a
   * firmware, does not hold up the event loop. Later requests may overtake it. There is no limit to the wait then
   * unless `timeout` is given here.
   */
  offload?: boolean;
}

/** An operation with one answer. */
export interface Do<X extends Exchange> {
  /**
   * Makes the request and gives the reply. If the kernel only acknowledges, the reply is an object without members.
   * Throws `NetlinkError` if the kernel refuses, `ProtocolError` if several replies come, and
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

/** What is sent for an operation, in any of its modes. */
export type Requests<T extends OperationTypes> =
  | (T extends { do: infer X extends Exchange } ? X["request"] : never)
  | (T extends { dump: infer X extends Exchange } ? X["request"] : never);

/** What the running kernel accepts for an operation. */
export interface HasPolicy<T extends OperationTypes> {
  /**
   * Asks which attributes the running kernel takes in a request for one object (`do`) or for a list (`dump`), and
   * which values (Linux 5.10 and newer). `undefined` if it has no policy for that, or no such operation. Throws
   * `UnsupportedError` for a raw family: the kernel tells the policies of generic netlink families only.
   */
  policy(
    mode: keyof T & ("do" | "dump"),
    options?: DumpOptions,
  ): Promise<KernelPolicy<Exclude<keyof Requests<T> & string, "header" | "unknown">> | undefined>;
}

/** An operation as a client has it: call it, or its `dump`, or ask for its `policy`. */
export type Method<T extends OperationTypes> =
  & HasPolicy<T>
  & (T extends { do: infer X extends Exchange } ? Do<X> : unknown)
  & (T extends { dump: infer X extends Exchange } ? Lists<X> : unknown);

/** What every client has besides its family's operations; `V` is what its subscriptions give. */
export interface Connection<G extends string = string, V = AnyEvent> extends Disposable, AsyncDisposable {
  /** Numbers of the multicast groups that the running kernel has. */
  readonly groups: { readonly [K in G]?: number };
  /**
   * Joins multicast groups, by name or number, and gives their events. The running kernel may have groups that the
   * spec does not list. Throws `GroupNotFoundError`, `ClosedError`, `SystemError`: EPERM
   * if a group is for privileged users.
   */
  subscribe(
    groups: SubscriptionGroup<G> | readonly SubscriptionGroup<G>[],
    options?: SubscribeOptions,
  ): Subscription<V>;
  /**
   * What the kernel sends to this client's own socket without being asked, from now on: to whoever made a request,
   * as nl80211 does with frames. Requests go on meanwhile. The stream has the port id of that socket.
   */
  unicast(options?: Pick<SubscribeOptions, "signal">): Subscription<V>;
  /** Closes all sockets, ends all subscriptions; requests under way fail with `ClosedError`. Harmless if done twice. */
  close(): void;
}

/** What a client can do with several requests at once. */
export interface Batches<O extends { [K in keyof O]: OperationTypes }> {
  /**
   * Sends the requests that `build` adds, in order and without a wait between them, and is done when all are. For
   * nftables they are a transaction: all are carried out, or none. For other families each stands for itself.
   *
   * Throws `BatchError` with an error for each request that failed, which the request's own promise throws
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
