import assert from "node:assert/strict";
import { PemError, readPem } from "../../../runtime/tls/x509/mod.ts";

const block = (label: string, body: string): string =>
  `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;

Deno.test("blocks of the label are read in their order, and others passed over", () => {
  const text = `subject=CN=x\n${block("CERTIFICATE", "AQID")}\n${block("PRIVATE KEY", "BAUG")}${
    block("CERTIFICATE", "Bwg=")
  }`;
  assert.deepEqual(readPem(text, "CERTIFICATE"), [Uint8Array.of(1, 2, 3), Uint8Array.of(7, 8)]);
  assert.deepEqual(readPem(text, "PRIVATE KEY"), [Uint8Array.of(4, 5, 6)]);
});

Deno.test("lines may end with carriage returns, and blanks may follow", () => {
  const text = block("X509 CRL", "AQ\nID").replaceAll("\n", " \r\n");
  assert.deepEqual(readPem(text, "X509 CRL"), [Uint8Array.of(1, 2, 3)]);
});

Deno.test("a file may end without a line break", () => {
  assert.deepEqual(readPem(block("CERTIFICATE", "AQID").trimEnd(), "CERTIFICATE"), [Uint8Array.of(1, 2, 3)]);
});

for (
  const { what, text, offset } of [
    { what: "no block", text: "nothing", offset: 0 },
    { what: "only blocks of another label", text: block("PRIVATE KEY", "AQID"), offset: 0 },
    { what: "a block without its end", text: `x\n-----BEGIN CERTIFICATE-----\nAQID\n`, offset: 2 },
    { what: "an end without its begin", text: `x\n-----END CERTIFICATE-----\n`, offset: 2 },
    {
      what: "a begin inside a block",
      text: `-----BEGIN CERTIFICATE-----\nAQID\n${block("CERTIFICATE", "AQID")}`,
      offset: 0,
    },
    {
      what: "an end of another label",
      text: block("CERTIFICATE", "AQID").replace("END C", "END X"),
      offset: 0,
    },
    { what: "a character that is no base64", text: block("CERTIFICATE", "AQ!D"), offset: 30 },
    {
      what: "headers of an encrypted key",
      text: block("CERTIFICATE", "Proc-Type: 4,ENCRYPTED\n\nAQID"),
      offset: 32,
    },
    { what: "base64 that is cut", text: block("CERTIFICATE", "AQI"), offset: 27 },
    { what: "padding in the middle", text: block("CERTIFICATE", "AQ==AQID"), offset: 27 },
    { what: "bits behind the last byte", text: block("CERTIFICATE", "AR=="), offset: 27 },
    { what: "a block of nothing", text: block("CERTIFICATE", ""), offset: 27 },
  ]
) {
  Deno.test(`a text with ${what} is refused, with the offset`, () => {
    assert.throws(
      () => readPem(text, "CERTIFICATE"),
      (error) => {
        assert(error instanceof PemError);
        assert.equal(error.offset, offset);
        return true;
      },
    );
  });
}

Deno.test("an error about a private key does not show it", () => {
  assert.throws(
    () => readPem(block("PRIVATE KEY", "c2VjcmV0!"), "PRIVATE KEY"),
    (error) => error instanceof PemError && !error.message.includes("c2Vj"),
  );
});

Deno.test("a long run of dashes and letters is refused, and does not keep the reader busy for ever", () => {
  const text = `-----BEGIN ${"A-".repeat(200_000)}\n`.repeat(2);
  assert.throws(() => readPem(text, "CERTIFICATE"), PemError);
});
