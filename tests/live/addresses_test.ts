// Addresses: added, read, changed and removed, compared with what ip-address(8) and ip-maddress(8) tell of them.
import assert from "node:assert/strict";
import { type Client, open } from "../../mod.ts";
import { formatIpv6 } from "../../runtime/wire/mod.ts";
import {
  type AddrAttrs,
  type Ifaddrmsg,
  IfaFlags,
  rtAddr,
  type RtAddrEvents,
  type RtAddrGroup,
  type RtAddrOperations,
} from "../../generated/rt-addr/mod.ts";
import { vethPair } from "./devices.ts";
import { create, isolated, told } from "./helpers.ts";
import { SCOPES } from "./ip_words.ts";
import { agree, atOnce, json, lacksDevice, lacksTool } from "./tools.ts";

type Addresses = Client<RtAddrOperations, RtAddrGroup, RtAddrEvents>;
type Address = { header: Ifaddrmsg } & AddrAttrs;

const AF_INET = 2, AF_INET6 = 10, FOREVER = 0xffffffff;
const needs = [lacksTool("ip"), lacksDevice("veth")];

/** What `ip -j addr` has to print in addr_info. The protocol is left out: iproute2 tells it since 6.3 only. */
function addressAsIp(
  { header, address, local, label, broadcast, cacheinfo, flags, rtPriority }: Address,
): unknown {
  const v6 = header.ifaFamily === AF_INET6;
  // An address without a peer has one of the two; IPv4 has both, the same.
  const own = local ?? address;
  const set = (flag: number) => (flags! & flag) !== 0 || undefined;
  return {
    family: v6 ? "inet6" : "inet",
    local: own,
    address: address === own ? undefined : address,
    prefixlen: header.ifaPrefixlen,
    metric: rtPriority,
    broadcast,
    scope: SCOPES[header.ifaScope],
    label,
    dynamic: set(IfaFlags.permanent) ? undefined : true,
    secondary: v6 ? undefined : set(IfaFlags.secondary),
    temporary: v6 ? set(IfaFlags.secondary) : undefined,
    tentative: set(IfaFlags.tentative),
    deprecated: set(IfaFlags.deprecated),
    nodad: set(IfaFlags.nodad),
    home: set(IfaFlags.homeaddress),
    mngtmpaddr: set(IfaFlags.managetempaddr),
    noprefixroute: set(IfaFlags.noprefixroute),
    autojoin: set(IfaFlags.mcautojoin),
    valid_life_time: cacheinfo?.ifaValid,
    preferred_life_time: cacheinfo?.ifaPrefered,
  };
}

/** Compares all addresses, of each device, with ours. */
async function agreeWithIp(rt: Addresses, netns: number): Promise<void> {
  const read = async () => {
    const all: Address[] = await rt.getaddr.dump().all();
    return all.map((address) => ({ index: address.header.ifaIndex, told: addressAsIp(address) }));
  };
  const told = () => json<{ ifindex: number; addr_info: unknown[] }[]>(netns, "ip", "-j", "addr", "show");
  const [ours, theirs] = await atOnce(read, told);
  assert(theirs.length > 1);
  for (const { ifindex, addr_info } of theirs) {
    agree(
      addr_info,
      ours.filter(({ index }) => index === ifindex).map(({ told }) => told),
      `addresses of ${ifindex}`,
    );
  }
}

