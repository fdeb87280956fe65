/** A route as ip-route(8) tells it: the members that `ip -j -d route show` prints, from what getroute gave. */
import assert from "node:assert/strict";
import { formatIpv6, Reader, Writer } from "../../runtime/wire/mod.ts";
import {
  type Metrics,
  type RouteAttrs,
  routeAttrs,
  type Rtmsg,
  RtmType,
} from "../../generated/rt-route/messages.ts";
import { PROTOCOLS, SCOPES, TABLES } from "./ip_words.ts";

/** What getroute gives. */
export type Route = { header: Rtmsg } & RouteAttrs;

/** One of several next hops: struct rtnexthop and the attributes behind it (rtnetlink(7), linux/rtnetlink.h). */
export interface NextHop {
  /** RTNH_F_*. */
  flags: number;
  /** One less than its weight. */
  hops: number;
  /** Index of the device. */
  ifindex: number;
  /** Gateway, of the route's own family. */
  gateway: string;
}

const AF_INET6 = 10, AF_INET_BITS = 32, AF_INET6_BITS = 128;
/** Clock ticks in a second, as userspace counts them. */
const USER_HZ = 100;
// The words of ip for ICMPV6_ROUTER_PREF_* and RTNH_F_* (linux/rtnetlink.h).
const PREFERENCES = ["medium", "high", undefined, "low"];
const FLAGS = ["dead", "pervasive", "onlink", "offload", "linkdown"];

const flagsAsIp = (flags: number) => FLAGS.filter((_, bit) => (flags & (1 << bit)) !== 0);

/** The next hops of a route. */
export function readNextHops(bytes: Uint8Array): NextHop[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found: NextHop[] = [];
  for (let at = 0; at < bytes.length; at += (view.getUint16(at, true) + 3) & ~3) {
    const { gateway } = routeAttrs.decode(new Reader(bytes, at + 8), at + view.getUint16(at, true));
    assert(gateway);
    const [flags, hops, ifindex] = [
      view.getUint8(at + 2),
      view.getUint8(at + 3),
      view.getInt32(at + 4, true),
    ];
    found.push({ flags, hops, ifindex, gateway });
  }
  return found;
}

/** The bytes of next hops. */
export function writeNextHops(hops: readonly NextHop[]): Uint8Array {
  const writer = new Writer();
  for (const { flags, hops: count, ifindex, gateway } of hops) {
    const at = writer.reserve(8);
    routeAttrs.encode(writer, { gateway });
    writer.view.setUint16(at, writer.result().length - at, true);
    writer.view.setUint8(at + 2, flags);
    writer.view.setUint8(at + 3, count);
    writer.view.setInt32(at + 4, ifindex, true);
  }
  return writer.result();
}

/** The times are told in parts of eight and four milliseconds (RTAX_RTT, RTAX_RTTVAR). */
function metricsAsIp({ rtt, rttvar, rtoMin, ccAlgo, features, lock: _, ...same }: Metrics): unknown {
  return {
    ...same,
    rtt: rtt === undefined ? undefined : Math.floor(rtt / 8),
    rttvar: rttvar === undefined ? undefined : Math.floor(rttvar / 4),
    rto_min: rtoMin,
    congestion: ccAlgo,
    // RTAX_FEATURE_ECN, told by a member without a value.
    ecn: features === 1 ? null : undefined,
  };
}

/** A gateway of another family: struct rtvia. */
function viaAsIp(via: Uint8Array): unknown {
  assert.equal(via[0], AF_INET6);
  return { family: "inet6", host: formatIpv6(via, 2) };
}

/** What ip has to print of a route, where the namespace's devices have these names. */
export function routeAsIp(route: Route, names: ReadonlyMap<number, string>): Record<string, unknown> {
  const { header, dst, gateway, oif, table, flow, cacheinfo, via, metrics, multipath, pref } = route;
  const v6 = header.rtmFamily === AF_INET6;
  const whole = header.rtmDstLen === (v6 ? AF_INET6_BITS : AF_INET_BITS);
  return {
    type: Object.entries(RtmType).find(([, type]) => type === header.rtmType)?.[0],
    dst: dst === undefined ? "default" : whole ? dst : `${dst}/${header.rtmDstLen}`,
    tos: header.rtmTos === 0 ? undefined : `0x${header.rtmTos.toString(16).padStart(2, "0")}`,
    gateway,
    via: via === undefined ? undefined : viaAsIp(via),
    dev: oif === undefined ? undefined : names.get(oif),
    table: TABLES[table!] ?? `${table}`,
    protocol: PROTOCOLS[header.rtmProtocol] ?? `${header.rtmProtocol}`,
    scope: SCOPES[header.rtmScope],
    prefsrc: route.prefsrc,
    metric: route.priority,
    flags: flagsAsIp(header.rtmFlags),
    flow: flow === undefined ? undefined : { from: `${flow >>> 16}`, to: `${flow & 0xffff}` },
    metrics: metrics === undefined ? undefined : [metricsAsIp(metrics)],
    expires: cacheinfo?.rtaExpires ? Math.floor(cacheinfo.rtaExpires / USER_HZ) : undefined,
    pref: pref === undefined ? undefined : PREFERENCES[pref],
    nexthops: multipath === undefined ? undefined : readNextHops(multipath).map((hop) => ({
      gateway: hop.gateway,
      dev: names.get(hop.ifindex),
      weight: hop.hops + 1,
      flags: flagsAsIp(hop.flags),
    })),
  };
}
