// Neighbours, forwarding entries and neighbour tables: added, read, changed and removed, compared with what
// ip-neighbour(8), bridge(8) and ip-ntable(8) tell of them.
import assert from "node:assert/strict";
import { type Client, open, unknownKind } from "../../mod.ts";
import { Writer } from "../../runtime/wire/mod.ts";
import { rtLink } from "../../generated/rt-link/mod.ts";
import {
  type Ndmsg,
  type NeighbourAttrs,
  NtfExtFlags,
  NtfFlags,
  NudState,
  rtNeigh,
  type RtNeighEvents,
  type RtNeighGroup,
  type RtNeighOperations,
} from "../../generated/rt-neigh/mod.ts";
import { deviceNames, vethPair } from "./devices.ts";
import { create, first, isolated, told } from "./helpers.ts";
import { agree, atOnce, json, lacksDevice, lacksTool } from "./tools.ts";

type Neighbours = Client<RtNeighOperations, RtNeighGroup, RtNeighEvents>;
type Neighbour = { header: Ndmsg } & NeighbourAttrs;

const AF_BRIDGE = 7, AF_INET = 2, AF_INET6 = 10, STATIC = 4;
/** Clock ticks in a second, as userspace counts them. */
const USER_HZ = 100;
const ip = lacksTool("ip"), veth = lacksDevice("veth"), vxlan = lacksDevice("vxlan");

/** A member without a value, as the JSON of ip has it. */
const present = (set: boolean) => set ? null : undefined;

/** What `ip -j -s neigh show nud all` has to print of a neighbour. */
function neighbourAsIp(neighbour: Neighbour, names: ReadonlyMap<number, string>): unknown {
  const { header: { ndmState, ndmFlags, ndmIfindex }, cacheinfo, protocol, flagsExt = 0 } = neighbour;
  const states = Object.entries(NudState).filter(([, state]) => (ndmState & state) !== 0);
  const seconds = (ticks: number | undefined) =>
    ticks === undefined ? undefined : Math.floor(ticks / USER_HZ);
  return {
    dst: neighbour.dst,
    dev: names.get(ndmIfindex),
    lladdr: neighbour.lladdr,
    router: present((ndmFlags & NtfFlags.router) !== 0),
    proxy: present((ndmFlags & NtfFlags.proxy) !== 0),
    extern_learn: present((ndmFlags & NtfFlags.extLearned) !== 0),
    managed: present((flagsExt & NtfExtFlags.managed) !== 0),
    refcnt: cacheinfo?.refcnt || undefined,
    used: seconds(cacheinfo?.used),
    confirmed: seconds(cacheinfo?.confirmed),
    updated: seconds(cacheinfo?.updated),
    probes: neighbour.probes,
    state: ndmFlags & NtfFlags.proxy ? undefined : states.map(([name]) => name.toUpperCase()),
    protocol: protocol === undefined ? undefined : { [STATIC]: "static" }[protocol],
  };
}

/** What `bridge -j -s fdb show` has to print of a forwarding entry. */
function forwardingAsBridge(entry: Neighbour, names: ReadonlyMap<number, string>): unknown {
  const { header: { ndmState, ndmFlags, ndmIfindex }, cacheinfo, port } = entry;
  const seconds = (ticks: number | undefined) =>
    ticks === undefined ? undefined : Math.floor(ticks / USER_HZ);
  return {
    mac: entry.lladdr,
    ifname: names.get(ndmIfindex),
    dst: entry.dst,
    vlan: entry.vlan,
    port,
    vni: entry.vni,
    used: seconds(cacheinfo?.used),
    updated: seconds(cacheinfo?.updated),
    flags: [
      ...ndmFlags & NtfFlags.self ? ["self"] : [],
      ...ndmFlags & NtfFlags.sticky ? ["sticky"] : [],
    ],
    master: entry.master === undefined ? undefined : names.get(entry.master),
    state: ndmState & NudState.permanent ? "permanent" : "static",
  };
}

/** Compares all neighbours with ours. */
async function agreeWithIp(rt: Neighbours, netns: number): Promise<void> {
  const names = await deviceNames(netns);
  for (const flags of [0, NtfFlags.proxy]) {
    const header = { ndmFlags: flags };
    const read = async () => {
      return (await rt.getneigh.dump({ header }).all()).map((neighbour) => neighbourAsIp(neighbour, names));
    };
    const which = flags === 0 ? ["nud", "all"] : ["proxy"];
    const [ours, theirs] = await atOnce(
      read,
      () => json<unknown[]>(netns, "ip", "-j", "-s", "neigh", "show", ...which),
    );
    agree(theirs, ours, which.join(" "));
  }
}

