/** All suites, in the order in which they run. @module */
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

/** All suites, in the order in which they run. */
export const suites: readonly Suite[] = [
  ...harness,
  netlink,
  ktls,
  keyupdate,
  daemon,
  nvme,
  nfs,
  limits,
  gibibyte,
  ...withTlshd,
];
