/** `KtlsSocket` and a peer that sends what is allowed and seldom done, and what is not. */
import assert from "node:assert/strict";
import type { KtlsSocket } from "../../runtime/ktls/mod.ts";
import { RecordCipher } from "../../runtime/ktls/record_cipher.ts";
import { sockets } from "../../runtime/posix/mod.ts";
import { AlertDescription, TlsAlertError, TlsTruncatedError } from "../../runtime/tls/mod.ts";
import { bytes, pattern, rawSend, records, type Rogue, text, withPair, withRogue } from "./connections.ts";

function test(name: string, body: (client: KtlsSocket, rogue: Rogue) => Promise<void>): void {
  Deno.test(`records by the ${records === "kernel" ? "kernel" : "process"}: ${name}`, () => withRogue(body));
}

/** A NewSessionTicket: lifetime, age, nonce, ticket, no extensions (RFC 8446 section 4.6.1). */
const ticket = [4, 0, 0, 17, 0, 0, 1, 0, 1, 2, 3, 4, 1, 0, 0, 3, 7, 7, 7, 0, 0];
const keyUpdate = [24, 0, 0, 1, 0];
const keyUpdateRequest = [24, 0, 0, 1, 1];

/** That the connection ends with an alert of ours, that the peer is sent it, and that it stays ended. */
async function refuses(
  client: KtlsSocket,
  rogue: Rogue,
  alert: keyof typeof AlertDescription,
): Promise<void> {
  const isIt = (error: unknown) => {
    assert(error instanceof TlsAlertError, String(error));
    assert.deepEqual([error.alert, error.fromPeer], [AlertDescription[alert], false], error.message);
    return true;
  };
  await assert.rejects(async () => {
    while (await client.receive() !== undefined);
  }, isIt);
  await assert.rejects(client.receive(), isIt);
  await assert.rejects(client.send(bytes("x")), isIt);
  await assert.rejects(client.updateKeys({ requestPeer: false }), isIt);
  const signal = AbortSignal.timeout(60_000);
  assert.deepEqual(await rogue.records.receive({ signal }), {
    type: 21,
    bytes: Uint8Array.of(2, AlertDescription[alert]),
  });
  await client.close();
}

test("tickets are read and forgotten", async (client, rogue) => {
  await rogue.records.send(22, Uint8Array.from(ticket));
  await rogue.records.send(22, Uint8Array.from([...ticket, ...ticket]));
  await rogue.says("after them");
  assert.equal(text(await client.receive()), "after them");
});

test("a ticket and a KeyUpdate in one record, which the kernel takes for a ticket", async (client, rogue) => {
  await rogue.records.send(22, Uint8Array.from([...ticket, ...keyUpdateRequest]));
  rogue.stepSend();
  await rogue.says("under the next key");
  assert.equal(text(await client.receive()), "under the next key");
  assert.equal(client.generation("receive"), 1);
  await client.send(bytes("answer"));
  const signal = AbortSignal.timeout(60_000);
  assert.deepEqual(await rogue.records.receive({ signal }), { type: 22, bytes: Uint8Array.from(keyUpdate) });
  rogue.stepReceive();
  assert.equal(text((await rogue.records.receive())?.bytes), "answer");
});

test("a ticket cut in two", async (client, rogue) => {
  await rogue.records.send(22, Uint8Array.from(ticket.slice(0, 9)));
  await rogue.records.send(22, Uint8Array.from(ticket.slice(9)));
  await rogue.says("after it");
  assert.equal(text(await client.receive()), "after it");
});

