import assert from "node:assert/strict";
import {
  decodeBits,
  decodeOid,
  decodeSmallInteger,
  DerReader,
  encodeElement,
  readOnly,
  readTime,
} from "../../../runtime/tls/x509/der.ts";
import { CertificateError } from "../../../runtime/tls/x509/mod.ts";
import { ascii, hex, tlv } from "./der.ts";

function refused(read: () => unknown): void {
  assert.throws(read, (error) => error instanceof CertificateError && error.reason === "malformed");
}

const reader = (digits: string): DerReader => new DerReader(hex(digits), "test");

for (
  const { what, digits } of [
    { what: "no byte", digits: "" },
    { what: "no length", digits: "30" },
    { what: "an indefinite length", digits: "30 80 00 00" },
    { what: "a length of more bytes than there are", digits: "30 03 05 00" },
    { what: "a length that is cut", digits: "30 82 01" },
    { what: "a length of 127 in the long form", digits: `30 81 7f ${"00".repeat(127)}` },
    { what: "a length of 255 in two bytes", digits: `30 82 00 ff ${"00".repeat(255)}` },
    { what: "a length of five bytes", digits: "30 85 00 00 00 00 00" },
    { what: "a length of 4 GiB", digits: "30 84 ff ff ff ff" },
    { what: "a tag number above 30", digits: "3f 81 01 00" },
  ]
) {
  Deno.test(`an element with ${what} is refused`, () => refused(() => reader(digits).any()));
}

Deno.test("lengths of one, two and three bytes are read and written", () => {
  for (const length of [0, 127, 128, 255, 256, 65535]) {
    const der = tlv(0x04, new Uint8Array(length));
    assert.equal(new DerReader(der, "test").any().content.length, length);
    assert.deepEqual(encodeElement(0x04, new Uint8Array(length)), der);
  }
});

Deno.test("bytes behind the only element are refused", () =>
  refused(() => readOnly(hex("30 00 00"), 0x30, "test")));

Deno.test("an element that is left over is refused", () => {
  const inside = reader("05 00 05 00");
  inside.any();
  refused(() => inside.end());
});

Deno.test("an error says what was read, and at which byte", () => {
  const inside = reader("05 00 30 80");
  inside.any();
  assert.throws(() => inside.any(), { message: "test: indefinite length at byte 2" });
});

// X.690 section 8.19.5; RFC 4122 section 4.1.2 for numbers of 128 bits below 2.25.
for (
  const { digits, oid } of [
    { digits: "2a 86 48 86 f7 0d", oid: "1.2.840.113549" },
    { digits: "88 37 03", oid: "2.999.3" },
    { digits: "00", oid: "0.0" },
    { digits: "4f", oid: "1.39" },
    { digits: "50", oid: "2.0" },
    {
      digits: "69 83 ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff 7f",
      oid: "2.25.340282366920938463463374607431768211455",
    },
  ]
) {
  Deno.test(`the object identifier ${oid} is read`, () => assert.equal(decodeOid(hex(digits)), oid));
}

for (
  const { what, digits } of [
    { what: "no byte", digits: "" },
    { what: "a number that does not end", digits: "2a 86" },
    { what: "a number with a zero in front", digits: "2a 80 01" },
    { what: "a first number with a zero in front", digits: "80 01" },
    { what: "65 bytes", digits: "2a".repeat(65) },
  ]
) {
  Deno.test(`an object identifier of ${what} is refused`, () => refused(() => decodeOid(hex(digits))));
}

for (const digits of ["", "00 01", "ff ff", "ff", "00 80 00 00 00"]) {
  Deno.test(`the INTEGER [${digits}] is refused where a small number is wanted`, () => {
    refused(() => decodeSmallInteger(hex(digits)));
  });
}

Deno.test("small integers are read up to 2^31 - 1", () => {
  assert.equal(decodeSmallInteger(hex("00")), 0);
  assert.equal(decodeSmallInteger(hex("00 ff")), 255);
  assert.equal(decodeSmallInteger(hex("7f ff ff ff")), 2 ** 31 - 1);
});

for (const digits of ["", "08 00", "01", "01 01"]) {
  Deno.test(`the BIT STRING [${digits}] is refused`, () => refused(() => decodeBits(hex(digits))));
}

// RFC 5280 section 4.1.2.5.1: two digits from 50 on are of the twentieth century.
for (
  const { text, tag, time } of [
    { text: "491231235959Z", tag: 0x17, time: "2049-12-31T23:59:59.000Z" },
    { text: "500101000000Z", tag: 0x17, time: "1950-01-01T00:00:00.000Z" },
    { text: "240229000000Z", tag: 0x17, time: "2024-02-29T00:00:00.000Z" },
    { text: "20500101000000Z", tag: 0x18, time: "2050-01-01T00:00:00.000Z" },
    { text: "00500101000000Z", tag: 0x18, time: "0050-01-01T00:00:00.000Z" },
    { text: "99991231235959Z", tag: 0x18, time: "9999-12-31T23:59:59.000Z" },
  ]
) {
  Deno.test(`the time ${text} is ${time}`, () => {
    assert.equal(readTime(new DerReader(ascii(tag, text), "test")).toISOString(), time);
  });
}

for (
  const text of [
    "250229000000Z",
    "251301000000Z",
    "250100000000Z",
    "250101006000Z",
    "250101000060Z",
    "25010100000Z",
  ]
) {
  Deno.test(`the time ${text} is refused`, () =>
    refused(() => readTime(new DerReader(ascii(0x17, text), "test"))));
}
