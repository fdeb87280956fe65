import { makePki } from "../pki.ts";
import type { Suite } from "../suite.ts";

const oracle = { tests: [], oracle: true, prepare: makePki, limit: 1200 } as const;

/** The NVMe and NFS suites with the kernel's C agent at both ends, or at one of them. */
export const withTlshd: readonly Suite[] = [
  {
    name: "nvme-tlshd",
    about: "NVMe/TCP over TLS, both ends served by tlshd of ktls-utils: shows that the suite itself is right",
    script: "nvme-tlshd.sh",
    ...oracle,
  },
  {
    name: "nfs-tlshd",
    about: "NFS over TLS, both ends served by tlshd of ktls-utils: shows that the suite itself is right",
    script: "nfs-tlshd.sh",
    ...oracle,
  },
  {
    name: "mixed-nvme",
    about: "NVMe/TCP over TLS, tynl at one end and tlshd at the other, both ways",
    script: "mixed-nvme.sh",
    modules: ["cli/tlshd.ts"],
    ...oracle,
  },
  {
    name: "mixed-nfs",
    about: "NFS over TLS, tynl at one end and tlshd at the other, both ways",
    script: "mixed-nfs.sh",
    modules: ["cli/tlshd.ts"],
    ...oracle,
  },
];
