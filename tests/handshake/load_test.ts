/** Many handshakes at once, in a process of their own: see load_process.ts. TYNL_SEED sets another seed. */
import assert from "node:assert/strict";

const seed = Deno.env.get("TYNL_SEED") ?? "20260304";

Deno.test("1,000 handshakes, 64 at once, with dead peers and consumers that give up, leave nothing behind", async () => {
  const script = new URL("load_process.ts", import.meta.url).pathname;
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script, "1000", "64", seed],
    stdin: "null",
  }).output();
  assert.equal(code, 0, `seed ${seed}: ${new TextDecoder().decode(stderr)}`);
});
