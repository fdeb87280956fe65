/**
 * OpenSSL's s_server and s_client on loopback: each suite, group, kind of key and way to authenticate, KeyUpdates, and
 * what is to fail.
 *
 * @module
 */
import assert from "node:assert/strict";
import {
  type ClientOptions,
  createServer,
  type ExternalPsk,
  type GroupName,
  type ServerOptions,
  TlsAlertError,
} from "../../runtime/tls/mod.ts";
import { Authority, type Kind, kinds } from "./certificates.ts";
import {
  type Body,
  bothPsks,
  exchangesMuch,
  isRefused,
  opens,
  psk256,
  psk384,
  serverName,
  suites,
  talks,
} from "./exchange.ts";
import { pskArguments as pskArgumentsOf, withClient, withServer } from "./openssl.ts";
import { Endpoint, hasProgram, listen, Peer, portOf } from "./peer.ts";
import { keyUpdateTests } from "./key_updates.ts";

const available = hasProgram("openssl", "version");
const reason = available ? "" : " (ignored: needs the openssl command)";
const authority = available ? new Authority() : undefined;
Deno.test.afterAll(() => authority?.[Symbol.dispose]());

function test(name: string, body: () => Promise<void>): void {
  Deno.test({ name: `OpenSSL: ${name}${reason}`, ignore: !available, fn: body });
}

const groups = { x25519: "X25519", secp256r1: "P-256", secp384r1: "P-384" } as const;
const groupNames = Object.keys(groups) as readonly (keyof typeof groups)[];
function pskArguments(psk: ExternalPsk): readonly string[] {
  return pskArgumentsOf(psk, authority!.file("psk384.session"));
}

for (const suite of suites) {
  const psk = suite === "TLS_AES_256_GCM_SHA384" ? psk384 : psk256;
  for (const group of groupNames) {
    const choice = ["-ciphersuites", suite, "-groups", groups[group]];

    test(`tynl's client with ${suite}, ${group} and a PSK of ${psk.hash ?? "sha256"}`, async () => {
      const options = { psks: [psk], suites: [suite], groups: [group] };
      await withServer(["-nocert", ...choice, ...pskArguments(psk)], options, opens);
    });

    test(`tynl's server with ${suite}, ${group} and a PSK of ${psk.hash ?? "sha256"}`, async () => {
      await withClient([...choice, ...pskArguments(psk)], bothPsks, async (endpoint, peer) => {
        await opens(endpoint, peer);
        assert.equal(endpoint.tls.session?.suite, suite);
        assert.equal(endpoint.tls.session.group, group);
      });
    });
  }
}

function ownFiles(kind: Kind): readonly string[] {
  const { certificate, key } = authority!.leaf(kind);
  return ["-cert", certificate, "-key", key];
}

const trust = () => ["-CAfile", authority!.file("ca.pem"), "-verify_return_error"];
const checksName = ["-servername", serverName, "-verify_hostname", serverName];

for (const kind of kinds) {
  for (const suite of suites) {
    for (const group of groupNames) {
      const choice = ["-ciphersuites", suite, "-groups", groups[group]];
      const ours = { suites: [suite], groups: [group] as GroupName[] };

      test(`tynl's client with ${suite}, ${group} and the server's ${kind} certificate`, async () => {
        const options = { ...ours, serverName, verifyPeer: authority!.verifyPeer() };
        await withServer([...choice, ...ownFiles(kind)], options, opens);
      });

      test(`tynl's server with ${suite}, ${group} and its ${kind} certificate`, async () => {
        const options = { ...ours, certificates: [authority!.certificate(kind)] };
        await withClient([...choice, ...trust(), ...checksName], options, opens);
      });

      test(`tynl's client with ${suite}, ${group} and ${kind} certificates of both`, async () => {
        const verifyPeer = authority!.verifyPeer();
        const options = { ...ours, serverName, verifyPeer, certificates: [authority!.certificate(kind)] };
        const args = [...choice, ...ownFiles(kind), ...trust(), "-Verify", "1"];
        await withServer(args, options, opens);
      });

      test(`tynl's server with ${suite}, ${group} and ${kind} certificates of both`, async () => {
        const verifyPeer = authority!.verifyPeer();
        const certificates = [authority!.certificate(kind)];
        const options: ServerOptions = { ...ours, verifyPeer, certificates, clientCertificate: "require" };
        await withClient(
          [...choice, ...trust(), ...checksName, ...ownFiles(kind)],
          options,
          async (endpoint, peer) => {
            await opens(endpoint, peer);
            assert.deepEqual(endpoint.tls.session?.peerCertificates[0], certificates[0]!.chain[0]);
          },
        );
      });
    }
  }
}

