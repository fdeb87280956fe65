/** Devices that live tests work with. */
import { open } from "../../mod.ts";
import { IfinfoFlags, rtLink } from "../../generated/rt-link/mod.ts";
import { create } from "./helpers.ts";

/** Sets devices up, by index. */
export async function setUp(netns: number, ...indices: number[]): Promise<void> {
  await using rt = await open(rtLink, { netns });
  for (const ifiIndex of indices) {
    await rt.newlink({ header: { ifiIndex, ifiFlags: IfinfoFlags.up, ifiChange: IfinfoFlags.up } });
  }
}

/** Makes a veth pair, both ends up; the one named `v0` with as many queues of either kind. Gives the indices of both. */
export async function vethPair(netns: number, queues = 1): Promise<{ index: number; peer: number }> {
  await using rt = await open(rtLink, { netns });
  const sizes = { numTxQueues: queues, numRxQueues: queues };
  await rt.newlink({ ifname: "v0", ...sizes, linkinfo: { kind: "veth" } }, create);
  const { header: { ifiIndex: index }, link } = await rt.getlink({ ifname: "v0" });
  await setUp(netns, index, link!);
  return { index, peer: link! };
}

/** Names of all devices of a namespace, by index. */
export async function deviceNames(netns: number): Promise<Map<number, string>> {
  await using rt = await open(rtLink, { netns });
  const links = await rt.getlink.dump().all();
  return new Map(links.map(({ header, ifname }) => [header.ifiIndex, ifname!]));
}
