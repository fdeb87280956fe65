/** The verdict of `openssl verify` on a case of the tables. */
import type { CertificateReason } from "../../../runtime/tls/x509/mod.ts";
import { NOW } from "./maker.ts";
import type { Case } from "./scenario.ts";

async function findOpenssl(): Promise<string | undefined> {
  try {
    const { stdout } = await new Deno.Command("openssl", { args: ["version"], stderr: "null" }).output();
    return /^OpenSSL ((?:[3-9]|\d\d)\.\S+)/.exec(new TextDecoder().decode(stdout))?.[1];
  } catch {
    return undefined;
  }
}

/** The version of OpenSSL, `undefined` where there is none, or one before 3.0. */
export const opensslVersion: string | undefined = await findOpenssl();

function pem(label: string, ders: readonly Uint8Array[]): string {
  return ders.map((der) => {
    const lines = der.toBase64().match(/.{1,64}/g) ?? [];
    return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
  }).join("");
}

function nameArguments({ name }: Case): string[] {
  if (name === undefined) return [];
  if ("dns" in name) return ["-verify_hostname", name.dns];
  return ["-verify_ip", typeof name.ip === "string" ? name.ip : [...name.ip].join(".")];
}

/**
 * Asks OpenSSL. The options make its rules ours: strictness of RFC 5280, RSA of 2048 bits and SHA-256 at least, policies
 * processed with any of them acceptable, anchors that need not sign themselves.
 */
export async function askOpenssl(row: Case): Promise<{ valid: boolean; code: number; output: string }> {
  const directory = await Deno.makeTempDir();
  try {
    const file = async (name: string, text: string) => {
      await Deno.writeTextFile(`${directory}/${name}`, text);
      return `${directory}/${name}`;
    };
    const { chain, anchors, crls = [], requireCrls, purpose = "server", time = NOW } = row;
    const [leaf = new Uint8Array(), ...others] = chain;
    const args = [
      "verify",
      "-x509_strict",
      "-policy",
      "anyPolicy",
      "-partial_chain",
      "-no-CApath",
      "-no-CAstore",
    ];
    args.push("-auth_level", "2", "-purpose", purpose === "server" ? "sslserver" : "sslclient");
    args.push("-attime", String(Math.floor(time.getTime() / 1000)), ...nameArguments(row));
    args.push("-CAfile", await file("anchors.pem", pem("CERTIFICATE", anchors)));
    if (others.length > 0) args.push("-untrusted", await file("untrusted.pem", pem("CERTIFICATE", others)));
    if (crls.length > 0) args.push("-CRLfile", await file("crls.pem", pem("X509 CRL", crls)));
    if (crls.length > 0 || requireCrls) args.push("-crl_check_all");
    args.push(await file("leaf.pem", pem("CERTIFICATE", [leaf])));
    const { code, stdout, stderr } = await new Deno.Command("openssl", { args, env: { LC_ALL: "C" } })
      .output();
    const text = new TextDecoder();
    const output = text.decode(stdout) + text.decode(stderr);
    return { valid: code === 0, code: Number(/^error (\d+) at/m.exec(output)?.[1] ?? 0), output };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/**
 * The errors of openssl-verify(1) that say the same as our reasons, so that agreement is not by chance. What does not
 * parse here has many names there, and is left out.
 */
export const sameErrors: Partial<Record<CertificateReason, readonly number[]>> = {
  "unknown-issuer": [18, 19, 20],
  "not-yet-valid": [9],
  expired: [10],
  // 20 for a leaf whose key usage has no bit, which OpenSSL takes as damaged.
  "wrong-purpose": [26, 20],
  // 20 where the algorithm does not fit the key of the issuer, which is then none to OpenSSL.
  "bad-signature": [7, 20],
  "weak-algorithm": [66, 67, 68],
  // 3 for a CRL of changes only, which OpenSSL leaves aside.
  "unknown-critical-extension": [34, 36, 44, 3],
  "unsupported-version": [79],
  "not-a-ca": [79],
  "path-too-long": [25],
  "name-constraint": [47, 48, 51, 53],
  "no-valid-policy": [43],
  "wrong-name": [62, 64],
  // 3 where another issuer of the path has no CRL, which is looked for first.
  revoked: [23, 3],
  "no-crl": [3],
  "bad-crl": [8, 11, 12, 35],
};
