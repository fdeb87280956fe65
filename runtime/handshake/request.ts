/** What the kernel asks for, in the agent's own words. @module */
import { type Accept, Auth, KeyUpdateType, MsgType } from "../../generated/handshake/messages.ts";
import type { Role } from "../tls/mod.ts";
import type { Serial } from "./keys.ts";
import type { AuthMode, RekeyEvent } from "./types.ts";

/** What both kinds of requests have. */
interface Common {
  /** The descriptor that is now ours. */
  readonly fd: number;
  /** Which side we are. */
  readonly role: Role;
  /** Milliseconds after which the consumer gives up; undefined if it does not. */
  readonly timeout: number | undefined;
  /** Whether the kernel takes a session-id in the report. */
  readonly takesSessionId: boolean;
}

/** A handshake is wanted. */
export interface HelloRequest extends Common {
  readonly kind: "hello";
  /** How to authenticate. */
  readonly auth: AuthMode;
  /** Serials of PSKs to offer, as a client. */
  readonly pskSerials: readonly Serial[];
  /** Serials of our certificates and their keys. */
  readonly certificates: readonly { readonly cert: Serial; readonly privkey: Serial }[];
  /** The name that the peer's certificate must be for. */
  readonly peerName: string | undefined;
  /** A keyring with keys for this request. */
  readonly keyring: Serial | undefined;
}

/** New keys are wanted. */
export interface RekeyRequest extends Common {
  readonly kind: "rekey";
  /** What for. */
  readonly request: RekeyEvent["request"];
  /** The session. */
  readonly sessionId: Serial;
}

/** A request with a socket; `unknown` is a kind that a newer kernel may have. */
export type Request = HelloRequest | RekeyRequest | { readonly kind: "unknown"; readonly fd: number };

const authModes: ReadonlyMap<number, AuthMode> = new Map<number, AuthMode>([
  [Auth.unspec, "unspecified"],
  [Auth.unauth, "unauthenticated"],
  [Auth.psk, "psk"],
  [Auth.x509, "x509"],
]);

const updateTypes: ReadonlyMap<number, RekeyEvent["request"]> = new Map<number, RekeyEvent["request"]>([
  [KeyUpdateType.send, "send"],
  [KeyUpdateType.received, "received"],
  [KeyUpdateType.receivedRequestUpdate, "received-request-update"],
]);

const roles: ReadonlyMap<number, readonly ["hello" | "rekey", Role]> = new Map([
  [MsgType.clienthello, ["hello", "client"]],
  [MsgType.serverhello, ["hello", "server"]],
  [MsgType.clientkeyupdate, ["rekey", "client"]],
  [MsgType.serverkeyupdate, ["rekey", "server"]],
]);

/** Reads what ACCEPT gave; undefined if there is no socket in it, so nothing could be reported either. */
export function readRequest(accept: Accept): Request | undefined {
  const { sockfd: fd } = accept;
  if (fd === undefined || fd < 0) return undefined;
  const [kind, role] = roles.get(accept.messageType ?? MsgType.unspec) ?? [];
  if (kind === undefined || role === undefined) return { kind: "unknown", fd };
  const common = {
    fd,
    role,
    timeout: accept.timeout || undefined,
    takesSessionId: accept.sessionId !== undefined,
  };
  if (kind === "rekey") {
    const request = updateTypes.get(accept.keyUpdateRequest ?? KeyUpdateType.unspec) ?? "unknown";
    return { ...common, kind, request, sessionId: accept.sessionId ?? 0 };
  }
  return {
    ...common,
    kind,
    auth: authModes.get(accept.authMode ?? Auth.unspec) ?? "unknown",
    pskSerials: (accept.peerIdentity ?? []).filter((serial) => serial !== 0),
    certificates: (accept.certificate ?? []).flatMap(({ cert, privkey }) =>
      cert === undefined || privkey === undefined || cert === 0 || privkey === 0 ? [] : [{ cert, privkey }]
    ),
    peerName: accept.peername || undefined,
    keyring: accept.keyring || undefined,
  };
}
