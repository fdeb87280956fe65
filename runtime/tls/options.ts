/** What clients and servers are told. @module */
import type { KeyObject } from "node:crypto";
import { randomBytes } from "node:crypto";
import type { Extension } from "./extensions.ts";
import { type Group, group, type GroupName, groups, type KeyAnswer, type KeyPair } from "./groups.ts";
import { checkPsk, type ExternalPsk } from "./psk.ts";
import {
  keyKind,
  type SchemeInfo,
  type SignatureScheme,
  signatureScheme,
  signatureSchemes,
} from "./signatures.ts";
import type { Role } from "./state.ts";
import { type CipherSuite, cipherSuite, type CipherSuiteName, cipherSuites } from "./suites.ts";

/** A chain with the key of its leaf as node:crypto holds it. */
export interface KeyedCertificate {
  /** DER, the leaf first, each next one certifying the one before. */
  readonly chain: readonly Uint8Array[];
  /** The leaf's private key: RSA, RSA-PSS, Ed25519, or EC on P-256 or P-384. */
  readonly privateKey: KeyObject;
}

/** A chain whose key is elsewhere: in a token, a kernel keyring, another process. */
export interface SignedCertificate {
  /** DER, the leaf first, each next one certifying the one before. */
  readonly chain: readonly Uint8Array[];
  /** What the key can sign with, best first. */
  readonly schemes: readonly SignatureScheme[];
  /** Signs `content` as it is: hashing belongs to the scheme. What it throws ends the handshake with internal_error. */
  readonly sign: (scheme: SignatureScheme, content: Uint8Array) => Uint8Array;
}

/** A certificate of our own. */
export type Certificate = KeyedCertificate | SignedCertificate;

/** What a chain is verified for. */
export interface PeerContext {
  /** The peer's side, which decides the extended key usage that its certificate needs. */
  readonly peerRole: Role;
  /** On a client: the name that the server must prove. */
  readonly serverName?: string;
}

/**
 * Decides about the peer's chain (DER, leaf first, never empty). It returns for a chain that is trusted and throws
 * otherwise; an error with a numeric `alert` (one of AlertDescription) chooses the alert, others give
 * certificate_unknown. That the peer has the leaf's key is checked by the engine.
 */
export type VerifyPeer = (chain: readonly Uint8Array[], context: PeerContext) => void;

/** What both sides may be told. */
export interface TlsOptions {
  /** Suites, best first; by default all three: AES-128-GCM, AES-256-GCM, CHACHA20-POLY1305. */
  readonly suites?: readonly CipherSuiteName[];
  /** Key exchange groups, best first; by default all four: x25519, x25519mlkem768, secp256r1, secp384r1. */
  readonly groups?: readonly GroupName[];
  /** Signatures that the peer may use, best first; by default all. RSA PKCS #1 is allowed inside chains as well. */
  readonly signatureSchemes?: readonly SignatureScheme[];
  /** Application protocols, best first (RFC 7301). Without them the extension is neither sent nor answered. */
  readonly alpn?: readonly string[];
  /** Our own certificates; the first one that the peer can verify is used. */
  readonly certificates?: readonly Certificate[];
  /** Decides about the peer's certificate. Without it no certificate is accepted. */
  readonly verifyPeer?: VerifyPeer;
  /** Most bytes of content, type and padding that we take in a record: 64 to 16,385, the default (RFC 8449). */
  readonly recordSizeLimit?: number;
  /** Most bytes of one handshake message: 1,024 at least, 65,536 by default. */
  readonly maxHandshakeMessage?: number;
  /** Pads records of data to a multiple of this many bytes, as far as the record size allows; 1, the default, does not. */
  readonly padding?: number;
  /** Is given each secret as a line of an SSLKEYLOGFILE: whoever reads them reads the connection. */
  readonly keyLog?: (line: string) => void;
  /** A clock in milliseconds, for the rate of KeyUpdates; `performance.now` by default. */
  readonly now?: () => number;
}

/** What a client is told. It needs `psks`, or `verifyPeer`, or both. */
export interface ClientOptions extends TlsOptions {
  /** Name of the server: sent as SNI, and handed to `verifyPeer`. No IP address (RFC 6066 section 3). */
  readonly serverName?: string;
  /** PSKs to offer, best first. */
  readonly psks?: readonly ExternalPsk[];
  /** Groups to send a key share of at once: by default the first of `groups`. */
  readonly keyShares?: readonly GroupName[];
  /** Looks like TLS 1.2 to middleboxes (RFC 8446 appendix D.4); true by default. */
  readonly compatibilityMode?: boolean;
}

/** What a server is told. It needs `findPsk`, or `certificates`, or both. */
export interface ServerOptions extends TlsOptions {
  /** Gives the PSK of an identity, or undefined. Called once for each of the first 16 identities that a client offers. */
  readonly findPsk?: (identity: Uint8Array) => ExternalPsk | undefined;
  /** Whether clients are asked for a certificate: `none` by default. Handshakes with a PSK never are. */
  readonly clientCertificate?: "none" | "request" | "require";
  /** Bytes that a HelloRetryRequest carries as its cookie and that the client must repeat. */
  readonly helloRetryCookie?: Uint8Array;
}

