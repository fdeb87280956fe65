import type { Suite } from "../suite.ts";

/** NVMe/TCP over TLS with our agent. */
export const nvme: Suite = {
  name: "nvme",
  about: "NVMe/TCP over TLS, target and host served by tynl tlshd",
  script: "nvme.sh",
  tests: [],
  modules: ["cli/tlshd.ts"],
  limit: 1500,
};
