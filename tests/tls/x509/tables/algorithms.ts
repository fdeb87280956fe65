/** Keys and signatures. */
import { hex, oid, sequence, tlv } from "../der.ts";
import { algorithmOf, keyOf, pssKeyInfo, pssParameters, rsaInfoOf } from "../keys.ts";
import { type Scenario, usual } from "../scenario.ts";

const lastByte = (bytes: Uint8Array): Uint8Array => bytes.with(-1, bytes.at(-1)! ^ 1) as Uint8Array;
const prime = hex(`00 80 ${"00".repeat(253)} 01 01`);

/** An EC key whose group is spelled out: the peer's choice of a generator (CVE-2020-0601). */
const explicitCurve = (() => {
  const info = keyOf("p256:leaf").info;
  const field = sequence(oid("1.2.840.10045.1.1"), tlv(0x02, hex("0d")));
  const parameters = sequence(
    tlv(0x02, hex("01")),
    field,
    sequence(tlv(0x04, hex("01")), tlv(0x04, hex("01"))),
    tlv(0x04, hex("04 01 01")),
    tlv(0x02, hex("0d")),
  );
  return sequence(sequence(oid("1.2.840.10045.2.1"), parameters), info.subarray(-68));
})();

export const algorithms: readonly Scenario[] = [
  {
    name: "ECDSA P-256 with SHA-384",
    verdict: "valid",
    make: () => usual({ leaf: { signature: "ecdsa-sha384" } }),
  },
  {
    name: "ECDSA P-256 with SHA-512",
    verdict: "valid",
    make: () => usual({ leaf: { signature: "ecdsa-sha512" } }),
  },
  {
    name: "ECDSA P-384 with SHA-384",
    verdict: "valid",
    make: () => usual({ intermediate: { key: keyOf("p384:intermediate") } }),
  },
  {
    name: "ECDSA P-384 with SHA-256",
    verdict: "valid",
    make: () =>
      usual({ intermediate: { key: keyOf("p384:intermediate") }, leaf: { signature: "ecdsa-sha256" } }),
  },
  {
    name: "ECDSA P-521 with SHA-512",
    verdict: "valid",
    make: () => usual({ intermediate: { key: keyOf("p521:intermediate") } }),
  },
  {
    name: "ECDSA P-521 with SHA-256, which node:crypto of Deno cannot verify",
    verdict: "unsupported-algorithm",
    at: 0,
    uncompared: "node:crypto of Deno makes no such signature either",
    make: () =>
      usual({
        intermediate: { key: keyOf("p521:intermediate") },
        leaf: { algorithm: algorithmOf("ecdsa-sha256") },
      }),
  },
  {
    name: "Ed25519 from the root to the leaf",
    verdict: "valid",
    make: () =>
      usual({
        root: { key: keyOf("ed25519:root") },
        intermediate: { key: keyOf("ed25519:intermediate") },
        leaf: { key: keyOf("ed25519:leaf") },
      }),
  },
  ...(["rsa-sha256", "rsa-sha384", "rsa-sha512", "pss-sha256", "pss-sha384", "pss-sha512"] as const).map((
    signature,
  ): Scenario => ({
    name: `an RSA key of 2048 bits that signs with ${signature}`,
    verdict: "valid",
    make: () => usual({ intermediate: { key: keyOf("rsa2048:intermediate") }, leaf: { signature } }),
  })),
  {
    name: "an RSASSA-PSS key that signs with its hash",
    verdict: "valid",
    make: () => usual({ intermediate: { key: keyOf("pss2048:intermediate") } }),
  },
  {
    name: "an RSASSA-PSS key that signs with another hash than its own",
    verdict: "bad-signature",
    at: 0,
    make: () =>
      usual({ intermediate: { key: keyOf("pss2048:intermediate") }, leaf: { signature: "pss-sha384" } }),
  },
  {
    name: "an RSASSA-PSS key that signs with PKCS #1",
    verdict: "bad-signature",
    at: 0,
    make: () =>
      usual({ intermediate: { key: keyOf("pss2048:intermediate") }, leaf: { signature: "rsa-sha256" } }),
  },
  {
    name: "a leaf with an RSASSA-PSS key",
    verdict: "valid",
    make: () => usual({ leaf: { key: keyOf("pss2048:leaf") } }),
  },
  {
    name: "a leaf with an RSASSA-PSS key without parameters",
    verdict: "valid",
    make: () =>
      usual({
        leaf: {
          info: sequence(sequence(oid("1.2.840.113549.1.1.10")), keyOf("rsa2048:leaf").info.subarray(4 + 15)),
        },
      }),
  },
  {
    name: "a leaf with an RSASSA-PSS key for SHA-1, the default",
    verdict: "weak-algorithm",
    at: 0,
    differs: "OpenSSL looks at the hashes of signatures, not at those that a key of a leaf allows",
    make: () => usual({ leaf: { info: pssKeyInfo(keyOf("rsa2048:leaf").info, sequence()) } }),
  },
  {
    name: "RSASSA-PSS with a salt shorter than its hash",
    verdict: "unsupported-algorithm",
    at: 0,
    differs: "salts are as long as the hash in TLS and in the web's profile; OpenSSL takes any",
    make: () =>
      usual({ intermediate: { key: keyOf("rsa2048:intermediate") }, leaf: { signature: "pss-short-salt" } }),
  },
  {
    name: "RSASSA-PSS with another hash for its mask",
    verdict: "unsupported-algorithm",
    at: 0,
    uncompared: "node:crypto makes no such signature, and this one is bad to OpenSSL for that",
    make: () =>
      usual({ intermediate: { key: keyOf("rsa2048:intermediate") }, leaf: { signature: "pss-two-hashes" } }),
  },
  {
    name: "RSASSA-PSS with a trailer of another kind",
    verdict: "malformed",
    at: 0,
    make: () =>
      usual({
        intermediate: { key: keyOf("rsa2048:intermediate") },
        leaf: {
          signature: "pss-sha256",
          algorithm: sequence(
            oid("1.2.840.113549.1.1.10"),
            tlv(0x30, pssParameters("sha256", 32).subarray(2), tlv(0xa3, tlv(0x02, hex("02")))),
          ),
        },
      }),
  },
  {
    name: "a signature with SHA-1",
    verdict: "weak-algorithm",
    at: 0,
    make: () => usual({ leaf: { signature: "ecdsa-sha1" } }),
  },
  {
    name: "an RSA signature with SHA-1",
    verdict: "weak-algorithm",
    at: 0,
    make: () =>
      usual({ intermediate: { key: keyOf("rsa2048:intermediate") }, leaf: { signature: "rsa-sha1" } }),
  },
  {
    name: "an RSA signature with MD5",
    verdict: "weak-algorithm",
    at: 0,
    make: () =>
      usual({ intermediate: { key: keyOf("rsa2048:intermediate") }, leaf: { signature: "rsa-md5" } }),
  },
  {
    name: "a root that signed itself with SHA-1, which nobody relies on",
    verdict: "valid",
    make: () => usual({ root: { signature: "ecdsa-sha1" } }),
  },
  {
    name: "a leaf with an RSA key of 1024 bits",
    verdict: "weak-algorithm",
    at: 0,
    make: () => usual({ leaf: { key: keyOf("rsa1024:leaf") } }),
  },
  {
    name: "an intermediate with an RSA key of 1024 bits",
    verdict: "weak-algorithm",
    at: 1,
    make: () => usual({ intermediate: { key: keyOf("rsa1024:intermediate") } }),
  },
  {
    name: "an anchor with an RSA key of 1024 bits",
    verdict: "weak-algorithm",
    at: -1,
    make: () => usual({ root: { key: keyOf("rsa1024:root") } }),
  },
  {
    name: "a leaf with an RSA exponent of 1",
    verdict: "malformed",
    at: 0,
    differs: "an exponent of 1 makes everything a signature; OpenSSL finds out when the key is used",
    make: () => usual({ leaf: { info: rsaInfoOf(prime, hex("01")) } }),
  },
  {
    name: "a leaf with an even RSA modulus",
    verdict: "malformed",
    at: 0,
    differs: "an even modulus is factored; OpenSSL finds out when the key is used",
    make: () => usual({ leaf: { info: rsaInfoOf(prime.with(-1, 2) as Uint8Array, hex("01 00 01")) } }),
  },
  {
    name: "a leaf with an RSA exponent of 8 bytes",
    verdict: "unsupported-algorithm",
    at: 0,
    differs: "time grows with the exponent, and nobody has a long one; OpenSSL takes up to 64 bits",
    make: () => usual({ leaf: { info: rsaInfoOf(prime, hex("01 00 00 00 00 00 00 01")) } }),
  },
  {
    name: "a leaf with an RSA key of 16384 bits",
    verdict: "unsupported-algorithm",
    at: 0,
    differs: "a limit of our own, like that of Go; that of OpenSSL is 16384",
    make: () => usual({ leaf: { info: rsaInfoOf(hex(`00 80 ${"00".repeat(2046)} 01`), hex("01 00 01")) } }),
  },
  {
    name: "a leaf with a key on secp256k1",
    verdict: "unsupported-algorithm",
    at: 0,
    differs: "TLS 1.3 has no signature scheme for this curve",
    make: () => usual({ leaf: { key: keyOf("k256:leaf") } }),
  },
  {
    name: "a leaf whose curve is spelled out",
    verdict: "unsupported-algorithm",
    at: 0,
    make: () => usual({ leaf: { info: explicitCurve } }),
  },
  {
    name: "a leaf whose key is no point of its curve",
    verdict: "malformed",
    at: 0,
    make: () => usual({ leaf: { info: lastByte(keyOf("p256:leaf").info) } }),
  },
  {
    name: "a leaf with an Ed448 key",
    verdict: "unsupported-algorithm",
    at: 0,
    differs: "Ed448 is not implemented",
    make: () =>
      usual({
        leaf: { info: sequence(sequence(oid("1.3.101.113")), tlv(0x03, hex(`00 ${"01".repeat(57)}`))) },
      }),
  },
  {
    name: "a leaf whose signature is changed in its last bit",
    verdict: "bad-signature",
    at: 0,
    make: () => usual({ leaf: { editSignature: lastByte } }),
  },
  {
    name: "an intermediate whose signature is changed in its last bit",
    verdict: "bad-signature",
    at: 1,
    make: () => usual({ intermediate: { editSignature: lastByte } }),
  },
  {
    name: "an anchor whose signature of itself is changed",
    verdict: "valid",
    make: () => usual({ root: { editSignature: lastByte } }),
  },
  {
    name: "a leaf with an empty signature",
    verdict: "bad-signature",
    at: 0,
    make: () => usual({ leaf: { editSignature: () => new Uint8Array() } }),
  },
  {
    name: "a leaf signed by another key under the name of the intermediate",
    verdict: "unknown-issuer",
    at: 0,
    make: () =>
      usual({ leaf: { issuer: { subject: "O=Example,CN=Intermediate", key: keyOf("p256:forger") } } }),
  },
  {
    name: "an ECDSA signature that says it is one of RSA",
    verdict: "bad-signature",
    at: 0,
    make: () => usual({ leaf: { algorithm: algorithmOf("rsa-sha256") } }),
  },
  {
    name: "an inner algorithm other than the outer one",
    verdict: "malformed",
    at: 0,
    make: () => usual({ leaf: { signedAlgorithm: algorithmOf("ecdsa-sha512") } }),
  },
  {
    name: "ECDSA with a parameter of NULL",
    verdict: "malformed",
    at: 0,
    differs: "RFC 5758 section 3.2: parameters MUST be absent; OpenSSL does not look",
    make: () => usual({ leaf: { algorithm: sequence(oid("1.2.840.10045.4.3.2"), hex("05 00")) } }),
  },
  {
    name: "RSA without the parameter of NULL",
    verdict: "valid",
    make: () =>
      usual({
        intermediate: { key: keyOf("rsa2048:intermediate") },
        leaf: { algorithm: sequence(oid("1.2.840.113549.1.1.11")) },
      }),
  },
  {
    name: "RSA with a parameter that is not NULL",
    verdict: "malformed",
    at: 0,
    differs: "RFC 4055 section 5: the parameter is NULL; OpenSSL does not look",
    make: () =>
      usual({
        intermediate: { key: keyOf("rsa2048:intermediate") },
        leaf: { algorithm: sequence(oid("1.2.840.113549.1.1.11"), hex("04 00")) },
      }),
  },
  {
    name: "an unknown signature algorithm",
    verdict: "unsupported-algorithm",
    at: 0,
    make: () => usual({ leaf: { algorithm: sequence(oid("1.3.6.1.4.1.55555.2")) } }),
  },
];
