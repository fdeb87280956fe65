// What drivers tell of their devices, compared with what ethtool(8) tells; and changes, which are told.
import assert from "node:assert/strict";
import { type Client, NetlinkError, open } from "../../mod.ts";
import {
  type Bitset,
  type BitsetBit,
  ethtool,
  type EthtoolEvents,
  type EthtoolGroup,
  type EthtoolOperations,
  HeaderFlags,
} from "../../generated/ethtool/mod.ts";
import { vethPair } from "./devices.ts";
import { isolated, lacksFamily, live, told } from "./helpers.ts";
import { agree, atOnce, json, lacksDevice, lacksTool, run } from "./tools.ts";

type Ethtool = Client<EthtoolOperations, EthtoolGroup, EthtoolEvents>;

const needs = [lacksTool("ethtool"), await lacksFamily(ethtool)];
const veth = lacksDevice("veth");
/** ETH_SS_FEATURES (linux/ethtool.h). */
const FEATURES = 4;
/** PORT_*, SPEED_UNKNOWN and DUPLEX_* (linux/ethtool.h). */
const PORTS: Readonly<Record<number, string>> = {
  0: "Twisted Pair",
  1: "AUI",
  2: "MII",
  3: "FIBRE",
  4: "BNC",
  5: "Direct Attach Copper",
  239: "None",
  255: "Other",
};
const UNKNOWN_SPEED = 0xffffffff;
const DUPLEXES: Readonly<Record<number, string>> = { 0: "Half", 1: "Full", 255: "Unknown! (255)" };

/** What a request gives, or undefined if the driver does not know it. */
async function supported<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (error instanceof NetlinkError && error.code === "EOPNOTSUPP") return undefined;
    throw error;
  }
}

/** The lines `name: value` that ethtool prints for a device, by name; `max` for those of the section of maxima. */
async function printed(
  netns: number | undefined,
  device: string,
  ...option: string[]
): Promise<Record<string, string>> {
  const told: Record<string, string> = {};
  // It fails where a driver tells nothing.
  const text = await run(netns, "ethtool", ...option, device).catch(() => "");
  let section = "";
  for (const line of text.split("\n")) {
    if (line === "Pre-set maximums:") section = "max ";
    else if (line === "Current hardware settings:") section = "";
    else {
      const [, name, value] = /^\s*(.*?):\s+(.*?)\s*$/.exec(line) ?? [];
      if (name !== undefined) told[section + name] = value!;
    }
  }
  return told;
}

/** A number as ethtool prints it. */
function number(value: number | undefined): string {
  return value === undefined ? "n/a" : `${value}`;
}

function onOff(value: number | undefined): string {
  return value === undefined ? "n/a" : value === 0 ? "off" : "on";
}

function yesNo(value: boolean | undefined): string {
  return value ? "Yes" : "No";
}

const isAutoneg = ({ name }: BitsetBit) => name === "Autoneg";

