/** Certificates for the NFS suites: an authority, and what it says of a server and a client. */
import { call } from "./tools.ts";

const P256 = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
const DAYS = ["-days", "3650"];

/** Puts ca.pem, and the certificate and key of server.test and client.test, into the folder pki of a payload. */
export async function makePki(payload: string): Promise<void> {
  const folder = `${payload}/pki`;
  await Deno.mkdir(folder);
  const openssl = (...args: string[]) => call("openssl", args, folder);
  const makeKey = (name: string) => openssl("genpkey", ...P256, "-out", `${name}.key`);

  await makeKey("ca");
  const authority = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"];
  await openssl(
    ...["req", "-x509", "-new", "-key", "ca.key", "-subj", "/CN=test CA", "-out", "ca.pem", ...DAYS],
    ...authority.flatMap((extension) => ["-addext", extension]),
  );
  for (const name of ["server", "client"]) {
    await makeKey(name);
    await openssl("req", "-new", "-key", `${name}.key`, "-subj", `/CN=${name}.test`, "-out", `${name}.csr`);
    const extensions = [
      `subjectAltName=DNS:${name}.test`,
      "keyUsage=critical,digitalSignature",
      `extendedKeyUsage=${name}Auth`,
    ];
    await Deno.writeTextFile(`${folder}/${name}.ext`, extensions.join("\n"));
    const signer = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
    const certificate = ["-extfile", `${name}.ext`, "-out", `${name}.pem`];
    await openssl("x509", "-req", "-in", `${name}.csr`, ...signer, ...DAYS, ...certificate);
  }
}
