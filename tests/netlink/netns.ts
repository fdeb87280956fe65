/** A network namespace for one test, kept by a process that does nothing else. */

/** Whether this process may make one. */
export const namespacesAllowed: boolean = Deno.build.os === "linux" &&
  (await new Deno.Command("unshare", { args: ["-n", "true"], stderr: "null" }).output().catch(() => ({
    success: false,
  }))).success;

/** Runs a test with the id of a process that is alone in a new network namespace, which goes with it. */
export async function withNamespace(test: (pid: number) => Promise<void>): Promise<void> {
  const keeper = new Deno.Command("unshare", {
    args: ["-n", "sh", "-c", "echo ready; exec cat"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const output = keeper.stdout.getReader();
  try {
    await output.read();
    await test(keeper.pid);
  } finally {
    await keeper.stdin.close();
    await output.cancel();
    await keeper.status;
  }
}
