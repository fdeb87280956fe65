/** Name constraints of CAs (RFC 5280 section 4.2.1.10). @module */
import { type DerReader, Tag } from "./der.ts";
import { CertificateError } from "./errors.ts";
import { decodeExtension, type Extensions } from "./extensions.ts";
import { type GeneralName, readGeneralName } from "./general_names.ts";
import { isHostName } from "./hostname.ts";
import type { Budget } from "./limits.ts";

/** Subtrees of names below a CA: each name has to be in a permitted one of its form, if any, and in no excluded one. */
export interface NameConstraints {
  /** Where names may be. */
  readonly permitted: readonly GeneralName[];
  /** Where names may not be. */
  readonly excluded: readonly GeneralName[];
}

function malformed(what: string): CertificateError {
  return new CertificateError("malformed", `name constraint: ${what}`);
}

/** Bits of a mask that go on after the first zero would be no subtree. */
function isContiguous(mask: Uint8Array): boolean {
  return /^1*0*$/.test(Array.from(mask, (byte) => byte.toString(2).padStart(8, "0")).join(""));
}

function checkBase(base: GeneralName): void {
  switch (base.form) {
    case "dns":
      if (base.value !== "" && !isHostName(base.value.replace(/^\./, ""))) throw malformed("bad DNS name");
      break;
    case "email":
    case "uri": {
      const mailbox = base.form === "email" ? base.value.lastIndexOf("@") : -1;
      if (!isHostName(base.value.slice(mailbox + 1).replace(mailbox < 0 ? /^\./ : /^$/, ""))) {
        throw malformed(`bad ${base.form} host`);
      }
      break;
    }
    case "ip": {
      const { length } = base.value;
      if ((length !== 8 && length !== 32) || !isContiguous(base.value.subarray(length / 2))) {
        throw malformed("bad IP range");
      }
    }
  }
}

function readSubtrees(reader: DerReader, tag: number): GeneralName[] {
  if (!reader.has(tag)) return [];
  const bases: GeneralName[] = [];
  for (const item of reader.list(tag)) {
    const subtree = item.inside(Tag.sequence);
    const base = readGeneralName(subtree);
    // A minimum above 0 and a maximum are of no use to anybody, and the RFC forbids them.
    subtree.end();
    checkBase(base);
    bases.push(base);
  }
  return bases;
}

/** Decodes nameConstraints. */
export function nameConstraints(extensions: Extensions): NameConstraints | undefined {
  return decodeExtension(extensions, "nameConstraints", (reader) => {
    const sequence = reader.inside(Tag.sequence);
    if (!sequence.more) throw malformed("neither permitted nor excluded names");
    const permitted = readSubtrees(sequence, 0xa0);
    const excluded = readSubtrees(sequence, 0xa1);
    sequence.end();
    return { permitted, excluded };
  });
}

/** Whether a host is the base or below it; of a base that begins with a dot, only below. */
function isBelow(host: string, base: string): boolean {
  return base.startsWith(".")
    ? host.endsWith(base)
    : base === "" || host === base || host.endsWith(`.${base}`);
}

/** For forms whose base is one host, unless it begins with a dot. */
function isHostOrBelow(host: string, base: string): boolean {
  return base.startsWith(".") ? host.endsWith(base) : host === base;
}

/**
 * A wildcard is in a permitted subtree if all hosts it stands for are, and in an excluded one if a single host may be:
 * `*.example.com` is kept out by an excluded `nfs.example.com`.
 */
function dnsMatches(name: string, base: string, excluded: boolean): boolean {
  if (!name.startsWith("*.")) return isBelow(name, base);
  const parent = name.slice(2);
  if (isBelow(parent, base.replace(/^\./, ""))) return true;
  return excluded && base.slice(base.indexOf(".") + 1) === parent;
}

