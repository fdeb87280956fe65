/** Trust stores, revocation lists, chains and keys, from the PEM files that the configuration names. @module */
import { Buffer } from "node:buffer";
import { constants, createPrivateKey, type KeyObject, sign, verify } from "node:crypto";
import type { KeyedCertificate } from "../../runtime/tls/mod.ts";
import {
  type Certificate,
  CertificateError,
  type Crl,
  formatName,
  parseCertificate,
  parseCrl,
  PemError,
  readPem,
  subjectPublicKey,
} from "../../runtime/tls/x509/mod.ts";
import { FileError, readTrusted } from "./files.ts";
import { printable } from "./key_file.ts";

/** Most bytes of a PEM file: a hundred times what a distribution's trust store has. */
export const MAX_PEM_BYTES: number = 32 * 1024 * 1024;

/** Most certificates in a chain of our own, as for tlshd. */
export const MAX_CHAIN: number = 10;

/** Where distributions keep their trust store: Debian, Fedora, openSUSE, Alpine. */
export const SYSTEM_TRUST_STORES: readonly string[] = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

/** What was read from a file, and what is to be said about it. */
export interface Loaded<T> {
  /** What it holds. */
  readonly value: T;
  /** What is unsafe about the file's owner or mode; such a file may be refused. */
  readonly unsafe: readonly string[];
  /** What else is worth a line; the first letter is small, the path is not in it. */
  readonly notes: readonly string[];
}

function readBlocks(
  path: string,
  label: string,
): { blocks: Uint8Array<ArrayBuffer>[]; unsafe: readonly string[] } {
  const { bytes, doubts } = readTrusted(path, "public", MAX_PEM_BYTES);
  try {
    return { blocks: readPem(new TextDecoder().decode(bytes), label), unsafe: doubts };
  } catch (error) {
    if (error instanceof PemError) throw new FileError(path, error.message);
    throw error;
  }
}

/**
 * Loads a trust store. A certificate in it that cannot be read is left out, with a note: nobody is trusted by that.
 *
 * @throws {FileError} If none can be read.
 */
export function loadTrustStore(path: string): Loaded<Certificate[]> {
  const { blocks, unsafe } = readBlocks(path, "CERTIFICATE");
  const notes: string[] = [];
  const value = blocks.flatMap((der, index) => {
    try {
      return [parseCertificate(der)];
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      notes.push(`certificate ${index + 1} is left out: ${error.message}`);
      return [];
    }
  });
  if (value.length === 0) throw new FileError(path, `none of ${blocks.length} certificates can be read`);
  return { value, unsafe, notes };
}

/** Path of the system's trust store; undefined if there is none. */
export function systemTrustStore(candidates: readonly string[] = SYSTEM_TRUST_STORES): string | undefined {
  return candidates.find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}

/**
 * Loads revocation lists. One that cannot be read makes all fail: without it, what it revokes would be accepted.
 *
 * @throws {FileError} If one cannot be read, or there is none.
 */
export function loadCrls(path: string, now: Date): Loaded<Crl[]> {
  const { blocks, unsafe } = readBlocks(path, "X509 CRL");
  const notes: string[] = [];
  const value = blocks.map((der, index) => {
    try {
      const crl = parseCrl(der);
      if (crl.nextUpdate !== undefined && crl.nextUpdate < now) {
        notes.push(
          `list ${index + 1} should have been replaced by ${
            day(crl.nextUpdate)
          }: its issuer's certificates are refused`,
        );
      }
      return crl;
    } catch (error) {
      if (error instanceof CertificateError) throw new FileError(path, `list ${index + 1}: ${error.message}`);
      throw error;
    }
  });
  return { value, unsafe, notes };
}

/** Days before the end of a certificate from which on it is mentioned. */
const SOON = 14;
const day = (date: Date): string => date.toISOString().slice(0, 10);

/**
 * Loads a chain of our own and the key of its leaf.
 *
 * @throws {FileError} If either cannot be read, they do not belong together, or the engine cannot sign with the key.
 */