/** What ethtool has to print of a device, by option; nothing for an option that the driver does not know. */
async function settings(client: Ethtool, devName: string): Promise<Record<string, Record<string, unknown>>> {
  const request = { header: { devName } };
  const info = await supported(client.linkinfoGet(request));
  const modes = await supported(client.linkmodesGet(request));
  const state = await supported(client.linkstateGet(request));
  const rings = await supported(client.ringsGet(request));
  const channels = await supported(client.channelsGet(request));
  const coalesce = await supported(client.coalesceGet(request));
  return {
    "": {
      "Speed": modes?.speed === undefined
        ? undefined
        : modes.speed === UNKNOWN_SPEED
        ? "Unknown!"
        : `${modes.speed}Mb/s`,
      "Duplex": DUPLEXES[modes?.duplex ?? -1],
      "Supports auto-negotiation": modes && yesNo(modes.ours?.bits?.bit?.some(isAutoneg)),
      "Advertised auto-negotiation": modes &&
        yesNo(modes.ours?.bits?.bit?.some((bit) => isAutoneg(bit) && bit.value)),
      "Auto-negotiation": modes === undefined ? undefined : onOff(modes.autoneg),
      "Port": PORTS[info?.port ?? -1],
      "PHYAD": info && number(info.phyaddr),
      "Transceiver": info && (info.transceiver === 0 ? "internal" : "external"),
      "Link detected": state?.link === undefined ? undefined : state.link === 0 ? "no" : "yes",
    },
    "-g": rings === undefined ? {} : {
      "max RX": number(rings.rxMax),
      "max RX Mini": number(rings.rxMiniMax),
      "max RX Jumbo": number(rings.rxJumboMax),
      "max TX": number(rings.txMax),
      "RX": number(rings.rx),
      "RX Mini": number(rings.rxMini),
      "RX Jumbo": number(rings.rxJumbo),
      "TX": number(rings.tx),
      "RX Buf Len": number(rings.rxBufLen),
      "CQE Size": number(rings.cqeSize),
      "TX Push": onOff(rings.txPush),
      // Unknown, disabled and enabled (ETHTOOL_TCP_DATA_SPLIT_*, linux/ethtool_netlink.h).
      "TCP data split": ["n/a", "off", "on"][rings.tcpDataSplit ?? 0],
    },
    "-l": channels === undefined ? {} : {
      "max RX": number(channels.rxMax),
      "max TX": number(channels.txMax),
      "max Other": number(channels.otherMax),
      "max Combined": number(channels.combinedMax),
      "RX": number(channels.rxCount),
      "TX": number(channels.txCount),
      "Other": number(channels.otherCount),
      "Combined": number(channels.combinedCount),
    },
    "-c": coalesce === undefined ? {} : {
      "Adaptive RX": `${onOff(coalesce.useAdaptiveRx)}  TX: ${onOff(coalesce.useAdaptiveTx)}`,
      "stats-block-usecs": number(coalesce.statsBlockUsecs),
      "sample-interval": number(coalesce.rateSampleInterval),
      "pkt-rate-low": number(coalesce.pktRateLow),
      "pkt-rate-high": number(coalesce.pktRateHigh),
      "rx-usecs": number(coalesce.rxUsecs),
      "rx-frames": number(coalesce.rxMaxFrames),
      "rx-usecs-irq": number(coalesce.rxUsecsIrq),
      "rx-frames-irq": number(coalesce.rxMaxFramesIrq),
      "tx-usecs": number(coalesce.txUsecs),
      "tx-frames": number(coalesce.txMaxFrames),
      "tx-usecs-irq": number(coalesce.txUsecsIrq),
      "tx-frames-irq": number(coalesce.txMaxFramesIrq),
      "rx-usecs-low": number(coalesce.rxUsecsLow),
      "rx-frame-low": number(coalesce.rxMaxFramesLow),
      "tx-usecs-low": number(coalesce.txUsecsLow),
      "tx-frame-low": number(coalesce.txMaxFramesLow),
      "rx-usecs-high": number(coalesce.rxUsecsHigh),
      "rx-frame-high": number(coalesce.rxMaxFramesHigh),
      "tx-usecs-high": number(coalesce.txUsecsHigh),
      "tx-frame-high": number(coalesce.txMaxFramesHigh),
      "CQE mode RX": `${onOff(coalesce.useCqeModeRx)}  TX: ${onOff(coalesce.useCqeModeTx)}`,
    },
  };
}

/** Compares link settings, rings, channels and coalescing; gives what was compared. */
async function settingsAgree(client: Ethtool, netns: number | undefined, device: string): Promise<string[]> {
  const [ours, theirs] = await atOnce(
    () => settings(client, device),
    () =>
      Promise.all(["", "-g", "-l", "-c"].map((option) => printed(netns, device, ...option ? [option] : []))),
  );
  for (const [index, [option, table]] of Object.entries(ours).entries()) {
    agree(theirs[index], table, `ethtool ${option} ${device}`);
  }
  return Object.values(ours).flatMap((table) => Object.keys(table).filter((key) => table[key] !== undefined));
}

function bitNames(set: Bitset | undefined): Set<string> {
  // In a set without a mask, the bits that are listed are set; else their value says so.
  const bits = set?.bits?.bit ?? [];
  return new Set(bits.filter(({ value }) => set?.nomask || value).map(({ name }) => name!));
}

