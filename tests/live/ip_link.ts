/** A link as ip-link(8) tells it: the members that `ip -j -d -s link` prints, from what getlink gave. */
import assert from "node:assert/strict";
import { Reader } from "../../runtime/wire/mod.ts";
import { IfinfoFlags, type RtLinkOperations } from "../../generated/rt-link/mod.ts";
import { bridgeAsIp, bridgePortAsIp } from "./ip_bridge.ts";

/** What getlink gives. */
export type Link = RtLinkOperations["getlink"]["dump"]["reply"];

/** The words of ip for flags, where they are not the header's names in capitals. */
const FLAG_WORDS: Readonly<Record<string, string>> = {
  pointToPoint: "POINTOPOINT",
  lowerUp: "LOWER_UP",
};
/** The words of ip for the states of RFC 2863, in their order there. */
const STATES = ["UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN", "TESTING", "DORMANT", "UP"];
/** ARPHRD_ETHER and ARPHRD_LOOPBACK (linux/if_arp.h). */
const TYPES: Readonly<Record<number, string>> = { 1: "ether", 772: "loopback" };
/** Stable privacy, EUI-64, and so on (IN6_ADDR_GEN_MODE_*, linux/if_link.h). */
const ADDRESS_MODES = ["eui64", "none", "stable_secret", "random"];

function flagsAsIp({ header: { ifiFlags } }: Link, lower: Link | undefined): Set<string> {
  const set = (flag: number) => (ifiFlags & flag) !== 0;
  const words = new Set<string>();
  for (const [name, flag] of Object.entries(IfinfoFlags)) {
    // It tells what is unusual: no carrier where there should be one.
    if (name !== "running" && set(flag)) words.add(FLAG_WORDS[name] ?? name.toUpperCase());
  }
  if (set(IfinfoFlags.up) && !set(IfinfoFlags.running)) words.add("NO-CARRIER");
  if (lower !== undefined && (lower.header.ifiFlags & IfinfoFlags.up) === 0) words.add("M-DOWN");
  return words;
}

/** Numbers of the bits that are set. */
function bitsAsIp(value: number): string[] {
  return Array.from({ length: 32 }, (_, bit) => `${bit}`).filter((bit) => (value & (1 << Number(bit))) !== 0);
}

function statisticsAsIp({ stats64 }: Link): unknown {
  assert(stats64);
  return {
    rx: {
      bytes: Number(stats64.rxBytes),
      packets: Number(stats64.rxPackets),
      errors: Number(stats64.rxErrors),
      dropped: Number(stats64.rxDropped),
      over_errors: Number(stats64.rxOverErrors),
      multicast: Number(stats64.multicast),
    },
    tx: {
      bytes: Number(stats64.txBytes),
      packets: Number(stats64.txPackets),
      errors: Number(stats64.txErrors),
      dropped: Number(stats64.txDropped),
      carrier_errors: Number(stats64.txCarrierErrors),
      collisions: Number(stats64.collisions),
    },
  };
}

/** MACVLAN_MODE_* (linux/if_link.h). */
const MACVLAN_MODES: Readonly<Record<number, string>> = {
  1: "private",
  2: "vepa",
  4: "bridge",
  8: "passthru",
};

/** Payloads of kinds that the spec does not describe: the members of IFLA_MACVLAN_* (linux/if_link.h). */
function macvlanAsIp(reader: Reader, end: number): Record<string, unknown> {
  const told: Record<string, unknown> = {};
  while (reader.next(end)) {
    if (reader.type === 1) told.mode = MACVLAN_MODES[reader.u32()];
    else if (reader.type === 7) told.bcqueuelen = reader.u32();
    else if (reader.type === 8) told.usedbcqueuelen = reader.u32();
  }
  return told;
}