/** The host of a URI; `undefined` if it has none, or an address, which no constraint can speak of. */
function uriHost(uri: string): string | undefined {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(uri)?.[1];
  const host = authority?.slice(authority.lastIndexOf("@") + 1).replace(/:[0-9]*$/, "");
  return host !== undefined && isHostName(host) ? host.toLowerCase() : undefined;
}

function emailMatches(email: string, base: string): boolean {
  const split = (address: string) => {
    const at = address.lastIndexOf("@");
    return { mailbox: address.slice(0, Math.max(at, 0)), host: address.slice(at + 1).toLowerCase() };
  };
  const name = split(email);
  const wanted = split(base);
  // Case counts in a mailbox, and not in its host (RFC 5280 section 4.2.1.10).
  return base.includes("@")
    ? name.mailbox === wanted.mailbox && name.host === wanted.host
    : isHostOrBelow(name.host, wanted.host);
}

function ipMatches(address: Uint8Array, range: Uint8Array): boolean {
  const { length } = address;
  return range.length === 2 * length &&
    address.every((byte, i) => ((byte ^ range[i]!) & range[length + i]!) === 0);
}

/** Whether a name can be compared with subtrees of its form at all. */
function isComparable(name: GeneralName): boolean {
  switch (name.form) {
    case "dns":
      return isHostName(name.value.replace(/^\*\./, ""));
    case "email":
      return name.value.lastIndexOf("@") > 0 && isHostName(name.value.slice(name.value.lastIndexOf("@") + 1));
    case "uri":
      return uriHost(name.value) !== undefined;
    case "other":
      return false;
    default:
      return true;
  }
}

/** Whether a name is in the subtree of a base of the same form. */
function isWithin(name: GeneralName, base: GeneralName, excluded: boolean): boolean {
  if (name.form === "dns" && base.form === "dns") {
    return dnsMatches(name.value.toLowerCase(), base.value.toLowerCase(), excluded);
  }
  if (name.form === "email" && base.form === "email") return emailMatches(name.value, base.value);
  if (name.form === "uri" && base.form === "uri") {
    return isHostOrBelow(uriHost(name.value)!, base.value.toLowerCase());
  }
  if (name.form === "ip" && base.form === "ip") return ipMatches(name.value, base.value);
  return name.form === "directory" && base.form === "directory" &&
    base.value.rdnKeys.every((key, i) => key === name.value.rdnKeys[i]);
}

/** `otherName` and its like are forms of their own, told apart by their tags. */
function isSameForm(a: GeneralName, b: GeneralName): boolean {
  return a.form === b.form && (a.form !== "other" || b.form !== "other" || a.tag === b.tag);
}

function describe(name: GeneralName): string {
  return name.form === "dns" || name.form === "email" || name.form === "uri"
    ? `${name.form} name ${JSON.stringify(name.value)}`
    : `${name.form} name`;
}

/**
 * Checks all names of a certificate below the CA. A name that cannot be compared is refused if there is any
 * constraint of its form, critical or not.
 *
 * @throws {CertificateError} `name-constraint`, or `limit-exceeded` if there are too many names and constraints.
 */
export function checkNameConstraints(
  constraints: NameConstraints,
  names: readonly GeneralName[],
  budget: Budget,
): void {
  budget.spendNameComparisons(names.length * (constraints.permitted.length + constraints.excluded.length));
  for (const name of names) {
    const permitted = constraints.permitted.filter((base) => isSameForm(name, base));
    const excluded = constraints.excluded.filter((base) => isSameForm(name, base));
    if (permitted.length + excluded.length === 0) continue;
    if (!isComparable(name)) {
      throw new CertificateError(
        "name-constraint",
        `${describe(name)} cannot be compared with a name constraint`,
      );
    }
    if (excluded.some((base) => isWithin(name, base, true))) {
      throw new CertificateError("name-constraint", `${describe(name)} is excluded by a CA`);
    }
    if (permitted.length > 0 && !permitted.some((base) => isWithin(name, base, false))) {
      throw new CertificateError("name-constraint", `${describe(name)} is not permitted by a CA`);
    }
  }
}
