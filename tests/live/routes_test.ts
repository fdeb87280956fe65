// Routes: added, looked up, replaced and removed, compared with what ip-route(8) tells of them.
import assert from "node:assert/strict";
import { type Client, type Input, open } from "../../mod.ts";
import { rtAddr } from "../../generated/rt-addr/mod.ts";
import {
  type RouteAttrs,
  type Rtmsg,
  RtmType,
  rtRoute,
  type RtRouteEvents,
  type RtRouteGroup,
  type RtRouteOperations,
} from "../../generated/rt-route/mod.ts";
import { deviceNames, setUp, vethPair } from "./devices.ts";
import { create, isolated, told } from "./helpers.ts";
import { type Route, routeAsIp, writeNextHops } from "./ip_route.ts";
import { agree, atOnce, json, lacksDevice, lacksTool } from "./tools.ts";

type Routes = Client<RtRouteOperations, RtRouteGroup, RtRouteEvents>;
type Request = { header: Input<Rtmsg> } & Omit<RouteAttrs, "cacheinfo">;

const AF_INET = 2, AF_INET6 = 10;
/** RT_TABLE_MAIN, RTPROT_STATIC, RTM_F_FIB_MATCH, RTNH_F_ONLINK (linux/rtnetlink.h). */
const MAIN = 254, STATIC = 4, FIB_MATCH = 0x2000, ONLINK = 4;
const needs = [lacksTool("ip"), lacksDevice("veth")];

/** A veth pair, one end with addresses of both families: its index, and the names of all devices. */
async function device(netns: number): Promise<{ oif: number; names: Map<number, string> }> {
  const { index: ifaIndex } = await vethPair(netns);
  await setUp(netns, 1);
  await using addresses = await open(rtAddr, { netns });
  const v4 = { header: { ifaFamily: AF_INET, ifaPrefixlen: 24, ifaIndex }, local: "192.0.2.1" };
  await addresses.newaddr({ ...v4, address: "192.0.2.1" }, create);
  // IFA_F_NODAD: the address is usable at once.
  const header = { ifaFamily: AF_INET6, ifaPrefixlen: 64, ifaIndex, ifaFlags: 2 };
  await addresses.newaddr({ header, address: "2001:db8::1" }, create);
  return { oif: ifaIndex, names: await deviceNames(netns) };
}

/** Compares all routes with ours, and gives ours. */
async function agreeWithIp(rt: Routes, netns: number, names: ReadonlyMap<number, string>): Promise<Route[]> {
  let routes: Route[] = [];
  const read = async () => {
    routes = await rt.getroute.dump().all();
    return routes.map((route) => routeAsIp(route, names));
  };
  const told = () => json<unknown[]>(netns, "ip", "-j", "-d", "route", "show", "table", "all");
  const [ours, theirs] = await atOnce(read, told);
  assert(ours.length > 0);
  agree(theirs, ours, "routes");
  return routes;
}

/** Adds a route, replaces it and removes it; each is told, and is what ip says. */
async function lifeOf(
  netns: number,
  group: RtRouteGroup,
  requests: (oif: number) => [Request, Request],
): Promise<void> {
  const { oif, names } = await device(netns);
  await using rt = await open(rtRoute, { netns });
  using events = rt.subscribe(group);
  const [first, second] = requests(oif);
  const ours = ({ dst }: { dst?: string }) => dst === first.dst;
  // How long it has left, and that it is not in use, is told besides.
  const lasting = ({ cacheinfo: _, ...route }: Route) => route;
  const found = async () => (await agreeWithIp(rt, netns, names)).filter(ours).map(lasting);

  await rt.newroute(first, create);
  const added = lasting(await told(events, "newroute-ntf", ours));
  assert.deepEqual(await found(), [added]);
  await assert.rejects(rt.newroute(first, create), { code: "EEXIST" });

  await rt.newroute(second, { replace: true });
  const changed = lasting(await told(events, "newroute-ntf", ours));
  assert.deepEqual(await found(), [changed]);
  assert.notDeepEqual(changed, added);

  const { header, dst, table, priority } = second;
  await rt.delroute({ header, dst, table, priority });
  assert.deepEqual(lasting(await told(events, "delroute-ntf", ours)), changed);
  assert.deepEqual(await found(), []);
}

const unicast = { rtmProtocol: STATIC, rtmType: RtmType.unicast, rtmTable: MAIN };
const v4 = { ...unicast, rtmFamily: AF_INET, rtmDstLen: 24 };
const v6 = { ...unicast, rtmFamily: AF_INET6, rtmDstLen: 48 };

