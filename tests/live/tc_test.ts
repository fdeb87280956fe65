// Traffic control: qdiscs, classes, filters with actions, and chains are made, read, changed and deleted, told, and
// compared with what tc(8) says of them.
import assert from "node:assert/strict";
import { type Input, open } from "../../mod.ts";
import { rtLink } from "../../generated/rt-link/mod.ts";
import { type ActAttrs, type HtbAttrs, tc, type TcOperations } from "../../generated/tc/mod.ts";
import { lacksFeature } from "./features.ts";
import { create, isolated, told } from "./helpers.ts";
import {
  CLSACT_EGRESS,
  CLSACT_INGRESS,
  filterAsTc,
  handleText,
  htbClassAsTc,
  INGRESS,
  INGRESS_HANDLE,
  qdiscAsTc,
  readHtbClasses,
  ROOT,
  type Traffic,
} from "./tc_json.ts";
import { agree, json, lacksDevice, lacksTool, run } from "./tools.ts";

const needs = [lacksTool("tc"), lacksTool("ip"), lacksDevice("veth")];
const filtered = "tc qdisc add dev lo clsact && tc filter add dev lo ingress";
const everything = "u32 match u32 0 0 flowid 1:1 action";
const mirror = "mirred egress mirror dev lo";
const [tbf, htb, ingress, clsact] = ["tbf", "htb", "ingress", "clsact"].map((kind) => {
  const args = {
    tbf: "root tbf rate 1mbit burst 9k limit 9k",
    htb: "root htb",
    ingress: "ingress",
    clsact: "clsact",
  };
  return lacksFeature(`the qdisc ${kind}`, `tc qdisc add dev lo ${args[kind as keyof typeof args]}`);
});
const u32 = lacksFeature("the filter u32 and the action mirred", `${filtered} ${everything} ${mirror}`);
const gact = lacksFeature("the action gact", `${filtered} ${everything} drop`);
const bpf = lacksFeature(
  "the filter bpf and the action mirred",
  `${filtered} bpf bytecode '1,6 0 0 4294967295' action ${mirror}`,
);

const MILLION = 1_000_000;
/** Protocols in network order, as a filter's header has them behind the priority. */
const ETH_P_IP = 0x0008, ETH_P_ALL = 0x0300;
const PIPE = 3, EGRESS_REDIRECT = 1, EGRESS_MIRROR = 2;

/** The action mirred: struct tc_mirred of linux/tc_act/tc_mirred.h. */
function mirred(ifindex: number, eaction: number = EGRESS_MIRROR, action: number = PIPE): Input<ActAttrs> {
  const parms = new Uint8Array(Int32Array.of(0, 0, action, 0, 0, eaction, ifindex).buffer);
  return { kind: "mirred", options: { parms } };
}

/** A program of classic BPF: struct sock_filter of linux/filter.h for each instruction. */
function program(...instructions: [code: number, jt: number, jf: number, k: number][]): Uint8Array {
  const view = new DataView(new ArrayBuffer(8 * instructions.length));
  for (const [index, [code, jt, jf, k]] of instructions.entries()) {
    view.setUint16(8 * index, code, true);
    view.setUint8(8 * index + 2, jt);
    view.setUint8(8 * index + 3, jf);
    view.setUint32(8 * index + 4, k, true);
  }
  return new Uint8Array(view.buffer);
}

/** Makes two virtual devices that are wired to each other, and gives their numbers. */
async function wire(netns: number, one: string, other: string): Promise<[number, number]> {
  await run(netns, "ip", "link", "add", one, "type", "veth", "peer", "name", other);
  await using link = await open(rtLink, { netns });
  const [a, b] = await Promise.all([one, other].map((ifname) => link.getlink({ ifname })));
  return [a!.header.ifiIndex, b!.header.ifiIndex];
}

const typed = (reads: TcOperations["getqdisc"]["dump"]["reply"]) => reads as Traffic;

/** A filter but for the ages of its actions, which grow between two reads. */
function ageless(filter: unknown): unknown {
  const { options } = filter as { options?: { act?: { options?: { tm?: unknown } }[] } };
  const act = options?.act?.map((action) => ({ ...action, options: { ...action.options, tm: undefined } }));
  return { ...filter as object, options: { ...options, act } };
}

