/** The TLS identities of NVMe/TCP (NVM Express TCP Transport specification section 3.6.1.3; nvme-tcp's key descriptions). @module */
import type { HashName } from "./suites.ts";

/** What an NVMe TLS PSK identity says. */
export interface NvmeIdentity {
  /** 0: no digest at the end. 1: with the digest of the key. */
  readonly version: 0 | 1;
  /** Retained keys are configured, generated ones come from in-band authentication. */
  readonly type: "retained" | "generated";
  /** The hash that the key is bound to. */
  readonly hash: HashName;
  /** NQN of the host, at most 223 bytes. */
  readonly hostNqn: string;
  /** NQN of the subsystem, at most 223 bytes. */
  readonly subsystemNqn: string;
  /** Base64 of the digest; with version 1 only. */
  readonly digest?: string;
}

const form =
  /^NVMe([01])([RG])(01|02) ([\x21-\x7e]{1,223}) ([\x21-\x7e]{1,223})(?: ([A-Za-z0-9+/]+={0,2}))?$/;

/**
 * The identity as it goes on the wire and names the key in the kernel's keyring. Throws a RangeError for names that
 * have blanks or are too long, and for a digest where the version has none.
 */
export function formatNvmeIdentity(identity: NvmeIdentity): string {
  const { version, type, hash, hostNqn, subsystemNqn, digest } = identity;
  const text = `NVMe${version}${type === "retained" ? "R" : "G"}${hash === "sha256" ? "01" : "02"} ` +
    `${hostNqn} ${subsystemNqn}${digest === undefined ? "" : ` ${digest}`}`;
  if (parseNvmeIdentity(text) === undefined) throw new RangeError(`not an NVMe TLS identity: ${text}`);
  return text;
}

/**
 * Reads an identity; undefined for text that is none.
 *
 * ```ts
 * import { parseNvmeIdentity } from "@tynl/tynl/tls";
 *
 * const identity = parseNvmeIdentity("NVMe0R02 nqn.2014-08.org.example:host nqn.2014-08.org.example:disk");
 * console.assert(identity?.hash === "sha384");
 * ```
 */
export function parseNvmeIdentity(text: string): NvmeIdentity | undefined {
  const [, version, type, hash, hostNqn, subsystemNqn, digest] = form.exec(text) ?? [];
  if (hostNqn === undefined || subsystemNqn === undefined) return undefined;
  if ((version === "1") !== (digest !== undefined)) return undefined;
  return {
    version: version === "1" ? 1 : 0,
    type: type === "R" ? "retained" : "generated",
    hash: hash === "01" ? "sha256" : "sha384",
    hostNqn,
    subsystemNqn,
    ...digest === undefined ? {} : { digest },
  };
}