for (
  const { family, ndmFamily, dst } of [
    { family: "IPv4", ndmFamily: AF_INET, dst: "192.0.2.9" },
    { family: "IPv6", ndmFamily: AF_INET6, dst: "2001:db8::9" },
  ]
) {
  isolated(
    `an ${family} neighbour is added, changed and deleted, and is what ip says`,
    [ip, veth],
    async (netns) => {
      const { index: ndmIfindex } = await vethPair(netns);
      await using rt = await open(rtNeigh, { netns });
      using events = rt.subscribe("rtnlgrp-neigh");
      const ours = (message: { dst?: string }) => message.dst === dst;
      const header = { ndmFamily, ndmIfindex };
      const fixed = { ...header, ndmState: NudState.permanent };

      const lladdr = "02:00:00:00:00:09";
      await rt.newneigh({ header: fixed, dst, lladdr, protocol: STATIC }, create);
      const added = await told(events, "newneigh-ntf", ours);
      agree(added, { header: fixed, dst, lladdr, protocol: STATIC });
      agree(await rt.getneigh({ header, dst }), { header: added.header, dst, lladdr, protocol: STATIC });
      await agreeWithIp(rt, netns);
      await assert.rejects(rt.newneigh({ header: fixed, dst, lladdr }, create), { code: "EEXIST" });

      const other = { ...header, ndmState: NudState.stale, ndmFlags: NtfFlags.router | NtfFlags.extLearned };
      await rt.newneigh({ header: other, dst, lladdr: "02:00:00:00:00:08" }, { replace: true });
      const changed = await told(events, "newneigh-ntf", ours);
      agree(changed, { header: other, lladdr: "02:00:00:00:00:08" });
      await agreeWithIp(rt, netns);

      const concerns = (event: { name: string }) =>
        "message" in event && (event.message as Neighbour).dst === dst;
      // The kernel first lets a neighbour fail, without an address, and then deletes it. It tells of both.
      await rt.delneigh({ header, dst });
      const failed = await first(events, concerns);
      assert(failed.name === "newneigh-ntf");
      agree(failed.message, { header: { ...header, ndmState: NudState.failed }, lladdr: undefined });
      const gone = await first(events, concerns);
      assert(gone.name === "delneigh-ntf");
      agree(gone.message, { header: { ...header, ndmState: NudState.failed }, dst, lladdr: undefined });
      await agreeWithIp(rt, netns);
      await assert.rejects(rt.getneigh({ header, dst }), { code: "ENOENT" });
    },
  );
}

isolated("a proxy entry and a managed neighbour are what ip says", [ip, veth], async (netns) => {
  const { index: ndmIfindex } = await vethPair(netns);
  await using rt = await open(rtNeigh, { netns });
  const header = { ndmFamily: AF_INET, ndmIfindex };
  const proxy = { header: { ...header, ndmFlags: NtfFlags.proxy }, dst: "192.0.2.7" };
  await rt.newneigh(proxy, create);
  await rt.newneigh({ header, dst: "192.0.2.8", flagsExt: NtfExtFlags.managed }, create);
  agree(await rt.getneigh(proxy), { header: proxy.header, dst: "192.0.2.7" });
  agree(await rt.getneigh({ header, dst: "192.0.2.8" }), { flagsExt: NtfExtFlags.managed });
  await agreeWithIp(rt, netns);
  await rt.delneigh(proxy);
  await assert.rejects(rt.getneigh(proxy), { code: "ENOENT" });
});

/** Compares all forwarding entries with ours. */
async function agreeWithBridge(rt: Neighbours, netns: number): Promise<void> {
  const names = await deviceNames(netns);
  const read = async () => {
    const entries: Neighbour[] = await rt.getneigh.dump({ header: { ndmFamily: AF_BRIDGE } }).all();
    return entries.map((entry) => forwardingAsBridge(entry, names));
  };
  const [ours, theirs] = await atOnce(
    read,
    () => json<unknown[]>(netns, "bridge", "-j", "-s", "fdb", "show"),
  );
  assert(ours.length > 0);
  agree(theirs, ours, "fdb");
}