test("a server of OpenSSL asks tynl's client for another key share", async () => {
  const options: ClientOptions = { psks: [psk256] };
  await withServer(
    ["-nocert", "-groups", "P-384", ...pskArguments(psk256)],
    options,
    async (endpoint, peer) => {
      await opens(endpoint, peer);
      assert.equal(endpoint.tls.session?.group, "secp384r1");
      assert(endpoint.tls.session.helloRetried);
    },
  );
});

test("tynl's server asks OpenSSL for another key share, with a cookie", async () => {
  const options: ServerOptions = {
    ...bothPsks,
    groups: ["secp384r1"],
    helloRetryCookie: new Uint8Array(300).fill(1),
  };
  await withClient(["-groups", "X25519:P-384", ...pskArguments(psk256)], options, async (endpoint, peer) => {
    await opens(endpoint, peer);
    assert(endpoint.tls.session?.helloRetried);
  });
});

test("the application protocol and the server's name are agreed on, as client", async () => {
  const options = { serverName, verifyPeer: authority!.verifyPeer(), alpn: ["other", "nvme"] };
  await withServer([...ownFiles("p256"), "-alpn", "nfs,nvme"], options, async (endpoint, peer) => {
    await opens(endpoint, peer);
    assert.equal(endpoint.tls.session?.alpn, "nvme");
    await peer.prints(/ALPN protocols selected: nvme/);
  });
});

test("the application protocol and the server's name are agreed on, as server", async () => {
  const options = { certificates: [authority!.certificate("p256")], alpn: ["nvme"] };
  await withClient([...trust(), ...checksName, "-alpn", "nfs,nvme"], options, async (endpoint, peer) => {
    await opens(endpoint, peer);
    assert.equal(endpoint.tls.session?.alpn, "nvme");
    assert.equal(endpoint.tls.session.serverName, serverName);
    await peer.prints(/ALPN protocol: nvme/);
  });
});

test("padded records are understood, both ways", async () => {
  const options = { psks: [psk256], padding: 1000 };
  await withServer(["-nocert", "-record_padding", "512", ...pskArguments(psk256)], options, opens);
});

test("a peer that does not know record_size_limit sends records as long as it likes", async () => {
  const options = { psks: [psk256], recordSizeLimit: 600 };
  await withServer(["-nocert", ...pskArguments(psk256)], options, exchangesMuch);
});

for (const suite of suites) {
  const psk = suite === "TLS_AES_256_GCM_SHA384" ? psk384 : psk256;
  test(`a mebibyte each way with ${suite}, as client`, async () => {
    const args = ["-nocert", "-ciphersuites", suite, ...pskArguments(psk)];
    await withServer(args, { psks: [psk] }, exchangesMuch);
  });
  test(`a mebibyte each way with ${suite}, as server`, async () => {
    await withClient(["-ciphersuites", suite, ...pskArguments(psk)], bothPsks, exchangesMuch);
  });
}

for (const role of ["client", "server"] as const) {
  keyUpdateTests((name, body) =>
    test(`${name}, tynl as ${role}`, async () => {
      // The clock lets ten updates of our own pass at once: OpenSSL does not count them.
      let now = 0;
      const clock = () => now += 1000;
      const run: Body = async (endpoint, peer) => {
        await endpoint.handshake();
        await body({
          endpoint,
          talk: () => talks(endpoint, peer),
          peerUpdates: (requested) => peer.types(requested ? "K\n" : "k\n"),
        });
      };
      const args = pskArguments(psk256);
      if (role === "client") await withServer(["-nocert", ...args], { psks: [psk256], now: clock }, run);
      else await withClient(args, { ...bothPsks, now: clock }, run);
    })
  );
}

/** That our side fails with this alert, and that OpenSSL is told. */
function refuses(alert: number): Body {
  return async (endpoint, peer) => {
    await assert.rejects(endpoint.handshake(), (error) => {
      assert(error instanceof TlsAlertError, String(error));
      assert.deepEqual([error.alert, error.fromPeer], [alert, false], error.message);
      return true;
    });
    assert.equal(endpoint.tls.state, "closed");
    await peer.prints(new RegExp(`SSL alert number ${alert}\\b`));
  };
}

const stranger: ExternalPsk = { identity: "NVMe0R01 other disk", key: psk256.key };
const wrong: ExternalPsk = { ...psk256, key: new Uint8Array(32).fill(1) };

