/** The agent: accepts what the kernel asks for, has it done, and reports it. @module */
import type { Accept } from "../../generated/handshake/messages.ts";
import { Errno, errnoOf, RequestError } from "./errno.ts";
import { Journal } from "./events.ts";
import { HandedSocket } from "./handed_socket.ts";
import { handshake, type HandshakeFacts } from "./handshaker.ts";
import { Keeper, type RekeyFacts } from "./keeper.ts";
import { kernelConnections } from "./kernel_connections.ts";
import { kernelKeys } from "./kernel_keys.ts";
import { isForbidden, KernelQueue } from "./kernel_queue.ts";
import { kernelRecords } from "./kernel_records.ts";
import { Keyrings } from "./keyrings.ts";
import type { KeyStore, Serial } from "./keys.ts";
import { checkLimits, deadlineOf } from "./limits.ts";
import type { RecordLayer, RecordLayerSupport } from "./record_layer.ts";
import { type HelloRequest, readRequest, type RekeyRequest } from "./request.ts";
import { type Job, Schedule } from "./schedule.ts";
import { defaultKeyring } from "./scope.ts";
import { printable } from "./text.ts";
import type {
  Agent,
  AgentClock,
  AgentLimits,
  AgentOptions,
  AgentStatus,
  Outcome,
  ReloadOptions,
  TlsPolicy,
} from "./types.ts";

/** Milliseconds until the next try after a request could not be fetched. */
const retryAfter = 1000;

const systemClock: AgentClock = { now: () => performance.now(), date: () => new Date() };

/** What a request came to. */
interface Result {
  /** REMOTE_AUTH. */
  readonly remoteAuth: readonly Serial[];
  /** SESSION_ID. */
  readonly sessionId: Serial | undefined;
}

/** See {@linkcode Agent}. */
export class HandshakeAgent implements Agent {
  readonly #options: AgentOptions;
  readonly #keys: KeyStore;
  readonly #records: RecordLayer;
  readonly #clock: AgentClock;
  readonly #journal: Journal;
  readonly #keeper: Keeper;
  readonly #schedule: Schedule;
  readonly #sockets = new Set<HandedSocket>();
  readonly #keyrings: Keyrings;
  /** Ends the listening: nothing more is accepted. */
  readonly #stop = new AbortController();
  #policy: TlsPolicy;
  #limits: Required<AgentLimits>;
  #support: RecordLayerSupport = { suites: [] };
  #queue: KernelQueue | undefined;
  #state: AgentStatus["state"] = "created";
  #accepting = false;
  #acceptAgain = false;
  /** The last fetching of requests. */
  #accepted: Promise<void> = Promise.resolve();
  #retry: ReturnType<typeof setTimeout> | undefined;
  /** Why all work is being given up. */
  #cancelled: Error | undefined;
  #failure: unknown;
  #ended: Promise<void> = Promise.resolve();

  /** Checks the options. Throws a RangeError. */
  constructor(options: AgentOptions) {
    this.#options = options;
    this.#policy = options.policy ?? {};
    this.#limits = checkLimits(options.limits ?? {});
    this.#keys = options.keys ?? kernelKeys();
    this.#records = options.records ?? kernelRecords();
    this.#clock = options.clock ?? systemClock;
    this.#journal = new Journal(options.onEvent);
    this.#keyrings = new Keyrings(this.#keys, this.#journal);
    this.#keeper = new Keeper(this.#records, this.#journal, () => this.#clock.now(), this.#limits);
    this.#schedule = new Schedule(this.#limits.concurrency);
    this.#schedule.onFree = () => this.#acceptAll();
  }

  run(signal?: AbortSignal): Promise<void> {
    if (this.#state !== "created") throw new TypeError("an agent runs once");
    this.#state = "running";
    const ended = this.#run(signal);
    this.#ended = ended.catch(() => {});
    return ended;
  }

  async #run(signal: AbortSignal | undefined): Promise<void> {
    const { transport, netns } = this.#options;
    const cancel = () => this.#cancel(new RequestError(Errno.ECANCELED, "the agent is being stopped"));
    try {
      if (signal?.aborted) return;
      using queue = await KernelQueue.open({
        ...transport === undefined ? {} : { transport },
        ...netns === undefined ? {} : { netns },
      });
      this.#queue = queue;
      this.#prepare();
      signal?.addEventListener("abort", cancel);
      if (signal?.aborted) cancel();
      const listening = queue.listen(() => this.#acceptAll(), this.#stop.signal);
      const following = this.#follow();
      this.#journal.tell({ type: "started", suites: this.#support.suites, sessions: this.#keeper.size });
      this.#acceptAll();
      try {
        await listening;
      } catch (error) {
        this.#journal.tell({ type: "fault", during: "events", error: error as Error });
        this.#fail(error);
      }
      // A request that is being fetched is ours already.
      await this.#accepted;
      await this.#schedule.idle();
      this.#stop.abort();
      await following;
      if (this.#failure !== undefined) throw this.#failure;
    } finally {
      clearTimeout(this.#retry);
      signal?.removeEventListener("abort", cancel);
      this.#queue = undefined;
      this.#state = "stopped";
      this.#journal.tell({ type: "stopped" });
    }
  }

  /** Finds out what this machine has, before anything depends on it. */
  #prepare(): void {
    this.#askForSupport();
    const { netns, sessions } = this.#options;
    this.#keeper.open(this.#keys, sessions?.keyring ?? defaultKeyring(netns));
  }

  #askForSupport(): void {
    try {
      this.#support = this.#records.support();
    } catch (error) {
      // Such as a network namespace whose loopback is down: the next request asks again.
      this.#support = { suites: [], missing: `kernel TLS cannot be tried: ${(error as Error).message}` };
    }
    const { suites, missing } = this.#support;
    this.#journal.decide(
      "kernel-tls",
      suites.length > 0,
      missing ?? (suites.length > 0 ? `kernel TLS takes ${suites.join(", ")}` : "kernel TLS takes no suite"),
    );
  }

