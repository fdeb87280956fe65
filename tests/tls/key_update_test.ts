import assert from "node:assert/strict";
import { AlertDescription } from "../../runtime/tls/alerts.ts";
import {
  createClient,
  createServer,
  importState,
  resumeConnection,
  type TlsConnection,
  type TlsEvent,
} from "../../runtime/tls/mod.ts";
import { encodeKeyUpdate } from "../../runtime/tls/messages.ts";
import { trafficOf } from "../../runtime/tls/state.ts";
import { dataOf, exchange, hex } from "./helpers.ts";
import { findAmong, openPair, psk } from "./pairs.ts";
import { failsTowards, rogueClient } from "./rogue.ts";

/** A clock that goes on by a second whenever it is read, so that no rate is exceeded. */
function slowClock(): () => number {
  let now = 0;
  return () => now += 1000;
}

function unhurried(): { client: TlsConnection; server: TlsConnection } {
  return openPair({ now: slowClock() }, { now: slowClock() });
}

function passes(from: TlsConnection, to: TlsConnection, text: string): TlsEvent[] {
  from.send(new TextEncoder().encode(text));
  to.receive(from.takeOutgoing());
  const events = to.takeEvents();
  assert.equal(new TextDecoder().decode(dataOf(events)), text);
  return events;
}

function generations(connection: TlsConnection): [number, number] {
  const state = importState(connection.exportState());
  return [state.generation("send"), state.generation("receive")];
}

for (const initiator of ["client", "server"] as const) {
  const other = initiator === "client" ? "server" : "client";

  Deno.test(`an update by the ${initiator} that asks for none changes one direction`, () => {
    const { [initiator]: one, [other]: two } = unhurried();
    one.updateKeys({ requestPeer: false });
    assert.deepEqual(one.takeEvents(), [{ type: "keyUpdate", direction: "send", requested: false }]);
    const events = passes(one, two, "after");
    assert.deepEqual(events[0], { type: "keyUpdate", direction: "receive", requested: false });
    passes(two, one, "back");
    assert.deepEqual(generations(one), [1, 0]);
    assert.deepEqual(generations(two), [0, 1]);
  });

  Deno.test(`an update by the ${initiator} that asks for one is answered before the next data`, () => {
    const { [initiator]: one, [other]: two } = unhurried();
    one.updateKeys({ requestPeer: true });
    assert.deepEqual(one.takeEvents(), [{ type: "keyUpdate", direction: "send", requested: true }]);
    two.receive(one.takeOutgoing());
    assert.equal(two.takeOutgoing().length, 0);
    const events = passes(two, one, "answer");
    assert.deepEqual(events.map(({ type }) => type), ["keyUpdate", "data"]);
    assert.deepEqual(generations(one), [1, 1]);
    assert.deepEqual(generations(two), [1, 1]);
  });

  Deno.test(`ten updates in a row by the ${initiator} with data before, between and after`, () => {
    const { [initiator]: one, [other]: two } = unhurried();
    passes(one, two, "before");
    for (let i = 0; i < 10; i++) {
      one.updateKeys({ requestPeer: i % 2 === 0 });
      if (i % 3 === 0) passes(one, two, `between ${i}`);
      if (i % 4 === 0) passes(two, one, `back ${i}`);
    }
    passes(one, two, "after");
    passes(two, one, "after");
    assert.equal(generations(one)[0], 10);
    assert.equal(generations(two)[1], 10);
  });
}

Deno.test("both sides may update at once, both asking", () => {
  const { client, server } = unhurried();
  client.updateKeys({ requestPeer: true });
  server.updateKeys({ requestPeer: true });
  exchange(client, server);
  passes(client, server, "to the server");
  passes(server, client, "to the client");
  assert.deepEqual(generations(client), [2, 2]);
  assert.deepEqual(generations(server), [2, 2]);
});

Deno.test("many requests are answered by one update", () => {
  const { client, server } = unhurried();
  for (let i = 0; i < 5; i++) client.updateKeys({ requestPeer: true });
  server.receive(client.takeOutgoing());
  passes(server, client, "answer");
  passes(server, client, "no second answer");
  assert.deepEqual(generations(server), [1, 5]);
});

Deno.test("an update of one's own counts as the answer", () => {
  const { client, server } = unhurried();
  client.updateKeys({ requestPeer: true });
  server.receive(client.takeOutgoing());
  server.updateKeys({ requestPeer: false });
  passes(server, client, "answer");
  assert.deepEqual(generations(server), [1, 1]);
});

Deno.test("the KeyUpdate itself goes under the old key and is a record of five bytes of content", () => {
  const { client } = unhurried();
  client.updateKeys({ requestPeer: true });
  const record = client.takeOutgoing();
  assert.equal(record.length, 5 + 5 + 1 + 16);
  assert.equal(hex(encodeKeyUpdate(true)), "1800000101");
  assert.equal(hex(encodeKeyUpdate(false)), "1800000100");
});

