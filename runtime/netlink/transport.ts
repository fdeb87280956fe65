/** What the client needs of a socket; the kernel is behind one, and a fake kernel in tests. @module */

import type { NetworkNamespace } from "./netns.ts";

/**
 * One netlink socket. Requests are sent and answers received without waiting: the kernel answers while it takes the
 * request, and goes on with a dump while it is read.
 */
export interface Transport {
  /** Port id of this socket (`nl_pid`), which the kernel's answers carry in their header. */
  readonly port: number;
  /**
   * Holds the datagram that {@linkcode Transport.receive} gave, until the next call; may be another buffer after
   * each call.
   */
  readonly buffer: Uint8Array;
  /** Port id of the sender of that datagram: 0 for the kernel. */
  readonly sender: number;
  /**
   * Id of the network namespace that the datagram came from, for a socket that hears of all of them; `undefined` for
   * the socket's own.
   */
  readonly nsid: number | undefined;
  /** Joins a multicast group (NETLINK_ADD_MEMBERSHIP). Throws {@linkcode SystemError}: EINVAL if there is no such. */
  join(group: number): void;
  /** Sends one datagram. Throws {@linkcode SystemError}. */
  send(bytes: Uint8Array): void;
  /**
   * Sends one datagram from another thread, for requests that sleep in the kernel; done when the kernel is. Throws
   * {@linkcode SystemError}.
   */
  sendOffloaded(bytes: Uint8Array): Promise<void>;
  /**
   * Takes one datagram into {@linkcode Transport.buffer} and returns its length; -1 if none is there. Throws
   * {@linkcode OverrunError} once after messages were lost, {@linkcode TruncatedError} if one was too large, and
   * {@linkcode SystemError}.
   */
  receive(): number;
  /**
   * Waits until {@linkcode Transport.receive} may have something, at most `timeout` milliseconds (`Infinity` for
   * ever); true if so. Gives false early if `signal` is aborted or the transport is closed.
   */
  wait(timeout: number, signal?: AbortSignal): Promise<boolean>;
  /** Closes the socket; harmless if it is closed. */
  close(): void;
}

/** What comes in on a socket. */
export type Incoming = Pick<Transport, "port" | "buffer" | "sender" | "nsid" | "receive" | "wait" | "close">;

/** What can be asked of a new socket. */
export interface ConnectOptions {
  /** Bytes that the kernel may keep for messages that were not read yet (SO_RCVBUF); its default unless set. */
  receiveBuffer?: number;
  /** Hear of all network namespaces that have an id in this one (NETLINK_LISTEN_ALL_NSID). */
  allNsid?: boolean;
  /** The network namespace that it is for; this process's own unless set. */
  netns?: NetworkNamespace;
}

/** Where sockets come from: the running kernel, or a fake one. */
export interface Connector {
  /** Opens a socket of a netlink protocol, such as 16 for NETLINK_GENERIC. */
  connect(protocol: number, options?: ConnectOptions): Transport;
}
