/** The server's handshake (RFC 8446 appendix A.2). @module */
import { refuse } from "./alerts.ts";
import {
  checkCertificateVerify,
  type Choice,
  chooseCertificate,
  signTranscript,
  verifyChain,
} from "./authentication.ts";
import { equal } from "./bytes.ts";
import { signatureAlgorithms } from "./client_offer.ts";
import {
  alpnExtension,
  type Extension,
  ExtensionType,
  make,
  recordSizeLimitExtension,
  writeKeyShareEntry,
} from "./extensions.ts";
import type { Group } from "./groups.ts";
import { type Handshake, type HandshakeIo, step, type Steps } from "./handshake.ts";
import { HandshakeKeys } from "./handshake_keys.ts";
import * as messages from "./messages.ts";
import { type Hooks, type ServerOptions, type Settings, settings } from "./options.ts";
import type { CheckedPsk } from "./psk.ts";
import type { HandshakeMessage } from "./record_reader.ts";
import { checkSecondHello, type Offer, readOffer } from "./server_offer.ts";
import { selectPsk } from "./server_psk.ts";
import { type SessionState, trafficOf } from "./state.ts";
import type { CipherSuite } from "./suites.ts";
import { Transcript } from "./transcript.ts";

const { HandshakeType } = messages;

/** The message that may come next. */
type Expected = "ClientHello" | "second ClientHello" | "Certificate" | "CertificateVerify" | "Finished";

/** What the server decided. */
interface Decision {
  readonly offer: Offer;
  readonly suite: CipherSuite;
  readonly group: Group;
  /** The client's share of the group; without it a HelloRetryRequest is needed. */
  readonly share: Uint8Array | undefined;
  readonly psk: { readonly psk: CheckedPsk; readonly index: number } | undefined;
  readonly choice: Choice | undefined;
  readonly alpn: string | undefined;
}

/** One server's handshake. */
export class ServerHandshake implements Handshake {
  readonly #io: HandshakeIo;
  readonly #options: ServerOptions;
  readonly #settings: Settings;
  readonly #hooks: Hooks;
  readonly #transcript = new Transcript();
  #expected: Expected = "ClientHello";
  #first: Decision | undefined;
  #decision: Decision | undefined;
  #keys: HandshakeKeys | undefined;
  #state: SessionState | undefined;
  #chain: readonly Uint8Array[] = [];

  /** The options are checked already. */
  constructor(io: HandshakeIo, options: ServerOptions, hooks: Hooks) {
    this.#io = io;
    this.#options = options;
    this.#settings = settings(options);
    this.#hooks = hooks;
  }

  /** Whether a ClientHello has come. */
  get begun(): boolean {
    return this.#expected !== "ClientHello";
  }

  /** A server waits. */
  start(): void {}

