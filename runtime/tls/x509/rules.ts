/** The rules that a path has to keep from its anchor down to the leaf (RFC 5280 section 6.1, RFC 8446 section 4.4.2.2). @module */
import { type Certificate, isSelfIssued } from "./certificate.ts";
import { checkRevocation, type RevocationOptions } from "./crl.ts";
import { CertificateError } from "./errors.ts";
import {
  authorityKeyIdentifier,
  basicConstraints,
  extendedKeyUsage,
  ExtensionId,
  type Extensions,
  keyUsage,
  refuseUnknownCritical,
  subjectAltNames,
  subjectKeyIdentifier,
} from "./extensions.ts";
import type { GeneralName } from "./general_names.ts";
import { matchesName, type ReferenceName } from "./hostname.ts";
import type { Budget } from "./limits.ts";
import { checkNameConstraints, type NameConstraints, nameConstraints } from "./name_constraints.ts";
import { PolicyState } from "./policies.ts";
import { subjectPublicKey } from "./public_key.ts";

/** In which role the owner of the leaf takes part in TLS. */
export type Purpose = "server" | "client";

/** What a path is checked for. */
export interface PathRequirements {
  /** Role of the peer. */
  readonly purpose: Purpose;
  /** Moment at which all has to be valid. */
  readonly time: Date;
  /** Who the peer has to be, if it matters. */
  readonly name?: ReferenceName | undefined;
  /** What revocation is checked with. */
  readonly revocation: RevocationOptions;
}

const knownInCertificate: ReadonlySet<string> = new Set([
  ExtensionId.authorityKeyIdentifier,
  ExtensionId.basicConstraints,
  ExtensionId.certificatePolicies,
  ExtensionId.extendedKeyUsage,
  ExtensionId.inhibitAnyPolicy,
  ExtensionId.keyUsage,
  ExtensionId.nameConstraints,
  ExtensionId.policyConstraints,
  ExtensionId.policyMappings,
  ExtensionId.subjectAltName,
  ExtensionId.subjectKeyIdentifier,
]);

const purposeIds: Readonly<Record<Purpose, string>> = {
  server: "1.3.6.1.5.5.7.3.1",
  client: "1.3.6.1.5.5.7.3.2",
};
const ANY_PURPOSE = "2.5.29.37.0";
const EMAIL_ADDRESS = "1.2.840.113549.1.9.1";

const decoders: readonly ((extensions: Extensions) => unknown)[] = [
  authorityKeyIdentifier,
  basicConstraints,
  keyUsage,
  nameConstraints,
  subjectAltNames,
  subjectKeyIdentifier,
];

/** Checks what every certificate of a path has to have, the anchor included. */
function checkCertificate(certificate: Certificate, { purpose, time }: PathRequirements): void {
  const { version, extensions, notBefore, notAfter } = certificate;
  if (version !== 3) {
    throw new CertificateError(
      "unsupported-version",
      `version ${version}, but only version 3 says what it is for`,
    );
  }
  refuseUnknownCritical(extensions, knownInCertificate);
  if (time < notBefore) {
    throw new CertificateError("not-yet-valid", `not valid before ${notBefore.toISOString()}`);
  }
  // The last second belongs to the validity as a whole.
  if (time.getTime() >= notAfter.getTime() + 1000) {
    throw new CertificateError("expired", `not valid after ${notAfter.toISOString()}`);
  }
  subjectPublicKey(certificate);
  // What no rule happens to look at in this place of the path has to be well-formed, too.
  for (const decode of decoders) decode(extensions);
  const purposes = extendedKeyUsage(extensions);
  if (purposes !== undefined && !purposes.includes(purposeIds[purpose]) && !purposes.includes(ANY_PURPOSE)) {
    throw new CertificateError("wrong-purpose", `its extended key usage is not that of a TLS ${purpose}`);
  }
}

/** Checks a certificate that signed another one. */
function checkIssuer({ extensions }: Certificate): void {
  if (basicConstraints(extensions)?.ca !== true) {
    throw new CertificateError("not-a-ca", "signed a certificate, but is no CA");
  }
  if (keyUsage(extensions)?.has("keyCertSign") === false) {
    throw new CertificateError("not-a-ca", "signed a certificate, but its key usage does not allow it");
  }
}

/** Checks the certificate of the peer. */
function checkLeaf(leaf: Certificate, { purpose, name }: PathRequirements): void {
  const { extensions } = leaf;
  if (keyUsage(extensions)?.has("digitalSignature") === false) {
    throw new CertificateError("wrong-purpose", "its key usage does not allow the signature of a handshake");
  }
  const names = subjectAltNames(extensions);
  if (leaf.subject.rdns.length === 0 && !extensions.get(ExtensionId.subjectAltName)?.critical) {
    throw new CertificateError("malformed", "no subject, and no critical alternative name");
  }
  if (name !== undefined && !matchesName(names, name)) {
    throw new CertificateError("wrong-name", `not for the ${purpose} that is asked for`);
  }
}

/** All names that constraints of the CAs above apply to. */
function constrainedNames({ subject, extensions }: Certificate): GeneralName[] {
  const names: GeneralName[] = [...subjectAltNames(extensions)];
  if (subject.rdns.length > 0) names.push({ form: "directory", value: subject });
  for (const { type, text } of subject.rdns.flat()) {
    if (type === EMAIL_ADDRESS) names.push({ form: "email", value: text ?? "" });
  }
  return names;
}

/**
 * Checks a path whose names chain and whose signatures hold.
 *
 * The anchor is checked like every certificate below it, as OpenSSL does, although RFC 5280 takes only its name and
 * key: the validity, uses and names in it are the only limits that its owner could put on a key which nobody above can
 * revoke. A leaf that is its own anchor is checked as a leaf.
 *
 * @param path The leaf first, the anchor last.
 * @param place Tells an error which certificate it is about.
 */
export function checkPath(
  path: readonly Certificate[],
  requirements: PathRequirements,
  budget: Budget,
  place: (error: unknown, certificate: Certificate) => unknown,
): void {
  const constraints: NameConstraints[] = [];
  const policies = new PolicyState();
  let allowedBelow = Infinity;
  for (let i = path.length - 1; i >= 0; i--) {
    const certificate = path[i]!;
    const isAnchor = i === path.length - 1;
    const isLeaf = i === 0;
    const selfIssued = isSelfIssued(certificate);
    try {
      checkCertificate(certificate, requirements);
      if (!isLeaf) checkIssuer(certificate);
      if (!isAnchor) {
        if (certificate.issuer.rdns.length === 0) throw new CertificateError("malformed", "no issuer");
        if (!isLeaf && !selfIssued && --allowedBelow < 0) {
          throw new CertificateError("path-too-long", "a CA above allows fewer certificates below itself");
        }
        if (isLeaf || !selfIssued) {
          for (const above of constraints) checkNameConstraints(above, constrainedNames(certificate), budget);
        }
        policies.add(certificate, isLeaf);
        checkRevocation(certificate, path[i + 1]!, requirements.revocation, budget);
      }
      if (isLeaf) {
        checkLeaf(certificate, requirements);
        continue;
      }
      allowedBelow = Math.min(allowedBelow, basicConstraints(certificate.extensions)?.pathLength ?? Infinity);
      const own = nameConstraints(certificate.extensions);
      if (own !== undefined) constraints.push(own);
    } catch (error) {
      throw place(error, certificate);
    }
  }
}
