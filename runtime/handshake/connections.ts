/** Which TCP connections there are, and when they end: the kernel never tells an agent. @module */

/** Connections by their socket cookies (SO_COOKIE), in any number of address families. */
export interface Connections {
  /** Cookies of all TCP sockets that exist now. */
  list(): Promise<ReadonlySet<bigint>>;
  /**
   * Calls `ended` with the cookie of each TCP socket that ends, and `lost` when it may have missed some: then
   * {@linkcode Connections.list} tells. Goes on until the signal is aborted. Resolves then; throws if the kernel has
   * no such events.
   */
  watch(ended: (cookie: bigint) => void, lost: () => void, signal: AbortSignal): Promise<void>;
}
