/** What a handshake ends with when a side does something wrong: the alert of RFC 8446, on the wire. */
import assert from "node:assert/strict";
import { AlertDescription } from "../../runtime/tls/alerts.ts";
import { type Extension, ExtensionType, make } from "../../runtime/tls/extensions.ts";
import { encodeKeyUpdate, helloRetryRandom } from "../../runtime/tls/messages.ts";
import {
  type ClientOptions,
  createClient,
  createServer,
  importState,
  type ServerOptions,
  type TlsConnection,
} from "../../runtime/tls/mod.ts";
import { trafficOf } from "../../runtime/tls/state.ts";
import { exchange } from "./helpers.ts";
import { certificate, expects, findAmong, openPair, pair, psk } from "./pairs.ts";
import {
  failsTowards,
  failsWith,
  handshakeFails,
  message,
  type Mischief,
  rogueClient,
  rogueServer,
  sealed,
} from "./rogue.ts";

const alert = AlertDescription;
const withPsk = { client: { psks: [psk()] }, server: { findPsk: findAmong(psk()) } };
const withCertificate = {
  client: { verifyPeer: expects("p256") },
  server: { certificates: [certificate("p256")] },
} as const;

/** Changes the message of a type. */
function changing(type: number, change: (bytes: Uint8Array) => Uint8Array | void): Mischief {
  return { send: (bytes) => bytes[0] === type ? change(bytes) ?? bytes : bytes };
}

/** Changes the extensions of a message. */
function extending(message: string, change: (own: Extension[]) => Extension[]): Mischief {
  return { extensions: (what, own) => what === message ? change(own) : own };
}

function without(type: number): (own: Extension[]) => Extension[] {
  return (own) => own.filter((extension) => extension.type !== type);
}

function replaced(by: Extension): (own: Extension[]) => Extension[] {
  return (own) => own.map((extension) => extension.type === by.type ? by : extension);
}

function plain(type: number, ...content: number[]): Uint8Array {
  return Uint8Array.of(type, 3, 3, content.length >> 8, content.length & 255, ...content);
}

const flip = (at: number) => (bytes: Uint8Array) => void (bytes[at]! ^= 1);
const last = (bytes: Uint8Array) => void (bytes[bytes.length - 1]! ^= 1);

