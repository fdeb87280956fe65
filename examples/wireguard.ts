// A WireGuard device with one peer, configured and read back; where the kernel has no WireGuard, a fake kernel stands
// in, which repeats what it was told and has no tunnel. Needs CAP_NET_ADMIN:
//
//     unshare -rn deno run --allow-ffi examples/wireguard.ts
import { type Connector, NetlinkError, open } from "@tynl/tynl";
import { rtLink } from "@tynl/tynl/rt-link";
import { acknowledgement, done, fakeKernel, part } from "@tynl/tynl/testing";
import { decodeAttributes } from "@tynl/tynl/wire";
import { type Wgdevice, wgdevice, wireguard } from "@tynl/tynl/wireguard";

const ifname = "tynl0", AF_INET = 2, HEADERS = 20; // of netlink and generic netlink, in bytes

function repeater(): Connector {
  let device: Wgdevice = {};
  const { getDevice, setDevice } = wireguard.operations;
  return fakeKernel([wireguard], (request) => {
    if (request.command !== setDevice!.request) return [part(request, getDevice!, device), done(request)];
    device = decodeAttributes(wgdevice, request.bytes.subarray(HEADERS));
    return [acknowledgement(request)];
  });
}

await using links = await open(rtLink);
const created = links.newlink({ ifname, linkinfo: { kind: "wireguard" } }, { create: true });
const real = await created.then(() => true, (error) => {
  if (error instanceof NetlinkError && error.code === "EOPNOTSUPP") return false;
  throw error;
});
console.log(real ? "WireGuard of this kernel" : "no WireGuard here: a fake kernel repeats what it is told");
await using wg = await open(wireguard, real ? {} : { transport: repeater() });

const [privateKey, publicKey] = [1, 2].map(() => crypto.getRandomValues(new Uint8Array(32)));
const allowedips = [{ family: AF_INET, ipaddr: "192.0.2.0", cidrMask: 24 }];
await wg.setDevice({ ifname, privateKey, listenPort: 51820, peers: [{ publicKey, allowedips }] });
for (const { listenPort, peers } of await wg.getDevice.dump({ ifname }).all()) {
  const allowed = peers?.flatMap((peer) => peer.allowedips ?? []).map((ip) => `${ip.ipaddr}/${ip.cidrMask}`);
  console.log(`port ${listenPort}, ${peers?.length} peer, allowed ${allowed}`);
}
if (real) await links.dellink({ ifname });
