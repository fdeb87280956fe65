import type { Suite } from "../suite.ts";

/** Load, loss and company. */
export const limits: Suite = {
  name: "limits",
  about: "a thousand requests at once, lost events, two agents, two network namespaces, ordinary users",
  script: "limits.sh",
  tests: [],
  modules: ["cli/tlshd.ts", "tests/vm/flood.ts"],
  limit: 1500,
};
