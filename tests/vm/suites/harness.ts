import type { Suite } from "../suite.ts";

/** How a suite can be broken, and what must be told of it then. */
const broken: readonly { way: string; limit: number; fails: readonly RegExp[] }[] = [
  { way: "hang", limit: 20, fails: [/ did not end within 20 s$/, / 1 results of 0 planned tests$/] },
  {
    way: "crash",
    limit: 120,
    fails: [/ the machine ended without a result$/, / 1 results of 0 planned/, / kernel: .*sysrq.*crash/i],
  },
  { way: "warning", limit: 120, fails: [/ kernel: .*WARNING: net\/core\/dev\.c:12 at/] },
  { way: "failing", limit: 120, fails: [/^a test that fails$/] },
  { way: "silent", limit: 120, fails: [/ told no result$/] },
];

/** Suites that are broken, each in another way: the test bed must not miss it. */
export const harness: readonly Suite[] = broken.map(({ way, limit, fails }) => ({
  name: `harness/${way}`,
  about: `the test bed itself: a suite that is broken, by ${way}, is found to be so`,
  script: "harness.sh",
  tests: [],
  prepare: (payload) => Deno.writeTextFile(`${payload}/case`, way),
  fails,
  limit,
}));
