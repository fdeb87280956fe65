/** All suites. @module */
import type { Suite } from "../suite.ts";
import { daemon } from "./daemon.ts";
import { harness } from "./harness.ts";
import { keyupdate } from "./keyupdate.ts";
import { gibibyte, ktls } from "./ktls.ts";
import { limits } from "./limits.ts";
import { netlink } from "./netlink.ts";
import { nfs } from "./nfs.ts";
import { nvme } from "./nvme.ts";
import { withTlshd } from "./tlshd.ts";

/** All suites. Long ones are first, so that two at a time end together. */
export const suites: readonly Suite[] = [
  nfs,
  netlink,
  ktls,
  nvme,
  keyupdate,
  limits,
  daemon,
  ...harness,
  gibibyte,
  ...withTlshd,
];
