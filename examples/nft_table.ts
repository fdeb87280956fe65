// A firewall made in one transaction, all of it or nothing: telnet is counted and dropped. Then what the kernel made of
// it. Needs CAP_NET_ADMIN; try it where it harms nobody:
//
//     unshare -rn deno run --allow-ffi examples/nft_table.ts
import { type Input, open } from "@tynl/tynl";
import { CmpOps, type ExprAttrs, MetaKeys, nftables, PayloadBase, VerdictCode } from "@tynl/tynl/nftables";

const NFPROTO_INET = 1, NF_INET_LOCAL_IN = 1, TCP = 6, TELNET = 23;
const header = { nfgenFamily: NFPROTO_INET };
const port = { base: PayloadBase.transportHeader, offset: 2, len: 2 };
const equals = (...bytes: number[]): Input<ExprAttrs> => (
  { name: "cmp", data: { sreg: 1, op: CmpOps.eq, data: { value: Uint8Array.from(bytes) } } }
);
// Load something into register 1, compare it, go on if it matches: a program of a rule.
const telnetIsDropped: Input<ExprAttrs>[] = [
  { name: "meta", data: { key: MetaKeys.l4Proto, dreg: 1 } },
  equals(TCP),
  { name: "payload", data: { ...port, dreg: 1 } },
  equals(0, TELNET),
  { name: "counter", data: { packets: 0, bytes: 0 } },
  { name: "immediate", data: { dreg: 0, data: { verdict: { code: VerdictCode.drop } } } },
];

await using nft = await open(nftables);
const create = { create: true, exclusive: true };
const input = { num: NF_INET_LOCAL_IN, priority: 0 };
await nft.batch((b) => {
  b.newtable({ header, name: "tynl" }, create);
  b.newchain({ header, table: "tynl", name: "in", type: "filter", hook: input }, create);
  const rule = { header, table: "tynl", chain: "in", expressions: { elem: telnetIsDropped } };
  b.newrule(rule, { create: true, append: true });
});
for await (const { table, chain, expressions } of nft.getrule.dump({ header, table: "tynl" })) {
  console.log(`${table} ${chain}:`, expressions?.elem?.map(({ name }) => name).join(" "));
}
await nft.batch((b) => b.deltable({ header, name: "tynl" }));
