/**
 * Netlink families of the running kernel: typed requests and dumps, and errors in the kernel's own words.
 *
 * @example Links of this machine
 * ```ts
 * import { NetlinkError, open } from "@tynl/tynl";
 * import { rtLink } from "@tynl/tynl/rt-link";
 *
 * await using rt = await open(rtLink);
 * for await (const { header, ifname } of rt.getlink.dump()) console.log(header.ifiIndex, ifname);
 * try {
 *   await rt.getlink({ ifname: "none" });
 * } catch (error) {
 *   if (error instanceof NetlinkError) console.log(error.code, error.attribute, error.message);
 * }
 * ```
 *
 * @module
 */
export type { BatchBuilder, ChangeOptions } from "./batch.ts";
export { open } from "./client.ts";
export type {
  Batches,
  CallOptions,
  Client,
  Connection,
  Do,
  DumpOptions,
  HasPolicy,
  Lists,
  Method,
  OpenOptions,
  Requests,
  SubscriptionGroup,
} from "./client_types.ts";
export type { AllOptions, Dump } from "./dump.ts";
export { errnoName, errnoText } from "./errno.ts";
export * from "./errors.ts";
export type {
  AnyEvent,
  FamilyEvent,
  MalformedEvent,
  Notification,
  NotifiedBy,
  Overrun,
  ReaderOf,
  ReplyOf,
  RequestOf,
  SpecName,
  UnknownEvent,
} from "./events.ts";
export type { ExtendedAck } from "./extack.ts";
export type { AcceptedAttribute, KernelPolicy } from "./kernel_policy.ts";
export type { NetworkNamespace } from "./netns.ts";
export { type AttributePolicy, describePolicy, type PolicyType } from "./policy.ts";
export type { NetlinkWarning } from "./refusal.ts";
export { kernel, type SocketOptions } from "./socket.ts";
export type { SubscribeOptions, Subscription } from "./subscribe.ts";
export type { ConnectOptions, Connector, Transport } from "./transport.ts";
