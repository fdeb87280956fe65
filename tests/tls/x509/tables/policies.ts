/** Certificate policies (RFC 5280 section 6.1; cases in the manner of NIST PKITS section 4.8 to 4.12). */
import { hex, oid, sequence } from "../der.ts";
import { Id, inhibitAnyPolicy, policies, policyConstraints, policyMappings } from "../extensions.ts";
import { type Changes, intermediate, leaf, root, type Scenario, usual } from "../scenario.ts";

const ANY = "2.5.29.32.0";
const P1 = "1.3.6.1.4.1.55555.10.1";
const P2 = "1.3.6.1.4.1.55555.10.2";

/** The intermediate's extensions, then the leaf's. */
function row(
  name: string,
  verdict: Scenario["verdict"],
  above: Changes["with"],
  below: Changes["with"],
  rest: { differs?: string; at?: number } = {},
): Scenario {
  return {
    name,
    verdict,
    ...verdict === "valid" ? {} : { at: 0 },
    ...rest,
    make: () => usual({ intermediate: { with: above ?? [] }, leaf: { with: below ?? [] } }),
  };
}

/** Two intermediates, then the leaf. */
function deep(
  name: string,
  verdict: Scenario["verdict"],
  at: number,
  ...changes: NonNullable<Changes["with"]>[]
): Scenario {
  return {
    name,
    verdict,
    ...verdict === "valid" ? {} : { at },
    make: () => {
      const [first = [], second = [], third = []] = changes;
      const top = root("CN=Root", "p256:root");
      const upper = intermediate(top, "CN=Upper", "p256:upper", { with: first });
      const lower = intermediate(upper, "CN=Lower", "p256:lower", { with: second });
      return { chain: [leaf(lower, { with: third }).der, lower.der, upper.der], anchors: [top.der] };
    },
  };
}

const explicit = policyConstraints({ explicit: 0 });

export const certificatePolicies: readonly Scenario[] = [
  row("no policy where none is required", "valid", [], []),
  row("different policies where none is required", "valid", [policies(P1)], [policies(P2)]),
  row("one policy all the way where one is required", "valid", [policies(P1), explicit], [policies(P1)]),
  row("another policy of the leaf where one is required", "no-valid-policy", [policies(P1), explicit], [
    policies(P2),
  ]),
  row("no policy of the leaf where one is required", "no-valid-policy", [policies(P1), explicit], []),
  row("anyPolicy of the CA where a policy is required", "valid", [policies(ANY), explicit], [policies(P1)]),
  row("anyPolicy of the leaf where a policy is required", "valid", [policies(P1), explicit], [policies(ANY)]),
  row("no policy of the CA where one is required below", "no-valid-policy", [explicit], [policies(P1)]),
  row(
    "a policy required after one more certificate, which is the leaf",
    "no-valid-policy",
    [policyConstraints({ explicit: 1 })],
    [],
  ),
  row("a policy required after more certificates than there are", "valid", [
    policyConstraints({ explicit: 2 }),
  ], []),
  row("a policy required by the leaf itself", "no-valid-policy", [], [explicit]),
  row(
    "a policy mapped to that of the leaf",
    "valid",
    [policies(P1), policyMappings([P1, P2]), explicit],
    [policies(P2)],
  ),
  row(
    "the old name of a policy that is mapped",
    "no-valid-policy",
    [policies(P1), policyMappings([P1, P2]), explicit],
    [policies(P1)],
  ),
  row(
    "anyPolicy of the CA mapped to that of the leaf",
    "valid",
    [policies(ANY), policyMappings([P1, P2]), explicit],
    [policies(P2)],
  ),
  row(
    "anyPolicy in a mapping",
    "malformed",
    [policies(P1), policyMappings([P1, ANY])],
    [policies(P1)],
    { at: 1 },
  ),
  row(
    "anyPolicy of the leaf where anyPolicy is inhibited",
    "no-valid-policy",
    [policies(P1), explicit, inhibitAnyPolicy(0)],
    [policies(ANY)],
  ),
  row(
    "anyPolicy of the leaf where anyPolicy is inhibited after it",
    "valid",
    [policies(P1), explicit, inhibitAnyPolicy(1)],
    [policies(ANY)],
  ),
  deep(
    "mapping that a CA above has inhibited",
    "no-valid-policy",
    0,
    [policies(P1), policyConstraints({ explicit: 0, mapping: 0 })],
    [policies(P1), policyMappings([P1, P2])],
    [policies(P2)],
  ),
  deep(
    "mapping that a CA above inhibits only further below",
    "valid",
    0,
    [policies(P1), policyConstraints({ explicit: 0, mapping: 1 })],
    [policies(P1), policyMappings([P1, P2])],
    [policies(P2)],
  ),
  deep(
    "a policy that one CA in the middle does not have",
    "no-valid-policy",
    1,
    [policies(P1), explicit],
    [policies(P2)],
    [policies(P1)],
  ),
  deep(
    "anyPolicy of the second CA where the first inhibits it",
    "no-valid-policy",
    1,
    [policies(P1), explicit, inhibitAnyPolicy(0)],
    [policies(ANY)],
    [policies(P1)],
  ),
  row("a policy that comes twice", "malformed", [], [policies(P1, P1)]),
  row(
    "policyConstraints of nothing",
    "malformed",
    [{ id: Id.policyConstraints, critical: true, value: sequence() }],
    [],
    {
      at: 1,
    },
  ),
  row("an empty list of policies", "malformed", [], [policies()], {
    differs:
      "RFC 5280 section 4.2.1.4: at least one; to OpenSSL it is none, which matters only where one is required",
  }),
  row(
    "a negative inhibitAnyPolicy",
    "malformed",
    [{ id: Id.inhibitAny, critical: true, value: hex("02 01 ff") }],
    [],
    {
      at: 1,
      differs:
        "RFC 5280 section 4.2.1.14: 0 or more; OpenSSL notes it, and refuses only where a policy is required",
    },
  ),
  row("a policy with a notice, critical", "valid", [], [{
    id: Id.policies,
    critical: true,
    value: sequence(sequence(oid(P1), sequence(sequence(oid("1.3.6.1.5.5.7.2.2"), sequence())))),
  }]),
  row("a policy with an unknown qualifier, critical", "unknown-critical-extension", [], [{
    id: Id.policies,
    critical: true,
    value: sequence(sequence(oid(P1), sequence(sequence(oid("1.3.6.1.4.1.55555.9"), sequence())))),
  }], {
    differs:
      "RFC 5280 section 4.2.1.4: a critical list has to be understood with its qualifiers; OpenSSL passes over them",
  }),
];
