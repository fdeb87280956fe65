/** CAs: basicConstraints, key usage, path lengths, purposes of CAs. */
import { hex, sequence } from "../der.ts";
import { basicConstraints, extendedKeyUsage, Id, keyUsage } from "../extensions.ts";
import { keyOf } from "../keys.ts";
import {
  type Changes,
  intermediate,
  leaf,
  type Made,
  root,
  type Scenario,
  usual,
  usualChain,
} from "../scenario.ts";

/** A root, CAs below each other, and a leaf; `changes` of each CA from the root on. */
function tower(...changes: Changes[]): Made[] {
  const [first = {}, ...others] = changes;
  const made = [root("CN=CA 0", "p256:ca 0", first)];
  for (const [i, change] of others.entries()) {
    made.push(intermediate(made.at(-1)!, `CN=CA ${i + 1}`, `p256:ca ${i + 1}`, change));
  }
  return [leaf(made.at(-1)!), ...made.reverse()];
}

function towerCase(...changes: Changes[]) {
  const made = tower(...changes);
  return { chain: made.slice(0, -1).map(({ der }) => der), anchors: [made.at(-1)!.der] };
}

const limited = (pathLength: number): Changes => ({ with: [basicConstraints(true, pathLength)] });

/** A certificate of the same CA for a new key of its own. */
const selfIssued = (name: string): Changes => ({ subject: name });

