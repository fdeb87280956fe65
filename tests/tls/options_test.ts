import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import {
  type ClientOptions,
  createClient,
  createServer,
  type GroupName,
  type ServerOptions,
} from "../../runtime/tls/mod.ts";
import { certificate, psk } from "./pairs.ts";

const psks = [psk()];
const findPsk = () => psk();
const certificates = [certificate("p256")];

const badClients: { readonly [what: string]: ClientOptions } = {
  "neither psks nor verifyPeer": {},
  "an empty list of PSKs": { psks: [] },
  "a PSK of 15 bytes": { psks: [{ identity: "id", key: new Uint8Array(15) }] },
  "no suites": { psks, suites: [] },
  "a group that is none": { psks, groups: ["x448" as GroupName] },
  "a key share of a group that it does not offer": { psks, groups: ["x25519"], keyShares: ["secp256r1"] },
  "a record size limit of 63": { psks, recordSizeLimit: 63 },
  "a record size limit of 16386": { psks, recordSizeLimit: 16386 },
  "padding to a multiple of 0": { psks, padding: 0 },
  "an empty protocol": { psks, alpn: [""] },
  "a protocol of 256 letters": { psks, alpn: ["a".repeat(256)] },
  "a server name with a blank": { psks, serverName: "a b" },
  "a server name that ends with a dot": { psks, serverName: "a." },
  "an IPv4 address as the server's name": { psks, serverName: "192.0.2.1" },
  "an IPv6 address as the server's name": { psks, serverName: "2001:db8::1" },
  "a handshake message limit of 1023": { psks, maxHandshakeMessage: 1023 },
  "an empty server name": { psks, serverName: "" },
  "a certificate without a chain": { psks, certificates: [{ ...certificates[0]!, chain: [] }] },
  "a private key that no scheme takes": {
    psks,
    certificates: [{ ...certificates[0]!, privateKey: generateKeyPairSync("x25519").privateKey }],
  },
};
for (const [what, options] of Object.entries(badClients)) {
  Deno.test(`a client is not made with ${what}`, () => {
    assert.throws(
      () => createClient(options),
      (error) => error instanceof TypeError || error instanceof RangeError,
    );
  });
}

const badServers: { readonly [what: string]: ServerOptions } = {
  "neither findPsk nor certificates": {},
  "an empty list of certificates": { certificates: [] },
  "client certificates required and nothing to verify them with": {
    certificates,
    clientCertificate: "require",
  },
  "client certificates requested and nothing to verify them with": {
    certificates,
    clientCertificate: "request",
  },
  "an empty cookie": { findPsk, helloRetryCookie: new Uint8Array() },
  "a cookie that fits into no message": { findPsk, helloRetryCookie: new Uint8Array(0xff01) },
};
for (const [what, options] of Object.entries(badServers)) {
  Deno.test(`a server is not made with ${what}`, () => {
    assert.throws(
      () => createServer(options),
      (error) => error instanceof TypeError || error instanceof RangeError,
    );
  });
}
