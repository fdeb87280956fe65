// nftables: transactions that make, change and delete tables, chains, sets, objects and rules, compared with what
// nft(8) reads of them.
import assert from "node:assert/strict";
import { type BatchError, type ChangeOptions, type Client, type Input, open } from "../../mod.ts";
import {
  ChainFlags,
  CmpOps,
  type CounterAttrs,
  type ExprAttrs,
  LookupFlags,
  MetaKeys,
  nftables,
  type NftablesEvents,
  type NftablesGroup,
  type NftablesOperations,
  NumgenTypes,
  ObjectType,
  PayloadBase,
  type QuotaAttrs,
  SetFlags,
  TableFlags,
  VerdictCode,
} from "../../generated/nftables/mod.ts";
import { lacksFeature } from "./features.ts";
import { create, isolated, told } from "./helpers.ts";
import {
  chainAsNft,
  objectsOf,
  readDebug,
  ruleAsNft,
  rulesAsDebug,
  setAsNft,
  tableAsNft,
} from "./nft_json.ts";
import { agree, json, lacksTool, run } from "./tools.ts";

type Nft = Client<NftablesOperations, NftablesGroup, NftablesEvents>;
type Ruleset = { nftables: Record<string, unknown>[] };

const needs = [lacksTool("nft"), lacksFeature("nf_tables", "nft add table inet t")];
const add: ChangeOptions = { create: true, append: true };

const header = { nfgenFamily: 1 }, LOCAL_IN = 1, TCP = 6, INET_SERVICE = 13;
/** What all objects of our table say. */
const ours = { header, table: "t" };

const service = (port: number) => Uint8Array.of(port >>> 8, port & 0xff);
const equals = (...bytes: number[]): Input<ExprAttrs> => ({
  name: "cmp",
  data: { sreg: 1, op: CmpOps.eq, data: { value: Uint8Array.from(bytes) } },
});
const tcpPort: Input<ExprAttrs>[] = [
  { name: "meta", data: { key: MetaKeys.l4Proto, dreg: 1 } },
  equals(TCP),
  { name: "payload", data: { base: PayloadBase.transportHeader, offset: 2, len: 2, dreg: 1 } },
];
const counter: Input<ExprAttrs> = { name: "counter", data: { packets: 3, bytes: 4 } };
const verdict = (code: VerdictCode, chain?: string): Input<ExprAttrs> => ({
  name: "immediate",
  data: { dreg: 0, data: { verdict: chain === undefined ? { code } : { code, chain } } },
});
const rule = (...elem: Input<ExprAttrs>[]) => ({ ...ours, chain: "in", expressions: { elem } });

/** A table with a base chain, another chain, a set with two elements, and a rule. */
async function make(nft: Nft): Promise<void> {
  await nft.batch((b) => {
    b.newtable({ header, name: "t" }, create);
    b.newchain(
      { ...ours, name: "in", type: "filter", hook: { num: LOCAL_IN, priority: -5 }, policy: 1 },
      create,
    );
    b.newchain({ ...ours, name: "more" }, create);
    b.newset(
      { ...ours, name: "ports", keyType: INET_SERVICE, keyLen: 2, desc: { size: 100 }, id: 1 },
      create,
    );
    const elem = [23, 2323].map((port) => ({ key: { value: service(port) } }));
    b.newsetelem({ ...ours, set: "ports", elements: { elem } }, create);
    b.newrule(rule(...tcpPort, equals(0, 22), counter, verdict(VerdictCode.jump, "more")), add);
  });
}

/** Ports in a set, in order. */
async function portsIn(nft: Nft, set: string): Promise<number[]> {
  const parts = await nft.getsetelem.dump({ ...ours, set }).all();
  const elements = parts.flatMap(({ elements }) => elements?.elem ?? []);
  return elements.map(({ key }) => key!.value![0]! << 8 | key!.value![1]!).sort((a, b) => a - b);
}

