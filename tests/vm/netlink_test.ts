// Families that few kernels have: in the virtual machine none of these is ignored.
import assert from "node:assert/strict";
import { open } from "../../mod.ts";
import { devlink } from "../../generated/devlink/mod.ts";
import { nlctrl } from "../../generated/nlctrl/mod.ts";
import { nfsd } from "../../generated/nfsd/mod.ts";
import { ovsDatapath } from "../../generated/ovs_datapath/mod.ts";
import { ovsPacket } from "../../generated/ovs_packet/mod.ts";
import { ovsVport, VportType } from "../../generated/ovs_vport/mod.ts";
import { rtLink } from "../../generated/rt-link/mod.ts";
import { team } from "../../generated/team/mod.ts";
import { wireguard } from "../../generated/wireguard/mod.ts";
import { create, isolated, lacksFamily, live, told } from "../live/helpers.ts";
import { lacksDevice, lacksTool, run } from "../live/tools.ts";

const AF_INET = 2, AF_INET6 = 10;
const up = { ifiFlags: 1, ifiChange: 1 };

isolated(
  "wireguard: a device and its peers are what wg says",
  [lacksTool("wg"), lacksDevice("wireguard")],
  async (netns) => {
    await using links = await open(rtLink, { netns });
    await links.newlink({ ifname: "wg0", linkinfo: { kind: "wireguard" } }, create);
    await using wg = await open(wireguard, { netns });
    const [privateKey, publicKey, presharedKey] = [1, 2, 3].map(() =>
      crypto.getRandomValues(new Uint8Array(32))
    ) as [Uint8Array, Uint8Array, Uint8Array];
    await wg.setDevice({
      ifname: "wg0",
      privateKey,
      listenPort: 51820,
      fwmark: 0x1234,
      peers: [{
        publicKey,
        presharedKey,
        persistentKeepaliveInterval: 25,
        allowedips: [
          { family: AF_INET, ipaddr: "192.0.2.0", cidrMask: 24 },
          { family: AF_INET6, ipaddr: "2001:db8::", cidrMask: 32 },
        ],
      }],
    });
    const [device] = await wg.getDevice.dump({ ifname: "wg0" }).all();
    const [peer] = device!.peers!;
    // wg(8), dump: tab separated, the device in the first line, then a line for each peer.
    const printed = (await run(netns, "wg", "show", "wg0", "dump")).trim().split("\n");
    const [ofDevice, ofPeer, ...rest] = printed.map((line) => line.split("\t"));
    assert.deepEqual(rest, []);
    assert.deepEqual(ofDevice, [
      device!.privateKey!.toBase64(),
      device!.publicKey!.toBase64(),
      `${device!.listenPort}`,
      `0x${device!.fwmark!.toString(16)}`,
    ]);
    assert.deepEqual(ofPeer?.slice(0, 2), [publicKey.toBase64(), presharedKey.toBase64()]);
    assert.deepEqual(peer!.publicKey, publicKey);
    assert.deepEqual(peer!.presharedKey, presharedKey);
    const allowed = peer!.allowedips!.map(({ ipaddr, cidrMask }) => `${ipaddr}/${cidrMask}`);
    assert.deepEqual(ofPeer?.[3]?.split(",").sort(), allowed.sort());
    assert.equal(ofPeer?.[7], `${peer!.persistentKeepaliveInterval}`);

    await wg.setDevice({ ifname: "wg0", peers: [{ publicKey, flags: 1 }] });
    assert.equal((await run(netns, "wg", "show", "wg0", "peers")).trim(), "");
    await assert.rejects(wg.setDevice({ ifname: "wg1", listenPort: 1 }), { code: "ENODEV" });
  },
);