Deno.test("a request where the peer waits for an answer comes after the answer, as GnuTLS wants it", () => {
  const { client, server } = unhurried();
  client.updateKeys({ requestPeer: true });
  server.receive(client.takeOutgoing());
  server.takeEvents();
  server.updateKeys({ requestPeer: true });
  client.receive(server.takeOutgoing());
  const requests = client.takeEvents().filter((event) =>
    event.type === "keyUpdate" && event.direction === "receive"
  );
  assert.deepEqual(requests.map((event) => event.type === "keyUpdate" && event.requested), [false, true]);
});

/** A client that can send KeyUpdates as fast as it likes. */
function hasty(): { send: (requestPeer: boolean) => void; client: TlsConnection; server: TlsConnection } {
  const rogue = rogueClient({}, { now: slowClock() });
  const server = createServer({ findPsk: findAmong(psk()) });
  exchange(rogue.tls, server);
  return { client: rogue.tls, server, send: (requestPeer) => rogue.tls.updateKeys({ requestPeer }) };
}

Deno.test("thirty-two updates without data are borne, the next one is refused", () => {
  const { client, server, send } = hasty();
  for (let i = 0; i < 32; i++) send(i % 2 === 0);
  server.receive(client.takeOutgoing());
  assert.equal(server.state, "open");
  send(false);
  failsTowards(AlertDescription.unexpectedMessage, server, client, client.takeOutgoing());
});

Deno.test("data between updates starts the count again", () => {
  const { client, server, send } = hasty();
  for (let i = 0; i < 100; i++) {
    send(true);
    if (i % 30 === 0) client.send(Uint8Array.of(i));
  }
  server.receive(client.takeOutgoing());
  assert.equal(server.state, "open");
});

Deno.test("a fifth update of one's own within a second is refused, and later allowed", () => {
  let now = 0;
  const { client, server } = openPair({ now: () => now });
  for (let i = 0; i < 4; i++) client.updateKeys({ requestPeer: false });
  assert.throws(() => client.updateKeys({ requestPeer: false }), { name: "TlsStateError" });
  now = 999;
  assert.throws(() => client.updateKeys({ requestPeer: false }), { name: "TlsStateError" });
  now = 1000;
  client.updateKeys({ requestPeer: false });
  passes(client, server, "all is well");
  assert.deepEqual(generations(client), [5, 0]);
});

Deno.test("keys cannot be updated before the handshake is complete, nor after close_notify", () => {
  const client = createClient({ psks: [psk()] });
  assert.throws(() => client.updateKeys({ requestPeer: true }), { name: "TlsStateError" });
  const { client: closed } = openPair();
  closed.close();
  assert.throws(() => closed.updateKeys({ requestPeer: true }), { name: "TlsStateError" });
});

/** The exported state of an AES-GCM connection with other sequence numbers: bytes 10 and 55 begin them. */
function withSequence(state: Uint8Array, receive: number, send: number): Uint8Array {
  const changed = state.slice();
  const view = new DataView(changed.buffer);
  view.setBigUint64(10, BigInt(receive));
  view.setBigUint64(10 + 8 + 1 + 32 + 4, BigInt(send));
  return changed;
}

Deno.test("a key is changed before AES-GCM has protected 2^24 records with it", () => {
  const { client, server } = openPair();
  const near = 2 ** 24 - 5;
  const sender = resumeConnection(importState(withSequence(client.exportState(), 0, near)));
  const receiver = resumeConnection(importState(withSequence(server.exportState(), near, 0)));
  for (let i = 0; i < 10; i++) passes(sender, receiver, `record ${i}`);
  assert.deepEqual(generations(sender), [1, 0]);
  assert.deepEqual(generations(receiver), [0, 1]);
});

Deno.test("a peer that goes on with a used-up key is asked for another one, once", () => {
  const { client, server } = openPair({ suites: ["TLS_AES_128_GCM_SHA256"] });
  const near = 2 ** 24 - 1;
  const receiver = resumeConnection(importState(withSequence(server.exportState(), near, 0)));
  const { send } = trafficOf(importState(withSequence(client.exportState(), 0, near)));
  receiver.receive(send.protection.seal(23, Uint8Array.of(1)));
  const asks = receiver.takeOutgoing();
  client.receive(asks);
  assert.deepEqual(client.takeEvents(), [{ type: "keyUpdate", direction: "receive", requested: true }]);
  receiver.receive(send.protection.seal(23, Uint8Array.of(1)));
  assert.equal(receiver.takeOutgoing().length, 0);
});
