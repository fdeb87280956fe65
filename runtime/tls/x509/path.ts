/** Building paths from a leaf to a trust anchor, and finding one that is valid (RFC 5280 section 6, RFC 4158). @module */
import { type Certificate, parseCertificate } from "./certificate.ts";
import type { Crl } from "./crl.ts";
import { equalBytes } from "./der.ts";
import { CertificateError } from "./errors.ts";
import { authorityKeyIdentifier, subjectKeyIdentifier } from "./extensions.ts";
import { matchesName, type ReferenceName } from "./hostname.ts";
import { Budget, type VerificationLimits } from "./limits.ts";
import { formatName } from "./names.ts";
import { subjectPublicKey } from "./public_key.ts";
import { checkPath, type PathRequirements, type Purpose } from "./rules.ts";
import { verifySignature } from "./signature.ts";

/** What a chain is verified against. */
export interface VerificationOptions {
  /** DER of the certificates as the peer sent them: the leaf first, the others in any order. */
  readonly chain: readonly Uint8Array[];
  /** Certificates that are trusted to issue others, self-signed or not, and leaves that are trusted as they are. */
  readonly anchors: readonly Certificate[];
  /** Role of the peer. */
  readonly purpose: Purpose;
  /** Moment at which all has to be valid. */
  readonly time: Date;
  /** Who the peer has to be; absent if any name will do. */
  readonly name?: ReferenceName;
  /** Revocation lists, of any issuers. A list of an issuer in the path must be good; see `requireCrls`. */
  readonly crls?: readonly Crl[];
  /** Whether every issuer must have a list; by default, those without one are passed over. Anchors are not checked. */
  readonly requireCrls?: boolean;
  /** Bounds of the work. */
  readonly limits?: VerificationLimits;
}

/** A chain that is valid. */
export interface VerifiedChain {
  /** The leaf, its issuer and so on, to the anchor; the leaf alone if it is an anchor. */
  readonly path: readonly Certificate[];
  /** The certificate of the peer, `path[0]`. */
  readonly leaf: Certificate;
}

/** What is told if no path is valid: what is nearest to a whole path says most. */
const Progress = { noIssuer: 0, badLink: 1, badPath: 2 } as const;

class PathSearch {
  readonly #anchors: readonly Certificate[];
  readonly #intermediates: readonly Certificate[];
  readonly #requirements: PathRequirements;
  readonly #budget: Budget;
  readonly #indexes: ReadonlyMap<Certificate, number>;
  #fault: { progress: number; error: CertificateError } | undefined;

  constructor(
    chain: readonly Certificate[],
    anchors: readonly Certificate[],
    requirements: PathRequirements,
    budget: Budget,
  ) {
    this.#anchors = anchors;
    // What is an anchor needs no path of its own.
    this.#intermediates = chain.slice(1).filter((certificate) => !isAmong(certificate, anchors));
    this.#requirements = requirements;
    this.#budget = budget;
    this.#indexes = new Map(chain.map((certificate, i) => [certificate, i]));
  }

  /** The first valid path. */
  find(leaf: Certificate): readonly Certificate[] {
    const path = isAmong(leaf, this.#anchors) ? this.#check([leaf]) : this.#extend([leaf]);
    if (path !== undefined) return path;
    throw this.#fault?.error ?? new CertificateError("unknown-issuer", "no path to a trust anchor");
  }

  #extend(path: readonly Certificate[]): readonly Certificate[] | undefined {
    const last = path.at(-1)!;
    if (path.length >= this.#budget.pathLength) {
      const limit = new CertificateError(
        "limit-exceeded",
        `path of more than ${this.#budget.pathLength} certificates`,
      );
      this.#note(Progress.badLink, limit);
      return undefined;
    }
    const issuers = this.#issuersOf(last, path);
    if (issuers.length === 0) this.#noteNoIssuer(last);
    for (const issuer of issuers) {
      if (!this.#isSignedBy(last, issuer)) continue;
      const longer = [...path, issuer];
      // A path that goes on beyond an anchor keeps all rules that the shorter one broke, so it is not tried.
      const found = this.#anchors.includes(issuer) ? this.#check(longer) : this.#extend(longer);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Certificates with the name of the issuer: anchors first, and first those with the right key identifier. */
  #issuersOf(subject: Certificate, path: readonly Certificate[]): Certificate[] {
    const named = [...this.#anchors, ...this.#intermediates].filter((candidate) =>
      candidate.subject.key === subject.issuer.key && !path.some((used) => isSameHolder(used, candidate))
    );
    // Identifiers are hints: a wrong one makes a candidate the last to be tried.
    const likely = new Set(named.filter((candidate) => this.#mayHaveSigned(subject, candidate)));
    return [...likely, ...named.filter((candidate) => !likely.has(candidate))];
  }

  /** Whether the key identifiers do not speak against it. */
  #mayHaveSigned(subject: Certificate, issuer: Certificate): boolean {
    const wanted = this.#of(subject, ({ extensions }) => authorityKeyIdentifier(extensions));
    const own = this.#of(issuer, ({ extensions }) => subjectKeyIdentifier(extensions));
    return wanted === undefined || own === undefined || equalBytes(wanted, own);
  }

  #isSignedBy(subject: Certificate, issuer: Certificate): boolean {
    this.#budget.spendSignature();
    try {
      const key = this.#of(issuer, subjectPublicKey);
      this.#of(subject, (it) => verifySignature(it.signatureAlgorithm, it.tbs, it.signature, key));
      return true;
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      // Another CA of the same name, such as the one before a reinstallation, is no bad signature.
      const another = error.reason === "bad-signature" && !this.#mayHaveSigned(subject, issuer);
      if (another) this.#noteNoIssuer(subject);
      else this.#note(Progress.badLink, error);
      return false;
    }
  }

  #check(path: readonly Certificate[]): readonly Certificate[] | undefined {
    try {
      checkPath(
        path,
        this.#requirements,
        this.#budget,
        (error, certificate) => this.#place(error, certificate),
      );
      return path;
    } catch (error) {
      if (!(error instanceof CertificateError) || error.reason === "limit-exceeded") throw error;
      this.#note(Progress.badPath, error);
      return undefined;
    }
  }

  #noteNoIssuer(subject: Certificate): void {
    const error = new CertificateError("unknown-issuer", "its issuer is not known");
    this.#note(Progress.noIssuer, this.#place(error, subject));
  }

