// Devices, queues, NAPI instances and statistics of queues, compared with what ip-link(8) and sysfs tell; and events.
import assert from "node:assert/strict";
import { type Client, NetlinkError, open } from "../../mod.ts";
import { ethtool } from "../../generated/ethtool/mod.ts";
import {
  netdev,
  type NetdevEvents,
  type NetdevGroup,
  type NetdevOperations,
  QstatsScope,
  QueueType,
  XdpAct,
} from "../../generated/netdev/mod.ts";
import { rtLink } from "../../generated/rt-link/mod.ts";
import { setUp } from "./devices.ts";
import { create, isolated, lacksFamily, live, told } from "./helpers.ts";
import { agree, atOnce, json, lacksDevice, lacksTool, run } from "./tools.ts";

type Netdev = Client<NetdevOperations, NetdevGroup, NetdevEvents>;
type IpLink = {
  ifindex: number;
  ifname: string;
  flags: string[];
  stats64: { rx: { packets: number; bytes: number }; tx: { packets: number; bytes: number } };
};

const family = await lacksFamily(netdev);
const ip = lacksTool("ip"), veth = lacksDevice("veth");

/** Queues of a device, as `rx-0`, by what queue-get lists. */
async function queuesOf(nd: Netdev, ifindex: number): Promise<string[]> {
  const queues = await nd.queueGet.dump({ ifindex }).all();
  for (const queue of queues) {
    assert.equal(queue.ifindex, ifindex);
    assert.deepEqual(await nd.queueGet({ ifindex, type: queue.type, id: queue.id }), queue);
  }
  return queues.map(({ type, id }) => `${type === QueueType.rx ? "rx" : "tx"}-${id}`).sort();
}

/** Queues of a device that is up, as sysfs lists them in a namespace of the process's own. */
async function queuesOfSysfs(netns: number | undefined, ifname: string): Promise<string[]> {
  // sysfs shows the devices of the namespace in which it was mounted.
  const list = `mount -t sysfs none /sys && ls /sys/class/net/${ifname}/queues`;
  const text = netns === undefined
    ? await run(undefined, "ls", `/sys/class/net/${ifname}/queues`)
    : await run(netns, "unshare", "-m", "sh", "-c", list);
  return text.trim().split("\n").sort();
}

live("devices and their queues are those that ip and sysfs list", [family, ip], async () => {
  await using nd = await open(netdev);
  const links = await json<IpLink[]>(undefined, "ip", "-j", "-s", "link", "show");
  const devices = await nd.devGet.dump().all();
  agree(links.map(({ ifindex }) => ifindex), devices.map(({ ifindex }) => ifindex));
  for (const device of devices) assert.deepEqual(await nd.devGet({ ifindex: device.ifindex }), device);
  for (const { ifindex, ifname, flags } of links) {
    // Queues are listed of devices that are up.
    if (flags.includes("UP")) agree(await queuesOfSysfs(undefined, ifname), await queuesOf(nd, ifindex));
    else assert.deepEqual(await queuesOf(nd, ifindex), []);
  }
  await assert.rejects(nd.devGet({ ifindex: 0x7fffffff }), { code: "ENODEV" });
});

live("each NAPI instance that serves a queue is described, and belongs to its device", [family], async () => {
  await using nd = await open(netdev);
  const instances = await nd.napiGet.dump().all();
  for (const instance of instances) assert.deepEqual(await nd.napiGet({ id: instance.id }), instance);
  const devices = new Map(instances.map(({ id, ifindex }) => [id, ifindex]));
  for (const { napiId, ifindex } of await nd.queueGet.dump().all()) {
    if (napiId !== undefined) assert.equal(devices.get(napiId), ifindex);
  }
});

/** Whether the driver counts in both places the same: others leave out, say, the checksum of a frame in one. */
function isVirtio(ifname: string): boolean {
  try {
    return Deno.readLinkSync(`/sys/class/net/${ifname}/device/driver`).endsWith("/virtio_net");
  } catch {
    return false;
  }
}

live(
  "statistics of queues add up to those of the device, for virtio as ip tells them",
  [family, ip],
  async () => {
    await using nd = await open(netdev);
    const keys = ["rxPackets", "rxBytes", "txPackets", "txBytes"] as const;
    const read = async () => ({
      devices: await nd.qstatsGet.dump().all(),
      queues: await nd.qstatsGet.dump({ scope: QstatsScope.queue }).all(),
    });
    const [{ devices, queues }, links] = await atOnce(
      read,
      () => json<IpLink[]>(undefined, "ip", "-j", "-s", "link", "show"),
    );
    for (const device of devices) {
      const own = queues.filter(({ ifindex }) => ifindex === device.ifindex);
      const { ifname, stats64: { rx, tx } } = links.find(({ ifindex }) => ifindex === device.ifindex)!;
      const theirs = { rxPackets: rx.packets, rxBytes: rx.bytes, txPackets: tx.packets, txBytes: tx.bytes };
      for (const key of keys) {
        const sum = own.reduce((total, queue) => total + (queue[key] ?? 0n), 0n);
        // Those of queues that no longer exist count for the device alone.
        assert(sum <= device[key]!, key);
        if (isVirtio(ifname)) assert.equal(BigInt(theirs[key]), device[key], key);
      }
      assert(own.every(({ queueType, queueId }) => queueType !== undefined && queueId !== undefined));
    }
  },
);

isolated(
  "a device is told as it comes, changes and goes, and has the queues that sysfs lists",
  [family, veth, await lacksFamily(ethtool)],
  async (netns) => {
    await using nd = await open(netdev, { netns });
    await using rt = await open(rtLink, { netns });
    await using drivers = await open(ethtool, { netns });
    using events = nd.subscribe("mgmt");
    await rt.newlink({ ifname: "v0", numTxQueues: 3, numRxQueues: 3, linkinfo: { kind: "veth" } }, create);
    const { header: { ifiIndex: ifindex }, link } = await rt.getlink({ ifname: "v0" });
    const added = await told(events, "dev-add-ntf", (message) => message.ifindex === ifindex);
    // The driver may set features of XDP only after that.
    const { xdpFeatures: _, ...lasting } = added;
    agree(await nd.devGet({ ifindex }), lasting);

    await setUp(netns, ifindex, link!);
    agree(await queuesOfSysfs(netns, "v0"), await queuesOf(nd, ifindex));
    // A veth can send frames of XDP if its peer does GRO, for then that has NAPI instances to take them.
    const wanted = { bits: { bit: [{ name: "rx-gro", value: true }] } };
    await drivers.featuresSet({ header: { devIndex: link }, wanted });
    const changed = await told(events, "dev-change-ntf", (message) => {
      return message.ifindex === ifindex && (message.xdpFeatures! & BigInt(XdpAct.ndoXmit)) !== 0n;
    });
    assert.deepEqual(await nd.devGet({ ifindex }), changed);

    await drivers.channelsSet({ header: { devName: "v0" }, rxCount: 2, txCount: 1 });
    assert.deepEqual(await queuesOf(nd, ifindex), ["rx-0", "rx-1", "tx-0"]);
    agree(await queuesOfSysfs(netns, "v0"), ["rx-0", "rx-1", "tx-0"]);

    await rt.dellink({ header: { ifiIndex: ifindex } });
    const gone = [
      await told(events, "dev-del-ntf", () => true),
      await told(events, "dev-del-ntf", () => true),
    ];
    assert.deepEqual(new Set(gone.map((message) => message.ifindex)), new Set([ifindex, link]));
    await assert.rejects(nd.devGet({ ifindex }), NetlinkError);
  },
);
