/** CRLs (RFC 5280 section 5 and 6.3). */
import { hex, sequence, tlv } from "../der.ts";
import { keyUsage } from "../extensions.ts";
import { keyOf } from "../keys.ts";
import { type CrlSpec, type ExtensionSpec, makeCrl } from "../maker.ts";
import {
  type Case,
  type ChainChanges,
  type Made,
  type Scenario,
  type UsualChain,
  usualChain,
} from "../scenario.ts";

interface Row extends Pick<ChainChanges, "root" | "intermediate" | "leaf" | "requireCrls"> {
  readonly verdict?: Scenario["verdict"];
  readonly at?: number;
  readonly differs?: string;
  readonly olderOpenssl?: string;
  readonly uncompared?: string;
  /** The CRL of the root; `null` for none. */
  readonly byRoot?: Partial<CrlSpec> | null;
  /** The CRLs of the intermediate. */
  readonly byIntermediate?: readonly Partial<CrlSpec>[];
  /** What is revoked by its issuer. */
  readonly revoked?: "leaf" | "intermediate";
  readonly extensions?: readonly ExtensionSpec[];
}

function serialOf(made: Made): Uint8Array {
  return made.spec.serial!;
}

function crlsOf(
  made: UsualChain,
  { byRoot = {}, byIntermediate = [{}], revoked, extensions = [] }: Row,
): Uint8Array[] {
  const list = (what: Row["revoked"]) =>
    revoked === what ? { revoked: [{ serial: serialOf(made[what!]), extensions }] } : {};
  return [
    ...byRoot === null ? [] : [makeCrl({ issuer: made.root.spec, ...list("intermediate"), ...byRoot })],
    ...byIntermediate.map((crl) => makeCrl({ issuer: made.intermediate.spec, ...list("leaf"), ...crl })),
  ];
}

function row(name: string, changes: Row): Scenario {
  const { verdict = "valid", at, differs, olderOpenssl, uncompared, requireCrls, root, intermediate, leaf } =
    changes;
  return {
    name,
    verdict,
    ...at === undefined ? {} : { at },
    ...differs === undefined ? {} : { differs },
    ...olderOpenssl === undefined ? {} : { olderOpenssl },
    ...uncompared === undefined ? {} : { uncompared },
    make: (): Case => {
      const made = usualChain({
        ...root && { root },
        intermediate: { serial: hex("21"), ...intermediate },
        leaf: { serial: hex("22"), ...leaf },
      });
      return {
        chain: [made.leaf.der, made.intermediate.der],
        anchors: [made.root.der],
        crls: crlsOf(made, changes),
        ...requireCrls === undefined ? {} : { requireCrls },
      };
    },
  };
}

const past = { from: new Date("2026-01-01T00:00:00Z"), to: new Date("2026-02-01T00:00:00Z") };
const bad = "bad-crl" as const;
const parsed = "a list that cannot be used is refused when it is read, before there is a chain";