test(
  "many KeyUpdates in a row are followed, and all their requests have one answer",
  async (client, rogue) => {
    for (let i = 0; i < 32; i++) await rogue.updateKeys(1);
    await rogue.says("here");
    for (let i = 0; i < 32; i++) await rogue.updateKeys(0);
    await rogue.says("there");
    assert.equal(text(await client.receive()), "here");
    assert.equal(text(await client.receive()), "there");
    assert.equal(client.generation("receive"), 64);
    await client.send(bytes("answer"));
    await client.send(bytes("more"));
    assert.equal((await rogue.records.receive())?.type, 22);
    rogue.stepReceive();
    assert.equal(text((await rogue.records.receive())?.bytes), "answer");
    assert.equal(text((await rogue.records.receive())?.bytes), "more");
  },
);

test("data, a KeyUpdate and data under the next key in one go", async (client, rogue) => {
  for (let i = 0; i < 20; i++) {
    await rogue.says(`a${i};`);
    await rogue.says(`b${i};`);
    await rogue.updateKeys(0);
  }
  await rogue.says("end");
  let all = "";
  while (!all.endsWith("end")) all += text(await client.receive());
  assert.equal(all, Array.from({ length: 20 }, (_, i) => `a${i};b${i};`).join("") + "end");
});

test("a KeyUpdate that comes in the middle of a long send is answered in the middle of it", async () => {
  await withPair({ smallBuffers: true }, async (client, server) => {
    const much = pattern(1 << 20);
    const sending = client.send(much);
    await server.updateKeys({ requestPeer: true });
    await server.send(bytes("go on"));
    assert.equal(text(await client.receive()), "go on");
    let length = 0;
    while (length < much.length) length += (await server.receive())!.length;
    await sending;
    assert.equal(client.generation("send"), 1);
    assert.equal(server.generation("receive"), 1);
  });
});

test("33 KeyUpdates without data are too many", async (client, rogue) => {
  for (let i = 0; i < 33; i++) await rogue.updateKeys(0);
  await refuses(client, rogue, "unexpectedMessage");
});

test("an empty record and a padded one are no harm", async (client, rogue) => {
  const cipher = new RecordCipher(rogue.state.trafficKeys("send"));
  rawSend(rogue.fd, cipher.seal(23, new Uint8Array()));
  // A type of 0 is a byte of padding; the one before it is the type then.
  rawSend(rogue.fd, cipher.seal(0, Uint8Array.of(...bytes("padded"), 23)));
  rawSend(rogue.fd, cipher.seal(23, new Uint8Array()));
  rawSend(rogue.fd, cipher.seal(23, bytes(", plain")));
  let all = "";
  while (all.length < 13) all += text(await client.receive());
  assert.equal(all, "padded, plain");
});

test("warnings and empty records without end are too many", async (client, rogue) => {
  const cipher = new RecordCipher(rogue.state.trafficKeys("send"));
  for (let i = 0; i < 50; i++) {
    rawSend(rogue.fd, cipher.seal(23, new Uint8Array()));
    rawSend(rogue.fd, cipher.seal(21, Uint8Array.of(1, 90)));
  }
  await refuses(client, rogue, "unexpectedMessage");
});

test("33 warnings are too many", async (client, rogue) => {
  for (let i = 0; i < 33; i++) await rogue.records.send(21, Uint8Array.of(1, 90));
  await refuses(client, rogue, "unexpectedMessage");
});

for (
  const [what, alert, ...messages] of [
    ["a KeyUpdate with bytes behind it", "unexpectedMessage", [...keyUpdate, 4, 0]],
    ["two KeyUpdates in one record", "unexpectedMessage", [...keyUpdate, ...keyUpdate]],
    ["a KeyUpdate that asks for 2", "illegalParameter", [24, 0, 0, 1, 2]],
    ["a KeyUpdate without a body", "decodeError", [24, 0, 0, 0]],
    ["a KeyUpdate of two bytes", "decodeError", [24, 0, 0, 2, 0, 0]],
    ["a KeyUpdate cut in two", "unexpectedMessage", keyUpdate.slice(0, 2), keyUpdate.slice(2)],
    ["a ticket that is none", "decodeError", [4, 0, 0, 1, 0]],
    ["a ServerHello after the handshake", "unexpectedMessage", [2, 0, 0, 0]],
    ["a message that is too long", "illegalParameter", [4, 1, 0, 1]],
  ] as const
) {
  test(`${what} is refused`, async (client, rogue) => {
    await rogue.says("before");
    for (const message of messages) await rogue.records.send(22, Uint8Array.from(message));
    assert.equal(text(await client.receive()), "before");
    await refuses(client, rogue, alert);
  });
}

