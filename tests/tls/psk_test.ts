import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { checkPsk } from "../../runtime/tls/psk.ts";
import {
  formatNvmeIdentity,
  importPsk,
  type NvmeIdentity,
  parseNvmeIdentity,
} from "../../runtime/tls/mod.ts";
import { hex } from "./helpers.ts";

/** RFC 9258 section 5.1 computed by node:crypto: Extract, then Expand-Label with "derived psk", one block of HKDF. */
function derivedPsk(hash: string, key: Uint8Array, imported: Uint8Array, length: number): string {
  const extracted = createHmac(hash, new Uint8Array(hash === "sha256" ? 32 : 48)).update(key).digest();
  const label = new TextEncoder().encode("tls13 derived psk");
  const context = createHash(hash).update(imported).digest();
  const info = Uint8Array.of(0, length, label.length, ...label, context.length, ...context, 1);
  return createHmac(hash, extracted).update(info).digest("hex").slice(0, 2 * length);
}

Deno.test("an imported PSK is what RFC 9258 says, for each target", () => {
  const key = Uint8Array.from({ length: 32 }, (_, i) => i);
  // identity "id" and context "ctx" with their lengths, TLS 1.3, then HKDF_SHA256 (1) or HKDF_SHA384 (2).
  const head = "00026964" + "0003637478" + "0304";
  const short = importPsk({ identity: "id", key, context: "ctx" }, "sha256");
  assert.equal(hex(short.identity as Uint8Array), `${head}0001`);
  assert.equal(hex(short.key), derivedPsk("sha256", key, short.identity as Uint8Array, 32));
  assert.deepEqual([short.hash, short.imported], ["sha256", true]);
  const from384 = importPsk({ identity: "id", key, context: "ctx", hash: "sha384" }, "sha384");
  assert.equal(hex(from384.identity as Uint8Array), `${head}0002`);
  assert.equal(hex(from384.key), derivedPsk("sha384", key, from384.identity as Uint8Array, 48));
});

Deno.test("a key of SHA-256 gives 48 bytes for SHA-384, by two blocks of HKDF-SHA256", () => {
  assert.equal(importPsk({ identity: "id", key: new Uint8Array(16) }, "sha384").key.length, 48);
});

Deno.test("context and identity change an imported key", () => {
  const key = new Uint8Array(32);
  const keys = [
    importPsk({ identity: "a", key }, "sha256"),
    importPsk({ identity: "b", key }, "sha256"),
    importPsk({ identity: "a", key, context: Uint8Array.of(1) }, "sha256"),
  ].map((psk) => hex(psk.key));
  assert.equal(new Set(keys).size, 3);
});

Deno.test("keys and identities out of range are refused, without a word about the key", () => {
  const secret = new Uint8Array(15).fill(0xab);
  assert.throws(() => checkPsk({ identity: "id", key: secret }), (error) => {
    assert(error instanceof RangeError);
    assert.doesNotMatch(error.message, /ab|171/);
    return true;
  });
  assert.throws(() => checkPsk({ identity: "", key: new Uint8Array(32) }), RangeError);
  assert.throws(() => checkPsk({ identity: new Uint8Array(65536), key: new Uint8Array(32) }), RangeError);
  assert.throws(
    () => checkPsk({ identity: "id", key: new Uint8Array(32), hash: "md5" as "sha256" }),
    RangeError,
  );
});

const host = "nqn.2014-08.org.nvmexpress:uuid:1";
const subsystem = "nqn.2014-08.org.example:disk";
const digest = "wTSFTS1hyVlqlLEWRQkwdVtEbyyVyqFqQqM3zSMhFpk=";
const identities: readonly (readonly [string, NvmeIdentity])[] = [
  [`NVMe0R01 ${host} ${subsystem}`, {
    version: 0,
    type: "retained",
    hash: "sha256",
    hostNqn: host,
    subsystemNqn: subsystem,
  }],
  [`NVMe0G02 ${host} ${subsystem}`, {
    version: 0,
    type: "generated",
    hash: "sha384",
    hostNqn: host,
    subsystemNqn: subsystem,
  }],
  [`NVMe1R02 ${host} ${subsystem} ${digest}`, {
    version: 1,
    type: "retained",
    hash: "sha384",
    hostNqn: host,
    subsystemNqn: subsystem,
    digest,
  }],
];

for (const [text, identity] of identities) {
  Deno.test(`NVMe identity ${text.slice(0, 8)} is read and written`, () => {
    assert.deepEqual(parseNvmeIdentity(text), identity);
    assert.equal(formatNvmeIdentity(identity), text);
  });
}

Deno.test("text that is no NVMe identity is not taken for one", () => {
  for (
    const text of [
      "",
      "NVMe0R01",
      `NVMe2R01 ${host} ${subsystem}`,
      `NVMe0X01 ${host} ${subsystem}`,
      `NVMe0R03 ${host} ${subsystem}`,
      `NVMe0R01 ${host}`,
      `NVMe0R01  ${subsystem}`,
      `NVMe0R01 ${host} ${subsystem} ${digest}`,
      `NVMe1R01 ${host} ${subsystem}`,
      `NVMe1R01 ${host} ${subsystem} not_base64!`,
      `NVMe0R01 ${host} ${subsystem}\n`,
      `NVMe0R01 ${"n".repeat(224)} ${subsystem}`,
      ` NVMe0R01 ${host} ${subsystem}`,
    ]
  ) assert.equal(parseNvmeIdentity(text), undefined, text);
});

Deno.test("an NVMe identity that could not be read again is not written", () => {
  const [, good] = identities[0]!;
  for (const change of [{ hostNqn: "a b" }, { subsystemNqn: "" }, { digest }, { version: 1 as const }]) {
    assert.throws(() => formatNvmeIdentity({ ...good, ...change }), RangeError);
  }
});
