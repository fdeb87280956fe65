/**
 * Kernel TLS: a TCP socket whose records the kernel protects, with keys that a TLS 1.3 handshake agreed on and that
 * KeyUpdates change (the kernel's Documentation/networking/tls.rst). Where the kernel has none, the same face in this
 * process.
 *
 * ```ts
 * import { probeKtls } from "@tynl/tynl/ktls";
 *
 * const support = probeKtls();
 * console.log(support.ulp ? support.suites : "this kernel has no TLS");
 * ```
 *
 * @module
 */
export { cryptoInfo, type KtlsKeys, type KtlsSuite, ktlsSuites } from "./crypto_info.ts";
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
export { SocketClosedError } from "./socket_io.ts";
export { parseTlsStat, readTlsStat, type TlsStat } from "./stat.ts";
export { UserRecordSocket } from "./user_socket.ts";