isolated("an IPv4 address is added, changed and removed, and is what ip says", needs, async (netns) => {
  const { index: ifaIndex } = await vethPair(netns);
  await using rt = await open(rtAddr, { netns });
  using events = rt.subscribe("rtnlgrp-ipv4-ifaddr");
  const header = { ifaFamily: AF_INET, ifaPrefixlen: 24, ifaIndex, ifaScope: 253 };
  const request = {
    header,
    local: "192.0.2.1",
    address: "192.0.2.1",
    broadcast: "192.0.2.255",
    label: "v0:x",
    rtPriority: 77,
    proto: 5,
  };
  await rt.newaddr(request, create);
  const added: Address = await told(events, "newaddr", () => true);
  agree(added, { ...request, header });
  assert.equal(added.flags, IfaFlags.permanent);
  assert.equal(added.cacheinfo?.ifaValid, FOREVER);
  await agreeWithIp(rt, netns);
  await assert.rejects(rt.newaddr(request, create), { code: "EEXIST" });

  const cacheinfo = { ifaValid: 5000, ifaPrefered: 3000 };
  await rt.newaddr({ ...request, cacheinfo }, { replace: true });
  const changed: Address = await told(events, "newaddr", () => true);
  assert.equal(changed.local, "192.0.2.1");
  assert.equal(changed.flags, 0);
  agree(changed.cacheinfo, cacheinfo);
  await agreeWithIp(rt, netns);

  const second = { header, local: "192.0.2.2", address: "192.0.2.2" };
  await rt.newaddr(second, create);
  assert.equal((await told(events, "newaddr", () => true) as Address).local, "192.0.2.2");
  const peer = { header: { ...header, ifaPrefixlen: 32 }, local: "192.0.2.3", address: "198.51.100.9" };
  await rt.newaddr(peer, create);
  agree(await told(events, "newaddr", () => true), { local: "192.0.2.3", address: "198.51.100.9" });
  await agreeWithIp(rt, netns);

  for (const { header, local, address } of [second, peer, request]) {
    await rt.deladdr({ header, local });
    agree(await told(events, "deladdr", () => true), { header, local, address });
  }
  await agreeWithIp(rt, netns);
  await assert.rejects(rt.deladdr({ header, local: "192.0.2.1" }), { code: "EADDRNOTAVAIL" });
});

isolated("an IPv6 address is added, changed and removed, and is what ip says", needs, async (netns) => {
  const { index: ifaIndex } = await vethPair(netns);
  await using rt = await open(rtAddr, { netns });
  using events = rt.subscribe("rtnlgrp-ipv6-ifaddr");
  const header = { ifaFamily: AF_INET6, ifaPrefixlen: 64, ifaIndex };
  const ours = (message: Address) => message.address === "2001:db8::1";
  // Without duplicate address detection it is complete at once.
  const flags = IfaFlags.nodad | IfaFlags.homeaddress | IfaFlags.managetempaddr;
  const request = { header, address: "2001:db8::1", flags, rtPriority: 99, proto: 7 };
  await rt.newaddr(request, create);
  const added: Address = await told(events, "newaddr", ours);
  agree(added, { ...request, flags: flags | IfaFlags.permanent });
  await agreeWithIp(rt, netns);

  const cacheinfo = { ifaValid: 5000, ifaPrefered: 0 };
  await rt.newaddr({ header, address: "2001:db8::1", cacheinfo }, { replace: true });
  const changed: Address = await told(events, "newaddr", ours);
  assert.equal(changed.flags! & IfaFlags.deprecated, IfaFlags.deprecated);
  assert.equal(changed.flags! & IfaFlags.permanent, 0);
  await agreeWithIp(rt, netns);

  await rt.deladdr({ header, address: "2001:db8::1" });
  agree(await told(events, "deladdr", () => true), { header, address: "2001:db8::1" });
  await agreeWithIp(rt, netns);
});

isolated("multicast addresses that the kernel listens to are what ip says", needs, async (netns) => {
  await vethPair(netns);
  await using rt = await open(rtAddr, { netns });
  const read = async () => {
    const groups: Address[] = await rt.getmulticast.dump({ header: { ifaFamily: AF_INET6 } }).all();
    return groups.map(({ header, multicast }) => ({
      index: header.ifaIndex,
      told: { family: "inet6", address: formatIpv6(multicast!, 0) },
    }));
  };
  type Told = { ifindex: number; maddr: { family?: string }[] };
  const told = () => json<Told[]>(netns, "ip", "-j", "maddr", "show");
  const [ours, theirs] = await atOnce(read, told);
  assert(ours.length > 0);
  for (const { ifindex, maddr } of theirs) {
    agree(
      maddr.filter(({ family }) => family === "inet6"),
      ours.filter(({ index }) => index === ifindex).map(({ told }) => told),
      `groups of ${ifindex}`,
    );
  }
});
