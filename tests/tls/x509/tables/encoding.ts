/** DER that is wrong in one place, under a signature that is right. */
import { Name, RelativeDistinguishedName } from "@peculiar/asn1-x509";
import { ascii, hex, sequence, tlv } from "../der.ts";
import { extendedKeyUsage, Id, keyUsage } from "../extensions.ts";
import { keyOf } from "../keys.ts";
import { type Changes, type Scenario, usual } from "../scenario.ts";

function row(name: string, leaf: Changes, differs?: string): Scenario {
  return {
    name,
    verdict: "malformed",
    at: 0,
    ...differs === undefined ? {} : { differs },
    make: () => usual({ leaf }),
  };
}

/** The content of the outermost element, whose length takes two bytes. */
function content(der: Uint8Array): Uint8Array {
  return der.subarray(4);
}

const good = "20260101000000Z";

function time(from: Uint8Array, to = ascii(0x17, "270101000000Z")): Changes {
  return { validity: sequence(from, to) };
}

const lenient = "OpenSSL reads BER here; X.690 section 10 and RFC 5280 section 4.1 say DER";

export const encoding: readonly Scenario[] = [
  row(
    "a byte behind the certificate",
    { damage: (der) => Uint8Array.from([...der, 0]) },
    "PEM readers of OpenSSL stop at the end of the DER",
  ),
  row("a certificate that is cut by a byte", { damage: (der) => der.subarray(0, -1) }),
  row("a certificate of an indefinite length", {
    damage: (der) => Uint8Array.from([0x30, 0x80, ...content(der), 0, 0]),
  }, lenient),
  row("a length of three bytes where two would do", {
    damage: (der) => Uint8Array.from([0x30, 0x83, 0, der[2]!, der[3]!, ...content(der)]),
  }, lenient),
  row("a further element in the certificate", { damage: (der) => tlv(0x30, content(der), hex("05 00")) }),
  row("a further element in the signed part", { edit: (tbs) => tlv(0x30, content(tbs), hex("05 00")) }),
  {
    name: "a signature of 511 bits",
    verdict: "malformed",
    at: 0,
    make: () =>
      usual({
        intermediate: { key: keyOf("ed25519:intermediate") },
        leaf: { damage: (der) => der.with(-65, 1) as Uint8Array },
      }),
  },
  row("an extension that comes twice", {
    with: [keyUsage("digitalSignature"), keyUsage("digitalSignature")],
  }),
  row("a serial number with a zero too many", { serial: hex("00 11") }),
  row("an empty serial number", { serial: hex("") }),
  row("a UTCTime without seconds", time(ascii(0x17, "2601010000Z"))),
  row("a UTCTime with an offset", time(ascii(0x17, "260101000000+0000"))),
  row("a UTCTime without a zone", time(ascii(0x17, "260101000000"))),
  row("a GeneralizedTime with fractions", time(ascii(0x18, "20260101000000.5Z"))),
  row("a time on 30 February", time(ascii(0x17, "260230000000Z"))),
  row("a time at 24 o'clock", time(ascii(0x17, "260101240000Z"))),
  row("a time of letters", time(ascii(0x17, "26O101000000Z"))),
  row("a time that is a string", time(ascii(0x0c, good))),
  row("a third time", {
    validity: sequence(
      ascii(0x17, "260101000000Z"),
      ascii(0x17, "270101000000Z"),
      ascii(0x17, "270101000000Z"),
    ),
  }),
  row("an empty relative name", { subject: new Name([new RelativeDistinguishedName([])]) }),
  row("basicConstraints with something behind", {
    with: [{ id: Id.bc, critical: true, value: hex("30 00 05 00") }],
  }, "OpenSSL stops where the value of an extension ends"),
  row("basicConstraints with a further element", {
    with: [{ id: Id.bc, critical: true, value: sequence(hex("05 00")) }],
  }),
  row("a key usage that is no BIT STRING", { with: [{ id: Id.ku, value: hex("04 02 07 80") }] }),
  row("a key usage with 8 unused bits", { with: [{ id: Id.ku, value: hex("03 02 08 80") }] }),
  row("a key usage whose unused bits are set", { with: [{ id: Id.ku, value: hex("03 02 07 ff") }] }, lenient),
  row("an extended key usage of no purpose", { with: [extendedKeyUsage()] }),
  row("an object identifier that is cut", { with: [{ id: Id.eku, value: sequence(hex("06 02 2a 83")) }] }),
  row("an object identifier that is padded", {
    with: [{ id: Id.eku, value: sequence(hex("06 03 2a 80 01")) }],
  }),
  row("an object identifier of no byte", { with: [{ id: Id.eku, value: sequence(hex("06 00")) }] }),
];
