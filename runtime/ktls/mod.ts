/**
 * Kernel TLS: a TCP socket whose records the kernel protects, with keys that a TLS 1.3 handshake agreed on and that
 * KeyUpdates change (the kernel's Documentation/networking/tls.rst). Where the kernel has none, the same face in this
 * process.
 *
 * {@linkcode connectKtls} and {@linkcode acceptKtls} make connections that need no more care: handshake, keys, KeyUpdates
 * both ways. {@linkcode rekey} is for programs that read and write their own socket and only want the key changes
 * done. What is below both, {@linkcode KernelRecordSocket} and the socket options, can be had as well.
 *
 * @example What this kernel can do
 * ```ts
 * import { probeKtls } from "@tynl/tynl/ktls";
 *
 * const support = probeKtls();
 * console.log(support.ulp ? support.suites : "this kernel has no TLS");
 * ```
 *
 * @example A server and its client
 * ```ts
 * import { acceptKtls, connectKtls, listenTcp } from "@tynl/tynl/ktls";
 *
 * const psk = { identity: "host-7", key: crypto.getRandomValues(new Uint8Array(32)) };
 * using listener = listenTcp();
 * const target = { hostname: "127.0.0.1", port: listener.port };
 * const [server, client] = await Promise.all([
 *   listener.accept().then((fd) => acceptKtls(fd, { findPsk: () => psk }, { records: "auto" })),
 *   connectKtls(target, { psks: [psk] }, { records: "auto" }),
 * ]);
 * await client.send(new TextEncoder().encode("hello"));
 * console.log(new TextDecoder().decode(await server.receive()));
 * await Promise.all([client.close(), server.close()]);
 * ```
 *
 * @module
 */
export { acceptKtls, connectKtls, type KtlsOptions } from "./connect.ts";
export { currentKeys } from "./current_keys.ts";
export { cryptoInfo, type KtlsKeys, type KtlsSuite, ktlsSuites, wipeKeys } from "./crypto_info.ts";
export {
  BadRecordError,
  type KtlsFeature,
  KtlsUnsupportedError,
  RekeyNeededError,
  TruncatedRecordError,
} from "./errors.ts";
export { KernelRecordSocket } from "./kernel_socket.ts";
export { loopbackPair } from "./loopback.ts";
export {
  attachTls,
  type OptionSetter,
  setExpectNoPad,
  setMaxPayload,
  setRx,
  setTx,
  setZeroCopyReadOnly,
} from "./options.ts";
export { type KtlsSupport, probeKtls } from "./probe.ts";
export type { RecordSocket, TlsRecord } from "./record_socket.ts";
export {
  installNextKeys,
  rekey,
  RekeyError,
  type RekeyOptions,
  type RekeySocket,
  sendKeyUpdate,
} from "./rekey.ts";
export { type CloseOptions, KtlsSocket, type OpenConnection, type RecordsBy } from "./socket.ts";
export { SocketClosedError, type WaitOptions } from "./socket_io.ts";
export { parseTlsStat, readTlsStat, type TlsStat } from "./stat.ts";
export {
  dialTcp,
  HostNotFoundError,
  type ListenOptions,
  listenTcp,
  TcpListener,
  type TcpTarget,
} from "./tcp.ts";
export { UserRecordSocket } from "./user_socket.ts";