/** Reads everything, and compares it with what nft(8) reads. */
async function same(nft: Nft, netns: number): Promise<void> {
  const theirs = await json<Ruleset>(netns, "nft", "-j", "list", "ruleset");
  const tables = await nft.gettable.dump({ header }).all();
  agree(objectsOf(theirs, "table"), tables.map(tableAsNft));
  const chains = await nft.getchain.dump({ header }).all();
  agree(objectsOf(theirs, "chain"), chains.map(chainAsNft));
  const sets = await nft.getset.dump({ header }).all();
  agree(objectsOf(theirs, "set"), sets.map(setAsNft));
  agree(
    objectsOf(theirs, "set").map(({ elem }) => elem ?? []),
    await Promise.all(sets.map(({ name }) => portsIn(nft, name!))),
  );
  const rules = await nft.getrule.dump({ header }).all();
  agree(objectsOf(theirs, "rule"), rules.map(ruleAsNft));
  const debug = readDebug(await run(netns, "nft", "--debug=netlink", "list", "ruleset"));
  assert.deepEqual(debug, rulesAsDebug(rules));

  for (const table of tables) assert.deepEqual(await nft.gettable({ header, name: table.name! }), table);
  for (const chain of chains) assert.deepEqual(await nft.getchain({ ...ours, name: chain.name! }), chain);
  for (const set of sets) assert.deepEqual(await nft.getset({ ...ours, name: set.name! }), set);
  for (const { chain, handle, ...rest } of rules) {
    // One alone does not say which comes before it.
    const { position: _, ...alone } = rest;
    const { position: __, ...read } = await nft.getrule({ ...ours, chain: chain!, handle: handle! });
    assert.deepEqual(read, { ...alone, chain, handle });
  }
}

isolated("nftables: a transaction makes a table with all in it, and tells of each", needs, async (netns) => {
  await using nft = await open(nftables, { netns });
  using events = nft.subscribe("mgmt");
  await make(nft);
  await told(events, "newtable", ({ name }) => name === "t");
  const chain = await told(events, "newchain", ({ name }) => name === "in");
  assert.deepEqual(chain.hook, { num: LOCAL_IN, priority: -5 });
  await told(events, "newset", ({ name, keyLen }) => name === "ports" && keyLen === 2);
  // The kernel tells of each element by itself.
  const parts = await Promise.all([0, 1].map(() => told(events, "newsetelem", () => true)));
  const added = parts.flatMap(({ elements }) => elements?.elem ?? []).map(({ key }) => key?.value);
  assert.deepEqual(added, [service(23), service(2323)]);
  const { expressions } = await told(events, "newrule", ({ chain }) => chain === "in");
  assert.deepEqual(expressions?.elem?.map(({ name }) => name), [
    "meta",
    "cmp",
    "payload",
    "cmp",
    "counter",
    "immediate",
  ]);
  const generation = await told(events, "getgen", () => true);
  assert.deepEqual(generation, await nft.getgen());
  await same(nft, netns);
  assert.deepEqual(await portsIn(nft, "ports"), [23, 2323]);
});

