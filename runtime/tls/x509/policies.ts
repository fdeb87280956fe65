/**
 * Certificate policies (RFC 5280 section 6.1). Nobody asks for a policy here, so that policies matter only where a CA
 * requires an explicit one: then some policy has to be valid all the way down. For that, the policies that are valid
 * at one depth are all there is to remember of the tree of the RFC: each has an unbroken line of ancestors.
 *
 * @module
 */
import { type Certificate, isSelfIssued } from "./certificate.ts";
import { decodeSmallInteger, Tag } from "./der.ts";
import { CertificateError } from "./errors.ts";
import { decodeExtension, ExtensionId, type Extensions } from "./extensions.ts";

const ANY_POLICY = "2.5.29.32.0";

/** Qualifiers that ask for nothing but to be shown: a pointer to a practice statement, and a notice. */
const shownQualifiers: ReadonlySet<string> = new Set(["1.3.6.1.5.5.7.2.1", "1.3.6.1.5.5.7.2.2"]);

/** Decodes certificatePolicies into object identifiers. */
function certificatePolicies(extensions: Extensions): ReadonlySet<string> | undefined {
  const critical = extensions.get(ExtensionId.certificatePolicies)?.critical;
  return decodeExtension(extensions, "certificatePolicies", (reader) => {
    const policies = new Set<string>();
    for (const item of reader.list(Tag.sequence)) {
      const information = item.inside(Tag.sequence);
      const policy = information.oid();
      if (policies.has(policy)) throw new CertificateError("malformed", `policy ${policy} comes twice`);
      policies.add(policy);
      if (!information.more) continue;
      for (const qualifiers of information.list(Tag.sequence)) {
        const qualifier = qualifiers.inside(Tag.sequence);
        const kind = qualifier.oid();
        if (critical && !shownQualifiers.has(kind)) {
          throw new CertificateError(
            "unknown-critical-extension",
            `policy qualifier ${kind} is not implemented`,
          );
        }
      }
      information.end();
    }
    return policies;
  });
}

/** Decodes policyMappings: policies of the issuer, and what each is called in the domain of the subject. */
function policyMappings(extensions: Extensions): ReadonlyMap<string, ReadonlySet<string>> | undefined {
  return decodeExtension(extensions, "policyMappings", (reader) => {
    const mappings = new Map<string, Set<string>>();
    for (const item of reader.list(Tag.sequence)) {
      const pair = item.inside(Tag.sequence);
      const issuer = pair.oid();
      const subject = pair.oid();
      pair.end();
      if (issuer === ANY_POLICY || subject === ANY_POLICY) {
        throw new CertificateError("malformed", "anyPolicy is mapped");
      }
      mappings.set(issuer, (mappings.get(issuer) ?? new Set()).add(subject));
    }
    return mappings;
  });
}

/** Decodes policyConstraints: after how many certificates each takes effect. */
function policyConstraints(extensions: Extensions): { requireExplicit?: number; inhibitMapping?: number } {
  return decodeExtension(extensions, "policyConstraints", (reader) => {
    const sequence = reader.inside(Tag.sequence);
    const requireExplicit = sequence.optional(0x80);
    const inhibitMapping = sequence.optional(0x81);
    sequence.end();
    if (requireExplicit === undefined && inhibitMapping === undefined) {
      throw new CertificateError("malformed", "empty policyConstraints");
    }
    return {
      ...(requireExplicit && { requireExplicit: decodeSmallInteger(requireExplicit.content) }),
      ...(inhibitMapping && { inhibitMapping: decodeSmallInteger(inhibitMapping.content) }),
    };
  }) ?? {};
}

function inhibitAnyPolicy(extensions: Extensions): number {
  return decodeExtension(
    extensions,
    "inhibitAnyPolicy",
    (reader) => decodeSmallInteger(reader.element(Tag.integer).content),
  ) ?? Infinity;
}

/** The state of RFC 5280 section 6.1.2, taken from the certificate below the anchor down to the leaf. */
export class PolicyState {
  /** Policies that the next certificate may assert. */
  #valid: ReadonlySet<string> = new Set([ANY_POLICY]);
  // The counters: certificates until an explicit policy is needed, mapping ends, anyPolicy counts no more.
  #explicit = Infinity;
  #mapping = Infinity;
  #anyPolicy = Infinity;

  /** Takes the next certificate; `isLeaf` for the last one. */
  add(certificate: Certificate, isLeaf: boolean): void {
    const { extensions } = certificate;
    const selfIssued = isSelfIssued(certificate);
    this.#assert(certificatePolicies(extensions), this.#anyPolicy > 0 || (selfIssued && !isLeaf));
    this.#requireValid();
    const mappings = policyMappings(extensions);
    const { requireExplicit = Infinity, inhibitMapping = Infinity } = policyConstraints(extensions);
    const inhibitAny = inhibitAnyPolicy(extensions);
    if (isLeaf) {
      if (this.#explicit > 0) this.#explicit--;
      if (requireExplicit === 0) this.#explicit = 0;
      this.#requireValid();
      return;
    }
    if (mappings !== undefined) this.#map(mappings);
    if (!selfIssued) {
      this.#explicit = Math.max(0, this.#explicit - 1);
      this.#mapping = Math.max(0, this.#mapping - 1);
      this.#anyPolicy = Math.max(0, this.#anyPolicy - 1);
    }
    this.#explicit = Math.min(this.#explicit, requireExplicit);
    this.#mapping = Math.min(this.#mapping, inhibitMapping);
    this.#anyPolicy = Math.min(this.#anyPolicy, inhibitAny);
  }

  /** Section 6.1.3 (d) and (e). */
  #assert(asserted: ReadonlySet<string> | undefined, anyPolicyCounts: boolean): void {
    if (asserted === undefined) {
      this.#valid = new Set();
      return;
    }
    const anyIsValid = this.#valid.has(ANY_POLICY);
    const valid = new Set<string>();
    for (const policy of asserted) {
      if (policy !== ANY_POLICY && (anyIsValid || this.#valid.has(policy))) valid.add(policy);
    }
    if (asserted.has(ANY_POLICY) && anyPolicyCounts) { for (const policy of this.#valid) valid.add(policy); }
    this.#valid = valid;
  }

  /** Section 6.1.3 (f). */
  #requireValid(): void {
    if (this.#explicit === 0 && this.#valid.size === 0) {
      throw new CertificateError("no-valid-policy", "a CA requires a policy, and none is valid here");
    }
  }

  /** Section 6.1.4 (b). */
  #map(mappings: ReadonlyMap<string, ReadonlySet<string>>): void {
    const mapped = new Set<string>();
    for (const policy of this.#valid) {
      if (!mappings.has(policy)) mapped.add(policy);
    }
    if (this.#mapping > 0) {
      for (const [policy, subjects] of mappings) {
        if (!this.#valid.has(policy) && !this.#valid.has(ANY_POLICY)) continue;
        for (const subject of subjects) mapped.add(subject);
      }
    }
    this.#valid = mapped;
  }
}
