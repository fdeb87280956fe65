/** The face of the agent: what it is told, and what it tells. @module */
import type { Connector, NetworkNamespace } from "../netlink/mod.ts";
import type { CipherSuiteName, GroupName, KeyedCertificate, Role } from "../tls/mod.ts";
import type { Certificate, Crl } from "../tls/x509/mod.ts";
import type { Connections } from "./connections.ts";
import type { KeyStore, Serial } from "./keys.ts";
import type { RecordLayer } from "./record_layer.ts";

/** Certificates for one role. Everything may be left out: the role then works with PSKs alone. */
export interface RolePolicy {
  /** Whom we trust to issue the peer's certificate. */
  readonly anchors?: readonly Certificate[];
  /** Revocation lists, of any issuers. */
  readonly crls?: readonly Crl[];
  /** Whether every issuer must have a list; false if left out. */
  readonly requireCrls?: boolean;
  /** Our own certificates, used where the kernel's request names none. */
  readonly certificates?: readonly KeyedCertificate[];
}

/** What a server does besides. */
export interface ServerPolicy extends RolePolicy {
  /** Whether clients must have a certificate where the request's auth mode is X.509: `request` if left out, as tlshd. */
  readonly clientCertificate?: "request" | "require";
}

/** How TLS is to be done. May be replaced while the agent runs. */
export interface TlsPolicy {
  /** For handshakes in which we are the client. */
  readonly client?: RolePolicy;
  /** For handshakes in which we are the server. */
  readonly server?: ServerPolicy;
  /** Keyrings that are searched for PSKs besides the request's own: names as in /proc/keys, or serials. `.nvme` if left out. */
  readonly keyrings?: readonly (string | Serial)[];
  /** Type of the keys that hold PSKs: `psk` if left out. */
  readonly pskType?: string;
  /** Suites, best first; by default all that the kernel takes. */
  readonly suites?: readonly CipherSuiteName[];
  /** Key exchange groups, best first; by default all. */
  readonly groups?: readonly GroupName[];
  /** Most bytes in a record that we take (RFC 8449), 64 to 16,385; the default is the most. */
  readonly recordSizeLimit?: number;
  /** TLS_RX_EXPECT_NO_PAD; false if left out. */
  readonly expectNoPad?: boolean;
  /** TLS_TX_ZEROCOPY_RO; false if left out. */
  readonly zeroCopy?: boolean;
  /**
   * Answers each KeyUpdate of the peer with one of ours although the kernel did not say that the peer asked for it.
   * Two agents that both do so would never stop, so this is off unless set.
   */
  readonly answerKeyUpdates?: boolean;
  /** Writes the secrets of a handshake as lines of an SSLKEYLOGFILE: whoever reads them reads the connection. */
  readonly keyLog?: (line: string) => void;
  /**
   * The host name of an address, for a client that must check a certificate and was told no name. Without it, the
   * certificate must be for the address itself. A name from the DNS proves no more than the DNS does.
   */
  readonly resolveName?: (address: string) => Promise<string | undefined>;
}

/** Bounds of the agent's work. */
export interface AgentLimits {
  /** Handshakes at a time: 64 if left out. */
  readonly concurrency?: number;
  /** Requests that were accepted and wait for their turn, those that are due first going first: 256 if left out. */
  readonly waiting?: number;
  /** Milliseconds that a handshake may take; 10,000 if left out. The kernel's own timeout counts if it is shorter. */
  readonly deadline?: number;
  /** Sessions that are kept for KeyUpdates: 1,024 if left out. */
  readonly sessions?: number;
  /** KeyUpdates a second and session: 16 if left out. As many may come at once. */
  readonly keyUpdates?: number;
}

/** How KeyUpdates find their session. */
export interface SessionOptions {
  /**
   * Name of the keyring in the user keyring that holds them: `tynl-sessions:` and the number of the network namespace
   * if left out. Agents of several namespaces must not share one: each forgets what is no connection of its own.
   */
  readonly keyring?: string;
}

/** A clock. */
export interface AgentClock {
  /** Milliseconds from any moment on, never going back. */
  now(): number;
  /** The time of day, for certificates. */
  date(): Date;
}