isolated(
  "nftables: tables and chains are changed, and rules put before, behind and in place of others",
  needs,
  async (netns) => {
    await using nft = await open(nftables, { netns });
    await make(nft);
    const [old] = await nft.getrule.dump(ours).all();
    using events = nft.subscribe("mgmt");
    const { handle } = old!;

    await nft.batch((b) => b.newtable({ header, name: "t", flags: TableFlags.dormant }));
    const table = await told(events, "newtable", ({ name }) => name === "t");
    assert.equal(table.flags, TableFlags.dormant);
    assert.match(await run(netns, "nft", "list", "ruleset"), /^\tflags dormant$/m);
    await nft.batch((b) => {
      b.newtable({ header, name: "t", flags: 0 });
      b.newchain({ ...ours, name: "in", policy: VerdictCode.drop });
    });
    const chain = await told(events, "newchain", ({ name }) => name === "in");
    assert.equal(chain.policy, VerdictCode.drop);
    await same(nft, netns);

    await nft.batch((b) => {
      b.newrule({ ...rule({ name: "counter" }), position: handle! }, { create: true });
      b.newrule({ ...rule({ name: "counter" }), position: handle! }, add);
    });
    for (let left = 2; left > 0; left--) await told(events, "newrule", ({ chain }) => chain === "in");
    const three = await nft.getrule.dump(ours).all();
    assert.deepEqual(three.map((rule) => rule.handle === handle), [false, true, false]);
    await same(nft, netns);

    await nft.batch((b) =>
      b.newrule({ ...rule(verdict(VerdictCode.accept)), handle: handle! }, { replace: true })
    );
    await told(events, "delrule", (message) => message.handle === handle);
    await told(events, "newrule", ({ expressions }) => expressions?.elem?.[0]?.name === "immediate");
    const replaced = await nft.getrule.dump(ours).all();
    assert.deepEqual(replaced.map(({ expressions }) => expressions?.elem?.[0]?.name), [
      "counter",
      "immediate",
      "counter",
    ]);
    await same(nft, netns);
  },
);

isolated("nftables: elements, rules, sets, chains and tables are deleted, and told", needs, async (netns) => {
  await using nft = await open(nftables, { netns });
  await make(nft);
  using events = nft.subscribe("mgmt");
  const [{ handle } = { handle: 0n }] = await nft.getrule.dump(ours).all();

  await nft.batch((b) =>
    b.delsetelem({ ...ours, set: "ports", elements: { elem: [{ key: { value: service(23) } }] } })
  );
  const { elements } = await told(events, "delsetelem", () => true);
  assert.deepEqual(elements?.elem?.map(({ key }) => key?.value), [service(23)]);
  assert.deepEqual(await portsIn(nft, "ports"), [2323]);
  await same(nft, netns);

  await assert.rejects(nft.batch((b) => b.delchain({ ...ours, name: "more" })), { message: /EBUSY/ });
  await nft.batch((b) => {
    b.delrule({ ...ours, chain: "in", handle: handle! });
    b.delset({ ...ours, name: "ports" });
    b.delchain({ ...ours, name: "more" });
  });
  await told(events, "delrule", (message) => message.handle === handle);
  await told(events, "delset", ({ name }) => name === "ports");
  await told(events, "delchain", ({ name }) => name === "more");
  await same(nft, netns);

  await nft.batch((b) => b.deltable({ header, name: "t" }));
  await told(events, "deltable", ({ name }) => name === "t");
  await same(nft, netns);
  assert.deepEqual(await nft.gettable.dump().all(), []);
});

isolated(
  "nftables: a transaction that fails leaves nothing, and its generation is not counted",
  needs,
  async (netns) => {
    await using nft = await open(nftables, { netns });
    await make(nft);
    using events = nft.subscribe("mgmt");
    const before = await nft.getgen();
    const ruleset = await run(netns, "nft", "-a", "list", "ruleset");
    await assert.rejects(
      nft.batch((b) => {
        b.newtable({ header, name: "other" }, create);
        b.newset({ ...ours, name: "more-ports", keyType: INET_SERVICE, keyLen: 2, id: 1 }, create);
        b.delrule({ ...ours, chain: "in" });
        b.newrule(rule(verdict(VerdictCode.jump, "nowhere")), add);
        b.newchain({ ...ours, name: "in", type: "nat" }, create);
      }),
      (error: BatchError) => {
        const [jump, exists] = error.errors as readonly { code?: string; attribute?: string }[];
        assert.equal(error.errors.length, 2);
        assert.equal(jump?.code, "ENOENT");
        assert.equal(jump.attribute, ".expressions.elem[0]");
        assert.equal(exists?.code, "EEXIST");
        return true;
      },
    );
    assert.equal(await run(netns, "nft", "-a", "list", "ruleset"), ruleset);
    assert.deepEqual(await nft.getgen(), before);
    // What comes next is the first that is told.
    await nft.batch((b) => b.newtable({ header, name: "next" }, create));
    const { value } = await events.next();
    assert(value?.name === "newtable" && value.message.name === "next");
  },
);

