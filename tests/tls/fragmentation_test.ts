/** The same bytes, cut and joined in any way, mean the same. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { ClientOptions, ServerOptions, TlsConnection, TlsEvent } from "../../runtime/tls/mod.ts";
import { plainRecord } from "../../runtime/tls/record.ts";
import { hex } from "./helpers.ts";
import { certificate, expects, findAmong, pair, psk } from "./pairs.ts";
import { rogueServer } from "./rogue.ts";
import { createClient, createServer } from "../../runtime/tls/mod.ts";

/** Hands bytes over in pieces of these lengths, again and again. */
function inPieces(to: TlsConnection, data: Uint8Array, lengths: readonly number[]): void {
  for (let at = 0, i = 0; at < data.length; i++) {
    const length = lengths[i % lengths.length]!;
    to.receive(data.subarray(at, at + length));
    at += length;
  }
}

/** What happened, with data joined: where it is cut is the sender's affair, but its order among other events is not. */
function summary(events: readonly TlsEvent[]): string[] {
  return events.map((event) => event.type === "data" ? hex(event.data) : event.type);
}

const pieces = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 8 });

const modes: { readonly [mode: string]: readonly [ClientOptions, ServerOptions] } = {
  "a PSK": [{ psks: [psk()] }, { findPsk: findAmong(psk()) }],
  "a PSK and a retry": [{ psks: [psk()] }, { findPsk: findAmong(psk()), groups: ["secp256r1"] }],
  "certificates": [
    { verifyPeer: expects("p256"), certificates: [certificate("p256")] },
    { verifyPeer: expects("p256"), certificates: [certificate("p256")], clientCertificate: "require" },
  ],
};

for (const [mode, [clientOptions, serverOptions]] of Object.entries(modes)) {
  Deno.test(`a handshake with ${mode}, data and KeyUpdates in any pieces`, () => {
    fc.assert(
      fc.property(pieces, pieces, (toServer, toClient) => {
        const { client, server } = pair(clientOptions, serverOptions);
        for (let round = 0; round < 4; round++) {
          inPieces(server, client.takeOutgoing(), toServer);
          inPieces(client, server.takeOutgoing(), toClient);
        }
        client.send(Uint8Array.of(1, 2));
        client.updateKeys({ requestPeer: true });
        client.send(Uint8Array.of(3));
        inPieces(server, client.takeOutgoing(), toServer);
        server.send(Uint8Array.of(4));
        server.close();
        inPieces(client, server.takeOutgoing(), toClient);
        assert.deepEqual(summary(server.takeEvents()), ["open", "0102", "keyUpdate", "03", "keyUpdate"]);
        assert.deepEqual(summary(client.takeEvents()), ["open", "keyUpdate", "keyUpdate", "04", "alert"]);
        assert.equal(client.bytesBuffered + server.bytesBuffered, 0);
      }),
      { numRuns: 40 },
    );
  });
}

Deno.test("a ClientHello in any number of records is the same ClientHello", () => {
  fc.assert(
    fc.property(pieces, (lengths) => {
      const { client, server } = pair();
      const hello = client.takeOutgoing().subarray(5);
      for (let at = 0, i = 0; at < hello.length; i++) {
        const length = lengths[i % lengths.length]!;
        server.receive(plainRecord(22, hello.subarray(at, at + length)));
        at += length;
      }
      client.receive(server.takeOutgoing());
      server.receive(client.takeOutgoing());
      assert.equal(server.state, "open");
    }),
    { numRuns: 40 },
  );
});

Deno.test("a server's flight in records of any size is the same flight", () => {
  fc.assert(
    fc.property(fc.integer({ min: 64, max: 2000 }), (limit) => {
      const { client, server } = pair(
        { ...modes.certificates![0], recordSizeLimit: limit },
        modes.certificates![1],
      );
      server.receive(client.takeOutgoing());
      client.receive(server.takeOutgoing());
      assert.equal(client.state, "open");
    }),
    { numRuns: 40 },
  );
});

Deno.test("a failure comes at the same place however the bytes are cut", () => {
  fc.assert(
    fc.property(pieces, (lengths) => {
      const rogue = rogueServer({
        send: (bytes) => {
          if (bytes[0] === 20) bytes[9]! ^= 1;
          return bytes;
        },
      });
      const client = createClient({ psks: [psk()] });
      rogue.tls.receive(client.takeOutgoing());
      assert.throws(() => inPieces(client, rogue.tls.takeOutgoing(), lengths), { alert: 51 });
    }),
    { numRuns: 40 },
  );
});

Deno.test("bytesWanted read one after the other give whole records, and nothing is left over", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 5 }), (chunks) => {
      const client = createClient({ psks: [psk()] });
      const server = createServer({ findPsk: findAmong(psk()) });
      server.receive(client.takeOutgoing());
      const stream = server.takeOutgoing();
      let at = 0;
      while (at < stream.length) {
        const wanted = client.bytesWanted;
        assert(wanted > 0 && wanted <= stream.length - at);
        client.receive(stream.subarray(at, at += wanted));
      }
      server.receive(client.takeOutgoing());
      for (const chunk of chunks) server.send(chunk);
      const data = server.takeOutgoing();
      for (let at = 0; at < data.length;) client.receive(data.subarray(at, at += client.bytesWanted));
      assert.deepEqual(summary(client.takeEvents()), ["open", ...chunks.map(hex)]);
    }),
    { numRuns: 40 },
  );
});
