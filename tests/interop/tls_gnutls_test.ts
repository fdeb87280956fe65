/**
 * GnuTLS's gnutls-serv and gnutls-cli on loopback: what storage targets and hosts run today.
 *
 * @module
 */
import assert from "node:assert/strict";
import {
  type CipherSuiteName,
  type ClientOptions,
  createClient,
  createServer,
  type ServerOptions,
  TlsAlertError,
} from "../../runtime/tls/mod.ts";
import { hex } from "../tls/helpers.ts";
import { Authority, type Kind, kinds } from "./certificates.ts";
import {
  type Body,
  bothPsks,
  isRefused,
  manyDigits,
  opens,
  psk256,
  serverName,
  suites,
  talks,
} from "./exchange.ts";
import { keyUpdateTests } from "./key_updates.ts";
import { Endpoint, hasProgram, listen, Peer, portOf } from "./peer.ts";

const available = hasProgram("gnutls-cli", "--version") && hasProgram("openssl", "version");
const reason = available ? "" : " (ignored: needs gnutls-cli, gnutls-serv and the openssl command)";
const authority = available ? new Authority() : undefined;
Deno.test.afterAll(() => authority?.[Symbol.dispose]());

const ciphers: { readonly [suite in CipherSuiteName]: string } = {
  TLS_AES_128_GCM_SHA256: "AES-128-GCM",
  TLS_AES_256_GCM_SHA384: "AES-256-GCM",
  TLS_CHACHA20_POLY1305_SHA256: "CHACHA20-POLY1305",
};
const groups = { x25519: "X25519", secp256r1: "SECP256R1", secp384r1: "SECP384R1" } as const;
const groupNames = Object.keys(groups) as readonly (keyof typeof groups)[];

interface Choice {
  readonly suite?: CipherSuiteName;
  readonly group?: keyof typeof groups;
  readonly psk?: boolean;
}

function priority({ suite, group, psk }: Choice): readonly string[] {
  return [
    "--priority",
    "NORMAL:-VERS-ALL:+VERS-TLS1.3" + (psk ? ":-KX-ALL:+ECDHE-PSK:+DHE-PSK:+PSK" : "") +
    (suite === undefined ? "" : `:-CIPHER-ALL:+${ciphers[suite]}`) +
    (group === undefined ? "" : `:-GROUP-ALL:+GROUP-${groups[group]}`),
  ];
}

/** tynl's client and `gnutls-serv --echo`, which says again what it is told. */
async function withServer(args: readonly string[], options: ClientOptions, body: Body): Promise<void> {
  await using peer = new Peer("gnutls-serv", ["-p", "0", "--echo", ...args]);
  await peer.prints(/IPv4 .*done/);
  using endpoint = await Endpoint.connect(peer.listeningPort(), createClient(options));
  await body(endpoint, peer);
}

/** tynl's server and `gnutls-cli`. */
async function withClient(args: readonly string[], options: ServerOptions, body: Body): Promise<void> {
  using listener = listen();
  await using peer = new Peer("gnutls-cli", ["-p", String(portOf(listener)), "127.0.0.1", ...args]);
  using endpoint = new Endpoint(await listener.accept(), createServer(options));
  await body(endpoint, peer);
}

async function echoes(endpoint: Endpoint): Promise<void> {
  const before = endpoint.received.length;
  await endpoint.send("say it again\n");
  await endpoint.receives(before + 13);
}

async function opensEcho(endpoint: Endpoint): Promise<void> {
  await endpoint.handshake();
  await echoes(endpoint);
}

function test(name: string, body: () => Promise<void>): void {
  Deno.test({ name: `GnuTLS: ${name}${reason}`, ignore: !available, fn: body });
}

function pskFile(): readonly string[] {
  const path = authority!.file("psk.txt");
  Deno.writeTextFileSync(path, `${psk256.identity}:${hex(psk256.key)}\n`);
  return ["--pskpasswd", path];
}
const pskArguments = ["--pskusername", psk256.identity as string, "--pskkey", hex(psk256.key)];

// gnutls-cli and gnutls-serv bind PSKs to SHA-256; that hash has two suites.
for (const suite of suites.filter((suite) => suite !== "TLS_AES_256_GCM_SHA384")) {
  for (const group of groupNames) {
    const choice = priority({ suite, group, psk: true });

    test(`tynl's client with ${suite}, ${group} and a PSK`, () =>
      withServer([...pskFile(), ...choice], { psks: [psk256], suites: [suite], groups: [group] }, opensEcho));

    test(`tynl's server with ${suite}, ${group} and a PSK`, () =>
      withClient([...pskArguments, ...choice], bothPsks, async (endpoint, peer) => {
        await opens(endpoint, peer);
        assert.equal(endpoint.tls.session?.suite, suite);
        assert.equal(endpoint.tls.session.group, group);
      }));
  }
}

