/**
 * The kernel's side of the `handshake` family (net/handshake of Linux): the queue between consumers and an agent, with
 * real sockets.
 *
 * A test submits a request for a socket of its own, as NVMe and NFS do in the kernel; the agent under test gets READY,
 * fetches the request with ACCEPT, which gives it another descriptor of the same socket, and reports with DONE, which
 * names the socket by that descriptor. Answers and refusals are those of Linux 7.3, and of the KeyUpdate series with
 * `keyUpdates`. What is not here: network namespaces, and the policy that nlctrl would tell.
 *
 * @module
 */
import {
  type Accept,
  accept as acceptSet,
  type Done,
  done as doneSet,
  HandlerClass,
  handshake,
} from "../../generated/handshake/mod.ts";
import { type ConnectOptions, type Connector, OverrunError, SystemError } from "../netlink/mod.ts";
import { GENL_HDRLEN, MessageFlags, NETLINK_GENERIC, NLMSG_HDRLEN, Reader } from "../wire/mod.ts";
import { descriptorState, duplicate, socketCookie } from "./descriptors.ts";
import { type Delivery, FakeKernel, type FakeSocket } from "./fake_kernel.ts";
import { handshakePolicy, type Refusal, refuse } from "./handshake_policy.ts";
import { HandshakeRequest, type HandshakeSubmission } from "./handshake_request.ts";
import { acknowledgement, type FakeRequest, reply } from "./messages.ts";

const ACCEPT = 2, DONE = 3;
const EPERM = 1, ESRCH = 3, EIO = 5, EAGAIN = 11, EBUSY = 16, EINVAL = 22;
const EPROTONOSUPPORT = 93, EOPNOTSUPP = 95;
/** HANDSHAKE_A_ACCEPT_HANDLER_CLASS and HANDSHAKE_A_DONE_SOCKFD. */
const HANDLER_CLASS = 2, SOCKFD = 2;

/** How a fake kernel's queue is. */
export interface HandshakeKernelOptions {
  /** The KeyUpdate series: attributes 10 and 11 of ACCEPT, 4 of DONE, several requests one after the other on a socket. */
  readonly keyUpdates?: boolean;
  /** Requests that may wait to be accepted, 50 unless set; more are EAGAIN. */
  readonly pendingLimit?: number;
  /** Whether agents have CAP_NET_ADMIN, true unless set; without it ACCEPT and DONE are EPERM. */
  readonly privileged?: boolean;
}

/** What ACCEPT or DONE came to. */
export interface HandshakeCall {
  /** Which of the two. */
  readonly command: "accept" | "done";
  /** 0, or the positive error number that the agent was given. */
  readonly errno: number;
}

/** The queue, behind the transport that agents open. */
export class HandshakeKernel implements Connector {
  /** Every ACCEPT and DONE so far. */
  readonly calls: HandshakeCall[] = [];
  readonly #kernel: FakeKernel;
  readonly #keyUpdates: boolean;
  readonly #pendingLimit: number;
  readonly #privileged: boolean;
  readonly #pending: HandshakeRequest[] = [];
  /** By cookie; those that are over stay until their socket has another. */
  readonly #requests = new Map<bigint, HandshakeRequest>();
  readonly #faults: HandshakeCall[] = [];

  /** A kernel without requests. */
  constructor({ keyUpdates = false, pendingLimit = 50, privileged = true }: HandshakeKernelOptions = {}) {
    this.#kernel = new FakeKernel([handshake], (request) => this.#answer(request));
    this.#keyUpdates = keyUpdates;
    this.#pendingLimit = pendingLimit;
    this.#privileged = privileged;
  }

  /** Opens a socket; it has no protocol but generic netlink. */
  connect(protocol: number, options?: ConnectOptions): FakeSocket {
    if (protocol !== NETLINK_GENERIC) throw new SystemError("socket", EPROTONOSUPPORT);
    return this.#kernel.connect(protocol, options);
  }

  /** Requests that no agent has accepted yet. */
  get pending(): number {
    return this.#pending.length;
  }

  /** Sockets that agents opened, in order. */
  get sockets(): readonly FakeSocket[] {
    return this.#kernel.sockets;
  }

