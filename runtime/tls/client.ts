/** The client's handshake (RFC 8446 appendix A.1). @module */
import { refuse } from "./alerts.ts";
import { checkCertificateVerify, chooseCertificate, signTranscript, verifyChain } from "./authentication.ts";
import { equal } from "./bytes.ts";
import { type ClientOffer, offerExtensions, signHello } from "./client_offer.ts";
import {
  checkAnswer,
  type Extension,
  extension,
  ExtensionType,
  readAlpn,
  readKeyShareEntry,
  readRecordSizeLimit,
} from "./extensions.ts";
import type { KeyPair } from "./groups.ts";
import { type Group, group } from "./groups.ts";
import { type Handshake, type HandshakeIo, step, type Steps } from "./handshake.ts";
import { HandshakeKeys } from "./handshake_keys.ts";
import * as messages from "./messages.ts";
import type { ServerHello } from "./messages.ts";
import { type ClientOptions, type Hooks, type Settings, settings } from "./options.ts";
import { type CheckedPsk, checkPsk } from "./psk.ts";
import type { HandshakeMessage } from "./record_reader.ts";
import { type SessionState, trafficOf } from "./state.ts";
import type { CipherSuite } from "./suites.ts";
import { Transcript } from "./transcript.ts";

const { HandshakeType } = messages;

/** What the last eight bytes of a ServerHello's random say if a server that knows TLS 1.3 was talked into an older one. */
const downgradeSentinel = Uint8Array.of(0x44, 0x4f, 0x57, 0x4e, 0x47, 0x52, 0x44);

/** The message that may come next. */
type Expected =
  | "ServerHello"
  | "EncryptedExtensions"
  | "CertificateRequest or Certificate"
  | "Certificate"
  | "CertificateVerify"
  | "Finished";

/** One client's handshake. */
export class ClientHandshake implements Handshake {
  readonly #io: HandshakeIo;
  readonly #options: ClientOptions;
  readonly #settings: Settings;
  readonly #hooks: Hooks;
  readonly #transcript = new Transcript();
  readonly #random: Uint8Array;
  readonly #sessionId: Uint8Array;
  #psks: readonly CheckedPsk[];
  #offered: readonly Extension[] = [];
  #pairs = new Map<Group, KeyPair>();
  #expected: Expected = "ServerHello";
  #retry: { readonly suite: CipherSuite; readonly group: Group | undefined } | undefined;
  #suite: CipherSuite | undefined;
  #group: Group | undefined;
  #psk: CheckedPsk | undefined;
  #keys: HandshakeKeys | undefined;
  #state: SessionState | undefined;
  #alpn: string | undefined;
  #peerLimit = 16385;
  #requested: readonly number[] | undefined;
  #chain: readonly Uint8Array[] = [];

