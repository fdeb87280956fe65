/** Signature schemes of CertificateVerify and of certificate chains (RFC 8446 section 4.2.3). @module */
import { Buffer } from "node:buffer";
import { constants, sign as nodeSign, verify as nodeVerify } from "node:crypto";
import type { KeyObject } from "node:crypto";

/** A scheme that CertificateVerify may use. */
export type SignatureScheme =
  | "ecdsa_secp256r1_sha256"
  | "ecdsa_secp384r1_sha384"
  | "ed25519"
  | "rsa_pss_rsae_sha256"
  | "rsa_pss_rsae_sha384"
  | "rsa_pss_rsae_sha512"
  | "rsa_pss_pss_sha256"
  | "rsa_pss_pss_sha384"
  | "rsa_pss_pss_sha512";

/** What a key must be for a scheme. `rsa-pss` is a key whose certificate says RSASSA-PSS, `rsa` one of rsaEncryption. */
export type KeyKind = "p256" | "p384" | "ed25519" | "rsa" | "rsa-pss";

/** One scheme. */
export interface SchemeInfo {
  /** Its name in the RFC. */
  readonly name: SignatureScheme;
  /** Its number on the wire. */
  readonly id: number;
  /** The kind of key that it takes. */
  readonly key: KeyKind;
  /** The hash, as node:crypto calls it; Ed25519 has none. */
  readonly hash: string | null;
}

/** Every scheme, in the order that we like them. */
export const signatureSchemes: readonly SchemeInfo[] = [
  { name: "ecdsa_secp256r1_sha256", id: 0x0403, key: "p256", hash: "sha256" },
  { name: "ed25519", id: 0x0807, key: "ed25519", hash: null },
  { name: "ecdsa_secp384r1_sha384", id: 0x0503, key: "p384", hash: "sha384" },
  { name: "rsa_pss_rsae_sha256", id: 0x0804, key: "rsa", hash: "sha256" },
  { name: "rsa_pss_rsae_sha384", id: 0x0805, key: "rsa", hash: "sha384" },
  { name: "rsa_pss_rsae_sha512", id: 0x0806, key: "rsa", hash: "sha512" },
  { name: "rsa_pss_pss_sha256", id: 0x0809, key: "rsa-pss", hash: "sha256" },
  { name: "rsa_pss_pss_sha384", id: 0x080a, key: "rsa-pss", hash: "sha384" },
  { name: "rsa_pss_pss_sha512", id: 0x080b, key: "rsa-pss", hash: "sha512" },
];

/** RSA PKCS #1 with SHA-256, -384 and -512: announced for signatures inside chains, refused in CertificateVerify. */
export const chainOnlySchemes: readonly number[] = [0x0401, 0x0501, 0x0601];

/** The scheme of that name. Throws a RangeError for a name that is none. */
export function signatureScheme(name: SignatureScheme): SchemeInfo {
  const found = signatureSchemes.find((scheme) => scheme.name === name);
  if (found === undefined) throw new RangeError(`no signature scheme ${name}`);
  return found;
}

/** What kind of key this is; undefined for one that no scheme takes. */
export function keyKind(key: KeyObject): KeyKind | undefined {
  switch (key.asymmetricKeyType) {
    case "ed25519":
    case "rsa":
    case "rsa-pss":
      return key.asymmetricKeyType;
    case "ec":
      return ({ prime256v1: "p256", secp384r1: "p384" } as const)[key.asymmetricKeyDetails?.namedCurve ?? ""];
  }
  return undefined;
}

/** How node:crypto wants the key. PSS salts are as long as the hash (RFC 8446 section 4.2.3). */
function keyOptions(
  scheme: SchemeInfo,
  key: KeyObject,
): Parameters<typeof nodeVerify>[2] & { key: KeyObject } {
  return scheme.key === "rsa" || scheme.key === "rsa-pss"
    ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : { key };
}

/** Signs; the key must be of the scheme's kind. */
export function signWith(scheme: SchemeInfo, key: KeyObject, content: Uint8Array): Uint8Array {
  return new Uint8Array(nodeSign(scheme.hash, content, keyOptions(scheme, key)));
}

/** Whether the signature is right. What cannot be read is wrong. */
export function verifyWith(
  scheme: SchemeInfo,
  key: KeyObject,
  content: Uint8Array,
  signature: Uint8Array,
): boolean {
  try {
    return nodeVerify(scheme.hash, content, keyOptions(scheme, key), Buffer.from(signature));
  } catch {
    return false;
  }
}
