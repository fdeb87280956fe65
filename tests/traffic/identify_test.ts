import assert from "node:assert/strict";
import { families } from "../../generated/families.ts";
import { netdev } from "../../generated/netdev/mod.ts";
import { nftables } from "../../generated/nftables/mod.ts";
import { nlctrl } from "../../generated/nlctrl/mod.ts";
import { rtLink } from "../../generated/rt-link/mod.ts";
import {
  annotateTraffic,
  type Datagram,
  Identifier,
  type TrafficMessage,
} from "../../runtime/traffic/mod.ts";
import { encodeMessage, type MessageFormat, Writer } from "../../runtime/wire/mod.ts";
import { captured, captures, decodeAll, hex, IDS, joined, protocolOf, words } from "./helpers.ts";

/** A message made by our own encoder, in a datagram. */
function made(
  protocol: number,
  type: number,
  format: MessageFormat,
  value: object,
  { flags = 1, sequence = 1, command }: { flags?: number; sequence?: number; command?: number } = {},
): Datagram {
  const writer = new Writer();
  const genl = command === undefined ? {} : { genl: { command, version: 1 } };
  encodeMessage(writer, format, value, { type, flags, sequence, ...genl });
  return { where: "here", bytes: writer.result(), protocol };
}

async function only(datagram: Datagram): Promise<TrafficMessage> {
  const [message] = await decodeAll([datagram]);
  assert(message !== undefined && !("damage" in message));
  return message;
}

/** NLMSG_ERROR with what follows the error word. */
function refusal(errno: number, flags: number, sequence: number, ...rest: Uint8Array[]): Uint8Array {
  const body = joined(...rest);
  const bytes = joined(new Uint8Array(20), body);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, flags, true);
  view.setUint32(8, sequence, true);
  view.setInt32(16, -errno, true);
  return bytes;
}

Deno.test("ids of generic families are learned from nlctrl, for messages in front of it too", async () => {
  const use = made(16, 77, netdev.operations.devGet, { ifindex: 1 }, { command: 1 });
  const reply = made(16, 16, nlctrl.operations.getfamily, { familyId: 77, familyName: "netdev" }, {
    flags: 0,
    command: 1,
  });
  assert.deepEqual(words(await decodeAll([use, reply, use], [])), [
    "netdev dev-get request",
    "nlctrl getfamily reply",
    "netdev dev-get request",
  ]);
  assert.deepEqual(words(await decodeAll([use], [])), ["message"]);
});

Deno.test("an id that is given out again means the new family from there on, unless it was told for certain", async () => {
  const use = made(16, 77, netdev.operations.devGet, {}, { command: 1 });
  const family = (familyName: string) =>
    made(16, 16, nlctrl.operations.getfamily, { familyId: 77, familyName }, { flags: 0, command: 1 });
  const datagrams = [use, family("netdev"), use, family("ethtool"), use];
  const found = words(await decodeAll(datagrams, [])).filter((text) => !text.startsWith("nlctrl"));
  assert.deepEqual(found.map((text) => text.split(" ")[0]), ["netdev", "netdev", "ethtool"]);

  const identifier = await Identifier.create(families);
  identifier.learn(77, "netdev", true);
  identifier.learnFrom([family("ethtool")]);
  for await (const message of identifier.decode(use)) {
    assert("family" in message && message.family === "netdev");
  }
});

Deno.test("a family that no spec describes is told by name, with its attributes by id", async () => {
  const family = made(16, 16, nlctrl.operations.getfamily, { familyId: 90, familyName: "acme" }, {
    flags: 0,
    command: 1,
  });
  // Command 5: attribute 1 with two bytes, a nest 2 with attribute 3, attribute 1 again.
  const bytes = hex(
    "30000000 5a00 0100 07000000 00000000 05010000 06000100 abcd0000 0c000280 08000300 01000000 05000100 ff000000",
  );
  const [, message] = await decodeAll([family, { where: "here", bytes, protocol: 16 }]);
  assert(message !== undefined && !("damage" in message));
  assert.deepEqual([message.family, message.operation, message.kind, message.command], [
    "acme",
    undefined,
    "message",
    5,
  ]);
  assert.deepEqual(message.message, {
    "UnknownAttr(1)": ["abcd", "ff"],
    "UnknownAttr(2)": { "UnknownAttr(3)": "01000000" },
  });
});

Deno.test("unknown nfnetlink subsystems are told by name, and unknown raw messages as bytes", async () => {
  const bytes = hex("1c000000 0101 0100 00000000 00000000 02000007 05000100 41000000");
  const set = new Uint8Array(bytes);
  set.set([1, 6], 4);
  const ipset = await only({ where: "here", bytes: set, protocol: 12 });
  assert.deepEqual(ipset.family, "ipset");
  assert.deepEqual(ipset.message, { "nfgen-family": 2, version: 0, "res-id": 7, "UnknownAttr(1)": "41" });
  const audit = await only({ where: "here", bytes, protocol: 9 });
  assert.deepEqual([audit.family, audit.message], [undefined, { payload: "020000070500010041000000" }]);
});

