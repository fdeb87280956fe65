/** Whether a certificate is for a host: the rules of RFC 9525 for DNS-ID and IP-ID. @module */
import { parseIp } from "../../wire/mod.ts";
import { equalBytes } from "./der.ts";
import type { GeneralName } from "./general_names.ts";

/**
 * Who the peer has to be. `dns` is a host name, of A-labels where it is international (RFC 5890); `ip` an address as
 * text, or its 4 or 16 bytes.
 */
export type ReferenceName = { readonly dns: string } | { readonly ip: string | Uint8Array };

/** Letters, digits, hyphens, and underscores, which RFC 1123 does not have but hosts in use do. */
const label = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i;

/** Whether a text is the name of a host: no address, no wildcard, no dot at the end, at most 253 characters. */
export function isHostName(text: string): boolean {
  if (text.length > 253) return false;
  const labels = text.split(".");
  // A last label of digits makes it an IPv4 address to whoever reads it loosely (WHATWG URL).
  return labels.every((part) => label.test(part)) && !/^[0-9]+$/.test(labels.at(-1)!);
}

/** Puts a host name into the form that is compared: lower case, without the dot of the root. */
function normalReference(name: string): string {
  const host = name.toLowerCase().replace(/\.$/, "");
  if (!isHostName(host)) throw new TypeError(`${JSON.stringify(name)} is no host name of A-labels`);
  return host;
}

function referenceAddress(ip: string | Uint8Array): Uint8Array {
  const bytes = typeof ip === "string" ? parseIp(ip) : ip;
  if (bytes === undefined || (bytes.length !== 4 && bytes.length !== 16)) {
    throw new TypeError(`${JSON.stringify(ip)} is no IP address`);
  }
  return bytes;
}

/** RFC 9525 section 6.3: a wildcard is the whole left-most label, and stands for exactly one label. */
function matchesDns(presented: string, host: string): boolean {
  const name = presented.toLowerCase();
  if (!name.startsWith("*.")) return name === host;
  const parent = name.slice(2);
  // "*.example" would be every host of a top-level domain.
  return parent.includes(".") && host.slice(host.indexOf(".") + 1) === parent;
}

/**
 * Checks the names of a certificate against the one that is wanted. Common names are never looked at, wildcards never
 * stand for an address, and an IPv4 address is not its form inside IPv6.
 *
 * @throws {TypeError} If `wanted` is neither a host name nor an address: a mistake of the caller, not of the peer.
 */
export function matchesName(names: readonly GeneralName[], wanted: ReferenceName): boolean {
  if ("dns" in wanted) {
    const host = normalReference(wanted.dns);
    return names.some((name) => name.form === "dns" && matchesDns(name.value, host));
  }
  const address = referenceAddress(wanted.ip);
  return names.some((name) => name.form === "ip" && equalBytes(name.value, address));
}
