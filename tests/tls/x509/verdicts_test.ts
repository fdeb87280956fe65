import assert from "node:assert/strict";
import {
  CertificateError,
  parseCertificate,
  parseCrl,
  verifyCertificateChain,
} from "../../../runtime/tls/x509/mod.ts";
import { NOW } from "./maker.ts";
import { askOpenssl, opensslVersion, sameErrors } from "./openssl.ts";
import type { Case, Scenario } from "./scenario.ts";
import { algorithms } from "./tables/algorithms.ts";
import { authorities } from "./tables/authorities.ts";
import { basics } from "./tables/basics.ts";
import { constraints } from "./tables/constraints.ts";
import { encoding } from "./tables/encoding.ts";
import { hostnames } from "./tables/hostnames.ts";
import { paths } from "./tables/paths.ts";
import { certificatePolicies } from "./tables/policies.ts";
import { revocation } from "./tables/revocation.ts";

const tables: Readonly<Record<string, readonly Scenario[]>> = {
  basics,
  authorities,
  algorithms,
  paths,
  hostnames,
  constraints,
  certificatePolicies,
  revocation,
  encoding,
};

/** Our verdict, with the index of the certificate it is about: -1 for one that is not in the chain. */
function ourVerdict(row: Case): { reason: string; at?: number } {
  try {
    verifyCertificateChain({
      chain: row.chain,
      anchors: row.anchors.map(parseCertificate),
      crls: (row.crls ?? []).map(parseCrl),
      purpose: row.purpose ?? "server",
      time: row.time ?? NOW,
      ...row.requireCrls === undefined ? {} : { requireCrls: row.requireCrls },
      ...row.name === undefined ? {} : { name: row.name },
      ...row.limits === undefined ? {} : { limits: row.limits },
    });
    return { reason: "valid" };
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    return { reason: error.reason, at: error.index ?? -1 };
  }
}

for (const [title, table] of Object.entries(tables)) {
  for (const { name, verdict, at, differs, uncompared, olderOpenssl, make } of table) {
    const row = make();
    Deno.test(`${title}: ${name}: ${verdict}`, () => {
      const ours = ourVerdict(row);
      assert.equal(ours.reason, verdict);
      if (at !== undefined) assert.equal(ours.at, at);
    });
    const reason = opensslVersion === undefined
      ? "there is no openssl 3"
      : uncompared ?? (Number(/^3\.(\d+)\./.exec(opensslVersion)?.[1] ?? 5) < 5 ? olderOpenssl : undefined);
    Deno.test({
      name: `${title}: ${name}: openssl ${differs === undefined ? "agrees" : `differs: ${differs}`}` +
        (reason === undefined ? "" : ` (ignored: ${reason})`),
      ignore: reason !== undefined,
      fn: async () => {
        const { valid, code, output } = await askOpenssl(row);
        assert.equal(valid, (verdict === "valid") === (differs === undefined), output);
        const same = verdict === "valid" ? undefined : sameErrors[verdict];
        if (!valid && same !== undefined) assert(same.includes(code), output);
      },
    });
  }
}

Deno.test("the tables have at least 120 chains, each with a name of its own", () => {
  const names = Object.values(tables).flat().map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  assert(names.length >= 120, `there are ${names.length}`);
});