isolated("nftables: each transaction is a generation, told with who made it", needs, async (netns) => {
  await using nft = await open(nftables, { netns });
  using events = nft.subscribe("mgmt");
  const { id: start } = await nft.getgen();
  for (const number of [1, 2, 3]) {
    await nft.batch((b) => {
      b.newtable({ header, name: `t${number}` }, create);
      b.newtable({ header, name: `u${number}` }, create);
    });
    const generation = await told(events, "getgen", () => true);
    assert.equal(generation.id, start! + number);
    // The kernel tells the thread.
    assert(Deno.statSync(`/proc/self/task/${generation.procPid}`).isDirectory);
    assert.deepEqual(await nft.getgen(), generation);
    const { header: { resId } } = (await nft.gettable.dump({ header }).all())[0]!;
    assert.equal(resId, generation.id! & 0xffff);
  }
  await run(netns, "nft", "add table inet by-nft");
  const { procName } = await told(events, "getgen", ({ id }) => id === start! + 4);
  assert.equal(procName, "nft");
});

isolated("nftables: what nft makes is read as nft reads it", needs, async (netns) => {
  await using nft = await open(nftables, { netns });
  await run(
    netns,
    "nft",
    `table inet t {
      quota q { over 25 mbytes
      }
      counter c { packets 3 bytes 4
      }
      set names { type ipv4_addr
        size 10
      }
      chain x {
        fib saddr oif "lo"
        quota name q
        tcp dport != 17 counter
        ip ttl set 5 comment "mine"
      }
      chain y { type filter hook input priority 300
        tcp dport != 3-5
        ip protocol 6 reject with tcp reset
        counter name c
        quota 5 mbytes
        meta mark set 5
        ct state established accept
        log prefix "a" level info goto x
      }
    }`,
  );
  await same(nft, netns);
  const theirs = await json<Ruleset>(netns, "nft", "-j", "list", "ruleset");
  const objects = await nft.getobj.dump({ header, table: "t" }).all();
  assert.equal(objects.length, 2);
  for (const object of objects) {
    const { table, name, handle } = object;
    const common = { family: "inet", table, name, handle: Number(handle) };
    if (object.type === ObjectType.counter) {
      const { packets, bytes } = object.data as CounterAttrs;
      agree(objectsOf(theirs, "counter"), [{ ...common, packets: Number(packets), bytes: Number(bytes) }]);
    } else {
      assert(object.type === ObjectType.quota);
      const { bytes, consumed, flags } = object.data as QuotaAttrs;
      const table = {
        ...common,
        bytes: Number(bytes),
        used: Number(consumed),
        inv: flags === 1 ? true : undefined,
      };
      agree(objectsOf(theirs, "quota"), [table]);
    }
    assert.deepEqual(await nft.getobj({ ...ours, name: name!, type: object.type } as never), object);
  }
});

