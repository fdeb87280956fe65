import assert from "node:assert/strict";
import { type Group, groups, nistKeyPair } from "../../runtime/tls/groups.ts";
import { bytes, hex } from "./helpers.ts";

/** Lengths of a client's share, a server's share and the secret (RFC 8446 section 4.2.8, draft-ietf-tls-ecdhe-mlkem). */
const lengths: { readonly [group in Group["name"]]: readonly [number, number, number] } = {
  x25519: [32, 32, 32],
  x25519mlkem768: [1184 + 32, 1088 + 32, 64],
  secp256r1: [65, 65, 32],
  secp384r1: [97, 97, 48],
};

for (const group of groups) {
  const [clientLength, serverLength, secretLength] = lengths[group.name];

  Deno.test(`${group.name} gives both sides the same secret of ${secretLength} bytes`, () => {
    for (let i = 0; i < 20; i++) {
      const pair = group.generate();
      const answer = group.respond(pair.share);
      assert.equal(pair.share.length, clientLength);
      assert.equal(answer.share.length, serverLength);
      const secret = pair.derive(answer.share);
      assert.equal(secret.length, secretLength);
      assert.equal(hex(secret), hex(answer.secret));
    }
  });

  Deno.test(`${group.name} refuses shares of another length or without sense`, () => {
    const bad = (length: number) => [
      new Uint8Array(length - 1).fill(4),
      new Uint8Array(length + 1).fill(4),
      new Uint8Array(length),
      new Uint8Array(0),
    ];
    for (const share of bad(clientLength)) assert.throws(() => group.respond(share), { alert: 47 });
    for (const share of bad(serverLength)) assert.throws(() => group.generate().derive(share), { alert: 47 });
  });
}

Deno.test("x25519mlkem768 refuses an ML-KEM key with numbers beyond the modulus (FIPS 203 section 7.2)", () => {
  const hybrid = groups.find(({ name }) => name === "x25519mlkem768")!;
  const { share } = hybrid.generate();
  share.fill(0xff, 0, 3);
  assert.throws(() => hybrid.respond(share), { alert: 47 });
});

Deno.test("X25519 refuses points of low order", () => {
  // From RFC 7748's curve: 0, 1, and two points of order 8 (RFC 7748 section 6.1 demands the check for zero).
  for (
    const point of [
      "00".repeat(32),
      `01${"00".repeat(31)}`,
      "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
      "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    ]
  ) {
    assert.throws(() => groups[0]!.respond(bytes(point)), { alert: 47 });
  }
});

for (const [curve, length] of [["secp256r1", 32], ["secp384r1", 48]] as const) {
  Deno.test(`${curve} refuses points that are not on the curve, compressed or at infinity`, () => {
    const pair = nistKeyPair(curve);
    const { share } = nistKeyPair(curve);
    const off = share.slice();
    off[2 * length]! ^= 1;
    const compressed = Uint8Array.of(2 + (share[2 * length]! & 1), ...share.subarray(1, 1 + length));
    const hybrid = share.slice();
    hybrid[0] = 6 + (share[2 * length]! & 1);
    for (const bad of [off, compressed, hybrid, Uint8Array.of(0), Uint8Array.of(4)]) {
      assert.throws(() => pair.derive(bad), { alert: 47 });
    }
  });
}
