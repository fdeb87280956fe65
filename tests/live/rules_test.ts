// Routing policy rules: added, read and deleted, compared with what ip-rule(8) tells of them.
import assert from "node:assert/strict";
import { type Client, type Input, open } from "../../mod.ts";
import {
  type FibRuleAttrs,
  type FibRuleHdr,
  FrAct,
  rtRule,
  type RtRuleEvents,
  type RtRuleGroup,
  type RtRuleOperations,
} from "../../generated/rt-rule/mod.ts";
import { create, isolated, told } from "./helpers.ts";
import { PROTOCOLS, TABLES } from "./ip_words.ts";
import { agree, json, lacksTool } from "./tools.ts";

type Rules = Client<RtRuleOperations, RtRuleGroup, RtRuleEvents>;
type Rule = { header: FibRuleHdr } & FibRuleAttrs;
type Request = { header: Input<FibRuleHdr> } & FibRuleAttrs;

const AF_INET = 2, AF_INET6 = 10;
/** FIB_RULE_* (linux/fib_rules.h), IPPROTO_TCP, and RTPROT_STATIC (linux/rtnetlink.h). */
const INVERT = 2, IIF_DETACHED = 8, OIF_DETACHED = 16, TCP = 6, STATIC = 4;
const NONE = 0xffffffff;

const present = (set: boolean) => set ? null : undefined;
const hex = (value: number | undefined) => value === undefined ? undefined : `0x${value.toString(16)}`;

/** An address, and in a member of its own how many of its bits count, if not all do. */
function prefix(family: number, name: string, address: string | undefined, length: number): object {
  const whole = length === (family === AF_INET ? 32 : 128);
  return { [name]: address, [`${name}len`]: address === undefined || whole ? undefined : length };
}

/** A port, or its range in two members. */
function ports(name: string, range: FibRuleAttrs["sportRange"]): object {
  if (range === undefined) return { [name]: undefined, [`${name}_start`]: undefined };
  const { start, end } = range;
  return start === end ? { [name]: start } : { [`${name}_start`]: start, [`${name}_end`]: end };
}

/** What `ip -j -d rule show` has to print of a rule. */
function ruleAsIp(rule: Rule): unknown {
  const { header, flow, fwmask, uidRange, suppressPrefixlen, tunId } = rule;
  const lookup = header.action === FrAct.toTbl;
  const refusals: Record<number, string> = { 6: "blackhole", 7: "unreachable", 8: "prohibit" };
  return {
    priority: rule.priority ?? 0,
    not: present((header.flags & INVERT) !== 0),
    ...prefix(header.family, "src", rule.src ?? "all", rule.src === undefined ? 0 : header.srcLen),
    ...(rule.src === undefined ? { srclen: undefined } : {}),
    ...prefix(header.family, "dst", rule.dst, header.dstLen),
    tos: header.tos === 0 ? undefined : `0x${header.tos.toString(16).padStart(2, "0")}`,
    fwmark: hex(rule.fwmark),
    fwmask: fwmask === NONE || rule.fwmark === undefined ? undefined : hex(fwmask),
    iif: rule.iifname,
    iif_detached: present((header.flags & IIF_DETACHED) !== 0),
    oif: rule.oifname,
    oif_detached: present((header.flags & OIF_DETACHED) !== 0),
    l3mdev: present(rule.l3mdev === 1),
    uid_start: uidRange?.start,
    uid_end: uidRange?.end,
    ipproto: rule.ipProto === undefined ? undefined : { [TCP]: "tcp" }[rule.ipProto],
    ...ports("sport", rule.sportRange),
    ...ports("dport", rule.dportRange),
    tun_id: tunId === undefined ? undefined : Number(tunId),
    table: lookup && rule.l3mdev !== 1 ? TABLES[rule.table!] ?? `${rule.table}` : undefined,
    suppress_prefixlen: suppressPrefixlen === NONE ? undefined : suppressPrefixlen,
    suppress_ifgroup: rule.suppressIfgroup === undefined ? undefined : `${rule.suppressIfgroup}`,
    flow_from: flow === undefined ? undefined : `${flow >>> 16}`,
    flow_to: flow === undefined ? undefined : `${flow & 0xffff}`,
    goto: rule.goto,
    nop: present(header.action === FrAct.nop),
    action: refusals[header.action],
    protocol: PROTOCOLS[rule.protocol!],
  };
}