/** What {@linkcode createAgent} is told. Everything has a default: the running kernel, PSKs of `.nvme`. */
export interface AgentOptions {
  /** Where netlink sockets come from: the running kernel. */
  readonly transport?: Connector;
  /** The network namespace whose requests are served; this process's own. */
  readonly netns?: NetworkNamespace;
  /** The kernel's keys. */
  readonly keys?: KeyStore;
  /** The kernel's TLS. */
  readonly records?: RecordLayer;
  /** Which connections there are, so that sessions are forgotten with them: the kernel's; `null` to do without. */
  readonly connections?: Connections | null;
  /** How TLS is to be done. */
  readonly policy?: TlsPolicy;
  /** Where sessions are kept. */
  readonly sessions?: SessionOptions;
  /** Bounds. */
  readonly limits?: AgentLimits;
  /** Called with each event, at once; what it throws is dropped. */
  readonly onEvent?: (event: AgentEvent) => void;
  /** The clock. */
  readonly clock?: AgentClock;
}

/** What may be replaced while the agent runs. What is left out stays as it is. */
export type ReloadOptions = Pick<AgentOptions, "policy" | "limits">;

/** How a request for a handshake was to be authenticated. */
export type AuthMode = "unspecified" | "unauthenticated" | "psk" | "x509" | "unknown";

/** What every report about a request has. */
export interface Outcome {
  /** Which side we were. */
  readonly role: Role;
  /** Address and port of the peer, such as `192.0.2.1:4420` or `[2001:db8::1]:2049`; absent if the socket is not connected. */
  readonly peer?: string;
  /** 0 for success, else the positive error number that the kernel was told. */
  readonly status: number;
  /** Why it failed, in words without secrets; absent for success. */
  readonly reason?: string;
  /** What is wrong, if it is a fault of this machine's configuration: what to do about it. */
  readonly hint?: string;
  /** Milliseconds from accept to done. */
  readonly duration: number;
  /** Whether the kernel took the report; if not, the consumer runs into its own timeout. */
  readonly reported: boolean;
}

/** A handshake is over, one way or the other. */
export interface HandshakeEvent extends Outcome {
  /** What kind of event this is. */
  readonly type: "handshake";
  /** How it was to be authenticated. */
  readonly auth: AuthMode;
  /** The suite. */
  readonly suite?: CipherSuiteName;
  /** The key exchange group. */
  readonly group?: GroupName;
  /** The PSK identity, or the subject of the peer's certificate: text of the peer, made printable. */
  readonly identity?: string;
  /** The server's name that its certificate was checked for. */
  readonly peerName?: string;
  /** Serials that were reported as REMOTE_AUTH. */
  readonly remoteAuth: readonly Serial[];
  /** The session-id for later KeyUpdates; absent if the kernel has none, or if the session could not be kept. */
  readonly sessionId?: Serial;
  /** The alert that was received, or sent. */
  readonly alert?: { readonly name: string; readonly fromPeer: boolean };
}

/** A request for new keys is over. */
export interface RekeyEvent extends Outcome {
  /** What kind of event this is. */
  readonly type: "rekey";
  /** What was asked for. */
  readonly request: "send" | "received" | "received-request-update" | "unknown";
  /** The session that it was about. */
  readonly sessionId: Serial;
  /** The suite. */
  readonly suite?: CipherSuiteName;
  /** How many KeyUpdates each direction has had by now. */
  readonly generation?: { readonly send: number; readonly receive: number };
  /** The kernel had the keys already: the same request came again. */
  readonly repeated?: boolean;
}

/** The agent has joined the group and serves requests. */
export interface StartedEvent {
  /** What kind of event this is. */
  readonly type: "started";
  /** Suites that kernel TLS takes here. */
  readonly suites: readonly CipherSuiteName[];
  /** Sessions of an earlier run that were found. */
  readonly sessions: number;
}

