/** One request to a handshake agent, as its consumer in the kernel sees it. @module */
import type { Accept, Done } from "../../generated/handshake/mod.ts";
import { type DescriptorState, socketCookie } from "./descriptors.ts";

/** Errors of asm-generic/errno.h. */
const ETIMEDOUT = 110, ECANCELED = 125;

/** What a consumer asks for: attributes of ACCEPT, and how long it waits. */
export interface HandshakeSubmission extends
  Pick<
    Accept,
    | "timeout"
    | "peername"
    | "keyring"
    | "authMode"
    | "peerIdentity"
    | "certificate"
    | "keyUpdateRequest"
    | "sessionId"
  > {
  /** The connected socket; it stays the caller's to close. */
  readonly fd: number;
  /** What is to be done. */
  readonly messageType: NonNullable<Accept["messageType"]>;
  /** Milliseconds that the consumer waits: those of the attribute `timeout` if left out, for ever if that is, too. */
  readonly patience?: number;
}

/** How it ended for the consumer. */
export interface HandshakeOutcome {
  /** 0 for success, else a positive error number; ETIMEDOUT (110) and ECANCELED (125) where the consumer gave up. */
  readonly status: number;
  /** REMOTE_AUTH: key serials. */
  readonly remoteAuth: readonly number[];
  /** SESSION_ID, if it was reported. */
  readonly sessionId: number | undefined;
}

/** A DONE that named the request's socket. */
export interface HandshakeReport extends HandshakeOutcome {
  /** Whether it ended the request; one that came again, or too late, is acknowledged and ignored. */
  readonly taken: boolean;
  /** The agent's descriptor at that moment. */
  readonly descriptor: DescriptorState;
}

/** What {@linkcode HandshakeRequest} needs of its queue. */
export interface RequestQueue {
  /** Takes a request that was not accepted yet out of the queue. */
  readonly withdraw: (request: HandshakeRequest) => void;
}

/** A request under way. */
export class HandshakeRequest {
  /** What was asked for. */
  readonly submission: HandshakeSubmission;
  /** Cookie of the socket. */
  readonly cookie: bigint;
  /** How it ends. */
  readonly outcome: Promise<HandshakeOutcome>;
  /** Every DONE about it, in order: an agent sends one. */
  readonly reports: HandshakeReport[] = [];
  /** `pending` until an agent accepts it; `over` once it was reported or the consumer gave up. */
  state: "pending" | "accepted" | "over" = "pending";
  /** The agent's descriptor as ACCEPT handed it out. */
  handed: DescriptorState | undefined;
  readonly #queue: RequestQueue;
  readonly #resolve: (outcome: HandshakeOutcome) => void;
  readonly #timer: ReturnType<typeof setTimeout> | undefined;

  /** Made by {@linkcode HandshakeKernel.submit}. */
  constructor(submission: HandshakeSubmission, queue: RequestQueue) {
    this.submission = submission;
    this.cookie = socketCookie(submission.fd);
    this.#queue = queue;
    const { promise, resolve } = Promise.withResolvers<HandshakeOutcome>();
    this.outcome = promise;
    this.#resolve = resolve;
    const patience = submission.patience ?? submission.timeout;
    if (patience !== undefined && patience > 0) {
      this.#timer = setTimeout(() => this.#giveUp(ETIMEDOUT), patience);
    }
  }

  /** The consumer gives up (tls_handshake_cancel). True if that ended it, false if it was over already. */
  cancel(): boolean {
    return this.#giveUp(ECANCELED);
  }

  #giveUp(status: number): boolean {
    if (this.state === "pending") this.#queue.withdraw(this);
    return this.end({ status, remoteAuth: [], sessionId: undefined });
  }

  /** Ends it, unless it is over. */
  end(outcome: HandshakeOutcome): boolean {
    if (this.state === "over") return false;
    this.state = "over";
    clearTimeout(this.#timer);
    this.#resolve(outcome);
    return true;
  }

  /** Takes a DONE. */
  report({ status, remoteAuth = [], sessionId }: Done, descriptor: DescriptorState): void {
    // A report without a status is EIO (net/handshake/netlink.c).
    const outcome = { status: status ?? 5, remoteAuth, sessionId };
    const taken = this.end(outcome);
    this.reports.push({ ...outcome, taken, descriptor });
  }
}