export const revocation: readonly Scenario[] = [
  row("CRLs of both issuers with nothing revoked", {}),
  row("a revoked leaf", { revoked: "leaf", verdict: "revoked", at: 0 }),
  row("a revoked intermediate", { revoked: "intermediate", verdict: "revoked", at: 1 }),
  row("a leaf that is revoked with a reason and a date", {
    revoked: "leaf",
    extensions: [
      { id: "2.5.29.21", value: hex("0a 01 01") },
      { id: "2.5.29.24", value: tlv(0x18, new TextEncoder().encode("20260101000000Z")) },
    ],
    verdict: "revoked",
    at: 0,
  }),
  row("a leaf on hold", {
    revoked: "leaf",
    extensions: [{ id: "2.5.29.21", value: hex("0a 01 06") }],
    verdict: "revoked",
    at: 0,
  }),
  row("a serial number revoked by another issuer", {
    byRoot: { revoked: [{ serial: hex("22") }] },
  }),
  row("other serial numbers revoked", {
    byIntermediate: [{ revoked: [{ serial: hex("23") }, { serial: hex("00 22") }].slice(0, 1) }],
  }),
  row("a list that is empty instead of absent", { byIntermediate: [{ revoked: [] }] }),
  row("a CRL of the intermediate alone", {
    byRoot: null,
    differs: "an issuer without a CRL is not checked here; -crl_check_all wants one of each",
  }),
  row("a CRL of the root alone, and a revoked intermediate", {
    byIntermediate: [],
    revoked: "intermediate",
    verdict: "revoked",
    at: 1,
  }),
  row("no CRL", {
    byRoot: null,
    byIntermediate: [],
    uncompared: "without a CRL, OpenSSL is not asked to look for one",
  }),
  row("no CRL where one is required", {
    byRoot: null,
    byIntermediate: [],
    requireCrls: true,
    verdict: "no-crl",
  }),
  row("a CRL of the intermediate alone where all are required", {
    byRoot: null,
    requireCrls: true,
    verdict: "no-crl",
    at: 1,
  }),
  row("a CRL of the root alone where all are required", {
    byIntermediate: [],
    requireCrls: true,
    verdict: "no-crl",
    at: 0,
  }),
  row("CRLs of both issuers where all are required", {
    requireCrls: true,
  }),
  row("a CRL that is out of date", { byIntermediate: [past], verdict: bad, at: 0 }),
  row("a CRL of the future", {
    byIntermediate: [{ from: new Date("2026-07-01T00:00:00Z"), to: new Date("2026-08-01T00:00:00Z") }],
    verdict: bad,
    at: 0,
  }),
  row("a CRL without a next update", {
    byIntermediate: [{ to: null }],
    verdict: bad,
    at: 0,
    differs:
      "RFC 5280 section 5.1.2.5: nextUpdate MUST be there; without it OpenSSL takes a list as current for ever",
  }),
  row("a CRL that is out of date, beside a new one", { byIntermediate: [past, {}] }),
  row("a leaf that only the older of two current CRLs has", {
    byIntermediate: [{}, { from: new Date("2026-05-01T00:00:00Z"), revoked: [{ serial: hex("22") }] }],
    verdict: "revoked",
    at: 0,
    differs: "what a current list revokes stays revoked here; OpenSSL looks at the newest list only",
  }),
  row("a CRL with a changed signature", {
    byIntermediate: [{
      editSignature: (signature) => signature.with(-1, signature.at(-1)! ^ 1) as Uint8Array,
    }],
    verdict: bad,
    at: 0,
  }),
  row("a CRL under the name of the intermediate, signed by another key", {
    byIntermediate: [{ issuer: { subject: "O=Example,CN=Intermediate", key: keyOf("p256:forger") } }],
    verdict: bad,
    at: 0,
  }),
  row("a CRL under the name of the intermediate in other capitals", {
    byIntermediate: [{ issuer: { subject: "O=EXAMPLE,CN=INTERMEDIATE", key: keyOf("p256:intermediate") } }],
    revoked: "leaf",
    verdict: "revoked",
    at: 0,
  }),
  row("an intermediate whose key usage does not allow it to sign CRLs", {
    intermediate: { with: [keyUsage("keyCertSign")] },
    verdict: bad,
    at: 0,
  }),
  row("a CRL signed with SHA-1", {
    byIntermediate: [{ signature: "ecdsa-sha1" }],
    verdict: bad,
    at: 0,
    differs: "-auth_level of OpenSSL is for certificates; a CRL is only as good as its hash, too",
  }),
  row("a CRL of version 1", { byIntermediate: [{ version: null, extensions: [] }] }),
  row("a CRL of a CA with an RSA key, signed with RSASSA-PSS", {
    intermediate: { key: keyOf("rsa2048:intermediate") },
    byIntermediate: [{ signature: "pss-sha256" }],
    revoked: "leaf",
    verdict: "revoked",
    at: 0,
  }),
  row("a CRL of version 1 with extensions", {
    byIntermediate: [{ version: null }],
    verdict: "malformed",
    uncompared: parsed,
  }),
  row("a CRL of version 3", { byIntermediate: [{ version: 2 }], verdict: "malformed", uncompared: parsed }),
  row("a CRL with an unknown critical extension", {
    byIntermediate: [{ extensions: [{ id: "1.3.6.1.4.1.55555.1", critical: true, value: hex("05 00") }] }],
    verdict: "unknown-critical-extension",
  }),
  row("a CRL of changes only", {
    byIntermediate: [{ extensions: [{ id: "2.5.29.27", critical: true, value: hex("02 01 01") }] }],
    verdict: "unknown-critical-extension",
    olderOpenssl:
      "a list of changes says nothing of what was revoked before; OpenSSL 3.0 takes it as a whole one",
  }),
  row("a CRL of certificates of CAs only", {
    byIntermediate: [{ extensions: [{ id: "2.5.29.28", critical: true, value: sequence(hex("82 01 ff")) }] }],
    verdict: "unknown-critical-extension",
  }),
  row("a CRL with an entry of another issuer", {
    revoked: "leaf",
    extensions: [{ id: "2.5.29.29", critical: true, value: sequence() }],
    verdict: "unknown-critical-extension",
    differs: "indirect CRLs are not implemented here; OpenSSL reads the entry as one of another issuer",
  }),
];