  /** What takes the messages that are allowed in each state. */
  readonly #steps: { readonly [state in Expected]: Steps } = {
    "ClientHello": { [HandshakeType.clientHello]: (message) => this.#clientHello(message) },
    "second ClientHello": { [HandshakeType.clientHello]: (message) => this.#clientHello(message) },
    "Certificate": { [HandshakeType.certificate]: (message) => this.#certificate(message) },
    "CertificateVerify": { [HandshakeType.certificateVerify]: (message) => this.#certificateVerify(message) },
    "Finished": { [HandshakeType.finished]: (message) => this.#finished(message) },
  };

  /** Takes a message of the client. */
  receive(message: HandshakeMessage): void {
    step(this.#steps[this.#expected], this.#expected, message);
  }

  #clientHello(message: HandshakeMessage): void {
    // Before ServerHello is out: after it, the client could not read an alert about this.
    this.#io.endOfRecord();
    const offer = readOffer(messages.decodeClientHello(message.body));
    if (this.#first !== undefined) this.#checkRetried(this.#first, offer);
    const decision = this.#decide(offer, message.bytes);
    this.#transcript.add(message.bytes);
    this.#transcript.useHash(decision.suite.hash);
    if (offer.earlyData) this.#io.refuseEarlyData();
    if (
      this.#first === undefined &&
      (decision.share === undefined || this.#options.helloRetryCookie !== undefined)
    ) {
      return this.#askAgain(decision);
    }
    if (this.#first !== undefined && this.#first.suite !== decision.suite) {
      refuse("illegalParameter", "the second ClientHello leads to another suite");
    }
    if (decision.share === undefined) {
      refuse("illegalParameter", "the second ClientHello lacks the key share");
    }
    this.#decision = decision;
    this.#flight(decision, decision.share);
  }

  #checkRetried(first: Decision, offer: Offer): void {
    checkSecondHello(first.offer.hello, offer.hello);
    if (offer.earlyData) refuse("illegalParameter", "early data after a HelloRetryRequest");
    if (!equal(offer.cookie ?? new Uint8Array(), this.#options.helloRetryCookie ?? new Uint8Array())) {
      refuse("illegalParameter", "the cookie is not the one that was sent");
    }
    if (
      first.share === undefined && (offer.shares.length !== 1 || offer.shares[0]!.group !== first.group.id)
    ) {
      refuse(
        "illegalParameter",
        "the second ClientHello must have one key share, of the group that was asked for",
      );
    }
  }

  /** Chooses everything, the PSK first: its hash limits the suites. */
  #decide(offer: Offer, hello: Uint8Array): Decision {
    const common = this.#settings.suites.filter(({ id }) => offer.hello.suites.includes(id));
    if (common.length === 0) refuse("handshakeFailure", "no cipher suite in common");
    const choice = chooseCertificate(this.#options.certificates, offer.schemes);
    const psk = selectPsk(
      this.#options.findPsk,
      offer.psk,
      common,
      hello,
      this.#transcript,
      choice !== undefined,
    );
    if (psk === undefined && choice === undefined) {
      refuse("handshakeFailure", "the client can verify none of our certificates and has offered no PSK");
    }
    const groups = this.#settings.groups.filter(({ id }) => offer.groups.includes(id));
    const shareOf = (group: Group) => offer.shares.find((entry) => entry.group === group.id)?.share;
    const group = groups.find((candidate) => shareOf(candidate) !== undefined) ?? groups[0];
    if (group === undefined) refuse("handshakeFailure", "no key exchange group in common");
    const suite = psk === undefined ? common[0]! : common.find(({ hash }) => hash === psk.psk.hash)!;
    return { offer, suite, group, share: shareOf(group), psk, choice, alpn: this.#chooseProtocol(offer) };
  }

  #chooseProtocol(offer: Offer): string | undefined {
    const { alpn } = this.#options;
    if (!alpn?.length || offer.alpn === undefined) return undefined;
    const chosen = alpn.find((protocol) => offer.alpn!.includes(protocol));
    if (chosen === undefined) refuse("noApplicationProtocol", "no application protocol in common");
    return chosen;
  }

  #askAgain(decision: Decision): void {
    const { offer, suite, group, share } = decision;
    this.#first = decision;
    this.#transcript.replaceByHash();
    const own: Extension[] = [];
    if (share === undefined) own.push(make(ExtensionType.keyShare, (to) => to.u16(group.id)));
    const cookie = this.#options.helloRetryCookie;
    if (cookie !== undefined) own.push(make(ExtensionType.cookie, (to) => to.vector(2, cookie)));
    this.#sendHello("HelloRetryRequest", messages.helloRetryRandom, offer, suite, own);
    this.#expected = "second ClientHello";
  }

  /** ServerHello or HelloRetryRequest, and the change_cipher_spec of a client in compatibility mode. */
  #sendHello(what: string, random: Uint8Array, offer: Offer, suite: CipherSuite, own: Extension[]): void {
    own.push(make(ExtensionType.supportedVersions, (to) => to.u16(messages.tls13)));
    const { sessionId } = offer.hello;
    const extensions = this.#hooks.extensions(what, own);
    this.#send(messages.encodeServerHello({ random, sessionId, suite: suite.id, extensions }));
    this.#io.flush();
    if (sessionId.length > 0) this.#io.changeCipherSpec();
  }

  #flight(decision: Decision, share: Uint8Array): void {
    const { offer, suite, group, psk, choice } = decision;
    const answer = this.#hooks.respond(group, share);
    const own = [
      make(ExtensionType.keyShare, (to) => writeKeyShareEntry(to, { group: group.id, share: answer.share })),
    ];
    if (psk !== undefined) own.push(make(ExtensionType.preSharedKey, (to) => to.u16(psk.index)));
    this.#sendHello("ServerHello", this.#hooks.random(32), offer, suite, own);
    const { random } = offer.hello;
    const { keyLog } = this.#options;
    const keys = new HandshakeKeys(suite, this.#transcript, psk?.psk.key, answer.secret, keyLog, random);
    this.#keys = keys;
    this.#io.readWith(keys.protection("client"));
    // A client that cannot make sense of ServerHello has no keys to protect its alert with.
    this.#io.takePlainAlert();
    this.#io.writeWith(keys.protection("server"));
    if (offer.recordSizeLimit !== undefined) this.#io.limitRecords(this.#peerLimit(offer));
    this.#send(messages.encodeEncryptedExtensions(this.#encryptedExtensions(decision)));
    const asked = psk === undefined && (this.#options.clientCertificate ?? "none") !== "none";
    if (psk === undefined) this.#authenticate(choice!, asked);
    this.#send(messages.encodeFinished(keys.finished("server")));
    this.#io.flush();
    keys.deriveApplication();
    this.#state = keys.session("server", this.#peerLimit(offer));
    this.#io.writeWith(trafficOf(this.#state).send.protection);
    this.#expected = asked ? "Certificate" : "Finished";
  }

  /** A client may announce more than TLS 1.3 allows (RFC 8449 section 4). */
  #peerLimit(offer: Offer): number {
    return Math.min(offer.recordSizeLimit ?? 16385, 16385);
  }

  #encryptedExtensions({ offer, alpn }: Decision): Extension[] {
    const own: Extension[] = [];
    if (offer.serverName !== undefined) own.push(make(ExtensionType.serverName));
    if (alpn !== undefined) own.push(alpnExtension([alpn]));
    if (offer.recordSizeLimit !== undefined) {
      own.push(recordSizeLimitExtension(this.#settings.recordSizeLimit));
    }
    return this.#hooks.extensions("EncryptedExtensions", own);
  }

  /** CertificateRequest, Certificate and CertificateVerify. */
  #authenticate(choice: Choice, ask: boolean): void {
    if (ask) {
      const own = this.#hooks.extensions("CertificateRequest", [signatureAlgorithms(this.#settings)]);
      this.#send(messages.encodeCertificateRequest(own));
    }
    this.#send(messages.encodeCertificate(choice.certificate.chain));
    const signature = signTranscript(choice, "server", this.#transcript.current());
    this.#send(messages.encodeCertificateVerify(choice.scheme.id, signature));
  }

  #send(message: Uint8Array): void {
    this.#transcript.add(message);
    this.#io.send(message);
  }

  #certificate(message: HandshakeMessage): void {
    this.#chain = messages.decodeCertificate(message.body);
    if (this.#chain.length > 0) {
      verifyChain(this.#chain, this.#options.verifyPeer, { peerRole: "client" });
      this.#expected = "CertificateVerify";
    } else if (this.#options.clientCertificate === "require") {
      refuse("certificateRequired", "the client has no certificate");
    } else {
      this.#expected = "Finished";
    }
    this.#transcript.add(message.bytes);
  }

  #certificateVerify(message: HandshakeMessage): void {
    const verify = messages.decodeCertificateVerify(message.body);
    checkCertificateVerify(
      verify,
      this.#chain[0]!,
      this.#settings.schemes,
      "client",
      this.#transcript.current(),
    );
    this.#transcript.add(message.bytes);
    this.#expected = "Finished";
  }

  #finished(message: HandshakeMessage): void {
    this.#keys!.checkFinished("client", message.body);
    const { offer, suite, group, psk, alpn } = this.#decision!;
    const state = this.#state!;
    this.#io.readWith(trafficOf(state).receive.protection);
    this.#state = undefined;
    this.#io.complete({
      suite: suite.name,
      group: group.name,
      ...psk === undefined ? {} : { pskIdentity: psk.psk.identity },
      peerCertificates: this.#chain,
      ...alpn === undefined ? {} : { alpn },
      ...offer.serverName === undefined ? {} : { serverName: offer.serverName },
      peerRecordSizeLimit: state.peerRecordSizeLimit,
      helloRetried: this.#first !== undefined,
    }, state);
  }

  /** Wipes secrets that are left. */
  destroy(): void {
    this.#keys?.destroy();
    this.#state?.destroy();
    this.#transcript.destroy();
  }
}
