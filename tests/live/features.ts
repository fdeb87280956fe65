/** What the running kernel has to be able to do for a test, found out by doing it. */
import type { Lack } from "./helpers.ts";

/**
 * Whether the kernel lacks something: `needs cls_u32` if the shell script fails in a network namespace that is thrown
 * away. The script sets up what it asks for, such as a device.
 */
export function lacksFeature(what: string, script: string): Lack {
  const options = { stdin: "null", stdout: "null", stderr: "null" } as const;
  try {
    const args = ["-n", "sh", "-ec", script];
    if (new Deno.Command("unshare", { args, ...options }).outputSync().success) return undefined;
  } catch {
    // No unshare, so nothing to find out with.
  }
  return `needs ${what}`;
}