  /** The options are checked already. */
  constructor(io: HandshakeIo, options: ClientOptions, hooks: Hooks) {
    this.#io = io;
    this.#options = options;
    this.#settings = settings(options);
    this.#hooks = hooks;
    this.#psks = (options.psks ?? []).map(checkPsk)
      .filter((psk) => this.#settings.suites.some(({ hash }) => hash === psk.hash));
    this.#random = hooks.random(32);
    this.#sessionId = options.compatibilityMode === false ? new Uint8Array() : hooks.random(32);
  }

  /** The ClientHello is ours, and the first thing that is sent. */
  readonly begun = true;

  /** Sends the first ClientHello. */
  start(): void {
    const shares = this.#options.keyShares?.map(group) ?? this.#settings.groups.slice(0, 1);
    for (const each of shares) {
      if (!this.#settings.groups.includes(each)) {
        throw new RangeError(`key share of ${each.name}, which is no group of ours`);
      }
      this.#pairs.set(each, this.#hooks.generate(each));
    }
    this.#sendHello();
    this.#io.flush(0x0301);
  }

  #sendHello(cookie?: Uint8Array): void {
    const offer: ClientOffer = { settings: this.#settings, psks: this.#psks, pairs: this.#pairs, cookie };
    this.#offered = this.#hooks.extensions("ClientHello", offerExtensions(this.#options, offer));
    const hello = {
      random: this.#random,
      sessionId: this.#sessionId,
      suites: this.#settings.suites.map(({ id }) => id),
      extensions: this.#offered,
    };
    const bytes = messages.encodeClientHello(hello);
    signHello(bytes, this.#psks, this.#transcript);
    this.#transcript.add(bytes);
    this.#io.send(bytes);
  }

  /** What takes the messages that are allowed in each state. */
  readonly #steps: { readonly [state in Expected]: Steps } = {
    "ServerHello": { [HandshakeType.serverHello]: (message) => this.#serverHello(message) },
    "EncryptedExtensions": {
      [HandshakeType.encryptedExtensions]: (message) => this.#encryptedExtensions(message),
    },
    "CertificateRequest or Certificate": {
      [HandshakeType.certificateRequest]: (message) => this.#certificateRequest(message),
      [HandshakeType.certificate]: (message) => this.#certificate(message),
    },
    "Certificate": { [HandshakeType.certificate]: (message) => this.#certificate(message) },
    "CertificateVerify": { [HandshakeType.certificateVerify]: (message) => this.#certificateVerify(message) },
    "Finished": { [HandshakeType.finished]: (message) => this.#finished(message) },
  };

  /** Takes a message of the server. */
  receive(message: HandshakeMessage): void {
    step(this.#steps[this.#expected], this.#expected, message);
  }

  #checkVersion(hello: ServerHello & { version: number }): void {
    const version = extension(hello.extensions, ExtensionType.supportedVersions, (from) => from.u16());
    if (version === undefined) {
      if (equal(hello.random.subarray(24, 31), downgradeSentinel) && hello.random[31]! <= 1) {
        refuse("illegalParameter", "the server was talked into an older version (downgrade sentinel)");
      }
      refuse("protocolVersion", "the server does not speak TLS 1.3");
    }
    if (version !== messages.tls13) {
      refuse("illegalParameter", `the server chose version 0x${version.toString(16)}`);
    }
    if (hello.version !== messages.legacyVersion) {
      refuse("illegalParameter", "ServerHello with a wrong legacy_version");
    }
  }

  #serverHello(message: HandshakeMessage): void {
    const hello = messages.decodeServerHello(message.body);
    this.#checkVersion(hello);
    if (!equal(hello.sessionId, this.#sessionId)) {
      refuse("illegalParameter", "the server changed the session id");
    }
    if (hello.compression !== 0) refuse("illegalParameter", "the server chose a compression method");
    const suite = this.#settings.suites.find(({ id }) => id === hello.suite);
    if (suite === undefined) {
      refuse("illegalParameter", `cipher suite 0x${hello.suite.toString(16)} was not offered`);
    }
    if (equal(hello.random, messages.helloRetryRandom)) this.#helloRetryRequest(message, hello, suite);
    else this.#negotiated(message, hello, suite);
  }

  #helloRetryRequest(message: HandshakeMessage, hello: ServerHello, suite: CipherSuite): void {
    if (this.#retry !== undefined) refuse("unexpectedMessage", "a second HelloRetryRequest");
    const { supportedVersions, cookie: cookieType, keyShare } = ExtensionType;
    checkAnswer(
      hello.extensions,
      this.#offered,
      [supportedVersions, cookieType, keyShare],
      "HelloRetryRequest",
    );
    const id = extension(hello.extensions, keyShare, (from) => from.u16());
    const cookie = extension(hello.extensions, cookieType, (from) => from.vector(2, 1).slice());
    if (id === undefined && cookie === undefined) {
      refuse("illegalParameter", "a HelloRetryRequest that changes nothing");
    }
    const wanted = this.#settings.groups.find((candidate) => candidate.id === id);
    if (id !== undefined) {
      if (wanted === undefined) refuse("illegalParameter", `group ${id} was not offered`);
      if (this.#pairs.has(wanted)) {
        refuse("illegalParameter", `the key share of ${wanted.name} was sent already`);
      }
      this.#pairs = new Map([[wanted, this.#hooks.generate(wanted)]]);
    }
    this.#retry = { suite, group: wanted };
    this.#transcript.useHash(suite.hash);
    this.#transcript.replaceByHash();
    this.#transcript.add(message.bytes);
    // A PSK of another hash could not be used with this suite, and its binder not be computed over this transcript.
    this.#psks = this.#psks.filter(({ hash }) => hash === suite.hash);
    if (this.#psks.length === 0 && this.#options.verifyPeer === undefined) {
      refuse("handshakeFailure", "the server chose a suite that no PSK can be used with");
    }
    if (this.#sessionId.length > 0) this.#io.changeCipherSpec();
    this.#sendHello(cookie);
    this.#io.flush();
  }

  #negotiated(message: HandshakeMessage, hello: ServerHello, suite: CipherSuite): void {
    const { supportedVersions, keyShare, preSharedKey } = ExtensionType;
    checkAnswer(hello.extensions, this.#offered, [supportedVersions, keyShare, preSharedKey], "ServerHello");
    if (this.#retry !== undefined && this.#retry.suite !== suite) {
      refuse("illegalParameter", "ServerHello and HelloRetryRequest have different suites");
    }
    const selected = extension(hello.extensions, preSharedKey, (from) => from.u16());
    if (selected !== undefined) {
      this.#psk = this.#psks[selected];
      if (this.#psk?.hash !== suite.hash) {
        refuse("illegalParameter", "the server selected a PSK that does not go with its suite");
      }
    } else if (this.#options.verifyPeer === undefined) {
      refuse("handshakeFailure", "the server accepted no PSK, and its certificate could not be verified");
    }
    const share = extension(hello.extensions, keyShare, readKeyShareEntry);
    if (share === undefined) refuse("missingExtension", "ServerHello without a key share");
    const [chosen, pair] = [...this.#pairs].find(([{ id }]) => id === share.group) ?? [];
    if (chosen === undefined || pair === undefined) {
      refuse("illegalParameter", `no key share of group ${share.group} was sent`);
    }
    this.#suite = suite;
    this.#group = chosen;
    this.#transcript.useHash(suite.hash);
    this.#transcript.add(message.bytes);
    const secret = pair.derive(share.share);
    this.#pairs.clear();
    this.#keys = new HandshakeKeys(
      suite,
      this.#transcript,
      this.#psk?.key,
      secret,
      this.#options.keyLog,
      this.#random,
    );
    this.#io.readWith(this.#keys.protection("server"));
    this.#io.writeWith(this.#keys.protection("client"));
    this.#expected = "EncryptedExtensions";
  }

  #encryptedExtensions(message: HandshakeMessage): void {
    const list = messages.decodeEncryptedExtensions(message.body);
    const { serverName, supportedGroups, alpn, recordSizeLimit } = ExtensionType;
    checkAnswer(
      list,
      this.#offered,
      [serverName, supportedGroups, alpn, recordSizeLimit],
      "EncryptedExtensions",
    );
    extension(list, serverName, () => {});
    extension(list, supportedGroups, (from) => from.u16List(2));
    this.#alpn = extension(list, alpn, (from) => {
      const [protocol, ...more] = readAlpn(from);
      if (protocol === undefined || more.length > 0) {
        refuse("decodeError", "the server must choose one protocol");
      }
      if (!this.#options.alpn?.includes(protocol)) {
        refuse("illegalParameter", "the server chose a protocol that was not offered");
      }
      return protocol;
    });
    const limit = extension(list, recordSizeLimit, readRecordSizeLimit);
    if (limit !== undefined) {
      if (limit > 16385) refuse("illegalParameter", `record_size_limit of ${limit}`);
      this.#peerLimit = limit;
      this.#io.limitRecords(limit);
    }
    this.#transcript.add(message.bytes);
    this.#expected = this.#psk === undefined ? "CertificateRequest or Certificate" : "Finished";
  }

  #certificateRequest(message: HandshakeMessage): void {
    const list = messages.decodeCertificateRequest(message.body);
    this.#requested = extension(list, ExtensionType.signatureAlgorithms, (from) => from.u16List(2));
    if (this.#requested === undefined) {
      refuse("missingExtension", "CertificateRequest without signature_algorithms");
    }
    this.#transcript.add(message.bytes);
    this.#expected = "Certificate";
  }

  #certificate(message: HandshakeMessage): void {
    this.#chain = messages.decodeCertificate(message.body);
    if (this.#chain.length === 0) refuse("decodeError", "the server sent no certificate");
    const { serverName, verifyPeer } = this.#options;
    verifyChain(this.#chain, verifyPeer, {
      peerRole: "server",
      ...serverName === undefined ? {} : { serverName },
    });
    this.#transcript.add(message.bytes);
    this.#expected = "CertificateVerify";
  }

  #certificateVerify(message: HandshakeMessage): void {
    const verify = messages.decodeCertificateVerify(message.body);
    checkCertificateVerify(
      verify,
      this.#chain[0]!,
      this.#settings.schemes,
      "server",
      this.#transcript.current(),
    );
    this.#transcript.add(message.bytes);
    this.#expected = "Finished";
  }

