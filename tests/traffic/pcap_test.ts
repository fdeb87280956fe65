import assert from "node:assert/strict";
import { CaptureError, detectFormat, readCapture } from "../../runtime/traffic/mod.ts";
import {
  block,
  captured,
  captures,
  cooked,
  decodeAll,
  enhancedBlock,
  FileWriter,
  hex,
  interfaceBlock,
  joined,
  pcap,
  protocolOf,
  sectionHeader,
  words,
} from "./helpers.ts";

const link = captured("rt-link", "getlink", "reply");
const neighbour = captured("rt-neigh", "delneigh-ntf", "event");
const table = captured("nftables", "gettable", "reply");
const packets = [cooked(link, 0), cooked(neighbour, 0, 6), cooked(table, 12)];
const expected = ["rt-link getlink reply", "rt-neigh delneigh-ntf event", "nftables gettable reply"];

for (const little of [true, false]) {
  const order = little ? "little" : "big";

  Deno.test(`a pcap file in ${order}-endian order gives its messages, with protocol and time`, async () => {
    const file = pcap(packets, { little });
    assert.equal(detectFormat(file), "pcap");
    const datagrams = [...readCapture(file)];
    assert.deepEqual(datagrams[1], {
      where: "packet 2",
      bytes: neighbour,
      protocol: 0,
      direction: "from-kernel",
      time: "2023-11-14T22:13:21.123456Z",
    });
    assert.deepEqual(words(await decodeAll(datagrams)), expected);
  });

  Deno.test(`a pcap file in ${order}-endian order with nanoseconds tells them`, () => {
    const [first] = readCapture(pcap(packets, { little, nanoseconds: true }));
    assert(first !== undefined && "time" in first);
    assert.equal(first.time, "2023-11-14T22:13:20.000123456Z");
  });

  Deno.test(`a pcapng file in ${order}-endian order gives its messages, with options and other blocks skipped`, async () => {
    const file = joined(
      sectionHeader(little),
      interfaceBlock(little, 9),
      block(0xbad, hex("0102030405"), little),
      enhancedBlock(packets[0]!, little, 1_700_000_000_000_000_001n),
      enhancedBlock(packets[1]!, little, 0n),
      block(3, new FileWriter(little).u32(packets[2]!.length).bytes(packets[2]!).result(), little),
    );
    assert.equal(detectFormat(file), "pcapng");
    const datagrams = [...readCapture(file)];
    assert.deepEqual(words(await decodeAll(datagrams)), expected);
    assert("bytes" in datagrams[0]! && datagrams[0].time === "2023-11-14T22:13:20.000000001Z");
  });
}

Deno.test("sections of a pcapng file may differ in byte order, and each describes its own interfaces", async () => {
  const file = joined(
    sectionHeader(true),
    interfaceBlock(true),
    enhancedBlock(packets[0]!, true, 1_700_000_000_000_000n),
    sectionHeader(false),
    enhancedBlock(packets[1]!, false, 0n),
    interfaceBlock(false, 0x8a),
    enhancedBlock(packets[2]!, false, 1_700_000_000n * 1024n + 512n),
  );
  const datagrams = [...readCapture(file)];
  assert.deepEqual(words(await decodeAll(datagrams)), [
    expected[0],
    "damaged: the packet is of interface 0, which nothing describes",
    expected[2],
  ]);
  const times = datagrams.map((one) => "time" in one ? one.time : undefined);
  assert.deepEqual(times, ["2023-11-14T22:13:20.000000Z", undefined, "2023-11-14T22:13:20.500000Z"]);
});

Deno.test("all captured messages go through pcap and are known by protocol, id and what nlctrl says", async () => {
  // Replies whose operation only their request tells would all be alike here, so what is compared is the family.
  const all = await Promise.all(captures.map(async ({ spec, hex: digits }) => {
    return { spec, packet: cooked(hex(digits), await protocolOf(spec)) };
  }));
  const messages = await decodeAll(readCapture(pcap(all.map(({ packet }) => packet))));
  assert.equal(messages.length, captures.length);
  for (const [i, message] of messages.entries()) {
    assert(!("damage" in message));
    assert.equal(message.problem, undefined);
    if (message.type >= 0x10) assert.equal(message.family, all[i]!.spec);
    else assert.notEqual(message.outcome, undefined);
  }
});