/** What a server gets wrong, and what the client says to it. */
const serversFaults: {
  readonly [fault: string]: readonly [number, Mischief, ClientOptions?, ServerOptions?];
} = {
  "ServerHello with another session id": [alert.illegalParameter, changing(2, flip(40))],
  "ServerHello with compression": [
    alert.illegalParameter,
    changing(2, (bytes) => void (bytes[4 + 2 + 32 + 33 + 2] = 1)),
  ],
  "a suite that was not offered": [
    alert.illegalParameter,
    changing(2, (bytes) => void (bytes[4 + 2 + 32 + 33 + 1] = 4)),
  ],
  "a suite of another hash than the PSK's": [
    alert.illegalParameter,
    changing(2, (bytes) => void (bytes[4 + 2 + 32 + 33 + 1] = 2)),
  ],
  "a legacy_version of 0x0304": [alert.illegalParameter, changing(2, (bytes) => void (bytes[5] = 4))],
  "a version in supported_versions that was not offered": [
    alert.illegalParameter,
    extending("ServerHello", replaced(make(43, (to) => to.u16(0x0303)))),
  ],
  "an answer of TLS 1.2": [alert.protocolVersion, extending("ServerHello", () => [])],
  "ServerHello without a key share": [alert.missingExtension, extending("ServerHello", without(51))],
  "a key share of a group without a share": [
    alert.illegalParameter,
    extending("ServerHello", replaced(make(51, (to) => to.u16(23).vector(2, new Uint8Array(65).fill(4))))),
  ],
  "an X25519 share of zeros": [
    alert.illegalParameter,
    extending("ServerHello", replaced(make(51, (to) => to.u16(29).vector(2, new Uint8Array(32))))),
  ],
  "an X25519 share of 31 bytes": [
    alert.illegalParameter,
    extending("ServerHello", replaced(make(51, (to) => to.u16(29).vector(2, new Uint8Array(31).fill(9))))),
  ],
  "a PSK that was not offered": [
    alert.illegalParameter,
    extending("ServerHello", replaced(make(41, (to) => to.u16(1)))),
  ],
  "no PSK where the client can do nothing else": [
    alert.handshakeFailure,
    extending("ServerHello", without(41)),
  ],
  "ServerHello with server_name": [
    alert.illegalParameter,
    extending("ServerHello", (own) => [...own, make(0)]),
    { serverName: "a.test" },
  ],
  "ServerHello with an extension that was not offered": [
    alert.unsupportedExtension,
    extending("ServerHello", (own) => [...own, make(0)]),
  ],
  "an extension twice": [alert.illegalParameter, extending("ServerHello", (own) => [...own, own[0]!])],
  "a HelloRetryRequest for the share that it has": [
    alert.illegalParameter,
    extending("HelloRetryRequest", (own) => [make(51, (to) => to.u16(29)), ...own]),
    {},
    { helloRetryCookie: Uint8Array.of(1) },
  ],
  "a HelloRetryRequest for a group that was not offered": [
    alert.illegalParameter,
    extending("HelloRetryRequest", replaced(make(51, (to) => to.u16(25)))),
    {},
    { groups: ["secp256r1"] },
  ],
  "a HelloRetryRequest that changes nothing": [
    alert.illegalParameter,
    extending("HelloRetryRequest", without(51)),
    {},
    { groups: ["secp256r1"] },
  ],
  "a HelloRetryRequest with an extension that was not offered": [
    alert.unsupportedExtension,
    extending("HelloRetryRequest", (own) => [...own, make(99)]),
    {},
    { groups: ["secp256r1"] },
  ],
  "another suite in ServerHello than in HelloRetryRequest": [
    alert.illegalParameter,
    changing(2, (bytes) => {
      const retry = helloRetryRandom.every((byte, i) => bytes[6 + i] === byte);
      if (!retry) bytes[4 + 2 + 32 + 33 + 1] = 3;
    }),
    {},
    { groups: ["secp256r1"] },
  ],
  "early data accepted that was never offered": [
    alert.unsupportedExtension,
    extending("EncryptedExtensions", (own) => [...own, make(42)]),
  ],
  "a key share in EncryptedExtensions": [
    alert.illegalParameter,
    extending("EncryptedExtensions", (own) => [...own, make(51)]),
  ],
  "server_name with content": [
    alert.decodeError,
    extending("EncryptedExtensions", replaced(make(0, (to) => to.u8(0)))),
    { serverName: "a.test" },
  ],
  "a protocol that was not offered": [
    alert.illegalParameter,
    extending("EncryptedExtensions", (own) => [
      ...own,
      make(16, (to) => to.vector(2, () => to.vector(1, new TextEncoder().encode("nvme")))),
    ]),
    { alpn: ["nfs"] },
  ],
  "two protocols": [
    alert.decodeError,
    extending("EncryptedExtensions", (own) => [
      ...own,
      make(16, (to) => to.vector(2, () => to.u8(1).u8(97).u8(1).u8(98))),
    ]),
    { alpn: ["a", "b"] },
  ],
  "a record size limit of 63": [
    alert.illegalParameter,
    extending("EncryptedExtensions", replaced(make(28, (to) => to.u16(63)))),
  ],
  "a record size limit of 16386": [
    alert.illegalParameter,
    extending("EncryptedExtensions", replaced(make(28, (to) => to.u16(16386)))),
  ],
  "Finished that is wrong": [alert.decryptError, changing(20, last)],
  "Finished that is short": [alert.decodeError, changing(20, () => message(20, new Uint8Array(31)))],
  "bytes after Finished in its record": [
    alert.unexpectedMessage,
    changing(20, (bytes) => Uint8Array.of(...bytes, 4)),
  ],
  "bytes after ServerHello in its record": [
    alert.unexpectedMessage,
    changing(2, (bytes) => Uint8Array.of(...bytes, 8)),
  ],
  "EncryptedExtensions that is cut short": [
    alert.decodeError,
    changing(8, () => message(8, Uint8Array.of(0))),
  ],
  "EncryptedExtensions with bytes left over": [
    alert.decodeError,
    changing(8, () => message(8, Uint8Array.of(0, 0, 0))),
  ],
  "a handshake message of more than 64 KiB": [
    alert.illegalParameter,
    changing(8, () => Uint8Array.of(8, 1, 0, 0)),
  ],
};

for (const [fault, [expected, mischief, client, server]] of Object.entries(serversFaults)) {
  Deno.test(`a client refuses ${fault}`, () => {
    const rogue = rogueServer(mischief, server);
    handshakeFails(expected, createClient({ ...withPsk.client, ...client }), rogue.tls);
  });
}

const signed = {
  ...withCertificate.server,
  verifyPeer: expects("p256"),
  clientCertificate: "require",
} as const;
const clientSigned = { ...withCertificate.client, certificates: [certificate("p256")] };

