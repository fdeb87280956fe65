/** Handshake messages to bytes and back (RFC 8446 section 4). Decoders take the body, encoders give the whole. @module */
import { refuse } from "./alerts.ts";
import { type Extension, readExtensions, writeExtensions } from "./extensions.ts";
import { Reader, Writer } from "./wire.ts";

/** Types of handshake messages. */
export const HandshakeType = {
  clientHello: 1,
  serverHello: 2,
  newSessionTicket: 4,
  endOfEarlyData: 5,
  encryptedExtensions: 8,
  certificate: 11,
  certificateRequest: 13,
  certificateVerify: 15,
  finished: 20,
  keyUpdate: 24,
} as const;

/** The one protocol version that we speak. */
export const tls13 = 0x0304;
/** What the version fields say that middleboxes look at. */
export const legacyVersion = 0x0303;

/** The random of a ServerHello that is a HelloRetryRequest: SHA-256 of "HelloRetryRequest" (RFC 8446 section 4.1.3). */
export const helloRetryRandom: Uint8Array = Uint8Array.from(
  [0xcf21ad74, 0xe59a6111, 0xbe1d8c02, 0x1e65b891, 0xc2a21116, 0x7abb8c5e, 0x079e09e2, 0xc8a8339c]
    .flatMap((word) => [word >>> 24, word >>> 16 & 255, word >>> 8 & 255, word & 255]),
);

/** A handshake message with the body that `fill` writes. */
function message(type: number, fill: (to: Writer) => void): Uint8Array {
  const to = new Writer().u8(type);
  return to.vector(3, fill.bind(undefined, to)).finish();
}

/** A ClientHello. */
export interface ClientHello {
  /** 32 random bytes. */
  readonly random: Uint8Array;
  /** 32 bytes in compatibility mode, none without. */
  readonly sessionId: Uint8Array;
  /** Numbers of the suites that the client offers. */
  readonly suites: readonly number[];
  /** Everything else, in order. */
  readonly extensions: readonly Extension[];
}

/** A ClientHello as bytes. */
export function encodeClientHello(hello: ClientHello): Uint8Array {
  return message(HandshakeType.clientHello, (to) => {
    to.u16(legacyVersion).bytes(hello.random).vector(1, hello.sessionId).u16List(2, hello.suites);
    to.u8(1).u8(0);
    writeExtensions(to, hello.extensions);
  });
}

/** Reads a ClientHello. One without extensions is of an older version: protocol_version. */
export function decodeClientHello(body: Uint8Array): ClientHello {
  const from = new Reader(body, "ClientHello");
  const version = from.u16();
  const random = from.take(32);
  const sessionId = from.vector(1);
  if (sessionId.length > 32) refuse("decodeError", "a session id of more than 32 bytes");
  const suites = from.u16List(2);
  const compression = from.vector(1, 1);
  if (from.remaining === 0) {
    refuse("protocolVersion", `the client speaks version ${version.toString(16)} at most`);
  }
  const extensions = readExtensions(from, "ClientHello");
  from.end();
  const hello = { random, sessionId, suites, extensions };
  if (extensions.some(({ type }) => type === 43) && (compression.length !== 1 || compression[0] !== 0)) {
    refuse("illegalParameter", "a ClientHello of TLS 1.3 with compression methods");
  }
  return hello;
}

/** A ServerHello or HelloRetryRequest. */
export interface ServerHello {
  /** 32 random bytes, or {@linkcode helloRetryRandom}. */
  readonly random: Uint8Array;
  /** The client's session id again. */
  readonly sessionId: Uint8Array;
  /** Number of the suite. */
  readonly suite: number;
  /** Everything else. */
  readonly extensions: readonly Extension[];
}

/** A ServerHello as bytes. */
export function encodeServerHello(hello: ServerHello): Uint8Array {
  return message(HandshakeType.serverHello, (to) => {
    to.u16(legacyVersion).bytes(hello.random).vector(1, hello.sessionId).u16(hello.suite).u8(0);
    writeExtensions(to, hello.extensions);
  });
}

