/** Clients and servers for tests that are about something else than how these are made. */
import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import {
  type ClientOptions,
  createClient,
  createServer,
  type ExternalPsk,
  type HashName,
  type KeyedCertificate,
  type ServerOptions,
  type TlsConnection,
  type VerifyPeer,
} from "../../runtime/tls/mod.ts";
import { readPem } from "../../runtime/tls/x509/mod.ts";
import { exchange } from "./helpers.ts";
/** Leaves of an authority that was made for these tests with the openssl command, and thrown away. */
import leaves from "./certificates.json" with { type: "json" };

/** Kinds of keys that there are certificates of. */
export type Kind = keyof typeof leaves;
/** All of them. */
export const kinds: readonly Kind[] = Object.keys(leaves) as Kind[];

/** A certificate with its key. */
export function certificate(kind: Kind): KeyedCertificate {
  const { certificate, key } = leaves[kind];
  return { chain: readPem(certificate, "CERTIFICATE"), privateKey: createPrivateKey(key) };
}

/** Accepts the very certificate of that kind. */
export function expects(kind: Kind): VerifyPeer {
  return (chain) => assert.deepEqual(chain, certificate(kind).chain);
}

/** A key for tests. */
export function psk(hash: HashName = "sha256", identity = "NVMe0R01 host subsystem"): ExternalPsk {
  return { identity, key: new Uint8Array(hash === "sha256" ? 32 : 48).fill(7), hash };
}

/** A server that has these PSKs. */
export function findAmong(...psks: readonly ExternalPsk[]): NonNullable<ServerOptions["findPsk"]> {
  return (identity) => psks.find((psk) => psk.identity === new TextDecoder().decode(identity));
}

/** A client that is sure of itself, and its server. */
export interface Pair {
  /** The client. */
  readonly client: TlsConnection;
  /** The server. */
  readonly server: TlsConnection;
}

/** A pair before its handshake; with a PSK unless the options say otherwise. */
export function pair(client: ClientOptions = {}, server: ServerOptions = {}): Pair {
  const usesPsk = client.verifyPeer === undefined;
  return {
    client: createClient({ ...usesPsk ? { psks: [psk()] } : {}, ...client }),
    server: createServer({ ...usesPsk ? { findPsk: findAmong(psk()) } : {}, ...server }),
  };
}

/** A pair after its handshake, its events taken. */
export function openPair(client: ClientOptions = {}, server: ServerOptions = {}): Pair {
  const both = pair(client, server);
  exchange(both.client, both.server);
  assert.equal(both.client.state, "open");
  assert.equal(both.server.state, "open");
  both.client.takeEvents();
  both.server.takeEvents();
  return both;
}
