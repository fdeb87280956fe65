/** A small PKI in PEM files, made for the test. @module */
import { keyOf } from "../tls/x509/keys.ts";
import { makeCrl, NOW } from "../tls/x509/maker.ts";
import { type Made, type UsualChain, usualChain } from "../tls/x509/scenario.ts";

export { NOW };

/** The usual chain, for all tests. */
export const chain: UsualChain = usualChain();

/** A PEM block. */
export function pem(label: string, der: Uint8Array): string {
  return `-----BEGIN ${label}-----\n${
    der.toBase64().replaceAll(/.{64}(?!$)/g, "$&\n")
  }\n-----END ${label}-----\n`;
}

/** The key of the leaf in PEM. */
export function keyPem(made: Made = chain.leaf): string {
  return made.spec.key.privateKey.export({ type: "pkcs8", format: "pem" }) as string;
}

/** A list of the intermediate CA that revokes nothing, or what is given. */
export function crlPem(revoked: { serial: Uint8Array }[] = []): string {
  return pem("X509 CRL", makeCrl({ issuer: chain.intermediate.spec, revoked }));
}

/** A key of another kind than the leaf's, in PEM. */
export function otherKey(name: Parameters<typeof keyOf>[0]): string {
  return keyOf(name).privateKey.export({ type: "pkcs8", format: "pem" }) as string;
}

/** Writes a file with a mode, whatever the umask, and gives its path. */
export function writeFile(folder: string, name: string, text: string, mode = 0o644): string {
  const path = `${folder}/${name}`;
  Deno.writeTextFileSync(path, text);
  Deno.chmodSync(path, mode);
  return path;
}

/** The files that the configuration of the NFS host names. */
export function writePki(folder: string): void {
  const leaf = pem("CERTIFICATE", chain.leaf.der) + pem("CERTIFICATE", chain.intermediate.der);
  writeFile(folder, "ca.pem", pem("CERTIFICATE", chain.root.der));
  writeFile(folder, "crl.pem", crlPem());
  for (const role of ["server", "client"]) {
    writeFile(folder, `${role}.pem`, leaf);
    writeFile(folder, `${role}.key`, keyPem(), 0o600);
  }
}

/** Calls `use` with a new folder, and removes it afterwards. */
export function inFolder(use: (folder: string) => void): void {
  const folder = Deno.makeTempDirSync({ prefix: "tynl-test-" });
  try {
    use(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