/** Where the engine gets what is random from. Replaced in tests alone, so that recorded handshakes come out again. */
export interface Hooks {
  /** Random bytes. */
  readonly random: (length: number) => Uint8Array;
  /** A client's key pair. */
  readonly generate: (group: Group) => KeyPair;
  /** A server's half of the key exchange. */
  readonly respond: (group: Group, clientShare: Uint8Array) => KeyAnswer;
  /** The extensions of a message before it is sent. */
  readonly extensions: (message: string, own: Extension[]) => Extension[];
}

/** What the engine runs on outside of tests. */
export const defaultHooks: Hooks = {
  random: (length) => new Uint8Array(randomBytes(length)),
  generate: (group) => group.generate(),
  respond: (group, clientShare) => group.respond(clientShare),
  extensions: (_message, own) => own,
};

/** The names after they were looked up. */
export interface Settings {
  /** Suites, best first. */
  readonly suites: readonly CipherSuite[];
  /** Groups, best first. */
  readonly groups: readonly Group[];
  /** Schemes that the peer may sign with. */
  readonly schemes: readonly SchemeInfo[];
  /** What we announce as record_size_limit. */
  readonly recordSizeLimit: number;
}

function all<N, T>(
  names: readonly N[] | undefined,
  everything: readonly T[],
  find: (name: N) => T,
  what: string,
): readonly T[] {
  if (names?.length === 0) throw new RangeError(`no ${what} to choose from`);
  return names?.map(find) ?? everything;
}

/** Looks all names up and checks all ranges. Throws a RangeError or TypeError for what cannot work. */
export function settings(options: TlsOptions): Settings {
  const { recordSizeLimit = 16385, alpn = [], certificates = [], padding = 1, maxHandshakeMessage = 65536 } =
    options;
  if (!(recordSizeLimit >= 64 && recordSizeLimit <= 16385)) {
    throw new RangeError(`recordSizeLimit of ${recordSizeLimit}`);
  }
  if (!(padding >= 1 && padding <= 16384)) throw new RangeError(`padding to a multiple of ${padding}`);
  if (!(maxHandshakeMessage >= 1024)) throw new RangeError(`maxHandshakeMessage of ${maxHandshakeMessage}`);
  for (const protocol of alpn) {
    if (!/^[\x21-\x7e]{1,255}$/.test(protocol)) {
      throw new RangeError(`an ALPN protocol of ${protocol.length} letters`);
    }
  }
  for (const certificate of certificates) {
    if (certificate.chain.length === 0) throw new RangeError("a certificate chain without a leaf");
    if (certificateSchemes(certificate).length === 0) {
      throw new TypeError("no signature scheme takes this private key");
    }
  }
  return {
    suites: all(options.suites, cipherSuites, cipherSuite, "suites"),
    groups: all(options.groups, groups, group, "groups"),
    schemes: all(options.signatureSchemes, signatureSchemes, signatureScheme, "signature schemes"),
    recordSizeLimit,
  };
}

/** What a certificate of ours can sign with. */
export function certificateSchemes(certificate: Certificate): readonly SchemeInfo[] {
  if ("sign" in certificate) return certificate.schemes.map(signatureScheme);
  const kind = keyKind(certificate.privateKey);
  return signatureSchemes.filter((scheme) => scheme.key === kind);
}

/** Checks what a client is told. Throws a TypeError where it could authenticate nobody. */
export function checkClientOptions(options: ClientOptions): void {
  if (options.verifyPeer === undefined && !options.psks?.length) {
    throw new TypeError(
      "a TLS client needs psks or verifyPeer: it accepts no server that it cannot authenticate",
    );
  }
  options.psks?.forEach(checkPsk);
  const name = options.serverName;
  if (name !== undefined && (/^[\d.]+$/.test(name) || name.includes(":"))) {
    throw new RangeError("serverName must not be an IP address (RFC 6066 section 3)");
  }
  if (name !== undefined && !/^[\x21-\x7e]{0,252}[\x21-\x2d\x2f-\x7e]$/.test(name)) {
    throw new RangeError("serverName must be a host name in ASCII without a dot at its end");
  }
}

/** Checks what a server is told. Throws a TypeError where it could not authenticate itself or the clients. */
export function checkServerOptions(options: ServerOptions): void {
  if (options.findPsk === undefined && !options.certificates?.length) {
    throw new TypeError(
      "a TLS server needs findPsk or certificates: it has nothing to authenticate itself with",
    );
  }
  if ((options.clientCertificate ?? "none") !== "none" && options.verifyPeer === undefined) {
    throw new TypeError("a TLS server that wants client certificates needs verifyPeer");
  }
  const cookie = options.helloRetryCookie;
  if (cookie !== undefined && (cookie.length < 1 || cookie.length > 0xff00)) {
    throw new RangeError(`a cookie of ${cookie.length} bytes`);
  }
}
