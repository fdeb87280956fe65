/** Name constraints (RFC 5280 section 4.2.1.10). */
import { hex, sequence, tlv } from "../der.ts";
import { generalName, Id, nameConstraints, type NameText, subjectAltName } from "../extensions.ts";
import { type Changes, intermediate, leaf, root, type Scenario, usual } from "../scenario.ts";

interface Row {
  /** Subtrees of the intermediate. */
  readonly permitted?: readonly NameText[];
  readonly excluded?: readonly NameText[];
  /** Alternative names of the leaf. */
  readonly names: readonly NameText[];
  readonly subject?: string;
  readonly verdict?: Scenario["verdict"];
  readonly differs?: string;
  readonly olderOpenssl?: string;
  readonly uncompared?: string;
}

function row(
  name: string,
  { permitted = [], excluded = [], names, subject, verdict = "valid", ...rest }: Row,
): Scenario {
  const changes: Changes = { with: [subjectAltName(names)], ...subject === undefined ? {} : { subject } };
  return {
    name,
    verdict,
    ...verdict === "name-constraint" ? { at: 0 } : {},
    ...rest,
    make: () => usual({ intermediate: { with: [nameConstraints(permitted, excluded)] }, leaf: changes }),
  };
}

const bad = "name-constraint" as const;

function damaged(name: string, value: Uint8Array, differs?: string): Scenario {
  return {
    name,
    verdict: "malformed",
    at: 1,
    ...differs === undefined ? {} : { differs },
    make: () => usual({ intermediate: { with: [{ id: Id.nc, critical: true, value }] } }),
  };
}

