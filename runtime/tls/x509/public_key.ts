/** Public keys of certificates (RFC 5280 section 4.1.2.7, RFC 3279, 4055, 5480 and 8410). @module */
import { Buffer } from "node:buffer";
import { createPublicKey, type KeyObject } from "node:crypto";
import {
  type AlgorithmIdentifier,
  decodePssParameters,
  expectNoParameters,
  expectNull,
  type PssParameters,
  readAlgorithmIdentifier,
} from "./algorithm.ts";
import type { Certificate } from "./certificate.ts";
import { checkInteger, decodeBitBytes, decodeOid, encodeElement, readOnly, Tag } from "./der.ts";
import { CertificateError } from "./errors.ts";

/** A key with what its certificate says about its use. */
export interface SubjectPublicKey {
  /** `rsa-pss` is a key of the OID id-RSASSA-PSS, which signs with RSASSA-PSS only. */
  readonly type: "rsa" | "rsa-pss" | "ec" | "ed25519";
  /** The key for `verify` of node:crypto; of both RSA types, a plain RSA key. */
  readonly key: KeyObject;
  /** The curve of an `ec` key. */
  readonly curve?: Curve;
  /** Restrictions of an `rsa-pss` key: the only hash, and the shortest salt; absent if it has none. */
  readonly pss?: PssParameters;
}

/** Curves of ECDSA keys. */
export type Curve = "P-256" | "P-384" | "P-521";

const curves: Readonly<Record<string, { curve: Curve; fieldBytes: number }>> = {
  "1.2.840.10045.3.1.7": { curve: "P-256", fieldBytes: 32 },
  "1.3.132.0.34": { curve: "P-384", fieldBytes: 48 },
  "1.3.132.0.35": { curve: "P-521", fieldBytes: 66 },
};

/** Modulus lengths in bits; verifying with a longer one costs a peer little and us much. */
const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 8192;
/** Longest public exponent in bytes: 65537 takes 3, and time grows with it. */
const MAX_RSA_EXPONENT = 4;

function malformed(what: string): CertificateError {
  return new CertificateError("malformed", what);
}

function checkRsaKey(bytes: Uint8Array): void {
  const reader = readOnly(bytes, Tag.sequence, "RSA key");
  const modulus = checkInteger(reader.element(Tag.integer).content);
  const exponent = checkInteger(reader.element(Tag.integer).content);
  reader.end();
  if (modulus[0]! & 0x80 || exponent[0]! & 0x80) throw malformed("negative number in an RSA key");
  const digits = modulus[0] === 0 ? modulus.subarray(1) : modulus;
  const bits = digits.length === 0 ? 0 : digits.length * 8 - (Math.clz32(digits[0]!) - 24);
  if (bits < MIN_RSA_BITS) {
    throw new CertificateError("weak-algorithm", `RSA key of ${bits} bits, ${MIN_RSA_BITS} are needed`);
  }
  if (bits > MAX_RSA_BITS) {
    throw new CertificateError("unsupported-algorithm", `RSA key of more than ${MAX_RSA_BITS} bits`);
  }
  if (!(modulus.at(-1)! & 1) || !(exponent.at(-1)! & 1) || (exponent.length === 1 && exponent[0]! < 3)) {
    throw malformed("impossible RSA key");
  }
  if (exponent.length > MAX_RSA_EXPONENT) {
    throw new CertificateError(
      "unsupported-algorithm",
      `RSA exponent of more than ${MAX_RSA_EXPONENT} bytes`,
    );
  }
}

function importKey(publicKeyInfo: Uint8Array): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(publicKeyInfo), format: "der", type: "spki" });
  } catch {
    throw malformed("the public key is none");
  }
}

const RSA_ENCRYPTION = Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01);

/** The key info of the same RSA key without restrictions, which node:crypto would apply to other uses than ours. */
function plainRsaInfo(key: Uint8Array): Uint8Array {
  const oid = encodeElement(Tag.oid, RSA_ENCRYPTION);
  const algorithm = encodeElement(Tag.sequence, oid, encodeElement(Tag.null));
  return encodeElement(Tag.sequence, algorithm, encodeElement(Tag.bitString, Uint8Array.of(0), key));
}

function readEcKey(algorithm: AlgorithmIdentifier, point: Uint8Array, info: Uint8Array): SubjectPublicKey {
  // Only a named curve: explicit parameters let the peer choose the group (RFC 5480 section 2.1.1).
  const oid = algorithm.parameters?.tag === Tag.oid ? decodeOid(algorithm.parameters.content) : undefined;
  const known = oid === undefined ? undefined : curves[oid];
  if (known === undefined) {
    throw new CertificateError(
      "unsupported-algorithm",
      `curve ${oid ?? "without a name"} is not implemented`,
    );
  }
  if (point[0] !== 4 || point.length !== 1 + 2 * known.fieldBytes) throw malformed("bad point of an EC key");
  return { type: "ec", key: importKey(info), curve: known.curve };
}

function readKey(info: Uint8Array): SubjectPublicKey {
  const reader = readOnly(info, Tag.sequence, "public key");
  const algorithm = readAlgorithmIdentifier(reader);
  const key = decodeBitBytes(reader.element(Tag.bitString).content);
  reader.end();
  switch (algorithm.oid) {
    case "1.2.840.113549.1.1.1":
      expectNull(algorithm, "not absent");
      checkRsaKey(key);
      return { type: "rsa", key: importKey(info) };
    case "1.2.840.113549.1.1.10": {
      const { parameters } = algorithm;
      const pss = parameters && decodePssParameters(parameters);
      checkRsaKey(key);
      return { type: "rsa-pss", key: importKey(plainRsaInfo(key)), ...(pss === undefined ? {} : { pss }) };
    }
    case "1.2.840.10045.2.1":
      return readEcKey(algorithm, key, info);
    case "1.3.101.112":
      expectNoParameters(algorithm);
      if (key.length !== 32) throw malformed("bad length of an Ed25519 key");
      return { type: "ed25519", key: importKey(info) };
    default:
      throw new CertificateError("unsupported-algorithm", `key type ${algorithm.oid} is not implemented`);
  }
}

/** Anchors are asked for their key in every handshake, and making a KeyObject is dear. */
const keys = new WeakMap<Certificate, SubjectPublicKey>();

/**
 * The public key of a certificate.
 *
 * @throws {CertificateError} `weak-algorithm` for RSA below 2048 bits, `unsupported-algorithm` for a key that is none
 * of RSA, RSASSA-PSS, ECDSA on P-256, P-384 and P-521, and Ed25519, `malformed` for bytes that are no key.
 */
export function subjectPublicKey(certificate: Certificate): SubjectPublicKey {
  let key = keys.get(certificate);
  if (key === undefined) keys.set(certificate, key = readKey(certificate.publicKeyInfo));
  return key;
}
