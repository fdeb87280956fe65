// What tlshd.conf(5) of ktls-utils 1.4.0 lists, and our own group beside it.
import assert from "node:assert/strict";
import { ConfigError, parseConfig, type ReadConfig, STATUS_SOCKET } from "../../cli/tlshd/config.ts";
import { mutate, numbers } from "../tls/x509/mutate.ts";
import { everyKey, nfsHost, nvmeHost, untouched } from "./configs.ts";

const read = (text: string): ReadConfig => parseConfig("tlshd.conf", new TextEncoder().encode(text));

function warningsOf(text: string): string[] {
  return read(text).warnings.map(({ line, message }) => `${line}: ${message}`);
}

function refusal(text: string): string {
  try {
    read(text);
  } catch (error) {
    assert(error instanceof ConfigError);
    assert(error.message.startsWith(`tlshd.conf:${error.line}: `));
    return error.message.slice("tlshd.conf:".length);
  }
  assert.fail("read without an error");
}

Deno.test("an empty file is a configuration with all defaults", () => {
  assert.deepEqual(read(""), {
    warnings: [],
    config: {
      path: "tlshd.conf",
      debugLevel: 0,
      keyrings: [".nvme", ".nfs", ".nfsd"],
      files: { client: {}, server: {} },
      clientCertificate: "request",
      unsafeFiles: "warn",
      requireCrls: false,
      statusSocket: STATUS_SOCKET,
      coreDumps: false,
      answerKeyUpdates: false,
      expectNoPad: false,
      zeroCopy: false,
      resolveNames: false,
    },
  });
});

Deno.test("the configurations of an NVMe and of an NFS host are read without a warning", () => {
  const nvme = read(nvmeHost);
  assert.deepEqual([nvme.warnings, nvme.config.keyrings], [[], [".nvme", ".nfs", ".nfsd", "storage"]]);
  const nfs = read(nfsHost("/etc/pki/nfs"));
  assert.deepEqual(nfs.warnings, []);
  assert.deepEqual(nfs.config.files.server, {
    truststore: { path: "/etc/pki/nfs/ca.pem", line: 15 },
    crl: { path: "/etc/pki/nfs/crl.pem", line: 16 },
    certificate: { path: "/etc/pki/nfs/server.pem", line: 17 },
    privateKey: { path: "/etc/pki/nfs/server.key", line: 18 },
  });
  assert.equal(nfs.config.files.client.crl, undefined);
  assert.equal(nfs.config.debugLevel, 1);
});

Deno.test("configurations as packages ship them, and as editors leave them, are read without a warning", () => {
  const expected = { ...read("").config, debugLevel: 0 };
  for (const text of [untouched, untouched.trimEnd(), untouched.replaceAll("\n", "\r\n")]) {
    assert.deepEqual(read(text), { warnings: [], config: expected });
  }
});

Deno.test("a path that was left empty is as if it were not there, and told", () => {
  const { config, warnings } = read("[authenticate.server]\nx509.truststore=\nx509.crl = \n");
  assert.deepEqual(config.files.server, {});
  assert.deepEqual(warnings.map(({ line, message }) => `${line}: ${message}`), [
    "2: [authenticate.server] x509.truststore is empty, and so without effect",
    "3: [authenticate.server] x509.crl is empty, and so without effect",
  ]);
});

Deno.test("every key that tlshd knows is known; those without a use here are told with their lines", () => {
  assert.deepEqual(warningsOf(everyKey), [
    "3: [debug] tls: there are no messages of a TLS library here; use loglevel",
    "4: [debug] nl: there are no messages of a netlink library here; use loglevel",
    "5: [debug] delay_done is not done here: reports are sent at once",
    "13: [authenticate.client] x509.pq.certificate: no ML-DSA certificates here; x509.certificate is used",
    "14: [authenticate.client] x509.pq.private_key: no ML-DSA certificates here; x509.private_key is used",
    "20: [authenticate.server] x509.pq.certificate: no ML-DSA certificates here; x509.certificate is used",
    "21: [authenticate.server] x509.pq.private_key: no ML-DSA certificates here; x509.private_key is used",
  ]);
});

Deno.test("unknown sections and keys are told with their lines", () => {
  assert.deepEqual(warningsOf("[debug]\nlogevel=1\n[authenticate.clinet]\nx509.crl=a\n[tynl]\nfast=true\n"), [
    '2: [debug] has no key "logevel"',
    "3: [authenticate.clinet] is no section that is known here",
    '6: [tynl] has no key "fast"',
  ]);
  assert.deepEqual(warningsOf("[authenticate.client]\nx509.crl[de]=a\n"), [
    '2: [authenticate.client] has no key "x509.crl[de]"',
  ]);
});

Deno.test("a level that is no number is 0, as for tlshd, and told", () => {
  assert.deepEqual(warningsOf("[debug]\nloglevel=loud\n"), [
    "2: [debug] loglevel: no integer of 32 bits; taken as 0",
  ]);
});

