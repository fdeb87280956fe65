/** What the agent needs of kernel TLS; runtime/ktls is behind it, and a record layer in user space in tests. @module */
import type { CipherSuiteName, Direction, TrafficKeys } from "../tls/mod.ts";

/** What this machine's kernel TLS can do. */
export interface RecordLayerSupport {
  /** Suites whose keys it takes; empty if there is no kernel TLS. */
  readonly suites: readonly CipherSuiteName[];
  /** Why there is none, in words; absent if there is. */
  readonly missing?: string;
}

/** What is set besides keys. */
export interface ArmOptions {
  /** Most bytes of content in a record that we send (TLS_TX_MAX_PAYLOAD_LEN); an old kernel without it is no failure. */
  readonly maxPayload?: number;
  /** TLS_RX_EXPECT_NO_PAD: the peer is trusted to pad no records. */
  readonly expectNoPad?: boolean;
  /** TLS_TX_ZEROCOPY_RO: pages handed to sendfile(2) are not changed meanwhile. */
  readonly zeroCopy?: boolean;
}

/** Kernel TLS on descriptors that the agent was handed. It never reads from them. Calls throw with a numeric `errno`. */
export interface RecordLayer {
  /** What is there. Asked before the first handshake. */
  support(): RecordLayerSupport;
  /** Turns a socket over: both directions' keys are set, or it throws. */
  arm(fd: number, keys: { readonly [direction in Direction]: TrafficKeys }, options: ArmOptions): void;
  /** Sets the next keys of one direction. */
  rekey(fd: number, direction: Direction, keys: TrafficKeys): void;
  /** The keys that one direction has now, its next sequence number included; undefined if the kernel does not tell. */
  current(fd: number, direction: Direction): TrafficKeys | undefined;
  /** Makes a record of what the consumer has begun to send (MSG_MORE), if any; false if there is no room (EAGAIN). */
  flush(fd: number): boolean;
  /** Sends one handshake record under the present keys; false if there is no room now (EAGAIN). */
  sendHandshake(fd: number, message: Uint8Array): boolean;
}