function serverFiles(kind: Kind): readonly string[] {
  const { certificate, key } = authority!.leaf(kind);
  return ["--x509certfile", certificate, "--x509keyfile", key];
}

const trust = () => ["--x509cafile", authority!.file("ca.pem")];
const checksName = ["--sni-hostname", serverName, "--verify-hostname", serverName];

for (const kind of kinds) {
  for (const suite of suites) {
    for (const group of groupNames) {
      const choice = priority({ suite, group });

      test(`tynl's client with ${suite}, ${group} and the server's ${kind} certificate`, () =>
        withServer([...serverFiles(kind), ...choice, "--disable-client-cert"], {
          serverName,
          verifyPeer: authority!.verifyPeer(),
          suites: [suite],
          groups: [group],
        }, opensEcho));

      test(`tynl's server with ${suite}, ${group} and its ${kind} certificate`, () =>
        withClient([...trust(), ...checksName, ...choice], {
          certificates: [authority!.certificate(kind)],
        }, opens));

      test(`tynl's client with ${suite}, ${group} and ${kind} certificates of both`, () =>
        withServer([
          ...serverFiles(kind),
          ...trust(),
          ...choice,
          "--require-client-cert",
          "--verify-client-cert",
        ], {
          serverName,
          verifyPeer: authority!.verifyPeer(),
          certificates: [authority!.certificate(kind)],
        }, opensEcho));

      test(`tynl's server with ${suite}, ${group} and ${kind} certificates of both`, () =>
        withClient([...serverFiles(kind), ...trust(), ...checksName, ...choice], {
          verifyPeer: authority!.verifyPeer(),
          certificates: [authority!.certificate(kind)],
          clientCertificate: "require",
        }, opens));
    }
  }
}

test("a server of GnuTLS asks tynl's client for another key share", () =>
  withServer(
    [...pskFile(), ...priority({ psk: true, group: "secp384r1" })],
    { psks: [psk256] },
    async (endpoint) => {
      await opensEcho(endpoint);
      assert(endpoint.tls.session?.helloRetried);
    },
  ));

test("tynl's server asks GnuTLS for another key share, with a cookie", () =>
  withClient([...pskArguments, ...priority({ psk: true })], {
    ...bothPsks,
    groups: ["secp384r1"],
    helloRetryCookie: new Uint8Array(300).fill(1),
  }, async (endpoint, peer) => {
    await opens(endpoint, peer);
    assert(endpoint.tls.session?.helloRetried);
  }));

test("the application protocol and the server's name are agreed on, as client", () =>
  withServer([...serverFiles("p256"), "--alpn", "nvme", "--disable-client-cert"], {
    serverName,
    verifyPeer: authority!.verifyPeer(),
    alpn: ["other", "nvme"],
  }, async (endpoint) => {
    await opensEcho(endpoint);
    assert.equal(endpoint.tls.session?.alpn, "nvme");
  }));

test("the application protocol and the server's name are agreed on, as server", () =>
  withClient([...trust(), ...checksName, "--alpn", "nvme"], {
    certificates: [authority!.certificate("p256")],
    alpn: ["nfs", "nvme"],
  }, async (endpoint, peer) => {
    await opens(endpoint, peer);
    assert.equal(endpoint.tls.session?.alpn, "nvme");
    assert.equal(endpoint.tls.session.serverName, serverName);
  }));

test("records keep to the limits of both, as client", () =>
  withServer([...pskFile(), "--recordsize", "1024", ...priority({ psk: true })], {
    psks: [psk256],
    recordSizeLimit: 600,
  }, async (endpoint) => {
    await endpoint.handshake();
    assert.equal(endpoint.tls.session?.peerRecordSizeLimit, 1025);
    await endpoint.send("1".repeat(5000) + "\n");
    await endpoint.receives(5001);
    for (const event of endpoint.events) assert(event.type !== "data" || event.data.length < 600);
  }));

