/** The agent's sessions: kept after a handshake, used by KeyUpdates, forgotten with their connections. @module */
import { importState, type TlsConnection } from "../tls/mod.ts";
import type { Connections } from "./connections.ts";
import { Errno, errnoOf, RequestError } from "./errno.ts";
import type { Journal } from "./events.ts";
import type { HandedSocket } from "./handed_socket.ts";
import type { KeyStore, Serial } from "./keys.ts";
import type { RecordLayer } from "./record_layer.ts";
import { Rekey } from "./rekey.ts";
import type { RekeyRequest } from "./request.ts";
import type { SessionRecord } from "./session_record.ts";
import { SessionStore } from "./sessions.ts";
import { followConnections } from "./sweeper.ts";
import type { RekeyEvent } from "./types.ts";

/** Connections whose KeyUpdates are watched at most; the oldest is forgotten. */
const mostGuards = 4096;

/** What is remembered of a connection's KeyUpdates, so that a flood of them costs little. */
interface Guard {
  /** KeyUpdates that it may still have now. */
  tokens: number;
  /** When that was. */
  at: number;
  /** One is under way. */
  busy: boolean;
  /** The error that ended an earlier one: the next ends alike, at once. */
  failed: number | undefined;
}

/** Bounds of a {@linkcode Keeper}. */
export interface KeeperLimits {
  /** Sessions. */
  readonly sessions: number;
  /** KeyUpdates a second and session. */
  readonly keyUpdates: number;
}

/** What there is to say about a KeyUpdate, as far as it came. */
export type RekeyFacts = { -readonly [K in "suite" | "generation" | "repeated"]?: RekeyEvent[K] };

/** Keeps sessions. */
export class Keeper {
  readonly #records: RecordLayer;
  readonly #journal: Journal;
  readonly #now: () => number;
  readonly #guards = new Map<bigint, Guard>();
  #store: SessionStore | undefined;
  /** Bounds, which may change. */
  limits: KeeperLimits;

  /** Keeps nothing until {@linkcode Keeper.open}. */
  constructor(records: RecordLayer, journal: Journal, now: () => number, limits: KeeperLimits) {
    this.#records = records;
    this.#journal = journal;
    this.#now = now;
    this.limits = limits;
  }

