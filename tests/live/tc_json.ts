/** What tc(8) of iproute2 has to print for what we read: their keys, our values. */
import type {
  ActAttrs,
  Attrs,
  BpfAttrs,
  HtbAttrs,
  TbfAttrs,
  Tcmsg,
  U32Attrs,
} from "../../generated/tc/messages.ts";

/** A qdisc, class or filter as a read gives it. */
export type Traffic =
  & { header: Tcmsg }
  & Pick<
    Attrs,
    "kind" | "options" | "stats" | "stats2" | "chain" | "ingressBlock" | "xstats"
  >;

/** Where the kernel keeps the root of a device, and what comes in (TC_H_ROOT, TC_H_INGRESS of linux/pkt_sched.h). */
export const ROOT = 0xffffffff, INGRESS = 0xfffffff1, INGRESS_HANDLE = 0xffff0000;
/** Filters of what comes in and goes out (TC_H_MIN_INGRESS, TC_H_MIN_EGRESS). */
export const CLSACT_INGRESS = 0xfffffff2, CLSACT_EGRESS = 0xfffffff3;
/** Nanoseconds that a unit of the kernel's bursts stands for (PSCHED_SHIFT of net/pkt_sched.h). */
const NANOSECONDS_PER_TICK = 64;

/** A handle, such as `1:10`. */
export function handleText(handle: number): string {
  return `${(handle >>> 16).toString(16)}:${(handle & 0xffff) === 0 ? "" : (handle & 0xffff).toString(16)}`;
}

/** Bytes that may be sent at once at a rate of bytes per second, from the time that they take. */
function burst(rate: number, ticks: number): number {
  return rate * ticks * NANOSECONDS_PER_TICK / 1e9;
}

/** Counters of anything. The sum for all hardware and software is in `basic`. */
function counters({ basic, queue }: NonNullable<Attrs["stats2"]>): Record<string, unknown> {
  return {
    bytes: Number(basic!.bytes),
    packets: basic!.packets,
    drops: queue!.drops,
    overlimits: queue!.overlimits,
    requeues: queue!.requeues,
    backlog: queue!.backlog,
    qlen: queue!.qlen,
  };
}

/** A qdisc in `tc -j -s qdisc show`. */
export function qdiscAsTc(qdisc: Traffic): Record<string, unknown> {
  const { header: { handle, parent, info }, kind, ingressBlock, stats2 } = qdisc;
  return {
    kind,
    handle: handleText(handle),
    root: parent === ROOT ? true : undefined,
    parent: parent === ROOT ? undefined : handleText(parent),
    refcnt: info === 1 ? undefined : info,
    ingress_block: ingressBlock,
    options: qdiscOptions(qdisc),
    ...counters(stats2!),
  };
}

function qdiscOptions({ kind, options }: Traffic): Record<string, unknown> {
  if (kind === "tbf") {
    const { rate: { rate }, buffer, limit } = (options as TbfAttrs).parms!;
    const bytes = burst(rate, buffer);
    return { rate, burst: bytes, lat: (limit - bytes) / rate * 1e6 };
  }
  if (kind === "htb") {
    const { init, directQlen } = options as HtbAttrs;
    return {
      r2q: init!.rate2quantum,
      default: `0x${init!.defcls.toString(16)}`,
      direct_packets_stat: init!.directPkts,
      direct_qlen: directQlen,
    };
  }
  return {};
}

/** A class of htb in `tc -s -d class show`, which has no JSON; see {@linkcode readHtbClass}. */
export function htbClassAsTc({ header, kind, options, stats2, xstats }: Traffic): Record<string, unknown> {
  const { rate, ceil, buffer, cbuffer, quantum, level, prio } = (options as HtbAttrs).parms!;
  // struct tc_htb_xstats of linux/pkt_sched.h: lends, borrows, giants, tokens, ctokens, for which the spec has bytes.
  const bytes = xstats as Uint8Array;
  const app = new Int32Array(bytes.buffer, bytes.byteOffset, 5);
  const { requeues, backlog, qlen, ...sent } = counters(stats2!);
  const table = {
    kind,
    handle: handleText(header.handle),
    parent: header.parent === ROOT ? "root" : `parent ${handleText(header.parent)}`,
    // Only of those that send.
    ...(level === 0 ? { prio, quantum } : {}),
    rate: rate.rate * 8 / 1e6,
    ceil: ceil.rate * 8 / 1e6,
    burst: burst(rate.rate, buffer),
    cburst: burst(ceil.rate, cbuffer),
    level,
    ...sent,
    requeues,
    backlog,
    qlen,
    lended: app[0],
    borrowed: app[1],
    giants: app[2],
    tokens: app[3],
    ctokens: app[4],
  };
  return Object.fromEntries(Object.entries(table).map(([key, value]) => [key, `${value}`]));
}