/** The same with certificates. */
const certificateFaults: { readonly [fault: string]: readonly [number, Mischief] } = {
  "an empty list of certificates": [alert.decodeError, changing(11, () => message(11, new Uint8Array(4)))],
  "Certificate with a context": [
    alert.illegalParameter,
    changing(11, () => message(11, Uint8Array.of(1, 1, 0, 0, 0))),
  ],
  "Certificate that is cut short": [
    alert.decodeError,
    changing(11, () => message(11, Uint8Array.of(0, 0, 0, 9))),
  ],
  "a certificate with an extension": [
    alert.unsupportedExtension,
    changing(11, () => message(11, Uint8Array.of(0, 0, 0, 10, 0, 0, 1, 48, 0, 4, 0, 5, 0, 0))),
  ],
  "CertificateVerify that is wrong": [alert.decryptError, changing(15, last)],
  "CertificateVerify with a scheme of another kind of key": [
    alert.illegalParameter,
    changing(15, (bytes) => void bytes.set([8, 7], 4)),
  ],
  "CertificateVerify with RSA PKCS #1": [
    alert.illegalParameter,
    changing(15, (bytes) => void bytes.set([4, 1], 4)),
  ],
  "CertificateVerify with SHA-1": [
    alert.illegalParameter,
    changing(15, (bytes) => void bytes.set([2, 3], 4)),
  ],
};

for (const [fault, [expected, mischief]] of Object.entries(certificateFaults)) {
  Deno.test(`a client refuses ${fault}`, () => {
    handshakeFails(expected, createClient(clientSigned), rogueServer(mischief, signed).tls);
  });
  if (fault === "an empty list of certificates") continue;
  Deno.test(`a server refuses ${fault}`, () => {
    handshakeFails(expected, createServer(signed), rogueClient(mischief, clientSigned).tls);
  });
}

Deno.test("a client refuses a CertificateRequest without signature_algorithms", () => {
  const rogue = rogueServer(extending("CertificateRequest", () => []), signed);
  handshakeFails(alert.missingExtension, createClient(clientSigned), rogue.tls);
});

Deno.test("a client refuses a CertificateRequest with a context", () => {
  const rogue = rogueServer(changing(13, () => message(13, Uint8Array.of(1, 1, 0, 0))), signed);
  handshakeFails(alert.illegalParameter, createClient(clientSigned), rogue.tls);
});

Deno.test("a client refuses a second HelloRetryRequest", () => {
  const client = createClient(withPsk.client);
  const server = createServer({ ...withPsk.server, groups: ["secp256r1"] });
  server.receive(client.takeOutgoing());
  const retry = server.takeOutgoing();
  client.receive(retry);
  client.takeOutgoing();
  failsWith(alert.unexpectedMessage, client, retry);
});

for (const [end, version] of [[0, "TLS 1.1"], [1, "TLS 1.2"]] as const) {
  Deno.test(`a client notices that a server was talked into ${version}`, () => {
    const rogue = rogueServer({
      ...extending("ServerHello", () => []),
      ...changing(2, (bytes) => void bytes.set([0x44, 0x4f, 0x57, 0x4e, 0x47, 0x52, 0x44, end], 6 + 24)),
    });
    handshakeFails(alert.illegalParameter, createClient(withPsk.client), rogue.tls);
  });
}

