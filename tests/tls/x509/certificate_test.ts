import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import tls from "node:tls";
import {
  certificateAlerts,
  CertificateError,
  type CertificateReason,
  fingerprint,
  formatName,
  matchesName,
  parseCertificate,
  parseCrl,
  readPem,
  subjectAltNames,
  subjectPublicKey,
  verifyCertificateChain,
} from "../../../runtime/tls/x509/mod.ts";
import { hex, oid, sequence } from "./der.ts";
import { keyOf, pssKeyInfo, pssParameters } from "./keys.ts";
import { makeCrl, NOW } from "./maker.ts";
import { leaf, usual, usualChain } from "./scenario.ts";

const made = usualChain();
const anchors = [parseCertificate(made.root.der)];
const options = { anchors, time: NOW, purpose: "server" } as const;
const chain = [made.leaf.der, made.intermediate.der];

Deno.test("every root of Deno's store is read, with the fields that node:crypto reads", () => {
  assert(tls.rootCertificates.length > 100);
  for (const der of readPem(tls.rootCertificates.join("\n"), "CERTIFICATE")) {
    const certificate = parseCertificate(der);
    const theirs = new X509Certificate(Buffer.from(der));
    assert.equal(fingerprint(certificate), theirs.fingerprint256.replaceAll(":", "").toLowerCase());
    assert.equal(certificate.notAfter.getTime(), theirs.validToDate.getTime());
    assert.equal(BigInt(`0x${certificate.serial.toHex()}`), BigInt(`0x${theirs.serialNumber}`));
    assert.equal(certificate.subject.rdns.length, theirs.subject.split("\n").length);
  }
});

Deno.test("every root of Deno's store verifies as its own anchor, unless it says what is against it", () => {
  const reasons = new Set<string>();
  for (const der of readPem(tls.rootCertificates.join("\n"), "CERTIFICATE")) {
    const anchor = parseCertificate(der);
    const time = new Date(anchor.notBefore.getTime() + 1000);
    try {
      verifyCertificateChain({ anchors: [anchor], chain: [der], time, purpose: "server" });
    } catch (error) {
      assert(error instanceof CertificateError);
      reasons.add(error.reason);
    }
  }
  // Roots have a key usage without signatures of handshakes; nothing else may be against them.
  assert.deepEqual([...reasons], ["wrong-purpose"]);
});

Deno.test("the path is told from the leaf to the anchor", () => {
  const { path, leaf } = verifyCertificateChain({ ...options, chain });
  assert.deepEqual(path.map(({ subject }) => formatName(subject)), [
    "CN=leaf,O=Example",
    "CN=Intermediate,O=Example",
    "CN=Root,O=Example",
  ]);
  assert.equal(leaf, path[0]);
  assert.equal(path[2], anchors[0]);
});

Deno.test("what is read does not change with the buffer that it was read from", () => {
  const buffer = Uint8Array.from(made.leaf.der);
  const certificate = parseCertificate(buffer);
  buffer.fill(0);
  assert.equal(fingerprint(certificate), fingerprint(parseCertificate(made.leaf.der)));
  assert.deepEqual(subjectAltNames(certificate.extensions), [{ form: "dns", value: "nfs.example.com" }]);
});

Deno.test("an error says which certificate it is about, by index and subject", () => {
  const bad = leaf(made.intermediate, { subject: "CN=a\nb", to: new Date("2026-02-01T00:00:00Z") });
  assert.throws(
    () => verifyCertificateChain({ ...options, chain: [bad.der, made.intermediate.der] }),
    (error) => {
      assert(error instanceof CertificateError);
      assert.equal(error.index, 0);
      assert.equal(error.subject, "CN=a\\0ab");
      assert.equal(error.message, "certificate 0 (CN=a\\0ab): not valid after 2026-02-01T00:00:00.000Z");
      return true;
    },
  );
});

