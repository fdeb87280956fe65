// Trust stores, lists, chains and keys, as the configuration names them.
import assert from "node:assert/strict";
import { FileError, readTrusted, unsafe } from "../../cli/tlshd/files.ts";
import {
  loadCrls,
  loadIdentity,
  loadKey,
  loadTrustStore,
  systemTrustStore,
} from "../../cli/tlshd/material.ts";
import { withFolder } from "../cli/tynl.ts";
import { mutate, numbers } from "../tls/x509/mutate.ts";
import { chain, crlPem, inFolder, keyPem, NOW, otherKey, pem, writeFile, writePki } from "./pki.ts";

function fileError(path: string, problem: RegExp) {
  return (error: unknown): boolean => {
    assert(error instanceof FileError, String(error));
    assert.equal(error.path, path);
    assert(error.message.startsWith(`${path}: `), error.message);
    assert.match(error.message.slice(path.length + 2), problem);
    return true;
  };
}

Deno.test("a file is unsafe if others own it, may write it, or may read a secret in it", () => {
  assert.deepEqual(unsafe({ uid: 0, mode: 0o100644 }, "public", 1000), []);
  assert.deepEqual(unsafe({ uid: 1000, mode: 0o100600 }, "secret", 1000), []);
  assert.deepEqual(unsafe({ uid: null, mode: null }, "secret", 0), []);
  assert.deepEqual(unsafe({ uid: 33, mode: 0o100444 }, "public", 0), [
    "belongs to user 33; let root own it (chown root)",
  ]);
  assert.deepEqual(unsafe({ uid: 0, mode: 0o100664 }, "public", 0), [
    "mode 0664 lets others write it; chmod 0644",
  ]);
  assert.deepEqual(unsafe({ uid: 0, mode: 0o100640 }, "secret", 0), [
    "mode 0640 lets others at the key; chmod 0600",
  ]);
});

Deno.test("only plain files of a bounded length are read, and a pipe is no reason to wait", async () => {
  await withFolder(async (folder) => {
    const path = writeFile(folder, "f", "12345");
    assert.deepEqual(readTrusted(path, "public", 5).bytes, new TextEncoder().encode("12345"));
    assert.throws(() => readTrusted(path, "public", 4), fileError(path, /^5 bytes, 4 are the most$/));
    assert.throws(() => readTrusted(folder, "public", 4), fileError(folder, /^no plain file$/));
    const missing = `${folder}/missing`;
    assert.throws(() => readTrusted(missing, "public", 4), fileError(missing, /^there is no such file$/));
    const pipe = `${folder}/pipe`;
    await new Deno.Command("mkfifo", { args: [pipe] }).output();
    assert.throws(() => readTrusted(pipe, "public", 4), fileError(pipe, /^no plain file$/));
    assert.throws(() => readTrusted("/dev/zero", "public", 4), fileError("/dev/zero", /^no plain file$/));
    Deno.symlinkSync(`${folder}/loop`, `${folder}/loop`);
    assert.throws(() => readTrusted(`${folder}/loop`, "public", 4), fileError(`${folder}/loop`, /circle/));
  });
});

Deno.test("a trust store gives its certificates, and leaves out with a note what is none", () => {
  inFolder((folder) => {
    const root = pem("CERTIFICATE", chain.root.der);
    const path = writeFile(
      folder,
      "ca.pem",
      `# ours\n${root}${pem("CERTIFICATE", Uint8Array.of(0x30, 0))}${root}`,
    );
    const { value, notes, unsafe } = loadTrustStore(path);
    assert.deepEqual(value.map(({ der }) => der), [chain.root.der, chain.root.der]);
    assert.equal(notes.length, 1);
    assert.match(notes[0]!, /^certificate 2 is left out: /);
    assert.deepEqual(unsafe, []);
  });
});

Deno.test("a trust store without a certificate that can be read is refused with its path", () => {
  inFolder((folder) => {
    const none = writeFile(folder, "none.pem", "hello\n");
    assert.throws(() => loadTrustStore(none), fileError(none, /^no CERTIFICATE in this text/));
    const cut = writeFile(folder, "cut.pem", pem("CERTIFICATE", chain.root.der).slice(0, 200));
    assert.throws(() => loadTrustStore(cut), fileError(cut, /without its end/));
    const bad = writeFile(folder, "bad.pem", pem("CERTIFICATE", Uint8Array.of(0x30, 0)));
    assert.throws(() => loadTrustStore(bad), fileError(bad, /^none of 1 certificates can be read$/));
  });
});

Deno.test("the system's trust store is the first one that is there", () => {
  inFolder((folder) => {
    const path = writeFile(folder, "ca.pem", "");
    assert.equal(systemTrustStore([`${folder}/a`, folder, path]), path);
    assert.equal(systemTrustStore([`${folder}/a`]), undefined);
  });
});

