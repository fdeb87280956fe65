/** Which TCP connections there are, and when they end: the kernel never tells an agent. @module */

/** Connections by their socket cookies (SO_COOKIE), in any number of address families. */
export interface Connections {
  /**
   * Cookies of all TCP sockets that exist now. One may be left out that ended or began meanwhile, and, where the kernel
   * gives its list in parts, one that did neither: who acts on an absence asks twice.
   */
  list(): Promise<ReadonlySet<bigint>>;
  /**
   * Calls `ended` with the cookie of each TCP socket that ends, and `lost` whenever some may have ended untold: as soon
   * as it listens, and after an overrun. Then {@linkcode Connections.list} tells. Goes on until the signal is aborted,
   * and resolves then; throws if the kernel has no such events.
   */
  watch(ended: (cookie: bigint) => void, lost: () => void, signal: AbortSignal): Promise<void>;
}
