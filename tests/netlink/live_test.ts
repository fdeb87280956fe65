// Against the running kernel, as any user. Every Linux since 5.0 has nlctrl, ethtool and rtnetlink.
import assert from "node:assert/strict";
import {
  type Connector,
  FamilyNotFoundError,
  kernel,
  NetlinkError,
  open,
  type Transport,
  UnsupportedError,
} from "../../mod.ts";
import { ethtool } from "../../generated/ethtool/mod.ts";
import { nlctrl } from "../../generated/nlctrl/mod.ts";
import { rtAddr } from "../../generated/rt-addr/mod.ts";
import { rtLink } from "../../generated/rt-link/mod.ts";
import { rtRoute } from "../../generated/rt-route/mod.ts";

const ignore = Deno.build.os !== "linux";

/** A test that needs a kernel. */
function live(name: string, test: () => Promise<void>): void {
  Deno.test({ name: `live: ${name}`, ignore, fn: test });
}

live("nlctrl lists its families, itself among them", async () => {
  await using client = await open(nlctrl);
  const families = await client.getfamily.dump().all();
  const self = families.find(({ familyName }) => familyName === "nlctrl");
  assert.equal(self?.familyId, 16);
  assert.deepEqual(client.groups, Object.fromEntries(self.mcastGroups!.map(({ name, id }) => [name!, id!])));
  const one = await client.getfamily({ familyName: "ethtool" });
  assert.equal(one.familyId, families.find(({ familyName }) => familyName === "ethtool")?.familyId);
});

live("a family that does not exist is told", async () => {
  await assert.rejects(open({ ...nlctrl, name: "tynl-none" }), FamilyNotFoundError);
  // 31 is the last protocol number, and nobody's.
  await assert.rejects(open({ ...rtLink, protocol: 31 }), FamilyNotFoundError);
});

live("the loopback device is there, in a list and by name", async () => {
  await using client = await open(rtLink);
  const links = await client.getlink.dump().all();
  const lo = links.find(({ ifname }) => ifname === "lo");
  assert.equal(lo?.header.ifiIndex, 1);
  assert.equal((await client.getlink({ ifname: "lo" })).header.ifiIndex, 1);
  let count = 0;
  for await (const link of client.getlink.dump()) count += link.ifname === undefined ? 0 : 1;
  assert.equal(count, links.length);
});

live("addresses and routes can be listed", async () => {
  await using addresses = await open(rtAddr);
  for await (const { header, local } of addresses.getaddr.dump()) {
    assert(header.ifaFamily !== 2 || local !== undefined);
  }
  await using routes = await open(rtRoute);
  for await (const { header } of routes.getroute.dump()) assert(header.rtmDstLen <= 128);
});

live("a refusal names the missing attribute", async () => {
  await using client = await open(ethtool);
  await assert.rejects(client.linkinfoGet({}), (error) => {
    assert(error instanceof NetlinkError);
    assert.equal(error.code, "EINVAL");
    assert.equal(error.missing, ".header");
    assert.equal(error.message, "ethtool linkinfo-get: EINVAL: invalid argument (missing attribute .header)");
    return true;
  });
});

live("a refusal names the attribute at fault, inside a nest", async () => {
  await using client = await open(ethtool);
  const unknown = [{ type: 99, data: new Uint8Array(4) }];
  await assert.rejects(client.linkinfoGet({ header: { devIndex: 1, unknown } }), (error) => {
    assert(error instanceof NetlinkError);
    assert.equal(error.attribute, ".header.99");
    return true;
  });
  await assert.rejects(client.linkinfoGet({ header: { devIndex: 0x7fffffff } }), { code: "ENODEV" });
});

live("a strictly checked dump is refused for a filter that it does not know", async () => {
  await using client = await open(rtRoute);
  await assert.rejects(
    client.getroute.dump({ header: { rtmFamily: 2, rtmTos: 1 } }).all(),
    (error) =>
      error instanceof NetlinkError && error.code === "EINVAL" && error.extack?.message !== undefined,
  );
});

