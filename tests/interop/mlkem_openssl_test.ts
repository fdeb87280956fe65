/**
 * X25519MLKEM768 with OpenSSL 3.5, the first that has it. Where the machine has an older one, these tests are ignored
 * here and run in the virtual machine of `deno task test:vm`.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { CipherSuiteName } from "../../runtime/tls/mod.ts";
import { hex } from "../tls/helpers.ts";
import { Authority } from "./certificates.ts";
import { type Body, bothPsks, opens, psk256, serverName, suites } from "./exchange.ts";
import { withClient, withServer } from "./openssl.ts";
import { hasProgram } from "./peer.ts";

const available = hasProgram("sh", "-c", "openssl list -kem-algorithms | grep -q X25519MLKEM768");
const authority = available ? new Authority() : undefined;
Deno.test.afterAll(() => authority?.[Symbol.dispose]());

function test(name: string, fn: () => Promise<void>): void {
  const reason = available ? "" : " (ignored: needs OpenSSL 3.5)";
  Deno.test({ name: `OpenSSL: X25519MLKEM768: ${name}${reason}`, ignore: !available, fn });
}

function agrees(suite: CipherSuiteName): Body {
  return async (endpoint, peer) => {
    await opens(endpoint, peer);
    assert.equal(endpoint.tls.session?.group, "x25519mlkem768");
    assert.equal(endpoint.tls.session.suite, suite);
  };
}

const groups = ["x25519mlkem768"] as const;
const hybrid = ["-groups", "X25519MLKEM768"];
const psk = ["-psk_identity", psk256.identity as string, "-psk", hex(psk256.key)];
const aes = "TLS_AES_128_GCM_SHA256";

test("a PSK, tynl as client", () =>
  withServer(["-nocert", ...hybrid, ...psk], { psks: [psk256], suites: [aes], groups }, agrees(aes)));

test("a PSK, tynl as server", () =>
  withClient([...hybrid, ...psk, "-ciphersuites", aes], { ...bothPsks, groups }, agrees(aes)));

for (const suite of suites) {
  test(`${suite} and a certificate, tynl as client`, async () => {
    const { certificate, key } = authority!.leaf("p256");
    const options = { serverName, verifyPeer: authority!.verifyPeer(), groups, suites: [suite] };
    await withServer(["-cert", certificate, "-key", key, ...hybrid], options, agrees(suite));
  });

  test(`${suite} and a certificate, tynl as server`, async () => {
    const args = ["-CAfile", authority!.file("ca.pem"), "-verify_return_error", "-servername", serverName];
    const options = { certificates: [authority!.certificate("p256")], groups, suites: [suite] };
    await withClient([...args, ...hybrid], options, agrees(suite));
  });
}

test("what OpenSSL offers of its own accord, tynl as server", () =>
  withClient([...psk, "-ciphersuites", aes], {
    ...bothPsks,
    groups: ["x25519mlkem768", "x25519"],
  }, agrees(aes)));