isolated("tc: a tbf qdisc is made, read, changed and deleted", [...needs, tbf], async (netns) => {
  const [ifindex] = await wire(netns, "v0", "v1");
  await using q = await open(tc, { netns });
  using events = q.subscribe("rtnlgrp-tc");
  const header = { ifindex, parent: ROOT, handle: 0x10000 };
  const same = async () => {
    const theirs = await json<unknown[]>(netns, "tc", "-j", "-s", "qdisc", "show", "dev", "v0");
    const one = await q.getqdisc({ header });
    assert.deepEqual(await q.getqdisc.dump({ header: { ifindex } }).all(), [one]);
    agree(theirs, [qdiscAsTc(typed(one))]);
    return one;
  };
  const parms = { rate: { rate: MILLION }, limit: 20_000, buffer: 250_000 };

  await q.newqdisc({ header, kind: "tbf", options: { parms } }, create);
  await told(events, "newqdisc", ({ kind, header }) => kind === "tbf" && header.handle === 0x10000);
  const made = await same();
  assert(made.kind === "tbf");
  assert.equal(made.options?.parms?.rate.rate, MILLION);
  await assert.rejects(q.newqdisc({ header, kind: "tbf", options: { parms } }, create), { code: "EEXIST" });

  await q.newqdisc({ header, kind: "tbf", options: { parms: { ...parms, limit: 30_000 } } });
  await told(
    events,
    "newqdisc",
    (message) => message.kind === "tbf" && message.options?.parms?.limit === 30_000,
  );
  const changed = await same();
  assert(changed.kind === "tbf");
  assert.equal(changed.options?.parms?.limit, 30_000);

  await q.delqdisc({ header });
  await told(events, "delqdisc", ({ kind, header }) => kind === "tbf" && header.handle === 0x10000);
  assert.deepEqual(await q.getqdisc.dump({ header: { ifindex } }).all(), []);
});

isolated("tc: htb and its classes are made, read, changed and deleted", [...needs, htb], async (netns) => {
  const [ifindex] = await wire(netns, "v0", "v1");
  await using q = await open(tc, { netns });
  using events = q.subscribe("rtnlgrp-tc");
  const root = { ifindex, parent: ROOT, handle: 0x10000 };
  const init = { version: 3, rate2quantum: 10, defcls: 0x10 };
  await q.newqdisc({ header: root, kind: "htb", options: { init, directQlen: 50 } }, create);
  await told(events, "newqdisc", ({ kind }) => kind === "htb");
  const [theirQdisc] = await json<unknown[]>(netns, "tc", "-j", "-s", "qdisc", "show", "dev", "v0");
  agree(theirQdisc, qdiscAsTc(typed(await q.getqdisc({ header: root }))));

  const same = async (...handles: number[]) => {
    const theirs = readHtbClasses(await run(netns, "tc", "-s", "-d", "class", "show", "dev", "v0"))
      .sort((a, b) => a.handle! < b.handle! ? -1 : 1);
    const ours = await Promise.all(handles.map((handle) => q.gettclass({ header: { ifindex, handle } })));
    const list = await q.gettclass.dump({ header: { ifindex } }).all();
    assert.deepEqual(list.sort((a, b) => a.header.handle - b.header.handle), ours);
    agree(theirs, ours.map((one) => htbClassAsTc(typed(one))));
  };
  const rates = { rate: { rate: MILLION }, ceil: { rate: 2 * MILLION }, buffer: 250_000, cbuffer: 500_000 };
  const parms = { ...rates, quantum: 3000, prio: 2 };
  const leaf = { ifindex, parent: 0x10001, handle: 0x10010 };
  const inner = { ifindex, parent: 0x10000, handle: 0x10001 };
  await q.newtclass({ header: inner, kind: "htb", options: { parms: { ...parms, prio: 0 } } }, create);
  await q.newtclass({ header: leaf, kind: "htb", options: { parms } }, create);
  for (const { handle } of [inner, leaf]) {
    await told(events, "newtclass", (message) => message.header.handle === handle);
  }
  await same(inner.handle, leaf.handle);

  await q.newtclass({ header: leaf, kind: "htb", options: { parms: { ...parms, prio: 5, quantum: 4000 } } });
  await told(
    events,
    "newtclass",
    ({ kind, options }) => kind === "htb" && (options as HtbAttrs).parms?.prio === 5,
  );
  await same(inner.handle, leaf.handle);

  await assert.rejects(q.deltclass({ header: inner }), { code: "EBUSY" });
  await q.deltclass({ header: leaf });
  await told(events, "deltclass", ({ header }) => header.handle === leaf.handle);
  await same(inner.handle);
});

