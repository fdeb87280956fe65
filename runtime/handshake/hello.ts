/** What a request for a handshake means for the TLS engine. @module */
import {
  type CipherSuiteName,
  createClient,
  createServer,
  type Session,
  type TlsConnection,
  type TlsOptions,
} from "../tls/mod.ts";
import { formatName, isHostName, parseCertificate } from "../tls/x509/mod.ts";
import { kernelCertificates, referenceName, storePeerCertificates, verifier } from "./credentials.ts";
import { Errno, RequestError } from "./errno.ts";
import type { KeyStore, Serial } from "./keys.ts";
import { PskReader } from "./psk.ts";
import type { HelloRequest } from "./request.ts";
import { printable } from "./text.ts";
import type { AgentClock, TlsPolicy } from "./types.ts";

/** What a handshake works with. */
export interface HelloContext {
  /** The kernel's keys. */
  readonly keys: KeyStore;
  /** Suites that kernel TLS takes. */
  readonly suites: readonly CipherSuiteName[];
  /** The policy of the moment. */
  readonly policy: TlsPolicy;
  /** The clock. */
  readonly clock: AgentClock;
  /** Serials of the policy's keyrings. */
  readonly keyrings: readonly Serial[];
}

/** What a handshake proved. */
export interface Proof {
  /** What is reported as REMOTE_AUTH. */
  readonly remoteAuth: readonly Serial[];
  /** Who the peer is, printable; undefined for a client without a certificate. */
  readonly identity: string | undefined;
}

/** One handshake: its engine, and what it read for it. */
export class Hello {
  /** The engine. */
  readonly tls: TlsConnection;
  /** The name that the peer's certificate is checked for. */
  readonly peerName: string | undefined;
  readonly #keys: KeyStore;
  readonly #psks: PskReader;
  readonly #mutual: boolean;

  /**
   * Reads keys, and makes the engine. `address`: of the peer, for a client that was told no name. Throws a
   * {@linkcode RequestError}: what is missing in keys, certificates, suites.
   */
  constructor(request: HelloRequest, context: HelloContext, peerName: string | undefined) {
    this.#keys = context.keys;
    this.#mutual = request.auth === "x509";
    this.#psks = new PskReader(context.keys, context.policy.pskType ?? "psk");
    this.peerName = request.role === "client" && request.auth !== "psk" ? peerName : undefined;
    try {
      this.tls = request.role === "client" ? this.#client(request, context) : this.#server(request, context);
    } catch (error) {
      this.wipe();
      throw error;
    }
  }

  #common({ suites, policy }: HelloContext): TlsOptions {
    const { groups, recordSizeLimit, keyLog } = policy;
    const wanted = policy.suites ?? suites;
    const common = wanted.filter((suite) => suites.includes(suite));
    if (common.length === 0) {
      throw new RequestError(Errno.EOPNOTSUPP, "kernel TLS takes none of the suites that the policy allows", {
        hint: "modprobe tls, and the modules of the ciphers",
      });
    }
    return {
      suites: common,
      ...groups === undefined ? {} : { groups },
      ...recordSizeLimit === undefined ? {} : { recordSizeLimit },
      ...keyLog === undefined ? {} : { keyLog },
    };
  }

  #client(request: HelloRequest, context: HelloContext): TlsConnection {
    const { policy, clock } = context;
    const options = this.#common(context);
    if (request.auth === "psk") {
      const hashes = new Set(options.suites!.map((suite) => suite.endsWith("384") ? "sha384" : "sha256"));
      const psks = this.#psks.bySerial(request.pskSerials).filter(({ hash = "sha256" }) => hashes.has(hash));
      if (psks.length === 0) throw new RequestError(Errno.EOPNOTSUPP, "no suite has the hash of the PSK");
      return createClient({ ...options, psks });
    }
    if (request.auth !== "unauthenticated" && request.auth !== "x509") throw unknownAuth(request);
    if (policy.client?.anchors === undefined || policy.client.anchors.length === 0) {
      throw new RequestError(Errno.ENOKEY, "there is no certificate that a server could be trusted by", {
        hint: "configure a trust store for the client",
      });
    }
    if (this.peerName === undefined) {
      throw new RequestError(Errno.EINVAL, "there is no name that the server could be checked for");
    }
    const name = referenceName(this.peerName);
    const certificates = request.auth === "x509" ? this.#certificates(request, context) : [];
    if (request.auth === "x509" && certificates.length === 0) {
      throw new RequestError(Errno.ENOKEY, "there is no certificate to show to the server", {
        hint: "configure a certificate and its key for the client",
      });
    }
    return createClient({
      ...options,
      verifyPeer: verifier(policy.client, "server", () => clock.date(), name),
      ...certificates.length === 0 ? {} : { certificates },
      ...isHostName(this.peerName) ? { serverName: this.peerName } : {},
    });
  }

  #server(request: HelloRequest, context: HelloContext): TlsConnection {
    const { policy, clock, keyrings } = context;
    const options = this.#common(context);
    if (request.auth === "psk") {
      const places = [...request.keyring === undefined ? [] : [request.keyring], ...keyrings];
      return createServer({ ...options, findPsk: (identity) => this.#psks.byIdentity(identity, places) });
    }
    if (request.auth !== "unauthenticated" && request.auth !== "x509") throw unknownAuth(request);
    const certificates = this.#certificates(request, context);
    if (certificates.length === 0) {
      throw new RequestError(Errno.ENOKEY, "there is no certificate to show to clients", {
        hint: "configure a certificate and its key for the server",
      });
    }
    if (request.auth === "unauthenticated") return createServer({ ...options, certificates });
    const server = policy.server ?? {};
    return createServer({
      ...options,
      certificates,
      verifyPeer: verifier(server, "client", () => clock.date()),
      clientCertificate: server.clientCertificate ?? "request",
    });
  }

  #certificates(
    request: HelloRequest,
    { policy }: HelloContext,
  ): readonly import("../tls/mod.ts").Certificate[] {
    if (request.certificates.length > 0) return kernelCertificates(request.certificates, this.#keys);
    return policy[request.role]?.certificates ?? [];
  }

  /**
   * What the finished handshake proved. Where the request wants certificates of both ends, the peer's go into the user
   * keyring; a consumer that asks for no authentication of its own is told of none.
   */
  proof({ pskIdentity, peerCertificates }: Session, peer: string | undefined): Proof {
    if (pskIdentity !== undefined) {
      const psk = this.#psks.used(pskIdentity);
      return { remoteAuth: psk === undefined ? [] : [psk.serial], identity: printable(pskIdentity) };
    }
    const [leaf] = peerCertificates;
    if (leaf === undefined) return { remoteAuth: [], identity: undefined };
    const name = this.peerName ?? peer ?? "peer";
    return {
      remoteAuth: this.#mutual ? storePeerCertificates(peerCertificates, name, this.#keys) : [],
      identity: printable(formatName(parseCertificate(leaf).subject)),
    };
  }

  /** Wipes keys that were read. */
  wipe(): void {
    this.#psks.wipe();
  }
}

function unknownAuth({ auth }: HelloRequest): RequestError {
  return new RequestError(Errno.EOPNOTSUPP, `the request's auth mode is ${auth}`);
}
