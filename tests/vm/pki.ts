/** Certificates for the NFS suites: two authorities, and what they say of a server and a client. */
import { subjectAltName } from "../tls/x509/extensions.ts";
import { type KeyName, keyOf } from "../tls/x509/keys.ts";
import { makeCrl } from "../tls/x509/maker.ts";
import { type Changes, intermediate, leaf, type Made, root } from "../tls/x509/scenario.ts";
import { keyPem, pem, writeFile } from "../tlshd/pki.ts";

const day = 24 * 3600_000;
const after = (days: number) => new Date(Math.floor(Date.now() / 1000) * 1000 + days * day);
/** The machine has the host's clock. */
const valid = { from: after(-2), to: after(30) };

/**
 * Puts into the folder pki of a payload: ca.pem, crl.pem, and for each role ROLE.pem with ROLE.key, and certificates
 * for the same key that are not to be accepted: ROLE-expired.pem, ROLE-other.pem (of another name), ROLE-unknown.pem (of
 * an authority that is not in ca.pem) and ROLE-revoked.pem (which is in crl.pem).
 */
export async function makePki(payload: string): Promise<void> {
  const folder = `${payload}/pki`;
  await Deno.mkdir(folder);
  const issuers = (name: KeyName): { top: Made; middle: Made } => {
    const top = root(`O=tynl,CN=Root ${name}`, name, valid);
    return { top, middle: intermediate(top, `O=tynl,CN=Issuer ${name}`, `${name} 2`, valid) };
  };
  const known = issuers("p256:known"), unknown = issuers("p256:unknown");
  const revoked: { serial: Uint8Array }[] = [];
  const serial = (last: number) => Uint8Array.of(0x21, 0, 0, last);

  for (const [index, role] of ["server", "client"].entries()) {
    const key = keyOf(`p256:${role}`);
    const name = (text: string) => ({ with: [subjectAltName([`dns:${text}`])] });
    const write = (file: string, { middle }: typeof known, changes: Changes = {}) => {
      const made = leaf(middle, {
        subject: `CN=${role}`,
        key,
        ...valid,
        ...name(`${role}.test`),
        ...changes,
      });
      const chain = pem("CERTIFICATE", made.der) + pem("CERTIFICATE", middle.der);
      writeFile(folder, `${file}.pem`, chain);
      return made;
    };
    writeFile(folder, `${role}.key`, keyPem(write(role, known)), 0o600);
    write(`${role}-expired`, known, { from: after(-20), to: after(-1) });
    write(`${role}-other`, known, name("other.test"));
    write(`${role}-unknown`, unknown);
    write(`${role}-revoked`, known, { serial: serial(index) });
    revoked.push({ serial: serial(index) });
  }
  writeFile(folder, "ca.pem", pem("CERTIFICATE", known.top.der));
  const issuer = known.middle.spec;
  writeFile(folder, "crl.pem", pem("X509 CRL", makeCrl({ issuer, revoked, ...valid })));
}
