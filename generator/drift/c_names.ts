/** Names of structs in C, where a spec does not tell them. @module */

/** Structs that have another name in C. */
const STRUCTS: { readonly [name: string]: string } = {
  // linux/netfilter/nf_conntrack_tcp.h: the spec describes its two members as flags and a mask.
  "nf-ct-tcp-flags-mask": "nf_ct_tcp_flags",
  // linux/nl80211.h
  "sta-flag-update": "nl80211_sta_flag_update",
};

/** Names that a struct of a spec may have in C, the likeliest first. */
export function cStructNames(struct: string): string[] {
  const known = STRUCTS[struct];
  return known === undefined ? [struct.replaceAll("-", "_")] : [known];
}

/** Whether a member of a spec and one of C go by the same name: C's may have a prefix. */
export function sameMember(spec: string, c: string): boolean {
  const name = spec.replaceAll("-", "_");
  return c === name || c.endsWith(`_${name}`);
}