isolated("nftables: the counter of a rule counts packets, and starts again when it is reset", [
  ...needs,
  lacksTool("bash"),
  lacksTool("ip"),
], async (netns) => {
  await using nft = await open(nftables, { netns });
  await run(netns, "ip", "link", "set", "lo", "up");
  await nft.batch((b) => {
    b.newtable({ header, name: "t" }, create);
    b.newchain({ ...ours, name: "in", type: "filter", hook: { num: LOCAL_IN, priority: 0 } }, create);
    const [, , port] = tcpPort;
    b.newrule(rule(port!, equals(0, 9), { name: "counter", data: {} }, verdict(VerdictCode.drop)), add);
  });
  await run(netns, "bash", "-c", "for i in 1 2 3; do echo -n text > /dev/udp/127.0.0.1/9; done");
  const [read] = await nft.getrule.dump(ours).all();
  const counted = (one: typeof read) => one?.expressions?.elem?.find(({ name }) => name === "counter")?.data;
  // Three times the headers of IPv4 and UDP, and the text.
  assert.deepEqual(counted(read), { bytes: 96n, packets: 3n });
  await same(nft, netns);
  const { chain, handle } = read!;
  assert.deepEqual(
    counted(await nft.getruleReset({ ...ours, chain: chain!, handle: handle! })),
    counted(read),
  );
  assert.deepEqual(counted((await nft.getrule.dump(ours).all())[0]), { bytes: 0n, packets: 0n });
});

isolated(
  "nftables: a rule looks up in a set, by name or by the number that its transaction gave it",
  needs,
  async (netns) => {
    await using nft = await open(nftables, { netns });
    await make(nft);
    const anonymous = "__set%d";
    await nft.batch((b) => {
      b.newrule(
        rule(...tcpPort, { name: "lookup", data: { set: "ports", sreg: 1, flags: LookupFlags.invert } }),
        add,
      );
      const flags = SetFlags.anonymous | SetFlags.constant;
      b.newset({ ...ours, name: anonymous, flags, keyType: INET_SERVICE, keyLen: 2, id: 2 }, create);
      b.newsetelem({
        ...ours,
        set: anonymous,
        setId: 2,
        elements: { elem: [{ key: { value: service(9) } }] },
      }, create);
      b.newrule(rule(...tcpPort, { name: "lookup", data: { set: anonymous, setId: 2, sreg: 1 } }), add);
    });
    const rules = await nft.getrule.dump(ours).all();
    assert.deepEqual(
      readDebug(await run(netns, "nft", "--debug=netlink", "list", "ruleset")),
      rulesAsDebug(rules),
    );
    const lookups = rules.flatMap(({ expressions }) => expressions?.elem ?? []).filter(({ name }) =>
      name === "lookup"
    );
    assert.deepEqual(lookups.map(({ data }) => data), [
      { set: "ports", sreg: 1, flags: LookupFlags.invert },
      { set: "__set0", sreg: 1, flags: 0 },
    ]);
    assert.deepEqual(await portsIn(nft, "__set0"), [9]);
  },
);

isolated(
  "nftables: timeouts of a set and its elements are milliseconds in network order",
  needs,
  async (netns) => {
    await using nft = await open(nftables, { netns });
    await nft.batch((b) => {
      b.newtable({ header, name: "t" }, create);
      const times = { flags: SetFlags.timeout, timeout: 3_600_000, gcInterval: 5000 };
      b.newset({ ...ours, name: "s", keyType: INET_SERVICE, keyLen: 2, id: 1, ...times }, create);
      const elem = [{ key: { value: service(1) }, timeout: 1_800_000 }, { key: { value: service(2) } }];
      b.newsetelem({ ...ours, set: "s", elements: { elem } }, create);
    });
    const [theirs] = objectsOf(await json<Ruleset>(netns, "nft", "-j", "list", "ruleset"), "set");
    const set = await nft.getset({ ...ours, name: "s" });
    agree(theirs, { timeout: Number(set.timeout) / 1000, "gc-interval": set.gcInterval! / 1000 });
    assert.deepEqual([set.timeout, set.gcInterval], [3_600_000n, 5000]);
    const parts = await nft.getsetelem.dump({ ...ours, set: "s" }).all();
    const elements = parts.flatMap(({ elements }) => elements?.elem ?? []);
    const one = elements.find(({ key }) => key?.value?.[1] === 1);
    const listed = (theirs!.elem as { elem?: { val: number; timeout?: number } }[]).map(({ elem }) => elem);
    assert.equal(one?.timeout, 1_800_000n);
    agree(listed.find((elem) => elem?.val === 1), { timeout: Number(one.timeout) / 1000 });
    for (const { expiration, timeout = 3_600_000n } of elements) {
      assert(expiration! > 0n && expiration! <= timeout, `${expiration} of ${timeout} ms`);
    }
  },
);

