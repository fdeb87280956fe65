/** The verdict of `openssl verify` on a case of the tables. */
import { NOW } from "./maker.ts";
import type { Case } from "./scenario.ts";

/** What `openssl version` says, `undefined` where there is none, or one before 3.0. */
export const opensslVersion: string | undefined = await new Deno.Command("openssl", {
  args: ["version"],
  stderr: "null",
}).output().then(
  ({ stdout }) => /^OpenSSL ((?:[3-9]|\d\d)\.\S+)/.exec(new TextDecoder().decode(stdout))?.[1],
  () => undefined,
);

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
export async function askOpenssl(row: Case): Promise<{ valid: boolean; output: string }> {
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
    return { valid: code === 0, output: text.decode(stdout) + text.decode(stderr) };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