export function loadIdentity(certificate: string, privateKey: string, now: Date): Loaded<KeyedCertificate> {
  const { blocks, unsafe } = readBlocks(certificate, "CERTIFICATE");
  if (blocks.length > MAX_CHAIN) throw new FileError(certificate, `more than ${MAX_CHAIN} certificates`);
  const chain = blocks.map((der, index) => {
    try {
      return parseCertificate(der);
    } catch (error) {
      if (error instanceof CertificateError) {
        throw new FileError(certificate, `certificate ${index + 1}: ${error.message}`);
      }
      throw error;
    }
  });
  const leaf = chain[0]!;
  const key = loadKey(privateKey);
  checkPair(leaf, key.value, certificate, privateKey);
  const subject = printable(formatName(leaf.subject));
  const notes: string[] = [];
  const left = (leaf.notAfter.getTime() - now.getTime()) / 86_400_000;
  if (left < 0) notes.push(`expired on ${day(leaf.notAfter)}: peers will refuse it (${subject})`);
  else if (left < SOON) notes.push(`expires on ${day(leaf.notAfter)} (${subject})`);
  if (leaf.notBefore > now) notes.push(`is not valid before ${day(leaf.notBefore)} (${subject})`);
  return {
    value: { chain: chain.map(({ der }) => der), privateKey: key.value },
    unsafe: [...unsafe, ...key.unsafe.map((doubt) => `${privateKey}: ${doubt}`)],
    notes,
  };
}

/** A scheme as GnuTLS and OpenSSL take it in the place of a path: `pkcs11:`, `tpmkey:`. */
const URL_SCHEME = /^([a-z][a-z0-9+.-]*):/i;

/**
 * Loads a private key in any of the forms that OpenSSL and GnuTLS write, without a passphrase.
 *
 * @throws {FileError} If it cannot be read. Nothing of the key is in the message.
 */
export function loadKey(path: string): Loaded<KeyObject> {
  const scheme = URL_SCHEME.exec(path)?.[1];
  if (scheme !== undefined) {
    throw new FileError(`${printable(scheme)}:…`, "keys in tokens are not supported, only PEM files");
  }
  const { bytes, doubts } = readTrusted(path, "secret", MAX_PEM_BYTES);
  try {
    return { value: parseKey(path, bytes), unsafe: doubts, notes: [] };
  } finally {
    bytes.fill(0);
  }
}

function parseKey(path: string, bytes: Uint8Array<ArrayBuffer>): KeyObject {
  // Not as text: a string cannot be wiped.
  const pem = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const label = pem.indexOf("PRIVATE KEY-----");
  const begin = label === -1 ? -1 : pem.lastIndexOf("-----BEGIN ", label);
  if (begin === -1) throw new FileError(path, "no private key in PEM in this file");
  if (pem.includes("-----BEGIN ENCRYPTED PRIVATE KEY-----") || pem.includes("Proc-Type: 4,ENCRYPTED")) {
    throw new FileError(path, "the key has a passphrase, and nobody is here to type it");
  }
  try {
    return createPrivateKey({ key: pem.subarray(begin), format: "pem" });
  } catch {
    // What node:crypto says may quote the input.
    throw new FileError(path, "a private key that is damaged, or of an unknown kind");
  }
}

/** What the TLS engine signs with; a curve is of node:crypto. */
function canSign({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): boolean {
  if (type === "ec") return details?.namedCurve === "prime256v1" || details?.namedCurve === "secp384r1";
  return type === "rsa" || type === "rsa-pss" || type === "ed25519";
}

function checkPair(leaf: Certificate, key: KeyObject, certificate: string, privateKey: string): void {
  if (!canSign(key)) {
    const kind = key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType;
    throw new FileError(privateKey, `a key of kind ${kind}; RSA, Ed25519, P-256 and P-384 are supported`);
  }
  let fits: boolean;
  try {
    fits = verifies(leaf, key);
  } catch (error) {
    if (error instanceof CertificateError) {
      throw new FileError(certificate, `certificate 1: ${error.message}`);
    }
    fits = false;
  }
  if (!fits) throw new FileError(privateKey, `not the key of the first certificate in ${certificate}`);
}

/** By a signature, because an RSA key and one for RSASSA-PSS alone may be the same and look different. */
function verifies(leaf: Certificate, key: KeyObject): boolean {
  const { type, key: publicKey, pss } = subjectPublicKey(leaf);
  const text = Buffer.from("tynl");
  if (type === "ed25519") return verify(null, text, publicKey, sign(null, text, key));
  const hash = pss?.hash ?? "sha256";
  const options = type === "ec"
    ? {}
    : { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  return verify(hash, text, { key: publicKey, ...options }, sign(hash, text, { key, ...options }));
}