/** Something about this machine that was found out; told once each. */
export interface DecisionEvent {
  /** What kind of event this is. */
  readonly type: "decision";
  /** What it is about. */
  readonly about:
    /** The kernel hands KeyUpdates up (attributes 10 and 11 of accept), or does not. */
    | "key-update"
    /** Kernel TLS, or a suite of it, is missing. */
    | "kernel-tls"
    /** Sessions are kept, or cannot be: KeyUpdates will fail then. */
    | "sessions"
    /** The end of connections is told, or is not. */
    | "connections"
    /** A keyring of the policy is not there. */
    | "keyring";
  /** Which one, where there are several: the name of a keyring. */
  readonly subject?: string;
  /** Whether it is there. */
  readonly available: boolean;
  /** In words, with what to do about it. */
  readonly text: string;
}

/** A session was forgotten. */
export interface SessionRemovedEvent {
  /** What kind of event this is. */
  readonly type: "session-removed";
  /** Its id. */
  readonly sessionId: Serial;
  /** Why: its connection ended, it was of no known connection at the start, or it was replaced. */
  readonly reason: "closed" | "swept" | "replaced";
}

/** A session could not be kept: a later KeyUpdate of this connection will fail. */
export interface SessionLostEvent {
  /** What kind of event this is. */
  readonly type: "session-lost";
  /** Address and port of the peer. */
  readonly peer?: string;
  /** Why: such as `EDQUOT`, or the limit that was reached. */
  readonly reason: string;
}

/** The agent could not fetch a request, or does not know what it wants, or another fault that belongs to none. */
export interface FaultEvent {
  /** What kind of event this is. */
  readonly type: "fault";
  /** What the agent was at. */
  readonly during: "accept" | "events" | "sessions" | "connections";
  /** The error, without secrets. */
  readonly error: Error;
}

/** The policy or the limits were replaced. */
export interface ReloadedEvent {
  /** What kind of event this is. */
  readonly type: "reloaded";
}

/** The agent takes no more requests, and finishes those that it has. */
export interface DrainingEvent {
  /** What kind of event this is. */
  readonly type: "draining";
  /** Requests under way. */
  readonly active: number;
}

/** The agent has stopped. */
export interface StoppedEvent {
  /** What kind of event this is. */
  readonly type: "stopped";
}

/** What the agent tells. Nothing in it is a secret; text of peers has no control characters. */
export type AgentEvent =
  | StartedEvent
  | DecisionEvent
  | HandshakeEvent
  | RekeyEvent
  | SessionRemovedEvent
  | SessionLostEvent
  | FaultEvent
  | ReloadedEvent
  | DrainingEvent
  | StoppedEvent;

/** Counters since the agent was created, and what is the case now. */
export interface AgentStatus {
  /** What the agent is doing. */
  readonly state: "created" | "running" | "draining" | "stopped";
  /** Requests that are worked on. */
  readonly active: number;
  /** Requests that were accepted and wait for their turn. */
  readonly waiting: number;
  /** Sessions that are kept. */
  readonly sessions: number;
  /** Requests that were accepted. */
  readonly accepted: number;
  /** Handshakes that succeeded. */
  readonly handshakes: number;
  /** KeyUpdates that succeeded. */
  readonly rekeys: number;
  /** Requests that failed, by the name of the error that was reported, such as `EACCES`. */
  readonly failures: { readonly [code: string]: number };
  /** Reports that the kernel refused. */
  readonly unreported: number;
  /** Whether the kernel hands KeyUpdates up; undefined until the first request has come. */
  readonly keyUpdates: boolean | undefined;
}

/** A handshake agent: see {@linkcode createAgent}. */
export interface Agent extends AsyncDisposable {
  /**
   * Serves requests until the signal is aborted or {@linkcode Agent.drain} is called; once only. An abort fails what
   * is under way with ECANCELED, and is no error. Throws `FamilyNotFoundError` (the kernel has no handshake family),
   * `NetlinkError` EPERM (CAP_NET_ADMIN in the initial user namespace is needed), `UnsupportedError`, `SystemError`.
   */
  run(signal?: AbortSignal): Promise<void>;
  /** Takes no more requests, finishes those under way, and ends {@linkcode Agent.run}. */
  drain(): Promise<void>;
  /** Counters and present state: a snapshot. */
  status(): AgentStatus;
  /** Replaces policy or limits; requests under way keep theirs. Throws what {@linkcode createAgent} throws. */
  reload(options: ReloadOptions): void;
}