Deno.test("an error about a long subject does not repeat all of it", () => {
  const bad = leaf(made.intermediate, {
    subject: `CN=${"x".repeat(10_000)}`,
    to: new Date("2026-02-01T00:00:00Z"),
  });
  assert.throws(
    () => verifyCertificateChain({ ...options, chain: [bad.der, made.intermediate.der] }),
    (error) => error instanceof CertificateError && error.message.length < 1000,
  );
});

// RFC 8446 section 6.2; the numbers are those of the IANA registry "TLS Alerts".
for (
  const { reason, number, name } of [
    { reason: "malformed", number: 42, name: "bad_certificate" },
    { reason: "bad-signature", number: 42, name: "bad_certificate" },
    { reason: "weak-algorithm", number: 42, name: "bad_certificate" },
    { reason: "wrong-name", number: 42, name: "bad_certificate" },
    { reason: "unsupported-algorithm", number: 43, name: "unsupported_certificate" },
    { reason: "unknown-critical-extension", number: 43, name: "unsupported_certificate" },
    { reason: "wrong-purpose", number: 43, name: "unsupported_certificate" },
    { reason: "revoked", number: 44, name: "certificate_revoked" },
    { reason: "expired", number: 45, name: "certificate_expired" },
    { reason: "not-yet-valid", number: 45, name: "certificate_expired" },
    { reason: "bad-crl", number: 46, name: "certificate_unknown" },
    { reason: "limit-exceeded", number: 46, name: "certificate_unknown" },
    { reason: "unknown-issuer", number: 48, name: "unknown_ca" },
    { reason: "not-a-ca", number: 48, name: "unknown_ca" },
  ] satisfies { reason: CertificateReason; number: number; name: string }[]
) {
  Deno.test(`the alert for ${reason} is ${name}`, () => {
    const error = new CertificateError(reason, "x");
    assert.equal(error.alert, number);
    assert.equal(error.alertName, name);
  });
}

Deno.test("every reason has an alert between 42 and 49, which are those about certificates", () => {
  for (const reason of Object.keys(certificateAlerts) as CertificateReason[]) {
    const { alert } = new CertificateError(reason, "x");
    assert(alert >= 42 && alert <= 49, reason);
  }
});

Deno.test("an RSASSA-PSS key is told with its restrictions, and verifies as plain RSA key", () => {
  const certificate = parseCertificate(leaf(made.intermediate, { key: keyOf("pss2048:leaf") }).der);
  const { type, pss, key } = subjectPublicKey(certificate);
  assert.equal(type, "rsa-pss");
  assert.deepEqual(pss, { hash: "sha256", saltLength: 32 });
  assert.equal(key.asymmetricKeyType, "rsa");
});

Deno.test("an RSASSA-PSS key without parameters has no restrictions", () => {
  const info = sequence(sequence(oid("1.2.840.113549.1.1.10")), keyOf("rsa2048:leaf").info.subarray(4 + 15));
  const { type, pss } = subjectPublicKey(parseCertificate(leaf(made.intermediate, { info }).der));
  assert.equal(type, "rsa-pss");
  assert.equal(pss, undefined);
});

Deno.test("the salt of an RSASSA-PSS key is 20 bytes unless it says otherwise", () => {
  // Without the last field, which takes 5 bytes.
  const short = sequence(pssParameters("sha384", 0).subarray(2, -5));
  const info = pssKeyInfo(keyOf("rsa2048:leaf").info, short);
  const { pss } = subjectPublicKey(parseCertificate(leaf(made.intermediate, { info }).der));
  assert.deepEqual(pss, { hash: "sha384", saltLength: 20 });
});

Deno.test("an EC key is told with its curve", () => {
  const curves = (["p256:leaf", "p384:leaf", "p521:leaf"] as const).map((name) =>
    subjectPublicKey(parseCertificate(leaf(made.intermediate, { key: keyOf(name) }).der)).curve
  );
  assert.deepEqual(curves, ["P-256", "P-384", "P-521"]);
});

for (
  const name of [
    "",
    "nfs example.com",
    "*.example.com",
    "nfs..example.com",
    "192.0.2.1",
    "bücher.example",
    "a".repeat(64),
  ]
) {
  Deno.test(`asking for the DNS name ${JSON.stringify(name)} is a mistake of the caller`, () => {
    assert.throws(() => verifyCertificateChain({ ...options, chain, name: { dns: name } }), TypeError);
  });
}