test("data in the middle of a ticket is refused", async (client, rogue) => {
  await rogue.records.send(22, Uint8Array.from(ticket.slice(0, 9)));
  await rogue.says("what?");
  await refuses(client, rogue, "unexpectedMessage");
});

test("a record of another type is refused", async (client, rogue) => {
  await rogue.records.send(24, Uint8Array.of(1));
  await refuses(client, rogue, "unexpectedMessage");
});

test("an alert of one byte is refused", async (client, rogue) => {
  await rogue.records.send(21, Uint8Array.of(1));
  await refuses(client, rogue, "decodeError");
});

test("a record under a key that is not the peer's is refused", async (client, rogue) => {
  rogue.stepSend();
  await rogue.says("too early");
  await refuses(client, rogue, "badRecordMac");
});

test("what is no record is refused", async (client, rogue) => {
  rawSend(rogue.fd, bytes("GET / HTTP/1.1\r\nHost: tynl.test\r\n\r\n"));
  await refuses(client, rogue, "unexpectedMessage");
});

test("a record that announces too much is refused", async (client, rogue) => {
  rawSend(rogue.fd, Uint8Array.of(23, 3, 3, 0x42, 0, ...new Uint8Array(100)));
  await refuses(client, rogue, "recordOverflow");
});

test("a fatal alert of the peer ends the connection, and is not answered", async (client, rogue) => {
  await rogue.records.send(21, Uint8Array.of(2, 80));
  await assert.rejects(client.receive(), (error: unknown) => {
    assert(error instanceof TlsAlertError && error.fromPeer);
    return error.alert === AlertDescription.internalError;
  });
  client.destroy();
  assert.equal(await rogue.records.receive(), undefined);
});

test(
  "user_canceled is no end, close_notify is; what comes behind it does not count",
  async (client, rogue) => {
    await rogue.records.send(21, Uint8Array.of(1, 90));
    await rogue.says("last");
    await rogue.records.send(21, Uint8Array.of(1, 0));
    await rogue.says("ignored");
    assert.equal(text(await client.receive()), "last");
    assert.equal(await client.receive(), undefined);
    assert.equal(await client.receive(), undefined);
  },
);

for (const [what, length] of [["between records", 0], ["in a header", 3], ["in a record", 30]] as const) {
  test(`an end without close_notify, ${what}, is told`, async (client, rogue) => {
    await rogue.says("so far");
    rawSend(rogue.fd, Uint8Array.of(23, 3, 3, 1, 0, ...new Uint8Array(25)).subarray(0, length));
    sockets().shutdown(rogue.fd, 1);
    assert.equal(text(await client.receive()), "so far");
    await assert.rejects(client.receive(), TlsTruncatedError);
  });
}

test("a KeyUpdate and the end of the connection behind it", async (client, rogue) => {
  await rogue.updateKeys(1);
  await rogue.records.send(21, Uint8Array.of(1, 0));
  sockets().shutdown(rogue.fd, 1);
  assert.equal(await client.receive(), undefined);
  assert.equal(client.generation("receive"), 1);
});

test("a failure ends a send that waits for room", async (client, rogue) => {
  const sending = client.send(new Uint8Array(64 << 20));
  const failed = assert.rejects(sending, TlsAlertError);
  await rogue.records.send(24, Uint8Array.of(1));
  await assert.rejects(client.receive(), TlsAlertError);
  await failed;
});