/** What a client gets wrong, and what the server says to it. */
const clientsFaults: {
  readonly [fault: string]: readonly [number, Mischief, ServerOptions?, ClientOptions?];
} = {
  "a client of TLS 1.2": [alert.protocolVersion, extending("ClientHello", without(43))],
  "a client that offers TLS 1.2 only, in supported_versions": [
    alert.protocolVersion,
    extending("ClientHello", replaced(make(43, (to) => to.vector(1, () => to.u16(0x0303))))),
  ],
  "a ClientHello without extensions": [
    alert.protocolVersion,
    changing(1, (bytes) => message(1, bytes.subarray(4, 4 + 2 + 32 + 33 + 2 + 6 + 2))),
  ],
  "compression": [
    alert.illegalParameter,
    changing(1, (bytes) => void (bytes[4 + 2 + 32 + 33 + 2 + 6 + 1] = 1)),
  ],
  "a session id of 33 bytes": [alert.decodeError, changing(1, (bytes) => void (bytes[4 + 2 + 32] = 33))],
  "pre_shared_key that is not last": [
    alert.illegalParameter,
    extending("ClientHello", (own) => [own.at(-1)!, ...own.slice(0, -1)]),
  ],
  "pre_shared_key without its modes": [alert.missingExtension, extending("ClientHello", without(45))],
  "more PSK identities than binders": [
    alert.illegalParameter,
    changing(1, (bytes) => {
      const offer = make(41, (to) => {
        to.vector(2, () => to.vector(2, Uint8Array.of(1)).u32(0).vector(2, Uint8Array.of(2)).u32(0));
        to.vector(2, () => to.vector(1, new Uint8Array(32)));
      });
      return withExtension(bytes, offer);
    }),
  ],
  "a binder of 31 bytes": [
    alert.decodeError,
    changing(1, (bytes) =>
      withExtension(
        bytes,
        make(41, (to) => {
          to.vector(2, () => to.vector(2, Uint8Array.of(1)).u32(0));
          to.vector(2, () => to.vector(1, new Uint8Array(31)).u8(0));
        }),
      )),
  ],
  "supported_groups without key_share": [alert.missingExtension, extending("ClientHello", without(51))],
  "key_share without supported_groups": [alert.missingExtension, extending("ClientHello", without(10))],
  "a key share of a group that is not in supported_groups": [
    alert.illegalParameter,
    extending("ClientHello", replaced(make(10, (to) => to.u16List(2, [23])))),
  ],
  "two key shares of one group": [
    alert.illegalParameter,
    extending(
      "ClientHello",
      (own) =>
        own.map((each) =>
          each.type === 51
            ? make(51, (to) => to.vector(2, () => to.bytes(each.data.slice(2)).bytes(each.data.slice(2))))
            : each
        ),
    ),
  ],
  "an X25519 share of low order": [
    alert.illegalParameter,
    extending(
      "ClientHello",
      (own) =>
        own.map((each) =>
          each.type === 51
            ? make(51, (to) => to.vector(2, () => to.u16(29).vector(2, new Uint8Array(32))))
            : each
        ),
    ),
  ],
  "a client that has only groups that we have not": [
    alert.handshakeFailure,
    {},
    { groups: ["secp384r1"] },
    { groups: ["x25519", "secp256r1"] },
  ],
  "a client that has only suites that we have not": [
    alert.handshakeFailure,
    {},
    { suites: ["TLS_AES_128_GCM_SHA256"] },
    { suites: ["TLS_CHACHA20_POLY1305_SHA256"] },
  ],
  "a client whose PSK no common suite has the hash of": [
    alert.unknownPskIdentity,
    {},
    { suites: ["TLS_AES_256_GCM_SHA384"] },
  ],
  "a client that has no protocol of ours": [
    alert.noApplicationProtocol,
    {},
    { alpn: ["nfs"] },
    { alpn: ["nvme"] },
  ],
  "a server_name that is no host name": [
    alert.illegalParameter,
    extending(
      "ClientHello",
      replaced(make(0, (to) => to.vector(2, () => to.u8(0).vector(2, Uint8Array.of(32))))),
    ),
    {},
    { serverName: "a.test" },
  ],
  "a server_name of another type": [
    alert.illegalParameter,
    extending(
      "ClientHello",
      replaced(make(0, (to) => to.vector(2, () => to.u8(1).vector(2, Uint8Array.of(97))))),
    ),
    {},
    { serverName: "a.test" },
  ],
  "a record size limit of 63 from a client": [
    alert.illegalParameter,
    extending("ClientHello", replaced(make(28, (to) => to.u16(63)))),
  ],
  "a PSK without a key exchange": [
    alert.handshakeFailure,
    extending("ClientHello", (own) => [
      make(13, (to) => to.u16List(2, [0x0403])),
      ...own.map((each) => each.type === 45 ? make(45, (to) => to.u8(1).u8(0)) : each),
    ]),
  ],
  "a client without a PSK that verifies no signatures": [
    alert.missingExtension,
    extending("ClientHello", (own) => own.filter(({ type }) => type !== 41 && type !== 45)),
  ],
  "Finished of a client that is wrong": [alert.decryptError, changing(20, last)],
  "Finished of a client that is short": [
    alert.decodeError,
    changing(20, () => message(20, new Uint8Array(31))),
  ],
  "bytes after the client's Finished in its record": [
    alert.unexpectedMessage,
    changing(20, (bytes) => Uint8Array.of(...bytes, 24)),
  ],
  "bytes after ClientHello in its record": [
    alert.unexpectedMessage,
    changing(1, (bytes) => Uint8Array.of(...bytes, 1)),
  ],
  "a ClientHello of more than 64 KiB": [alert.illegalParameter, changing(1, () => Uint8Array.of(1, 1, 0, 0))],
};

