/** Signatures over certificates and CRLs (RFC 5280 section 4.1.1.2 with RFC 4055, 5758 and 8410). @module */
import { constants, type KeyObject, verify } from "node:crypto";
import {
  decodePssParameters,
  expectNoParameters,
  expectNull,
  type Hash,
  hashLength,
  readAlgorithmIdentifier,
} from "./algorithm.ts";
import { DerReader } from "./der.ts";
import { CertificateError } from "./errors.ts";
import type { SubjectPublicKey } from "./public_key.ts";

type Algorithm =
  | { readonly scheme: "ecdsa" | "rsa-pkcs1" | "rsa-pss"; readonly hash: Hash }
  | { readonly scheme: "ed25519" };

const ecdsa: Readonly<Record<string, Hash>> = {
  "1.2.840.10045.4.3.2": "sha256",
  "1.2.840.10045.4.3.3": "sha384",
  "1.2.840.10045.4.3.4": "sha512",
};

const rsaPkcs1: Readonly<Record<string, Hash>> = {
  "1.2.840.113549.1.1.11": "sha256",
  "1.2.840.113549.1.1.12": "sha384",
  "1.2.840.113549.1.1.13": "sha512",
};

/** With RSA MD2, MD4, MD5 and SHA-1, with ECDSA and DSA SHA-1. */
const weak: ReadonlySet<string> = new Set([
  "1.2.840.113549.1.1.2",
  "1.2.840.113549.1.1.3",
  "1.2.840.113549.1.1.4",
  "1.2.840.113549.1.1.5",
  "1.3.14.3.2.29",
  "1.2.840.10045.4.1",
  "1.2.840.10040.4.3",
]);

function decodeAlgorithm(der: Uint8Array): Algorithm {
  const algorithm = readAlgorithmIdentifier(new DerReader(der, "signature algorithm"));
  const { oid, parameters } = algorithm;
  const ecdsaHash = ecdsa[oid];
  const pkcs1Hash = rsaPkcs1[oid];
  if (ecdsaHash !== undefined) {
    expectNoParameters(algorithm);
    return { scheme: "ecdsa", hash: ecdsaHash };
  }
  if (pkcs1Hash !== undefined) {
    // RFC 4055 section 5: NULL is to be written, and absent parameters are to be accepted.
    expectNull(algorithm, "absent too");
    return { scheme: "rsa-pkcs1", hash: pkcs1Hash };
  }
  if (oid === "1.3.101.112") {
    expectNoParameters(algorithm);
    return { scheme: "ed25519" };
  }
  if (oid === "1.2.840.113549.1.1.10") {
    if (parameters === undefined) throw new CertificateError("malformed", "RSASSA-PSS without parameters");
    const { hash, saltLength } = decodePssParameters(parameters);
    if (saltLength !== hashLength[hash]) {
      throw new CertificateError("unsupported-algorithm", "RSASSA-PSS salt of another length than its hash");
    }
    return { scheme: "rsa-pss", hash };
  }
  throw weak.has(oid)
    ? new CertificateError("weak-algorithm", `signature algorithm ${oid} is too weak`)
    : new CertificateError("unsupported-algorithm", `signature algorithm ${oid} is not implemented`);
}

/** Whether a key may make signatures of this kind at all. */
function fits(algorithm: Algorithm, { type, pss }: SubjectPublicKey): boolean {
  switch (algorithm.scheme) {
    case "ed25519":
      return type === "ed25519";
    case "ecdsa":
      return type === "ec";
    case "rsa-pkcs1":
      return type === "rsa";
    case "rsa-pss":
      return type === "rsa" ||
        (type === "rsa-pss" && (pss === undefined ||
          (pss.hash === algorithm.hash && pss.saltLength <= hashLength[algorithm.hash])));
  }
}

function holds(algorithm: Algorithm, key: KeyObject, data: Uint8Array, signature: Uint8Array): boolean {
  if (algorithm.scheme === "ed25519") return verify(null, data, key, signature);
  const options = algorithm.scheme === "rsa-pss"
    ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: hashLength[algorithm.hash] }
    : key;
  return verify(algorithm.hash, data, options, signature);
}

/**
 * Checks a signature by the key of its maker.
 *
 * @param algorithm DER of the AlgorithmIdentifier.
 * @throws {CertificateError} `bad-signature` if the key did not make it, or may not make such ones; `weak-algorithm`
 * for MD5 and SHA-1; `unsupported-algorithm` for what is not implemented.
 */
export function verifySignature(
  algorithm: Uint8Array,
  data: Uint8Array,
  signature: Uint8Array,
  signer: SubjectPublicKey,
): void {
  const decoded = decodeAlgorithm(algorithm);
  if (!fits(decoded, signer)) {
    throw new CertificateError(
      "bad-signature",
      `the issuer's key makes no ${decoded.scheme} signature like this`,
    );
  }
  if (signer.curve === "P-521" && decoded.scheme === "ecdsa" && decoded.hash !== "sha512") {
    // node:crypto of Deno refuses right signatures of P-521 over shorter hashes.
    throw new CertificateError("unsupported-algorithm", `P-521 with ${decoded.hash} is not implemented`);
  }
  let valid = false;
  try {
    valid = holds(decoded, signer.key, data, signature);
  } catch {
    // A signature that node:crypto cannot read is a bad one.
  }
  if (!valid) throw new CertificateError("bad-signature", "the issuer's key did not make the signature");
}
