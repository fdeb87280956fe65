/** What follows from records that somebody else has opened. */
import assert from "node:assert/strict";
import { PostHandshake, TlsAlertError, TlsStateError } from "../../runtime/tls/mod.ts";

const keyUpdate = (request: number) => Uint8Array.of(24, 0, 0, 1, request);
const ticket = Uint8Array.of(4, 0, 0, 15, 0, 0, 1, 0, 1, 2, 3, 4, 0, 0, 2, 7, 7, 0, 0);

function refused(alert: number, receive: () => unknown): void {
  assert.throws(receive, (error: unknown) => {
    assert(error instanceof TlsAlertError);
    assert.deepEqual([error.alert, error.fromPeer], [alert, false], error.message);
    return true;
  });
}

Deno.test("data is given as it is, and no data is nothing", () => {
  const peer = new PostHandshake("server");
  const data = Uint8Array.of(1, 2);
  assert.deepEqual(peer.receive(23, data), { type: "data", data });
  assert.equal(peer.receive(23, new Uint8Array()), undefined);
});

Deno.test("a KeyUpdate is told, and what it asks for is owed until somebody says otherwise", () => {
  const peer = new PostHandshake("client");
  assert.deepEqual(peer.receive(22, keyUpdate(0)), {
    type: "keyUpdate",
    direction: "receive",
    requested: false,
  });
  assert(!peer.owed);
  assert.deepEqual(peer.receive(22, keyUpdate(1)), {
    type: "keyUpdate",
    direction: "receive",
    requested: true,
  });
  peer.receive(22, keyUpdate(0));
  assert(peer.owed);
  peer.owed = false;
  assert(!peer.owed);
});

Deno.test("a KeyUpdate behind a ticket in one record is found", () => {
  const peer = new PostHandshake("client");
  assert.equal(peer.receive(22, ticket), undefined);
  assert.equal(peer.receive(22, Uint8Array.of(...ticket, ...keyUpdate(1)))?.type, "keyUpdate");
});

Deno.test("a server is sent no tickets", () => {
  refused(10, () => new PostHandshake("server").receive(22, ticket));
});

Deno.test("alerts: close_notify and user_canceled are told, others thrown as the peer's", () => {
  const peer = new PostHandshake("client");
  assert.deepEqual(peer.receive(21, Uint8Array.of(1, 90)), { type: "alert", description: 90 });
  assert.deepEqual(peer.receive(21, Uint8Array.of(1, 0)), { type: "alert", description: 0 });
  assert.throws(() => peer.receive(21, Uint8Array.of(2, 40)), { alert: 40, fromPeer: true });
});

Deno.test("data between them makes any number of KeyUpdates and of empty records good", () => {
  const peer = new PostHandshake("client");
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 32; j++) peer.receive(22, keyUpdate(0));
    for (let j = 0; j < 32; j++) peer.receive(23, new Uint8Array());
    peer.receive(23, Uint8Array.of(1));
  }
});

Deno.test("33 records without content in a row are too many, warnings among them", () => {
  const peer = new PostHandshake("client");
  for (let i = 0; i < 16; i++) {
    peer.receive(23, new Uint8Array());
    peer.receive(21, Uint8Array.of(1, 90));
  }
  refused(10, () => peer.receive(23, new Uint8Array()));
});

Deno.test("33 KeyUpdates without data are too many", () => {
  const peer = new PostHandshake("client");
  for (let i = 0; i < 32; i++) peer.receive(22, keyUpdate(1));
  refused(10, () => peer.receive(22, keyUpdate(1)));
});

Deno.test("what the kernel would let through is refused here", () => {
  const record = (type: number, ...content: number[]) => () =>
    new PostHandshake("client", { maxHandshakeMessage: 1024 }).receive(type, Uint8Array.from(content));
  refused(10, record(22));
  refused(10, record(22, ...keyUpdate(0), 4));
  refused(47, record(22, ...keyUpdate(2)));
  refused(47, record(22, 4, 0, 4, 1));
  refused(10, record(22, 2, 0, 0, 0));
  refused(50, record(21, 1));
  refused(10, record(20, 1));
  const peer = new PostHandshake("client");
  peer.receive(22, ticket.subarray(0, 5));
  refused(10, () => peer.receive(23, Uint8Array.of(1)));
});

Deno.test("four KeyUpdates of our own a second, and no more", () => {
  let now = 0;
  const peer = new PostHandshake("client", { now: () => now });
  for (let i = 0; i < 4; i++) peer.initiate();
  assert.throws(() => peer.initiate(), TlsStateError);
  now = 1000;
  peer.initiate();
});

Deno.test("records of anything give events or alerts, and nothing else", () => {
  const random = (below: number) => Math.floor(Math.random() * below);
  for (let i = 0; i < 2000; i++) {
    const peer = new PostHandshake(i % 2 === 0 ? "client" : "server", { maxHandshakeMessage: 1024 });
    const seen: string[] = [];
    try {
      for (let j = 0; j < 20; j++) {
        const type = [20, 21, 22, 22, 22, 23, random(256)][random(7)]!;
        const content = crypto.getRandomValues(new Uint8Array(random(40)));
        // Most messages have a type and a length that fit, or nothing behind them would be tried.
        if (content.length > 4 && random(4) > 0) {
          content.set([[4, 24][random(2)]!, 0, 0, content.length - 4]);
        }
        seen.push(`${type}: ${content}`);
        peer.receive(type, content);
      }
    } catch (error) {
      assert(error instanceof TlsAlertError, `${seen.join("; ")} gave ${error}`);
    }
  }
});
