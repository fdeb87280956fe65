/** Text forms: IPv4 and IPv6 (RFC 4291, RFC 5952), hardware addresses, UUIDs, and bytes that are hardly text. */

import assert from "node:assert/strict";
import {
  decodeText,
  encodeText,
  formatHex,
  formatIpv4,
  formatIpv6,
  formatUuid,
  parseHex,
  parseIp,
  parseIpv4,
  parseIpv6,
  parseMac,
  parseUuid,
} from "../../runtime/wire/mod.ts";
import { bytes } from "./helpers.ts";

/** The text of an IPv6 address given as eight groups. */
function ipv6(groups: string): string {
  return formatIpv6(bytes(groups.split(":").map((group) => group.padStart(4, "0")).join("")), 0);
}

Deno.test("IPv4 addresses are dotted", () => {
  assert.equal(formatIpv4(bytes("00000000"), 0), "0.0.0.0");
  assert.equal(formatIpv4(bytes("ffffffff"), 0), "255.255.255.255");
  assert.equal(formatIpv4(bytes("ee c0000201"), 1), "192.0.2.1");
});

Deno.test("IPv4 addresses are read in their dotted form", () => {
  assert.deepEqual(parseIpv4("192.0.2.1"), bytes("c0000201"));
  assert.deepEqual(parseIpv4("0.0.0.0"), bytes("00000000"));
});

Deno.test("what inet_aton(3) would guess at is no IPv4 address", () => {
  for (
    const text of [
      "",
      "1",
      "1.2.3",
      "1.2.3.4.5",
      "256.0.0.1",
      "01.2.3.4",
      "1.2.3.04",
      "0x1.2.3.4",
      " 1.2.3.4",
    ]
  ) {
    assert.equal(parseIpv4(text), undefined, text);
  }
  for (const text of ["1.2.3.-4", "1.2.3.4 ", "1.2.3.4\n", "1..2.3", "１.2.3.4"]) {
    assert.equal(parseIpv4(text), undefined, text);
  }
});

Deno.test("IPv6 addresses are shortened as RFC 5952 says", () => {
  // Section 4.1: no leading zeros. 4.2.1: as short as possible.
  assert.equal(ipv6("2001:0db8:0:0:0:0:0:1"), "2001:db8::1");
  assert.equal(ipv6("2001:0db8:0:0:0:0:2:1"), "2001:db8::2:1");
  // 4.2.2: "::" never stands for a single group.
  assert.equal(ipv6("2001:db8:0:1:1:1:1:1"), "2001:db8:0:1:1:1:1:1");
  // 4.2.3: the longest run, and the first of equals.
  assert.equal(ipv6("2001:0:0:1:0:0:0:1"), "2001:0:0:1::1");
  assert.equal(ipv6("2001:db8:0:0:1:0:0:1"), "2001:db8::1:0:0:1");
  // 4.3: lower case.
  assert.equal(ipv6("2001:DB8:A:B:C:D:E:F"), "2001:db8:a:b:c:d:e:f");
});

Deno.test("IPv6 addresses are shortened at either end and in whole", () => {
  assert.equal(ipv6("0:0:0:0:0:0:0:0"), "::");
  assert.equal(ipv6("0:0:0:0:0:0:0:1"), "::1");
  assert.equal(ipv6("1:0:0:0:0:0:0:0"), "1::");
  assert.equal(ipv6("0:0:1:1:1:1:0:0"), "::1:1:1:1:0:0");
  assert.equal(ipv6("0:1:1:1:1:1:1:1"), "0:1:1:1:1:1:1:1");
  assert.equal(ipv6("1:1:1:1:1:1:1:0"), "1:1:1:1:1:1:1:0");
});

Deno.test("the three forms of RFC 4291 section 2.2 are read", () => {
  const forms: [text: string, hex: string][] = [
    // 1: the preferred form.
    ["ABCD:EF01:2345:6789:ABCD:EF01:2345:6789", "abcdef0123456789abcdef0123456789"],
    ["2001:DB8:0:0:8:800:200C:417A", "20010db80000000000080800200c417a"],
    // 2: compressed.
    ["2001:DB8::8:800:200C:417A", "20010db80000000000080800200c417a"],
    ["FF01::101", "ff010000000000000000000000000101"],
    ["::1", "00000000000000000000000000000001"],
    ["::", "00000000000000000000000000000000"],
    ["1::", "00010000000000000000000000000000"],
    ["1:2:3:4:5:6:7::", "00010002000300040005000600070000"],
    // 3: with an IPv4 address at the end.
    ["0:0:0:0:0:0:13.1.68.3", "0000000000000000000000000d014403"],
    ["::13.1.68.3", "0000000000000000000000000d014403"],
    ["::FFFF:129.144.52.38", "00000000000000000000ffff81903426"],
  ];
  for (const [text, hex] of forms) assert.deepEqual(parseIpv6(text), bytes(hex), text);
});

