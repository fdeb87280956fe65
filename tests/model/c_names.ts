/**
 * What the kernel's headers call the structs and members of the specs, where it is not the spec's name with
 * underscores.
 *
 * @module
 */

/** Structs that have another name in C. */
const STRUCTS: { readonly [name: string]: string } = {
  // linux/netfilter/nf_conntrack_tcp.h: the spec describes its two members as a flags and a mask.
  "nf-ct-tcp-flags-mask": "nf_ct_tcp_flags",
  // linux/nl80211.h
  "sta-flag-update": "nl80211_sta_flag_update",
};

/** Name of a struct in C. */
export function cName(struct: string): string {
  return STRUCTS[struct] ?? struct.replaceAll("-", "_");
}

/** Prefixes of C members that a spec leaves out. */
const PREFIXES: { readonly [struct: string]: string } = {
  "rtgenmsg": "rtgen_",
  "ndtmsg": "ndtm_",
  "nda-cacheinfo": "ndm_",
  "ndt-config": "ndtc_",
  "ndt-stats": "ndts_",
  "tcmsg": "tcm_",
  "--kernel-timespec": "tv_",
};

/** Members that the spec names otherwise than C. */
const MEMBERS: { readonly [struct: string]: { readonly [member: string]: string } } = {
  // The spec says what the pad is for.
  "ovs-dp-megaflow-stats": { "padding": "pad0" },
  "tc-dualpi2-xstats": {
    "pkts-in-c": "packets_in_c",
    "pkts-in-l": "packets_in_l",
    "step-mark": "step_marks",
  },
};

/** Name of a member in C. */
export function cMember(struct: string, member: string): string {
  return MEMBERS[struct]?.[member] ?? `${PREFIXES[struct] ?? ""}${member.replaceAll("-", "_")}`;
}

/**
 * Structs that C has as a union, and whose members the spec takes from one of its arms: `tc_fq_codel_xstats` has the
 * statistics of the qdisc or, with a shorter struct, those of a class.
 */
export const ARMS: { readonly [struct: string]: { readonly member: string; readonly struct: string } } = {
  "tc-fq-codel-xstats": { member: "qdisc_stats", struct: "tc_fq_codel_qd_stats" },
};