export const authorities: readonly Scenario[] = [
  {
    name: "an intermediate that is no CA",
    verdict: "not-a-ca",
    at: 1,
    make: () => usual({ intermediate: { with: [basicConstraints(false)] } }),
  },
  {
    name: "an intermediate without basicConstraints",
    verdict: "not-a-ca",
    at: 1,
    make: () => usual({ intermediate: { without: [Id.bc] } }),
  },
  {
    name: "an anchor without basicConstraints",
    verdict: "not-a-ca",
    at: -1,
    make: () => usual({ root: { without: [Id.bc] } }),
  },
  {
    name: "a leaf that signs another leaf",
    verdict: "not-a-ca",
    at: 1,
    make: () => {
      const made = usualChain();
      const below = leaf(made.leaf, { subject: "CN=forged", key: keyOf("p256:forged") });
      return { chain: [below.der, made.leaf.der, made.intermediate.der], anchors: [made.root.der] };
    },
  },
  {
    name: "an intermediate without the key usage of signing certificates",
    verdict: "not-a-ca",
    at: 1,
    make: () => usual({ intermediate: { with: [keyUsage("digitalSignature", "cRLSign")] } }),
  },
  {
    name: "an anchor without the key usage of signing certificates",
    verdict: "not-a-ca",
    at: -1,
    make: () => usual({ root: { with: [keyUsage("cRLSign")] } }),
  },
  {
    name: "an intermediate without a key usage",
    verdict: "valid",
    differs:
      "RFC 5280 section 6.1.4 (n) checks a key usage if there is one; -x509_strict wants CAs to have one",
    make: () => usual({ intermediate: { without: [Id.ku] } }),
  },
  {
    name: "an intermediate whose basicConstraints are not critical",
    verdict: "valid",
    differs: "RFC 5280 section 6.1.4 (k) does not ask; -x509_strict wants what CAs must write",
    make: () => usual({ intermediate: { with: [basicConstraints(true, undefined, false)] } }),
  },
  {
    name: "a leaf that may be a CA",
    verdict: "valid",
    make: () =>
      usual({ leaf: { with: [basicConstraints(true), keyUsage("digitalSignature", "keyCertSign")] } }),
  },
  {
    name: "a leaf with a path length, but no CA",
    verdict: "malformed",
    at: 0,
    make: () => usual({ leaf: { with: [{ id: Id.bc, critical: true, value: sequence(hex("02 01 00")) }] } }),
  },
  {
    name: "an intermediate with a negative path length",
    verdict: "malformed",
    at: 1,
    make: () =>
      usual({
        intermediate: { with: [{ id: Id.bc, critical: true, value: sequence(hex("01 01 ff 02 01 ff")) }] },
      }),
  },
  {
    name: "basicConstraints with an explicit FALSE, as many leaves have",
    verdict: "valid",
    make: () => usual({ leaf: { with: [{ id: Id.bc, critical: true, value: sequence(hex("01 01 00")) }] } }),
  },
  {
    name: "basicConstraints with a BOOLEAN of 1",
    verdict: "malformed",
    at: 1,
    differs: "X.690 section 11.1: TRUE is 0xff in DER; OpenSSL takes every byte but 0",
    make: () =>
      usual({ intermediate: { with: [{ id: Id.bc, critical: true, value: sequence(hex("01 01 01")) }] } }),
  },
  {
    name: "a root of path length 0 over an intermediate",
    verdict: "path-too-long",
    at: 1,
    make: () => usual({ root: limited(0) }),
  },
  {
    name: "a root of path length 1 over an intermediate",
    verdict: "valid",
    make: () => usual({ root: limited(1) }),
  },
  {
    name: "an intermediate of path length 0 over a leaf",
    verdict: "valid",
    make: () => usual({ intermediate: limited(0) }),
  },
  {
    name: "four CAs in a row",
    verdict: "valid",
    make: () => towerCase({}, {}, {}, {}),
  },
  {
    name: "path lengths that shrink by one at each CA",
    verdict: "valid",
    make: () => towerCase(limited(2), limited(1), limited(0)),
  },
  {
    name: "a path length that a lower CA cannot widen",
    verdict: "path-too-long",
    at: 2,
    make: () => towerCase(limited(1), limited(9), {}, {}),
  },
  {
    name: "a path length that is exceeded far below",
    verdict: "path-too-long",
    at: 1,
    make: () => towerCase(limited(2), {}, {}, {}),
  },
  {
    name: "a CA that is a leaf here does not count for path lengths",
    verdict: "valid",
    make: () => {
      const made = usualChain({ intermediate: limited(0) });
      const ca = leaf(made.intermediate, {
        with: [basicConstraints(true), keyUsage("digitalSignature", "keyCertSign")],
      });
      return { chain: [ca.der, made.intermediate.der], anchors: [made.root.der] };
    },
  },
  {
    name: "a self-issued CA does not count for path lengths",
    verdict: "valid",
    make: () => towerCase({ ...selfIssued("CN=CA"), ...limited(1) }, selfIssued("CN=CA"), {}),
  },
  {
    name: "a CA below a self-issued one counts for path lengths",
    verdict: "path-too-long",
    at: 1,
    make: () => towerCase({ ...selfIssued("CN=CA"), ...limited(0) }, selfIssued("CN=CA"), {}),
  },
  {
    name: "an intermediate for servers",
    verdict: "valid",
    make: () => usual({ intermediate: { with: [extendedKeyUsage("server")] } }),
  },
  {
    name: "an intermediate for servers over a client",
    verdict: "wrong-purpose",
    at: 1,
    make: () => usual({ intermediate: { with: [extendedKeyUsage("server")] }, purpose: "client" }),
  },
  {
    name: "an intermediate for any purpose",
    verdict: "valid",
    differs:
      "anyExtendedKeyUsage restricts nothing (RFC 5280 section 4.2.1.12); OpenSSL wants serverAuth itself",
    make: () => usual({ intermediate: { with: [extendedKeyUsage("any")] } }),
  },
  {
    name: "an intermediate for signing code",
    verdict: "wrong-purpose",
    at: 1,
    make: () => usual({ intermediate: { with: [extendedKeyUsage("code")] } }),
  },
  {
    name: "an anchor for clients over a server",
    verdict: "wrong-purpose",
    at: -1,
    make: () => usual({ root: { with: [extendedKeyUsage("client")] } }),
  },
];
