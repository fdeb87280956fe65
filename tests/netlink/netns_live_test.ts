// Changes of a running kernel and the events that tell of them, each in a network namespace of its own.
import assert from "node:assert/strict";
import { type AnyEvent, type BatchError, type NetlinkError, open, type Subscription } from "../../mod.ts";
import { nftables } from "../../generated/nftables/mod.ts";
import { rtAddr } from "../../generated/rt-addr/mod.ts";
import { rtLink } from "../../generated/rt-link/mod.ts";
import { rtNeigh } from "../../generated/rt-neigh/mod.ts";
import { rtRoute } from "../../generated/rt-route/mod.ts";
import { rtRule } from "../../generated/rt-rule/mod.ts";
import { namespacesAllowed, withNamespace } from "./netns.ts";

function isolated(name: string, fn: (netns: number) => Promise<void>): void {
  Deno.test({ name: `live: ${name}`, ignore: !namespacesAllowed, fn: () => withNamespace(fn) });
}

const create = { create: true, exclusive: true };

/** The first event that `wanted` takes; fails after a minute. */
async function first<T extends { name: string }>(
  events: Subscription<T>,
  wanted: (event: T) => boolean,
): Promise<T> {
  const seen: string[] = [];
  const timer = setTimeout(() => events.close(), 60_000);
  try {
    for (;;) {
      const { value, done } = await events.next();
      if (done) assert.fail(`not among ${seen.join(", ")}`);
      if (wanted(value)) return value;
      seen.push(value.name);
    }
  } finally {
    clearTimeout(timer);
  }
}

isolated(
  "a client works in the namespace that it was opened for, and this process stays in its own",
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

isolated("links, addresses, routes, neighbours and rules are told as they come and go", async (netns) => {
  await using link = await open(rtLink, { netns });
  await using addr = await open(rtAddr, { netns });
  await using route = await open(rtRoute, { netns });
  await using neigh = await open(rtNeigh, { netns });
  await using rule = await open(rtRule, { netns });
  using links = link.subscribe("rtnlgrp-link");
  using addrs = addr.subscribe("rtnlgrp-ipv4-ifaddr");
  using routes = route.subscribe("rtnlgrp-ipv4-route");
  using neighs = neigh.subscribe("rtnlgrp-neigh");
  using rules = rule.subscribe("rtnlgrp-ipv4-rule");

  await link.newlink({ ifname: "v0", linkinfo: { kind: "veth" } }, create);
  const added = await first(links, (event) => event.name === "newlink-ntf" && event.message.ifname === "v0");
  assert(added.name === "newlink-ntf");
  const { ifiIndex } = added.message.header;
  await link.newlink({ header: { ifiIndex, ifiFlags: 1, ifiChange: 1 } });

  const header = { ifaFamily: 2, ifaPrefixlen: 24, ifaIndex: ifiIndex };
  await addr.newaddr({ header, local: "192.0.2.1", address: "192.0.2.1" }, create);
  await first(addrs, (event) => event.name === "newaddr" && event.message.local === "192.0.2.1");
  await first(routes, (event) => event.name === "newroute-ntf" && event.message.oif === ifiIndex);

  const { ndmFamily, ndmIfindex, ndmState } = { ndmFamily: 2, ndmIfindex: ifiIndex, ndmState: 0x80 };
  const neighbour = {
    header: { ndmFamily, ndmIfindex, ndmState },
    dst: "192.0.2.9",
    lladdr: "02:00:00:00:00:09",
  };
  await neigh.newneigh(neighbour, create);
  await first(neighs, (event) => event.name === "newneigh-ntf" && event.message.dst === "192.0.2.9");
  await neigh.delneigh({ header: { ndmFamily, ndmIfindex }, dst: "192.0.2.9" });
  await first(neighs, (event) => event.name === "delneigh-ntf" || event.name === "newneigh-ntf");

  const ours = { header: { family: 2, action: 1 }, fwmark: 7, table: 1000 };
  await rule.newrule(ours, create);
  await first(rules, (event) => event.name === "newrule-ntf" && event.message.fwmark === 7);
  await rule.delrule(ours);
  await first(rules, (event) => event.name === "delrule-ntf" && event.message.table === 1000);

  await addr.deladdr({ header, local: "192.0.2.1" });
  await first(addrs, (event) => event.name === "deladdr" && event.message.local === "192.0.2.1");
  await link.dellink({ header: { ifiIndex } });
  await first(links, (event) => event.name === "dellink" && event.message.ifname === "v0");
});

isolated("a flood that nobody reads is told as an overrun, and the stream goes on", async (netns) => {
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

isolated("a refusal names an attribute inside a sub-message inside a nest", async (netns) => {
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

isolated("an nftables transaction is carried out as a whole, or not at all", async (netns) => {
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
});

isolated("a batch of a thousand requests is answered each", async (netns) => {
  await using link = await open(rtLink, { netns });
  let named = 0;
  await link.batch((b) => {
    for (let i = 0; i < 1000; i++) {
      b.getlink({ ifname: "lo" }).then((lo) => named += lo?.ifname === "lo" ? 1 : 0);
    }
  });
  assert.equal(named, 1000);
});
