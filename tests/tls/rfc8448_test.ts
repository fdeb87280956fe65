/**
 * The traces of RFC 8448, byte for byte. rfc8448.json holds what the RFC prints: random values, private keys, records
 * and messages. Where keys come from the RFC's text a wrong digit could not go unseen: nothing would decrypt.
 */
import assert from "node:assert/strict";
import { AlertDescription } from "../../runtime/tls/alerts.ts";
import { ClientHandshake } from "../../runtime/tls/client.ts";
import { TlsConnection } from "../../runtime/tls/connection.ts";
import type { Extension } from "../../runtime/tls/extensions.ts";
import { extension, ExtensionType, readPskOffer } from "../../runtime/tls/extensions.ts";
import { type KeyPair, nistKeyPair, x25519FromPrivate } from "../../runtime/tls/groups.ts";
import {
  decodeCertificate,
  decodeCertificateRequest,
  decodeClientHello,
  decodeEncryptedExtensions,
  tls13,
} from "../../runtime/tls/messages.ts";
import {
  type ClientOptions,
  defaultHooks,
  type Hooks,
  type ServerOptions,
} from "../../runtime/tls/options.ts";
import { pskBinder } from "../../runtime/tls/psk.ts";
import { ServerHandshake } from "../../runtime/tls/server.ts";
import { hashes } from "../../runtime/tls/suites.ts";
import { bytes, dataOf, hex } from "./helpers.ts";
import traces from "./rfc8448.json" with { type: "json" };

type Trace =
  & typeof traces.simple
  & Partial<
    & Pick<
      typeof traces.helloRetryRequest,
      "clientPrivateP256" | "helloRetryRequest" | "secondClientHello" | "cookie"
    >
    & Pick<
      typeof traces.clientAuthentication,
      "certificateRequest" | "clientCertificate" | "clientSigns" | "clientSignature"
    >
    & Pick<typeof traces.compatibilityMode, "sessionId">
  >;

/** Traces that are whole handshakes; `data` and what comes with it is in section 3 alone. */
const handshakes = [
  traces.simple,
  traces.helloRetryRequest,
  traces.clientAuthentication,
  traces.compatibilityMode,
] as readonly (Omit<Trace, "data" | "clientData" | "serverData" | "newSessionTicket"> & Partial<Trace>)[];

const suites = ["TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_256_GCM_SHA384"] as const;
const serverName = "server";

/** The extensions of a ClientHello in a record. */
function helloExtensions(record: string): Extension[] {
  return [...decodeClientHello(bytes(record).subarray(9)).extensions];
}

/** Gives values one after the other, and fails when there are none left. */
function inTurn<T>(...values: (T | undefined)[]): () => T {
  const left = values.filter((value) => value !== undefined);
  return () => left.shift() ?? assert.fail("nothing left");
}

function hooks(changes: Partial<Hooks>): Hooks {
  return { ...defaultHooks, ...changes };
}

function clientOf(trace: typeof handshakes[number]): TlsConnection {
  const random = inTurn(trace.clientRandom, trace.sessionId);
  const retried = trace.clientPrivateP256;
  const pair = inTurn<KeyPair>(
    x25519FromPrivate(bytes(trace.clientPrivate)),
    retried === undefined ? undefined : nistKeyPair("secp256r1", bytes(retried)),
  );
  const extensions = inTurn(
    helloExtensions(trace.clientHello),
    trace.secondClientHello && helloExtensions(trace.secondClientHello) || undefined,
  );
  const { clientCertificate, clientSigns, clientSignature = "" } = trace;
  const options: ClientOptions = {
    suites,
    serverName,
    groups: ["x25519", "secp256r1", "secp384r1"],
    compatibilityMode: trace.sessionId !== undefined,
    verifyPeer: (chain) =>
      assert.deepEqual(chain, decodeCertificate(bytes(trace.serverCertificate).subarray(4))),
    certificates: clientCertificate === undefined ? [] : [{
      chain: [bytes(clientCertificate)],
      schemes: ["rsa_pss_rsae_sha256"],
      sign: (_scheme, content) => {
        assert.equal(hex(content), clientSigns);
        return bytes(clientSignature);
      },
    }],
  };
  const fixed = hooks({ random: () => bytes(random()), generate: pair, extensions });
  return new TlsConnection(options, (io) => new ClientHandshake(io, options, fixed));
}

