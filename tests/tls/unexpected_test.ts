/** Every kind of handshake message in every state of both roles, where it has no place. */
import assert from "node:assert/strict";
import { HandshakeType } from "../../runtime/tls/messages.ts";
import { type ClientOptions, createClient, createServer, type ServerOptions } from "../../runtime/tls/mod.ts";
import { exchange } from "./helpers.ts";
import { certificate, expects, findAmong, psk } from "./pairs.ts";
import { failsTowards, handshakeFails, message, rogueClient, rogueServer } from "./rogue.ts";

/** The types of RFC 8446 appendix B.3, its reserved ones, and one that nobody knows. */
const types = [0, 1, 2, 3, 4, 5, 6, 8, 11, 12, 13, 14, 15, 16, 20, 21, 22, 23, 24, 99, 254];
const { clientHello, serverHello, newSessionTicket, encryptedExtensions } = HandshakeType;
const { certificate: chain, certificateRequest, certificateVerify, finished, keyUpdate } = HandshakeType;

interface Situation {
  /** The message that is due, which another one replaces. */
  readonly due: number;
  /** Types that are allowed there. */
  readonly allowed: readonly number[];
  /** What it takes to get there. */
  readonly client?: ClientOptions;
  readonly server?: ServerOptions;
  /** Which of the messages of that type. */
  readonly nth?: number;
}

const withPsk = { client: { psks: [psk()] }, server: { findPsk: findAmong(psk()) } };
const withCertificates = {
  client: { verifyPeer: expects("p256"), certificates: [certificate("p256")] },
  server: {
    verifyPeer: expects("p256"),
    certificates: [certificate("p256")],
    clientCertificate: "require",
  },
} as const;
const serverOnly = { client: withCertificates.client, server: { certificates: [certificate("p256")] } };

/** Replaces the nth message of type `due`. */
function replacing(due: number, nth: number, by: number): (bytes: Uint8Array) => Uint8Array {
  let count = 0;
  return (bytes) => bytes[0] === due && count++ === nth ? message(by) : bytes;
}

const clientWaits: { readonly [state: string]: Situation } = {
  "ServerHello": { due: serverHello, allowed: [serverHello], ...withPsk },
  "ServerHello after a retry": {
    due: serverHello,
    nth: 1,
    allowed: [serverHello],
    client: withPsk.client,
    server: { ...withPsk.server, groups: ["secp256r1"] },
  },
  "EncryptedExtensions": { due: encryptedExtensions, allowed: [encryptedExtensions], ...withPsk },
  "CertificateRequest or Certificate": { due: chain, allowed: [certificateRequest, chain], ...serverOnly },
  "Certificate": { due: chain, allowed: [chain], ...withCertificates },
  "CertificateVerify": { due: certificateVerify, allowed: [certificateVerify], ...withCertificates },
  "Finished with certificates": { due: finished, allowed: [finished], ...withCertificates },
  "Finished with a PSK": { due: finished, allowed: [finished], ...withPsk },
};

for (const [state, situation] of Object.entries(clientWaits)) {
  for (const type of types.filter((type) => !situation.allowed.includes(type))) {
    Deno.test(`a client that waits for ${state} refuses message ${type}`, () => {
      const { due, nth = 0 } = situation;
      const rogue = rogueServer({ send: replacing(due, nth, type) }, situation.server);
      handshakeFails(10, createClient(situation.client!), rogue.tls);
    });
  }
}

const serverWaits: { readonly [state: string]: Situation } = {
  "ClientHello": { due: clientHello, allowed: [clientHello], ...withPsk },
  "a second ClientHello": {
    due: clientHello,
    nth: 1,
    allowed: [clientHello],
    client: withPsk.client,
    server: { ...withPsk.server, groups: ["secp256r1"] },
  },
  "Certificate": { due: chain, allowed: [chain], ...withCertificates },
  "CertificateVerify": { due: certificateVerify, allowed: [certificateVerify], ...withCertificates },
  "Finished with certificates": { due: finished, allowed: [finished], ...withCertificates },
  "Finished with a PSK": { due: finished, allowed: [finished], ...withPsk },
};

for (const [state, situation] of Object.entries(serverWaits)) {
  for (const type of types.filter((type) => !situation.allowed.includes(type))) {
    Deno.test(`a server that waits for ${state} refuses message ${type}`, () => {
      const { due, nth = 0 } = situation;
      const rogue = rogueClient({ send: replacing(due, nth, type) }, situation.client);
      handshakeFails(10, createServer(situation.server!), rogue.tls);
    });
  }
}

for (const type of types.filter((type) => type !== keyUpdate)) {
  Deno.test(`an open server refuses message ${type}`, () => {
    const server = createServer(withPsk.server);
    const { tls, say } = rogueClient();
    exchange(tls, server);
    assert.equal(server.state, "open");
    say(message(type));
    failsTowards(10, server, tls, tls.takeOutgoing());
  });
  if (type === newSessionTicket) continue;
  Deno.test(`an open client refuses message ${type}`, () => {
    const client = createClient(withPsk.client);
    const { tls, say } = rogueServer();
    exchange(client, tls);
    assert.equal(client.state, "open");
    say(message(type));
    failsTowards(10, client, tls, tls.takeOutgoing());
  });
}
