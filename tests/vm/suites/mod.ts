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