isolated(
  "team: a device has the mode that it is given, and lists its port",
  [lacksDevice("team"), lacksDevice("dummy"), await lacksFamily(team)],
  async (netns) => {
    await using links = await open(rtLink, { netns });
    await links.newlink({ ifname: "t0", linkinfo: { kind: "team" } }, create);
    const { header: { ifiIndex: teamIfindex } } = await links.getlink({ ifname: "t0" });
    await using client = await open(team, { netns });
    assert.equal((await client.noop({})).teamIfindex, undefined);
    // The kernel tells a group of each change, and refuses a change that nobody in it hears, though it has made it.
    await using control = await open(nlctrl);
    const { mcastGroups = [] } = await control.getfamily({ familyName: "team" });
    using changes = client.subscribe(mcastGroups.find(({ name }) => name === "change_event")!.id!);
    // NLA_STRING, with the NUL that the kernel's strings end with (linux/if_team.h).
    const data = new TextEncoder().encode("activebackup\0");
    await client.optionsSet({ teamIfindex, listOption: { option: { name: "mode", type: 5, data } } });
    const options = await client.optionsGet({ teamIfindex });
    assert.equal(options.teamIfindex, teamIfindex);
    assert(options.listOption?.option?.name !== undefined);

    await links.newlink({ ifname: "d0", linkinfo: { kind: "dummy" } }, create);
    const { header: { ifiIndex } } = await links.getlink({ ifname: "d0" });
    await links.newlink({ header: { ifiIndex }, master: teamIfindex });
    const { listPort } = await client.portListGet({ teamIfindex });
    assert.equal(listPort?.port?.ifindex, ifiIndex);
    changes.close();
    await assert.rejects(client.optionsGet({ teamIfindex: ifiIndex }), { code: "EINVAL" });
  },
);

isolated(
  "ovs: a packet that no flow matches comes to the port that the datapath was given",
  [lacksDevice("veth"), await lacksFamily(ovsDatapath)],
  async (netns) => {
    await using links = await open(rtLink, { netns });
    await links.newlink({ ifname: "v0", linkinfo: { kind: "veth" } }, create);
    const { header: { ifiIndex }, link } = await links.getlink({ ifname: "v0" });
    const { address } = await links.getlink({ header: { ifiIndex: link! } });

    await using packets = await open(ovsPacket, { netns });
    using upcalls = packets.subscribe([]);
    await using datapaths = await open(ovsDatapath, { netns });
    await datapaths.new({ header: { dpIfindex: 0 }, name: "dp0", upcallPid: upcalls.port }, create);
    const { header, userFeatures } = await datapaths.get({ header: { dpIfindex: 0 }, name: "dp0" });
    assert(header.dpIfindex > 0);
    assert.equal(userFeatures ?? 0, 0);
    await using ports = await open(ovsVport, { netns });
    const port = { header, type: VportType.netdev, name: "v0", upcallPid: [upcalls.port] };
    await ports.new(port, create);
    const { ifindex, portNo, upcallPid } = await ports.get({ header, name: "v0" });
    assert.deepEqual({ ifindex, portNo, upcallPid }, {
      ifindex: ifiIndex,
      portNo: 1,
      upcallPid: [upcalls.port],
    });

    // With both ends up, the other one's kernel looks for routers and for others with its address.
    for (const ifiIndex of [link!, ifindex!]) await links.newlink({ header: { ifiIndex, ...up } });
    const miss = await told(upcalls, "miss", () => true);
    assert.equal(miss.header.dpIfindex, header.dpIfindex);
    // An Ethernet frame has the source behind the destination.
    assert.equal(miss.packet!.subarray(6, 12).toHex(), address!.replaceAll(":", ""));
    assert(miss.key!.length > 0);
  },
);

live(
  "devlink: there is no device, and one that is asked for is refused",
  [await lacksFamily(devlink)],
  async () => {
    await using client = await open(devlink);
    const all = await client.get.dump().all();
    assert.equal(all.some(({ busName }) => busName === "tynl"), false);
    await assert.rejects(client.get({ busName: "tynl", devName: "none" }), { code: "ENODEV" });
  },
);

live(
  "nfsd: the versions that it serves are those that it was told to",
  [await lacksFamily(nfsd)],
  async () => {
    await using client = await open(nfsd);
    const { version: before = [] } = await client.versionGet({});
    assert(before.some(({ major, minor }) => major === 4 && minor === 2));
    const wanted = [{ major: 3, minor: 0, enabled: true }, { major: 4, minor: 2, enabled: true }];
    await client.versionSet({ version: wanted });
    const { version: after = [] } = await client.versionGet({});
    const enabled = after.filter(({ enabled }) => enabled).map(({ major, minor }) => `${major}.${minor}`);
    assert.deepEqual(enabled, ["3.0", "4.2"]);
    await client.versionSet({ version: before });
    assert.deepEqual((await client.versionGet({})).version, before);
  },
);