/** A ClientHello with another last extension of the same type, binders and all. */
function withExtension(hello: Uint8Array, extension: Extension): Uint8Array {
  // Header, version, random, session id, three suites, compression, then the length of all extensions.
  const at = 4 + 2 + 32 + 33 + 8 + 2;
  const list: number[] = [];
  for (let i = at + 2; i < hello.length;) {
    const length = hello[i + 2]! << 8 | hello[i + 3]!;
    const type = hello[i]! << 8 | hello[i + 1]!;
    if (type !== extension.type) list.push(...hello.subarray(i, i + 4 + length));
    i += 4 + length;
  }
  const { type, data } = extension;
  list.push(type >> 8, type & 255, data.length >> 8, data.length & 255, ...data);
  return message(1, Uint8Array.of(...hello.subarray(4, at), list.length >> 8, list.length & 255, ...list));
}

for (const [fault, [expected, mischief, server, client]] of Object.entries(clientsFaults)) {
  Deno.test(`a server refuses ${fault}`, () => {
    const rogue = rogueClient(mischief, client);
    handshakeFails(expected, createServer({ ...withPsk.server, ...server }), rogue.tls);
  });
}

/** Changes the second ClientHello. */
function second(change: (own: Extension[]) => Extension[]): Mischief {
  let hellos = 0;
  return extending("ClientHello", (own) => ++hellos === 2 ? change(own) : own);
}

const retryFaults: { readonly [fault: string]: Mischief } = {
  "without the cookie": second(without(44)),
  "with another cookie": second(replaced(make(44, (to) => to.vector(2, Uint8Array.of(9))))),
  "with another record size limit": second(replaced(make(28, (to) => to.u16(100)))),
  "with one more extension": second((own) => [make(77), ...own]),
  "with the key share of another group": second(
    replaced(make(51, (to) => to.vector(2, () => to.u16(29).vector(2, new Uint8Array(32).fill(9))))),
  ),
  "with early data": second((own) => [make(42), ...own]),
};
for (const [fault, mischief] of Object.entries(retryFaults)) {
  Deno.test(`a server refuses a second ClientHello ${fault}`, () => {
    const rogue = rogueClient(mischief);
    const cookie = Uint8Array.of(1, 2, 3);
    const server = createServer({ ...withPsk.server, groups: ["secp256r1"], helloRetryCookie: cookie });
    handshakeFails(alert.illegalParameter, server, rogue.tls);
  });
}

Deno.test("an unknown PSK identity gives unknown_psk_identity", () => {
  const { client, server } = pair({}, { findPsk: () => undefined });
  handshakeFails(alert.unknownPskIdentity, server, client);
});

for (const hash of ["sha256", "sha384"] as const) {
  Deno.test(`a wrong ${hash} key of a known identity gives decrypt_error`, () => {
    const known = psk(hash);
    const { client, server } = pair({ psks: [{ ...known, key: new Uint8Array(known.key.length) }] }, {
      findPsk: findAmong(known),
    });
    handshakeFails(alert.decryptError, server, client);
  });
}

Deno.test("a wrong key gives decrypt_error even where a certificate would do", () => {
  const wrong = { ...psk(), key: new Uint8Array(32) };
  const { client, server } = pair({ psks: [wrong], ...withCertificate.client }, {
    ...withPsk.server,
    ...withCertificate.server,
  });
  handshakeFails(alert.decryptError, server, client);
});

Deno.test("an identity is looked up once, and only the first sixteen are", () => {
  const seen: string[] = [];
  const psks = Array.from({ length: 20 }, (_, i) => psk("sha256", `id ${i}`));
  const { client, server } = pair({ psks }, {
    findPsk: (identity) => void seen.push(new TextDecoder().decode(identity)),
  });
  handshakeFails(alert.unknownPskIdentity, server, client);
  assert.deepEqual(seen, psks.slice(0, 16).map(({ identity }) => identity));
});

Deno.test("a client that must have a certificate and has none gets certificate_required", () => {
  const { client, server } = pair(withCertificate.client, signed);
  handshakeFails(alert.certificateRequired, server, client);
});

Deno.test("a client that can verify none of the server's certificates gets handshake_failure", () => {
  const { client, server } = pair(
    { ...withCertificate.client, signatureSchemes: ["ed25519"] },
    withCertificate.server,
  );
  handshakeFails(alert.handshakeFailure, server, client);
});

