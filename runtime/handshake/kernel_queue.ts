/** The kernel's queue of requests: the handshake family. @module */
import {
  type Accept,
  type Done,
  HandlerClass,
  handshake,
  type HandshakeEvents,
  type HandshakeGroup,
  type HandshakeOperations,
} from "../../generated/handshake/mod.ts";
import { type Client, NetlinkError, open, type OpenOptions } from "../netlink/mod.ts";

const EAGAIN = 11, EPERM = 1;
/** Times that a report is sent if the kernel is short of memory. */
const tries = 3;

/** Requests of one network namespace. Two sockets: one hears of requests, the other fetches and reports them. */
export class KernelQueue implements Disposable {
  readonly #client: Client<HandshakeOperations, HandshakeGroup, HandshakeEvents>;

  private constructor(client: Client<HandshakeOperations, HandshakeGroup, HandshakeEvents>) {
    this.#client = client;
  }

  /** Opens the family. Throws `FamilyNotFoundError`, `UnsupportedError`, `SystemError`. */
  static async open(options: OpenOptions): Promise<KernelQueue> {
    return new KernelQueue(await open(handshake, options));
  }

  /**
   * Joins the group and calls `ready` whenever a request may be there, also after events were lost, until the signal
   * is aborted. The group is joined when this returns its promise. Throws `SystemError`.
   */
  listen(ready: () => void, signal: AbortSignal): Promise<void> {
    const events = this.#client.subscribe("tlshd");
    const stop = () => events.close();
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
    const run = async () => {
      try {
        for await (const _ of events) ready();
      } finally {
        signal.removeEventListener("abort", stop);
      }
    };
    return run();
  }

  /** The next request; undefined if there is none. Throws `NetlinkError`: EPERM without CAP_NET_ADMIN, EMFILE. */
  async accept(): Promise<Accept | undefined> {
    try {
      return await this.#client.accept({ handlerClass: HandlerClass.tlshd });
    } catch (error) {
      if (error instanceof NetlinkError && error.errno === EAGAIN) return undefined;
      throw error;
    }
  }

  /** Reports about a request; false if the kernel does not take it. */
  async done(report: Pick<Done, "status" | "sockfd" | "remoteAuth" | "sessionId">): Promise<boolean> {
    for (let i = 0; i < tries; i++) {
      try {
        await this.#client.done(report);
        return true;
      } catch (error) {
        // The kernel has read the report and refuses it; anything else may pass.
        if (error instanceof NetlinkError) return false;
      }
    }
    return false;
  }

  /** Closes both sockets. */
  [Symbol.dispose](): void {
    this.#client.close();
  }
}

/** Whether an error says that this process may not serve requests at all. */
export function isForbidden(error: unknown): boolean {
  return error instanceof NetlinkError && error.errno === EPERM;
}
