import assert from "node:assert/strict";

const root = new URL("../", import.meta.url).pathname;

function succeeds(command: string, ...args: string[]): boolean {
  try {
    return new Deno.Command(command, { args, stdin: "null", stdout: "null", stderr: "null" }).outputSync()
      .success;
  } catch {
    return false;
  }
}

/** A network namespace of its own: for root as it is, for others inside a user namespace where these are allowed. */
const namespace = [["-n"], ["-rn"]].find(([flag]) => succeeds("unshare", flag!, "true"));

async function output(file: string, inNamespace: boolean): Promise<string> {
  const run = [Deno.execPath(), "run", "--quiet", "--allow-ffi", `${root}examples/${file}`];
  const [command = "", ...args] = inNamespace ? ["unshare", ...namespace!, ...run] : run;
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args,
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  assert.equal(code, 0, text.decode(stderr));
  return text.decode(stdout);
}

/** 6.18.44 as 6.18, 6.1.0 as 6.01: in the order of versions. */
const release = Deno.osRelease().replace(
  /^(\d+)\.(\d+).*/,
  (_, major, minor) => `${major}.${minor.padStart(2, "0")}`,
);

for (
  const { file, device, since, needs, prints } of [
    { file: "list_links.ts", prints: /^1 lo \d+ 65536/m },
    { file: "ethtool_rings.ts", prints: /^(\S+: (rx \d+ of \d+, tx|channels \d+ combined).*\n)*$/ },
    { file: "netdev_queues.ts", since: 6.08, prints: /^device 1: rx queue 0, NAPI none$/m },
    { file: "add_veth.ts", device: "veth", prints: /^tynl0 192\.0\.2\.1\/24\n$/ },
    { file: "tc_mirror.ts", device: "ifb", prints: /^u32 \[ "mirred" \]\n$/ },
    {
      file: "nft_table.ts",
      needs: "nft add table inet probe",
      prints: /^tynl in: meta cmp payload cmp counter immediate\n$/,
    },
    {
      file: "wireguard.ts",
      device: "veth",
      prints:
        /^(WireGuard of this kernel|no WireGuard here: a fake kernel repeats what it is told)\nport 51820, 1 peer, allowed 192\.0\.2\.0\/24\n$/,
    },
    {
      file: "ktls_echo.ts",
      prints: /^before\nbetween\nafter\nTLS_AES_128_GCM_SHA256: 3 KeyUpdates sent, 2 received\n$/,
    },
    { file: "policy_explorer.ts", prints: /^header: nested\n {2}dev-index: u32 of 0\.\.4294967295\n/ },
  ]
) {
  const reason = since !== undefined && Number(release) < since
    ? `needs Linux ${since.toFixed(2).replace(".0", ".")}`
    : device === undefined && needs === undefined
    ? undefined
    : namespace === undefined
    ? "needs a network namespace"
    : succeeds("unshare", ...namespace, ...(needs ?? `ip link add probe0 type ${device}`).split(" "))
    ? undefined
    : needs === undefined
    ? `this kernel has no ${device} devices`
    : `\`${needs}\` fails here`;
  Deno.test({
    name: `live: examples/${file} runs${reason === undefined ? "" : ` (ignored: ${reason})`}`,
    ignore: reason !== undefined,
    fn: async () => {
      assert.match(await output(file, device !== undefined || needs !== undefined), prints);
    },
  });
}

Deno.test("every example is short enough to read in one go", () => {
  for (const { name } of Deno.readDirSync(`${root}examples`)) {
    const lines = Deno.readTextFileSync(`${root}examples/${name}`).split("\n").length - 1;
    assert(lines <= 40, `${name} has ${lines} lines`);
  }
});
