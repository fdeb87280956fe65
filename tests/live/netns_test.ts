// What a client does in a network namespace: events lost and found, batches and transactions, and refusals.
import assert from "node:assert/strict";
import { type AnyEvent, type BatchError, type NetlinkError, open } from "../../mod.ts";
import { nftables } from "../../generated/nftables/mod.ts";
import { rtLink } from "../../generated/rt-link/mod.ts";
import { create, first, isolated, lacksFamily } from "./helpers.ts";
import { lacksDevice } from "./tools.ts";

const bridge = [lacksDevice("bridge")];

isolated(
  "a client works in the namespace that it was opened for, and this process stays in its own",
  bridge,
  async (netns) => {
    const before = Deno.readLinkSync("/proc/self/ns/net");
    await using there = await open(rtLink, { netns });
    assert.deepEqual((await there.getlink.dump().all()).map(({ ifname }) => ifname).slice(0, 1), ["lo"]);
    await there.newlink({ ifname: "tynl-only", linkinfo: { kind: "bridge" } }, create);
    await using here = await open(rtLink);
    assert.equal((await here.getlink.dump().all()).some(({ ifname }) => ifname === "tynl-only"), false);
    await using path = await open(rtLink, { netns: `/proc/${netns}/ns/net` });
    assert.equal((await path.getlink({ ifname: "tynl-only" })).ifname, "tynl-only");
    await assert.rejects(open(rtLink, { netns: "/nowhere" }), { message: /^open \/nowhere: ENOENT/ });
    await assert.rejects(open(rtLink, { netns: "/proc/self/ns/uts" }), { code: "EINVAL" });
    assert.equal(Deno.readLinkSync("/proc/self/ns/net"), before);
  },
);

isolated("a flood that nobody reads is told as an overrun, and the stream goes on", bridge, async (netns) => {
  await using link = await open(rtLink, { netns });
  using events = link.subscribe("rtnlgrp-link", { receiveBuffer: 1 });
  await link.newlink({ ifname: "flood", linkinfo: { kind: "bridge" } }, create);
  for (let mtu = 1000; mtu < 1100; mtu++) await link.setlink({ ifname: "flood", mtu });
  await first(events, (event: AnyEvent) => event.name === "overrun");
  // Room again once what was kept is read.
  const wanted = first(events, (event) => event.name === "newlink-ntf" && event.message.mtu === 1400);
  await new Promise((resolve) => setTimeout(resolve, 1));
  await link.setlink({ ifname: "flood", mtu: 1400 });
  await wanted;
});

isolated("a refusal names an attribute inside a sub-message inside a nest", bridge, async (netns) => {
  await using link = await open(rtLink, { netns });
  // IFLA_BR_FORWARD_DELAY, which takes four bytes.
  const unknown = [{ type: 1, data: new Uint8Array(1) }];
  await assert.rejects(
    link.newlink({ ifname: "x", linkinfo: { kind: "bridge", data: { unknown } } }, create),
    (error: NetlinkError) => {
      assert.equal(error.code, "ERANGE");
      assert.equal(error.attribute, ".linkinfo.data(bridge).forward-delay");
      return true;
    },
  );
});

isolated(
  "an nftables transaction is carried out as a whole, or not at all",
  [await lacksFamily(nftables)],
  async (netns) => {
    await using nft = await open(nftables, { netns });
    const header = { nfgenFamily: 1 };
    await nft.batch((b) => {
      b.newtable({ header, name: "t" }, create);
      b.newchain({ header, table: "t", name: "c" }, create);
    });
    assert.equal((await nft.getchain({ header, table: "t", name: "c" })).name, "c");
    await assert.rejects(
      nft.batch((b) => {
        b.newchain({ header, table: "t", name: "d" }, create);
        b.newchain({ header, table: "none", name: "e" }, create);
      }),
      (error: BatchError) => {
        assert.equal(error.errors.length, 1);
        assert.equal(error.errors[0].code, "ENOENT");
        assert.equal(error.errors[0].attribute, ".table");
        return true;
      },
    );
    await assert.rejects(nft.getchain({ header, table: "t", name: "d" }), { code: "ENOENT" });
    await nft.batch((b) => {
      for (let i = 0; i < 1000; i++) b.newchain({ header, table: "t", name: `c${i}` }, create);
    });
    assert.equal((await nft.getchain.dump({ header }).all()).length, 1001);
  },
);

isolated("a batch of a thousand requests is answered each", [], async (netns) => {
  await using link = await open(rtLink, { netns });
  let named = 0;
  await link.batch((b) => {
    for (let i = 0; i < 1000; i++) {
      b.getlink({ ifname: "lo" }).then((lo) => named += lo?.ifname === "lo" ? 1 : 0);
    }
  });
  assert.equal(named, 1000);
});
