/** Validity, purposes, versions, and what every certificate has to be. */
import { hex, oid, sequence, tlv } from "../der.ts";
import { extendedKeyUsage, Id, keyUsage, subjectAltName } from "../extensions.ts";
import { keyOf } from "../keys.ts";
import { nameOf } from "../maker.ts";
import { root, type Scenario, usual, usualChain } from "../scenario.ts";

const from = new Date("2026-06-15T12:00:00Z");
const second = 1000;

/** A value that no rule looks at. */
const something = tlv(0x05);

export const basics: readonly Scenario[] = [
  { name: "a leaf, an intermediate and a root", verdict: "valid", make: () => usual() },
  { name: "the same for a client", verdict: "valid", make: () => usual({ purpose: "client" }) },
  {
    name: "a chain that holds its root too",
    verdict: "valid",
    make: () => {
      const { root, intermediate, leaf } = usualChain();
      return { chain: [leaf.der, intermediate.der, root.der], anchors: [root.der] };
    },
  },
  {
    name: "a chain without its intermediate",
    verdict: "unknown-issuer",
    at: 0,
    make: () => {
      const { root, leaf } = usualChain();
      return { chain: [leaf.der], anchors: [root.der] };
    },
  },
  {
    name: "a chain whose root is no anchor",
    verdict: "unknown-issuer",
    make: () => {
      const { root: top, intermediate, leaf } = usualChain();
      const other = root("CN=Other root", "p256:other root");
      return { chain: [leaf.der, intermediate.der, top.der], anchors: [other.der] };
    },
  },
  {
    name: "a chain with no anchor at all",
    verdict: "unknown-issuer",
    uncompared: "openssl reads no file without a certificate",
    make: () => ({ ...usual(), anchors: [] }),
  },
  {
    name: "no certificate",
    verdict: "no-certificate",
    uncompared: "openssl verify needs a certificate",
    make: () => ({ ...usual(), chain: [] }),
  },
  {
    name: "the first moment of the leaf",
    verdict: "valid",
    make: () => usual({ leaf: { from }, time: from }),
  },
  {
    name: "a second before the first moment of the leaf",
    verdict: "not-yet-valid",
    at: 0,
    make: () => usual({ leaf: { from }, time: new Date(from.getTime() - second) }),
  },
  {
    name: "the last moment of the leaf",
    verdict: "valid",
    differs: "RFC 5280 section 4.1.2.5 includes the last second; OpenSSL takes it as past",
    make: () => usual({ leaf: { to: from }, time: from }),
  },
  {
    name: "a second after the last moment of the leaf",
    verdict: "expired",
    at: 0,
    make: () => usual({ leaf: { to: from }, time: new Date(from.getTime() + second) }),
  },
  {
    name: "an expired intermediate",
    verdict: "expired",
    at: 1,
    make: () => usual({ intermediate: { to: new Date("2026-02-01T00:00:00Z") } }),
  },
  {
    name: "an intermediate of the future",
    verdict: "not-yet-valid",
    at: 1,
    make: () => usual({ intermediate: { from: new Date("2026-12-01T00:00:00Z") } }),
  },
  {
    name: "an expired anchor",
    verdict: "expired",
    at: -1,
    make: () => usual({ root: { to: new Date("2026-02-01T00:00:00Z") } }),
  },
  {
    name: "a leaf that ends before it begins",
    verdict: "expired",
    make: () =>
      usual({ leaf: { from: new Date("2026-05-01T00:00:00Z"), to: new Date("2026-04-01T00:00:00Z") } }),
  },
  {
    name: "a root that is valid beyond 2050, in GeneralizedTime",
    verdict: "valid",
    make: () => usual({ root: { to: new Date("9999-12-31T23:59:59Z") } }),
  },
  {
    name: "a root from 1950, in UTCTime",
    verdict: "valid",
    make: () => usual({ root: { from: new Date("1950-01-01T00:00:00Z") } }),
  },
  {
    name: "a client's purpose where a server is asked for",
    verdict: "wrong-purpose",
    at: 0,
    make: () => usual({ leaf: { with: [extendedKeyUsage("client")] } }),
  },
  {
    name: "a server's purpose where a client is asked for",
    verdict: "wrong-purpose",
    at: 0,
    make: () => usual({ leaf: { with: [extendedKeyUsage("server")] }, purpose: "client" }),
  },
  {
    name: "a leaf for signing code",
    verdict: "wrong-purpose",
    at: 0,
    make: () => usual({ leaf: { with: [extendedKeyUsage("code")] } }),
  },
  {
    name: "a leaf for any purpose",
    verdict: "valid",
    differs:
      "RFC 5280 section 4.2.1.12 lets anyExtendedKeyUsage stand for each; OpenSSL wants serverAuth itself",
    make: () => usual({ leaf: { with: [extendedKeyUsage("any")] } }),
  },
  {
    name: "a leaf without an extended key usage",
    verdict: "valid",
    make: () => usual({ leaf: { without: [Id.eku] } }),
  },
  {
    name: "a leaf without a key usage",
    verdict: "valid",
    make: () => usual({ leaf: { without: [Id.ku] } }),
  },
  {
    name: "a leaf for key agreement only, which TLS 1.3 has no use for",
    verdict: "wrong-purpose",
    at: 0,
    differs:
      "OpenSSL's sslserver purpose covers TLS 1.2 with static keys; RFC 8446 section 4.4.2.2 needs a signature",
    make: () => usual({ leaf: { with: [keyUsage("keyAgreement")] } }),
  },
  {
    name: "a client's leaf for key encipherment only",
    verdict: "wrong-purpose",
    at: 0,
    make: () => usual({ leaf: { with: [keyUsage("keyEncipherment")] }, purpose: "client" }),
  },
  {
    name: "a leaf with a key usage of no bit",
    verdict: "wrong-purpose",
    at: 0,
    make: () => usual({ leaf: { with: [{ id: Id.ku, critical: true, value: hex("03 01 00") }] } }),
  },
  {
    name: "a leaf of version 1",
    verdict: "unsupported-version",
    at: 0,
    differs: "RFC 8446 section 4.4.2.2 says MUST be X.509v3; OpenSSL takes version 1 as a leaf",
    make: () => usual({ leaf: { version: 0, extensions: [] } }),
  },
  {
    name: "an intermediate of version 1",
    verdict: "unsupported-version",
    at: 1,
    make: () => usual({ intermediate: { version: 0, extensions: [] } }),
  },
  {
    name: "a root of version 1",
    verdict: "unsupported-version",
    at: -1,
    make: () => usual({ root: { version: 0, extensions: [] } }),
  },
  {
    name: "a leaf of version 2 with extensions",
    verdict: "malformed",
    at: 0,
    make: () => usual({ leaf: { version: 1 } }),
  },
  {
    name: "a leaf of version 4",
    verdict: "malformed",
    at: 0,
    differs: "OpenSSL takes every version from 3 on; RFC 5280 section 4.1 knows three",
    make: () => usual({ leaf: { version: 3 } }),
  },
  {
    name: "a leaf with an unknown critical extension",
    verdict: "unknown-critical-extension",
    at: 0,
    make: () => usual({ leaf: { with: [{ id: "1.3.6.1.4.1.55555.1", critical: true, value: something }] } }),
  },
  {
    name: "a leaf with an unknown extension that is not critical",
    verdict: "valid",
    make: () => usual({ leaf: { with: [{ id: "1.3.6.1.4.1.55555.1", value: something }] } }),
  },
  {
    name: "an intermediate with an unknown critical extension",
    verdict: "unknown-critical-extension",
    at: 1,
    make: () =>
      usual({ intermediate: { with: [{ id: "1.3.6.1.4.1.55555.1", critical: true, value: something }] } }),
  },
  {
    name: "a root with an unknown critical extension",
    verdict: "unknown-critical-extension",
    at: -1,
    make: () => usual({ root: { with: [{ id: "1.3.6.1.4.1.55555.1", critical: true, value: something }] } }),
  },
  {
    name: "a leaf with a critical CRL distribution point",
    verdict: "unknown-critical-extension",
    at: 0,
    differs: "OpenSSL knows the extension; here nothing fetches a CRL from it, so that it is not processed",
    make: () =>
      usual({
        leaf: {
          with: [{
            id: "2.5.29.31",
            critical: true,
            value: sequence(
              sequence(tlv(0xa0, tlv(0xa0, tlv(0x86, new TextEncoder().encode("http://x.example/c"))))),
            ),
          }],
        },
      }),
  },
  {
    name: "a leaf without a subject, but with a critical alternative name",
    verdict: "valid",
    make: () => usual({ leaf: { subject: "", with: [subjectAltName(["dns:nfs.example.com"], true)] } }),
  },
  {
    name: "a leaf without a subject, whose alternative name is not critical",
    verdict: "malformed",
    at: 0,
    make: () => usual({ leaf: { subject: "" } }),
  },
  {
    name: "a leaf with neither subject nor alternative name",
    verdict: "malformed",
    at: 0,
    make: () => usual({ leaf: { subject: "", without: [Id.san] } }),
  },
  {
    name: "a leaf of a CA without a name",
    verdict: "malformed",
    make: () => {
      const top = usualChain({ root: { subject: "" }, intermediate: {} });
      return { chain: [top.leaf.der, top.intermediate.der], anchors: [top.root.der] };
    },
  },
  {
    name: "a serial number of 20 bytes",
    verdict: "valid",
    make: () => usual({ leaf: { serial: hex("7f".repeat(20)) } }),
  },
  {
    name: "a serial number of 21 bytes",
    verdict: "malformed",
    at: 0,
    differs: "RFC 5280 section 4.1.2.2: not longer than 20 bytes; OpenSSL has no limit",
    make: () => usual({ leaf: { serial: hex("7f".repeat(21)) } }),
  },
  {
    name: "a negative serial number",
    verdict: "malformed",
    at: 0,
    differs: "RFC 5280 section 4.1.2.2: a positive integer; OpenSSL takes it",
    make: () => usual({ leaf: { serial: hex("81") } }),
  },
  {
    name: "a root with the serial number zero, as old ones have",
    verdict: "valid",
    make: () => usual({ root: { serial: hex("00") } }),
  },
  {
    name: "names that differ in case, blanks and type of string",
    verdict: "valid",
    make: () =>
      usual({
        leaf: {
          issuer: {
            subject: nameOf("O=EXAMPLE,CN= intermediate  ", "printableString"),
            key: keyOf("p256:intermediate"),
          },
        },
      }),
  },
  {
    name: "a leaf whose key identifier of the issuer is wrong",
    verdict: "valid",
    differs: "the identifier is a hint here, as in RFC 5280 section 6; OpenSSL drops the issuer",
    make: () => usual({ leaf: { with: [{ id: Id.aki, value: sequence(hex("80 04 01 02 03 04")) }] } }),
  },
  {
    name: "certificates without key identifiers",
    verdict: "valid",
    differs: "conforming CAs write them (RFC 5280 section 4.2.1.1), but validation does not need them",
    make: () =>
      usual({
        root: { without: [Id.ski] },
        intermediate: { without: [Id.ski, Id.aki] },
        leaf: { without: [Id.ski, Id.aki] },
      }),
  },
  {
    name: "a leaf whose alternative name is empty",
    verdict: "malformed",
    at: 0,
    make: () => usual({ leaf: { with: [subjectAltName([])] } }),
  },
  {
    name: "a policy of an organisation of its own, below 2.25",
    verdict: "valid",
    make: () =>
      usual({ leaf: { with: [{ id: "2.5.29.32", value: sequence(sequence(oid("2.25.4294967"))) }] } }),
  },
];