/** Compares all rules of a family with ours, and gives ours. */
async function agreeWithIp(rt: Rules, netns: number, family: number): Promise<Rule[]> {
  const ours: Rule[] = await rt.getrule.dump({ header: { family } }).all();
  const theirs = await json<unknown[]>(
    netns,
    "ip",
    family === AF_INET ? "-4" : "-6",
    "-j",
    "-d",
    "rule",
    "show",
  );
  assert(ours.length > 1);
  agree(theirs, ours.map(ruleAsIp), "rules");
  return ours;
}

const v4 = { family: AF_INET, action: FrAct.toTbl };
const v6 = { family: AF_INET6, action: FrAct.toTbl };

for (
  const { what, group, rules } of [
    {
      what: "an IPv4 rule with every selector",
      group: "rtnlgrp-ipv4-rule",
      rules: [{
        header: { ...v4, srcLen: 8, dstLen: 32, tos: 8 },
        priority: 4,
        src: "10.0.0.0",
        dst: "11.0.0.1",
        fwmark: 7,
        fwmask: 0xff,
        iifname: "lo",
        oifname: "v0",
        uidRange: { start: 1, end: 2 },
        ipProto: TCP,
        sportRange: { start: 1, end: 5 },
        dportRange: { start: 80, end: 80 },
        table: 1000,
        suppressPrefixlen: 3,
        suppressIfgroup: 5,
        flow: 3 << 16 | 4,
        protocol: STATIC,
      }],
    },
    {
      what: "an IPv4 rule for a tunnel's id",
      group: "rtnlgrp-ipv4-rule",
      rules: [{ header: v4, priority: 5, tunId: 0x12345678n, table: 254 }],
    },
    {
      what: "IPv4 rules that jump, refuse, do nothing and match what does not",
      group: "rtnlgrp-ipv4-rule",
      rules: [
        { header: { family: AF_INET, action: FrAct.goto }, priority: 6, goto: 32766 },
        {
          header: { family: AF_INET, action: FrAct.unreachable, flags: INVERT, srcLen: 32 },
          priority: 7,
          src: "192.0.2.1",
        },
        { header: { family: AF_INET, action: FrAct.nop }, priority: 8 },
        { header: { ...v4 }, priority: 9, l3mdev: 1 },
      ],
    },
    {
      what: "an IPv6 rule",
      group: "rtnlgrp-ipv6-rule",
      rules: [{
        header: { ...v6, srcLen: 32, dstLen: 128 },
        priority: 9,
        src: "2001:db8::",
        dst: "2001:db8::1",
        table: 7,
      }],
    },
  ] satisfies { what: string; group: RtRuleGroup; rules: Request[] }[]
) {
  isolated(`${what}: added, read and deleted, and what ip says`, [lacksTool("ip")], async (netns) => {
    await using rt = await open(rtRule, { netns });
    using events = rt.subscribe(group);
    const { family } = rules[0]!.header;
    const before = await agreeWithIp(rt, netns, family);
    const added: Rule[] = [];
    for (const rule of rules) {
      await rt.newrule(rule, create);
      const event = await told(events, "newrule-ntf", ({ priority }) => priority === rule.priority);
      agree(event, rule);
      added.push(event);
      await assert.rejects(rt.newrule(rule, create), { code: "EEXIST" });
    }
    const isOurs = (rule: Rule) => rules.some(({ priority }) => priority === rule.priority);
    assert.deepEqual((await agreeWithIp(rt, netns, family)).filter(isOurs), added);
    for (const [index, rule] of rules.entries()) {
      await rt.delrule(rule);
      const event = await told(events, "delrule-ntf", () => true);
      assert.deepEqual(event, added[index]);
      await assert.rejects(rt.delrule(rule), { code: "ENOENT" });
    }
    assert.deepEqual(await agreeWithIp(rt, netns, family), before);
  });
}
