/** Building paths: several anchors, cross-signed CAs, detours, pins, and bounds of the work. */
import { sequence, tlv } from "../der.ts";
import { basicConstraints, Id } from "../extensions.ts";
import { keyOf } from "../keys.ts";
import {
  type Case,
  intermediate,
  leaf,
  type Made,
  root,
  type Scenario,
  usual,
  usualChain,
} from "../scenario.ts";

const past = { to: new Date("2026-02-01T00:00:00Z") };

function ders(...made: Made[]): Uint8Array[] {
  return made.map(({ der }) => der);
}

/** One intermediate that two roots have certified. */
function crossSigned(changes: { first?: object; second?: object } = {}) {
  const rootA = root("CN=Root A", "p256:root a");
  const rootB = root("CN=Root B", "p256:root b");
  const byA = intermediate(rootA, "CN=Cross", "p256:cross", changes.first);
  const byB = intermediate(rootB, "CN=Cross", "p256:cross", changes.second);
  return { rootA, rootB, byA, byB, end: leaf(byA) };
}

/** CAs that have all certified each other, below no anchor: every order of them is a path to nowhere. */
function mesh(size: number): Case {
  const key = (i: number) => keyOf(`p256:mesh ${i}`);
  const self = (i: number): Made => root(`CN=Mesh ${i}`, `p256:mesh ${i}`);
  const made = [leaf(self(0))];
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      if (i !== j) made.push(intermediate(self(i), `CN=Mesh ${j}`, `p256:mesh ${j}`, { key: key(j) }));
    }
  }
  return {
    chain: ders(...made),
    anchors: ders(root("CN=Nowhere", "p256:nowhere")),
    limits: { certificates: 100 },
  };
}