Deno.test("keyrings are names or serials, each once, after the standing ones", () => {
  assert.deepEqual(read("[authenticate]\nkeyrings= a ; 0x1f;.nvme;77;a;\n").config.keyrings, [
    ".nvme",
    ".nfs",
    ".nfsd",
    "a",
    31,
    77,
  ]);
  assert.deepEqual(warningsOf("[authenticate]\nkeyrings=a;;0;99999999999\n"), [
    "2: [authenticate] keyrings: an item that is empty",
    '2: [authenticate] keyrings: "0" is none',
    '2: [authenticate] keyrings: "99999999999" is none',
  ]);
  assert.equal(
    refusal(`[authenticate]\nkeyrings=${"k;".repeat(65)}`),
    "2: [authenticate] keyrings: more than 64",
  );
});

Deno.test("a certificate without a key, or a key without a certificate, is told and not used", () => {
  const key = "[authenticate.server]\nx509.private_key=k.pem\n";
  assert.deepEqual(warningsOf(key), [
    "2: [authenticate.server] needs x509.certificate and x509.private_key both; one alone has no effect",
  ]);
  assert.deepEqual(read(key).config.files.server, {});
});

Deno.test("a path that cannot be read as it stands is refused, so that no other file is trusted in its place", () => {
  assert.equal(
    refusal("[authenticate.client]\nx509.truststore=a\\x\n"),
    '2: [authenticate.client] x509.truststore: no escape "\\x"',
  );
  assert.equal(
    refusal(`[authenticate.server]\nx509.crl=${"a".repeat(4097)}\n`),
    "2: [authenticate.server] x509.crl: a path of more than 4096",
  );
  assert.deepEqual(warningsOf("[authenticate.client]\nx509.crl=a.pem \n"), [
    "2: [authenticate.client] x509.crl: the path ends in a blank",
  ]);
});

Deno.test("what narrows who is let in is done or refused, never passed over", () => {
  assert.equal(read("[authenticate.server]\nx509.client_auth=1\n").config.clientCertificate, "require");
  assert.equal(read("[authenticate.server]\nx509.client_auth=0\n").config.clientCertificate, "request");
  assert.match(refusal("[authenticate.server]\nx509.client_auth=yes\n"), /^2: .*one of 0, 1, not "yes"$/);
  assert.match(refusal("[authenticate.server]\nx509.client_allowed_sans=a;b\n"), /^2: .*is not supported/);
});

Deno.test("a line that is nothing is refused with its number", () => {
  assert.equal(refusal("[debug]\nloglevel\n"), "2: neither a group, nor key=value, nor a comment");
});

Deno.test("the group [tynl] has what tlshd does not have", () => {
  const { config, warnings } = read(
    "[tynl]\nunsafe_files=refuse\nrequire_crls=true\nlog_level=debug\nlog_format=json\nstatus_socket=/run/a\n" +
      "concurrency=8\ndeadline=5\nsessions=10\nkey_updates=2\nanswer_key_updates=true\nexpect_no_pad=true\n" +
      "zero_copy=true\nresolve_names=true\ncore_dumps=true\n",
  );
  assert.deepEqual(warnings, []);
  const {
    path: _path,
    debugLevel: _level,
    keyrings: _keyrings,
    files: _files,
    clientCertificate: _c,
    ...own
  } = config;
  assert.deepEqual(own, {
    unsafeFiles: "refuse",
    requireCrls: true,
    logLevel: "debug",
    logFormat: "json",
    statusSocket: "/run/a",
    coreDumps: true,
    concurrency: 8,
    deadline: 5,
    sessions: 10,
    keyUpdates: 2,
    answerKeyUpdates: true,
    expectNoPad: true,
    zeroCopy: true,
    resolveNames: true,
  });
});

Deno.test("values of [tynl] that are out of range or misspelt are refused", () => {
  assert.match(refusal("[tynl]\nconcurrency=0\n"), /^2: \[tynl\] concurrency: from 1 to 4096, not 0$/);
  assert.match(refusal("[tynl]\ndeadline=3601\n"), /from 1 to 3600, not 3601$/);
  assert.match(refusal("[tynl]\nzero_copy=1\n"), /one of true, false, not "1"$/);
  assert.match(refusal("[tynl]\nlog_level=\x1b[2J\n"), /not "\\u\{1b\}\[2J"$/);
});

Deno.test("damaged configurations are read or refused, and nothing else", () => {
  const random = numbers(7);
  const [whole, other] = [everyKey, nfsHost("/etc/x")].map((text) => new TextEncoder().encode(text));
  for (let n = 0; n < 20_000; n++) {
    try {
      parseConfig("f", mutate(whole!, other!, random));
    } catch (error) {
      assert(error instanceof ConfigError, String(error));
      assert.match(error.message, /^f:\d+: [^\p{Cc}]+$/u);
    }
  }
});
