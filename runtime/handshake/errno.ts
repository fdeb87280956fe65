/**
 * What the kernel is told when a request fails: one table from TLS alerts and local errors to the positive error
 * numbers of STATUS. Consumers print them and decide by them whether to try again.
 *
 * @module
 */
import { AlertDescription as Alert, TlsAlertError, TlsTruncatedError } from "../tls/mod.ts";

/** Error numbers that the agent reports (asm-generic/errno-base.h and errno.h). */
export const Errno = {
  /** No permission. */
  EPERM: 1,
  /** A fault of our own, or of kernel TLS. */
  EIO: 5,
  /** The socket went away. */
  EBADF: 9,
  /** The peer, or its certificate, is not accepted; or it did not accept us. */
  EACCES: 13,
  /** Another request about the same connection is under way, or there were too many. */
  EBUSY: 16,
  /** The request makes no sense. */
  EINVAL: 22,
  /** The peer broke the protocol. */
  EPROTO: 71,
  /** Stored state does not open: it was cut or altered. */
  EBADMSG: 74,
  /** Not a TCP socket, an unknown kind of request, no kernel TLS, or state of another version of tynl. */
  EOPNOTSUPP: 95,
  /** No common version or parameters. */
  EPROTONOSUPPORT: 93,
  /** The peer went away during the handshake. */
  ECONNRESET: 104,
  /** The handshake took too long. */
  ETIMEDOUT: 110,
  /** The agent is being stopped. */
  ECANCELED: 125,
  /** No key: no PSK, no certificate, no trust anchor, no session. */
  ENOKEY: 126,
  /** A key or certificate has expired. */
  EKEYEXPIRED: 127,
  /** A key or certificate was revoked. */
  EKEYREVOKED: 128,
  /** The peer does not know the PSK, or has another one; or a session belongs to another socket. */
  EKEYREJECTED: 129,
} as const;

/** Largest number that STATUS takes (MAX_ERRNO of the kernel). */
const maxErrno = 4095;

/** Something that the agent itself found out: which error number to report, in words, and what to do about it. */
export class RequestError extends Error {
  /** Always `RequestError`. */
  override readonly name = "RequestError";
  /** The positive error number to report. */
  readonly errno: number;
  /** What to do about it, if it is a matter of configuration. */
  readonly hint: string | undefined;

  /** Makes the error; `message` must hold no secret. */
  constructor(errno: number, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.errno = errno;
    this.hint = options.hint;
  }
}

/**
 * Alerts, whoever sent them. What is not listed is EACCES if the peer sent it, so that a refusal that we do not
 * understand is still one, and EPROTO if we did.
 */
const alertErrno: ReadonlyMap<number, number> = new Map<number, number>([
  [Alert.closeNotify, Errno.ECONNRESET],
  [Alert.unexpectedMessage, Errno.EPROTO],
  [Alert.badRecordMac, Errno.EPROTO],
  [Alert.recordOverflow, Errno.EPROTO],
  [Alert.handshakeFailure, Errno.EACCES],
  [Alert.badCertificate, Errno.EACCES],
  [Alert.unsupportedCertificate, Errno.EACCES],
  [Alert.certificateRevoked, Errno.EKEYREVOKED],
  [Alert.certificateExpired, Errno.EKEYEXPIRED],
  [Alert.certificateUnknown, Errno.EACCES],
  [Alert.illegalParameter, Errno.EPROTO],
  [Alert.unknownCa, Errno.EACCES],
  [Alert.accessDenied, Errno.EACCES],
  [Alert.decodeError, Errno.EPROTO],
  [Alert.decryptError, Errno.EKEYREJECTED],
  [Alert.protocolVersion, Errno.EPROTONOSUPPORT],
  [Alert.insufficientSecurity, Errno.EPROTONOSUPPORT],
  [Alert.internalError, Errno.EIO],
  [Alert.inappropriateFallback, Errno.EPROTONOSUPPORT],
  [Alert.userCanceled, Errno.ECONNRESET],
  [Alert.missingExtension, Errno.EPROTO],
  [Alert.unsupportedExtension, Errno.EPROTO],
  [Alert.unrecognizedName, Errno.EACCES],
  [Alert.badCertificateStatusResponse, Errno.EACCES],
  [Alert.unknownPskIdentity, Errno.EKEYREJECTED],
  [Alert.certificateRequired, Errno.EACCES],
  [Alert.noApplicationProtocol, Errno.EPROTONOSUPPORT],
]);

/** The error number of an alert. */
export function errnoOfAlert(alert: number, fromPeer: boolean): number {
  return alertErrno.get(alert) ?? (fromPeer ? Errno.EACCES : Errno.EPROTO);
}

/**
 * The error number to report for whatever ended a request: 1 to 4,095.
 *
 * An alert goes by the table. A peer that went away is ECONNRESET. An error with an `errno` of its own, such as that
 * of a system call or of a key, is reported as it is. The rest is EIO.
 */
export function errnoOf(error: unknown): number {
  if (error instanceof TlsAlertError) return errnoOfAlert(error.alert, error.fromPeer);
  if (error instanceof TlsTruncatedError) return Errno.ECONNRESET;
  const errno = (error as { readonly errno?: unknown } | null | undefined)?.errno;
  return typeof errno === "number" && Number.isInteger(errno) && errno > 0 && errno <= maxErrno
    ? errno
    : Errno.EIO;
}