isolated(
  "forwarding entries of a bridge and a vxlan are added and deleted, and are what bridge says",
  [lacksTool("bridge"), veth, lacksDevice("bridge"), vxlan],
  async (netns) => {
    const { index: port } = await vethPair(netns);
    await using links = await open(rtLink, { netns });
    await links.newlink({ ifname: "br0", linkinfo: { kind: "bridge" } }, create);
    const master = (await links.getlink({ ifname: "br0" })).header.ifiIndex;
    await links.setlink({ header: { ifiIndex: port }, master });
    const vni = new Writer();
    vni.u32(1, 42);
    const linkinfo = { kind: unknownKind("vxlan"), data: vni.result() };
    await links.newlink({ ifname: "vx0", linkinfo }, create);
    const tunnel = (await links.getlink({ ifname: "vx0" })).header.ifiIndex;

    await using rt = await open(rtNeigh, { netns });
    using events = rt.subscribe("rtnlgrp-neigh");
    const lladdr = "02:00:00:00:00:09";
    // A bridge that filters VLANs tells of an entry twice: for its default VLAN, and for none.
    const on = (ifindex: number) => (message: { header: Ndmsg; lladdr?: string }) =>
      message.lladdr === lladdr && message.header.ndmIfindex === ifindex;
    const header = { ndmFamily: AF_BRIDGE, ndmState: NudState.permanent };
    const local = {
      header: {
        ...header,
        ndmState: NudState.noarp,
        ndmIfindex: port,
        ndmFlags: NtfFlags.master | NtfFlags.sticky,
      },
      lladdr,
    };
    const remote = {
      header: { ...header, ndmIfindex: tunnel, ndmFlags: NtfFlags.self },
      lladdr,
      dst: "192.0.2.9",
      port: 4790,
      vni: 7,
    };
    await rt.newneigh(local, create);
    agree(await told(events, "newneigh-ntf", on(port)), { master });
    await rt.newneigh(remote, create);
    agree(await told(events, "newneigh-ntf", on(tunnel)), remote);
    await agreeWithBridge(rt, netns);

    for (const { header } of [local, remote]) {
      await rt.delneigh({ header, lladdr } as Neighbour);
      await told(events, "delneigh-ntf", on(header.ndmIfindex));
    }
    await agreeWithBridge(rt, netns);
  },
);

isolated("the neighbour tables are what ip says, also when changed", [ip, veth], async (netns) => {
  await vethPair(netns);
  const names = await deviceNames(netns);
  await using rt = await open(rtNeigh, { netns });
  const milliseconds = (value: bigint | undefined) => value === undefined ? undefined : Number(value);
  const read = async () =>
    (await rt.getneightbl.dump().all()).map(({ header, name, parms, ...table }) => ({
      family: header.family === AF_INET ? "inet" : "inet6",
      name,
      dev: parms?.ifindex === undefined ? undefined : names.get(parms.ifindex),
      thresh1: table.thresh1,
      thresh2: table.thresh2,
      thresh3: table.thresh3,
      gc_interval: milliseconds(table.gcInterval),
      refcnt: parms?.refcnt,
      reachable: milliseconds(parms?.reachableTime),
      base_reachable: milliseconds(parms?.baseReachableTime),
      retrans: milliseconds(parms?.retransTime),
      gc_stale: milliseconds(parms?.gcStaletime),
      delay_probe: milliseconds(parms?.delayProbeTime),
      queue: parms?.queueLen,
      app_probes: parms?.appProbes,
      ucast_probes: parms?.ucastProbes,
      mcast_probes: parms?.mcastProbes,
      anycast_delay: milliseconds(parms?.anycastDelay),
      proxy_delay: milliseconds(parms?.proxyDelay),
      proxy_queue: parms?.proxyQlen,
      locktime: milliseconds(parms?.locktime),
    })).filter(({ name }) => name === "arp_cache" || name === "ndisc_cache");
  const told = () => json<unknown[]>(netns, "ip", "-j", "ntable", "show");
  {
    const [ours, theirs] = await atOnce(read, told);
    assert(ours.length > 4);
    agree(theirs, ours, "ntable");
  }
  const [ifindex] = [...names].find(([, name]) => name === "v0")!;
  const parms = { ifindex, baseReachableTime: 20_000n, ucastProbes: 7, locktime: 2000 };
  await rt.setneightbl({ header: { family: AF_INET }, name: "arp_cache", parms });
  const [ours, theirs] = await atOnce(read, told);
  agree(theirs, ours, "ntable");
  const changed = ours.find(({ family, dev }) => family === "inet" && dev === "v0");
  agree(changed, { base_reachable: 20_000, ucast_probes: 7, locktime: 2000 });
});