/** Reads a ServerHello. */
export function decodeServerHello(body: Uint8Array): ServerHello & { version: number; compression: number } {
  const from = new Reader(body, "ServerHello");
  const version = from.u16();
  const random = from.take(32);
  const sessionId = from.vector(1);
  const suite = from.u16();
  const compression = from.u8();
  // Up to TLS 1.2 a ServerHello may end here.
  const extensions = from.remaining === 0 ? [] : readExtensions(from, "ServerHello");
  from.end();
  return { version, random, sessionId, suite, compression, extensions };
}

/** EncryptedExtensions as bytes. */
export function encodeEncryptedExtensions(extensions: readonly Extension[]): Uint8Array {
  return message(HandshakeType.encryptedExtensions, (to) => writeExtensions(to, extensions));
}

/** Reads EncryptedExtensions. */
export function decodeEncryptedExtensions(body: Uint8Array): Extension[] {
  const from = new Reader(body, "EncryptedExtensions");
  const extensions = readExtensions(from, "EncryptedExtensions");
  from.end();
  return extensions;
}

/** A CertificateRequest of the handshake (its context is empty) as bytes. */
export function encodeCertificateRequest(extensions: readonly Extension[]): Uint8Array {
  return message(HandshakeType.certificateRequest, (to) => {
    to.u8(0);
    writeExtensions(to, extensions);
  });
}

/** Reads a CertificateRequest; a context gives illegal_parameter, since only later requests have one. */
export function decodeCertificateRequest(body: Uint8Array): Extension[] {
  const from = new Reader(body, "CertificateRequest");
  if (from.vector(1).length > 0) refuse("illegalParameter", "CertificateRequest with a context");
  const extensions = readExtensions(from, "CertificateRequest");
  from.end();
  return extensions;
}

/** A Certificate as bytes: DER, leaf first, without extensions. */
export function encodeCertificate(chain: readonly Uint8Array[]): Uint8Array {
  return message(HandshakeType.certificate, (to) => {
    to.u8(0).vector(3, () => chain.forEach((certificate) => to.vector(3, certificate).u16(0)));
  });
}

/** Reads a Certificate. We ask for no extension of a certificate, so one gives unsupported_extension. */
export function decodeCertificate(body: Uint8Array): Uint8Array[] {
  const from = new Reader(body, "Certificate");
  if (from.vector(1).length > 0) refuse("illegalParameter", "Certificate with a context");
  const list = from.nested(3);
  from.end();
  const chain: Uint8Array[] = [];
  while (list.remaining > 0) {
    chain.push(list.vector(3, 1).slice());
    if (readExtensions(list, "Certificate").length > 0) {
      refuse("unsupportedExtension", "Certificate with an extension that was not offered");
    }
  }
  return chain;
}

/** A CertificateVerify as bytes. */
export function encodeCertificateVerify(scheme: number, signature: Uint8Array): Uint8Array {
  return message(HandshakeType.certificateVerify, (to) => to.u16(scheme).vector(2, signature));
}

/** Reads a CertificateVerify. */
export function decodeCertificateVerify(body: Uint8Array): { scheme: number; signature: Uint8Array } {
  const from = new Reader(body, "CertificateVerify");
  const scheme = from.u16();
  const signature = from.vector(2);
  from.end();
  return { scheme, signature };
}

/** A Finished as bytes. */
export function encodeFinished(verifyData: Uint8Array): Uint8Array {
  return message(HandshakeType.finished, (to) => to.bytes(verifyData));
}

/** A KeyUpdate as bytes. */
export function encodeKeyUpdate(requestPeer: boolean): Uint8Array {
  return message(HandshakeType.keyUpdate, (to) => to.u8(requestPeer ? 1 : 0));
}

/** Whether a KeyUpdate asks for one in return; a value that is neither gives illegal_parameter. */
export function decodeKeyUpdate(body: Uint8Array): boolean {
  const from = new Reader(body, "KeyUpdate");
  const request = from.u8();
  from.end();
  if (request > 1) refuse("illegalParameter", `KeyUpdate with a request of ${request}`);
  return request === 1;
}

/** Reads a NewSessionTicket only to see that it is well-formed: we never resume. */
export function checkNewSessionTicket(body: Uint8Array): void {
  const from = new Reader(body, "NewSessionTicket");
  from.u32();
  from.u32();
  from.vector(1);
  from.vector(2, 1);
  readExtensions(from, "NewSessionTicket");
  from.end();
}
