import assert from "node:assert/strict";
import {
  type CipherSuiteName,
  type ClientOptions,
  createClient,
  createServer,
  type GroupName,
  importPsk,
  type ServerOptions,
  type TlsConnection,
} from "../../runtime/tls/mod.ts";
import { dataOf, exchange } from "./helpers.ts";
import { certificate, expects, findAmong, kinds, openPair, pair, psk } from "./pairs.ts";

const suites: readonly CipherSuiteName[] = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
];
const groups: readonly GroupName[] = ["x25519", "x25519mlkem768", "secp256r1", "secp384r1"];

function talks(from: TlsConnection, to: TlsConnection): void {
  const data = crypto.getRandomValues(new Uint8Array(40_000));
  from.send(data);
  to.receive(from.takeOutgoing());
  assert.deepEqual(dataOf(to.takeEvents()), data);
}

function opens(
  client: ClientOptions,
  server: ServerOptions,
): { client: TlsConnection; server: TlsConnection } {
  const both = pair(client, server);
  exchange(both.client, both.server);
  assert.equal(both.client.state, "open");
  assert.equal(both.server.state, "open");
  for (const side of [both.client, both.server]) {
    assert.deepEqual(side.takeEvents(), [{ type: "open", session: side.session }]);
  }
  talks(both.client, both.server);
  talks(both.server, both.client);
  return both;
}

for (const suite of suites) {
  for (const group of groups) {
    const hash = suite === "TLS_AES_256_GCM_SHA384" ? "sha384" : "sha256";
    Deno.test(`${suite} and ${group} with a PSK carry data both ways`, () => {
      const both = { suites: [suite], groups: [group] };
      const { client, server } = opens({ ...both, psks: [psk(hash)] }, {
        ...both,
        findPsk: findAmong(psk(hash)),
      });
      for (const { session } of [client, server]) {
        assert.equal(session?.suite, suite);
        assert.equal(session.group, group);
        assert.deepEqual(session.pskIdentity, new TextEncoder().encode("NVMe0R01 host subsystem"));
        assert.equal(session.helloRetried, false);
      }
    });
  }

  for (const kind of kinds) {
    Deno.test(`${suite} with mutual ${kind} certificates carries data both ways`, () => {
      const { client, server } = opens(
        { suites: [suite], verifyPeer: expects(kind), certificates: [certificate(kind)] },
        { verifyPeer: expects(kind), certificates: [certificate(kind)], clientCertificate: "require" },
      );
      assert.equal(client.session?.suite, suite);
      assert.deepEqual(client.session.peerCertificates, certificate(kind).chain);
      assert.deepEqual(server.session?.peerCertificates, certificate(kind).chain);
      assert.equal(client.session.pskIdentity, undefined);
    });
  }
}

Deno.test("a server that only asks for a certificate accepts a client without one", () => {
  const { server } = opens({ verifyPeer: expects("p256") }, {
    certificates: [certificate("p256")],
    clientCertificate: "request",
    verifyPeer: () => assert.fail("there is nothing to verify"),
  });
  assert.deepEqual(server.session?.peerCertificates, []);
});

Deno.test("a key that is elsewhere signs through a callback", () => {
  const { chain } = certificate("ed25519");
  const seen: string[] = [];
  const failing = createServer({
    certificates: [{
      chain,
      schemes: ["ed25519"],
      sign: (scheme, content) => {
        seen.push(`${scheme} ${new TextDecoder().decode(content.subarray(64, 97))}`);
        return new Uint8Array(64);
      },
    }],
  });
  const client = createClient({ verifyPeer: expects("ed25519") });
  assert.throws(() => exchange(client, failing), { alert: 51 });
  assert.deepEqual(seen, ["ed25519 TLS 1.3, server CertificateVerify"]);
});

Deno.test("of several certificates the server uses one that the client can verify", () => {
  const { client } = opens({ verifyPeer: () => {}, signatureSchemes: ["ed25519"] }, {
    certificates: [certificate("p256"), certificate("ed25519")],
  });
  assert.deepEqual(client.session?.peerCertificates, certificate("ed25519").chain);
});

for (const group of groups.slice(1)) {
  Deno.test(`a server that wants ${group} asks a client with an X25519 share again`, () => {
    const { client, server } = opens({}, { groups: [group] });
    assert.equal(client.session?.group, group);
    assert(client.session.helloRetried && server.session?.helloRetried);
  });
}

