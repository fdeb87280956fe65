/** The words of ip for numbers of linux/rtnetlink.h. */

/** RT_SCOPE_*. */
export const SCOPES: Readonly<Record<number, string>> = {
  0: "global",
  200: "site",
  253: "link",
  254: "host",
};
/** RT_TABLE_*. Other tables are told by number. */
export const TABLES: Readonly<Record<number, string>> = { 253: "default", 254: "main", 255: "local" };
/** RTPROT_*. */
export const PROTOCOLS: Readonly<Record<number, string>> = {
  0: "unspec",
  2: "kernel",
  3: "boot",
  4: "static",
  9: "ra",
};