test("records keep to the limits of both, as server", () =>
  withClient([...pskArguments, "--recordsize", "1024", ...priority({ psk: true })], {
    ...bothPsks,
    recordSizeLimit: 600,
  }, async (endpoint, peer) => {
    await endpoint.handshake();
    assert.equal(endpoint.tls.session?.peerRecordSizeLimit, 1025);
    // gnutls-cli fills one record and forgets the rest of a line that is longer.
    await peer.types("1".repeat(3000) + "\n");
    await endpoint.receives(1);
    assert.equal(endpoint.received.length, 599);
    await talks(endpoint, peer);
  }));

for (const suite of suites) {
  test(`a mebibyte each way with ${suite}, as client`, () =>
    withServer([...serverFiles("p256"), "--disable-client-cert", ...priority({ suite })], {
      serverName,
      verifyPeer: authority!.verifyPeer(),
    }, async (endpoint) => {
      await endpoint.handshake();
      const text = manyDigits();
      // The server echoes before it reads on, so each line is awaited: otherwise both would wait for the other to read.
      for (let at = 0; at < text.length; at += 16384) {
        await endpoint.send(text.slice(at, at + 16384));
        await endpoint.receives(at + 16384);
      }
      assert.equal(new TextDecoder().decode(endpoint.received), text);
    }));

  test(`a mebibyte each way with ${suite}, as server`, () =>
    withClient([...trust(), ...checksName, ...priority({ suite })], {
      certificates: [authority!.certificate("p256")],
    }, async (endpoint, peer) => {
      await endpoint.handshake();
      const [out, back] = [manyDigits(), manyDigits()];
      await endpoint.send(`${out}end of it\n`);
      await peer.prints(/end of it/);
      assert(peer.printed.includes(out), "what tynl has sent");
      await Promise.all([peer.types(back), endpoint.receives(back.length)]);
      assert.equal(new TextDecoder().decode(endpoint.received), back);
    }));
}

keyUpdateTests((name, body) => {
  // gnutls-cli updates with a request only, by the inline command ^rekey^; gnutls-serv cannot be made to.
  if (/peer.*without/.test(name)) return;
  // GnuTLS bears eight updates a second; its own of ten may be joined, so counts of ten are OpenSSL's tests.
  if (/ten times/.test(name)) return;
  // GnuTLS takes a request that crosses its own for an error (lib/tls13/key_update.c), which RFC 8446 does not.
  if (/both/.test(name)) return;
  test(`${name}, tynl as server`, () =>
    withClient(
      [...pskArguments, "--inline-commands", ...priority({ psk: true })],
      bothPsks,
      async (endpoint, peer) => {
        await endpoint.handshake();
        await body({
          endpoint,
          talk: () => talks(endpoint, peer),
          peerUpdates: () => peer.types("^rekey^\n"),
        });
      },
    ));
  if (/peer/.test(name)) return;
  test(`${name}, tynl as client`, () =>
    withServer([...pskFile(), ...priority({ psk: true })], { psks: [psk256] }, async (endpoint) => {
      await endpoint.handshake();
      await body({ endpoint, talk: () => echoes(endpoint) });
    }));
});

/** That our side fails with this alert. */
function refuses(alert: number): Body {
  return async (endpoint) => {
    await assert.rejects(endpoint.handshake(), (error) => {
      assert(error instanceof TlsAlertError, String(error));
      assert.deepEqual([error.alert, error.fromPeer], [alert, false], error.message);
      return true;
    });
    assert.equal(endpoint.tls.state, "closed");
  };
}

const wrongKey = ["--pskusername", psk256.identity as string, "--pskkey", "11".repeat(32)];
const stranger = ["--pskusername", "nobody", "--pskkey", "11".repeat(32)];
const withPsk = priority({ psk: true });

test("an identity that tynl's server does not know", () =>
  withClient([...stranger, ...withPsk], bothPsks, refuses(115)));
test("a key that is wrong, to tynl's server", () =>
  withClient([...wrongKey, ...withPsk], bothPsks, refuses(51)));
test("an identity that GnuTLS does not know", () =>
  withServer(
    [...pskFile(), ...withPsk],
    { psks: [{ ...psk256, identity: "nobody" }] },
    isRefused(40, 47, 115),
  ));
test("a key that is wrong, to GnuTLS", () =>
  withServer(
    [...pskFile(), ...withPsk],
    { psks: [{ ...psk256, key: new Uint8Array(32) }] },
    isRefused(47, 51),
  ));
test("a client without the certificate that tynl's server requires", () =>
  withClient([...trust(), ...checksName], {
    certificates: [authority!.certificate("p256")],
    verifyPeer: authority!.verifyPeer(),
    clientCertificate: "require",
  }, refuses(116)));