Deno.test("a server prefers a group that it was sent a share of to another round trip", () => {
  const { client } = opens({ keyShares: ["secp256r1"] }, { groups: ["x25519", "secp256r1"] });
  assert.equal(client.session?.group, "secp256r1");
  assert.equal(client.session.helloRetried, false);
});

Deno.test("a client may send several key shares", () => {
  const { client } = opens({ keyShares: ["secp384r1", "secp256r1"] }, { groups: ["secp256r1"] });
  assert.equal(client.session?.group, "secp256r1");
  assert.equal(client.session.helloRetried, false);
});

Deno.test("a cookie goes to the client and back", () => {
  const { client } = opens({}, { helloRetryCookie: new Uint8Array(700).fill(3) });
  assert.equal(client.session?.group, "x25519");
  assert.equal(client.session.helloRetried, true);
});

Deno.test("PSKs of both hashes are offered at once, and the suite is one of the chosen PSK's hash", () => {
  const offered = [psk("sha384", "long"), psk("sha256", "short")];
  const long = opens({ psks: offered }, { findPsk: findAmong(offered[0]!) });
  assert.equal(long.client.session?.suite, "TLS_AES_256_GCM_SHA384");
  const short = opens({ psks: offered }, { findPsk: findAmong(offered[1]!) });
  assert.equal(short.client.session?.suite, "TLS_AES_128_GCM_SHA256");
  assert.deepEqual(short.server.session?.pskIdentity, new TextEncoder().encode("short"));
});

Deno.test("the client's order of PSKs decides where the server knows several", () => {
  const offered = [psk("sha256", "first"), psk("sha384", "second")];
  const { server } = opens({ psks: offered }, { findPsk: findAmong(...offered.toReversed()) });
  assert.deepEqual(server.session?.pskIdentity, new TextEncoder().encode("first"));
});

Deno.test("after a HelloRetryRequest only PSKs of the chosen suite's hash are offered", () => {
  const offered = [psk("sha256", "first"), psk("sha384", "second")];
  const seen: string[] = [];
  const { client } = opens({ psks: offered }, {
    groups: ["secp256r1"],
    findPsk: (identity) => {
      seen.push(new TextDecoder().decode(identity));
      return findAmong(offered[1]!)(identity);
    },
  });
  assert.equal(client.session?.suite, "TLS_AES_256_GCM_SHA384");
  assert.deepEqual(seen, ["first", "second", "second"]);
});

Deno.test("ChaCha20-Poly1305 goes with a PSK of SHA-256", () => {
  const { client } = opens({ suites: ["TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_256_GCM_SHA384"] }, {});
  assert.equal(client.session?.suite, "TLS_CHACHA20_POLY1305_SHA256");
});

Deno.test("imported PSKs authenticate, and not as external ones", () => {
  const from = { identity: "host", key: new Uint8Array(32).fill(9), context: "disk" };
  const imported = importPsk(from, "sha384");
  const find = (as: typeof imported) => () => as;
  opens({ psks: [imported] }, { findPsk: find(imported) });
  const { client, server } = pair({ psks: [imported] }, { findPsk: find({ ...imported, imported: false }) });
  assert.throws(() => exchange(client, server), { alert: 51 });
});

Deno.test("a server that knows none of the PSKs goes on with its certificate", () => {
  const { client } = opens({ psks: [psk()], verifyPeer: expects("p256") }, {
    findPsk: () => undefined,
    certificates: [certificate("p256")],
  });
  assert.equal(client.session?.pskIdentity, undefined);
  assert.deepEqual(client.session?.peerCertificates, certificate("p256").chain);
});

Deno.test("server name and application protocol are agreed on", () => {
  const { client, server } = opens(
    { serverName: "disk.example", alpn: ["nvme", "nfs"] },
    { alpn: ["nfs", "nvme"] },
  );
  for (const { session } of [client, server]) {
    assert.equal(session?.serverName, "disk.example");
    assert.equal(session?.alpn, "nfs");
  }
});

Deno.test("the application protocol is left open where only one side has one", () => {
  assert.equal(opens({ alpn: ["nfs"] }, {}).client.session?.alpn, undefined);
  assert.equal(opens({}, { alpn: ["nfs"] }).server.session?.alpn, undefined);
});

