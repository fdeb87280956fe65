// Links: made, read, changed and deleted, compared with what ip-link(8) tells of them.
import assert from "node:assert/strict";
import { type Client, open, unknownKind } from "../../mod.ts";
import { Writer } from "../../runtime/wire/mod.ts";
import {
  IfinfoFlags,
  rtLink,
  type RtLinkEvents,
  type RtLinkGroup,
  type RtLinkOperations,
} from "../../generated/rt-link/mod.ts";
import { create, isolated, told } from "./helpers.ts";
import { type Link, linkAsIp } from "./ip_link.ts";
import { agree, atOnce, json, lacksDevice, lacksTool, run } from "./tools.ts";

type Links = Client<RtLinkOperations, RtLinkGroup, RtLinkEvents>;
type IpLink = Record<string, unknown> & { ifname: string; flags: string[] };

const { up, lowerUp } = IfinfoFlags;
const ip = lacksTool("ip");
const veth = lacksDevice("veth"), bridge = lacksDevice("bridge"), vxlan = lacksDevice("vxlan");
const macvlan = lacksDevice("macvlan");

/** Compares all links that ip tells of with ours, from a dump and from a request for each. */
async function agreeWithIp(rt: Links, netns: number): Promise<void> {
  const read = async () => {
    const dumped = await rt.getlink.dump().all();
    const single = await Promise.all(dumped.map(({ ifname }) => rt.getlink({ ifname })));
    return [dumped, single].map((links) => links.map((link) => linkAsIp(link, links)));
  };
  const told = async () => {
    const links = await json<IpLink[]>(netns, "ip", "-j", "-d", "-s", "link", "show");
    return links.map((link) => ({ ...link, flags: new Set(link.flags) }));
  };
  const [ours, theirs] = await atOnce(read, told);
  for (const tables of ours) {
    agree(theirs.map(({ ifname }) => ifname), tables.map(({ ifname }) => ifname));
    for (const [index, { flags, ...table }] of tables.entries()) {
      agree(theirs[index], table, theirs[index]!.ifname);
      assert.deepEqual(theirs[index]!.flags, flags);
    }
  }
}

/** What an event says of a link that is as getlink gives it, but for the bits that changed and what counts or ticks. */
async function isAsRead(rt: Links, event: Link): Promise<void> {
  const lasting = ({ header, stats: _, stats64: _64, afSpec: _af, linkinfo: _info, ...link }: Link) => {
    return { ...link, header: { ...header, ifiChange: 0 } };
  };
  const read = await rt.getlink({ header: { ifiIndex: event.header.ifiIndex } });
  assert.deepEqual(lasting(event), lasting(read));
}

async function indexOf(rt: Links, ifname: string): Promise<number> {
  return (await rt.getlink({ ifname })).header.ifiIndex;
}

isolated("loopback, as made and in use, is what ip says", [ip, lacksTool("bash")], async (netns) => {
  await using rt = await open(rtLink, { netns });
  await agreeWithIp(rt, netns);
  await rt.newlink({ header: { ifiIndex: 1, ifiFlags: up, ifiChange: up } });
  // Two packets, each seen on its way out and in: a datagram for nobody, and the ICMP message that says so.
  await run(netns, "bash", "-c", "echo 1 > /dev/udp/127.0.0.1/9");
  await agreeWithIp(rt, netns);
  const { stats64 } = await rt.getlink({ ifname: "lo" });
  assert.equal(stats64?.rxPackets, 2n);
  // The mask asks for IFLA_STATS_LINK_64.
  assert.deepEqual((await rt.getstats({ header: { ifindex: 1, filterMask: 1 } })).link64, stats64);
});