for (const ip of ["nfs.example.com", "192.0.2.256", "192.0.2", new Uint8Array(5)]) {
  Deno.test(`asking for the address ${JSON.stringify(ip)} is a mistake of the caller`, () => {
    assert.throws(() => matchesName([], { ip }), TypeError);
  });
}

Deno.test("a mistake of the caller shows with a bad chain as well", () => {
  assert.throws(() => verifyCertificateChain({ ...options, chain: [], name: { dns: "*" } }), TypeError);
});

Deno.test("a time that is none is a mistake of the caller", () => {
  assert.throws(() => verifyCertificateChain({ ...options, chain, time: new Date(NaN) }), TypeError);
});

Deno.test("an address may be asked for by its bytes", () => {
  assert(matchesName([{ form: "ip", value: hex("c0000201") }], { ip: hex("c0000201") }));
  assert(!matchesName([{ form: "ip", value: hex("c0000201") }], { ip: hex("c0000202") }));
});

for (
  const { what, limits, reason } of [
    { what: "certificates", limits: { certificates: 1 }, reason: "limit-exceeded" },
    { what: "certificates in a path", limits: { pathLength: 2 }, reason: "limit-exceeded" },
    { what: "signatures", limits: { signatures: 1 }, reason: "limit-exceeded" },
  ]
) {
  Deno.test(`the limit of ${what} may be set`, () => {
    assert.throws(
      () => verifyCertificateChain({ ...options, chain, limits }),
      (error) => error instanceof CertificateError && error.reason === reason,
    );
  });
}

Deno.test("a CRL tells its times, issuer and what it revokes since when", () => {
  const crl = parseCrl(makeCrl({ issuer: made.root.spec, revoked: [{ serial: hex("00 ff") }] }));
  assert.equal(formatName(crl.issuer), "CN=Root,O=Example");
  assert.equal(crl.thisUpdate.toISOString(), "2026-06-01T00:00:00.000Z");
  assert.equal(crl.nextUpdate?.toISOString(), "2026-07-01T00:00:00.000Z");
  assert.deepEqual([...crl.revoked], [["00ff", new Date("2026-06-01T00:00:00Z")]]);
});

Deno.test("a CRL of more than 16 MiB is refused before it is read", () => {
  assert.throws(
    () => parseCrl(new Uint8Array(16 * 1024 * 1024 + 1)),
    (error) => error instanceof CertificateError && error.reason === "limit-exceeded",
  );
});

Deno.test("a CRL with a byte behind it is refused", () => {
  const der = makeCrl({ issuer: made.root.spec, damage: (bytes) => Uint8Array.from([...bytes, 0]) });
  assert.throws(
    () => parseCrl(der),
    (error) => error instanceof CertificateError && error.reason === "malformed",
  );
});

Deno.test("a CRL with 10,000 certificates is read, and finds the last one", () => {
  const revoked = Array.from({ length: 10_000 }, (_, i) => ({ serial: Uint8Array.of(1, i >> 8, i & 255) }));
  const { root, ...rest } = usualChain({ leaf: { serial: revoked.at(-1)!.serial } });
  const crls = [parseCrl(makeCrl({ issuer: rest.intermediate.spec, revoked }))];
  assert.throws(
    () =>
      verifyCertificateChain({
        ...options,
        chain: [rest.leaf.der, rest.intermediate.der],
        anchors: [parseCertificate(root.der)],
        crls,
      }),
    (error) => error instanceof CertificateError && error.reason === "revoked",
  );
});

Deno.test("a chain that was valid is valid again, with keys that are kept from the first time", () => {
  const row = usual();
  const own = row.anchors.map(parseCertificate);
  for (let i = 0; i < 2; i++) {
    assert.equal(verifyCertificateChain({ ...options, chain: row.chain, anchors: own }).path.length, 3);
  }
});