Deno.test("records are as small as the peer wants them", () => {
  const { client, server } = opens({ recordSizeLimit: 64 }, { recordSizeLimit: 1000 });
  assert.equal(client.session?.peerRecordSizeLimit, 1000);
  assert.equal(server.session?.peerRecordSizeLimit, 64);
  client.send(new Uint8Array(999));
  assert.equal(client.takeOutgoing().length, 999 + 22);
  client.send(new Uint8Array(1000));
  assert.equal(client.takeOutgoing().length, 1000 + 2 * 22);
  server.send(new Uint8Array(64));
  assert.equal(server.takeOutgoing().length, 64 + 2 * 22);
});

Deno.test("the server's flight is cut into records of the client's size", () => {
  const { client, server } = pair(
    { verifyPeer: expects("p256"), recordSizeLimit: 64, compatibilityMode: false },
    { certificates: [certificate("p256")] },
  );
  server.receive(client.takeOutgoing());
  const flight = server.takeOutgoing();
  for (let at = 0, first = true; at < flight.length; first = false) {
    const length = flight[at + 3]! << 8 | flight[at + 4]!;
    if (!first) assert(length <= 64 + 16, `a record of ${length} bytes`);
    at += 5 + length;
  }
  client.receive(flight);
  assert.equal(client.state, "open");
});

Deno.test("padding hides the length of data", () => {
  const { client, server } = openPair({ padding: 512 });
  for (const length of [1, 511, 512]) {
    client.send(new Uint8Array(length));
    const record = client.takeOutgoing();
    assert.equal(record.length, 512 + 22);
    server.receive(record);
    assert.equal(dataOf(server.takeEvents()).length, length);
  }
});

Deno.test("without compatibility mode there is no change_cipher_spec and no session id", () => {
  const { client, server } = pair({ compatibilityMode: false });
  const hello = client.takeOutgoing();
  assert.equal(hello[5 + 4 + 2 + 32], 0);
  server.receive(hello);
  const flight = server.takeOutgoing();
  client.receive(flight);
  const types = [...recordTypes(flight), ...recordTypes(client.takeOutgoing())];
  assert.deepEqual(types, [22, 23, 23]);
});

Deno.test("with compatibility mode both sides send change_cipher_spec once, also around a retry", () => {
  const { client, server } = pair({}, { groups: ["secp256r1"] });
  const sent: number[] = [];
  for (let i = 0; i < 2; i++) {
    const hello = client.takeOutgoing();
    server.receive(hello);
    const answer = server.takeOutgoing();
    client.receive(answer);
    sent.push(...recordTypes(hello), ...recordTypes(answer));
  }
  sent.push(...recordTypes(client.takeOutgoing()));
  assert.deepEqual(sent, [22, 22, 20, 20, 22, 22, 23, 23]);
});

function recordTypes(bytes: Uint8Array): number[] {
  const types: number[] = [];
  for (let at = 0; at < bytes.length; at += 5 + (bytes[at + 3]! << 8 | bytes[at + 4]!)) {
    types.push(bytes[at]!);
  }
  return types;
}

Deno.test("bytesWanted never reaches beyond the handshake", () => {
  const { client, server } = pair();
  server.receive(client.takeOutgoing());
  const flight = server.takeOutgoing();
  let at = 0;
  while (client.state === "handshaking") {
    const next = flight.subarray(at, at + client.bytesWanted);
    at += next.length;
    client.receive(next);
  }
  assert.equal(at, flight.length);
  assert.equal(client.bytesBuffered, 0);
});

Deno.test("data that comes with the last record of the handshake is told, and counted in the sequence", () => {
  const { client, server } = pair();
  server.receive(client.takeOutgoing());
  client.receive(server.takeOutgoing());
  client.send(new Uint8Array(5));
  server.receive(client.takeOutgoing());
  assert.deepEqual(server.takeEvents().map(({ type }) => type), ["open", "data"]);
  assert.equal(server.trafficKeys("receive").sequence[7], 1);
});

Deno.test("a key log gets the four secrets, alike on both sides, and only when asked for", () => {
  const lines: string[][] = [[], []];
  openPair({ keyLog: (line) => lines[0]!.push(line) }, { keyLog: (line) => lines[1]!.push(line) });
  assert.deepEqual(lines[0], lines[1]);
  assert.deepEqual(lines[0]!.map((line) => line.split(" ")[0]), [
    "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
    "SERVER_HANDSHAKE_TRAFFIC_SECRET",
    "CLIENT_TRAFFIC_SECRET_0",
    "SERVER_TRAFFIC_SECRET_0",
  ]);
  for (const line of lines[0]!) assert.match(line, /^[A-Z_0-9]+ [0-9a-f]{64} [0-9a-f]{64}$/);
});