test("an identity that tynl's server does not know", () =>
  withClient(pskArguments(stranger), bothPsks, refuses(115)));
test("a key that is wrong, to tynl's server", () => withClient(pskArguments(wrong), bothPsks, refuses(51)));
test("an identity that OpenSSL does not know", () =>
  withServer(["-nocert", ...pskArguments(psk256)], { psks: [stranger] }, isRefused(40, 47, 109, 115)));
test("a key that is wrong, to OpenSSL", () =>
  withServer(["-nocert", ...pskArguments(psk256)], { psks: [wrong] }, isRefused(47, 51)));
test("no suite in common, as server", () =>
  withClient(
    ["-ciphersuites", suites[0]!, ...pskArguments(psk256)],
    { ...bothPsks, suites: [suites[2]!] },
    refuses(40),
  ));
test("no suite in common, as client", () =>
  withServer(["-ciphersuites", suites[0]!, "-nocert", ...pskArguments(psk256)], {
    psks: [psk256],
    suites: [suites[2]!],
  }, isRefused(40)));
test("no group in common, as server", () =>
  withClient(
    ["-groups", "P-256", ...pskArguments(psk256)],
    { ...bothPsks, groups: ["x25519"] },
    refuses(40),
  ));
test("no group in common, as client", () =>
  withServer(
    ["-groups", "P-256", "-nocert", ...pskArguments(psk256)],
    { psks: [psk256], groups: ["x25519"] },
    isRefused(40),
  ));
test("no application protocol in common, as server", () =>
  withClient(["-alpn", "nfs", ...pskArguments(psk256)], { ...bothPsks, alpn: ["nvme"] }, refuses(120)));
test("a server's certificate of an authority that is not trusted", async () => {
  using other = new Authority();
  await withServer(ownFiles("p256"), { serverName, verifyPeer: other.verifyPeer() }, refuses(48));
});
test("a server's certificate that has expired", () =>
  withServer(
    ownFiles("p256"),
    { serverName, verifyPeer: authority!.verifyPeer(new Date("2090-01-01")) },
    refuses(45),
  ));
test("a server's certificate that was revoked", () => {
  const verifyPeer = authority!.verifyPeer(undefined, [authority!.revoking("p384")]);
  return withServer(ownFiles("p384"), { serverName, verifyPeer }, refuses(44));
});
test("a client's certificate that was revoked", () => {
  const verifyPeer = authority!.verifyPeer(undefined, [authority!.revoking("p384")]);
  const certificates = [authority!.certificate("p256")];
  const options: ServerOptions = { certificates, verifyPeer, clientCertificate: "require" };
  return withClient([...trust(), ...ownFiles("p384")], options, refuses(44));
});
test("a server's certificate for another name", () =>
  withServer(
    ownFiles("p256"),
    { serverName: "else.test", verifyPeer: authority!.verifyPeer() },
    refuses(42),
  ));
test("a client's certificate of an authority that is not trusted", async () => {
  using other = new Authority();
  const certificates = [authority!.certificate("p256")];
  const options: ServerOptions = {
    certificates,
    verifyPeer: other.verifyPeer(),
    clientCertificate: "require",
  };
  await withClient([...trust(), ...ownFiles("p256")], options, refuses(48));
});
test("a client without the certificate that tynl's server requires", () => {
  const certificates = [authority!.certificate("p256")];
  const options: ServerOptions = {
    certificates,
    verifyPeer: authority!.verifyPeer(),
    clientCertificate: "require",
  };
  return withClient(trust(), options, refuses(116));
});
test("tynl's client without the certificate that OpenSSL requires", () =>
  withServer([...ownFiles("p256"), ...trust(), "-Verify", "1"], {
    serverName,
    verifyPeer: authority!.verifyPeer(),
  }, isRefused(116)));
test("tynl's certificate of an authority that OpenSSL does not trust", async () => {
  using other = new Authority();
  const args = ["-CAfile", other.file("ca.pem"), "-verify_return_error", ...checksName];
  await withClient(args, { certificates: [authority!.certificate("p256")] }, isRefused(48));
});
test("a client of TLS 1.2", async () => {
  using listener = listen();
  await using peer = new Peer("openssl", [
    "s_client",
    "-connect",
    `127.0.0.1:${portOf(listener)}`,
    "-tls1_2",
  ]);
  using endpoint = new Endpoint(await listener.accept(), createServer(bothPsks));
  await refuses(70)(endpoint, peer);
});