Deno.test("what is no IPv6 address is refused", () => {
  const texts = [
    "",
    ":",
    ":::",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1::2::3",
    "12345::",
    "g::",
    ":1::",
    "1:",
  ];
  for (const text of texts) assert.equal(parseIpv6(text), undefined, text);
  const more = [
    "1:2:3:4:5:6:7:8::",
    "1.2.3.4",
    "::1.2.3",
    "::1.2.3.256",
    "1:2:3:4:5:6:7:1.2.3.4",
    "fe80::1%eth0",
    " ::1",
  ];
  for (const text of more) assert.equal(parseIpv6(text), undefined, text);
});

Deno.test("a colon tells IPv6 from IPv4", () => {
  assert.equal(parseIp("::1")?.length, 16);
  assert.equal(parseIp("127.0.0.1")?.length, 4);
  assert.equal(parseIp("localhost"), undefined);
});

Deno.test("hardware addresses are read with and without colons", () => {
  assert.deepEqual(parseMac("02:00:5e:10:00:FF"), bytes("02005e1000ff"));
  assert.deepEqual(parseMac("02005e1000ff"), bytes("02005e1000ff"));
  assert.deepEqual(parseMac("2:0:5e:10:0:f"), bytes("02005e10000f"));
  for (const text of ["02:", "02:00:g0", "020", "02:000", "02-00-5e-10-00-ff"]) {
    assert.equal(parseMac(text), undefined, text);
  }
});

Deno.test("a hardware address of any length comes back as it was", () => {
  // Infiniband has 20 bytes (linux/if_infiniband.h, INFINIBAND_ALEN).
  for (const length of [0, 1, 6, 8, 20]) {
    const address = Uint8Array.from({ length }, (_, i) => 11 * i);
    assert.deepEqual(parseMac(formatHex(address, 0, length, ":")), address);
  }
});

Deno.test("UUIDs are read with and without hyphens", () => {
  const uuid = bytes("00112233445566778899aabbccddeeff");
  assert.equal(formatUuid(uuid, 0), "00112233-4455-6677-8899-aabbccddeeff");
  assert.deepEqual(parseUuid("00112233-4455-6677-8899-AABBCCDDEEFF"), uuid);
  assert.deepEqual(parseUuid("00112233445566778899aabbccddeeff"), uuid);
  assert.equal(parseUuid("00112233-4455-6677-8899-aabbccddee"), undefined);
  assert.equal(parseUuid("00112233-4455-6677-8899-aabbccddeefg"), undefined);
});

Deno.test("hex digits may have blanks between the bytes", () => {
  assert.deepEqual(parseHex("00 fF10"), bytes("00ff10"));
  assert.deepEqual(parseHex(""), bytes(""));
  for (const text of ["0", "0g", "0x00", "00\n"]) assert.equal(parseHex(text), undefined, text);
});

/** Bytes, and the text that they are: RFC 3629 section 3 and 4 say which sequences are UTF-8. */
const TEXTS: [hex: string, text: string][] = [
  ["657468 30", "eth0"],
  ["c3a9", "é"],
  ["e282ac", "€"],
  ["f09f9092", "🐒"],
  ["efbbbf 61", "\ufeffa"],
  // Overlong forms, surrogates, beyond U+10FFFF, and continuations without a start.
  ["c080", "\udcc0\udc80"],
  ["e08080", "\udce0\udc80\udc80"],
  ["eda080", "\udced\udca0\udc80"],
  ["f4908080", "\udcf4\udc90\udc80\udc80"],
  ["f8888080 80", "\udcf8\udc88\udc80\udc80\udc80"],
  ["80bf", "\udc80\udcbf"],
  // Sequences that end too soon.
  ["61c3", "a\udcc3"],
  ["e282 61", "\udce2\udc82a"],
  ["f09f90", "\udcf0\udc9f\udc90"],
];

Deno.test("bytes become text, and those that are no UTF-8 lone surrogates", () => {
  for (const [hex, text] of TEXTS) {
    const data = bytes(hex);
    assert.equal(decodeText(data, 0, data.length), text, hex);
  }
});

Deno.test("long texts are decoded as short ones are", () => {
  const front = "6162636465666768696a6b6c6d6e6f707172737475767778";
  for (const [hex, text] of TEXTS) {
    const data = bytes(front + hex);
    assert.equal(decodeText(data, 0, data.length), `abcdefghijklmnopqrstuvwx${text}`, hex);
  }
});

Deno.test("text becomes the bytes that it came from", () => {
  for (const [hex, text] of TEXTS) assert.deepEqual(encodeText(text), bytes(hex), hex);
});

Deno.test("every two bytes come back as they were", () => {
  const data = new Uint8Array(2);
  for (let pair = 0; pair < 0x10000; pair++) {
    data[0] = pair >> 8;
    data[1] = pair & 0xff;
    const again = encodeText(decodeText(data, 0, 2))!;
    assert.ok(again.length === 2 && again[0] === data[0] && again[1] === data[1], formatHex(data, 0, 2));
  }
});

Deno.test("surrogates that stand for no byte are no text", () => {
  for (const text of ["\ud800", "\udbff", "\udc00", "\udc7f", "\udd00", "\udfff", "a\ud83d"]) {
    assert.equal(encodeText(text), undefined, JSON.stringify(text));
  }
});
