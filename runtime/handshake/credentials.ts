/** Certificates, ours and the peer's, and the keys of the kernel that hold them. @module */
import { Buffer } from "node:buffer";
import { createPrivateKey, type KeyObject } from "node:crypto";
import type { KeyedCertificate, Role, VerifyPeer } from "../tls/mod.ts";
import { isHostName, readPem, type ReferenceName, verifyCertificateChain } from "../tls/x509/mod.ts";
import { parseIp } from "../wire/mod.ts";
import { Errno, errnoOf, RequestError } from "./errno.ts";
import type { KeyStore, Serial } from "./keys.ts";
import type { RolePolicy } from "./types.ts";

/** What is reported for a certificate that could not be put into a keyring: not 0, which would mean "nobody". */
const noKey = 0xffff_ffff;
/** KEY_SPEC_USER_KEYRING, where the consumer finds the peer's certificates. */
const userKeyring = -4;

const pemBegin = new TextEncoder().encode("-----BEGIN");

function isPem(bytes: Uint8Array): boolean {
  return pemBegin.every((byte, i) => byte === bytes[i]);
}

function privateKeyOf(bytes: Uint8Array): KeyObject {
  const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (isPem(bytes)) return createPrivateKey({ key, format: "pem" });
  let failure: unknown;
  for (const type of ["pkcs8", "sec1", "pkcs1"] as const) {
    try {
      return createPrivateKey({ key, format: "der", type });
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

/** Certificates that the kernel's request names, DER or PEM; the private keys are wiped once they are parsed. */
export function kernelCertificates(
  serials: readonly { readonly cert: Serial; readonly privkey: Serial }[],
  keys: KeyStore,
): KeyedCertificate[] {
  return serials.map(({ cert, privkey }) => {
    try {
      const certificate = keys.read(cert);
      const chain = isPem(certificate)
        ? readPem(new TextDecoder().decode(certificate), "CERTIFICATE")
        : [certificate];
      const bytes = keys.read(privkey);
      try {
        return { chain, privateKey: privateKeyOf(bytes) };
      } finally {
        bytes.fill(0);
      }
    } catch (error) {
      // What a parser says about a private key is not for a log.
      const errno = errnoOf(error) === Errno.EIO ? Errno.EKEYREJECTED : errnoOf(error);
      throw new RequestError(
        errno,
        `the certificate in key ${cert}, or its key in ${privkey}, cannot be used`,
      );
    }
  });
}

/** The name that a server must prove: a host name, else an address. Throws a {@linkcode RequestError}: EINVAL. */
export function referenceName(name: string): ReferenceName {
  if (parseIp(name) !== undefined) return { ip: name };
  if (isHostName(name.replace(/\.$/, ""))) return { dns: name };
  throw new RequestError(
    Errno.EINVAL,
    "the peer's name in the request is neither a host name nor an address",
  );
}

/** Checks the peer's chain as the policy of our role says. */
export function verifier(policy: RolePolicy, peer: Role, date: () => Date, name?: ReferenceName): VerifyPeer {
  return (chain) =>
    void verifyCertificateChain({
      chain,
      anchors: policy.anchors ?? [],
      crls: policy.crls ?? [],
      requireCrls: policy.requireCrls ?? false,
      purpose: peer,
      time: date(),
      ...name === undefined ? {} : { name },
    });
}

/** Puts the peer's certificates into the user keyring: their serials. */
export function storePeerCertificates(chain: readonly Uint8Array[], name: string, keys: KeyStore): Serial[] {
  return chain.map((der, i) => {
    try {
      return keys.add(userKeyring, "asymmetric", `TLS x509 ${name}${i === 0 ? "" : ` ${i}`}`, der);
    } catch {
      // A kernel without this type of key, or a certificate that it cannot read: the peer is authentic all the same.
      return noKey;
    }
  });
}
