// What the running kernel refuses, and the words that it has for it.
import assert from "node:assert/strict";
import { open } from "../../mod.ts";
import { ethtool } from "../../generated/ethtool/mod.ts";
import { netdev } from "../../generated/netdev/mod.ts";
import { rtLink } from "../../generated/rt-link/mod.ts";
import { tc } from "../../generated/tc/mod.ts";
import { create, isolated, lacksFamily, live, refused } from "./helpers.ts";
import { lacksDevice, lacksTool } from "./tools.ts";

/** To be an ordinary user, root has to become one. */
const user = Deno.uid() === 0 ? lacksTool("setpriv") : undefined;
const ifb = lacksDevice("ifb");

isolated(
  "a refusal has the path into a sub-message of a list of a sub-message, and the limit",
  [ifb],
  async (netns) => {
    await using link = await open(rtLink, { netns });
    await link.newlink({ ifname: "tc", linkinfo: { kind: "ifb" } }, create);
    const ifindex = (await link.getlink({ ifname: "tc" })).header.ifiIndex;
    await using traffic = await open(tc, { netns });
    await traffic.newqdisc(
      { header: { ifindex, parent: 0xfffffff1, handle: 0xffff0000 }, kind: "ingress" },
      create,
    );
    const header = { ifindex, parent: 0xffff0000, info: 1 << 16 | 0x300 };
    const sel = { flags: 1, nkeys: 1, keys: [{}] };
    // TCA_MIRRED_PARMS, which takes 28 bytes.
    const options = { unknown: [{ type: 2, data: new Uint8Array(3) }] };
    await refused(
      traffic.newtfilter(
        { header, kind: "u32", options: { sel, act: [{ kind: "mirred", options }] } },
        create,
      ),
      { code: "ERANGE", attribute: ".options(u32).act[0].options(mirred).parms" },
    );
    const cookie = new Uint8Array(17);
    await refused(
      traffic.newtfilter(
        { header, kind: "u32", options: { sel, act: [{ kind: "mirred", cookie }] } },
        create,
      ),
      {
        code: "ERANGE",
        attribute: ".options(u32).act[0].cookie",
        policy: { type: "binary", maxLength: 16 },
        message: /the kernel takes binary of at most 16 bytes/,
      },
    );
  },
);

isolated("a refusal names what is missing, at the top and inside a nest of a list", [], async (netns) => {
  await using ether = await open(ethtool, { netns });
  await refused(ether.strsetGet({ header: { devIndex: 1 }, stringsets: { stringset: [{}] } }), {
    code: "EINVAL",
    missing: ".stringsets.stringset[0].id",
  });
  await refused(ether.linkinfoGet({}), { code: "EINVAL", missing: ".header" });
});

isolated(
  "a refusal tells the range that a number has to be in",
  [await lacksFamily(netdev)],
  async (netns) => {
    await using device = await open(netdev, { netns });
    await refused(device.queueGet({ ifindex: 1, id: 0, type: 7 }), {
      code: "ERANGE",
      attribute: ".type",
      policy: { type: "u32", min: 0n, max: 1n },
      message: /integer out of range \(attribute \.type; the kernel takes u32 of 0\.\.1\)$/,
    });
  },
);

/** What an ordinary user runs. Prints an error's name and code for each thing that is not allowed. */
const ORDINARY = `
import { open } from "${import.meta.resolve("../../mod.ts")}";
import { rtLink } from "${import.meta.resolve("../../generated/rt-link/mod.ts")}";
const told = async (attempt) => {
  try {
    await attempt();
    console.log("allowed");
  } catch (error) {
    console.log(error.name, error.code);
  }
};
const link = await open(rtLink);
const lo = await link.getlink({ ifname: "lo" });
console.log(Deno.uid(), lo.ifname);
await told(() => link.newlink({ header: { ifiIndex: 1, ifiFlags: 0, ifiChange: 0 }, mtu: lo.mtu }));
await told(() => open(rtLink, { netns: "/proc/self/ns/net" }));
await told(() => link.subscribe("rtnlgrp-link", { allNsid: true }));
const events = link.subscribe("rtnlgrp-link", { receiveBuffer: 1 << 30 });
link.close();
console.log((await events.next()).done);
`;

/** The command that runs another one as nobody, with what it needs to read this checkout, and nothing else. */
const AS_NOBODY = [
  "setpriv",
  "--reuid=65534",
  "--regid=65534",
  "--clear-groups",
  ...["--inh-caps", "--ambient-caps", "--bounding-set"].map((option) => `${option}=-all,+dac_read_search`),
];

live("an ordinary user reads, and is refused what belongs to root", [user], async () => {
  const folder = await Deno.makeTempDir();
  try {
    if (Deno.uid() === 0) await Deno.chown(folder, 65534, 65534);
    const run = [Deno.execPath(), "eval", "--quiet", ORDINARY];
    const [command = "", ...args] = Deno.uid() === 0 ? [...AS_NOBODY, ...run] : run;
    const { stdout, stderr } = await new Deno.Command(command, {
      args,
      env: { DENO_DIR: folder, NO_COLOR: "1" },
      stdin: "null",
    }).output();
    const text = new TextDecoder();
    assert.deepEqual(text.decode(stdout).split("\n"), [
      `${Deno.uid() === 0 ? 65534 : Deno.uid()} lo`,
      "NetlinkError EPERM",
      "SystemError EPERM",
      "SystemError EPERM",
      "true",
      "",
    ], text.decode(stderr));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