Deno.test("replies whose id says little are matched to their request by sequence and port", async () => {
  // getrule and getrule-reset are answered with one id.
  const ask = made(12, 2585, nftables.operations.getruleReset, { header: {} }, { sequence: 9 });
  const answer = made(12, 2566, nftables.operations.getrule, { header: {} }, { flags: 0, sequence: 9 });
  assert.deepEqual(words(await decodeAll([ask, answer])), [
    "nftables getrule-reset request",
    "nftables getrule-reset reply",
  ]);

  // RTM_NEWLINK is the answer to RTM_GETLINK, and a notification to everybody else.
  const get = made(0, 18, rtLink.operations.getlink, { header: {} }, { sequence: 4 });
  const link = (sequence: number) =>
    made(0, 16, rtLink.operations.getlink, { header: {} }, { flags: 0, sequence });
  assert.deepEqual(words(await decodeAll([get, link(4), link(5)])), [
    "rt-link getlink request",
    "rt-link getlink reply",
    "rt-link newlink-ntf event",
  ]);
  // The same sequence number on another socket is another request's.
  assert.deepEqual(words(await decodeAll([{ ...get, socket: "1:3" }, { ...link(4), socket: "2:3" }])), [
    "rt-link getlink request",
    "rt-link newlink-ntf event",
  ]);
});

Deno.test("an error names the attribute at fault of the request that was seen", async () => {
  // ifname is at 32: headers of 16 and 16 bytes. NLMSGERR_ATTR_MSG "bad", NLMSGERR_ATTR_OFFS.
  const request = made(0, 18, rtLink.operations.getlink, { header: {}, ifname: "x" }, { sequence: 6 });
  const extack = hex("08000100 62616400 08000200 20000000");
  const capped = refusal(22, 0x300, 6, request.bytes.subarray(0, 16), extack);
  const all = await decodeAll([request, { where: "here", bytes: capped, protocol: 0 }]);
  assert.deepEqual(words(all), ["rt-link getlink request", "rt-link getlink error"]);
  const outcome = "outcome" in all[1]! ? all[1].outcome : undefined;
  assert.deepEqual(outcome, {
    errno: 22,
    code: "EINVAL",
    message: "bad",
    attribute: ".ifname",
    extack: { message: "bad", offset: 32 },
  });

  const whole = refusal(22, 0x200, 6, request.bytes, extack);
  const alone = await only({ where: "here", bytes: whole, protocol: 0 });
  assert.deepEqual(
    [alone.operation, alone.outcome?.attribute],
    ["getlink", ".ifname"],
    "the quote is enough",
  );

  const success = await only({
    where: "here",
    bytes: refusal(0, 0x100, 6, request.bytes.subarray(0, 16)),
    protocol: 0,
  });
  assert.deepEqual([success.kind, success.operation], ["ack", "getlink"]);
});

Deno.test("without a protocol, a message is what it makes sense as", async () => {
  const link = captured("rt-link", "getlink", "reply");
  const family = captured("nlctrl", "getfamily", "reply");
  const both = await decodeAll([{ where: "a", bytes: link }, { where: "b", bytes: family }]);
  assert.deepEqual(both.map((one) => "family" in one ? one.family : undefined), ["rt-link", "nlctrl"]);
});

Deno.test("several messages of a datagram are told one by one, up to a damaged one", async () => {
  const done = hex("14000000 0300 0200 01000000 02000000 00000000");
  const all = await decodeAll([{
    where: "packet 1",
    bytes: joined(done, done, hex("0300000000000000")),
    protocol: 0,
  }]);
  assert.deepEqual(all.map(({ where }) => where), ["packet 1", "packet 1, message 2", "packet 1, message 3"]);
  assert.deepEqual(words(all), ["done", "done", "damaged: 8 bytes are no message header (at byte 40)"]);
});

Deno.test("a payload that does not decode is a problem of its message alone", async () => {
  const bytes = captured("rt-link", "getlink", "reply").slice();
  new DataView(bytes.buffer).setUint16(32, 3, true);
  const message = await only({ where: "here", bytes, protocol: 0 });
  assert.equal(message.operation, "getlink");
  assert.match(message.problem ?? "", /attribute length 3/);
  assert(annotateTraffic(message).some(({ label }) => label === "unknown"));
});

Deno.test("64 KiB of nests inside each other neither overflow nor hang", async () => {
  for (const [protocol, type, header] of [[0, 16, 16], [16, 21, 4], [16, 99, 4], [12, 0x900, 4]] as const) {
    const bytes = new Uint8Array(16 + header + 65532);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, bytes.length, true);
    view.setUint16(4, type, true);
    bytes[16] = 2;
    for (let at = 16 + header; at < bytes.length; at += 4) {
      view.setUint16(at, bytes.length - at, true);
      view.setUint16(at + 2, 0x8000 | 1000, true);
    }
    const message = await only({ where: "here", bytes, protocol });
    JSON.stringify(message.message, (_, value) => typeof value === "bigint" ? String(value) : value);
    annotateTraffic(message);
  }
});

Deno.test("each byte of every captured message is annotated once", async () => {
  const identifier = await Identifier.create(families);
  for (const [id, name] of IDS) identifier.learn(id, name);
  for (const { spec, hex: digits } of captures) {
    const datagram = { where: "here", bytes: hex(digits), protocol: await protocolOf(spec) };
    for await (const message of identifier.decode(datagram)) {
      assert(!("damage" in message));
      let position = 0;
      for (const { start, end } of annotateTraffic(message)) {
        assert.equal(start, position, `${spec} ${digits}`);
        position = end;
      }
      assert.equal(position, message.bytes.length);
    }
  }
});

Deno.test("changed bytes never throw", async () => {
  const identifier = await Identifier.create(families);
  for (const [id, name] of IDS) identifier.learn(id, name);
  // A linear congruential generator: the same changes in every run.
  let state = 1;
  const random = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % below;
  };
  for (let round = 0; round < 20; round++) {
    for (const { spec, hex: digits } of captures) {
      const bytes = hex(digits);
      for (let i = 0; i <= random(4); i++) bytes[random(bytes.length)] = random(256);
      const datagram = { where: "here", bytes, protocol: await protocolOf(spec) };
      for await (const message of identifier.decode(datagram)) {
        if (!("damage" in message)) annotateTraffic(message);
      }
    }
  }
});