isolated("a veth pair is made, changed and deleted, and is what ip says", [ip, veth], async (netns) => {
  await using rt = await open(rtLink, { netns });
  using events = rt.subscribe("rtnlgrp-link");
  const address = "02:00:00:00:00:01";
  await rt.newlink({ ifname: "v0", address, mtu: 1400, txqlen: 7, linkinfo: { kind: "veth" } }, create);
  const made = await told(events, "newlink-ntf", ({ ifname }) => ifname === "v0");
  assert.equal(made.address, address);
  assert.equal(made.mtu, 1400);
  assert.equal(made.txqlen, 7);
  assert.equal(made.linkinfo?.kind, "veth");
  await isAsRead(rt, made);
  const { ifiIndex } = made.header;
  const { link: peer } = await rt.getlink({ header: { ifiIndex } });
  await agreeWithIp(rt, netns);

  await rt.setlink({ header: { ifiIndex }, mtu: 1300 });
  const changed = await told(events, "newlink-ntf", ({ ifname, mtu }) => ifname === "v0" && mtu === 1300);
  assert.equal(changed.header.ifiIndex, ifiIndex);
  await isAsRead(rt, changed);
  await rt.setlink({ header: { ifiIndex }, ifalias: "left" });
  await agreeWithIp(rt, netns);

  for (const ifiIndex of [made.header.ifiIndex, peer!]) {
    await rt.newlink({ header: { ifiIndex, ifiFlags: up, ifiChange: up } });
  }
  const running = await told(
    events,
    "newlink-ntf",
    ({ header, operstate }) => header.ifiIndex === ifiIndex && operstate === 6,
  );
  assert.equal(running.header.ifiFlags & lowerUp, lowerUp);
  assert.equal(running.carrier, 1);

  await rt.dellink({ header: { ifiIndex } });
  const gone = await told(events, "dellink", ({ ifname }) => ifname === "v0");
  assert.equal(gone.header.ifiIndex, ifiIndex);
  const other = await told(events, "dellink", () => true);
  assert.equal(other.header.ifiIndex, peer);
  await assert.rejects(rt.getlink({ ifname: "v0" }), { code: "ENODEV" });
});

isolated("a bridge is made, changed and deleted, and is what ip says", [ip, bridge], async (netns) => {
  await using rt = await open(rtLink, { netns });
  using events = rt.subscribe("rtnlgrp-link");
  const data = { forwardDelay: 700, ageingTime: 12300, priority: 0x4000, mcastQueryIntvl: 9000n };
  await rt.newlink({ ifname: "br0", group: 7, linkinfo: { kind: "bridge", data } }, create);
  const made = await told(events, "newlink-ntf", ({ ifname }) => ifname === "br0");
  assert(made.linkinfo?.kind === "bridge");
  agree(made.linkinfo.data, data);
  assert.equal(made.group, 7);
  await isAsRead(rt, made);
  await agreeWithIp(rt, netns);

  const { ifiIndex } = made.header;
  // The kernel tells of changed parameters only while the link is up.
  await rt.newlink({ header: { ifiIndex, ifiFlags: up, ifiChange: up } });
  const less = { forwardDelay: 200, groupFwdMask: 0x4008, groupAddr: "01:80:c2:00:00:0d", mcastSnooping: 0 };
  // The bit of optmask says that the bit of optval is meant: BR_BOOLOPT_NO_LL_LEARN.
  const multiBoolopt = { optval: 1, optmask: 1 };
  await rt.newlink({ header: { ifiIndex }, linkinfo: { kind: "bridge", data: { ...less, multiBoolopt } } });
  const changed = await told(
    events,
    "newlink-ntf",
    ({ linkinfo }) => linkinfo?.kind === "bridge" && linkinfo.data?.forwardDelay === 200,
  );
  assert(changed.linkinfo?.kind === "bridge");
  agree(changed.linkinfo.data, less);
  await agreeWithIp(rt, netns);

  await rt.dellink({ header: { ifiIndex } });
  const gone = await told(events, "dellink", ({ ifname }) => ifname === "br0");
  assert.equal(gone.header.ifiIndex, ifiIndex);
});