function compactNames(set: Bitset | undefined, names: readonly string[]): Set<string> {
  return new Set(names.filter((_, bit) => ((set?.value?.[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0));
}

/** Names of the features, in the order of their bits. */
async function featureNames(client: Ethtool, devName: string): Promise<string[]> {
  const stringsets = { stringset: [{ id: FEATURES }] };
  const { stringsets: given } = await client.strsetGet({ header: { devName }, stringsets });
  return given!.stringset![0]!.strings!.flatMap(({ string }) => string!.map(({ value }) => value!));
}

/** Compares features, which the kernel gives by name or as bits whose names it lists, with what ethtool says. */
async function featuresAgree(client: Ethtool, netns: number | undefined, devName: string): Promise<void> {
  const names = await featureNames(client, devName);
  const verbose = await client.featuresGet({ header: { devName } });
  const compact = await client.featuresGet({ header: { devName, flags: HeaderFlags.compactBitsets } });
  for (const set of ["hw", "wanted", "active", "nochange"] as const) {
    assert.equal(verbose[set]?.size, names.length);
    assert.deepEqual(bitNames(verbose[set]), compactNames(compact[set], names), set);
  }
  const [hw, wanted, active, fixed] = [verbose.hw, verbose.wanted, verbose.active, verbose.nochange].map(
    bitNames,
  );
  type Told = Record<string, { active: boolean; fixed: boolean; requested: boolean }>;
  const [theirs] = await json<Told[]>(netns, "ethtool", "--json", "-k", devName);
  // Some features are told under a name of old times.
  const told = names.filter((name) => theirs![name] !== undefined);
  assert(told.length > 40);
  for (const name of told) {
    agree(theirs![name], {
      active: active!.has(name),
      fixed: !hw!.has(name) || fixed!.has(name),
      requested: wanted!.has(name),
    }, name);
  }
}

/** Compares what a device can do for time stamps with what ethtool says. */
async function timeStampsAgree(client: Ethtool, netns: number | undefined, devName: string): Promise<void> {
  const { timestamping, phcIndex } = await client.tsinfoGet({ header: { devName } });
  const text = await run(netns, "ethtool", "-T", devName);
  const capabilities = text.split("Capabilities:\n")[1]!.split(/\n(?!\t)/)[0]!;
  const named = capabilities.split("\n").map((line) => line.trim().split(" ")[0]!);
  assert.deepEqual(bitNames(timestamping), new Set(named));
  assert.match(text, new RegExp(`(Clock|index): ${phcIndex ?? "none"}$`, "m"));
}

isolated(
  "a veth's settings, features and time stamps are what ethtool says",
  [...needs, veth],
  async (netns) => {
    await vethPair(netns, 4);
    await using client = await open(ethtool, { netns });
    for (const device of ["v0", "lo"]) {
      await settingsAgree(client, netns, device);
      await featuresAgree(client, netns, device);
      await timeStampsAgree(client, netns, device);
    }
  },
);

live("this machine's own devices are what ethtool says", needs, async () => {
  await using client = await open(ethtool);
  const state = await client.linkstateGet.dump().all();
  const compared = new Set<string>();
  for (const { header } of state) {
    for (const key of await settingsAgree(client, undefined, header!.devName!)) compared.add(key);
    await featuresAgree(client, undefined, header!.devName!);
    await timeStampsAgree(client, undefined, header!.devName!);
  }
  assert(compared.has("Link detected"));
  // Each list has what the requests for one device give.
  for (const { header, ...rings } of await client.ringsGet.dump().all()) {
    agree(await client.ringsGet({ header: { devName: header!.devName } }), rings);
  }
  for (const { header, ...channels } of await client.channelsGet.dump().all()) {
    agree(await client.channelsGet({ header: { devName: header!.devName } }), channels);
  }
});

isolated("changed channels are told, and are what ethtool says", [...needs, veth], async (netns) => {
  await vethPair(netns, 4);
  await using client = await open(ethtool, { netns });
  using events = client.subscribe("monitor");
  const header = { devName: "v0" };
  const before = await client.channelsGet({ header });
  await client.channelsSet({ header, rxCount: before.rxMax! - 1, txCount: 2 });
  const changed = await told(events, "channels-ntf", () => true);
  const after = await client.channelsGet({ header });
  assert.deepEqual(changed, after);
  agree(after, { rxCount: before.rxMax! - 1, txCount: 2 });
  await settingsAgree(client, netns, "v0");
  await assert.rejects(client.channelsSet({ header, rxCount: before.rxMax! + 1 }), (error: NetlinkError) => {
    assert.equal(error.attribute, ".rx-count");
    return true;
  });
});

isolated("changed features are told, and are what ethtool says", [...needs, veth], async (netns) => {
  await vethPair(netns, 4);
  await using client = await open(ethtool, { netns });
  using events = client.subscribe("monitor");
  const header = { devName: "v0" };
  const wanted = { bits: { bit: [{ name: "rx-gro", value: true }, { name: "tx-tcp-segmentation" }] } };
  const before = bitNames((await client.featuresGet({ header })).active);
  const reply = await client.featuresSet({ header, wanted });
  const changed = await told(events, "features-ntf", () => true);
  assert.equal(changed.header?.devName, "v0");
  const active = bitNames((await client.featuresGet({ header })).active);
  assert.deepEqual(compactNames(changed.active, await featureNames(client, "v0")), active);
  assert(active.has("rx-gro") && !active.has("tx-tcp-segmentation"));
  // The reply says which bits changed, and to what: a feature may take others along.
  const bits = reply.active!.bits!.bit!.map(({ name, value }) => [name!, value ?? false] as const);
  assert.deepEqual(
    new Map(bits),
    new Map([...before.symmetricDifference(active)].map((name) => [name, active.has(name)])),
  );
  await featuresAgree(client, netns, "v0");
});
