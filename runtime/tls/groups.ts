/** Key exchange groups (RFC 8446 section 4.2.8, RFC 7748, and X25519MLKEM768 of draft-ietf-tls-ecdhe-mlkem). @module */
import { Buffer } from "node:buffer";
import {
  createECDH,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
} from "node:crypto";
import type { KeyObject } from "node:crypto";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { refuse } from "./alerts.ts";
import { concat, wipe } from "./bytes.ts";

/** A group by the RFC's name, in lower case. */
export type GroupName = "x25519" | "secp256r1" | "secp384r1" | "x25519mlkem768";

/** A private value with its public share, for one handshake only. */
export interface KeyPair {
  /** What goes to the peer. */
  readonly share: Uint8Array;
  /** The shared secret with the peer's share; a share that is invalid gives illegal_parameter. */
  derive(peerShare: Uint8Array): Uint8Array;
}

/** A server's half of the exchange. */
export interface KeyAnswer {
  /** What goes to the client. */
  readonly share: Uint8Array;
  /** The shared secret. */
  readonly secret: Uint8Array;
}

/** What the engine knows of a group. */
export interface Group {
  /** Its name. */
  readonly name: GroupName;
  /** Its number on the wire. */
  readonly id: number;
  /** A new key pair for a client. */
  generate(): KeyPair;
  /** A server's answer to a client's share; a share that is invalid gives illegal_parameter. */
  respond(clientShare: Uint8Array): KeyAnswer;
}

function invalid(group: GroupName): never {
  refuse("illegalParameter", `the key share of ${group} is invalid`);
}

/** What comes before the 32 bytes of an X25519 key in SPKI and PKCS #8 (RFC 8410 section 10). */
const x25519Spki = Uint8Array.of(0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 3, 0x21, 0);
const x25519Pkcs8 = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20);

function x25519KeyPair(privateKey: KeyObject, publicKey: KeyObject): KeyPair {
  const share = new Uint8Array(publicKey.export({ format: "der", type: "spki" })).slice(x25519Spki.length);
  return {
    share,
    derive(peerShare) {
      if (peerShare.length !== 32) invalid("x25519");
      try {
        const key = Buffer.from(concat(x25519Spki, peerShare));
        const publicKey = createPublicKey({ key, format: "der", type: "spki" });
        const secret = new Uint8Array(diffieHellman({ privateKey, publicKey }));
        // RFC 8446 section 7.4.2: an all-zero secret means a share of low order.
        if (secret.every((byte) => byte === 0)) invalid("x25519");
        return secret;
      } catch {
        invalid("x25519");
      }
    },
  };
}

/** An X25519 key pair from its 32 bytes of private key: for test vectors. */
export function x25519FromPrivate(bytes: Uint8Array): KeyPair {
  const key = Buffer.from(concat(x25519Pkcs8, bytes));
  const privateKey = createPrivateKey({ key, format: "der", type: "pkcs8" });
  return x25519KeyPair(privateKey, createPublicKey(privateKey));
}

function x25519Generate(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync("x25519");
  return x25519KeyPair(privateKey, publicKey);
}

type Curve = "secp256r1" | "secp384r1";
/** Name in node:crypto and length of a coordinate. */
const curves = { secp256r1: ["prime256v1", 32], secp384r1: ["secp384r1", 48] } as const;

/** A key pair on a NIST curve; `bytes` is a private key of a test vector. */
export function nistKeyPair(curve: Curve, bytes?: Uint8Array): KeyPair {
  const [name, length] = curves[curve];
  const ecdh = createECDH(name);
  if (bytes === undefined) ecdh.generateKeys();
  else ecdh.setPrivateKey(Buffer.from(bytes));
  return {
    share: new Uint8Array(ecdh.getPublicKey()),
    derive(peerShare) {
      // Only the uncompressed form is allowed (RFC 8446 section 4.2.8.2); computeSecret checks that it is on the curve.
      if (peerShare.length !== 1 + 2 * length || peerShare[0] !== 4) invalid(curve);
      try {
        return new Uint8Array(ecdh.computeSecret(Buffer.from(peerShare)));
      } catch {
        invalid(curve);
      }
    },
  };
}

/** A group where both sides do the same. */
function diffieHellmanGroup(name: GroupName, id: number, generate: () => KeyPair): Group {
  return {
    name,
    id,
    generate,
    respond(clientShare) {
      const pair = generate();
      return { share: pair.share, secret: pair.derive(clientShare) };
    },
  };
}

const mlkemKeyLength = 1184;
const mlkemCiphertextLength = 1088;

function joinSecrets(mlkem: Uint8Array, x25519: Uint8Array): Uint8Array {
  const secret = concat(mlkem, x25519);
  wipe(mlkem, x25519);
  return secret;
}

/** ML-KEM-768 comes first, X25519 second, in shares and in the secret. */
const hybrid: Group = {
  name: "x25519mlkem768",
  id: 4588,
  generate() {
    const { publicKey, secretKey } = ml_kem768.keygen();
    const pair = x25519Generate();
    return {
      share: concat(publicKey, pair.share),
      derive(peerShare) {
        if (peerShare.length !== mlkemCiphertextLength + 32) invalid("x25519mlkem768");
        const x25519 = pair.derive(peerShare.subarray(mlkemCiphertextLength));
        const mlkem = ml_kem768.decapsulate(peerShare.slice(0, mlkemCiphertextLength), secretKey);
        wipe(secretKey);
        return joinSecrets(mlkem, x25519);
      },
    };
  },
  respond(clientShare) {
    if (clientShare.length !== mlkemKeyLength + 32) invalid("x25519mlkem768");
    const pair = x25519Generate();
    const x25519 = pair.derive(clientShare.subarray(mlkemKeyLength));
    try {
      const { cipherText, sharedSecret } = ml_kem768.encapsulate(clientShare.slice(0, mlkemKeyLength));
      return { share: concat(cipherText, pair.share), secret: joinSecrets(sharedSecret, x25519) };
    } catch {
      invalid("x25519mlkem768");
    }
  },
};

/** Every group, in the order that we like them: the cheapest first, the one against quantum computers next. */
export const groups: readonly Group[] = [
  diffieHellmanGroup("x25519", 29, x25519Generate),
  hybrid,
  diffieHellmanGroup("secp256r1", 23, () => nistKeyPair("secp256r1")),
  diffieHellmanGroup("secp384r1", 24, () => nistKeyPair("secp384r1")),
];

/** The group of that name. Throws a RangeError for a name that is none. */
export function group(name: GroupName): Group {
  const found = groups.find((candidate) => candidate.name === name);
  if (found === undefined) throw new RangeError(`no group ${name}`);
  return found;
}
