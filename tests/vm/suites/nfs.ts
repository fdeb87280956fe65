import { makePki } from "../pki.ts";
import type { Suite } from "../suite.ts";

/** NFS over TLS with our agent. */
export const nfs: Suite = {
  name: "nfs",
  about: "NFS over TLS with certificates, server and client served by tynl tlshd",
  script: "nfs.sh",
  tests: [],
  modules: ["cli/tlshd.ts"],
  prepare: makePki,
  limit: 1500,
};