  /** Opens the keyring; without one, KeyUpdates are refused. */
  open(keys: KeyStore, keyring: string): void {
    try {
      this.#store = new SessionStore(keys, keyring);
      this.#journal.decide("sessions", true, `sessions are kept in the keyring ${keyring}`);
    } catch (error) {
      this.#journal.decide(
        "sessions",
        false,
        `the keyring ${keyring} cannot be used, so KeyUpdates will fail: ${(error as Error).message}`,
      );
    }
  }

  /** How many sessions there are. */
  get size(): number {
    return this.#store?.size ?? 0;
  }

  /** Keeps a connection that was just turned over to kernel TLS: its session-id; undefined if it cannot be kept. */
  keep(
    tls: TlsConnection,
    cookie: bigint,
    remoteAuth: readonly Serial[],
    peer: string | undefined,
  ): Serial | undefined {
    this.#guards.delete(cookie);
    const lost = (reason: string) => {
      this.#journal.tell({ type: "session-lost", ...peer === undefined ? {} : { peer }, reason });
      return undefined;
    };
    const store = this.#store;
    if (store === undefined) return lost("there is no keyring for sessions");
    const old = store.idOf(cookie);
    if (old === undefined && store.size >= this.limits.sessions) {
      return lost(`${this.limits.sessions} sessions are kept already`);
    }
    const exported = tls.exportState();
    const state = importState(exported);
    exported.fill(0);
    try {
      const id = store.add({ cookie, state, remoteAuth, owed: false, sending: undefined });
      if (old !== undefined) {
        this.#journal.tell({ type: "session-removed", sessionId: old, reason: "replaced" });
      }
      return id;
    } catch (error) {
      return lost((error as Error).message);
    } finally {
      state.destroy();
    }
  }

  /** Forgets the session of a connection. */
  forget(cookie: bigint, reason: "closed" | "swept" = "closed"): void {
    this.#guards.delete(cookie);
    const sessionId = this.#store?.remove(cookie);
    if (sessionId !== undefined) this.#journal.tell({ type: "session-removed", sessionId, reason });
  }

  /** Changes keys: what is to be reported as REMOTE_AUTH. Throws whatever is in the way. */
  async rekey(
    request: RekeyRequest,
    socket: HandedSocket,
    answers: boolean,
    facts: RekeyFacts,
  ): Promise<readonly Serial[]> {
    if (request.request === "unknown") {
      throw new RequestError(Errno.EOPNOTSUPP, "a kind of KeyUpdate that is not known");
    }
    const { cookie } = socket;
    const guard = this.#guard(cookie);
    if (guard.failed !== undefined) {
      throw new RequestError(guard.failed, "an earlier KeyUpdate of this connection has failed");
    }
    if (guard.busy) throw new RequestError(Errno.EBUSY, "another KeyUpdate of this connection is under way");
    guard.busy = true;
    try {
      this.#spend(guard);
      return await this.#rekey(request, socket, cookie, answers, facts);
    } catch (error) {
      guard.failed = errnoOf(error);
      throw error;
    } finally {
      guard.busy = false;
    }
  }

  #guard(cookie: bigint): Guard {
    let guard = this.#guards.get(cookie);
    if (guard === undefined) {
      guard = { tokens: this.limits.keyUpdates, at: this.#now(), busy: false, failed: undefined };
      const [oldest] = this.#guards.keys();
      if (this.#guards.size >= mostGuards) this.#guards.delete(oldest!);
      this.#guards.set(cookie, guard);
    }
    return guard;
  }

  #spend(guard: Guard): void {
    const { keyUpdates } = this.limits;
    const now = this.#now();
    guard.tokens = Math.min(keyUpdates, guard.tokens + (now - guard.at) * keyUpdates / 1000);
    guard.at = now;
    if (guard.tokens < 1) {
      throw new RequestError(Errno.EBUSY, `more than ${keyUpdates} KeyUpdates a second on one connection`);
    }
    guard.tokens--;
  }

  async #rekey(
    request: RekeyRequest,
    socket: HandedSocket,
    cookie: bigint,
    answers: boolean,
    facts: RekeyFacts,
  ): Promise<readonly Serial[]> {
    const store = this.#store;
    if (store === undefined) throw new RequestError(Errno.ENOKEY, "no sessions are kept");
    const session = store.open(request.sessionId, cookie, request.role);
    facts.suite = session.state.suite;
    try {
      const receive = request.request !== "send";
      const send = request.request !== "received" || answers;
      const update = (changed: SessionRecord) => store.update(changed);
      facts.repeated = await new Rekey(this.#records, socket, session, update).run({ receive, send });
      facts.generation = {
        send: session.state.generation("send"),
        receive: session.state.generation("receive"),
      };
      return session.remoteAuth;
    } finally {
      session.state.destroy();
    }
  }

  /** Forgets sessions as their connections end, until the signal is aborted. Never throws. */
  follow(connections: Connections, signal: AbortSignal): Promise<void> {
    return followConnections(connections, {
      known: () => this.#store?.cookies() ?? [],
      ended: (cookie, reason) => this.forget(cookie, reason),
      failed: (error) => this.#journal.tell({ type: "fault", during: "connections", error }),
      heard: (failure) =>
        this.#journal.decide(
          "connections",
          failure === undefined,
          failure === undefined
            ? "sessions are forgotten as their connections end"
            : `the kernel does not tell when connections end, so sessions stay longer: ${failure.message}`,
        ),
    }, signal);
  }
}