isolated(
  "an IPv4 route with metrics is added, replaced and removed, and is what ip says",
  needs,
  (netns) =>
    lifeOf(netns, "rtnlgrp-ipv4-route", (oif) => {
      const route = {
        header: { ...v4, rtmTos: 8, rtmTable: 0 },
        dst: "198.51.100.0",
        oif,
        table: 1000,
        priority: 10,
        gateway: "192.0.2.9",
        prefsrc: "192.0.2.1",
        flow: 3 << 16 | 4,
        metrics: {
          mtu: 1400,
          window: 5,
          rtt: 96,
          rttvar: 48,
          ssthresh: 9,
          cwnd: 3,
          advmss: 1200,
          reordering: 4,
        },
      };
      const metrics = {
        hoplimit: 12,
        initcwnd: 4,
        features: 1,
        rtoMin: 40,
        initrwnd: 6,
        quickack: 1,
        ccAlgo: "cubic",
      };
      return [route, { ...route, gateway: "192.0.2.8", metrics: { lock: 1 << 2, mtu: 1300, ...metrics } }];
    }),
);

isolated(
  "an IPv4 route with several next hops is what ip says",
  needs,
  (netns) =>
    lifeOf(netns, "rtnlgrp-ipv4-route", (ifindex) => {
      const near = { flags: 0, hops: 2, ifindex, gateway: "192.0.2.8" };
      const far = { flags: ONLINK, hops: 199, ifindex, gateway: "203.0.113.7" };
      const route = { header: v4, dst: "198.51.100.0" };
      return [
        { ...route, multipath: writeNextHops([near, far]) },
        { ...route, multipath: writeNextHops([{ ...far, hops: 0 }, near]) },
      ];
    }),
);

isolated(
  "an IPv4 route by an IPv6 gateway, and one to nowhere, are what ip says",
  needs,
  (netns) =>
    lifeOf(netns, "rtnlgrp-ipv4-route", (oif) => {
      // struct rtvia: the family, then fe80::7.
      const via = Uint8Array.of(AF_INET6, 0, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7);
      return [
        { header: v4, dst: "198.51.100.0", oif, via },
        { header: { ...v4, rtmType: RtmType.unreachable }, dst: "198.51.100.0" },
      ];
    }),
);

isolated(
  "an IPv6 route is added, replaced and removed, and is what ip says",
  needs,
  (netns) =>
    lifeOf(netns, "rtnlgrp-ipv6-route", (oif) => {
      const route = { header: v6, dst: "2001:db8:1::", oif, gateway: "fe80::9", priority: 5 };
      return [
        { ...route, pref: 1, metrics: { mtu: 1300, hoplimit: 7 } },
        { ...route, pref: 3, gateway: "fe80::8", expires: 3000 },
      ];
    }),
);

isolated(
  "an IPv6 route with several next hops is what ip says",
  needs,
  (netns) =>
    lifeOf(netns, "rtnlgrp-ipv6-route", (ifindex) => {
      const route = { header: v6, dst: "2001:db8:2::", priority: 7 };
      const one = { flags: 0, hops: 1, ifindex, gateway: "fe80::9" };
      const other = { flags: 0, hops: 0, ifindex, gateway: "fe80::8" };
      return [
        { ...route, multipath: writeNextHops([one, other]) },
        { ...route, multipath: writeNextHops([other, { ...one, hops: 5 }]) },
      ];
    }),
);

isolated(
  "a lookup gives the route that a packet takes, or the entry that it matches",
  needs,
  async (netns) => {
    const { oif, names } = await device(netns);
    await using rt = await open(rtRoute, { netns });
    await rt.newroute({ header: v4, dst: "198.51.100.0", oif, gateway: "192.0.2.9" }, create);
    for (
      const [rtmFamily, rtmDstLen, dst] of [[AF_INET, 32, "198.51.100.5"], [
        AF_INET6,
        128,
        "2001:db8::5",
      ]] as const
    ) {
      const taken = await rt.getroute({ header: { rtmFamily, rtmDstLen }, dst });
      const [theirs] = await json<unknown[]>(netns, "ip", "-j", "-d", "route", "get", dst);
      const { gateway, prefsrc, dst: to, oif } = taken;
      agree(theirs, { dst: to, gateway, prefsrc, dev: names.get(oif!) });
      const entry = await rt.getroute({ header: { rtmFamily, rtmDstLen, rtmFlags: FIB_MATCH }, dst });
      const all: Route[] = await rt.getroute.dump({ header: { rtmFamily } }).all();
      assert.deepEqual(all.filter(({ dst }) => dst === entry.dst && dst !== undefined).slice(0, 1), [entry]);
    }
  },
);