isolated(
  "tc: qdiscs for what comes in are made, read and deleted",
  [...needs, ingress, clsact],
  async (netns) => {
    const [ifindex] = await wire(netns, "v0", "v1");
    await using q = await open(tc, { netns });
    using events = q.subscribe("rtnlgrp-tc");
    const header = { ifindex, parent: INGRESS, handle: INGRESS_HANDLE };
    for (
      const qdisc of [
        { kind: "ingress", ingressBlock: 7 },
        { kind: "clsact", ingressBlock: 8, egressBlock: 9 },
      ] as const
    ) {
      await q.newqdisc({ header, ...qdisc }, create);
      await told(events, "newqdisc", ({ kind }) => kind === qdisc.kind);
      const [theirs] = await json<unknown[]>(netns, "tc", "-j", "-s", "qdisc", "show", "dev", "v0");
      const ours = await q.getqdisc({ header });
      agree(theirs, { ...qdiscAsTc(typed(ours)), egress_block: ours.egressBlock });
      assert.deepEqual([ours.ingressBlock, ours.egressBlock], [
        qdisc.ingressBlock,
        "egressBlock" in qdisc ? qdisc.egressBlock : undefined,
      ]);
      await q.delqdisc({ header });
      await told(events, "delqdisc", ({ kind }) => kind === qdisc.kind);
      assert.deepEqual(await q.getqdisc.dump({ header: { ifindex } }).all(), []);
    }
  },
);

isolated(
  "tc: a u32 filter keeps both its actions, the first one too",
  [...needs, clsact, u32],
  async (netns) => {
    const [ifindex, peer] = await wire(netns, "v0", "v1");
    await using q = await open(tc, { netns });
    using events = q.subscribe("rtnlgrp-tc");
    await q.newqdisc(
      { header: { ifindex, parent: INGRESS, handle: INGRESS_HANDLE }, kind: "clsact" },
      create,
    );
    const names = new Map([[1, "lo"], [ifindex, "v0"], [peer, "v1"]]);
    const place = { ifindex, parent: CLSACT_INGRESS, info: 5 << 16 | ETH_P_IP };
    const same = async (chain: number, handle: number) => {
      const shown = ["filter", "show", "dev", "v0", "ingress"];
      const theirs = await json<unknown[]>(netns, "tc", "-j", "-s", ...shown);
      const list = await q.gettfilter.dump({ header: place }).all();
      agree(theirs, list.map((filter) => filterAsTc(typed(filter), names)));
      const one = await q.gettfilter({ header: { ...place, handle }, kind: "u32", chain });
      assert.deepEqual(ageless(one), ageless(list.at(-1)!));
      assert(one.kind === "u32" && one.options?.sel !== undefined);
      // tc(8) repeats the key "match" of its JSON.
      const hex = (number: number) => number.toString(16).padStart(8, "0");
      const matches = one.options.sel.keys.map(({ val, mask, off }) => `${hex(val)}/${hex(mask)} at ${off}`);
      const text = await run(netns, "tc", ...shown);
      assert.deepEqual([...text.matchAll(/match (\S+ at \S+)/g)].map(([, match]) => match), matches);
      return one.options;
    };
    const keys = [
      { val: 0x0a000000, mask: 0xff000000, off: 16 },
      { val: 0x00110000, mask: 0x00ff0000, off: 8 },
    ];
    const sel = { flags: 1, nkeys: 2, keys };
    const cookie = Uint8Array.of(1, 2, 3, 4);
    const act = [mirred(1), { ...mirred(peer, EGRESS_REDIRECT, 4), cookie }] as Input<ActAttrs>[];

    await q.newtfilter(
      { header: place, chain: 3, kind: "u32", options: { classid: 0x10010, sel, act } },
      create,
    );
    const made = await told(events, "newtfilter", ({ kind, chain }) => kind === "u32" && chain === 3);
    const { handle } = made.header;
    assert(made.kind === "u32");
    assert.deepEqual(made.options?.act?.map(({ kind, cookie }) => [kind, cookie]), [
      ["mirred", undefined],
      ["mirred", cookie],
    ]);
    const read = await same(3, handle);
    assert.deepEqual(read.sel?.keys.map(({ val, mask, off }) => ({ val, mask, off })), keys);
    assert.equal(read.classid, 0x10010);
    assert.equal(read.act?.length, 2);

    const header = { ...place, handle };
    await q.newtfilter({ header, chain: 3, kind: "u32", options: { classid: 0x20020 } });
    // The kernel tells of the filter as it was.
    await told(events, "newtfilter", (message) => message.header.handle === handle);
    assert.equal((await same(3, handle)).classid, 0x20020);

    await q.deltfilter({ header, chain: 3, kind: "u32" });
    await told(events, "deltfilter", (message) => message.header.handle === handle);
    assert.deepEqual(await q.gettfilter.dump({ header: place }).all(), []);
  },
);