  #finished(message: HandshakeMessage): void {
    const keys = this.#keys!;
    keys.checkFinished("server", message.body);
    this.#transcript.add(message.bytes);
    keys.deriveApplication();
    const state = keys.session("client", this.#peerLimit);
    this.#state = state;
    // Before our Finished: once that is out, an alert about bytes that are left over would come under the wrong key.
    this.#io.readWith(trafficOf(state).receive.protection);
    if (this.#sessionId.length > 0) this.#io.changeCipherSpec();
    this.#answer();
    this.#state = undefined;
    this.#io.writeWith(trafficOf(state).send.protection);
    this.#io.complete({
      suite: this.#suite!.name,
      group: this.#group!.name,
      ...this.#psk === undefined ? {} : { pskIdentity: this.#psk.identity },
      peerCertificates: this.#chain,
      ...this.#alpn === undefined ? {} : { alpn: this.#alpn },
      ...this.#options.serverName === undefined ? {} : { serverName: this.#options.serverName },
      peerRecordSizeLimit: this.#peerLimit,
      helloRetried: this.#retry !== undefined,
    }, state);
  }

  /** Our Certificate and CertificateVerify, if they were asked for, and Finished. */
  #answer(): void {
    if (this.#requested !== undefined) {
      const choice = chooseCertificate(this.#options.certificates, this.#requested);
      this.#send(messages.encodeCertificate(choice?.certificate.chain ?? []));
      if (choice !== undefined) {
        const signature = signTranscript(choice, "client", this.#transcript.current());
        this.#send(messages.encodeCertificateVerify(choice.scheme.id, signature));
      }
    }
    this.#send(messages.encodeFinished(this.#keys!.finished("client")));
    this.#io.flush();
  }

  #send(message: Uint8Array): void {
    this.#transcript.add(message);
    this.#io.send(message);
  }

  /** Wipes secrets that are left. */
  destroy(): void {
    this.#keys?.destroy();
    this.#state?.destroy();
    this.#transcript.destroy();
    this.#pairs.clear();
  }
}
