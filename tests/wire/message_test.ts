/**
 * Messages in a buffer: struct nlmsghdr is length (32 bits), type, flags (16), sequence, port (32), and messages
 * start at multiples of four bytes: netlink(7), RFC 3549 section 2.3.2.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  beginMessage,
  decodePayload,
  encodeMessage,
  encodePayload,
  endMessage,
  type MessageFormat,
  Messages,
  MessageType,
  Reader,
  type Struct,
  unknownKey,
  Writer,
} from "../../runtime/wire/mod.ts";
import { bytes, hex, node, refusedDecode, refusedEncode } from "./helpers.ts";

const HEADER = "1234 0506 07080900 0a0b0c0d";

Deno.test("a message's header is read", () => {
  const messages = new Messages(bytes(`10000000 ${HEADER}`));
  assert.equal(messages.next(), true);
  const { start, end, type, flags, sequence, port, reader } = messages;
  assert.deepEqual({ start, end, type, flags, sequence, port }, {
    start: 0,
    end: 16,
    type: 0x3412,
    flags: 0x0605,
    sequence: 0x00090807,
    port: 0x0d0c0b0a,
  });
  assert.equal(reader.position, 16);
  assert.equal(messages.next(), false);
});

Deno.test("sequence and port are unsigned", () => {
  const messages = new Messages(bytes("10000000 0000 0000 ffffffff ffffffff"));
  messages.next();
  assert.deepEqual([messages.sequence, messages.port], [0xffffffff, 0xffffffff]);
});

Deno.test("several messages are read one after the other, each at a multiple of four bytes", () => {
  // 17 bytes and three of padding; 16 bytes; NLMSG_DONE (3) with its error code, 20 bytes.
  const messages = new Messages(bytes(`11000000 ${HEADER} ff 000000  10000000 ${HEADER}
    14000000 0300 0200 00000000 00000000 00000000`));
  const seen: [number, number, number][] = [];
  while (messages.next()) seen.push([messages.start, messages.end, messages.type]);
  assert.deepEqual(seen, [[0, 17, 0x3412], [20, 36, 0x3412], [36, 56, MessageType.done]]);
});

Deno.test("the last message need not be padded", () => {
  const messages = new Messages(bytes(`11000000 ${HEADER} ff`));
  assert.equal(messages.next(), true);
  assert.equal(messages.next(), false);
});

Deno.test("only the bytes that were received count", () => {
  const messages = new Messages(bytes(`10000000 ${HEADER} 10000000 ${HEADER}`), 16);
  assert.equal(messages.next(), true);
  assert.equal(messages.next(), false);
});

Deno.test("a buffer without bytes has no message", () => {
  assert.equal(new Messages(bytes("")).next(), false);
});

Deno.test("a length that is less than the header's is refused, so that nobody loops for ever", () => {
  for (const length of ["00000000", "01000000", "0f000000"]) {
    refusedDecode(() => new Messages(bytes(`${length} ${HEADER}`)).next(), {
      message: /^message length \d+ with 16 bytes left \(at byte 0\)$/,
      offset: 0,
    });
  }
});

Deno.test("a length beyond the bytes received is refused", () => {
  for (const length of ["11000000", "ffffffff", "00000080"]) {
    const messages = new Messages(bytes(`10000000 ${HEADER} ${length} ${HEADER}`));
    messages.next();
    refusedDecode(() => messages.next(), { message: /^message length \d+ with 16 bytes left/, offset: 16 });
  }
});

Deno.test("bytes too few for a header are refused", () => {
  refusedDecode(() => new Messages(bytes("10000000 0000")).next(), {
    message: /^6 bytes are no message header \(at byte 0\)$/,
    offset: 0,
  });
});

Deno.test("a message is written with its length", () => {
  const writer = new Writer();
  const start = beginMessage(writer, 0x10, 0x305, 7, 9);
  writer.u8(1, 2);
  endMessage(writer, start);
  assert.equal(
    hex(writer.result()),
    "18 00 00 00 10 00 05 03 07 00 00 00 09 00 00 00 05 00 01 00 02 00 00 00",
  );
});

Deno.test("messages are written one after the other", () => {
  const writer = new Writer(16);
  for (const sequence of [1, 2]) endMessage(writer, beginMessage(writer, 1, 0, sequence));
  const messages = new Messages(writer.result());
  const seen: number[] = [];
  while (messages.next()) seen.push(messages.sequence);
  assert.deepEqual(seen, [1, 2]);
});

/** `struct { u8 family; u8 pad; u16 index; }`. */
const head: Struct<{ family: number; index: number }> = {
  name: "head",
  fields: "family index",
  size: 4,
  ends: [1, 2],
  decode: (v, o) => ({ family: v.getUint8(o), index: v.getUint16(o + 2, true) }),
  encode(w, o, m) {
    for (const key in m) {
      if (key === "family") w.view.setUint8(o, m.family!);
      else if (key === "index") w.view.setUint16(o + 2, m.index!, true);
      else throw unknownKey(head, key);
    }
  },
};