Deno.test("a client with PSKs alone finds no use for a server with certificates alone", () => {
  const client = createClient(withPsk.client);
  const server = createServer(withCertificate.server);
  handshakeFails(alert.handshakeFailure, server, client);
});

const verdicts = {
  "an alert of its own choice": [alert.unknownCa, Object.assign(new Error("no anchor"), { alert: 48 })],
  "an error without an alert": [alert.certificateUnknown, new Error("do not like it")],
  "something that is no error": [alert.certificateUnknown, "no"],
  "an alert that cannot be": [alert.certificateUnknown, Object.assign(new Error("?"), { alert: 1000 })],
} as const;
for (const [verdict, [expected, thrown]] of Object.entries(verdicts)) {
  const verifyPeer = () => {
    throw thrown;
  };
  Deno.test(`a client whose verifyPeer throws ${verdict} says so`, () => {
    const { client, server } = pair({ verifyPeer }, withCertificate.server);
    handshakeFails(expected, client, server);
    assert.equal(client.failure?.cause, thrown);
  });
  Deno.test(`a server whose verifyPeer throws ${verdict} says so`, () => {
    const { client, server } = pair(clientSigned, { ...signed, verifyPeer });
    handshakeFails(expected, server, client);
    assert.equal(server.failure?.cause, thrown);
  });
}

Deno.test("a certificate that is no DER gives bad_certificate", () => {
  const junk = [{ chain: [Uint8Array.of(1, 2, 3)], privateKey: certificate("p256").privateKey }];
  const { client, server } = pair({ verifyPeer: () => {} }, { certificates: junk });
  handshakeFails(alert.badCertificate, client, server);
});

Deno.test("a callback that throws gives internal_error, with the reason for the caller only", () => {
  const reason = new Error("the keyring is gone");
  const { client, server } = pair({}, {
    findPsk: () => {
      throw reason;
    },
  });
  handshakeFails(alert.internalError, server, client);
  assert.equal(server.failure?.cause, reason);
  assert.doesNotMatch(server.failure.message, /keyring/);
});

/** A server that has sent its flight, and the client that has not seen it. */
function halfWay(): { client: TlsConnection; server: TlsConnection; flight: Uint8Array } {
  const { client, server } = pair();
  server.receive(client.takeOutgoing());
  return { client, server, flight: server.takeOutgoing() };
}

const zeros = (length: number) => new Array<number>(length).fill(0);

/** Records that a server refuses at once. */
const firstRecords: { readonly [what: string]: readonly [number, Uint8Array] } = {
  "a record of type 24": [alert.unexpectedMessage, plain(24, 0)],
  "a request of HTTP": [alert.unexpectedMessage, new TextEncoder().encode("GET / HTTP/1.1\r\n")],
  "a record of 16,385 bytes, by its header": [alert.recordOverflow, Uint8Array.of(22, 3, 1, 0x40, 1)],
  "a handshake record without content": [alert.unexpectedMessage, plain(22)],
  "protected data before there are keys": [alert.unexpectedMessage, plain(23, ...zeros(20))],
  "an alert of one byte": [alert.decodeError, plain(21, 2)],
  "an alert of three bytes": [alert.decodeError, plain(21, 2, 40, 0)],
  "change_cipher_spec of two bytes": [alert.unexpectedMessage, plain(20, 1, 1)],
  "change_cipher_spec with a 2": [alert.unexpectedMessage, plain(20, 2)],
  "a message that another record interrupts": [
    alert.unexpectedMessage,
    Uint8Array.of(...plain(22, 1, 0, 0, 9), ...plain(21, 1, 90)),
  ],
  "a message that change_cipher_spec interrupts": [
    alert.unexpectedMessage,
    Uint8Array.of(...plain(22, 1, 0, 0, 9), ...plain(20, 1)),
  ],
  "change_cipher_spec before ClientHello": [alert.unexpectedMessage, plain(20, 1)],
};
for (const [what, [expected, bytes]] of Object.entries(firstRecords)) {
  Deno.test(`a server refuses ${what}`, () => failsWith(expected, createServer(withPsk.server), bytes));
}

Deno.test("a record that does not decrypt gives bad_record_mac, in the handshake and after", () => {
  const { client, server, flight } = halfWay();
  const damaged = flight.slice();
  damaged[damaged.length - 1]! ^= 1;
  failsTowards(alert.badRecordMac, client, server, damaged);
  const open = openPair();
  open.client.send(new Uint8Array(3));
  const record = open.client.takeOutgoing();
  record[7]! ^= 0x80;
  failsTowards(alert.badRecordMac, open.server, open.client, record);
});

