import assert from "node:assert/strict";
import { AttributeTypeAndValue, AttributeValue, Name, RelativeDistinguishedName } from "@peculiar/asn1-x509";
import { DerReader } from "../../../runtime/tls/x509/der.ts";
import { CertificateError, commonName, formatName } from "../../../runtime/tls/x509/mod.ts";
import { readName } from "../../../runtime/tls/x509/names.ts";
import { ascii, hex, oid, sequence, tlv } from "./der.ts";
import { derOf, nameOf } from "./maker.ts";

function read(der: Uint8Array) {
  return readName(new DerReader(der, "name"));
}

/** A name of one common name with this value. */
function named(value: Uint8Array): Uint8Array {
  return sequence(tlv(0x31, sequence(oid("2.5.4.3"), value)));
}

const utf8 = (text: string): Uint8Array => ascii(0x0c, text);

Deno.test("a name is printed as RFC 4514 has it, the last part first", () => {
  assert.equal(formatName(read(derOf(nameOf("C=XX,O=Example,CN=nfs")))), "CN=nfs,O=Example,C=XX");
});

Deno.test("parts of a name with several attributes are joined with a plus sign", () => {
  const attribute = (type: string, value: string) =>
    new AttributeTypeAndValue({ type, value: new AttributeValue({ utf8String: value }) });
  const name = new Name([
    new RelativeDistinguishedName([attribute("2.5.4.3", "x"), attribute("2.5.4.10", "y")]),
  ]);
  assert.equal(formatName(read(derOf(name))), "CN=x+O=y");
});

Deno.test("an attribute that has no short name is printed with its numbers", () => {
  assert.equal(formatName(read(sequence(tlv(0x31, sequence(oid("1.2.3"), utf8("x")))))), "1.2.3=x");
});

Deno.test("a value that is no text is printed as hex of its DER", () => {
  assert.equal(formatName(read(named(hex("02 01 05")))), "CN=#020105");
});

Deno.test("an empty name is printed as nothing", () => {
  assert.equal(formatName(read(sequence())), "");
});

for (
  const { what, text, printed } of [
    { what: "a line break", text: "a\nb", printed: "a\\0Ab" },
    { what: "an escape sequence of a terminal", text: "\x1b[2J", printed: "\\1B[2J" },
    { what: "a NUL", text: "a\0b", printed: "a\\00b" },
    { what: "a mark that turns the writing direction", text: "a\u202eb", printed: "a\\E2\\80\\AEb" },
    { what: "a line separator of Unicode", text: "a\u2028b", printed: "a\\E2\\80\\A8b" },
    { what: "a comma", text: "a,O=b", printed: "a\\,O=b" },
    { what: "blanks at both ends", text: " a ", printed: "\\ a\\ " },
    { what: "a number sign in front", text: "#a", printed: "\\#a" },
  ]
) {
  Deno.test(`${what} in a name is escaped`, () => {
    const name = read(named(utf8(text)));
    assert.equal(formatName(name).toLowerCase(), `CN=${printed}`.toLowerCase());
    assert.equal(commonName(name)?.toLowerCase(), printed.toLowerCase());
  });
}

Deno.test("letters of other scripts are printed as they are", () => {
  assert.equal(commonName(read(named(utf8("Bücher 書籍")))), "Bücher 書籍");
});

Deno.test("the common name is the last one, and undefined if there is none", () => {
  assert.equal(commonName(read(derOf(nameOf("CN=first,CN=last")))), "last");
  assert.equal(commonName(read(derOf(nameOf("O=x")))), undefined);
});

Deno.test("names are equal in other capitals, with more blanks, and in other string types", () => {
  const key = read(named(utf8("Example CA"))).key;
  assert.equal(read(named(ascii(0x13, " EXAMPLE   ca "))).key, key);
  assert.equal(read(named(tlv(0x1e, hex("0045 0078 0061 006d 0070 006c 0065 0020 0043 0041")))).key, key);
});

Deno.test("names that differ in a part, in their order or in how they are divided are not equal", () => {
  const keys = ["O=a,CN=b", "CN=b,O=a", "O=a", "O=a,CN=bc", "O=a,CN=b,CN=c", "", "OU=a,CN=b"].map((text) =>
    read(derOf(nameOf(text))).key
  );
  assert.equal(new Set(keys).size, keys.length);
});

Deno.test("a text that looks like the separators of names does not make two names equal", () => {
  const one = read(named(utf8('x","2.5.4.10=y'))).key;
  const two =
    read(sequence(tlv(0x31, sequence(oid("2.5.4.3"), utf8("x")), sequence(oid("2.5.4.10"), utf8("y"))))).key;
  assert.notEqual(one, two);
});

Deno.test("the order inside a part of several attributes makes no difference", () => {
  const a = sequence(oid("2.5.4.3"), utf8("x"));
  const b = sequence(oid("2.5.4.10"), utf8("y"));
  assert.equal(read(sequence(tlv(0x31, a, b))).key, read(sequence(tlv(0x31, b, a))).key);
});

for (
  const { what, value } of [
    { what: "UTF-8 that is none", value: hex("0c 02 c3 28") },
    { what: "UTF-16 of an odd length", value: hex("1e 03 00 41 00") },
    { what: "UTF-16 with half a pair", value: hex("1e 02 d8 00") },
    { what: "a PrintableString above ASCII", value: hex("13 01 e4") },
  ]
) {
  Deno.test(`a name with ${what} is refused`, () => {
    assert.throws(
      () => read(named(value)),
      (error) => error instanceof CertificateError && error.reason === "malformed",
    );
  });
}
