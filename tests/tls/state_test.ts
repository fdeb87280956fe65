import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import fc from "fast-check";
import {
  type CipherSuiteName,
  createServer,
  importState,
  nextTrafficSecret,
  resumeConnection,
} from "../../runtime/tls/mod.ts";
import { cipherSuite } from "../../runtime/tls/suites.ts";
import { Traffic } from "../../runtime/tls/traffic.ts";
import { bytes, dataOf, hex } from "./helpers.ts";
import { openPair, psk } from "./pairs.ts";

const gcm = cipherSuite("TLS_AES_128_GCM_SHA256");

Deno.test("traffic keys are those of RFC 8448 section 3, split as the kernel wants them", () => {
  // client_application_traffic_secret_0, and the key and iv that come of it.
  const secret = "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5";
  const keys = new Traffic(gcm, bytes(secret), 0x0102030405, 7).keys();
  assert.equal(hex(keys.key), "17422dda596ed5d9acd890e3c63f5051");
  assert.equal(hex(keys.salt) + hex(keys.iv), "5b78923dee08579033e523d9");
  assert.equal(keys.salt.length, 4);
  assert.equal(hex(keys.sequence), "0000000102030405");
});

Deno.test("ChaCha20-Poly1305 has no salt and an iv of twelve bytes", () => {
  const keys = new Traffic(cipherSuite("TLS_CHACHA20_POLY1305_SHA256"), new Uint8Array(32)).keys();
  assert.deepEqual([keys.key.length, keys.salt.length, keys.iv.length], [32, 0, 12]);
});

for (const suite of ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"] as const) {
  Deno.test(`the next secret of ${suite} is HKDF-Expand-Label with "traffic upd"`, () => {
    const length = suite === "TLS_AES_128_GCM_SHA256" ? 32 : 48;
    const secret = new Uint8Array(length).fill(5);
    const label = new TextEncoder().encode("tls13 traffic upd");
    // RFC 5869 for one block: HMAC over info and a counter of 1; computed by node:crypto.
    const hmac = createHmac(length === 32 ? "sha256" : "sha384", secret);
    const expected = hmac.update(Uint8Array.of(0, length, label.length, ...label, 0, 1)).digest("hex");
    assert.equal(hex(nextTrafficSecret(suite, secret)), expected);
  });
}

Deno.test("a secret of another length has no next one", () => {
  assert.throws(() => nextTrafficSecret("TLS_AES_256_GCM_SHA384", new Uint8Array(32)), RangeError);
  assert.throws(() => nextTrafficSecret("none" as CipherSuiteName, new Uint8Array(32)), RangeError);
});

Deno.test("both sides have the same keys, crosswise", () => {
  const { client, server } = openPair();
  assert.deepEqual(client.trafficKeys("send"), server.trafficKeys("receive"));
  assert.deepEqual(client.trafficKeys("receive"), server.trafficKeys("send"));
  assert.notDeepEqual(client.trafficKeys("send"), client.trafficKeys("receive"));
});

Deno.test("a state goes out and in again, with all that it holds", () => {
  for (const hash of ["sha256", "sha384"] as const) {
    const { client, server } = openPair({ psks: [psk(hash)] }, {
      findPsk: () => psk(hash),
      recordSizeLimit: 999,
    });
    client.send(new Uint8Array(3));
    client.updateKeys({ requestPeer: false });
    client.send(new Uint8Array(3));
    server.receive(client.takeOutgoing());
    const exported = client.exportState();
    const state = importState(exported);
    assert.deepEqual(state.export(), exported);
    assert.equal(state.role, "client");
    assert.equal(state.suite, client.session?.suite);
    assert.equal(state.peerRecordSizeLimit, 999);
    assert.deepEqual([state.generation("send"), state.generation("receive")], [1, 0]);
    assert.equal(state.trafficKeys("send").sequence[7], 1);
    assert.deepEqual(state.trafficKeys("send"), client.trafficKeys("send"));
    assert.equal(importState(server.exportState()).role, "server");
  }
});

Deno.test("a state that is stepped on goes with a peer that updates", () => {
  const { client, server } = openPair();
  const state = importState(server.exportState());
  client.updateKeys({ requestPeer: false });
  state.advance("receive");
  assert.deepEqual(state.trafficKeys("receive"), client.trafficKeys("send"));
  assert.equal(state.generation("receive"), 1);
  assert.deepEqual(state.trafficKeys("send"), server.trafficKeys("send"));
});

Deno.test("a connection goes on from a state", () => {
  const { client, server } = openPair();
  client.send(Uint8Array.of(1));
  server.receive(client.takeOutgoing());
  const resumed = resumeConnection(importState(server.exportState()));
  assert.equal(resumed.state, "open");
  assert.equal(resumed.session, undefined);
  client.updateKeys({ requestPeer: true });
  client.send(Uint8Array.of(2));
  resumed.receive(client.takeOutgoing());
  assert.deepEqual(dataOf(resumed.takeEvents()), Uint8Array.of(2));
  resumed.send(Uint8Array.of(3));
  client.receive(resumed.takeOutgoing());
  assert.deepEqual(dataOf(client.takeEvents()), Uint8Array.of(3));
});

Deno.test("what is no exported state gives a TypeError and nothing else", () => {
  const good = openPair().client.exportState();
  for (let length = 0; length < good.length; length++) {
    assert.throws(() => importState(good.subarray(0, length)), TypeError);
  }
  assert.throws(() => importState(Uint8Array.of(...good, 0)), TypeError);
  for (
    const [at, value] of [[0, 2], [1, 0], [1, 3], [2, 9], [3, 9], [4, 0xff], [10, 0xff], [18, 48]] as const
  ) {
    const bad = good.slice();
    bad[at] = value;
    assert.throws(() => importState(bad), {
      name: "TypeError",
      message: "not an exported TLS state of format 1",
    });
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), (any) => {
    assert.throws(() => importState(any), TypeError);
  }));
});

Deno.test("there is nothing to export or to hand over before the handshake is complete and after its end", () => {
  const early = createServer({ findPsk: () => psk() });
  const { client: late } = openPair();
  late.close();
  for (const connection of [early, late]) {
    assert.throws(() => connection.exportState(), { name: "TlsStateError" });
    assert.throws(() => connection.trafficKeys("send"), { name: "TlsStateError" });
    assert.throws(() => connection.trafficKeys("receive"), { name: "TlsStateError" });
  }
});

Deno.test("secrets are wiped when they are superseded and when a state is destroyed", () => {
  const secret = new Uint8Array(32).fill(1);
  const traffic = new Traffic(gcm, secret);
  traffic.advance();
  assert(secret.every((byte) => byte === 0));
  traffic.destroy();
  assert(traffic.export().subarray(13).every((byte) => byte === 0));
  const state = importState(openPair().client.exportState());
  state.destroy();
  const exported = state.export();
  assert(exported.subarray(6 + 13, 6 + 45).every((byte) => byte === 0));
  assert(exported.subarray(6 + 45 + 13).every((byte) => byte === 0));
});
