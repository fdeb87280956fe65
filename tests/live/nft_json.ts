/** What nft(8) has to print for what we read: tables, chains, sets and rules in its JSON, expressions in its debug output. */
import assert from "node:assert/strict";
import {
  type ChainAttrs,
  CmpOps,
  CtKeys,
  type DataAttrs,
  type ExprAttrs,
  FibResult,
  MetaKeys,
  type Nfgenmsg,
  PayloadBase,
  RangeOps,
  type RuleAttrs,
  type SetAttrs,
  type TableAttrs,
  type VerdictAttrs,
  VerdictCode,
} from "../../generated/nftables/messages.ts";

/** What a read gives of an object: its attributes and the header with its family. */
type Read<T> = { header: Nfgenmsg } & T;

/** Families of tables (NFPROTO_* of linux/netfilter.h). */
const FAMILIES: Record<number, string> = { 1: "inet", 2: "ip", 10: "ip6" };
/** Hooks of the families above (NF_INET_* of linux/netfilter.h). */
const HOOKS = ["prerouting", "input", "forward", "output", "postrouting"];
/** Types of nft(8)'s own; the kernel keeps the numbers. A concatenation has six bits for each. */
const KEY_TYPES: Record<number, string> = { 7: "ipv4_addr", 13: "inet_service" };

const familyOf = (header: Nfgenmsg) => FAMILIES[header.nfgenFamily];
const nameIn = (names: object, value: number | undefined) =>
  Object.entries(names).find(([, number]) => number === value)?.[0].toLowerCase();

/** A table in `nft -j list ruleset`. */
export function tableAsNft({ header, name, handle }: Read<TableAttrs>): Record<string, unknown> {
  return { family: familyOf(header), name, handle: Number(handle) };
}

/** A chain in `nft -j list ruleset`. */
export function chainAsNft(chain: Read<ChainAttrs>): Record<string, unknown> {
  const { header, table, name, handle, type, hook, policy } = chain;
  return {
    family: familyOf(header),
    table,
    name,
    handle: Number(handle),
    type,
    hook: hook && HOOKS[hook.num!],
    prio: hook?.priority,
    policy: policy === undefined ? undefined : policy === VerdictCode.drop ? "drop" : "accept",
  };
}

/** A set in `nft -j list ruleset`, but for its elements. */
export function setAsNft(
  { header, table, name, handle, keyType, desc }: Read<SetAttrs>,
): Record<string, unknown> {
  const types = [12, 6, 0].map((shift) => keyType! >>> shift & 0x3f).filter((type) => type !== 0);
  const names = types.map((type) => KEY_TYPES[type]);
  return {
    family: familyOf(header),
    name,
    table,
    type: names.length === 1 ? names[0] : names,
    handle: Number(handle),
    size: desc?.size,
  };
}

/** A rule in `nft -j list ruleset`, but for its expressions. */
export function ruleAsNft({ header, table, chain, handle }: Read<RuleAttrs>): Record<string, unknown> {
  return { family: familyOf(header), table, chain, handle: Number(handle) };
}

/** Names of the objects in `nft -j list ruleset`. */
export type NftKind = "table" | "chain" | "set" | "map" | "rule" | "counter" | "quota";

/** The objects of a kind in what `nft -j list ruleset` prints. */
export function objectsOf<T = Record<string, unknown>>(
  ruleset: { nftables: Record<string, unknown>[] },
  kind: NftKind,
): T[] {
  return ruleset.nftables.flatMap((entry) => kind in entry ? [entry[kind] as T] : []);
}

/** Rules as `nft --debug=netlink list ruleset` has them: a line for the place of each, and one for each expression. */
export function rulesAsDebug(rules: readonly Read<RuleAttrs>[]): string[] {
  return rules.flatMap(({ header, table, chain, handle, position, expressions }) => [
    [familyOf(header), table, chain, handle, ...(position === undefined ? [] : [position])].join(" "),
    ...(expressions?.elem ?? []).map((expression) => `[ ${expressionText(expression)} ]`),
  ]);
}

