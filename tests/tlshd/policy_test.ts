// What the agent is told for a configuration: whatever cannot be loaded makes it trust fewer, never more.
import assert from "node:assert/strict";
import { parseConfig, type TlshdConfig } from "../../cli/tlshd/config.ts";
import { FileError } from "../../cli/tlshd/files.ts";
import { configuredFiles, loadConfig, loadPolicy } from "../../cli/tlshd/policy.ts";
import { nfsHost } from "./configs.ts";
import { chain, inFolder, NOW, pem, writeFile, writePki } from "./pki.ts";

const parsed = (text: string): TlshdConfig => parseConfig("conf", new TextEncoder().encode(text)).config;
const lines = ({ reports }: { reports: readonly { level: string; text: string }[] }): string[] =>
  reports.map(({ level, text }) => `${level} ${text}`);
const options = { now: NOW, trustStore: undefined };

Deno.test("the configuration of an NFS host gives anchors, lists and certificates for both roles", () => {
  inFolder((folder) => {
    writePki(folder);
    const { policy, faults, reports } = loadPolicy(parsed(nfsHost(folder)), options);
    assert.deepEqual([faults, reports], [0, []]);
    assert.deepEqual(policy.server?.anchors?.map(({ der }) => der), [chain.root.der]);
    assert.equal(policy.server?.crls?.length, 1);
    assert.deepEqual(policy.server?.certificates?.map(({ chain }) => chain.length), [2]);
    assert.equal(policy.server?.clientCertificate, "request");
    assert.equal(policy.client?.crls?.length, 0);
    assert.equal(policy.client?.certificates?.length, 1);
  });
});

Deno.test("without a trust store of its own, the system's counts", () => {
  inFolder((folder) => {
    const trustStore = writeFile(folder, "system.pem", pem("CERTIFICATE", chain.root.der));
    const { policy } = loadPolicy(parsed(""), { now: NOW, trustStore });
    assert.deepEqual(policy.client?.anchors?.map(({ der }) => der), [chain.root.der]);
    assert.deepEqual(loadPolicy(parsed(""), options).policy.client?.anchors, []);
  });
});

Deno.test("a configured trust store that is not there trusts nobody: not the system's in its place", () => {
  inFolder((folder) => {
    const trustStore = writeFile(folder, "system.pem", pem("CERTIFICATE", chain.root.der));
    const text = "[authenticate.client]\nx509.truststore=/none/ca.pem\n";
    const loaded = loadPolicy(parsed(text), { now: NOW, trustStore });
    assert.deepEqual(loaded.policy.client?.anchors, []);
    assert.equal(loaded.faults, 1);
    assert.deepEqual(lines(loaded), ["error conf:2: /none/ca.pem: there is no such file"]);
  });
});

Deno.test("a configured revocation list that cannot be read trusts nobody", () => {
  inFolder((folder) => {
    writePki(folder);
    Deno.removeSync(`${folder}/crl.pem`);
    const { policy, faults } = loadPolicy(parsed(nfsHost(folder)), options);
    assert.deepEqual([policy.server?.anchors, faults], [[], 1]);
    assert.equal(policy.client?.anchors?.length, 1);
  });
});

Deno.test("a certificate that cannot be used leaves trust as it is", () => {
  inFolder((folder) => {
    writePki(folder);
    writeFile(folder, "client.key", "nothing", 0o600);
    const { policy, faults } = loadPolicy(parsed(nfsHost(folder)), options);
    assert.equal(faults, 1);
    assert.deepEqual(policy.client?.certificates, []);
    assert.equal(policy.client?.anchors?.length, 1);
  });
});

Deno.test("unsafe files are told by default, and refused if the configuration says so", () => {
  inFolder((folder) => {
    writePki(folder);
    Deno.chmodSync(`${folder}/server.key`, 0o644);
    Deno.chmodSync(`${folder}/ca.pem`, 0o666);
    const warned = loadPolicy(parsed(nfsHost(folder)), options);
    assert.equal(warned.faults, 0);
    assert.deepEqual(lines(warned), [
      `warning ${folder}/ca.pem: mode 0666 lets others write it; chmod 0644`,
      `warning ${folder}/ca.pem: mode 0666 lets others write it; chmod 0644`,
      `warning ${folder}/server.pem: ${folder}/server.key: mode 0644 lets others at the key; chmod 0600`,
    ]);
    const refused = loadPolicy(parsed(`${nfsHost(folder)}[tynl]\nunsafe_files=refuse\n`), options);
    assert.equal(refused.faults, 3);
    assert.deepEqual(refused.policy.server?.anchors, []);
    assert.deepEqual(refused.policy.server?.certificates, []);
  });
});

Deno.test("bounds of the work are those of the configuration, and the agent's own where it says nothing", () => {
  assert.deepEqual(loadPolicy(parsed(""), options).limits, {});
  const text = "[tynl]\nconcurrency=8\ndeadline=5\nsessions=10\nkey_updates=2\n";
  assert.deepEqual(loadPolicy(parsed(text), options).limits, {
    concurrency: 8,
    deadline: 5000,
    sessions: 10,
    keyUpdates: 2,
  });
});

Deno.test("the first configuration file that is there is read, and an old place is told", () => {
  inFolder((folder) => {
    const standing = `${folder}/config`;
    const old = writeFile(folder, "old.conf", "[debug]\nloglevel=1\n");
    assert.deepEqual(lines(loadConfig([old, standing])), [
      `notice ${old}: an old place for the configuration; move it to ${standing}`,
    ]);
    Deno.renameSync(old, standing);
    const loaded = loadConfig([old, standing]);
    assert.deepEqual([loaded.config.path, loaded.config.debugLevel, loaded.reports], [standing, 1, []]);
    Deno.removeSync(standing);
    assert.throws(() => loadConfig([old, standing]), new FileError(standing, "there is no such file"));
  });
});

Deno.test("a configuration that others may write is told, or refused as it says itself", () => {
  inFolder((folder) => {
    const path = writeFile(folder, "config", "[debug]\n", 0o666);
    assert.deepEqual(lines(loadConfig([path])), [
      `warning ${path}: mode 0666 lets others write it; chmod 0644`,
    ]);
    writeFile(folder, "config", "[tynl]\nunsafe_files=refuse\n", 0o666);
    assert.throws(() => loadConfig([path]), FileError);
  });
});

Deno.test("names of addresses are asked for only if the configuration says so", () => {
  assert.equal(loadPolicy(parsed(""), options).policy.resolveName, undefined);
  assert.equal(
    typeof loadPolicy(parsed("[tynl]\nresolve_names=true\n"), options).policy.resolveName,
    "function",
  );
});

Deno.test("the files of a configuration are those that are looked at for changes", () => {
  inFolder((folder) => {
    const files = configuredFiles(parsed(nfsHost(folder)));
    const own = files.filter((path) => path.startsWith(folder)).map((path) => path.slice(folder.length + 1));
    assert.deepEqual(own, [
      "ca.pem",
      "client.pem",
      "client.key",
      "crl.pem",
      "server.pem",
      "server.key",
    ]);
  });
});
