/**
 * A TLS 1.3 engine for kernel TLS: it makes the handshake and ends in traffic secrets, which the kernel gets as
 * `crypto_info` and which a KeyUpdate steps on later. It knows no socket: bytes in, bytes out, all of it synchronous.
 *
 * A connection begins `handshaking`, is `open` once the peer is authenticated, `closing` when one side has sent
 * close_notify, and `closed` when both have or when something went wrong. Within the handshake each side waits for one
 * certain message (RFC 8446 appendix A); another one ends the connection with unexpected_message.
 *
 * | client waits for        | then                                      | server waits for     | then                            |
 * | ----------------------- | ----------------------------------------- | -------------------- | ------------------------------- |
 * | ServerHello             | keys of the handshake; or a second hello  | ClientHello          | its whole flight, or one retry  |
 * | EncryptedExtensions     | with a PSK straight to Finished           | Certificate          | if it asked for one             |
 * | (CertificateRequest)    |                                           | CertificateVerify    | unless the list was empty       |
 * | Certificate, -Verify    | `verifyPeer` decides, signature checked   | Finished             | `open`                          |
 * | Finished                | its own flight, `open`                    |                      |                                 |
 *
 * What was decided, and why:
 *
 * - TLS 1.3 only. A peer that answers with less gives protocol_version, or illegal_parameter where the server's random
 *   shows a downgrade (RFC 8446 section 4.1.3). No renegotiation, no compression, no early data (0-RTT can be
 *   replayed; section 8), no resumption: tickets are read and forgotten.
 * - A peer is always authenticated. PSKs are used with a key exchange only (psk_dhe_ke), for forward secrecy. Without
 *   `verifyPeer` no certificate is accepted, whatever it says; without `psks` and `verifyPeer` there is no client.
 * - A PSK belongs to one hash (section 4.2.11), so it limits the suites. An identity that is unknown costs a server
 *   the same work as a known one; a wrong binder gives decrypt_error. What an attacker can learn is whether an identity
 *   exists, and only by the alert. External keys should go through {@linkcode importPsk} where both sides can
 *   (RFC 9257, RFC 9258).
 * - Signatures are ECDSA on P-256 and P-384, Ed25519 and RSA-PSS; RSA PKCS #1 is for certificates only (section
 *   4.2.3). The key's kind must be the scheme's.
 * - Keys change at record boundaries only (section 5.1), so ServerHello, Finished and KeyUpdate must end their records.
 * - Messages are at most 64 KiB, records as RFC 8446 section 5 or record_size_limit (RFC 8449) says; 32 KeyUpdates
 *   without data, empty records or warnings in a row are too many.
 * - Our KeyUpdates: at most four a second of our own, one answer to however many requests, before our next data
 *   (section 4.6.3); and by itself before AES-GCM has protected 2^24 records with a key (section 5.5).
 * - Each failure is an alert for the peer (section 6.2), a {@linkcode TlsAlertError} for the caller, and the end: the
 *   secrets are wiped. Errors hold no secrets. {@linkcode TlsOptions.keyLog} is the one way for secrets to get out
 *   besides the two that are there for it, `trafficKeys` and `exportState`.
 *
 * The caller reads what {@linkcode TlsConnection.bytesWanted} says and no more, so the socket is never read past the
 * last byte of the handshake. Data that comes nevertheless is told as events.
 *
 * @example A client, and a server that it shares a key with
 * ```ts
 * import { createClient, createServer, type ExternalPsk } from "@tynl/tynl/tls";
 *
 * const psk: ExternalPsk = { identity: "host-7", key: crypto.getRandomValues(new Uint8Array(32)) };
 * const client = createClient({ psks: [psk] });
 * const server = createServer({ findPsk: () => psk });
 * while (client.state !== "open" || server.state !== "open") {
 *   server.receive(client.takeOutgoing()); // in between there would be a socket
 *   client.receive(server.takeOutgoing());
 * }
 * console.assert(client.session?.suite === "TLS_AES_128_GCM_SHA256");
 * ```
 *
 * @example A client that checks the server's certificate, over a socket
 * ```ts ignore
 * import { createClient } from "@tynl/tynl/tls";
 * import { parseCertificate, readPem, verifyCertificateChain } from "@tynl/tynl/tls/x509";
 *
 * const anchors = readPem(await Deno.readTextFile("ca.pem"), "CERTIFICATE").map(parseCertificate);
 * const client = createClient({
 *   serverName: "nfs.example",
 *   verifyPeer: (chain) =>
 *     void verifyCertificateChain({
 *       chain,
 *       anchors,
 *       purpose: "server",
 *       time: new Date(),
 *       name: { dns: "nfs.example" },
 *     }),
 * });
 * const socket = await Deno.connect({ hostname: "nfs.example", port: 2049 });
 * while (client.state === "handshaking") {
 *   await socket.write(client.takeOutgoing());
 *   const bytes = new Uint8Array(client.bytesWanted);
 *   const length = await socket.read(bytes);
 *   if (length === null) client.receiveEnd();
 *   else client.receive(bytes.subarray(0, length));
 * }
 * await socket.write(client.takeOutgoing()); // and now client.trafficKeys("send") and ("receive") go to the kernel
 * ```
 *
 * @example A server with a certificate
 * ```ts ignore
 * import { createPrivateKey } from "node:crypto";
 * import { createServer, type TlsConnection } from "@tynl/tynl/tls";
 * import { readPem } from "@tynl/tynl/tls/x509";
 *
 * const chain = readPem(await Deno.readTextFile("server.pem"), "CERTIFICATE");
 * const privateKey = createPrivateKey(await Deno.readTextFile("server.key"));
 * function accept(): TlsConnection {
 *   return createServer({ certificates: [{ chain, privateKey }], alpn: ["nfs"] });
 * }
 * ```
 *
 * @module
 */