Deno.test("a record that comes again gives bad_record_mac", () => {
  const { client, server } = openPair();
  client.send(new Uint8Array(3));
  const record = client.takeOutgoing();
  server.receive(record);
  failsTowards(alert.badRecordMac, server, client, record);
});

Deno.test("a protected record that is shorter than its tag gives bad_record_mac", () => {
  failsWith(alert.badRecordMac, openPair().server, plain(23, ...zeros(16)));
});

/** Records of an open connection that are protected as they should be. */
const openRecords: { readonly [what: string]: readonly [number, number, Uint8Array, number?] } = {
  "a protected change_cipher_spec": [alert.unexpectedMessage, 20, Uint8Array.of(1)],
  "content of an unknown type": [alert.unexpectedMessage, 99, Uint8Array.of(1)],
  "a record of padding alone": [alert.unexpectedMessage, 0, new Uint8Array()],
  "a handshake record without content, protected": [alert.unexpectedMessage, 22, new Uint8Array()],
  "content of 16,385 bytes": [alert.recordOverflow, 23, new Uint8Array(16385)],
  "content that padding makes too long": [alert.recordOverflow, 23, new Uint8Array(1), 16385],
  "KeyUpdate with a request of 2": [alert.illegalParameter, 22, message(24, Uint8Array.of(2))],
  "KeyUpdate of two bytes": [alert.decodeError, 22, message(24, Uint8Array.of(0, 0))],
  "KeyUpdate without content": [alert.decodeError, 22, message(24)],
  "KeyUpdate that does not end its record": [
    alert.unexpectedMessage,
    22,
    Uint8Array.of(...encodeKeyUpdate(false), 24),
  ],
  "two KeyUpdates in one record": [
    alert.unexpectedMessage,
    22,
    Uint8Array.of(...encodeKeyUpdate(false), ...encodeKeyUpdate(false)),
  ],
  "a handshake message over the limit": [alert.illegalParameter, 22, Uint8Array.of(24, 1, 0, 0)],
};
for (const [what, [expected, type, content, padding]] of Object.entries(openRecords)) {
  Deno.test(`an open connection refuses ${what}`, () => {
    const { client, server } = openPair();
    failsTowards(expected, server, client, sealed(client, type, content, padding));
  });
}

Deno.test("a ticket that is cut short gives decode_error", () => {
  const { client, server } = openPair();
  failsTowards(alert.decodeError, client, server, sealed(server, 22, message(4, new Uint8Array(9))));
});

Deno.test("a record beyond our record_size_limit gives record_overflow", () => {
  const { client, server } = openPair({}, { recordSizeLimit: 100 });
  failsTowards(alert.recordOverflow, server, client, sealed(client, 23, new Uint8Array(100)));
});

Deno.test("our record_size_limit binds no server that has not answered it (RFC 8449 section 4)", () => {
  const silent = extending(
    "EncryptedExtensions",
    (own) => own.filter(({ type }) => type !== ExtensionType.recordSizeLimit),
  );
  const client = createClient({ ...withPsk.client, recordSizeLimit: 100 });
  const { tls } = rogueServer(silent);
  exchange(client, tls);
  client.receive(sealed(tls, 23, new Uint8Array(5000)));
  assert.deepEqual(client.takeEvents().at(-1), { type: "data", data: new Uint8Array(5000) });
});

Deno.test("our record_size_limit binds no client that has not announced one (RFC 8449 section 4)", () => {
  const silent = extending(
    "ClientHello",
    (own) => own.filter(({ type }) => type !== ExtensionType.recordSizeLimit),
  );
  const { tls } = rogueClient(silent);
  const server = createServer({ ...withPsk.server, recordSizeLimit: 100 });
  exchange(tls, server);
  server.receive(sealed(tls, 23, new Uint8Array(5000)));
  assert.deepEqual(server.takeEvents().at(-1), { type: "data", data: new Uint8Array(5000) });
});

Deno.test("data that interrupts a handshake message gives unexpected_message", () => {
  const client = createClient(withPsk.client);
  const { tls, say } = rogueServer();
  exchange(client, tls);
  say(encodeKeyUpdate(false).subarray(0, 3));
  tls.send(new Uint8Array(1));
  failsTowards(alert.unexpectedMessage, client, tls, tls.takeOutgoing());
});

Deno.test("change_cipher_spec after the handshake gives unexpected_message", () => {
  failsWith(alert.unexpectedMessage, openPair().server, plain(20, 1));
  failsWith(alert.unexpectedMessage, openPair().client, plain(20, 1));
});

