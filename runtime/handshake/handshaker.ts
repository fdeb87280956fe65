/** One handshake, from the accepted request to kernel TLS. @module */
import { alertName, type Session, TlsAlertError, type TlsConnection } from "../tls/mod.ts";
import type { HandedSocket } from "./handed_socket.ts";
import { Hello, type HelloContext } from "./hello.ts";
import type { RecordLayer } from "./record_layer.ts";
import type { HelloRequest } from "./request.ts";
import type { HandshakeEvent } from "./types.ts";
import type { Serial } from "./keys.ts";

/** What a handshake needs besides what it is about. */
export interface HandshakeContext extends HelloContext {
  /** Kernel TLS. */
  readonly records: RecordLayer;
  /** Keeps the session of a connection that kernel TLS has taken over: its id, or undefined if it cannot be kept. */
  readonly keep: (tls: TlsConnection, remoteAuth: readonly Serial[]) => Serial | undefined;
}

/** What there is to say about a handshake, as far as it came. */
export type HandshakeFacts = {
  -readonly [K in "suite" | "group" | "identity" | "peerName" | "sessionId" | "alert"]?: HandshakeEvent[K];
};

/** Passes bytes between the engine and the socket until the handshake is over; never reads more than it needs. */
async function exchange(tls: TlsConnection, socket: HandedSocket): Promise<Session> {
  for (;;) {
    await socket.send(tls.takeOutgoing());
    if (tls.session !== undefined) return tls.session;
    const bytes = await socket.receive(tls.bytesWanted);
    if (bytes === undefined) tls.receiveEnd();
    else tls.receive(bytes);
  }
}

/** Sets both keys of the kernel's TLS. */
function arm(tls: TlsConnection, socket: HandedSocket, session: Session, context: HandshakeContext): void {
  const { expectNoPad = false, zeroCopy = false } = context.policy;
  const keys = { send: tls.trafficKeys("send"), receive: tls.trafficKeys("receive") };
  // record_size_limit counts the type, which kernel TLS does not; 16,385 is what there is without it (RFC 8449).
  const limit = session.peerRecordSizeLimit - 1;
  try {
    context.records.arm(socket.fd, keys, {
      expectNoPad,
      zeroCopy,
      ...limit < 16384 ? { maxPayload: limit } : {},
    });
  } finally {
    for (const { key, iv, salt } of Object.values(keys)) {
      key.fill(0);
      iv.fill(0);
      salt.fill(0);
    }
  }
}

/**
 * Does the handshake that is asked for and turns the socket over to kernel TLS: what is to be reported as REMOTE_AUTH.
 * `facts` is filled in as they become known, for a failure too. Throws whatever ended it; the peer has been sent the
 * alert then.
 */
export async function handshake(
  request: HelloRequest,
  socket: HandedSocket,
  context: HandshakeContext,
  facts: HandshakeFacts,
): Promise<readonly Serial[]> {
  const address = socket.peer?.address;
  const name = await socket.unlessInterrupted(peerNameOf(request, address, context));
  const hello = new Hello(request, context, name);
  if (hello.peerName !== undefined) facts.peerName = hello.peerName;
  const { tls } = hello;
  socket.hurry();
  try {
    const session = await exchange(tls, socket);
    facts.suite = session.suite;
    facts.group = session.group;
    const { remoteAuth, identity } = hello.proof(session, address);
    if (identity !== undefined) facts.identity = identity;
    arm(tls, socket, session, context);
    if (request.takesSessionId) {
      const sessionId = context.keep(tls, remoteAuth);
      if (sessionId !== undefined) facts.sessionId = sessionId;
    }
    return remoteAuth;
  } catch (error) {
    if (error instanceof TlsAlertError) {
      facts.alert = { name: alertName(error.alert), fromPeer: error.fromPeer };
    }
    // A peer that is still waiting for us is told that we gave up.
    if (tls.state === "handshaking") tls.close();
    if (tls.session === undefined) socket.sendNow(tls.takeOutgoing());
    throw error;
  } finally {
    tls.destroy();
    hello.wipe();
    socket.restore();
  }
}

/** The name to check the server for: the request's, the address's, or the address itself. */
async function peerNameOf(
  request: HelloRequest,
  address: string | undefined,
  { policy }: HelloContext,
): Promise<string | undefined> {
  if (request.role === "server" || request.auth === "psk") return undefined;
  if (request.peerName !== undefined || address === undefined) return request.peerName;
  return await policy.resolveName?.(address) ?? address;
}