function serverOf(trace: typeof handshakes[number]): TlsConnection {
  const certificates = decodeCertificate(bytes(trace.serverCertificate).subarray(4));
  const { certificateRequest, cookie } = trace;
  const options: ServerOptions = {
    suites,
    groups: cookie === undefined ? ["x25519"] : ["secp256r1"],
    clientCertificate: certificateRequest === undefined ? "none" : "request",
    verifyPeer: (chain) => assert.deepEqual(chain, [bytes(trace.clientCertificate ?? "")]),
    ...cookie === undefined ? {} : { helloRetryCookie: bytes(cookie) },
    certificates: [{
      chain: certificates,
      schemes: trace.section === 6 ? ["ecdsa_secp256r1_sha256"] : ["rsa_pss_rsae_sha256"],
      sign: (_scheme, content) => {
        assert.equal(hex(content), trace.serverSigns);
        return bytes(trace.serverSignature);
      },
    }],
  };
  const key = bytes(trace.serverPrivate);
  const pair = cookie === undefined ? x25519FromPrivate(key) : nistKeyPair("secp256r1", key);
  const fixed = hooks({
    random: () => bytes(trace.serverRandom),
    respond: (_group, share) => ({ share: pair.share, secret: pair.derive(share) }),
    extensions: (message, own) => {
      if (message === "EncryptedExtensions") {
        return decodeEncryptedExtensions(bytes(trace.encryptedExtensions).subarray(4));
      }
      if (message === "CertificateRequest") {
        return decodeCertificateRequest(bytes(certificateRequest ?? "").subarray(4));
      }
      return own;
    },
  });
  return new TlsConnection(options, (io) => new ServerHandshake(io, options, fixed));
}

for (const trace of handshakes) {
  const { section } = trace;

  Deno.test(`RFC 8448 section ${section}: the client sends these bytes`, () => {
    const client = clientOf(trace);
    assert.equal(hex(client.takeOutgoing()), trace.clientHello);
    if (trace.helloRetryRequest !== undefined) {
      client.receive(bytes(trace.helloRetryRequest));
      assert.equal(hex(client.takeOutgoing()), trace.secondClientHello);
    }
    client.receive(bytes(trace.serverHello + trace.serverFlight));
    assert.equal(hex(client.takeOutgoing()), trace.clientFlight);
    assert.equal(client.state, "open");
    if (trace.data !== undefined) {
      client.receive(bytes(trace.newSessionTicket!));
      client.send(bytes(trace.data));
      assert.equal(hex(client.takeOutgoing()), trace.clientData);
      client.receive(bytes(trace.serverData!));
      assert.equal(hex(dataOf(client.takeEvents())), trace.data);
    }
    client.close();
    assert.equal(hex(client.takeOutgoing()), trace.clientClose);
    client.receive(bytes(trace.serverClose));
    assert.equal(client.state, "closed");
  });

  Deno.test(`RFC 8448 section ${section}: the server sends these bytes`, () => {
    const server = serverOf(trace);
    server.receive(bytes(trace.clientHello));
    if (trace.helloRetryRequest !== undefined) {
      assert.equal(hex(server.takeOutgoing()), trace.helloRetryRequest);
      server.receive(bytes(trace.secondClientHello!));
    }
    assert.equal(hex(server.takeOutgoing()), trace.serverHello + trace.serverFlight);
    server.receive(bytes(trace.clientFlight));
    assert.equal(server.state, "open");
    if (trace.data === undefined) {
      // In section 3 the server sends a ticket first, which ours never does, so its later records have other numbers.
      server.close();
      assert.equal(hex(server.takeOutgoing()), trace.serverClose);
    } else {
      server.receive(bytes(trace.clientData!));
      assert.equal(hex(dataOf(server.takeEvents())), trace.data);
    }
    server.receive(bytes(trace.clientClose));
    assert.deepEqual(server.takeEvents().at(-1), {
      type: "alert",
      description: AlertDescription.closeNotify,
    });
  });
}

Deno.test("RFC 8448 section 4: the binder of the resumed session comes out", () => {
  const { clientHello, resumptionSecret } = traces.resumed;
  const message = bytes(clientHello).subarray(5);
  const { extensions } = decodeClientHello(message.subarray(4));
  const offer = extension(extensions, ExtensionType.preSharedKey, readPskOffer);
  assert(offer !== undefined);
  const hash = hashes.sha256;
  const truncated = hash.digest(message.subarray(0, message.length - offer.bindersLength));
  const binder = pskBinder({ key: bytes(resumptionSecret), hash, binder: "res binder" }, truncated);
  assert.equal(hex(binder), hex(offer.binders[0]!));
  const versions = extension(extensions, ExtensionType.supportedVersions, (from) => from.u16List(1));
  assert.deepEqual(versions, [tls13]);
});