isolated(
  "a port of a bridge is added, changed and taken away, and is what ip says",
  [ip, bridge, veth],
  async (netns) => {
    await using rt = await open(rtLink, { netns });
    await rt.newlink({ ifname: "br0", linkinfo: { kind: "bridge" } }, create);
    await rt.newlink({ ifname: "v0", linkinfo: { kind: "veth" } }, create);
    const master = await indexOf(rt, "br0");
    const port = { ifiIndex: await indexOf(rt, "v0") };
    using events = rt.subscribe("rtnlgrp-link");
    await rt.setlink({ header: port, master });
    const added = await told(events, "newlink-ntf", ({ header, master }) => {
      return header.ifiIndex === port.ifiIndex && header.ifiFamily === 0 && master !== undefined;
    });
    assert.equal(added.master, master);
    assert.equal(added.linkinfo?.slaveKind, "bridge");
    await agreeWithIp(rt, netns);

    const slaveData = { cost: 77, priority: 5, mode: 1, guard: 1, learning: 0, isolated: 1, groupFwdMask: 8 };
    await rt.newlink({ header: port, linkinfo: { slaveKind: "bridge", slaveData } });
    const { linkinfo } = await rt.getlink({ header: port });
    assert(linkinfo?.slaveKind === "bridge");
    agree(linkinfo.slaveData, slaveData);
    await agreeWithIp(rt, netns);

    await rt.setlink({ header: port, master: 0 });
    const left = await told(events, "newlink-ntf", ({ header, master }) => {
      return header.ifiIndex === port.ifiIndex && header.ifiFamily === 0 && master === undefined;
    });
    assert.equal(left.linkinfo?.slaveKind, undefined);
    await agreeWithIp(rt, netns);
  },
);

isolated("a vxlan, whose payload the spec lacks, keeps what it was made with", [ip, vxlan], async (netns) => {
  await using rt = await open(rtLink, { netns });
  using events = rt.subscribe("rtnlgrp-link");
  const writer = new Writer();
  // IFLA_VXLAN_ID, _GROUP (the remote end), _LOCAL, _LEARNING, _AGEING and _PORT.
  writer.u32(1, 42);
  writer.ipv4(2, "192.0.2.9");
  writer.ipv4(4, "192.0.2.1");
  writer.u8(7, 0);
  writer.u32(8, 77);
  writer.u16be(15, 4790);
  const linkinfo = { kind: unknownKind("vxlan"), data: writer.result() };
  await rt.newlink({ ifname: "vx0", linkinfo }, create);
  const made = await told(events, "newlink-ntf", ({ ifname }) => ifname === "vx0");
  assert.equal(made.linkinfo?.kind, "vxlan");
  await isAsRead(rt, made);
  await agreeWithIp(rt, netns);
  await rt.dellink({ header: { ifiIndex: made.header.ifiIndex } });
  assert.equal((await told(events, "dellink", () => true)).ifname, "vx0");
});

isolated("a macvlan, whose payload the spec lacks, is on the link that it was made on", [
  ip,
  veth,
  macvlan,
], async (netns) => {
  await using rt = await open(rtLink, { netns });
  await rt.newlink({ ifname: "v0", linkinfo: { kind: "veth" } }, create);
  using events = rt.subscribe("rtnlgrp-link");
  const writer = new Writer();
  // IFLA_MACVLAN_MODE: MACVLAN_MODE_BRIDGE.
  writer.u32(1, 4);
  const link = await indexOf(rt, "v0");
  const request = { ifname: "mv0", link, linkinfo: { kind: unknownKind("macvlan"), data: writer.result() } };
  await rt.newlink(request, create);
  const made = await told(events, "newlink-ntf", ({ ifname }) => ifname === "mv0");
  assert.equal(made.link, link);
  await isAsRead(rt, made);
  await agreeWithIp(rt, netns);
  await rt.setlink({
    header: { ifiIndex: made.header.ifiIndex },
    protoDown: 1,
    protoDownReason: { mask: 0x88, value: 0x88 },
  });
  await run(netns, "ip", "link", "property", "add", "dev", "mv0", "altname", "other", "altname", "third");
  assert.deepEqual((await rt.getlink({ altIfname: "third" })).propList?.altIfname, ["other", "third"]);
  await agreeWithIp(rt, netns);
  await rt.dellink({ header: { ifiIndex: made.header.ifiIndex } });
  assert.equal((await told(events, "dellink", () => true)).ifname, "mv0");
});