export const paths: readonly Scenario[] = [
  {
    name: "two intermediates in the wrong order",
    verdict: "valid",
    make: () => {
      const top = root("CN=Root", "p256:root");
      const upper = intermediate(top, "CN=Upper", "p256:upper");
      const lower = intermediate(upper, "CN=Lower", "p256:lower");
      return { chain: ders(leaf(lower), upper, lower), anchors: ders(top) };
    },
  },
  {
    name: "certificates in the chain that have nothing to do with it",
    verdict: "valid",
    make: () => {
      const made = usualChain();
      const other = root("CN=Stranger", "p256:stranger");
      return { chain: ders(made.leaf, other, made.intermediate, leaf(other)), anchors: ders(made.root) };
    },
  },
  {
    name: "an expired certificate in the chain that no path needs",
    verdict: "valid",
    make: () => {
      const made = usualChain();
      const other = root("CN=Stranger", "p256:stranger", past);
      return { chain: ders(made.leaf, made.intermediate, other), anchors: ders(made.root) };
    },
  },
  {
    name: "the leaf a second time among the intermediates",
    verdict: "valid",
    make: () => {
      const made = usualChain();
      return { chain: ders(made.leaf, made.leaf, made.intermediate), anchors: ders(made.root) };
    },
  },
  {
    name: "the right anchor among others",
    verdict: "valid",
    make: () => {
      const made = usualChain();
      const others = [1, 2, 3].map((i) => root(`CN=Other ${i}`, `p256:other ${i}`));
      return { chain: ders(made.leaf, made.intermediate), anchors: ders(...others, made.root) };
    },
  },
  {
    name: "an anchor of the same name with another key before the right one",
    verdict: "valid",
    make: () => {
      const made = usualChain();
      const twin = root("O=Example,CN=Root", "p256:twin");
      return { chain: ders(made.leaf, made.intermediate), anchors: ders(twin, made.root) };
    },
  },
  {
    name: "an anchor of the same name and key that has expired before the right one",
    verdict: "valid",
    make: () => {
      const made = usualChain();
      const old = root("O=Example,CN=Root", "p256:root", past);
      return { chain: ders(made.leaf, made.intermediate), anchors: ders(old, made.root) };
    },
  },
  {
    name: "a cross-signed intermediate with the first root as anchor",
    verdict: "valid",
    differs: "OpenSSL settles for the first issuer that it finds for a name and key, and does not go back",
    make: () => {
      const { rootA, byA, byB, end } = crossSigned();
      return { chain: ders(end, byB, byA), anchors: ders(rootA) };
    },
  },
  {
    name: "a cross-signed intermediate with the second root as anchor",
    verdict: "valid",
    differs: "OpenSSL settles for the first issuer that it finds for a name and key, and does not go back",
    make: () => {
      const { rootB, byA, byB, end } = crossSigned();
      return { chain: ders(end, byA, byB), anchors: ders(rootB) };
    },
  },
  {
    name: "a cross-signed intermediate whose first certificate has expired",
    verdict: "valid",
    make: () => {
      const { rootA, rootB, byA, byB, end } = crossSigned({ first: past });
      return { chain: ders(end, byA, byB), anchors: ders(rootA, rootB) };
    },
  },
  {
    name: "a cross-signed intermediate whose first certificate is no CA",
    verdict: "valid",
    differs: "OpenSSL settles for the first issuer that it finds for a name and key, and does not go back",
    make: () => {
      const { rootA, rootB, byA, byB, end } = crossSigned({ first: { with: [basicConstraints(false)] } });
      return { chain: ders(end, byA, byB), anchors: ders(rootA, rootB) };
    },
  },
  {
    name: "a cross-signed intermediate of which both certificates have expired",
    verdict: "expired",
    make: () => {
      const { rootA, rootB, byA, byB, end } = crossSigned({ first: past, second: past });
      return { chain: ders(end, byA, byB), anchors: ders(rootA, rootB) };
    },
  },
  {
    name: "two intermediates that certified each other, below no anchor",
    verdict: "unknown-issuer",
    make: () => mesh(2),
  },
  {
    name: "six intermediates that certified each other, below no anchor",
    verdict: "limit-exceeded",
    uncompared: "the number of signatures that are tried is a limit of our own",
    make: () => mesh(6),
  },
  {
    name: "six intermediates of one name with keys of their own",
    verdict: "unknown-issuer",
    at: 0,
    make: () => {
      const top = root("CN=Root", "p256:root");
      const twins = [1, 2, 3, 4, 5, 6].map((i) => intermediate(top, "CN=Twin", `p256:twin ${i}`));
      const forged = { subject: "CN=Twin", key: keyOf("p256:forger") };
      return { chain: ders(leaf(twins[0]!, { issuer: forged }), ...twins), anchors: ders(top) };
    },
  },
  {
    name: "a self-signed leaf that is an anchor",
    verdict: "valid",
    make: () => {
      const key = keyOf("p256:leaf");
      const self = leaf(usualChain().intermediate, { issuer: { subject: "O=Example,CN=leaf", key } });
      return { chain: ders(self), anchors: ders(self) };
    },
  },
  {
    name: "a self-signed leaf that is no anchor",
    verdict: "unknown-issuer",
    at: 0,
    make: () => {
      const key = keyOf("p256:leaf");
      const self = leaf(usualChain().intermediate, { issuer: { subject: "O=Example,CN=leaf", key } });
      return { chain: ders(self), anchors: ders(usualChain().root) };
    },
  },
  {
    name: "another self-signed leaf with the name of an anchor that is a leaf",
    verdict: "unknown-issuer",
    at: 0,
    make: () => {
      const made = usualChain();
      const self = (name: "p256:leaf" | "p256:forger") =>
        leaf(made.intermediate, {
          key: keyOf(name),
          issuer: { subject: "O=Example,CN=leaf", key: keyOf(name) },
        });
      return { chain: ders(self("p256:forger")), anchors: ders(self("p256:leaf")) };
    },
  },
  {
    name: "a leaf that is an anchor, and has expired",
    verdict: "expired",
    at: 0,
    make: () => {
      const made = usualChain({ leaf: past });
      return { chain: ders(made.leaf), anchors: ders(made.leaf) };
    },
  },
  {
    name: "a leaf that is an anchor, for another name than the one asked for",
    verdict: "wrong-name",
    at: 0,
    make: () => {
      const made = usualChain();
      return { chain: ders(made.leaf), anchors: ders(made.leaf), name: { dns: "other.example.com" } };
    },
  },
  {
    name: "a leaf of a CA that is an anchor",
    verdict: "valid",
    make: () => {
      const made = usualChain();
      return { chain: ders(made.leaf), anchors: ders(made.leaf) };
    },
  },
  {
    name: "an intermediate that is an anchor, without its root",
    verdict: "valid",
    make: () => {
      const made = usualChain();
      return { chain: ders(made.leaf), anchors: ders(made.intermediate) };
    },
  },
  {
    name: "a leaf as anchor of another leaf that it signed",
    verdict: "not-a-ca",
    at: -1,
    make: () => {
      const made = usualChain();
      return { chain: ders(leaf(made.leaf, { subject: "CN=below" })), anchors: ders(made.leaf) };
    },
  },
  {
    name: "a chain of ten certificates with its anchor",
    verdict: "valid",
    make: () => {
      const made = [root("CN=CA 0", "p256:ca 0")];
      for (let i = 1; i < 9; i++) made.unshift(intermediate(made[0]!, `CN=CA ${i}`, `p256:ca ${i}`));
      return { chain: ders(leaf(made[0]!), ...made.slice(0, -1)), anchors: ders(made.at(-1)!) };
    },
  },
  {
    name: "a chain of eleven certificates with its anchor",
    verdict: "limit-exceeded",
    uncompared: "the longest path is a limit of our own",
    make: () => {
      const made = [root("CN=CA 0", "p256:ca 0")];
      for (let i = 1; i < 10; i++) made.unshift(intermediate(made[0]!, `CN=CA ${i}`, `p256:ca ${i}`));
      return { chain: ders(leaf(made[0]!), ...made.slice(0, -1)), anchors: ders(made.at(-1)!) };
    },
  },
  {
    name: "a detour of more than ten certificates that comes before a short path",
    verdict: "valid",
    make: () => {
      const long = [root("CN=Far 0", "p256:far 0")];
      for (let i = 1; i < 10; i++) long.unshift(intermediate(long[0]!, `CN=Far ${i}`, `p256:ca ${i}`));
      const near = root("CN=Near", "p256:near");
      const byFar = intermediate(long[0]!, "CN=Cross", "p256:cross");
      const byNear = intermediate(near, "CN=Cross", "p256:cross");
      return {
        chain: ders(leaf(byFar), byFar, byNear, ...long.slice(0, -1)),
        anchors: ders(long.at(-1)!, near),
      };
    },
  },
  {
    name: "seventeen certificates",
    verdict: "limit-exceeded",
    uncompared: "the number of certificates is a limit of our own",
    make: () => {
      const made = usualChain();
      return { chain: ders(made.leaf, ...Array<Made>(16).fill(made.intermediate)), anchors: ders(made.root) };
    },
  },
  {
    name: "a certificate of more than 64 KiB",
    verdict: "limit-exceeded",
    at: 0,
    uncompared: "the size of a certificate is a limit of our own",
    make: () =>
      usual({ leaf: { with: [{ id: "1.3.6.1.4.1.55555.1", value: tlv(0x04, new Uint8Array(70_000)) }] } }),
  },
  {
    name: "an intermediate whose key identifier cannot be read",
    verdict: "malformed",
    at: 1,
    make: () => usual({ intermediate: { with: [{ id: Id.ski, value: sequence() }] } }),
  },
];
