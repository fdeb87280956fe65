/** Keys of the test certificates: made once in a run, and shared by all that do not need one of their own. */
import { constants, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { hex, oid, sequence, tlv } from "./der.ts";

/** A key pair under a name. */
export interface Key {
  /** Signature that its certificates have, unless told otherwise. */
  readonly signature: SignatureName;
  /** DER of the SubjectPublicKeyInfo. */
  readonly info: Uint8Array;
  /** The private key. */
  readonly privateKey: KeyObject;
}

/** Signatures by the names they have in the tables. */
export type SignatureName =
  | `ecdsa-${"sha1" | "sha256" | "sha384" | "sha512"}`
  | `rsa-${"md5" | "sha1" | "sha256" | "sha384" | "sha512"}`
  | `pss-${"sha256" | "sha384" | "sha512"}`
  | "pss-short-salt"
  | "pss-two-hashes"
  | "ed25519";

/** Kinds of keys; what follows a colon makes a further key of the same kind. */
export type KeyName = `${
  | "p256"
  | "p384"
  | "p521"
  | "k256"
  | "ed25519"
  | "rsa2048"
  | "rsa1024"
  | "pss2048"}:${string}`;

const nullValue = tlv(0x05);
const hashId: Readonly<Record<string, string>> = {
  sha256: "2.16.840.1.101.3.4.2.1",
  sha384: "2.16.840.1.101.3.4.2.2",
  sha512: "2.16.840.1.101.3.4.2.3",
};

/** RSASSA-PSS-params of RFC 4055 section 3.1. */
export function pssParameters(hash: string, saltLength: number, maskHash: string = hash): Uint8Array {
  const algorithm = (name: string) => sequence(oid(hashId[name]!), nullValue);
  return sequence(
    tlv(0xa0, algorithm(hash)),
    tlv(0xa1, sequence(oid("1.2.840.113549.1.1.8"), algorithm(maskHash))),
    tlv(0xa2, tlv(0x02, Uint8Array.of(saltLength))),
  );
}

const PSS = "1.2.840.113549.1.1.10";
const saltLengths: Readonly<Record<string, number>> = { sha256: 32, sha384: 48, sha512: 64 };

/** DER of the AlgorithmIdentifier of each signature: RFC 5758, 8410, 4055. */
export function algorithmOf(signature: SignatureName): Uint8Array {
  const [kind, hash = ""] = signature.split("-");
  switch (kind) {
    case "ed25519":
      return sequence(oid("1.3.101.112"));
    case "ecdsa": {
      const last: Record<string, string> = { sha1: "1", sha256: "3.2", sha384: "3.3", sha512: "3.4" };
      return sequence(oid(`1.2.840.10045.4.${last[hash]}`));
    }
    case "rsa": {
      const last: Record<string, string> = { md5: "4", sha1: "5", sha256: "11", sha384: "12", sha512: "13" };
      return sequence(oid(`1.2.840.113549.1.1.${last[hash]}`), nullValue);
    }
  }
  if (hash === "short") return sequence(oid(PSS), pssParameters("sha256", 20));
  if (hash === "two") return sequence(oid(PSS), pssParameters("sha256", 32, "sha384"));
  return sequence(oid(PSS), pssParameters(hash, saltLengths[hash]!));
}

/** Signs with a key. */
export function signWith(signature: SignatureName, data: Uint8Array, key: KeyObject): Uint8Array {
  const [kind, hash = ""] = signature.split("-");
  if (kind === "ed25519") return sign(null, data, key);
  if (kind !== "pss") return sign(hash, data, key);
  const digest = hash in saltLengths ? hash : "sha256";
  const saltLength = hash === "short" ? 20 : saltLengths[digest]!;
  return sign(digest, data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength });
}

function makeKey(kind: string): Key {
  const ec = (namedCurve: string, signature: SignatureName) => ({
    pair: generateKeyPairSync("ec", { namedCurve }),
    signature,
  });
  const rsa = (modulusLength: number, signature: SignatureName) => ({
    pair: generateKeyPairSync("rsa", { modulusLength }),
    signature,
  });
  const made = kind === "p256"
    ? ec("P-256", "ecdsa-sha256")
    : kind === "p384"
    ? ec("P-384", "ecdsa-sha384")
    : kind === "p521"
    ? ec("P-521", "ecdsa-sha512")
    : kind === "k256"
    ? ec("secp256k1", "ecdsa-sha256")
    : kind === "ed25519"
    ? { pair: generateKeyPairSync("ed25519"), signature: "ed25519" as const }
    : kind === "rsa1024"
    ? rsa(1024, "rsa-sha256")
    : rsa(2048, kind === "pss2048" ? "pss-sha256" : "rsa-sha256");
  const info = new Uint8Array(made.pair.publicKey.export({ type: "spki", format: "der" }));
  return {
    signature: made.signature,
    privateKey: made.pair.privateKey,
    info: kind === "pss2048" ? pssKeyInfo(info) : info,
  };
}

/** The key info of an RSA key of 2048 bits as one for RSASSA-PSS with SHA-256 only. */
export function pssKeyInfo(
  rsaInfo: Uint8Array,
  parameters: Uint8Array = pssParameters("sha256", 32),
): Uint8Array {
  // The key is behind SEQUENCE, length of 2 bytes, and the AlgorithmIdentifier of rsaEncryption (15 bytes).
  return sequence(sequence(oid(PSS), parameters), rsaInfo.subarray(4 + 15));
}

/** SubjectPublicKeyInfo of an RSA key made of numbers that nobody has to know the factors of. */
export function rsaInfoOf(modulus: Uint8Array, exponent: Uint8Array): Uint8Array {
  const key = sequence(tlv(0x02, modulus), tlv(0x02, exponent));
  return sequence(sequence(oid("1.2.840.113549.1.1.1"), nullValue), tlv(0x03, hex("00"), key));
}

const made = new Map<string, Key>();

/** The key of this name: the same one each time. */
export function keyOf(name: KeyName): Key {
  let key = made.get(name);
  if (key === undefined) made.set(name, key = makeKey(name.split(":")[0]!));
  return key;
}
