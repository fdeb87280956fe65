import assert from "node:assert/strict";
import { encodeMessage, type Family, type Operation, Writer } from "../../runtime/wire/mod.ts";
import { attributePath, missingPath, type SentRequest } from "../../runtime/netlink/attribute_path.ts";
import { netdev } from "../../generated/netdev/mod.ts";
import { nftables } from "../../generated/nftables/mod.ts";
import { rtLink } from "../../generated/rt-link/mod.ts";
import { tc } from "../../generated/tc/mod.ts";

/** A request whose attribute of interest has the payload `ab cd ef 12` (0x12efcdab), and that attribute's offset. */
function sent(
  family: Family,
  operation: Operation,
  value: unknown,
): { request: SentRequest; offset: number } {
  const writer = new Writer();
  encodeMessage(writer, operation, value, {
    type: 32,
    flags: 5,
    sequence: 1,
    ...(family.protocol === 16 ? { genl: { command: 1, version: 1 } } : {}),
  });
  const bytes = writer.result();
  const at = bytes.findIndex((byte, i) =>
    byte === 0xab && bytes[i + 1] === 0xcd && bytes[i + 2] === 0xef && bytes[i + 3] === 0x12
  );
  return { request: { bytes, protocol: family.protocol, format: operation }, offset: at - 4 };
}

const MARK = 0x12efcdab;
const markBytes = Uint8Array.of(0xab, 0xcd, 0xef, 0x12);

async function pathOf(family: Family, operation: Operation, value: unknown): Promise<string | undefined> {
  const { request, offset } = sent(family, operation, value);
  const meta = await family.meta();
  const path = attributePath(request, offset, meta);
  assert.equal(attributePath(request, offset + 5, meta), path, "inside the payload is the same attribute");
  return path;
}

Deno.test("an attribute of a generic netlink message is found by its offset", async () => {
  assert.equal(await pathOf(netdev, netdev.operations.devGet, { ifindex: MARK }), ".ifindex");
});

Deno.test("an attribute is found behind a fixed header, under its name in the spec", async () => {
  assert.equal(
    await pathOf(rtLink, rtLink.operations.newlink, { ifname: "x", netNsPid: MARK }),
    ".net-ns-pid",
  );
});

Deno.test("an attribute is found in a sub-message, inside a nest", async () => {
  const { newlink } = rtLink.operations;
  const path = ".linkinfo.data(geneve).id";
  assert.equal(await pathOf(rtLink, newlink, { linkinfo: { kind: "geneve", data: { id: MARK } } }), path);
});

Deno.test("a sub-message of an unknown kind is as deep as the path goes", async () => {
  const value = { linkinfo: { kind: "novel", data: Uint8Array.of(8, 0, 1, 0, ...markBytes) } };
  const { request, offset } = sent(rtLink, rtLink.operations.newlink, value);
  assert.equal(attributePath(request, offset, await rtLink.meta()), ".linkinfo.data");
});

Deno.test("elements of an indexed array are named by their position", async () => {
  const act = [
    { kind: "gact" },
    { kind: "mirred", options: { tm: new Uint8Array(), unknown: [{ type: 77, data: markBytes }] } },
  ];
  assert.equal(
    await pathOf(tc, tc.operations.newtfilter, { kind: "u32", options: { act } }),
    ".options(u32).act[1].options(mirred).77",
  );
});

Deno.test("attributes that repeat are named by their position", async () => {
  assert.equal(
    await pathOf(netdev, netdev.operations.bindRx, { queues: [{ id: 1 }, { id: MARK }] }),
    ".queues[1].id",
  );
});

Deno.test("a format is found by a number in network order", async () => {
  // NFT_OBJECT_COUNTER is 1; `type` is a big-endian u32.
  const value = { type: 1, data: { unknown: [{ type: 9, data: markBytes }] } };
  assert.equal(await pathOf(nftables, nftables.operations.newobj, value), ".data(counter).9");
});

Deno.test("an attribute that no spec lists is named by its id", async () => {
  const value = { unknown: [{ type: 99, data: markBytes }] };
  assert.equal(await pathOf(netdev, netdev.operations.devGet, value), ".99");
});

Deno.test("an offset in the fixed header, and one outside of the message, are told apart", async () => {
  const { request } = sent(rtLink, rtLink.operations.newlink, { ifname: "x" });
  const meta = await rtLink.meta();
  assert.equal(attributePath(request, 20, meta), ".header");
  assert.equal(attributePath(request, 4000, meta), undefined);
  assert.equal(attributePath(request, 3, meta), undefined);
});

Deno.test("a missing attribute is named at the top and in a nest", async () => {
  const { request, offset } = sent(netdev, netdev.operations.bindRx, { queues: [{ id: MARK }] });
  const meta = await netdev.meta();
  assert.equal(missingPath(request, 3, undefined, meta), ".fd");
  assert.equal(missingPath(request, 3, offset - 4, meta), ".queues[0].type");
  assert.equal(missingPath(request, 99, undefined, meta), ".99");
});
