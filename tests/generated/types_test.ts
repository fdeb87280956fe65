// What these tests prove is mostly proven by the type checker: each @ts-expect-error fails the check if it is no error.
import assert from "node:assert/strict";
import { accept, type HandshakeOperations, MsgType } from "../../generated/handshake/mod.ts";
import { dev, XdpAct } from "../../generated/netdev/mod.ts";
import { type LinkAttrs, linkAttrs, type LinkinfoAttrs } from "../../generated/rt-link/mod.ts";
import {
  type Codec,
  decodeAttributes,
  encodeAttributes,
  type Input,
  unknownKind,
} from "../../runtime/wire/mod.ts";

function roundTrip<T extends object>(codec: Codec<T>, value: NoInfer<Input<T>>): T {
  return decodeAttributes(codec, encodeAttributes(codec, value));
}

Deno.test("the kind of a link tells the type of its data", () => {
  const link: LinkAttrs = roundTrip(linkAttrs, { linkinfo: { kind: "vlan", data: { id: 7 } } });
  const info: LinkinfoAttrs = link.linkinfo!;
  assert(info.kind === "vlan");
  const id: number | undefined = info.data?.id;
  assert.equal(id, 7);
});

Deno.test("data of another kind of link is a type error, and an error when it is encoded", () => {
  assert.throws(
    // @ts-expect-error stpState is of a bridge's data
    () => roundTrip(linkAttrs, { linkinfo: { kind: "vlan", data: { stpState: 1 } } }),
    /\.linkinfo\.data: linkinfo-vlan-attrs has no "stpState"/,
  );
});

Deno.test("a kind that the spec does not list needs no data, and may have it as bytes", () => {
  assert.deepEqual(roundTrip(linkAttrs, { linkinfo: { kind: "dummy" } }), { linkinfo: { kind: "dummy" } });
  const data = Uint8Array.of(8, 0, 1, 0, 42, 0, 0, 0);
  const { linkinfo } = roundTrip(linkAttrs, { linkinfo: { kind: unknownKind("vxlan"), data } });
  assert.deepEqual(linkinfo, { kind: "vxlan", data });
});

Deno.test("64-bit numbers are taken as number or bigint and given as bigint", () => {
  const fromNumber = roundTrip(dev, { xdpZcMaxSegs: 1, xdpFeatures: 1 }).xdpFeatures;
  const fromBig: bigint | undefined =
    roundTrip(dev, { xdpFeatures: XdpAct.basic | XdpAct.ndoXmit }).xdpFeatures;
  assert.equal(fromNumber, 1n);
  assert.equal(fromBig, 5n);
});

Deno.test("an enum's type has the known values and admits those of a newer kernel", () => {
  const known: MsgType = MsgType.serverkeyupdate;
  const newer: MsgType = 99;
  assert.deepEqual(roundTrip(accept, { messageType: newer }), { messageType: 99 });
  assert.equal(known, 4);
  // @ts-expect-error a name is no number
  assert.throws(() => roundTrip(accept, { messageType: "serverhello" }), /\.messageType: expected u32/);
});

Deno.test("a request takes the attributes that the spec lists for it and no others", () => {
  type Request = Input<HandshakeOperations["accept"]["do"]["request"]>;
  const request: Request = { handlerClass: 1 };
  // @ts-expect-error sockfd is in the reply only
  const wrong: Request = { sockfd: 1 };
  assert.notDeepEqual(request, wrong);
});

Deno.test("undefined counts as absent", () => {
  assert.deepEqual(roundTrip(accept, { sockfd: undefined, timeout: 5 }), { timeout: 5 });
});
