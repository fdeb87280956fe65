import assert from "node:assert/strict";
import { AlertDescription } from "../../runtime/tls/alerts.ts";
import { dataOf, exchange } from "./helpers.ts";
import { openPair, pair } from "./pairs.ts";

const { closeNotify, userCanceled } = AlertDescription;

Deno.test("a side that has closed still receives until the other one closes too", () => {
  const { client, server } = openPair();
  client.close();
  server.receive(client.takeOutgoing());
  assert.deepEqual(server.takeEvents(), [{ type: "alert", description: closeNotify }]);
  assert.deepEqual([client.state, server.state], ["closing", "closing"]);
  server.send(Uint8Array.of(1, 2));
  server.close();
  assert.equal(server.state, "closed");
  client.receive(server.takeOutgoing());
  assert.deepEqual(dataOf(client.takeEvents()), Uint8Array.of(1, 2));
  assert.equal(client.state, "closed");
  assert.equal(client.failure, undefined);
});

Deno.test("after close_notify nothing can be sent, and closing again does nothing", () => {
  const { client } = openPair();
  client.close();
  assert.equal(client.takeOutgoing().length, 24);
  client.close();
  assert.equal(client.takeOutgoing().length, 0);
  assert.throws(() => client.send(new Uint8Array(1)), { name: "TlsStateError" });
});

Deno.test("what comes after close_notify is ignored", () => {
  const { client, server } = openPair();
  client.close();
  server.receive(Uint8Array.of(...client.takeOutgoing(), 1, 2, 3));
  server.receive(new Uint8Array(100));
  assert.equal(server.failure, undefined);
  assert.equal(server.bytesWanted, 0);
  assert.equal(server.bytesBuffered, 0);
});

Deno.test("who gives up during the handshake says so, and the other side fails", () => {
  const early = pair();
  early.server.receive(early.client.takeOutgoing());
  early.server.takeOutgoing();
  early.client.close();
  assert.equal(early.client.state, "closed");
  assert.throws(() => early.server.receive(early.client.takeOutgoing()), {
    alert: closeNotify,
    fromPeer: true,
  });
  assert.deepEqual(early.server.takeEvents(), [{ type: "alert", description: userCanceled }]);
  assert.equal(early.server.state, "closed");
});

Deno.test("a connection that is destroyed says nothing and does nothing more", () => {
  const { client, server } = openPair();
  client.destroy();
  assert.equal(client.state, "closed");
  assert.equal(client.takeOutgoing().length, 0);
  assert.equal(client.bytesWanted, 0);
  assert.throws(() => client.exportState(), { name: "TlsStateError" });
  server.send(Uint8Array.of(1));
  client.receive(server.takeOutgoing());
  assert.deepEqual(client.takeEvents(), []);
  client.close();
  client.destroy();
  assert.equal(client.takeOutgoing().length, 0);
});

Deno.test("data cannot be sent before the handshake is complete", () => {
  const { client, server } = pair();
  for (const side of [client, server]) {
    assert.throws(() => side.send(new Uint8Array(1)), { name: "TlsStateError" });
  }
  server.receive(client.takeOutgoing());
  assert.throws(() => server.send(new Uint8Array(1)), { name: "TlsStateError" });
  exchange(client, server);
  server.send(new Uint8Array(1));
});

Deno.test("no data makes no record", () => {
  const { client } = openPair();
  client.send(new Uint8Array());
  assert.equal(client.takeOutgoing().length, 0);
});
