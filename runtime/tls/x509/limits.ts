/** How much work one verification may cost, whatever the peer sends. @module */
import { CertificateError } from "./errors.ts";

/** Bounds of one verification. Each default is far above what real chains need. */
export interface VerificationLimits {
  /** Certificates in the chain as it was given; default 16. */
  readonly certificates?: number;
  /** Certificates in a path, anchor included; default 10. */
  readonly pathLength?: number;
  /** Signatures of certificates and CRLs that are checked while paths are searched; default 100. */
  readonly signatures?: number;
  /** Comparisons of a name with a name constraint, as in Go's crypto/x509; default 250,000. */
  readonly nameComparisons?: number;
}

/** What is left of the limits. */
export class Budget {
  /** Limit of certificates in a chain. */
  readonly certificates: number;
  /** Limit of certificates in a path. */
  readonly pathLength: number;
  #signatures: number;
  #nameComparisons: number;

  /** Starts with the given limits, or with the defaults. */
  constructor(limits: VerificationLimits = {}) {
    this.certificates = limits.certificates ?? 16;
    this.pathLength = limits.pathLength ?? 10;
    this.#signatures = limits.signatures ?? 100;
    this.#nameComparisons = limits.nameComparisons ?? 250_000;
  }

  /** Pays for one signature. */
  spendSignature(): void {
    if (this.#signatures-- <= 0) throw new CertificateError("limit-exceeded", "too many signatures to check");
  }

  /** Pays for comparisons of names with constraints. */
  spendNameComparisons(count: number): void {
    this.#nameComparisons -= count;
    if (this.#nameComparisons < 0) {
      throw new CertificateError("limit-exceeded", "too many names to compare with name constraints");
    }
  }
}