isolated(
  "tc: a filter of classic BPF is made, read, replaced and deleted",
  [...needs, clsact, bpf],
  async (netns) => {
    const [ifindex, peer] = await wire(netns, "v0", "v1");
    await using q = await open(tc, { netns });
    using events = q.subscribe("rtnlgrp-tc");
    await q.newqdisc(
      { header: { ifindex, parent: INGRESS, handle: INGRESS_HANDLE }, kind: "clsact" },
      create,
    );
    const names = new Map([[1, "lo"], [ifindex, "v0"], [peer, "v1"]]);
    const place = { ifindex, parent: CLSACT_EGRESS, info: 6 << 16 | ETH_P_ALL };
    const header = { ...place, handle: 1 };
    const same = async () => {
      const theirs = await json<unknown[]>(netns, "tc", "-j", "-s", "filter", "show", "dev", "v0", "egress");
      const list = await q.gettfilter.dump({ header: place }).all();
      agree(theirs, list.map((filter) => filterAsTc(typed(filter), names)));
      const one = await q.gettfilter({ header, kind: "bpf" });
      assert.deepEqual(ageless(one), ageless(list.at(-1)!));
      assert(one.kind === "bpf");
      return one.options;
    };
    const all = program([0x06, 0, 0, 0xffffffff]);
    await q.newtfilter({
      header,
      kind: "bpf",
      options: { classid: 0x10001, opsLen: 1, ops: all, act: [mirred(1), mirred(peer)] },
    }, create);
    await told(events, "newtfilter", ({ kind, header }) => kind === "bpf" && header.handle === 1);
    const made = await same();
    assert.deepEqual(made?.ops, all);
    assert.equal(made.act?.length, 2);

    // Loads the EtherType, and takes the packet if it is IPv4.
    const ipv4 = program([0x28, 0, 0, 12], [0x15, 0, 1, 0x0800], [0x06, 0, 0, 0xffffffff], [0x06, 0, 0, 0]);
    const options = { classid: 0x10002, opsLen: 4, ops: ipv4, act: [mirred(peer)] };
    await q.newtfilter({ header, kind: "bpf", options }, { create: true, replace: true });
    await told(events, "newtfilter", (message) => message.kind === "bpf" && message.options?.opsLen === 4);
    const replaced = await same();
    assert.deepEqual(replaced?.ops, ipv4);
    assert.equal(replaced.act?.length, 1);

    await q.deltfilter({ header, kind: "bpf" });
    await told(events, "deltfilter", ({ header }) => header.handle === 1);
    assert.deepEqual(await q.gettfilter.dump({ header: place }).all(), []);
  },
);

isolated(
  "tc: a gact action behind a mirred action is read as tc says",
  [...needs, clsact, u32, gact],
  async (netns) => {
    const [ifindex, peer] = await wire(netns, "v0", "v1");
    await using q = await open(tc, { netns });
    await q.newqdisc(
      { header: { ifindex, parent: INGRESS, handle: INGRESS_HANDLE }, kind: "clsact" },
      create,
    );
    const place = { ifindex, parent: CLSACT_INGRESS, info: 5 << 16 | ETH_P_IP };
    const drop: Input<ActAttrs> = { kind: "gact", options: { parms: { action: 2 } } };
    const options = { sel: { flags: 1, nkeys: 1, keys: [{}] }, act: [mirred(peer), drop] };
    await q.newtfilter({ header: place, kind: "u32", options }, create);
    const theirs = await json<unknown[]>(netns, "tc", "-j", "-s", "filter", "show", "dev", "v0", "ingress");
    const list = await q.gettfilter.dump({ header: place }).all();
    agree(theirs, list.map((filter) => filterAsTc(typed(filter), new Map([[peer, "v1"]]))));
  },
);

