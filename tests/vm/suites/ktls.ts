import type { Suite } from "../suite.ts";

/** Kernel TLS by way of our runtime, with peers that are not the kernel's. */
export const ktls: Suite = {
  name: "ktls",
  about: "kernel TLS: KeyUpdates both ways with OpenSSL and with peers that misbehave",
  script: "ktls.sh",
  tests: [
    ..."records random socket rogue rekey openssl tcp".split(" ").map((name) => `tests/ktls/${name}_test.ts`),
    "tests/vm/ktls_test.ts",
    // The machine's OpenSSL has what that of its host may lack.
    "tests/interop/mlkem_openssl_test.ts",
  ],
  mayIgnore: /\(ignored: this kernel has it\)/,
  limit: 1500,
};

/** A gibibyte, with which `ktls` would take too long. */
export const gibibyte: Suite = {
  name: "gibibyte",
  about: "a gibibyte through two hundred keys of kernel TLS",
  script: "ktls.sh",
  tests: ["tests/vm/gibibyte_test.ts"],
  long: true,
  limit: 2400,
};