/** As {@linkcode macvlanAsIp}, for IFLA_VXLAN_*. */
function vxlanAsIp(reader: Reader, end: number, named: Named): Record<string, unknown> {
  const told: Record<string, unknown> = {};
  const on = () => reader.u8() !== 0;
  while (reader.next(end)) {
    switch (reader.type) {
      case 1:
        told.id = reader.u32();
        break;
      case 2:
        told.remote = reader.ipv4();
        break;
      case 3:
        told.link = named(reader.u32())?.ifname;
        break;
      case 4:
        told.local = reader.ipv4();
        break;
      case 5:
        told.ttl = reader.u8();
        break;
      case 7:
        told.learning = on();
        break;
      case 8:
        told.ageing = reader.u32();
        break;
      case 10: {
        const [low, high] = [0, 2].map((offset) => reader.view.getUint16(reader.at + offset));
        told.port_range = { low, high };
        break;
      }
      case 15:
        told.port = reader.u16be();
        break;
      case 18:
        told.udp_csum = on();
        break;
      case 19:
        told.udp_zero_csum6_tx = on();
        break;
      case 20:
        told.udp_zero_csum6_rx = on();
        break;
      case 29:
        told.df = ["unset", "set", "inherit"][reader.u8()];
        break;
    }
  }
  return told;
}

/** Finds a link by its index. */
type Named = (index: number | undefined) => Link | undefined;

function dataAsIp({ linkinfo }: Link, named: Named): unknown {
  if (linkinfo?.kind === "bridge" && linkinfo.data !== undefined) return bridgeAsIp(linkinfo.data);
  const data = linkinfo?.data;
  if (!(data instanceof Uint8Array)) return undefined;
  const kind: string | undefined = linkinfo?.kind;
  if (kind === "vxlan") return vxlanAsIp(new Reader(data), data.length, named);
  return kind === "macvlan" ? macvlanAsIp(new Reader(data), data.length) : undefined;
}

function linkinfoAsIp(link: Link, named: Named): unknown {
  const { linkinfo } = link;
  if (linkinfo === undefined) return undefined;
  const { kind, slaveKind } = linkinfo;
  return {
    info_kind: kind,
    info_data: dataAsIp(link, named),
    info_slave_kind: slaveKind,
    info_slave_data: linkinfo.slaveKind === "bridge" && linkinfo.slaveData !== undefined
      ? bridgePortAsIp(linkinfo.slaveData)
      : undefined,
  };
}

/**
 * What `ip -j -d link` has to print of a link. The other links are those of its namespace, for the names that it
 * prints in place of numbers; the flags are a set, which it prints as a list.
 */
export function linkAsIp(
  link: Link,
  others: readonly Link[],
): Record<string, unknown> & { flags: Set<string> } {
  const named: Named = (index) => others.find(({ header }) => header.ifiIndex === index);
  const { ifname, mtu, qdisc, operstate, linkmode, group, txqlen, address, broadcast } = link;
  return {
    ifindex: link.header.ifiIndex,
    link: named(link.link)?.ifname,
    ifname,
    flags: flagsAsIp(link, named(link.link)),
    mtu,
    qdisc,
    master: named(link.master)?.ifname,
    operstate: STATES[operstate!],
    linkmode: linkmode === 0 ? "DEFAULT" : "DORMANT",
    group: group === 0 ? "default" : `${group}`,
    txqlen,
    link_type: TYPES[link.header.ifiType],
    address,
    broadcast,
    proto_down: link.protoDown === 1 ? true : undefined,
    proto_down_reason: link.protoDownReason?.value === undefined
      ? undefined
      : bitsAsIp(link.protoDownReason.value),
    promiscuity: link.promiscuity,
    allmulti: link.allmulti,
    min_mtu: link.minMtu,
    max_mtu: link.maxMtu,
    linkinfo: linkinfoAsIp(link, named),
    ifalias: link.ifalias,
    altnames: link.propList?.altIfname,
    inet6_addr_gen_mode: ADDRESS_MODES[link.afSpec!.inet6!.addrGenMode!],
    num_tx_queues: link.numTxQueues,
    num_rx_queues: link.numRxQueues,
    gso_max_size: link.gsoMaxSize,
    gso_max_segs: link.gsoMaxSegs,
    tso_max_size: link.tsoMaxSize,
    tso_max_segs: link.tsoMaxSegs,
    gro_max_size: link.groMaxSize,
    stats64: statisticsAsIp(link),
  };
}
