/**
 * Damages certificates and CRLs, and verifies with each in every place it can have. Damage is done to what is signed as
 * well, with a right signature over it: otherwise nothing behind the signature would ever be reached.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createPublicKey, X509Certificate } from "node:crypto";
import {
  CertificateError,
  commonName,
  fingerprint,
  formatName,
  parseCertificate,
  parseCrl,
  verifyCertificateChain,
} from "../../../runtime/tls/x509/mod.ts";
import { tlv } from "./der.ts";
import {
  inhibitAnyPolicy,
  nameConstraints,
  policies,
  policyConstraints,
  policyMappings,
  subjectAltName,
} from "./extensions.ts";
import { algorithmOf, type Key, keyOf, signWith } from "./keys.ts";
import { makeCrl, NOW } from "./maker.ts";
import { mutate, mutateElements, numbers } from "./mutate.ts";
import { usualChain } from "./scenario.ts";

/** What to do. */
export interface Job {
  readonly target: "certificate" | "crl";
  readonly seed: number;
  readonly runs: number;
}

/** What happened. */
export type Outcome =
  /** How often each reason was given, and how often there was a verdict of valid. */
  | { readonly reasons: Readonly<Record<string, number>>; readonly heapGrowth: number }
  /** Another exception, with the bytes that made it. */
  | { readonly fault: string };

const POLICY = "1.3.6.1.4.1.55555.10.1";
const made = usualChain({
  root: { key: keyOf("rsa2048:root") },
  intermediate: {
    with: [
      nameConstraints([
        "dns:example.com",
        "ip:c0000200ffffff00",
        "email:example.com",
        "uri:example.com",
        "dir:O=Example",
      ], [
        "dns:a.secret.example.com",
        "rid:1.2.3",
      ]),
      policies(POLICY, "2.5.29.32.0"),
      policyMappings([POLICY, `${POLICY}.1`]),
      policyConstraints({ explicit: 0, mapping: 1 }),
      inhibitAnyPolicy(2),
    ],
  },
  leaf: {
    subject: "O=Example,CN=leaf",
    with: [
      policies(`${POLICY}.1`),
      subjectAltName([
        "dns:nfs.example.com",
        "dns:*.example.com",
        "ip:c0000201",
        "email:root@example.com",
        "uri:https://example.com/",
        "dir:O=Example,CN=other",
      ]),
    ],
  },
});
const pssLeaf = usualChain({
  intermediate: { key: keyOf("pss2048:intermediate") },
  leaf: { key: keyOf("pss2048:leaf") },
});
const crl = makeCrl({
  issuer: made.intermediate.spec,
  revoked: [1, 2, 3].map((serial) => ({
    serial: Uint8Array.of(serial),
    extensions: [{ id: "2.5.29.21", value: Uint8Array.of(0x0a, 1, 1) }],
  })),
});

const options = { time: NOW, purpose: "server", name: { dns: "nfs.example.com" } } as const;

/** What is signed: the first element inside, whose lengths take two bytes, as made here. */
function signedPart(der: Uint8Array): Uint8Array {
  const length = (der[6]! << 8 | der[7]!) + 4;
  return der.subarray(4, 4 + length);
}

function sign(tbs: Uint8Array, { signature, privateKey }: Key): Uint8Array {
  const bits = tlv(0x03, Uint8Array.of(0), signWith(signature, tbs, privateKey));
  return tlv(0x30, tbs, algorithmOf(signature), bits);
}

/** Damages bytes or elements, of the whole or only of what is signed. */
function damage(der: Uint8Array, other: Uint8Array, key: Key, random: (limit: number) => number): Uint8Array {
  const change = random(4) === 0 ? mutate : mutateElements;
  return random(4) === 0 ? change(der, other, random) : sign(change(signedPart(der), other, random), key);
}

/** Nothing that its issuer did not sign is valid: strict DER leaves no other bytes for the same certificate. */
function verifyBelowRoot(chain: readonly Uint8Array[]): void {
  const { path } = verifyCertificateChain({ ...options, chain, anchors: [parseCertificate(made.root.der)] });
  for (const [i, { der }] of path.slice(0, -1).entries()) {
    const info = createPublicKey({
      key: Buffer.from(path[i + 1]!.publicKeyInfo),
      format: "der",
      type: "spki",
    });
    if (!new X509Certificate(der).verify(info)) throw new Error(`not signed, but valid: ${der.toHex()}`);
  }
}

function tryCertificate(random: (limit: number) => number): void {
  const { root, intermediate, leaf } = made;
  const place = random(4);
  if (place === 0) {
    verifyBelowRoot([damage(leaf.der, intermediate.der, intermediate.spec.key, random), intermediate.der]);
  } else if (place === 1) {
    verifyBelowRoot([leaf.der, damage(intermediate.der, leaf.der, root.spec.key, random)]);
  } else if (place === 2) {
    // As an anchor, whose signature nobody checks.
    const anchor = parseCertificate(damage(intermediate.der, leaf.der, root.spec.key, random));
    verifyCertificateChain({ ...options, chain: [leaf.der], anchors: [anchor] });
  } else {
    const der = damage(pssLeaf.leaf.der, leaf.der, pssLeaf.intermediate.spec.key, random);
    const anchor = parseCertificate(der);
    fingerprint(anchor);
    for (const text of [formatName(anchor.subject), commonName(anchor.issuer) ?? ""]) {
      if (/[\p{C}]/u.test(text)) throw new Error(`a control character in ${JSON.stringify(text)}`);
    }
    verifyCertificateChain({ ...options, chain: [der], anchors: [anchor] });
  }
}

function tryCrl(random: (limit: number) => number): void {
  const list = parseCrl(damage(crl, made.leaf.der, made.intermediate.spec.key, random));
  verifyCertificateChain({
    ...options,
    chain: [made.leaf.der, made.intermediate.der],
    anchors: [parseCertificate(made.root.der)],
    crls: [list],
  });
}

function run({ target, seed, runs }: Job): Outcome {
  const reasons: Record<string, number> = {};
  const before = Deno.memoryUsage().heapUsed;
  let heapGrowth = 0;
  for (let i = 0; i < runs; i++) {
    const random = numbers(Math.imul(seed + i, 0x9e3779b1));
    let reason = "valid";
    try {
      if (target === "crl") tryCrl(random);
      else tryCertificate(random);
    } catch (error) {
      if (!(error instanceof CertificateError)) {
        return { fault: `seed ${seed}, run ${i}: ${error instanceof Error ? error.stack : error}` };
      }
      // deno-lint-ignore no-control-regex -- they are what is looked for
      if (/[\x00-\x1f\x7f]/.test(error.message)) {
        return { fault: `seed ${seed}, run ${i}: a control character in ${JSON.stringify(error.message)}` };
      }
      reason = error.reason;
    }
    reasons[reason] = (reasons[reason] ?? 0) + 1;
    if (i % 100 === 0) heapGrowth = Math.max(heapGrowth, Deno.memoryUsage().heapUsed - before);
  }
  return { reasons, heapGrowth };
}

declare const self: {
  onmessage: (event: MessageEvent<Job>) => void;
  postMessage(outcome: Outcome): void;
};

self.onmessage = ({ data }) => self.postMessage(run(data));
