/** A bridge and its ports as ip-link(8) tells them: what `ip -j -d link` prints as info_data and info_slave_data. */
import assert from "node:assert/strict";
import type {
  IflaBridgeId,
  LinkinfoBridgeAttrs,
  LinkinfoBrportAttrs,
} from "../../generated/rt-link/messages.ts";

/** The words of ip for BR_STATE_* (linux/if_bridge.h), in their order there. */
const PORT_STATES = ["disabled", "listening", "learning", "forwarding", "blocking"];
/** Bits of multi_boolopt (BR_BOOLOPT_*, linux/if_bridge.h). */
const NO_LL_LEARN = 1, MCAST_VLAN_SNOOPING = 2;

/** A timer is in hundredths of a second. */
function seconds(timer: bigint | undefined): number | undefined {
  return timer === undefined ? undefined : Number(timer) / 100;
}

/** Priority and address, which it prints without leading zeros. */
function idAsIp(id: IflaBridgeId | undefined): string {
  assert(id);
  return `${id.prio.toString(16).padStart(4, "0")}.${id.addr.replaceAll(/\b0/g, "")}`;
}

/** A number in hexadecimal, but for 0. */
function maskAsIp(mask: number): string {
  return mask === 0 ? "0" : `0x${mask.toString(16)}`;
}

/** A number as JSON has it. */
function number(value: bigint | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}

/** A bridge, without the timer of its garbage collection, which never rests. */
export function bridgeAsIp(data: LinkinfoBridgeAttrs): Record<string, unknown> {
  const { groupFwdMask, multiBoolopt, vlanProtocol } = data;
  assert(groupFwdMask !== undefined && multiBoolopt);
  return {
    forward_delay: data.forwardDelay,
    hello_time: data.helloTime,
    max_age: data.maxAge,
    ageing_time: data.ageingTime,
    stp_state: data.stpState,
    priority: data.priority,
    vlan_filtering: data.vlanFiltering,
    vlan_protocol: vlanProtocol === undefined
      ? undefined
      : { 0x8100: "802.1Q", 0x88a8: "802.1ad" }[vlanProtocol],
    bridge_id: idAsIp(data.bridgeId),
    root_id: idAsIp(data.rootId),
    root_port: data.rootPort,
    root_path_cost: data.rootPathCost,
    topology_change: data.topologyChange,
    topology_change_detected: data.topologyChangeDetected,
    hello_timer: seconds(data.helloTimer),
    tcn_timer: seconds(data.tcnTimer),
    topology_change_timer: seconds(data.topologyChangeTimer),
    vlan_default_pvid: data.vlanDefaultPvid,
    vlan_stats_enabled: data.vlanStatsEnabled,
    vlan_stats_per_port: data.vlanStatsPerPort,
    group_fwd_mask: maskAsIp(groupFwdMask),
    group_addr: data.groupAddr,
    mcast_snooping: data.mcastSnooping,
    no_linklocal_learn: (multiBoolopt.optval & NO_LL_LEARN) === 0 ? 0 : 1,
    mcast_vlan_snooping: (multiBoolopt.optval & MCAST_VLAN_SNOOPING) === 0 ? 0 : 1,
    mcast_router: data.mcastRouter,
    mcast_query_use_ifaddr: data.mcastQueryUseIfaddr,
    mcast_querier: data.mcastQuerier,
    mcast_hash_elasticity: data.mcastHashElasticity,
    mcast_hash_max: data.mcastHashMax,
    mcast_last_member_cnt: data.mcastLastMemberCnt,
    mcast_startup_query_cnt: data.mcastStartupQueryCnt,
    mcast_last_member_intvl: number(data.mcastLastMemberIntvl),
    mcast_membership_intvl: number(data.mcastMembershipIntvl),
    mcast_querier_intvl: number(data.mcastQuerierIntvl),
    mcast_query_intvl: number(data.mcastQueryIntvl),
    mcast_query_response_intvl: number(data.mcastQueryResponseIntvl),
    mcast_startup_query_intvl: number(data.mcastStartupQueryIntvl),
    mcast_stats_enabled: data.mcastStatsEnabled,
    mcast_igmp_version: data.mcastIgmpVersion,
    mcast_mld_version: data.mcastMldVersion,
    nf_call_iptables: data.nfCallIptables,
    nf_call_ip6tables: data.nfCallIp6tables,
    nf_call_arptables: data.nfCallArptables,
  };
}

/** A port of a bridge. */
export function bridgePortAsIp(data: LinkinfoBrportAttrs): Record<string, unknown> {
  const { id, no, groupFwdMask } = data;
  assert(id !== undefined && no !== undefined && groupFwdMask !== undefined);
  const on = (value: number | undefined) => value === undefined ? undefined : value !== 0;
  return {
    state: PORT_STATES[data.state!],
    priority: data.priority,
    cost: data.cost,
    hairpin: on(data.mode),
    guard: on(data.guard),
    root_block: on(data.protect),
    fastleave: on(data.fastLeave),
    learning: on(data.learning),
    flood: on(data.unicastFlood),
    id: `0x${id.toString(16)}`,
    no: `0x${no.toString(16)}`,
    designated_port: data.designatedPort,
    designated_cost: data.designatedCost,
    bridge_id: idAsIp(data.bridgeId),
    root_id: idAsIp(data.rootId),
    hold_timer: seconds(data.holdTimer),
    message_age_timer: seconds(data.messageAgeTimer),
    forward_delay_timer: seconds(data.forwardDelayTimer),
    topology_change_ack: data.topologyChangeAck,
    config_pending: data.configPending,
    proxy_arp: on(data.proxyarp),
    proxy_arp_wifi: on(data.proxyarpWifi),
    multicast_router: data.multicastRouter,
    mcast_flood: on(data.mcastFlood),
    bcast_flood: on(data.bcastFlood),
    mcast_to_unicast: on(data.mcastToUcast),
    neigh_suppress: on(data.neighSuppress),
    group_fwd_mask: maskAsIp(groupFwdMask),
    group_fwd_mask_str: `0x${groupFwdMask.toString(16)}`,
    vlan_tunnel: on(data.vlanTunnel),
    isolated: on(data.isolated),
    locked: on(data.locked),
  };
}
