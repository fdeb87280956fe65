/** What is done with every peer. */
import assert from "node:assert/strict";
import {
  type CipherSuiteName,
  type ExternalPsk,
  type ServerOptions,
  TlsAlertError,
} from "../../runtime/tls/mod.ts";
import type { Endpoint, Peer } from "./peer.ts";

/** What a test does with its connection. */
export type Body = (endpoint: Endpoint, peer: Peer) => Promise<void>;

/** All suites. */
export const suites: readonly CipherSuiteName[] = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
];

/** The name in all certificates. */
export const serverName = "peer.test";

/** A PSK of SHA-256. */
export const psk256: ExternalPsk = { identity: "NVMe0R01 host disk", key: new Uint8Array(32).fill(0x5a) };
/** A PSK of SHA-384. */
export const psk384: ExternalPsk = {
  identity: "NVMe0R02 host disk",
  key: new Uint8Array(48).fill(0xa5),
  hash: "sha384",
};

/** A server that has both. */
export const bothPsks: ServerOptions = {
  findPsk: (identity) => [psk256, psk384].find((psk) => psk.identity === new TextDecoder().decode(identity)),
};

/** Data both ways; the peer says what it is typed. */
export async function talks(endpoint: Endpoint, peer: Peer): Promise<void> {
  await endpoint.send("hello from tynl\n");
  await peer.prints(/hello from tynl/);
  const before = endpoint.received.length;
  await peer.types("2 hello from the peer\n");
  await endpoint.receives(before + 22);
}

/** A handshake, and data both ways. */
export async function opens(endpoint: Endpoint, peer: Peer): Promise<void> {
  await endpoint.handshake();
  await talks(endpoint, peer);
}

/** A mebibyte of digits: a letter at the begin of what a command reads could be one of its own commands. */
export function manyDigits(): string {
  const digits = crypto.getRandomValues(new Uint8Array(2 ** 16)).map((byte) => 48 + byte % 10);
  const line = `${new TextDecoder().decode(digits.subarray(0, 1023))}\n`;
  return line.repeat(1024);
}

/** A mebibyte each way at once. */
export async function exchangesMuch(endpoint: Endpoint, peer: Peer): Promise<void> {
  await endpoint.handshake();
  const [out, back] = [manyDigits(), manyDigits()];
  await Promise.all([
    endpoint.send(`${out}end of it\n`).then(() => peer.prints(/end of it/)),
    peer.types(back),
    endpoint.receives(back.length),
  ]);
  assert(peer.printed.includes(out), "what tynl has sent");
  assert.equal(new TextDecoder().decode(endpoint.received), back);
}

/** That the peer refuses us; which alert it takes differs among programs and their versions. */
export function isRefused(...alerts: readonly number[]): Body {
  return async (endpoint) => {
    await assert.rejects(endpoint.until(() => false), (error) => {
      assert(error instanceof TlsAlertError, String(error));
      assert(error.fromPeer && alerts.includes(error.alert), error.message);
      return true;
    });
    assert.equal(endpoint.tls.state, "closed");
  };
}
