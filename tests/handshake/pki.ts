/** Certificates for both ends, as files and as keys of a kernel hold them. */
import type { KeyObject } from "node:crypto";
import type { AgentClock, RolePolicy, TlsPolicy } from "../../runtime/handshake/mod.ts";
import type { ClientOptions, KeyedCertificate, ServerOptions, VerifyPeer } from "../../runtime/tls/mod.ts";
import { type Crl, parseCertificate, parseCrl, verifyCertificateChain } from "../../runtime/tls/x509/mod.ts";
import { makeCrl, NOW } from "../tls/x509/maker.ts";
import { intermediate, leaf, type Made, root, usualChain } from "../tls/x509/scenario.ts";
import { subjectAltName } from "../tls/x509/extensions.ts";

/** The name in the leaf's certificate. */
export const serverName = "nfs.example.com";

const usual = usualChain();
/** For who must check an address. */
const addressed = leaf(usual.intermediate, { with: [subjectAltName(["ip:7f000001"])] });
const strangers = intermediate(
  root("O=Example,CN=Stranger", "p256:root"),
  "O=Example,CN=Strange",
  "p256:intermediate",
);

function keyed(made: Made, issuer: Made): KeyedCertificate {
  return { chain: [made.der, issuer.der], privateKey: made.spec.key.privateKey };
}

/** Certificates with their keys. */
export const certificates: { readonly [name in "named" | "addressed" | "strange"]: KeyedCertificate } = {
  /** For {@linkcode serverName}. */
  named: keyed(usual.leaf, usual.intermediate),
  /** For 127.0.0.1. */
  addressed: keyed(addressed, usual.intermediate),
  /** Of an authority that nobody trusts. */
  strange: keyed(leaf(strangers), strangers),
};

const anchors = [parseCertificate(usual.root.der)];
/** A role that trusts the authority and has no certificate. */
export const trusting: RolePolicy = { anchors };
/** A role that has one as well. */
export const equipped: RolePolicy = { anchors, certificates: [certificates.named] };
/** Both. */
export const bothEquipped: TlsPolicy = { client: equipped, server: equipped };
/** A list with the leaf on it. */
export const revocation: Crl = parseCrl(
  makeCrl({
    issuer: usual.intermediate.spec,
    revoked: [{ serial: parseCertificate(usual.leaf.der).serial }],
  }),
);

/** The agent's clock, at the time of the certificates. */
export const clock: AgentClock = { now: () => performance.now(), date: () => NOW };
/** The same, years later. */
export const lateClock: AgentClock = {
  ...clock,
  date: () => new Date(NOW.getTime() + 50 * 365 * 86_400_000),
};

/** The other end's trust. */
const verifyPeer: VerifyPeer = (chain, { peerRole }) =>
  void verifyCertificateChain({ chain, anchors, purpose: peerRole, time: NOW });

/** Another end that is a server with a certificate. */
export function serverPeer(
  certificate: KeyedCertificate,
  client: ServerOptions["clientCertificate"] = "none",
): ServerOptions {
  return { certificates: [certificate], clientCertificate: client, verifyPeer };
}

/** Another end that is a client, with a certificate or without. */
export function clientPeer(certificate?: KeyedCertificate): ClientOptions {
  return { verifyPeer, ...certificate === undefined ? {} : { certificates: [certificate] } };
}

/** A private key as a key of a kernel may hold it. */
export function keyBytes(key: KeyObject, form: "pkcs8" | "sec1" | "pem"): Uint8Array {
  if (form === "pem") return new TextEncoder().encode(key.export({ type: "pkcs8", format: "pem" }) as string);
  return Uint8Array.from(key.export({ type: form, format: "der" }) as Uint8Array);
}

/** A chain in PEM. */
export function pemBytes(chain: readonly Uint8Array[]): Uint8Array {
  const blocks = chain.map((der) =>
    `-----BEGIN CERTIFICATE-----\n${der.toBase64()}\n-----END CERTIFICATE-----\n`
  );
  return new TextEncoder().encode(blocks.join(""));
}