Deno.test("revocation lists are read all or not at all, and an old one is told", () => {
  inFolder((folder) => {
    const path = writeFile(folder, "crl.pem", crlPem() + crlPem([{ serial: Uint8Array.of(5) }]));
    const { value, notes } = loadCrls(path, NOW);
    assert.deepEqual([value.map(({ revoked }) => revoked.size), notes], [[0, 1], []]);
    const later = loadCrls(path, new Date("2026-08-01T00:00:00Z"));
    assert.match(later.notes[1]!, /^list 2 should have been replaced by 2026-07-01: /);
    const bad = writeFile(folder, "bad.pem", crlPem() + pem("X509 CRL", Uint8Array.of(0x30, 0)));
    assert.throws(() => loadCrls(bad, NOW), fileError(bad, /^list 2: /));
  });
});

Deno.test("a chain comes with the key of its leaf, and an end that is near or past is told", () => {
  inFolder((folder) => {
    writePki(folder);
    const load = (now: Date) => loadIdentity(`${folder}/server.pem`, `${folder}/server.key`, now);
    const { value, notes, unsafe } = load(NOW);
    assert.deepEqual(value.chain, [chain.leaf.der, chain.intermediate.der]);
    assert.deepEqual([notes, unsafe], [[], []]);
    assert.deepEqual(load(new Date("2026-12-25T00:00:00Z")).notes, [
      "expires on 2027-01-01 (CN=leaf,O=Example)",
    ]);
    assert.deepEqual(load(new Date("2027-01-02T00:00:00Z")).notes, [
      "expired on 2027-01-01: peers will refuse it (CN=leaf,O=Example)",
    ]);
    assert.deepEqual(load(new Date("2025-12-31T00:00:00Z")).notes, [
      "is not valid before 2026-01-01 (CN=leaf,O=Example)",
    ]);
  });
});

Deno.test("a key that is not the leaf's, or that the engine cannot use, is refused", async () => {
  await withFolder((folder) => {
    writePki(folder);
    const certificate = `${folder}/server.pem`;
    for (
      const [name, text, problem] of [
        ["other", otherKey("p256:root"), /^not the key of the first certificate in /],
        ["rsa", otherKey("rsa2048:other"), /^not the key of the first certificate in /],
        ["p521", otherKey("p521:other"), /^a key of kind secp521r1; /],
        ["none", "hello", /^no private key in PEM/],
        ["cut", keyPem().slice(0, 100), /^a private key that is damaged/],
        ["locked", keyPem().replaceAll("PRIVATE", "ENCRYPTED PRIVATE"), /^the key has a passphrase/],
      ] as const
    ) {
      const path = writeFile(folder, name, text, 0o600);
      assert.throws(() => loadIdentity(certificate, path, NOW), fileError(path, problem), name);
    }
    assert.throws(() => loadKey("pkcs11:object=a;pin-value=1234"), fileError("pkcs11:…", /^keys in tokens/));
  });
});

Deno.test("a chain of more than ten certificates is refused, as by tlshd", () => {
  inFolder((folder) => {
    writePki(folder);
    const path = writeFile(folder, "long.pem", pem("CERTIFICATE", chain.leaf.der).repeat(11));
    assert.throws(() => loadIdentity(path, `${folder}/server.key`, NOW), fileError(path, /^more than 10/));
  });
});

for (
  const args of [["genpkey", "-algorithm", "RSA"], ["ecparam", "-name", "prime256v1", "-genkey"], [
    "genrsa",
    "-traditional",
  ]]
) {
  Deno.test(`a key as written by openssl ${args.join(" ")} is read (needs openssl)`, async () => {
    await withFolder(async (folder) => {
      const { stdout, success } = await new Deno.Command("openssl", { args }).output();
      assert(success);
      const path = writeFile(folder, "k.pem", new TextDecoder().decode(stdout), 0o640);
      const { value, unsafe } = loadKey(path);
      assert.equal(value.asymmetricKeyType, args[0] === "ecparam" ? "ec" : "rsa");
      assert.deepEqual(unsafe, ["mode 0640 lets others at the key; chmod 0600"]);
    });
  });
}

Deno.test("damaged PEM files are read or refused with their path, and nothing else", () => {
  inFolder((folder) => {
    writePki(folder);
    const random = numbers(3);
    const load = {
      "ca.pem": loadTrustStore,
      "crl.pem": (path: string) => loadCrls(path, NOW),
      "server.pem": (path: string) => loadIdentity(path, `${folder}/client.key`, NOW),
      "server.key": (path: string) => loadIdentity(`${folder}/client.pem`, path, NOW),
    };
    for (const [name, read] of Object.entries(load)) {
      const whole = Deno.readFileSync(`${folder}/${name}`);
      for (let n = 0; n < 300; n++) {
        const path = `${folder}/damaged`;
        Deno.writeFileSync(path, mutate(whole, whole, random));
        try {
          read(path);
        } catch (error) {
          assert(error instanceof FileError, String(error));
        }
      }
    }
  });
});
