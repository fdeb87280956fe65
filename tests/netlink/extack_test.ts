import assert from "node:assert/strict";
import { Messages, NetlinkDecodeError, Writer } from "../../runtime/wire/mod.ts";
import { type Acknowledgement, readAcknowledgement } from "../../runtime/netlink/extack.ts";
import { describePolicy } from "../../mod.ts";
import { acknowledgement, type FakeRequest, hexToBytes } from "./helpers.ts";

function read(bytes: Uint8Array): Acknowledgement {
  const messages = new Messages(bytes);
  assert(messages.next());
  return readAcknowledgement(messages);
}

const request: FakeRequest = {
  protocol: 16,
  type: 32,
  flags: 5,
  sequence: 1,
  port: 1000,
  command: 1,
  bytes: hexToBytes("1b00000020000500010000000000000001010000070001006c6f0000").slice(0, 28),
};
new DataView(request.bytes.buffer).setUint32(0, 27, true);

// The hex texts of the next five tests are messages of Linux 6.18.44, captured with pyynl
// (live-capture.jsonl, kind "control").

Deno.test("an acknowledgement of a running kernel is read", () => {
  // conntrack get, the end of a dump; rt-link getlink, a success.
  assert.deepEqual(read(hexToBytes("14000000030002005c8000009a314c8c00000000")), { errno: 0 });
  assert.deepEqual(
    read(hexToBytes("240000000200000136f900002b1444c700000000200000001200050036f9000000000000")),
    { errno: 0 },
  );
});

Deno.test("the error word in the end of a dump is read", () => {
  // ethtool tunnel-info-get.
  assert.deepEqual(read(hexToBytes("1400000003000200ec320000f966648da1ffffff")), { errno: 95 });
});

Deno.test("a warning in the end of a dump is read", () => {
  // ethtool linkinfo-get.
  const hex =
    "3c0000000300020265e8000006d61ff400000000250001006661696c656420746f207265747269657665206c696e6b2073657474696e677300000000";
  assert.deepEqual(read(hexToBytes(hex)), {
    errno: 0,
    extack: { message: "failed to retrieve link settings" },
  });
});

Deno.test("an extended ack with text is read", () => {
  // rt-link newlink.
  const hex =
    "3c00000002000003e40700005ef874afa1ffffff3800000010000504e40700000000000018000100556e6b6e6f776e20646576696365207479706500";
  assert.deepEqual(read(hexToBytes(hex)), { errno: 95, extack: { message: "Unknown device type" } });
});

Deno.test("an extended ack with a missing attribute is read", () => {
  // netdev dev-get.
  const hex = "2c00000002000003b38300001b46ef86eaffffff1400000014000500b3830000000000000800050001000000";
  assert.deepEqual(read(hexToBytes(hex)), { errno: 22, extack: { missingType: 1 } });
});

Deno.test("the extended ack is found behind the request's header and behind the whole request", () => {
  for (const capped of [true, false]) {
    const bytes = acknowledgement(request, 22, {
      capped,
      extack: { message: "no", offset: 20, missingType: 3, missingNest: 24, cookie: Uint8Array.of(1, 2, 3) },
    });
    assert.deepEqual(read(bytes), {
      errno: 22,
      extack: { message: "no", offset: 20, missingType: 3, missingNest: 24, cookie: Uint8Array.of(1, 2, 3) },
    });
  }
});

Deno.test("a policy in the extended ack is read, and told in words", () => {
  const writer = new Writer();
  writer.u32(1, 4);
  writer.u64(4, 68n);
  writer.u64(5, 65535n);
  const { extack } = read(acknowledgement(request, 34, { extack: { policy: writer.result() } }));
  assert.deepEqual(extack?.policy, { type: "u32", min: 68n, max: 65535n });
  assert.equal(describePolicy(extack.policy), "u32 of 68..65535");
  assert.equal(describePolicy({ type: "s32", min: -1n, max: 5n }), "s32 of -1..5");
  assert.equal(describePolicy({ type: "u32", mask: 7n }), "u32 with bits of 0x7");
  assert.equal(describePolicy({ type: "binary", minLength: 6, maxLength: 6 }), "binary of 6 bytes");
  assert.equal(describePolicy({ type: "binary", minLength: 4, maxLength: 6 }), "binary of 4 to 6 bytes");
  assert.equal(describePolicy({ type: "nul-string", maxLength: 15 }), "nul-string of at most 15 bytes");
  assert.equal(describePolicy({ type: "binary", minLength: 4 }), "binary of at least 4 bytes");
  assert.equal(describePolicy({ type: "flag" }), "flag");
});

Deno.test("an acknowledgement without the attributes that the flag promises is damage, not a hang", () => {
  const whole = acknowledgement(request, 22, { capped: false, extack: { message: "no" } });
  for (let length = 16; length < whole.length; length++) {
    const cut = whole.slice(0, length);
    new DataView(cut.buffer).setUint32(0, length, true);
    try {
      read(cut);
    } catch (error) {
      assert(error instanceof NetlinkDecodeError);
    }
  }
  // The request inside claims to be longer than the message.
  new DataView(whole.buffer).setUint32(20, 4000, true);
  assert.throws(() => read(whole), NetlinkDecodeError);
});
