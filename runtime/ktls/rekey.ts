/**
 * Changing keys on a connection that the kernel protects (RFC 8446 section 4.6.3). The state and the kernel go on
 * together: a state is stepped on only when the kernel has taken the keys.
 *
 * @module
 */
import { timingSafeEqual } from "node:crypto";
import { type Direction, importState, type SessionState } from "../tls/mod.ts";
import { type KtlsKeys, wipeKeys } from "./crypto_info.ts";
import { currentKeys } from "./current_keys.ts";
import { KernelRecordSocket } from "./kernel_socket.ts";
import { noRekey } from "./options.ts";
import { ktlsSupport } from "./probe.ts";
import { HANDSHAKE, KEY_UPDATE, type RecordSocket } from "./record_socket.ts";
import type { WaitOptions } from "./socket_io.ts";

/** Keys cannot be changed, or were changed on one side only. */
export class RekeyError extends Error {
  /** Always `RekeyError`. */
  override readonly name = "RekeyError";
  /** Whether a KeyUpdate has gone out: then the peer expects keys that the kernel has refused, and all is over. */
  readonly sent: boolean;

  /** Creates the error. */
  constructor(sent: boolean, message: string, options?: ErrorOptions) {
    super(message, options);
    this.sent = sent;
  }
}

/** What a rekey does to a socket. */
export type RekeySocket = Pick<RecordSocket, "send" | "setTx" | "setRx">;

/** What is to be changed. */
export interface RekeyOptions extends WaitOptions {
  /** The peer has sent a KeyUpdate: reading goes on with its next key. */
  readonly receive?: boolean;
  /** Send a KeyUpdate, and go on with our next key. */
  readonly send?: boolean;
  /** With `send`: whether the peer has to do the same. */
  readonly requestPeer?: boolean;
}

/**
 * Sets the next keys of one direction by `install`, and steps the state on unless that throws. For who keeps a state
 * and sets keys by other means than {@linkcode rekey}.
 */
export function installNextKeys(
  state: SessionState,
  direction: Direction,
  install: (keys: KtlsKeys) => void,
): void {
  const bytes = state.export();
  const next = importState(bytes);
  bytes.fill(0);
  try {
    next.advance(direction);
    const keys = next.trafficKeys(direction);
    try {
      install(keys);
    } finally {
      wipeKeys(keys);
    }
  } finally {
    next.destroy();
  }
  state.advance(direction);
}

/**
 * Sends a KeyUpdate under the present key, then sets the next one. False, and nothing has happened, if the signal was
 * aborted before there was room. Throws {@linkcode RekeyError} if only the first half succeeds; `SystemError`.
 */
export async function sendKeyUpdate(
  socket: Pick<RekeySocket, "send" | "setTx">,
  state: SessionState,
  requestPeer: boolean,
  options: WaitOptions = {},
): Promise<boolean> {
  const message = Uint8Array.of(KEY_UPDATE, 0, 0, 1, requestPeer ? 1 : 0);
  if (await socket.send(HANDSHAKE, message, options) === 0) return false;
  try {
    installNextKeys(state, "send", (keys) => socket.setTx(keys));
  } catch (cause) {
    throw new RekeyError(true, "a KeyUpdate was sent, but the next keys were refused", { cause });
  }
  return true;
}

/**
 * Changes the keys of a kernel TLS socket that is the caller's own: a descriptor, which stays the caller's, or a
 * {@linkcode RecordSocket}. `state` is what the handshake left (`TlsConnection.exportState`, or a state that was kept
 * since) and is stepped on with each direction.
 *
 * A program that reads by itself gets a record of type 22 with a KeyUpdate, `18 00 00 01 xx`, by recvmsg(2), and
 * EKEYEXPIRED from there on. The order then is:
 *
 * 1. `receive: true`, before anything more is read. poll(2) says nothing in between, so do not wait for it.
 * 2. If `xx` is 1 the peer wants an answer: `send: true`, before more data is sent. Both may be one call, which does
 *    them in this order.
 * 3. While `send` is under way nothing else may be sent on the socket; reading may go on.
 *
 * It waits for room (EAGAIN) until the signal is aborted, whose reason it throws then: no KeyUpdate was sent, and
 * `send` may be tried again. Other errors leave state and kernel in step, too: {@linkcode RekeyError} if the state is
 * not that of the socket, or with `sent` if the connection cannot go on; `KtlsUnsupportedError` before Linux 6.14; `SystemError` (EPIPE, EBADF,
 * ENOPROTOOPT without kernel TLS and others).
 *
 * @example After a KeyUpdate that asks for one
 * ```ts
 * import { rekey } from "@tynl/tynl/ktls";
 * import { importState } from "@tynl/tynl/tls";
 *
 * async function onKeyExpired(fd: number, stored: Uint8Array, requested: boolean): Promise<Uint8Array> {
 *   const state = importState(stored);
 *   await rekey(fd, state, { receive: true, send: requested, signal: AbortSignal.timeout(10_000) });
 *   return state.export();
 * }
 * ```
 */
export async function rekey(
  socket: number | RekeySocket,
  state: SessionState,
  options: RekeyOptions,
): Promise<void> {
  const { receive = false, send = false, requestPeer = false, signal } = options;
  signal?.throwIfAborted();
  const target = typeof socket === "number" ? borrowed(socket, state, send) : socket;
  if (receive) installNextKeys(state, "receive", (keys) => target.setRx(keys));
  if (send && !(await sendKeyUpdate(target, state, requestPeer, options))) throw signal!.reason;
}

/** A descriptor that stays the caller's. What can be known to fail is told before anything is changed. */
function borrowed(fd: number, state: SessionState, sends: boolean): RekeySocket {
  for (const direction of ["send", "receive"] as const) {
    if (!hasKeysOf(fd, state, direction)) {
      throw new RekeyError(false, `the keys to ${direction} with are not those of the state`);
    }
  }
  if (sends && !ktlsSupport().rekey) throw noRekey();
  return new KernelRecordSocket(fd, { attached: true });
}

/** Whether a socket's keys are those of a state, as far as the kernel tells. */
function hasKeysOf(fd: number, state: SessionState, direction: Direction): boolean {
  const current = currentKeys(fd, direction === "send" ? "tx" : "rx");
  if (current === undefined) return true;
  const expected = state.trafficKeys(direction);
  try {
    return current.suite === expected.suite && timingSafeEqual(current.key, expected.key);
  } finally {
    wipeKeys(current);
    wipeKeys(expected);
  }
}
