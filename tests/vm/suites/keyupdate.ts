import type { Suite } from "../suite.ts";

/** The agent's KeyUpdates, which no released kernel asks for, on the kernel's TLS and keyrings. */
export const keyupdate: Suite = {
  name: "keyupdate",
  about: "KeyUpdates of kernel TLS by the agent, asked for by a fake kernel, with OpenSSL and tynl as peers",
  script: "keyupdate.sh",
  tests: ["tests/vm/keyupdate_test.ts"],
  modules: ["tests/vm/keyupdate_agent.ts"],
  limit: 1500,
};
