// Connection tracking: entries that real traffic makes, and statistics of each CPU, compared with what conntrack(8) and
// procfs tell of them.
import assert from "node:assert/strict";
import { open } from "../../mod.ts";
import {
  conntrack,
  type ConntrackOperations,
  NfCtStatus,
  NfCtTcpState,
  type TupleAttrs,
} from "../../generated/conntrack/mod.ts";
import { lacksFeature } from "./features.ts";
import { first, isolated, told } from "./helpers.ts";
import { agree, atOnce, lacksTool, run } from "./tools.ts";

type Entry = ConntrackOperations["get"]["dump"]["reply"];

/** A chain that asks for the state of connections turns tracking on; this one marks them, too. */
const track = "add table inet t; add chain inet t out { type filter hook output priority 0; }; " +
  "add rule inet t out ct mark set 7";
const needs = [
  lacksTool("nft"),
  lacksTool("conntrack"),
  lacksTool("bash"),
  lacksTool("ip"),
  lacksFeature("connection tracking over netlink", `nft '${track}' && conntrack -L`),
];
/** Multicast groups (NFNLGRP_CONNTRACK_* of linux/netfilter/nfnetlink.h), which the spec does not have. */
const NEW = 1, UPDATE = 2, DESTROY = 3;
/** NFNL_SUBSYS_CTNETLINK and IPCTNL_MSG_CT_DELETE: type of the message that an entry is gone. */
const DELETED = 1 << 8 | 2;

const header = { nfgenFamily: 2 };
const TCP = 6, UDP = 17, DISCARD = 9;

/** Turns tracking on in a namespace, with counters of packets. */
async function trackIn(netns: number): Promise<void> {
  await run(netns, "ip", "link", "set", "lo", "up");
  await setting(netns, "nf_conntrack_acct", 1);
  await run(netns, "nft", track);
}

async function setting(netns: number, name: string, value: number): Promise<void> {
  await run(netns, "sh", "-c", `echo ${value} > /proc/sys/net/netfilter/${name}`);
}

/** Sends four bytes to a port where nobody listens. */
const sendUdp = (netns: number) => run(netns, "bash", "-c", `echo -n text > /dev/udp/127.0.0.1/${DISCARD}`);