  #note(progress: number, error: CertificateError): void {
    if (this.#fault === undefined || progress > this.#fault.progress) this.#fault = { progress, error };
  }

  /** Asks a certificate for something; an error says which certificate it is about. */
  #of<T>(certificate: Certificate, ask: (certificate: Certificate) => T): T {
    try {
      return ask(certificate);
    } catch (error) {
      throw this.#place(error, certificate);
    }
  }

  /** Adds which certificate an error is about; what is no verdict is thrown on. */
  #place(error: unknown, certificate: Certificate): CertificateError {
    if (!(error instanceof CertificateError)) throw error;
    const index = this.#indexes.get(certificate);
    return error.at({ subject: formatName(certificate.subject), ...(index === undefined ? {} : { index }) });
  }
}

function isAmong(certificate: Certificate, others: readonly Certificate[]): boolean {
  return others.some((other) => equalBytes(other.der, certificate.der));
}

/** Certificates of one name and key: a path with both would go in a circle. */
function isSameHolder(a: Certificate, b: Certificate): boolean {
  return a.subject.key === b.subject.key && equalBytes(a.publicKeyInfo, b.publicKeyInfo);
}

function parseChain(chain: readonly Uint8Array[], { certificates }: Budget): [Certificate, ...Certificate[]] {
  if (chain.length > certificates) {
    throw new CertificateError("limit-exceeded", `chain of more than ${certificates} certificates`);
  }
  const [leaf, ...others] = chain.map((der, index) => {
    try {
      return parseCertificate(der);
    } catch (error) {
      throw error instanceof CertificateError ? error.at({ index }) : error;
    }
  });
  if (leaf === undefined) throw new CertificateError("no-certificate", "no certificate");
  return [leaf, ...others];
}

/**
 * Verifies the chain of a peer: finds a path from its leaf to an anchor on which all rules hold. Tries every path
 * there is, within the limits, so that cross-signed CAs and expired copies of an intermediate do no harm.
 *
 * @throws {CertificateError} With the reason and the alert, if there is no such path.
 * @throws {TypeError} If the time or the name in the options is none: mistakes of the caller.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { CertificateError, verifyCertificateChain } from "./mod.ts";
 *
 * const options = { anchors: [], time: new Date(), purpose: "server", name: { dns: "nfs.example" } } as const;
 * try {
 *   verifyCertificateChain({ ...options, chain: [] });
 * } catch (error) {
 *   assert(error instanceof CertificateError);
 *   assert.equal(error.reason, "no-certificate");
 * }
 * ```
 */
export function verifyCertificateChain(options: VerificationOptions): VerifiedChain {
  const { anchors, purpose, time, name, crls = [], requireCrls: required = false } = options;
  if (Number.isNaN(time.getTime())) throw new TypeError("time is no valid date");
  // A mistake of the caller has to show with every chain, not only with good ones.
  if (name !== undefined) matchesName([], name);
  const budget = new Budget(options.limits);
  const chain = parseChain(options.chain, budget);
  const requirements = { purpose, time, name, revocation: { crls, required, time } };
  const [leaf] = chain;
  return { path: new PathSearch(chain, anchors, requirements, budget).find(leaf), leaf };
}