import { ClientHandshake } from "./client.ts";
import { TlsConnection } from "./connection.ts";
import {
  checkClientOptions,
  checkServerOptions,
  type ClientOptions,
  defaultHooks,
  type ServerOptions,
  type TlsOptions,
} from "./options.ts";
import { ServerHandshake } from "./server.ts";
import type { SessionState } from "./state.ts";

export {
  AlertDescription,
  alertName,
  TlsAlertError,
  type TlsAlertErrorOptions,
  TlsStateError,
  TlsTruncatedError,
} from "./alerts.ts";
export { type ConnectionState, TlsConnection, type TlsEvent, type UpdateKeysOptions } from "./connection.ts";
export type { GroupName } from "./groups.ts";
export type { Session } from "./handshake.ts";
export { nextTrafficSecret } from "./key_schedule.ts";
export { formatNvmeIdentity, type NvmeIdentity, parseNvmeIdentity } from "./nvme_identity.ts";
export type {
  Certificate,
  ClientOptions,
  KeyedCertificate,
  PeerContext,
  ServerOptions,
  SignedCertificate,
  TlsOptions,
  VerifyPeer,
} from "./options.ts";
export { PostHandshake } from "./post_handshake.ts";
export { type ExternalPsk, importPsk, type PskImport } from "./psk.ts";
export type { SignatureScheme } from "./signatures.ts";
export { importState, type Role, SessionState } from "./state.ts";
export type { CipherSuiteName, HashName } from "./suites.ts";
export type { Direction, TrafficKeys } from "./traffic.ts";

/**
 * A client's connection; its first bytes are in `takeOutgoing` already. Throws a TypeError or RangeError for options
 * that cannot work: neither `psks` nor `verifyPeer`, an empty list, a name that is none.
 */
export function createClient(options: ClientOptions): TlsConnection {
  checkClientOptions(options);
  return new TlsConnection(options, (io) => new ClientHandshake(io, options, defaultHooks));
}

/**
 * A server's connection. Throws a TypeError or RangeError for options that cannot work: neither `findPsk` nor
 * `certificates`, client certificates wanted without `verifyPeer`, an empty list.
 */
export function createServer(options: ServerOptions): TlsConnection {
  checkServerOptions(options);
  return new TlsConnection(options, (io) => new ServerHandshake(io, options, defaultHooks));
}

/** An open connection that goes on from a state, which it takes over: without a handshake, and without `session`. */
export function resumeConnection(state: SessionState, options: TlsOptions = {}): TlsConnection {
  return new TlsConnection(options, state);
}