Deno.test("records without protection after the handshake give unexpected_message", () => {
  for (const type of [21, 22]) failsWith(alert.unexpectedMessage, openPair().server, plain(type, 2, 40));
});

Deno.test("more than 32 records without content in a row give unexpected_message", () => {
  const rogue = rogueClient();
  const server = createServer(withPsk.server);
  exchange(rogue.tls, server);
  const { protection } = trafficOf(importState(rogue.tls.exportState())).send;
  for (let i = 0; i < 32; i++) server.receive(protection.seal(23, new Uint8Array()));
  assert.equal(server.state, "open");
  failsWith(alert.unexpectedMessage, server, protection.seal(23, new Uint8Array()));
});

Deno.test("thirty-two change_cipher_spec are borne during the handshake, the next one is refused", () => {
  const { server } = halfWay();
  for (let i = 0; i < 32; i++) server.receive(plain(20, 1));
  assert.equal(server.state, "handshaking");
  failsWith(alert.unexpectedMessage, server, plain(20, 1));
});

Deno.test("a client takes no alert without protection once the server has keys", () => {
  const { client, flight } = halfWay();
  const serverHello = 5 + (flight[3]! << 8 | flight[4]!);
  client.receive(flight.subarray(0, serverHello));
  failsWith(alert.unexpectedMessage, client, plain(21, 2, 40));
});

Deno.test("more than 32 warnings in a row give unexpected_message", () => {
  const rogue = rogueClient();
  const server = createServer(withPsk.server);
  exchange(rogue.tls, server);
  const { protection } = trafficOf(importState(rogue.tls.exportState())).send;
  const warning = Uint8Array.of(1, alert.userCanceled);
  for (let i = 0; i < 32; i++) server.receive(protection.seal(21, warning));
  assert.equal(server.state, "open");
  failsWith(alert.unexpectedMessage, server, protection.seal(21, warning));
});

Deno.test("early data is not accepted: unexpected_message", () => {
  const rogue = rogueClient(extending("ClientHello", (own) => [make(ExtensionType.earlyData), ...own]));
  const server = createServer(withPsk.server);
  server.receive(rogue.tls.takeOutgoing());
  failsWith(alert.unexpectedMessage, server, plain(23, ...zeros(40)));
});

Deno.test("a client that offers early data and sends none is welcome", () => {
  const rogue = rogueClient(extending("ClientHello", (own) => [make(ExtensionType.earlyData), ...own]));
  const server = createServer(withPsk.server);
  exchange(rogue.tls, server);
  assert.equal(server.state, "open");
});

Deno.test("a record that does not decrypt where no early data was offered is just that", () => {
  const { server } = halfWay();
  failsWith(alert.badRecordMac, server, plain(23, ...zeros(40)));
});

Deno.test("a server takes an alert without protection from a client that could not read ServerHello", () => {
  const { server } = halfWay();
  assert.throws(() => server.receive(plain(21, 2, 47)), { alert: 47, fromPeer: true });
  assert.equal(server.state, "closed");
});

Deno.test("an alert ends the connection, also one that nobody knows, and whatever its level", () => {
  for (const [level, description] of [[2, 80], [1, 80], [2, 200], [9, 10]] as const) {
    const { client, server } = openPair();
    const bytes = sealed(client, 21, Uint8Array.of(level, description));
    assert.throws(() => server.receive(bytes), { name: "TlsAlertError", alert: description, fromPeer: true });
    assert.equal(server.state, "closed");
    assert.equal(server.takeOutgoing().length, 0);
  }
});

Deno.test("events from before a failure are kept", () => {
  const { client, server } = openPair();
  client.send(Uint8Array.of(1, 2, 3));
  assert.throws(() => server.receive(Uint8Array.of(...client.takeOutgoing(), ...plain(20, 1))), {
    alert: 10,
  });
  assert.deepEqual(server.takeEvents(), [{ type: "data", data: Uint8Array.of(1, 2, 3) }]);
});

Deno.test("a transport that ends without close_notify is told from one that ends with it", () => {
  const cut = openPair();
  assert.throws(() => cut.server.receiveEnd(), { name: "TlsTruncatedError" });
  assert.equal(cut.server.state, "closed");
  const early = halfWay();
  assert.throws(() => early.server.receiveEnd(), { name: "TlsTruncatedError" });
  const clean = openPair();
  clean.client.close();
  clean.server.receive(clean.client.takeOutgoing());
  clean.server.receiveEnd();
  assert.equal(clean.server.failure, undefined);
});
