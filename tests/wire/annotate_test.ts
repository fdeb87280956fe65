import assert from "node:assert/strict";
import {
  annotateMessage,
  encodeMessage,
  type Family,
  type MessageFormat,
  type Operation,
  Writer,
} from "../../runtime/wire/mod.ts";
import { handshake } from "../../generated/handshake/mod.ts";
import { rtAddr } from "../../generated/rt-addr/mod.ts";
import { rtLink } from "../../generated/rt-link/mod.ts";
import { tc } from "../../generated/tc/mod.ts";

interface Message {
  bytes: Uint8Array;
  protocol: number;
  format: MessageFormat;
}

function messageOf(family: Family, operation: Operation, value: unknown): Message {
  const writer = new Writer();
  const genl = family.protocol === 16 ? { genl: { command: operation.request, version: 1 } } : {};
  encodeMessage(writer, operation, value, { type: 32, flags: 5, sequence: 1, ...genl });
  return { bytes: writer.result(), protocol: family.protocol, format: operation };
}

/** The annotations behind the message header, as lines; they must cover every byte once. */
async function linesOf(family: Family, message: Message): Promise<string[]> {
  const rows = annotateMessage(message, await family.meta());
  let position = 0;
  for (const { start, end } of rows) {
    assert.equal(start, position, "no byte is left out or told twice");
    position = end;
  }
  assert.equal(position, message.bytes.length);
  return rows.filter(({ start }) => start >= 16).map(({ depth, label, value }) =>
    `${"  ".repeat(depth)}${label} ${value}`.trimEnd()
  );
}

Deno.test("headers, nests, repeated attributes, enums and text are annotated", async () => {
  const value = {
    messageType: 3,
    certificate: [{ cert: -1 }],
    peername: "a.example",
    unknown: [{ type: 77, data: new Uint8Array(2) }],
  };
  const message = messageOf(handshake, handshake.operations.accept, value);
  const [length, type, flags] = annotateMessage(message, await handshake.meta());
  assert.deepEqual([length?.value, type?.value, flags?.value], [
    `${message.bytes.length}`,
    "32",
    "5 (request, ack)",
  ]);
  assert.deepEqual(await linesOf(handshake, message), [
    "cmd 2 (accept)",
    "version 1",
    "reserved",
    "message-type 3 (clientkeyupdate)",
    "certificate",
    "  cert -1",
    'peername "a.example"',
    "77 2 bytes",
  ]);
});

Deno.test("members of a fixed header and addresses are annotated", async () => {
  const header = { ifaFamily: 2, ifaPrefixlen: 24, ifaIndex: 3 };
  const message = messageOf(rtAddr, rtAddr.operations.newaddr, { header, local: "192.0.2.1" });
  assert.deepEqual(await linesOf(rtAddr, message), [
    "ifa-family 2",
    "ifa-prefixlen 24",
    "ifa-flags 0",
    "ifa-scope 0",
    "ifa-index 3",
    "local 192.0.2.1",
  ]);
});

Deno.test("sub-messages are annotated with their format, structs with their members", async () => {
  const link = messageOf(rtLink, rtLink.operations.newlink, { linkinfo: { kind: "vlan", data: { id: 7 } } });
  assert.deepEqual((await linesOf(rtLink, link)).slice(-4), [
    "linkinfo",
    '  kind "vlan"',
    "  data (vlan)",
    "    id 7",
  ]);
  const qdisc = messageOf(tc, tc.operations.newqdisc, { kind: "pfifo", options: { limit: 100 } });
  assert.deepEqual((await linesOf(tc, qdisc)).slice(-3), ['kind "pfifo"', "options (pfifo)", "  limit 100"]);
});

Deno.test("a damaged message is annotated to its end", async () => {
  const { bytes, ...rest } = messageOf(handshake, handshake.operations.accept, {
    certificate: [{ cert: 1, privkey: 2 }],
    peername: "a.example",
  });
  for (let length = 0; length <= bytes.length; length++) {
    await linesOf(handshake, { bytes: bytes.slice(0, length), ...rest });
  }
  const address = messageOf(rtAddr, rtAddr.operations.newaddr, { header: { ifaIndex: 3 }, label: "x" });
  for (let length = 0; length <= address.bytes.length; length++) {
    await linesOf(rtAddr, { ...address, bytes: address.bytes.slice(0, length) });
  }
  for (let at = 20; at < bytes.length; at++) {
    for (const byte of [0, 3, 255]) await linesOf(handshake, { bytes: bytes.with(at, byte), ...rest });
  }
});