/** The classes in what `tc -s -d class show` prints, with texts for all members. */
export function readHtbClasses(text: string): Record<string, string>[] {
  const pattern = new RegExp(
    [
      /class (?<kind>htb) (?<handle>\S+) (?<parent>root|parent \S+)(?: leaf \S+)? /,
      /(?:prio (?<prio>\d+) quantum (?<quantum>\d+) )?rate (?<rate>\d+)Mbit ceil (?<ceil>\d+)Mbit linklayer \S+ /,
      /burst (?<burst>\d+)b\/1 ?mpu 0b cburst (?<cburst>\d+)b\/1 ?mpu 0b level (?<level>\d+) \n /,
      /Sent (?<bytes>\d+) bytes (?<packets>\d+) pkt \(dropped (?<drops>\d+), /,
      /overlimits (?<overlimits>\d+) requeues \d+\) \n backlog (?<backlog>\d+)b (?<qlen>\d+)p /,
      /requeues (?<requeues>\d+)\n lended: (?<lended>\d+) borrowed: (?<borrowed>\d+) /,
      /giants: (?<giants>\d+)\n tokens: (?<tokens>\d+) ctokens: (?<ctokens>\d+)\n/,
    ].map(({ source }) => source).join(""),
    "g",
  );
  return [...text.matchAll(pattern)].map(({ groups }) => ({ ...groups }));
}

/** A filter in `tc -j -s filter show`; `names` has the devices by their index. */
export function filterAsTc(
  { header: { handle, info }, kind, chain, options }: Traffic,
  names: ReadonlyMap<number, string>,
): Record<string, unknown> {
  // The protocol is in network order.
  const protocol = (info & 0xff) << 8 | info >>> 8 & 0xff;
  const protocols: Record<number, string> = { 0x0800: "ip", 0x0003: "all" };
  const table = { protocol: protocols[protocol], pref: info >>> 16, kind, chain };
  if (options === undefined) return { ...table, options: undefined };
  if (kind === "u32") return { ...table, options: u32Options(handle, options as U32Attrs, names) };
  return { ...table, options: bpfOptions(handle, options as BpfAttrs, names) };
}

/** Filters that the kernel does not give to hardware say so (TCA_CLS_FLAGS_NOT_IN_HW of linux/pkt_cls.h). */
const notInHardware = (flags = 0) => (flags & 8) === 0 ? undefined : true;

function u32Options(
  handle: number,
  { divisor, hash = 0, classid, flags, act }: U32Attrs,
  names: ReadonlyMap<number, string>,
): Record<string, unknown> {
  // A node is table:bucket:node, in 12, 8 and 12 bits; tc-u32(8).
  const table = (handle >>> 20).toString(16), bucket = handle >>> 12 & 0xff, node = handle & 0xfff;
  if (divisor !== undefined) return { fh: `${table}:`, ht_divisor: divisor, actions: undefined };
  return {
    fh: `${table}:${bucket === 0 ? "" : bucket.toString(16)}:${node.toString(16)}`,
    order: node,
    key_ht: (hash >>> 20).toString(16),
    bkt: (hash >>> 12 & 0xff).toString(16),
    flowid: classid === undefined ? undefined : handleText(classid),
    not_in_hw: notInHardware(flags),
    actions: actions(act, names),
  };
}

function bpfOptions(
  handle: number,
  { classid, flagsGen, opsLen, ops, act }: BpfAttrs,
  names: ReadonlyMap<number, string>,
): Record<string, unknown> {
  const view = new DataView(ops!.buffer, ops!.byteOffset, ops!.byteLength);
  const starts = Array.from({ length: ops!.length / 8 }, (_, index) => 8 * index);
  return {
    handle: `0x${handle.toString(16)}`,
    flowid: classid === undefined ? undefined : handleText(classid),
    not_in_hw: notInHardware(flagsGen),
    bytecode: {
      length: opsLen,
      // struct sock_filter of linux/filter.h.
      insns: starts.map((at) => ({
        code: view.getUint16(at, true),
        jt: view.getUint8(at + 2),
        jf: view.getUint8(at + 3),
        k: view.getUint32(at + 4, true),
      })),
    },
    actions: actions(act, names),
  };
}

function actions(
  act: readonly ActAttrs[] | undefined,
  names: ReadonlyMap<number, string>,
): Record<string, unknown>[] | undefined {
  return act?.map((action, position) => {
    const { kind, options, stats, cookie } = action;
    const table = { order: position + 1, kind, stats: counters(stats!), cookie: cookie?.toHex() };
    if (kind === "gact") {
      const { index, action, refcnt, bindcnt } = options!.parms!;
      return { ...table, control_action: { type: VERDICTS[action] }, index, ref: refcnt, bind: bindcnt };
    }
    // struct tc_mirred of linux/tc_act/tc_mirred.h, for which the spec has bytes.
    const [index, , verdict, ref, bind, how, ifindex] = mirred((options as { parms: Uint8Array }).parms);
    const [mirred_action, direction] = MIRRED[how!]!;
    const control_action = { type: VERDICTS[verdict!] };
    return {
      ...table,
      mirred_action,
      direction,
      to_dev: names.get(ifindex!),
      control_action,
      index,
      ref,
      bind,
    };
  });
}

/** What becomes of a packet after an action (TC_ACT_* of linux/pkt_cls.h), as tc(8) calls it. */
const VERDICTS: Record<number, string> = { 0: "pass", 1: "reclassify", 2: "drop", 3: "pipe", 4: "stolen" };
const MIRRED: Record<number, [string, string]> = {
  1: ["redirect", "egress"],
  2: ["mirror", "egress"],
  3: ["redirect", "ingress"],
  4: ["mirror", "ingress"],
};

function mirred(parms: Uint8Array): number[] {
  const view = new DataView(parms.buffer, parms.byteOffset, parms.byteLength);
  return Array.from({ length: 7 }, (_, member) => view.getInt32(4 * member, true));
}