/** Runs a test while a TCP connection is open; `send` sends ten bytes over it, and is done when they are sent. */
async function connected(
  netns: number,
  test: (port: number, send: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const script = `
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const connecting = Deno.connect(listener.addr);
    const connection = await listener.accept();
    const peer = await connecting;
    await Deno.stdout.write(new Uint8Array(new Uint16Array([listener.addr.port]).buffer));
    for await (const _ of Deno.stdin.readable) {
      await peer.write(new Uint8Array(10));
      await Deno.stdout.write(new Uint8Array(1));
    }
    Deno.exit(0);`;
  const child = new Deno.Command("nsenter", {
    args: ["-t", `${netns}`, "-n", Deno.execPath(), "eval", "--quiet", script],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const output = child.stdout.getReader();
  const input = child.stdin.getWriter();
  try {
    const { value } = await output.read();
    assert(value !== undefined, "the process with the connection is gone");
    await test(value[0]! | value[1]! << 8, async () => {
      await input.write(new Uint8Array(1));
      assert.equal((await output.read()).done, false);
    });
  } finally {
    await input.close();
    await output.cancel();
    await child.status;
  }
}

/** An entry as `conntrack -L -o xml` has it: their elements, our values. */
function entryAsXml(entry: Entry): Record<string, unknown> {
  const { status = 0, protoinfo } = entry;
  const state = protoinfo?.protoinfoTcp?.tcpState;
  const flag = (bit: number) => (status & bit) === 0 ? undefined : "";
  return {
    original: directionAsXml(entry.tupleOrig, entry.countersOrig),
    reply: directionAsXml(entry.tupleReply, entry.countersReply),
    state: state === undefined ? undefined : STATES[state],
    timeout: `${entry.timeout}`,
    mark: `${entry.mark}`,
    use: `${entry.use}`,
    id: `${entry.id}`,
    assured: flag(NfCtStatus.assured),
    unreplied: (status & NfCtStatus.seenReply) === 0 ? "" : undefined,
  };
}

const STATES: Record<number, string> = { [NfCtTcpState.established]: "ESTABLISHED" };

function directionAsXml(
  { tupleIp, tupleProto }: TupleAttrs = {},
  counters: Entry["countersOrig"],
): Record<string, unknown> {
  return {
    src: tupleIp?.ipV4Src,
    dst: tupleIp?.ipV4Dst,
    protonum: `${tupleProto?.protoNum}`,
    sport: `${tupleProto?.protoSrcPort}`,
    dport: `${tupleProto?.protoDstPort}`,
    packets: `${counters?.packets}`,
    bytes: `${counters?.bytes}`,
  };
}

/** The entries in what `conntrack -L -o xml` prints, as {@linkcode entryAsXml} has them. */
function readXml(xml: string): Record<string, unknown>[] {
  const elements = (text: string) =>
    Object.fromEntries(
      [...text.matchAll(/<(\w+)(?:>([^<]*)<\/\w+>|\/>)/g)].map(([, name, value = ""]) => [name, value]),
    );
  return [...xml.matchAll(/<flow>(.*)<\/flow>/g)].map(([, flow]) => {
    const [original, reply, both] = flow!.split("</meta>").map((meta) => ({
      ...elements(meta),
      protonum: /<layer4 protonum="(\d+)"/.exec(meta)?.[1],
    }));
    return { ...both, protonum: undefined, original, reply };
  });
}

/** Entries in the order of their ids: lists have none. */
const byId = <T extends { id?: unknown }>(list: T[]) => list.sort((a, b) => Number(a.id) - Number(b.id));

isolated(
  "conntrack: entries of TCP and UDP are read one by one and all at once, as conntrack reads them",
  needs,
  async (netns) => {
    await trackIn(netns);
    await using ct = await open(conntrack, { netns });
    await connected(netns, async (port) => {
      await sendUdp(netns);
      const read = async () => byId(await ct.get.dump({ header }).all());
      // Their time to live is in seconds, and counts down.
      const [ours, theirs] = await atOnce(read, () => run(netns, "conntrack", "-L", "-o", "xml"));
      agree(byId(readXml(theirs)), ours.map(entryAsXml));

      const protocol = (number: number) =>
        ours.find(({ tupleOrig }) => tupleOrig?.tupleProto?.protoNum === number);
      const tcp = protocol(TCP)!, udp = protocol(UDP)!;
      assert.equal(ours.length, 2);
      assert.equal(tcp.tupleOrig?.tupleProto?.protoDstPort, port);
      assert.equal(tcp.protoinfo?.protoinfoTcp?.tcpState, NfCtTcpState.established);
      assert.equal(udp.tupleOrig?.tupleProto?.protoDstPort, DISCARD);
      // The headers of IPv4 and UDP, and the text.
      assert.deepEqual(udp.countersOrig, { packets: 1n, bytes: 32n });
      for (const { timeout: _, use: __, ...entry } of [tcp, udp]) {
        // Reading it is one more use of it.
        const { timeout, use: ___, ...one } = await ct.get({ header, tupleOrig: entry.tupleOrig! });
        assert.deepEqual(one, entry);
        assert(timeout! > 0);
        const { id } = await ct.get({ header, tupleReply: entry.tupleReply! });
        assert.equal(id, entry.id);
      }
    });
  },
);

isolated("conntrack: the kernel lists what has a mark and a status, where asked to", needs, async (netns) => {
  await trackIn(netns);
  await using ct = await open(conntrack, { netns });
  await connected(netns, async () => {
    await sendUdp(netns);
    const protocols = async (filter: Parameters<typeof ct.get.dump>[0]) =>
      (await ct.get.dump({ header, ...filter }).all()).map(({ tupleOrig }) => tupleOrig?.tupleProto?.protoNum)
        .sort();
    assert.deepEqual(await protocols({ mark: 7, markMask: 0xff }), [UDP, TCP]);
    assert.deepEqual(await protocols({ mark: 6, markMask: 0xff }), []);
    assert.deepEqual(
      await protocols({
        mark: 7,
        markMask: 0xff,
        status: NfCtStatus.assured,
        statusMask: NfCtStatus.assured,
      }),
      [TCP],
    );
    assert.deepEqual(await protocols({ header: { nfgenFamily: 10 } }), []);
  });
  await assert.rejects(
    ct.get({
      header,
      tupleOrig: {
        tupleIp: { ipV4Src: "192.0.2.1", ipV4Dst: "192.0.2.2" },
        tupleProto: { protoNum: TCP, protoSrcPort: 1, protoDstPort: 2 },
      },
    }),
    { code: "ENOENT" },
  );
});

isolated("conntrack: entries are told as they come, change and go", needs, async (netns) => {
  await trackIn(netns);
  await using ct = await open(conntrack, { netns });
  using events = ct.subscribe([NEW, UPDATE, DESTROY]);
  const protocol = ({ tupleOrig }: Entry) => tupleOrig?.tupleProto?.protoNum;
  await sendUdp(netns);
  const { id } = await told(events, "get", (message) => protocol(message) === UDP);
  assert.deepEqual((await ct.get.dump({ header }).all()).map((entry) => entry.id), [id]);
  await connected(netns, async () => {
    await told(events, "get", (message) => (message.status! & NfCtStatus.assured) !== 0);
  });
  await run(netns, "conntrack", "-F");
  await first(events, (event) => event.name === "unknown" && event.id === DELETED);
});

isolated("conntrack: statistics of each CPU are those of conntrack and procfs", needs, async (netns) => {
  await trackIn(netns);
  await using ct = await open(conntrack, { netns });
  await setting(netns, "nf_conntrack_tcp_loose", 0);
  await connected(netns, async (_, send) => {
    // In the middle of a connection that is not known any more.
    await run(netns, "conntrack", "-F");
    await send();
  });
  const [ours, theirs] = await atOnce(
    () => ct.getStats.dump().all(),
    () => run(netns, "conntrack", "-S"),
  );
  const tables = theirs.trim().split("\n").map((line) =>
    Object.fromEntries([...line.matchAll(/(\w+)=(\d+)/g)].map(([, name, value]) => [name, Number(value)]))
  );
  agree(
    tables,
    ours.map(({ header, ...stats }) => ({
      cpu: header.resId,
      found: stats.found,
      invalid: stats.invalid,
      insert: stats.insert,
      insert_failed: stats.insertFailed,
      drop: stats.drop,
      early_drop: stats.earlyDrop,
      error: stats.error,
      search_restart: stats.searchRestart,
      clash_resolve: stats.clashResolve,
      chaintoolong: stats.chainToolong,
    })),
  );
  assert(ours.reduce((sum, { invalid }) => sum + invalid!, 0) > 0);
  const [names, ...rows] = (await run(netns, "cat", "/proc/net/stat/nf_conntrack")).trim().split("\n");
  const invalid = names!.trim().split(/\s+/).indexOf("invalid");
  // Where a CPU is missing, procfs has no line for it.
  assert.deepEqual(
    rows.map((row) => Number.parseInt(row.trim().split(/\s+/)[invalid]!, 16)),
    ours.map((stats) => stats.invalid),
  );
});

isolated("conntrack: entries with times are read", needs, async (netns) => {
  await trackIn(netns);
  await setting(netns, "nf_conntrack_timestamp", 1);
  await using ct = await open(conntrack, { netns });
  const before = BigInt(Date.now()) * 1_000_000n;
  await sendUdp(netns);
  const [entry] = await ct.get.dump({ header }).all();
  const start = entry?.timestamp?.start;
  // Nanoseconds since 1970.
  assert(
    start! >= before && start! <= BigInt(Date.now() + 1) * 1_000_000n,
    `${start} is not behind ${before}`,
  );
  assert.equal(entry?.timestamp?.stop, undefined);
});
