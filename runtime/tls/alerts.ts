/** Alerts: their numbers, and the errors that a connection ends with (RFC 8446 section 6). @module */

/** Alert descriptions that TLS 1.3 knows, and 115 and 120 of its extensions (IANA "TLS Alerts"). */
export const AlertDescription = {
  /** The sender will send nothing more. */
  closeNotify: 0,
  /** A message came that is not allowed now. */
  unexpectedMessage: 10,
  /** A record does not decrypt. */
  badRecordMac: 20,
  /** A record is longer than allowed. */
  recordOverflow: 22,
  /** No parameters that both sides accept. */
  handshakeFailure: 40,
  /** A certificate is corrupt, or its signature is wrong. */
  badCertificate: 42,
  /** A certificate is of a kind that is not supported. */
  unsupportedCertificate: 43,
  /** A certificate was revoked. */
  certificateRevoked: 44,
  /** A certificate has expired or is not valid yet. */
  certificateExpired: 45,
  /** Something else about a certificate is not acceptable. */
  certificateUnknown: 46,
  /** A field is out of range or contradicts another one. */
  illegalParameter: 47,
  /** No chain to a certificate authority that is trusted. */
  unknownCa: 48,
  /** A valid certificate or PSK was refused by policy. */
  accessDenied: 49,
  /** A message cannot be decoded: a length is wrong or a field is missing. */
  decodeError: 50,
  /** A signature, a Finished or a PSK binder is wrong. */
  decryptError: 51,
  /** The peer speaks no version that we speak. */
  protocolVersion: 70,
  /** The parameters are weaker than the server wants. */
  insufficientSecurity: 71,
  /** A fault of our own that has nothing to do with the peer. */
  internalError: 80,
  /** A client retried a connection at a lower version. */
  inappropriateFallback: 86,
  /** The user gave up; close_notify follows. */
  userCanceled: 90,
  /** A message lacks an extension that it must have. */
  missingExtension: 109,
  /** An answer has an extension that nobody asked for. */
  unsupportedExtension: 110,
  /** The server knows no such name. */
  unrecognizedName: 112,
  /** A stapled OCSP response is invalid. */
  badCertificateStatusResponse: 113,
  /** The server knows none of the PSK identities. */
  unknownPskIdentity: 115,
  /** A client certificate is required. */
  certificateRequired: 116,
  /** No application protocol in common (RFC 7301). */
  noApplicationProtocol: 120,
} as const;

const names = new Map<number, string>(
  Object.entries(AlertDescription).map((
    [name, value],
  ) => [value, name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)]),
);

/** The RFC's name of an alert, such as `handshake_failure`; `alert 200` for a number that has none. */
export function alertName(description: number): string {
  return names.get(description) ?? `alert ${description}`;
}

/** Who ended the connection, and why. */
export interface TlsAlertErrorOptions {
  /** The peer sent the alert; without it, we do. */
  readonly fromPeer?: boolean;
  /** What a callback threw. */
  readonly cause?: unknown;
}

/**
 * A TLS connection failed. Either the peer did something wrong and was sent {@linkcode alert}, or it sent that alert
 * to us ({@linkcode fromPeer}). The connection is closed, its secrets are gone.
 */
export class TlsAlertError extends Error {
  /** Always `TlsAlertError`. */
  override readonly name = "TlsAlertError";
  /** The alert's number, one of {@linkcode AlertDescription} or a newer one. */
  readonly alert: number;
  /** Whether the peer sent the alert. */
  readonly fromPeer: boolean;

  /** Makes the error; `message` must hold no secret. */
  constructor(alert: number, message: string, options: TlsAlertErrorOptions = {}) {
    super(
      `${options.fromPeer ? "peer sent " : ""}${alertName(alert)}: ${message}`,
      "cause" in options ? { cause: options.cause } : undefined,
    );
    this.alert = alert;
    this.fromPeer = options.fromPeer ?? false;
  }
}

/** The transport ended without close_notify: what came before may be cut short (RFC 8446 section 6.1). */
export class TlsTruncatedError extends Error {
  /** Always `TlsTruncatedError`. */
  override readonly name = "TlsTruncatedError";
}

/** A method was called in a state that does not allow it; the connection goes on as it was. */
export class TlsStateError extends Error {
  /** Always `TlsStateError`. */
  override readonly name = "TlsStateError";
}

/** Throws the error that a fault of the peer's bytes gives. */
export function refuse(alert: keyof typeof AlertDescription, message: string): never {
  throw new TlsAlertError(AlertDescription[alert], message);
}
