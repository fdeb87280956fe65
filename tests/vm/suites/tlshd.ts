import { makePki } from "../pki.ts";
import type { Suite } from "../suite.ts";

const oracle = { tests: [], oracle: true, prepare: makePki, limit: 300 } as const;

/** The NVMe suite with the kernel's C agent at both ends: shows that the suite's own script works. */
export const nvmeTlshd: Suite = {
  name: "nvme-tlshd",
  about: "NVMe/TCP over TLS, both ends served by tlshd of ktls-utils",
  script: "nvme-tlshd.sh",
  ...oracle,
};

/** The NFS suite with the kernel's C agent at both ends: shows that the suite's own script works. */
export const nfsTlshd: Suite = {
  name: "nfs-tlshd",
  about: "NFS over TLS, both ends served by tlshd of ktls-utils",
  script: "nfs-tlshd.sh",
  ...oracle,
};