const headed: MessageFormat = { name: "node-get", attributes: node, header: head };

Deno.test("a generic netlink message has its command and version behind the header", () => {
  const writer = new Writer();
  encodeMessage(writer, { name: "node-get", attributes: node }, { id: 1 }, {
    type: 0x1c,
    flags: 5,
    sequence: 2,
    genl: { command: 3, version: 1 },
  });
  assert.equal(
    hex(writer.result()),
    "1c 00 00 00 1c 00 05 00 02 00 00 00 00 00 00 00 03 01 00 00 08 00 01 00 01 00 00 00",
  );
});

Deno.test("a raw message has its fixed header in front of the attributes", () => {
  const writer = new Writer();
  encodeMessage(writer, headed, { header: { family: 2, index: 3 }, id: 1 }, {
    type: 0x1c,
    flags: 5,
    sequence: 2,
  });
  assert.equal(
    hex(writer.result()),
    "1c 00 00 00 1c 00 05 00 02 00 00 00 00 00 00 00 02 00 03 00 08 00 01 00 01 00 00 00",
  );
});

Deno.test("a fixed header that is not given is zero", () => {
  const writer = new Writer();
  encodePayload(writer, headed, { id: 1 });
  assert.equal(hex(writer.result()), "00 00 00 00 08 00 01 00 01 00 00 00");
  writer.reset();
  encodePayload(writer, headed);
  assert.equal(hex(writer.result()), "00 00 00 00");
});

Deno.test("a fixed header is read into an object of its own", () => {
  const data = bytes("02000300 08000100 01000000");
  assert.deepEqual(decodePayload(new Reader(data), data.length, headed), {
    header: { family: 2, index: 3 },
    id: 1,
  });
});

Deno.test("a payload too short for its fixed header is refused", () => {
  const data = bytes("020003");
  refusedDecode(() => decodePayload(new Reader(data), data.length, headed), {
    message: /^header head needs 4 bytes, got 3 \(at byte 0\)$/,
    offset: 0,
  });
});

Deno.test("faults in header and attributes are told with their path", () => {
  const encode = (value: unknown) => () => encodePayload(new Writer(), headed, value);
  refusedEncode(encode({ header: { famly: 1 } }), '.header: head has no "famly"; did you mean "family"?');
  refusedEncode(encode({ header: 5 }), ".header: expected a struct head, got 5");
  refusedEncode(encode({ header: {}, id: -1 }), /^\.id: expected u32/);
  refusedEncode(encode(5), "node-get takes an object");
  refusedEncode(encode(null), "node-get takes an object");
});

Deno.test("a fault in an attribute is told with its path and its place in the whole message", () => {
  const data = bytes("ffffffff 00000000 06000100 01000000");
  refusedDecode(() => decodePayload(new Reader(data, 4), data.length, headed), {
    message: /^\.id: u32 needs 4 bytes, got 2 \(at byte 8\)$/,
    path: ".id",
    offset: 8,
  });
});

Deno.test("a message without attributes keeps those that come nevertheless", () => {
  const format = { name: "ping" };
  const data = bytes("08000100 01000000");
  const message = decodePayload(new Reader(data), data.length, format);
  assert.deepEqual(message, { unknown: [{ type: 1, data: bytes("01000000") }] });
  const writer = new Writer();
  encodePayload(writer, format, message);
  assert.deepEqual(writer.result(), data);
});