/** The rules in what `nft --debug=netlink list ruleset` prints, as {@linkcode rulesAsDebug} has them. */
export function readDebug(text: string): string[] {
  const lines = text.slice(0, text.indexOf("\ntable ")).split("\n").map((line) => line.trim());
  return lines.filter((line) => /^\[ .* \]$|^\S+ \S+ \S+ \d+( \d+)?$/.test(line));
}

const BASES: Record<number, string> = {
  [PayloadBase.linkLayerHeader]: "link",
  [PayloadBase.networkHeader]: "network",
  [PayloadBase.transportHeader]: "transport",
};

/** An expression as libnftnl prints it. */
function expressionText({ name, data: members }: ExprAttrs): string {
  // Each arm reads the members of its own kind.
  // deno-lint-ignore no-explicit-any
  const data = members as any;
  switch (name) {
    case "meta":
      return data.dreg === undefined
        ? `meta set ${nameIn(MetaKeys, data.key)} with reg ${data.sreg}`
        : `meta load ${nameIn(MetaKeys, data.key)} => reg ${data.dreg}`;
    case "ct":
      return `ct load ${nameIn(CtKeys, data.key)} => reg ${data.dreg}`;
    case "fib":
      return `fib saddr ${nameIn(FibResult, data.result)} => reg ${data.dreg}`;
    case "payload": {
      const place = `${data.len}b @ ${BASES[data.base]} header + ${data.offset}`;
      return data.sreg === undefined
        ? `payload load ${place} => reg ${data.dreg}`
        : `payload write reg ${data.sreg} => ${place} csum_type ${data.csumType} csum_off ${data.csumOffset} ` +
          `csum_flags 0x${data.csumFlags.toString(16)}`;
    }
    case "cmp":
      return `cmp ${nameIn(CmpOps, data.op)} reg ${data.sreg} ${words(data.data)}`;
    case "range":
      return `range ${nameIn(RangeOps, data.op)} reg ${data.sreg} ${words(data.fromData)} ${
        words(data.toData)
      }`;
    case "bitwise":
      return `bitwise reg ${data.dreg} = ( reg ${data.sreg} & ${words(data.mask)} ) ^ ${words(data.xor)}`;
    case "lookup":
      return `lookup reg ${data.sreg} set ${data.set} 0x${data.flags.toString(16)}`;
    case "counter":
      return `counter pkts ${data.packets} bytes ${data.bytes}`;
    case "quota":
      return `quota bytes ${data.bytes} consumed ${data.consumed} flags ${data.flags}`;
    case "objref":
      return `objref type ${data.immType} name ${data.immName}`;
    case "numgen":
      return `numgen reg ${data.dreg} = ${["inc", "random"][data.type]} mod ${data.modulus}`;
    case "log":
      return `log prefix ${data.prefix} level ${data.level}`;
    case "reject":
      return `reject type ${data.type} code ${data.icmpCode ?? 0}`;
    case "immediate":
      return `immediate reg ${data.dreg} ${
        data.data.verdict ? verdict(data.data.verdict) : words(data.data)
      }`;
  }
  assert.fail(`no text for the expression ${name}`);
}

/** Data of a register in 32-bit words of this machine's byte order, the last of them filled up. */
function words({ value }: DataAttrs): string {
  const filled = new Uint8Array(Math.ceil(value!.length / 4) * 4);
  filled.set(value!);
  return [...new Uint32Array(filled.buffer)].map((word) => `0x${word.toString(16).padStart(8, "0")}`).join(
    " ",
  );
}

function verdict({ code, chain }: VerdictAttrs): string {
  return `${nameIn(VerdictCode, code)}${chain === undefined ? "" : ` -> ${chain}`}`;
}