isolated("tc: chains are made, read and deleted", [...needs, clsact], async (netns) => {
  const [ifindex] = await wire(netns, "v0", "v1");
  await using q = await open(tc, { netns });
  using events = q.subscribe("rtnlgrp-tc");
  await q.newqdisc({ header: { ifindex, parent: INGRESS, handle: INGRESS_HANDLE }, kind: "clsact" }, create);
  const header = { ifindex, parent: CLSACT_INGRESS };
  for (const chain of [7, 9]) {
    await q.newchain({ header, chain }, create);
    await told(events, "newchain", (message) => message.chain === chain);
  }
  await assert.rejects(q.newchain({ header, chain: 9 }, create), { code: "EEXIST" });
  const theirs = await json<unknown[]>(netns, "tc", "-j", "chain", "show", "dev", "v0", "ingress");
  const ours = await q.getchain.dump({ header }).all();
  assert.deepEqual(await Promise.all([7, 9].map((chain) => q.getchain({ header, chain }))), ours);
  agree(theirs, ours.map(({ header, chain }) => ({ parent: handleText(header.parent), chain })));

  await q.delchain({ header, chain: 7 });
  await told(events, "delchain", ({ chain }) => chain === 7);
  await assert.rejects(q.getchain({ header, chain: 7 }), { code: "EINVAL" });
  assert.deepEqual((await q.getchain.dump({ header }).all()).map(({ chain }) => chain), [9]);
});

isolated(
  "tc: what comes to a device is mirrored to another, packet for packet",
  [...needs, clsact, u32, lacksTool("bash")],
  async (netns) => {
    // Nothing but our packets: IPv6 would send some when a device comes up.
    await run(netns, "sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6");
    const [, arrival] = await wire(netns, "v0", "v1");
    const [target, watcher] = await wire(netns, "w0", "w1");
    // An end sends at once if it comes up last, else only when the kernel gets to it; until then it drops.
    for (const device of ["v1", "v0", "w1", "w0"]) await run(netns, "ip", "link", "set", device, "up");
    await run(netns, "ip", "address", "add", "192.0.2.1/24", "dev", "v0");
    await run(netns, "ip", "neighbour", "add", "192.0.2.2", "lladdr", "02:00:00:00:00:02", "dev", "v0");

    await using q = await open(tc, { netns });
    await using link = await open(rtLink, { netns });
    const qdisc = { ifindex: arrival, parent: INGRESS, handle: INGRESS_HANDLE };
    await q.newqdisc({ header: qdisc, kind: "clsact" }, create);
    const header = { ifindex: arrival, parent: CLSACT_INGRESS, info: 1 << 16 | ETH_P_IP };
    const destination = { val: 0xc0000202, mask: 0xffffffff, off: 16 };
    const sel = { flags: 1, nkeys: 1, keys: [destination] };
    await q.newtfilter({ header, kind: "u32", options: { sel, act: [mirred(target)] } }, create);

    const packets = 5;
    const send = `for i in $(seq ${packets}); do echo -n text > /dev/udp/192.0.2.2/9; done`;
    await run(netns, "bash", "-c", send);
    // The device's ends hand packets over outside of the sender's system call.
    const received = async () => (await link.getlink({ header: { ifiIndex: watcher } })).stats64?.rxPackets;
    for (let left = 600; await received() !== BigInt(packets) && left > 0; left--) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.equal(await received(), BigInt(packets));
    const [filter] = (await q.gettfilter.dump({ header }).all()).slice(-1);
    assert(filter?.kind === "u32");
    const { bytes, packets: counted } = filter.options?.act?.[0]?.stats?.basic ?? {};
    // The headers of IPv4 and UDP, and the text; that of Ethernet is off already.
    assert.deepEqual([counted, bytes], [packets, BigInt(packets * (20 + 8 + 4))]);
    const theirs = await json<unknown[]>(netns, "tc", "-j", "-s", "filter", "show", "dev", "v1", "ingress");
    agree(theirs.at(-1), filterAsTc(typed(filter), new Map([[target, "w0"]])));
  },
);