export const constraints: readonly Scenario[] = [
  row("a DNS name in a permitted domain", { permitted: ["dns:example.com"], names: ["dns:nfs.example.com"] }),
  row("a DNS name that is the permitted domain", {
    permitted: ["dns:example.com"],
    names: ["dns:example.com"],
  }),
  row("a DNS name in capitals in a permitted domain", {
    permitted: ["dns:Example.com"],
    names: ["dns:NFS.EXAMPLE.COM"],
  }),
  row("a DNS name outside the permitted domain", {
    permitted: ["dns:example.org"],
    names: ["dns:nfs.example.com"],
    verdict: bad,
  }),
  row("a DNS name that only ends like the permitted domain", {
    permitted: ["dns:example.com"],
    names: ["dns:badexample.com"],
    verdict: bad,
  }),
  row("one DNS name of two outside the permitted domain", {
    permitted: ["dns:example.com"],
    names: ["dns:nfs.example.com", "dns:nfs.example.org"],
    verdict: bad,
  }),
  row("a DNS name in the second permitted domain", {
    permitted: ["dns:example.org", "dns:example.com"],
    names: ["dns:nfs.example.com"],
  }),
  row("a DNS name in an excluded domain", {
    excluded: ["dns:example.com"],
    names: ["dns:nfs.example.com"],
    verdict: bad,
  }),
  row("a DNS name in a domain that is excluded inside a permitted one", {
    permitted: ["dns:example.com"],
    excluded: ["dns:secret.example.com"],
    names: ["dns:nfs.secret.example.com"],
    verdict: bad,
  }),
  row("a DNS name beside the excluded domain", {
    excluded: ["dns:example.org"],
    names: ["dns:nfs.example.com"],
  }),
  row("every DNS name excluded", { excluded: ["dns:"], names: ["dns:nfs.example.com"], verdict: bad }),
  row("a permitted domain with a dot in front, and a name below", {
    permitted: ["dns:.example.com"],
    names: ["dns:nfs.example.com"],
  }),
  row("a permitted domain with a dot in front, and the domain itself", {
    permitted: ["dns:.example.com"],
    names: ["dns:example.com"],
    verdict: bad,
  }),
  row("a wildcard in a permitted domain", { permitted: ["dns:example.com"], names: ["dns:*.example.com"] }),
  row("a wildcard above a permitted domain", {
    permitted: ["dns:nfs.example.com"],
    names: ["dns:*.example.com"],
    verdict: bad,
  }),
  row("a wildcard that could stand for an excluded name", {
    excluded: ["dns:nfs.example.com"],
    names: ["dns:*.example.com"],
    verdict: bad,
    differs: "the wildcard would be a way around the exclusion; OpenSSL compares the text with the asterisk",
  }),
  row("a wildcard two labels above an excluded name", {
    excluded: ["dns:a.nfs.example.com"],
    names: ["dns:*.example.com"],
  }),
  row("a DNS name that is none, below a constraint on DNS names", {
    excluded: ["dns:example.org"],
    names: ["dns:a b.example.com"],
    verdict: bad,
    differs: "what cannot be compared is refused; OpenSSL compares any text",
  }),
  row("a name of another form than the permitted one", {
    permitted: ["dns:example.com"],
    names: ["email:root@example.org"],
  }),
  row("an IPv4 address in a permitted network", {
    permitted: ["ip:c0000200ffffff00"],
    names: ["ip:c00002fe"],
  }),
  row("an IPv4 address outside the permitted network", {
    permitted: ["ip:c0000200ffffff00"],
    names: ["ip:c0000301"],
    verdict: bad,
  }),
  row("an IPv4 address in an excluded network", {
    excluded: ["ip:c0000200ffffff00"],
    names: ["ip:c0000201"],
    verdict: bad,
  }),
  row("an IPv6 address in a permitted network", {
    permitted: [`ip:20010db8${"00".repeat(12)}ffffffff${"00".repeat(12)}`],
    names: ["ip:20010db8000000000000000000000001"],
  }),
  row("an IPv6 address where only an IPv4 network is permitted", {
    permitted: ["ip:c0000200ffffff00"],
    names: ["ip:20010db8000000000000000000000001"],
    verdict: bad,
  }),
  row("an e-mail address at a permitted host", {
    permitted: ["email:example.com"],
    names: ["email:a@EXAMPLE.com"],
  }),
  row("an e-mail address at a host below the permitted one", {
    permitted: ["email:example.com"],
    names: ["email:a@mail.example.com"],
    verdict: bad,
  }),
  row("an e-mail address below a permitted domain", {
    permitted: ["email:.example.com"],
    names: ["email:a@mail.example.com"],
  }),
  row("a permitted mailbox", { permitted: ["email:a@example.com"], names: ["email:a@example.com"] }),
  row("another mailbox than the permitted one", {
    permitted: ["email:a@example.com"],
    names: ["email:b@example.com"],
    verdict: bad,
  }),
  row("an excluded mailbox in other capitals of the host", {
    excluded: ["email:a@example.com"],
    names: ["email:a@Example.COM"],
    verdict: bad,
  }),
  row("an e-mail address of the subject outside the permitted host", {
    permitted: ["email:example.com"],
    subject: "CN=leaf,emailAddress=a@example.org",
    names: ["dns:nfs.example.com"],
    verdict: bad,
  }),
  row("a URI at a permitted host", {
    permitted: ["uri:example.com"],
    names: ["uri:https://example.com:80/x"],
  }),
  row("a URI at another host", {
    permitted: ["uri:example.com"],
    names: ["uri:https://example.org/"],
    verdict: bad,
  }),
  row("a URI at an excluded host behind user information", {
    excluded: ["uri:evil.example"],
    names: ["uri:https://example.com@evil.example/"],
    verdict: bad,
    olderOpenssl: "RFC 3986 section 3.2: the host is behind the at sign; OpenSSL 3.0 takes what is before it",
  }),
  row("a URI at an address, where hosts are constrained", {
    excluded: ["uri:example.com"],
    names: ["uri:https://192.0.2.1/"],
    verdict: bad,
    differs:
      "RFC 5280 section 4.2.1.10: a URI without a host name is refused; OpenSSL compares the address as a name",
  }),
  row("a URI without a host, where hosts are constrained", {
    excluded: ["uri:example.com"],
    names: ["uri:urn:x"],
    verdict: bad,
  }),
  row("a subject below a permitted directory name", {
    permitted: ["dir:O=Example"],
    names: ["dns:nfs.example.com"],
  }),
  row("a subject outside the permitted directory name", {
    permitted: ["dir:O=Other"],
    names: ["dns:nfs.example.com"],
    verdict: bad,
  }),
  row("a subject below an excluded directory name, in other capitals", {
    excluded: ["dir:O=EXAMPLE"],
    names: ["dns:nfs.example.com"],
    verdict: bad,
  }),
  row("a directory name in the alternative names outside the permitted one", {
    permitted: ["dir:O=Example"],
    names: ["dir:O=Other"],
    verdict: bad,
  }),
  row("a registered identifier below a constraint on registered identifiers", {
    permitted: ["rid:1.2.3"],
    names: ["rid:1.2.3"],
    verdict: bad,
  }),
  row("a DNS name below a constraint on registered identifiers", {
    permitted: ["rid:1.2.3"],
    names: ["dns:nfs.example.com"],
  }),
  row("an otherName below a constraint on otherName", {
    excluded: ["other:1.2.3"],
    names: ["other:1.2.4"],
    verdict: bad,
    differs:
      "here every otherName is of one form that is not implemented; OpenSSL tells them apart by their types",
  }),
  {
    name: "a constraint that is not critical counts as well",
    verdict: bad,
    at: 0,
    make: () =>
      usual({ intermediate: { with: [{ ...nameConstraints(["dns:example.org"]), critical: false }] } }),
  },
  {
    name: "a constraint in the anchor",
    verdict: bad,
    at: 0,
    make: () => usual({ root: { with: [nameConstraints(["dns:example.org"])] } }),
  },
  {
    name: "constraints of two CAs, each of which has to permit a name",
    verdict: bad,
    at: 0,
    make: () =>
      usual({
        root: { with: [nameConstraints(["dns:example.com"])] },
        intermediate: { with: [nameConstraints(["dns:example.com", "dns:example.org"])] },
        leaf: { with: [subjectAltName(["dns:nfs.example.org"])] },
      }),
  },
  {
    name: "an intermediate whose own subject is not permitted by the root",
    verdict: bad,
    at: 1,
    make: () => usual({ root: { with: [nameConstraints(["dir:O=Example,OU=Below"])] } }),
  },
  {
    name: "a self-issued CA whose name its own constraints would exclude",
    verdict: "valid",
    make: () => {
      const top = root("O=Root", "p256:root", { with: [nameConstraints([], ["dir:O=Root"])] });
      const next = intermediate(top, "O=Root", "p256:next root");
      return { chain: [leaf(next).der, next.der], anchors: [top.der] };
    },
  },
  damaged(
    "constraints of neither kind",
    sequence(),
    "RFC 5280 section 4.2.1.10: MUST NOT; OpenSSL takes it as no constraint",
  ),
  damaged(
    "a subtree with a minimum",
    sequence(tlv(0xa0, sequence(generalName("dns:example.com"), hex("80 01 01")))),
  ),
  damaged(
    "a subtree with a maximum",
    sequence(tlv(0xa0, sequence(generalName("dns:example.com"), hex("81 01 05")))),
  ),
  damaged(
    "a network whose mask has a hole",
    sequence(tlv(0xa0, sequence(generalName("ip:c0000200ff00ff00")))),
    "a mask with a hole is no network (RFC 4632); OpenSSL applies it, and this leaf has no address",
  ),
  damaged(
    "a network of 7 bytes",
    sequence(tlv(0xa0, sequence(hex("87 07 c0 00 02 00 ff ff ff")))),
    "RFC 5280 section 4.2.1.10: 8 or 32 bytes; OpenSSL finds out when an address is compared",
  ),
  {
    name: "thousands of names below thousands of constraints",
    verdict: "limit-exceeded",
    at: 0,
    uncompared: "the number of comparisons is a limit of our own; OpenSSL has one of 2^20",
    make: () => {
      const many = (count: number, suffix: string): NameText[] =>
        Array.from({ length: count }, (_, i): NameText => `dns:h${i}.${suffix}`);
      return usual({
        intermediate: { with: [nameConstraints([], many(1000, "example.org"))] },
        leaf: { with: [subjectAltName(many(1000, "example.com"))] },
      });
    },
  },
];
