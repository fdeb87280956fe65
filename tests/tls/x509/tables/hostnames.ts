/** Names of hosts and addresses (RFC 9525). */
import { hex, sequence } from "../der.ts";
import { generalName, Id, type NameText, subjectAltName } from "../extensions.ts";
import { type Scenario, usual } from "../scenario.ts";

function dns(
  name: string,
  names: readonly NameText[],
  wanted: string,
  matches: boolean,
  differs?: string,
): Scenario {
  return {
    name,
    verdict: matches ? "valid" : "wrong-name",
    ...differs === undefined ? {} : { differs },
    make: () => usual({ leaf: { with: [subjectAltName(names)] }, name: { dns: wanted } }),
  };
}

function ip(name: string, names: readonly NameText[], wanted: string, matches: boolean): Scenario {
  return {
    name,
    verdict: matches ? "valid" : "wrong-name",
    make: () => usual({ leaf: { with: [subjectAltName(names)] }, name: { ip: wanted } }),
  };
}

const raw = (bytes: Uint8Array): Scenario["make"] => () =>
  usual({ leaf: { with: [{ id: Id.san, value: sequence(bytes) }] }, name: { dns: "nfs.example.com" } });

export const hostnames: readonly Scenario[] = [
  dns("the name of the leaf", ["dns:nfs.example.com"], "nfs.example.com", true),
  dns("the name of the leaf in capitals", ["dns:NFS.Example.COM"], "nfs.eXample.com", true),
  dns("the second of two names", ["dns:a.example", "dns:nfs.example.com"], "nfs.example.com", true),
  dns("another name", ["dns:nfs.example.com"], "nvme.example.com", false),
  dns("a name below that of the leaf", ["dns:example.com"], "nfs.example.com", false),
  dns("a name above that of the leaf", ["dns:nfs.example.com"], "example.com", false),
  dns("a name that ends alike", ["dns:example.com"], "badexample.com", false),
  dns("a name with underscores", ["dns:nfs_1.example.com"], "nfs_1.example.com", true),
  dns("a wildcard for one label", ["dns:*.example.com"], "nfs.example.com", true),
  dns("a wildcard for two labels", ["dns:*.example.com"], "a.nfs.example.com", false),
  dns("a wildcard for no label", ["dns:*.example.com"], "example.com", false),
  dns("a wildcard in capitals", ["dns:*.EXAMPLE.com"], "nfs.example.com", true),
  dns("a wildcard for a label in Punycode", ["dns:*.example.com"], "xn--bcher-kva.example.com", true),
  dns("a wildcard of a top-level domain", ["dns:*.com"], "example.com", false),
  dns("a wildcard alone", ["dns:*"], "localhost", false),
  dns(
    "a wildcard at the begin of a label",
    ["dns:*fs.example.com"],
    "nfs.example.com",
    false,
    "RFC 9525 section 6.3: the whole label; OpenSSL takes a part of one unless told not to",
  ),
  dns(
    "a wildcard at the end of a label",
    ["dns:n*.example.com"],
    "nfs.example.com",
    false,
    "RFC 9525 section 6.3: the whole label; OpenSSL takes a part of one unless told not to",
  ),
  dns("a wildcard in the second label", ["dns:nfs.*.com"], "nfs.example.com", false),
  dns("two wildcards", ["dns:*.*.com"], "nfs.example.com", false),
  dns("a name in A-labels", ["dns:xn--bcher-kva.example"], "XN--BCHER-kva.example", true),
  dns(
    "a name with the dot of the root in the certificate",
    ["dns:nfs.example.com."],
    "nfs.example.com",
    false,
  ),
  dns("an address as the text of a DNS name", ["dns:192.0.2.1"], "nfs.example.com", false),
  dns("a URI of the name", ["uri:https://nfs.example.com/"], "nfs.example.com", false),
  dns("an e-mail address at the name", ["email:root@nfs.example.com"], "nfs.example.com", false),
  {
    name: "the name with the dot of the root where it is asked for",
    verdict: "valid",
    differs:
      "the dot says that a name is whole, and is no part of it (RFC 1034 section 3.1); OpenSSL compares it",
    make: () => usual({ name: { dns: "nfs.example.com." } }),
  },
  {
    name: "the name as the common name only",
    verdict: "wrong-name",
    at: 0,
    differs: "RFC 9525 section 2: never by the common name; OpenSSL does if there is no DNS name",
    make: () =>
      usual({ leaf: { subject: "CN=nfs.example.com", without: [Id.san] }, name: { dns: "nfs.example.com" } }),
  },
  {
    name: "the name as the common name beside another DNS name",
    verdict: "wrong-name",
    at: 0,
    make: () =>
      usual({
        leaf: { subject: "CN=nfs.example.com", with: [subjectAltName(["dns:other.example"])] },
        name: { dns: "nfs.example.com" },
      }),
  },
  {
    name: "a NUL in a DNS name",
    verdict: "malformed",
    at: 0,
    make: raw(generalName("dns:nfs.example.com\0.evil.example")),
  },
  {
    name: "a byte above ASCII in a DNS name",
    verdict: "malformed",
    at: 0,
    make: raw(generalName("dns:bücher.example")),
  },
  {
    name: "an address of 5 bytes",
    verdict: "malformed",
    at: 0,
    make: raw(hex("87 05 c0 00 02 01 00")),
  },
  {
    name: "a name of a form that does not exist",
    verdict: "malformed",
    at: 0,
    make: raw(hex("8f 01 00")),
  },
  ip("the IPv4 address of the leaf", ["ip:c0000201"], "192.0.2.1", true),
  ip("another IPv4 address", ["ip:c0000201"], "192.0.2.2", false),
  ip("the IPv6 address of the leaf", ["ip:20010db8000000000000000000000001"], "2001:db8::1", true),
  ip("another IPv6 address", ["ip:20010db8000000000000000000000001"], "2001:db8::2", false),
  ip("an IPv4 address inside IPv6", ["ip:00000000000000000000ffffc0000201"], "192.0.2.1", false),
  ip("an address that stands as a DNS name", ["dns:192.0.2.1"], "192.0.2.1", false),
  ip("an address under a wildcard", ["dns:*.0.2.1"], "192.0.2.1", false),
  {
    name: "an address as the common name only",
    verdict: "wrong-name",
    at: 0,
    make: () => usual({ leaf: { subject: "CN=192.0.2.1", without: [Id.san] }, name: { ip: "192.0.2.1" } }),
  },
];
