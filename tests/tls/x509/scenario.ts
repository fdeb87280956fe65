/** What a row of the tables is: a chain, what it is verified for, and the verdict. */
import type {
  CertificateReason,
  Purpose,
  ReferenceName,
  VerificationLimits,
} from "../../../runtime/tls/x509/mod.ts";
import {
  authorityKeyIdentifier,
  basicConstraints,
  extendedKeyUsage,
  keyUsage,
  replace,
  subjectAltName,
  subjectKeyIdentifier,
} from "./extensions.ts";
import { type KeyName, keyOf } from "./keys.ts";
import { type CertificateSpec, type ExtensionSpec, makeCertificate } from "./maker.ts";

/** What is verified. */
export interface Case {
  readonly chain: readonly Uint8Array[];
  readonly anchors: readonly Uint8Array[];
  readonly crls?: readonly Uint8Array[];
  readonly requireCrls?: boolean;
  readonly purpose?: Purpose;
  readonly time?: Date;
  readonly name?: ReferenceName;
  readonly limits?: VerificationLimits;
}

/** A row. */
export interface Scenario {
  /** A sentence that says what is special. */
  readonly name: string;
  /** What RFC 5280, RFC 9525 or RFC 8446 say, or our own decision where `differs` says so. */
  readonly verdict: "valid" | CertificateReason;
  /** Index of the certificate that the error is about; -1 for an anchor. */
  readonly at?: number;
  /** Why OpenSSL says the opposite. */
  readonly differs?: string;
  /** Why OpenSSL cannot be asked. */
  readonly uncompared?: string;
  /** What OpenSSL before 3.5 does otherwise; later ones agree. */
  readonly olderOpenssl?: string;
  readonly make: () => Case;
}

/** What differs from a usual certificate. */
export type Changes = Partial<Omit<CertificateSpec, "extensions">> & {
  /** Extensions in the place of the usual ones. */
  readonly with?: readonly ExtensionSpec[];
  /** Identifiers of extensions that are left out. */
  readonly without?: readonly string[];
  /** All extensions. */
  readonly extensions?: readonly ExtensionSpec[];
};

/** A CA or leaf of a test: what was made, and what made it. */
export interface Made {
  readonly spec: CertificateSpec;
  readonly der: Uint8Array;
}

function make(spec: CertificateSpec): Made {
  return { spec, der: makeCertificate(spec) };
}

function changed(
  usual: Omit<CertificateSpec, "extensions">,
  extensions: (spec: Omit<CertificateSpec, "extensions">) => ExtensionSpec[],
  { with: others, without, ...rest }: Changes,
): Made {
  const spec = { ...usual, ...rest };
  return make({ ...spec, extensions: rest.extensions ?? replace(extensions(spec), others, without) });
}

/** A CA that signs itself. */
export function root(subject: string, key: KeyName, changes: Changes = {}): Made {
  const own = { subject: changes.subject ?? subject, key: changes.key ?? keyOf(key) };
  return changed({ ...own, issuer: own }, (spec) => [
    basicConstraints(true),
    keyUsage("keyCertSign", "cRLSign"),
    subjectKeyIdentifier(spec.key),
  ], changes);
}

/** A CA below another one. */
export function intermediate(issuer: Made, subject: string, key: KeyName, changes: Changes = {}): Made {
  return changed({ subject, key: keyOf(key), issuer: issuer.spec }, (spec) => [
    basicConstraints(true),
    keyUsage("keyCertSign", "cRLSign"),
    subjectKeyIdentifier(spec.key),
    authorityKeyIdentifier(spec.issuer.key),
  ], changes);
}

/** A leaf for `nfs.example.com`, good for both roles. */
export function leaf(issuer: Made, changes: Changes = {}): Made {
  return changed({ subject: "O=Example,CN=leaf", key: keyOf("p256:leaf"), issuer: issuer.spec }, (spec) => [
    basicConstraints(false),
    keyUsage("digitalSignature"),
    extendedKeyUsage("server", "client"),
    subjectKeyIdentifier(spec.key),
    authorityKeyIdentifier(spec.issuer.key),
    subjectAltName(["dns:nfs.example.com"]),
  ], changes);
}

/** Changes of the usual chain. */
export interface ChainChanges extends Omit<Case, "chain" | "anchors"> {
  readonly root?: Changes;
  readonly intermediate?: Changes;
  readonly leaf?: Changes;
}

/** Root, intermediate and leaf. */
export interface UsualChain {
  readonly root: Made;
  readonly intermediate: Made;
  readonly leaf: Made;
}

/** Makes the usual chain: a root that is the anchor, one intermediate, and a leaf. */
export function usualChain(changes: Pick<ChainChanges, "root" | "intermediate" | "leaf"> = {}): UsualChain {
  const top = root("O=Example,CN=Root", "p256:root", changes.root);
  const middle = intermediate(top, "O=Example,CN=Intermediate", "p256:intermediate", changes.intermediate);
  return { root: top, intermediate: middle, leaf: leaf(middle, changes.leaf) };
}

/** The usual chain as a case. */
export function usual({ root, intermediate, leaf, ...rest }: ChainChanges = {}): Case {
  const made = usualChain({ ...root && { root }, ...intermediate && { intermediate }, ...leaf && { leaf } });
  return { chain: [made.leaf.der, made.intermediate.der], anchors: [made.root.der], ...rest };
}