Deno.test("a packet that was cut off when it was captured is told, and the next one decoded", async () => {
  const file = pcap([cooked(link, 0), cooked(neighbour, 0)], { kept: 200 });
  assert.deepEqual(words(await decodeAll(readCapture(file))), [
    `damaged: message length ${link.length} with 184 bytes left (at byte 0); ` +
    `the capture left out ${link.length - 184} bytes of it`,
    expected[1],
  ]);
});

Deno.test("packets that are not netlink are told, and the next ones decoded", async () => {
  const ethernet = cooked(link, 0);
  ethernet.set([0, 1], 2);
  const file = pcap([ethernet, hex("0004"), packets[1]!]);
  assert.deepEqual(words(await decodeAll(readCapture(file))), [
    "damaged: hardware type 1 is not netlink's (824)",
    "damaged: 2 bytes are no cooked header (16 bytes)",
    expected[1],
  ]);
  assert.deepEqual(words(await decodeAll(readCapture(pcap([packets[0]!], { linkType: 1 })))), [
    "damaged: link type 1 is not netlink's (253)",
  ]);
});

Deno.test("messages of a big-endian machine are told to be that", async () => {
  const message = hex("00000014 0003 0002 00000001 00000001 00000000");
  const [told] = words(await decodeAll(readCapture(pcap([cooked(message, 0)], { little: false }))));
  assert.match(told ?? "", /big-endian machine, which is not supported$/);
});

Deno.test("a capture file cut off anywhere gives its whole packets and at most one damage, and nothing throws but CaptureError", () => {
  const ng = joined(
    sectionHeader(true),
    interfaceBlock(true, 6),
    ...packets.map((p) => enhancedBlock(p, true, 1n)),
  );
  for (const [file, needed] of [[pcap(packets), 24], [ng, 4]] as const) {
    for (let length = 0; length < file.length; length++) {
      const part = file.subarray(0, length);
      if (length < needed) {
        assert.throws(() => [...readCapture(part)], CaptureError);
        continue;
      }
      const found = [...readCapture(part)];
      const damaged = found.filter((one) => "damage" in one);
      assert(damaged.length <= 1 && found.length <= packets.length + 1);
      assert(damaged.every((one) => "offset" in one && one.offset! <= length));
    }
  }
});

Deno.test("lengths that a hostile file claims are never believed", () => {
  const record = new FileWriter(true).u32(0, 0, 0xffffffff, 0xffffffff).result();
  const file = joined(pcap([]), record, packets[0]!);
  assert.deepEqual([...readCapture(file)], [{
    where: "packet 1",
    offset: 24,
    damage: `a packet of 4294967295 bytes with ${packets[0]!.length} bytes of file left`,
  }]);

  const header = joined(sectionHeader(true), interfaceBlock(true));
  for (const length of [0, 8, 13, 0xfffffffc]) {
    const hostile = new FileWriter(true).u32(6, length, 0, 0, 0).result();
    const [told, ...more] = readCapture(joined(header, hostile));
    assert(told !== undefined && "damage" in told && more.length === 0);
    assert.match(told.damage, /^a block of \d+ bytes with 20 bytes of file left$/);
  }
  // More bytes captured than the block has; the next block is found nevertheless.
  const lying = block(6, new FileWriter(true).u32(0, 0, 0, 0x7fffffff, 0x7fffffff, 0).result(), true);
  const after = [...readCapture(joined(header, lying, enhancedBlock(packets[0]!, true, 1n)))];
  assert.deepEqual(after.map((one) => "damage" in one ? one.damage : one.where), [
    "2147483647 bytes were captured, but the block has 4",
    "packet 2",
  ]);
  // A clock of 10^127 or 2^127 ticks a second, and a time beyond every calendar.
  for (const resolution of [127, 255, 0]) {
    const [one] = readCapture(joined(
      sectionHeader(true),
      interfaceBlock(true, resolution),
      enhancedBlock(packets[0]!, true, 0xffffffffffffffffn),
    ));
    assert(one !== undefined && "time" in one);
  }
});
