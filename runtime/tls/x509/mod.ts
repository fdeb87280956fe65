/**
 * X.509 certificates for TLS 1.3: reading, and path validation by RFC 5280 with the names of RFC 9525. Bytes in, a
 * verdict out: no sockets, no files, no clock, no Deno API.
 *
 * Decisions, where RFCs leave one:
 *
 * - Certificates and CRLs are strict DER. An explicit `FALSE` where DER has nothing is taken, for it is widespread.
 * - A trust anchor is a certificate, and every rule for CAs applies to it, expiry included; its signature is not
 *   checked. It need not be self-signed. A leaf that is itself an anchor is trusted as it is, by its bytes.
 * - Signatures: ECDSA on P-256 and P-384, on P-521 with SHA-512, Ed25519, RSASSA-PSS and RSASSA-PKCS1-v1_5; hashes
 *   SHA-256, SHA-384 and SHA-512; RSA keys of 2048 to 8192 bits.
 * - A CA has version 3, basicConstraints, and keyCertSign where it has a key usage. An extended key usage of a CA
 *   restricts what is below it.
 * - Critical extensions that are not implemented are refused in every certificate. CRL distribution points, issuer
 *   alternative names and the like are never critical in practice, and would need work that is not done.
 * - Name constraints of all forms but `otherName`, X.400, EDI and registered identifiers; a name of one of these
 *   below a constraint of the same form is refused. A wildcard is excluded if it could stand for an excluded name.
 * - Policies are processed as far as they can make a path invalid: explicit policies that a CA requires, mappings,
 *   and inhibited `anyPolicy`.
 * - Names of hosts are those of the subject alternative name, never the common name.
 * - Issuers that have a CRL must have a good one. Delta CRLs, indirect CRLs, and CRLs of a distribution point are
 *   refused when they are read.
 * - The work is bounded ({@linkcode VerificationLimits}), however certificates are signed across.
 *
 * @example Check the chain of an NFS server
 * ```ts ignore
 * import { parseCertificate, readPem, verifyCertificateChain } from "./mod.ts";
 *
 * const anchors = readPem(await Deno.readTextFile("ca.pem"), "CERTIFICATE").map(parseCertificate);
 * const chain = readPem(await Deno.readTextFile("server.pem"), "CERTIFICATE");
 * const { path } = verifyCertificateChain({
 *   chain,
 *   anchors,
 *   purpose: "server",
 *   time: new Date(),
 *   name: { dns: "nfs.example" },
 * });
 * ```
 *
 * @module
 */
export type { Hash, PssParameters } from "./algorithm.ts";
export {
  type Certificate,
  fingerprint,
  MAX_CERTIFICATE_BYTES,
  parseCertificate,
  type Signed,
} from "./certificate.ts";
export { type Crl, MAX_CRL_BYTES, parseCrl } from "./crl.ts";
export {
  certificateAlerts,
  CertificateError,
  type CertificatePosition,
  type CertificateReason,
} from "./errors.ts";
export {
  type BasicConstraints,
  basicConstraints,
  extendedKeyUsage,
  type Extension,
  type Extensions,
  type KeyUsage,
  keyUsage,
  subjectAltNames,
} from "./extensions.ts";
export type { GeneralName } from "./general_names.ts";
export { isHostName, matchesName, type ReferenceName } from "./hostname.ts";
export type { VerificationLimits } from "./limits.ts";
export { commonName, formatName, type Name, type NameAttribute } from "./names.ts";
export { type VerificationOptions, type VerifiedChain, verifyCertificateChain } from "./path.ts";
export { PemError, readPem } from "./pem.ts";
export { type Curve, type SubjectPublicKey, subjectPublicKey } from "./public_key.ts";
export type { Purpose } from "./rules.ts";
