// Multipath TCP: limits and endpoints, set, read, changed and deleted, compared with what ip-mptcp(8) tells of them.
import assert from "node:assert/strict";
import { type Client, NetlinkError, open } from "../../mod.ts";
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from "../../runtime/wire/mod.ts";
import { type Address, mptcpPm, type MptcpPmOperations } from "../../generated/mptcp_pm/mod.ts";
import { rtAddr } from "../../generated/rt-addr/mod.ts";
import { setUp } from "./devices.ts";
import { create, isolated, lacksFamily } from "./helpers.ts";
import { agree, json, lacksTool, run } from "./tools.ts";

type Mptcp = Client<MptcpPmOperations>;

const AF_INET = 2, AF_INET6 = 10;
/** MPTCP_PM_ADDR_FLAG_* (linux/mptcp.h). */
const SIGNAL = 1, SUBFLOW = 2, BACKUP = 4, FULLMESH = 8;
const needs = [lacksTool("ip"), await lacksFamily(mptcpPm)];

/** An IPv4 address as the number that the spec has for it. */
function addr4(text: string): number {
  return new DataView(parseIpv4(text)!.buffer).getUint32(0);
}

/** What `ip -j mptcp endpoint show` has to print of an endpoint. */
function endpointAsIp(address: Address): unknown {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, address.addr4 ?? 0);
  const set = (flag: number) => (address.flags! & flag) !== 0 || undefined;
  return {
    address: address.addr6 === undefined ? formatIpv4(bytes, 0) : formatIpv6(address.addr6, 0),
    id: address.id,
    port: address.port || undefined,
    signal: set(SIGNAL),
    subflow: set(SUBFLOW),
    backup: set(BACKUP),
    fullmesh: set(FULLMESH),
    dev: address.ifIdx === undefined ? undefined : "lo",
  };
}

/** Compares all endpoints, from a dump and from a request for each, with what ip says; gives the ids. */
async function agreeWithIp(mptcp: Mptcp, netns: number): Promise<(number | undefined)[]> {
  const dumped = (await mptcp.getAddr.dump().all()).map(({ addr }) => addr!);
  const single = await Promise.all(dumped.map(({ id }) => mptcp.getAddr({ addr: { id } })));
  assert.deepEqual(single.map(({ addr }) => addr), dumped);
  const theirs = await json<unknown[]>(netns, "ip", "-j", "mptcp", "endpoint", "show");
  agree(theirs, dumped.map(endpointAsIp), "endpoints");
  return dumped.map(({ id }) => id);
}

/** Brings the loopback device up, with addresses of both families. */
async function prepare(netns: number): Promise<void> {
  await setUp(netns, 1);
  await using addresses = await open(rtAddr, { netns });
  const v4 = { ifaFamily: AF_INET, ifaPrefixlen: 32, ifaIndex: 1 };
  await addresses.newaddr({ header: v4, local: "192.0.2.1", address: "192.0.2.1" }, create);
  const v6 = { ifaFamily: AF_INET6, ifaPrefixlen: 128, ifaIndex: 1 };
  await addresses.newaddr({ header: v6, address: "2001:db8::1" }, create);
}

isolated("mptcp limits are set and read, and are what ip says", needs, async (netns) => {
  await using mptcp = await open(mptcpPm, { netns });
  const told = async () => (await run(netns, "ip", "mptcp", "limits", "show")).trim();
  const expected = async () => {
    const { rcvAddAddrs, subflows } = await mptcp.getLimits();
    return `add_addr_accepted ${rcvAddAddrs} subflows ${subflows}`;
  };
  assert.equal(await told(), await expected());
  await mptcp.setLimits({ rcvAddAddrs: 5, subflows: 7 });
  assert.deepEqual(await mptcp.getLimits(), { rcvAddAddrs: 5, subflows: 7 });
  assert.equal(await told(), "add_addr_accepted 5 subflows 7");
  await assert.rejects(mptcp.setLimits({ rcvAddAddrs: 99, subflows: 1 }), { code: "EINVAL" });
  assert.equal(await told(), await expected());
});

isolated("mptcp endpoints are added, changed and deleted, and are what ip says", needs, async (netns) => {
  await prepare(netns);
  await using mptcp = await open(mptcpPm, { netns });
  const v4 = { family: AF_INET, addr4: addr4("192.0.2.1") };
  const v6 = { family: AF_INET6, addr6: parseIpv6("2001:db8::1")! };
  assert.deepEqual(await agreeWithIp(mptcp, netns), []);
  await mptcp.addAddr({ addr: { ...v4, id: 7, flags: SUBFLOW, ifIdx: 1 } });
  await mptcp.addAddr({ addr: { ...v4, id: 8, port: 4433, flags: SIGNAL } });
  await mptcp.addAddr({ addr: { ...v6, id: 9, flags: SUBFLOW | FULLMESH } });
  assert.deepEqual(await agreeWithIp(mptcp, netns), [7, 8, 9]);
  agree((await mptcp.getAddr({ addr: { id: 8 } })).addr, { ...v4, id: 8, port: 4433, flags: SIGNAL });

  await mptcp.setFlags({ addr: { id: 7, flags: SUBFLOW | BACKUP } });
  assert.equal((await mptcp.getAddr({ addr: { id: 7 } })).addr?.flags, SUBFLOW | BACKUP);
  await agreeWithIp(mptcp, netns);
  await assert.rejects(mptcp.addAddr({ addr: { ...v4, id: 7, flags: SUBFLOW } }), NetlinkError);

  await mptcp.delAddr({ addr: { id: 8 } });
  assert.deepEqual(await agreeWithIp(mptcp, netns), [7, 9]);
  await assert.rejects(mptcp.getAddr({ addr: { id: 8 } }), { code: "EINVAL" });
  await mptcp.flushAddrs();
  assert.deepEqual(await agreeWithIp(mptcp, netns), []);
});