isolated(
  "nftables: all fields of a concatenation, both ends of its ranges and references to objects are read",
  needs,
  async (netns) => {
    await using nft = await open(nftables, { netns });
    await nft.batch((b) => {
      b.newtable({ header, name: "t" }, create);
      b.newobj({ ...ours, name: "c", type: ObjectType.counter, data: { packets: 3, bytes: 4 } }, create);
      const desc = { size: 10, concat: { elem: [{ len: 4 }, { len: 2 }] } };
      const flags = SetFlags.interval | SetFlags.concat | SetFlags.object;
      const types = { keyType: 7 << 6 | INET_SERVICE, keyLen: 8, objType: ObjectType.counter };
      b.newset({ ...ours, name: "m", flags, ...types, desc, id: 1 }, create);
      const key = { value: Uint8Array.of(10, 0, 0, 0, 0, 1, 0, 0) };
      const keyEnd = { value: Uint8Array.of(10, 255, 255, 255, 0, 5, 0, 0) };
      b.newsetelem({ ...ours, set: "m", elements: { elem: [{ key, keyEnd, objref: "c" }] } }, create);
    });
    const [theirs] = objectsOf(await json<Ruleset>(netns, "nft", "-j", "list", "ruleset"), "map");
    const set = await nft.getset({ ...ours, name: "m" });
    agree(theirs, { ...setAsNft(set), map: "counter", flags: ["interval"] });
    assert.deepEqual(set.desc?.concat?.elem, [{ len: 4 }, { len: 2 }]);
    const [part] = await nft.getsetelem.dump({ ...ours, set: "m" }).all();
    const [element] = part?.elements?.elem ?? [];
    const low = element!.key!.value!, high = element!.keyEnd!.value!;
    const prefix = { addr: low.subarray(0, 4).join("."), len: 8 };
    const range = [low, high].map((bytes) => bytes[4]! << 8 | bytes[5]!);
    agree(theirs!.elem, [[{ concat: [{ prefix }, { range }] }, element!.objref]]);
  },
);

isolated(
  "nftables: numbers of chains in a transaction, and flags of a chain, are what the kernel takes them for",
  needs,
  async (netns) => {
    await using nft = await open(nftables, { netns });
    await nft.batch((b) => {
      b.newtable({ header, name: "t" }, create);
      b.newchain({ ...ours, name: "in", type: "filter", hook: { num: LOCAL_IN, priority: 0 } }, create);
      // A chain without a name, which is a rule's own.
      b.newchain({ ...ours, flags: ChainFlags.binding, id: 7 }, create);
      const numgen: Input<ExprAttrs> = {
        name: "numgen",
        data: { dreg: 1, modulus: 3, type: NumgenTypes.random },
      };
      b.newrule({ ...ours, chainId: 7, expressions: { elem: [numgen] } }, add);
      const code = VerdictCode.jump;
      b.newrule(rule({ name: "immediate", data: { dreg: 0, data: { verdict: { code, chainId: 7 } } } }), add);
    });
    const rules = await nft.getrule.dump({ header }).all();
    const own = rules.find(({ chain }) => chain !== "in");
    assert.deepEqual(own?.expressions?.elem, [
      { name: "numgen", data: { dreg: 1, modulus: 3, type: NumgenTypes.random, offset: 0 } },
    ]);
    const chain = await nft.getchain({ ...ours, name: own.chain! });
    assert.equal(chain.flags, ChainFlags.binding);
    const text = await run(netns, "nft", "--debug=netlink", "list", "ruleset");
    assert.deepEqual(readDebug(text), rulesAsDebug(rules));
  },
);