Deno.test({
  name: "live: an ordinary user may not change what belongs to root (ignored for root)",
  ignore: ignore || Deno.uid() === 0,
  fn: async () => {
    await using client = await open(rtLink);
    await assert.rejects(client.newlink({ header: { ifiIndex: 1 }, ifname: "lo" }), { code: "EPERM" });
  },
});

live("messages larger than the receive buffer come whole", async () => {
  await using client = await open(rtLink, { transport: kernel({ readSize: 64 }) });
  await using other = await open(rtLink);
  const names = (links: { ifname?: string }[]) => links.map(({ ifname }) => ifname);
  assert.deepEqual(names(await client.getlink.dump().all()), names(await other.getlink.dump().all()));
  assert.equal((await client.getlink({ ifname: "lo" })).ifname, "lo");
});

live("a stream left early leaves the client usable, and no socket open behind it", async () => {
  const sockets: Transport[] = [];
  const transport: Connector = {
    connect(protocol) {
      const socket = kernel().connect(protocol);
      sockets.push(socket);
      return socket;
    },
  };
  {
    await using client = await open(rtLink, { transport });
    for (let i = 0; i < 20; i++) {
      for await (const _link of client.getlink.dump()) break;
      assert.equal((await client.getlink({ ifname: "lo" })).ifname, "lo");
    }
    assert((await client.getlink.dump().all()).length > 0);
  }
  assert(sockets.length > 1);
  for (const socket of sockets) assert.throws(() => socket.receive(), { code: "EBADF" });
});

live("a thousand requests at once are answered each", async () => {
  await using client = await open(nlctrl);
  const requests = Array.from({ length: 1000 }, (_, i) => {
    return client.getfamily({ familyName: i % 2 === 0 ? "nlctrl" : "ethtool" });
  });
  const names = (await Promise.all(requests)).map(({ familyName }) => familyName);
  assert.deepEqual(names, Array.from({ length: 1000 }, (_, i) => i % 2 === 0 ? "nlctrl" : "ethtool"));
});

live("a long series of requests leaves timers their turn", async () => {
  await using client = await open(nlctrl);
  let fired = false;
  const timer = setTimeout(() => fired = true, 1);
  // A hundred thousand of them take longer than a millisecond on any machine.
  for (let i = 0; i < 100_000 && !fired; i++) await client.getfamily({ familyName: "nlctrl" });
  clearTimeout(timer);
  assert(fired);
});

live("a socket tells when something came, and when nothing did", async () => {
  const socket = kernel().connect(16);
  try {
    assert.equal(socket.receive(), -1);
    assert.equal(await socket.wait(1), false);
    assert.equal(await socket.wait(Infinity, AbortSignal.timeout(1)), false);
    // NLMSG_NOOP that asks for an acknowledgement.
    socket.send(Uint8Array.of(16, 0, 0, 0, 1, 0, 5, 0, 7, 0, 0, 0, 0, 0, 0, 0));
    assert.equal(await socket.wait(60_000), true);
    assert.equal(socket.receive(), 36);
    assert.equal(socket.sender, 0);
    assert.equal(new DataView(socket.buffer.buffer).getUint32(12, true), socket.port);
    const waiting = socket.wait(Infinity);
    socket.close();
    assert.equal(await waiting, false);
  } finally {
    socket.close();
  }
});

Deno.test({
  name: "live: without permission for FFI, open says which one it needs",
  ignore,
  permissions: { ffi: false },
  fn: async () => {
    // A module of its own: this one has the C library open. No bundler may make the two one.
    const { href } = new URL("../../runtime/netlink/libc.ts?unopened", import.meta.url);
    const { libc } = await import(href);
    assert.throws(libc, (error: Error) => {
      assert.equal(error.name, UnsupportedError.name);
      assert.match(error.message, /--allow-ffi/);
      return true;
    });
  },
});
