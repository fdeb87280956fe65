import type { Suite } from "../suite.ts";

/** Kernel TLS by way of our runtime, with peers that are not the kernel's. */
export const ktls: Suite = {
  name: "ktls",
  about: "kernel TLS: KeyUpdates both ways with OpenSSL and with peers that misbehave, and a gibibyte",
  script: "ktls.sh",
  tests: [
    ..."socket rogue rekey openssl tcp".split(" ").map((name) => `tests/ktls/${name}_test.ts`),
    "tests/vm/ktls_test.ts",
  ],
  mayIgnore: /\(ignored: this kernel has it\)/,
  limit: 900,
};
