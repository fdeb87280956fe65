import type { Suite } from "../suite.ts";

/** What the daemon does beside handshakes, on a real kernel. */
export const daemon: Suite = {
  name: "daemon",
  about: "tynl tlshd: --check, --status, signals, and few capabilities",
  script: "daemon.sh",
  tests: [],
  modules: ["cli/tlshd.ts"],
  limit: 600,
};