  async #follow(): Promise<void> {
    const { connections, transport, netns } = this.#options;
    if (connections === null) return;
    const running = () =>
      kernelConnections({
        ...transport === undefined ? {} : { transport },
        ...netns === undefined ? {} : { netns },
      });
    await this.#keeper.follow(connections ?? running(), this.#stop.signal);
  }

  #cancel(reason: Error): void {
    this.#cancelled ??= reason;
    this.#stop.abort();
    for (const socket of this.#sockets) socket.interrupt(reason);
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#cancel(new RequestError(Errno.ECANCELED, "the agent cannot go on"));
  }

  async drain(): Promise<void> {
    if (this.#state === "running") {
      this.#state = "draining";
      this.#journal.tell({ type: "draining", active: this.#schedule.active + this.#schedule.waiting });
      this.#stop.abort();
    }
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === "running" || this.#state === "draining") {
      this.#cancel(new RequestError(Errno.ECANCELED, "the agent is being stopped"));
    }
    await this.#ended;
  }

  status(): AgentStatus {
    return {
      state: this.#state,
      active: this.#schedule.active,
      waiting: this.#schedule.waiting,
      sessions: this.#keeper.size,
      ...this.#journal.counts(),
      keyUpdates: this.#journal.decided("key-update"),
    };
  }

  reload({ policy, limits }: ReloadOptions): void {
    if (limits !== undefined) {
      this.#limits = checkLimits(limits);
      this.#keeper.limits = this.#limits;
      this.#schedule.concurrency = this.#limits.concurrency;
    }
    if (policy !== undefined) this.#policy = policy;
    this.#journal.tell({ type: "reloaded" });
  }

  /** Accepts until there is nothing more, or as much as there may be. */
  #acceptAll(): void {
    this.#acceptAgain = true;
    if (this.#accepting) return;
    this.#accepting = true;
    this.#accepted = this.#accept();
  }

  async #accept(): Promise<void> {
    try {
      while (this.#acceptAgain) {
        this.#acceptAgain = false;
        while (this.#mayAccept()) {
          const accepted = await this.#queue!.accept();
          if (accepted === undefined) break;
          this.#take(accepted);
        }
      }
    } catch (error) {
      this.#journal.tell({ type: "fault", during: "accept", error: error as Error });
      if (isForbidden(error)) return this.#fail(error);
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => this.#acceptAll(), retryAfter);
    } finally {
      this.#accepting = false;
    }
  }

  #mayAccept(): boolean {
    return this.#queue !== undefined && !this.#stop.signal.aborted &&
      this.#schedule.waiting < this.#limits.waiting;
  }

  #take(accept: Accept): void {
    const request = readRequest(accept);
    if (request === undefined) {
      const error = new RequestError(Errno.EINVAL, "the kernel handed over a request without a socket");
      return this.#journal.tell({ type: "fault", during: "accept", error });
    }
    this.#journal.accepted++;
    const socket = new HandedSocket(request.fd);
    this.#sockets.add(socket);
    if (this.#cancelled !== undefined) socket.interrupt(this.#cancelled);
    const begun = this.#clock.now();
    if (request.kind === "unknown") return this.#schedule.start(() => this.#refuse(socket, begun));
    const has = request.takesSessionId;
    this.#journal.decide(
      "key-update",
      has,
      has
        ? "this kernel hands KeyUpdates up"
        : "this kernel has no KeyUpdate requests: consumers reconnect instead",
    );
    const deadline = deadlineOf(request.timeout, this.#limits);
    let waiting: Job | undefined;
    const timer = setTimeout(() => {
      socket.interrupt(new RequestError(Errno.ETIMEDOUT, `not done within ${deadline} ms`));
      if (waiting !== undefined) this.#schedule.hasten(waiting);
    }, deadline);
    const run = async () => {
      try {
        if (request.kind === "hello") await this.#hello(request, socket, begun);
        else await this.#rekey(request, socket, begun);
      } finally {
        clearTimeout(timer);
      }
    };
    // New keys cost little, and the whole connection waits for them.
    if (request.kind === "rekey") this.#schedule.start(run);
    else waiting = this.#schedule.add(begun + deadline, run);
  }

  /** Reports that a kind of request is not known. */
  async #refuse(socket: HandedSocket, begun: number): Promise<void> {
    const error = new RequestError(Errno.EOPNOTSUPP, "the kernel wants something that is not known");
    await this.#serve(socket, begun, () => Promise.reject(error));
    this.#journal.tell({ type: "fault", during: "accept", error });
  }

  async #hello(request: HelloRequest, socket: HandedSocket, begun: number): Promise<void> {
    const facts: HandshakeFacts = {};
    const { cookie, ...outcome } = await this.#serve(socket, begun, async (cookie, peer) => {
      // Modules may have been loaded since.
      if (this.#support.suites.length === 0) this.#askForSupport();
      const remoteAuth = await handshake(request, socket, {
        keys: this.#keys,
        records: this.#records,
        suites: this.#support.suites,
        policy: this.#policy,
        clock: this.#clock,
        keyrings: this.#keyrings.find(this.#policy.keyrings ?? [".nvme"]),
        keep: (tls, remoteAuth) => this.#keeper.keep(tls, cookie, remoteAuth, peer),
      }, facts);
      return { remoteAuth, sessionId: facts.sessionId };
    });
    if (cookie !== undefined && (outcome.status !== 0 || !outcome.reported)) {
      this.#keeper.forget(cookie);
      delete facts.sessionId;
    }
    this.#journal.tell({ type: "handshake", role: request.role, auth: request.auth, ...facts, ...outcome });
  }

  async #rekey(request: RekeyRequest, socket: HandedSocket, begun: number): Promise<void> {
    const facts: RekeyFacts = {};
    const { sessionId } = request;
    const { cookie: _, remoteAuth: __, ...outcome } = await this.#serve(socket, begun, async () => {
      const answers = this.#policy.answerKeyUpdates ?? false;
      return { remoteAuth: await this.#keeper.rekey(request, socket, answers, facts), sessionId };
    });
    this.#journal.tell({
      type: "rekey",
      role: request.role,
      request: request.request,
      sessionId,
      ...facts,
      ...outcome,
    });
  }

  /** Does the work on a socket, reports how it went, whatever that is, and closes the socket. */
  async #serve(
    socket: HandedSocket,
    begun: number,
    work: (cookie: bigint, peer: string | undefined) => Promise<Result>,
  ): Promise<Omit<Outcome, "role"> & { cookie?: bigint; remoteAuth: readonly Serial[] }> {
    let result: Result = { remoteAuth: [], sessionId: undefined };
    let failure: unknown;
    let cookie: bigint | undefined;
    let peer: string | undefined;
    try {
      if (!socket.isTcp) throw new RequestError(Errno.EOPNOTSUPP, "not a TCP socket");
      cookie = socket.cookie;
      peer = socket.peerText;
      result = await work(cookie, peer);
    } catch (error) {
      failure = error ?? new Error("failed");
    }
    const status = failure === undefined ? 0 : errnoOf(failure);
    const reported = await this.#queue!.done({
      status,
      sockfd: socket.fd,
      ...result.remoteAuth.length === 0 ? {} : { remoteAuth: [...result.remoteAuth] },
      ...result.sessionId === undefined ? {} : { sessionId: result.sessionId },
    });
    this.#sockets.delete(socket);
    socket.close();
    const hint = failure instanceof RequestError ? failure.hint : undefined;
    return {
      ...cookie === undefined ? {} : { cookie },
      ...peer === undefined ? {} : { peer },
      remoteAuth: result.remoteAuth,
      status,
      ...failure === undefined ? {} : { reason: printable((failure as Error).message) },
      ...hint === undefined ? {} : { hint },
      duration: this.#clock.now() - begun,
      reported,
    };
  }
}

/**
 * Makes an agent. Nothing happens until {@linkcode Agent.run}. Throws a RangeError for limits that are out of range.
 *
 * ```ts ignore
 * import { createAgent } from "@tynl/tynl/handshake-agent";
 *
 * const agent = createAgent({ onEvent: (event) => console.log(JSON.stringify(event)) });
 * Deno.addSignalListener("SIGTERM", () => agent.drain());
 * await agent.run();
 * ```
 */
export function createAgent(options: AgentOptions = {}): Agent {
  return new HandshakeAgent(options);
}