  /**
   * Asks for something on a socket, and tells agents. Throws `SystemError`: ESRCH if no agent listens, EBUSY if the
   * socket has a request already, EAGAIN if too many are pending, EBADF and ENOTSOCK.
   */
  submit(submission: HandshakeSubmission): HandshakeRequest {
    const request = new HandshakeRequest(submission, { withdraw: (request) => this.#withdraw(request) });
    const errno = this.#enqueue(request);
    if (errno === 0) return request;
    request.end({ status: errno, remoteAuth: [], sessionId: undefined });
    throw new SystemError("handshake_req_submit", errno);
  }

  #enqueue(request: HandshakeRequest): number {
    const earlier = this.#requests.get(request.cookie);
    if (earlier !== undefined && !(this.#keyUpdates && earlier.state === "over")) return EBUSY;
    if (this.#pending.length >= this.#pendingLimit) return EAGAIN;
    this.#requests.set(request.cookie, request);
    this.#pending.push(request);
    if (this.announce() > 0) return 0;
    this.#withdraw(request);
    this.#requests.delete(request.cookie);
    return ESRCH;
  }

  #withdraw(request: HandshakeRequest): void {
    const at = this.#pending.indexOf(request);
    if (at >= 0) this.#pending.splice(at, 1);
  }

  /** Sends READY, whether or not there is a request: how many sockets listen. */
  announce(): number {
    const ready = this.#kernel.event(handshake, "ready", { handlerClass: HandlerClass.tlshd });
    return this.#kernel.notify("tlshd", ready);
  }

  /** Loses events of everybody who listens, READY among them. */
  overrun(): void {
    this.#kernel.notify("tlshd", new OverrunError());
  }

  /** Lets the next ACCEPT or DONE fail. A DONE that failed so was not read. */
  fail(command: "accept" | "done", errno: number): void {
    this.#faults.push({ command, errno });
  }

  /** Forgets the request of a socket that was closed, as the kernel does with the socket. */
  forget(cookie: bigint): void {
    const request = this.#requests.get(cookie);
    request?.cancel();
    this.#requests.delete(cookie);
  }

  *#answer(request: FakeRequest): Iterable<Delivery> {
    const result = this.#carryOut(request);
    const { errno, extack, message } = { message: undefined, ...result };
    if (request.command === ACCEPT || request.command === DONE) {
      this.calls.push({ command: request.command === ACCEPT ? "accept" : "done", errno });
    }
    if (message !== undefined) yield message;
    if (errno !== 0 || (request.flags & MessageFlags.ack) !== 0) {
      yield acknowledgement(request, errno, extack === undefined ? {} : { extack });
    }
  }

  #carryOut(request: FakeRequest): Refusal & { readonly message?: Uint8Array } {
    const { command, flags, bytes } = request;
    if (command !== ACCEPT && command !== DONE) return { errno: EOPNOTSUPP };
    if ((flags & MessageFlags.dump) === MessageFlags.dump) return { errno: EOPNOTSUPP };
    if (!this.#privileged) return { errno: EPERM };
    const name = command === ACCEPT ? "accept" : "done";
    const fault = this.#faults.findIndex((fault) => fault.command === name);
    if (fault >= 0) return this.#faults.splice(fault, 1)[0]!;
    const refusal = refuse(bytes, handshakePolicy(command, this.#keyUpdates));
    if (refusal !== undefined) return refusal;
    const reader = new Reader(bytes, NLMSG_HDRLEN + GENL_HDRLEN);
    return command === ACCEPT
      ? this.#accept(request, acceptSet.decode(reader, bytes.length))
      : this.#done(doneSet.decode(reader, bytes.length));
  }

  #accept(request: FakeRequest, { handlerClass }: Accept): Refusal & { readonly message?: Uint8Array } {
    if (handlerClass === undefined) return { errno: EINVAL, extack: { missingType: HANDLER_CLASS } };
    const next = handlerClass === HandlerClass.tlshd ? this.#pending.shift() : undefined;
    if (next === undefined) return { errno: EAGAIN };
    let sockfd: number;
    try {
      sockfd = duplicate(next.submission.fd);
    } catch (error) {
      next.end({ status: EIO, remoteAuth: [], sessionId: undefined });
      return { errno: (error as SystemError).errno };
    }
    next.state = "accepted";
    next.handed = descriptorState(sockfd);
    return {
      errno: 0,
      message: reply(request, handshake.operations.accept!, this.#attributes(next, sockfd)),
    };
  }

  /** The reply's attributes, in the kernel's order. */
  #attributes({ submission }: HandshakeRequest, sockfd: number): Accept {
    const { messageType, peername, timeout, keyring, authMode, peerIdentity, certificate } = submission;
    const { keyUpdateRequest = 0, sessionId = 0 } = submission;
    return {
      sockfd,
      messageType,
      ...peername === undefined ? {} : { peername },
      ...timeout === undefined ? {} : { timeout },
      ...keyring === undefined ? {} : { keyring },
      ...authMode === undefined ? {} : { authMode },
      ...peerIdentity === undefined ? {} : { peerIdentity },
      ...certificate === undefined ? {} : { certificate },
      ...this.#keyUpdates ? { keyUpdateRequest, sessionId } : {},
    };
  }

  #done(report: Done): Refusal {
    if (report.sockfd === undefined) return { errno: EINVAL, extack: { missingType: SOCKFD } };
    let cookie: bigint;
    try {
      cookie = socketCookie(report.sockfd);
    } catch (error) {
      return { errno: (error as SystemError).errno };
    }
    const request = this.#requests.get(cookie);
    if (request === undefined || request.state === "pending") return { errno: EBUSY };
    request.report(report, descriptorState(report.sockfd));
    return { errno: 0 };
  }
}

/**
 * A fake kernel with the queue of the `handshake` family.
 *
 * ```ts
 * import assert from "node:assert/strict";
 * import { open } from "@tynl/tynl";
 * import { Auth, HandlerClass, handshake, MsgType } from "@tynl/tynl/handshake";
 * import { loopbackPair } from "@tynl/tynl/ktls";
 * import { handshakeKernel } from "@tynl/tynl/testing";
 *
 * const kernel = handshakeKernel();
 * await using agent = await open(handshake, { transport: kernel });
 * using _ = agent.subscribe("tlshd");
 * const [fd] = loopbackPair();
 * const request = kernel.submit({ fd, messageType: MsgType.clienthello, authMode: Auth.unauth });
 * const { sockfd } = await agent.accept({ handlerClass: HandlerClass.tlshd });
 * await agent.done({ status: 13, sockfd: sockfd! });
 * assert.equal((await request.outcome).status, 13);
 * ```
 */
export function handshakeKernel(options: HandshakeKernelOptions = {}): HandshakeKernel {
  return new HandshakeKernel(options);
}
