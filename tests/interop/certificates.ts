/** A certificate authority for one test run, made by the openssl command. */
import { createPrivateKey } from "node:crypto";
import type { KeyedCertificate, VerifyPeer } from "../../runtime/tls/mod.ts";
import {
  type Crl,
  parseCertificate,
  parseCrl,
  readPem,
  verifyCertificateChain,
} from "../../runtime/tls/x509/mod.ts";

/** Kinds of keys that certificates have. */
export const kinds = ["p256", "p384", "ed25519", "rsa", "rsa-pss"] as const;
/** One of them. */
export type Kind = typeof kinds[number];

const keyArguments: { readonly [kind in Kind]: readonly string[] } = {
  "p256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
  "p384": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
  "ed25519": ["-algorithm", "ED25519"],
  "rsa": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
  "rsa-pss": ["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"],
};

function openssl(...args: string[]): void {
  const { success, stderr } = new Deno.Command("openssl", { args, stdin: "null", stdout: "null" })
    .outputSync();
  if (!success) throw new Error(`openssl ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

/** Files of a certificate authority and of what it issued. */
export class Authority implements Disposable {
  readonly #folder: string = Deno.makeTempDirSync({ prefix: "tynl-interop-" });
  readonly #issued = new Set<string>();

  constructor() {
    openssl("genpkey", ...keyArguments.p256, "-out", this.file("ca.key"));
    openssl(
      "req",
      "-x509",
      "-key",
      this.file("ca.key"),
      "-subj",
      "/CN=tynl test CA",
      "-days",
      "30",
      "-addext",
      "keyUsage=critical,keyCertSign,cRLSign",
      "-out",
      this.file("ca.pem"),
    );
  }

  /** Path of a file. */
  file(name: string): string {
    return `${this.#folder}/${name}`;
  }

  /** Files of a leaf of that kind for the name peer.test, good for both roles. */
  leaf(kind: Kind): { readonly certificate: string; readonly key: string } {
    const [key, request, certificate] = ["key", "csr", "pem"].map((ending) =>
      this.file(`${kind}.${ending}`)
    ) as [
      string,
      string,
      string,
    ];
    if (!this.#issued.has(kind)) {
      this.#issued.add(kind);
      const extensions = this.file("leaf.cnf");
      Deno.writeTextFileSync(
        extensions,
        "subjectAltName=DNS:peer.test\nkeyUsage=digitalSignature\n" +
          "extendedKeyUsage=serverAuth,clientAuth\nbasicConstraints=CA:FALSE\n",
      );
      openssl("genpkey", ...keyArguments[kind], "-out", key);
      openssl("req", "-new", "-key", key, "-subj", `/CN=${kind}`, "-out", request);
      openssl(
        "x509",
        "-req",
        "-in",
        request,
        "-CA",
        this.file("ca.pem"),
        "-CAkey",
        this.file("ca.key"),
        "-CAcreateserial",
        "-days",
        "20",
        "-extfile",
        extensions,
        "-out",
        certificate,
      );
    }
    return { certificate, key };
  }

  /** The same for our own engine. */
  certificate(kind: Kind): KeyedCertificate {
    const { certificate, key } = this.leaf(kind);
    return {
      chain: readPem(Deno.readTextFileSync(certificate), "CERTIFICATE"),
      privateKey: createPrivateKey(Deno.readTextFileSync(key)),
    };
  }

  /** A list of revoked certificates with the leaf of that kind on it. */
  revoking(kind: Kind): Crl {
    const config = this.file("ca.cnf");
    Deno.writeTextFileSync(
      config,
      `[ca]\ndefault_ca = tynl\n[tynl]\ndatabase = ${this.file("index.txt")}\ndefault_md = sha256\n` +
        `certificate = ${this.file("ca.pem")}\nprivate_key = ${this.file("ca.key")}\ndefault_crl_days = 10\n`,
    );
    Deno.writeTextFileSync(this.file("index.txt"), "");
    openssl("ca", "-config", config, "-revoke", this.leaf(kind).certificate);
    openssl("ca", "-config", config, "-gencrl", "-out", this.file("crl.pem"));
    return parseCrl(readPem(Deno.readTextFileSync(this.file("crl.pem")), "X509 CRL")[0]!);
  }

  /** Trusts what this authority issued, as of a certain moment or as of now, whenever that is. */
  verifyPeer(moment?: Date, crls: readonly Crl[] = []): VerifyPeer {
    const anchors = readPem(Deno.readTextFileSync(this.file("ca.pem")), "CERTIFICATE").map(parseCertificate);
    return (chain, { peerRole, serverName }) =>
      void verifyCertificateChain({
        chain,
        anchors,
        crls,
        purpose: peerRole,
        time: moment ?? new Date(),
        ...serverName === undefined ? {} : { name: { dns: serverName } },
      });
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#folder, { recursive: true });
  }
}
