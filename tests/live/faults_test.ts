// What goes wrong on a running kernel, made to go wrong on purpose, each in a network namespace of its own.
import assert from "node:assert/strict";
import {
  ClosedError,
  type ConnectOptions,
  type Connector,
  DumpInterruptedError,
  type Family,
  FamilyNotFoundError,
  kernel,
  NetlinkTimeoutError,
  open,
  OverrunError,
  type Transport,
  TruncatedError,
} from "../../mod.ts";
import { ethtool } from "../../generated/ethtool/mod.ts";
import { families } from "../../generated/families.ts";
import { nftables } from "../../generated/nftables/mod.ts";
import { type Ifaddrmsg, rtAddr } from "../../generated/rt-addr/mod.ts";
import { rtLink } from "../../generated/rt-link/mod.ts";
import { encodeMessage, MessageFlags, Writer } from "../../runtime/wire/mod.ts";
import { libc } from "../../runtime/netlink/libc.ts";
import { openedBy } from "../posix/opened.ts";
import { create, isolated, lacksFamily, live, refused } from "./helpers.ts";
import { lacksDevice } from "./tools.ts";

const ifb = lacksDevice("ifb"), bridge = lacksDevice("bridge");

/** The running kernel, with sockets as `change` makes them. */
function changed(change: (socket: Transport) => void, wishes: ConnectOptions = {}): Connector {
  return {
    connect(protocol, options) {
      const socket = kernel().connect(protocol, { ...options, ...wishes });
      change(socket);
      return socket;
    },
  };
}

/** A kernel that gets no request, and so answers none. */
const deaf = changed((socket) => socket.send = () => {});

/** How many addresses {@linkcode addAddresses} makes: a dump of them has several parts. */
const ADDRESSES = 1000;

/** The request for the address with a number, on the loopback device. */
function address(i: number): { header: Ifaddrmsg; local: string } {
  const header = { ifaFamily: 2, ifaPrefixlen: 32, ifaFlags: 0, ifaScope: 0, ifaIndex: 1 };
  return { header, local: `198.18.${i >> 8}.${i & 255}` };
}

async function addAddresses(netns: number): Promise<void> {
  await using addr = await open(rtAddr, { netns });
  await addr.batch((b) => {
    for (let i = 0; i < ADDRESSES; i++) b.newaddr(address(i), create);
  });
}

/** A kernel where an address comes or goes after each datagram, as long as fewer requests came than `tries`. */
function restless(netns: number, tries: number): { transport: Connector; requests: () => number } {
  let requests = 0;
  let there = false;
  const change = () => {
    const operation = there ? rtAddr.operations.deladdr : rtAddr.operations.newaddr;
    const writer = new Writer();
    const flags = MessageFlags.request | (there ? 0 : MessageFlags.create);
    encodeMessage(writer, operation, address(ADDRESSES), { type: operation.request, flags, sequence: 1 });
    const other = kernel().connect(rtAddr.protocol, { netns });
    other.send(writer.result());
    other.close();
    there = !there;
  };
  const transport = changed((socket) => {
    const { send, receive } = socket;
    socket.send = (bytes) => {
      requests++;
      send.call(socket, bytes);
    };
    socket.receive = () => {
      const length = receive.call(socket);
      if (requests < tries) change();
      return length;
    };
  });
  return { transport, requests: () => requests };
}

/** Streams a list to its end, with a change after its first item. */
async function streamWithChange(
  items: AsyncIterable<unknown>,
  change: () => Promise<unknown>,
): Promise<void> {
  let count = 0;
  await assert.rejects(async () => {
    for await (const _item of items) if (count++ === 0) await change();
  }, DumpInterruptedError);
  assert(count > 64, "everything is given before");
}

isolated("a stream of links tells that one came meanwhile", [ifb], async (netns) => {
  await using link = await open(rtLink, { netns });
  await link.batch((b) => {
    for (let i = 0; i < 64; i++) b.newlink({ ifname: `many${i}`, linkinfo: { kind: "ifb" } }, create);
  });
  await streamWithChange(
    link.getlink.dump(),
    () => link.newlink({ ifname: "new", linkinfo: { kind: "ifb" } }, create),
  );
});

isolated("a stream of addresses tells that one came meanwhile", [], async (netns) => {
  await addAddresses(netns);
  await using addr = await open(rtAddr, { netns });
  await streamWithChange(addr.getaddr.dump(), () => addr.newaddr(address(ADDRESSES), create));
});

isolated(
  "a stream of nftables chains tells that one came meanwhile",
  [await lacksFamily(nftables)],
  async (netns) => {
    await using nft = await open(nftables, { netns });
    const header = { nfgenFamily: 1 };
    await nft.batch((b) => {
      b.newtable({ header, name: "t" }, create);
      for (let i = 0; i < 1000; i++) b.newchain({ header, table: "t", name: `c${i}` }, create);
    });
    await streamWithChange(
      nft.getchain.dump({ header }),
      () => nft.batch((b) => b.newchain({ header, table: "t", name: "new" }, create)),
    );
  },
);

isolated("a dump that changed under us is asked for again, until it stands still", [], async (netns) => {
  await addAddresses(netns);
  const { transport, requests } = restless(netns, 2);
  await using addr = await open(rtAddr, { netns, transport });
  const all = await addr.getaddr.dump({ header: { ifaFamily: 2 } }).all();
  assert(new Set(all.map(({ local }) => local)).size >= ADDRESSES);
  assert.equal(requests(), 2);
});

isolated(
  "a dump that never stands still is told, after as many tries as were asked for",
  [],
  async (netns) => {
    await addAddresses(netns);
    const { transport, requests } = restless(netns, Infinity);
    await using addr = await open(rtAddr, { netns, transport });
    await assert.rejects(addr.getaddr.dump().all({ retries: 2 }), (error) => {
      assert(error instanceof DumpInterruptedError);
      assert.equal(error.message, "rt-addr getaddr: the dump changed while it was read, 3 times");
      assert(error.partial.length >= ADDRESSES);
      return true;
    });
    assert.equal(requests(), 3);
  },
);

isolated("an overrun comes after what was kept, and what comes after it is new", [ifb], async (netns) => {
  await using link = await open(rtLink, { netns });
  await link.newlink({ ifname: "flood", linkinfo: { kind: "ifb" } }, create);
  using events = link.subscribe("rtnlgrp-link", { receiveBuffer: 1 << 14 });
  for (let mtu = 1000; mtu < 1200; mtu++) await link.setlink({ ifname: "flood", mtu });
  const told: number[] = [];
  const timer = setTimeout(() => events.close(), 60_000);
  const next = async (): Promise<number | "overrun"> => {
    const { value } = await events.next();
    if (value?.name === "overrun") return "overrun";
    assert(value?.name === "newlink-ntf" && value.message.mtu !== undefined);
    return value.message.mtu;
  };
  try {
    for (let mtu = await next(); mtu !== "overrun"; mtu = await next()) told.push(mtu);
    assert.equal(told[0], 1000);
    assert(told.at(-1)! < 1199, "the last ones were lost");
    assert.equal((await link.getlink({ ifname: "flood" })).mtu, 1199);
    // Nobody reads the stream at this moment; from an overrun on the kernel keeps what comes.
    await link.setlink({ ifname: "flood", mtu: 1400 });
    assert.equal(await next(), 1400);
  } finally {
    clearTimeout(timer);
  }
});

isolated(
  "answers that do not fit into the socket fail their requests, and the next one is answered",
  [],
  async (netns) => {
    const transport = changed(() => {}, { receiveBuffer: 1 << 13 });
    await using link = await open(rtLink, { netns, transport });
    for (let i = 0; i < 3; i++) {
      const outcomes: Promise<unknown>[] = [];
      await assert.rejects(link.batch((b) => {
        for (let i = 0; i < 16; i++) outcomes.push(b.getlink({ ifname: "lo" }));
        for (const outcome of outcomes) outcome.catch(() => {});
      }));
      const settled = await Promise.allSettled(outcomes);
      const reasons = settled.map((result) => result.status === "rejected" ? result.reason : undefined);
      assert(reasons.some((reason) => reason instanceof OverrunError));
      assert(reasons.every((reason) => reason === undefined || reason instanceof OverrunError));
      assert.equal((await link.getlink({ ifname: "lo" })).header.ifiIndex, 1);
    }
  },
);

isolated(
  "a dump larger than the socket's buffer comes whole, as the kernel waits for the reader",
  [],
  async (netns) => {
    await addAddresses(netns);
    await using addr = await open(rtAddr, { netns, transport: changed(() => {}, { receiveBuffer: 1 }) });
    const all = await addr.getaddr.dump({ header: { ifaFamily: 2 } }).all();
    assert(new Set(all.map(({ local }) => local)).size >= ADDRESSES);
  },
);

/** Sockets of this thread. */
const sockets = openedBy(libc());

/** Makes a socket; gives its descriptor too. */
function withDescriptor(connect: () => Transport): [Transport, number] {
  const socket = connect();
  return [socket, [...sockets].at(-1)!];
}

/** The running kernel, that repeats all of a request which it refuses, however long. */
const echoing: Connector = {
  connect(protocol, options) {
    const [socket, fd] = withDescriptor(() => kernel().connect(protocol, options));
    // SOL_NETLINK, NETLINK_CAP_ACK; SOL_SOCKET, SO_SNDBUFFORCE.
    assert.equal(libc().setsockopt(fd, 270, 10, Int32Array.of(0), 4), 0);
    assert.equal(libc().setsockopt(fd, 1, 32, Int32Array.of(1 << 23), 4), 0);
    return socket;
  },
};

isolated(
  "an answer larger than all room is told, and there is room for it from then on",
  [],
  async (netns) => {
    await using ether = await open(ethtool, { netns, transport: echoing });
    const request = {
      unknown: Array.from({ length: 20 }, () => ({ type: 1000, data: new Uint8Array(60_000) })),
    };
    const list = () => ether.linkinfoGet.dump(request).all();
    await assert.rejects(list(), (error) => error instanceof TruncatedError && error.length > 1_200_000);
    // The next one has a socket of its own, that has not seen the first.
    const words = { code: "EINVAL", attribute: ".1000" };
    await refused(list(), words);
    await refused(ether.linkinfoGet(request), words);
  },
);

isolated("a giant datagram of another process costs no request its answer", [], async (netns) => {
  const library = Deno.dlopen("libc.so.6", {
    sendto: { parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"], result: "isize" },
  });
  try {
    let port = 0;
    // With room in the socket for both.
    const transport = changed((socket) => port = socket.port, { receiveBuffer: 1 << 23 });
    await using link = await open(rtLink, { netns, transport });
    const [stranger, fd] = withDescriptor(() => echoing.connect(rtLink.protocol, { netns }));
    // struct sockaddr_nl: AF_NETLINK, the port id.
    const address = new Uint8Array(Uint32Array.of(16, port, 0).buffer);
    const sent = library.symbols.sendto(fd, new Uint8Array(3 << 20), 3n << 20n, 0, address, 12);
    assert.equal(sent, 3n << 20n);
    assert.equal((await link.getlink({ ifname: "lo" })).header.ifiIndex, 1);
    stranger.close();
  } finally {
    library.close();
  }
});

/** The operation that gives a link another name besides its own (RTM_NEWLINKPROP), which the spec leaves out. */
const newlinkprop = { ...rtLink.operations.setlink, name: "newlinkprop", request: 108 };
const withProperties = { ...rtLink, operations: { ...rtLink.operations, newlinkprop } };

isolated(
  "an object larger than the receive buffer comes whole, alone and in a list",
  [bridge],
  async (netns) => {
    await using link = await open(withProperties, { netns });
    await link.newlink({ ifname: "named", linkinfo: { kind: "bridge" } }, create);
    const names = Array.from({ length: 400 }, (_, i) => `${i}-`.padEnd(127, "x"));
    await link.batch((b) => {
      for (const name of names) b.newlinkprop({ ifname: "named", propList: { altIfname: [name] } }, create);
    });
    assert.deepEqual((await link.getlink({ ifname: "named" })).propList?.altIfname, names);
    // Without a mask the kernel leaves out of a list what is larger than 32 KiB.
    const links = await link.getlink.dump({ extMask: 8 }).all();
    assert.deepEqual(links.find(({ ifname }) => ifname === "named")?.propList?.altIfname, names);
    await using small = await open(rtLink, { netns, transport: kernel({ readSize: 64 }) });
    assert.deepEqual((await small.getlink({ ifname: "named" })).propList?.altIfname, names);
  },
);

live("every family opens, or is told to be absent by name", [], async () => {
  const absent: string[] = [];
  for (const load of Object.values(families)) {
    const family: Family = await load();
    try {
      (await open(family)).close();
    } catch (error) {
      assert(error instanceof FamilyNotFoundError, `${error}`);
      assert.equal(error.family, family.name);
      absent.push(family.name);
    }
  }
  assert(!absent.includes("nlctrl") && !absent.includes("rt-link"));
});

live("a client that is closed ends the request and the dump that nobody answers", [], async () => {
  const link = await open(rtLink, { transport: deaf });
  const answers = [link.getlink({ ifname: "lo" }), link.getlink.dump().all()];
  setTimeout(() => link.close(), 1);
  for (const answer of await Promise.allSettled(answers)) {
    assert(answer.status === "rejected" && answer.reason instanceof ClosedError);
  }
  await assert.rejects(link.getlink({ ifname: "lo" }), ClosedError);
});

live("an abort ends the request and the dump that nobody answers, and the client goes on", [], async () => {
  await using link = await open(rtLink, { transport: deaf });
  const controller = new AbortController();
  const options = { signal: controller.signal };
  const answers = [link.getlink({ ifname: "lo" }, options), link.getlink.dump({}, options).all()];
  setTimeout(() => controller.abort(new Error("enough")), 1);
  for (const answer of await Promise.allSettled(answers)) {
    assert(answer.status === "rejected" && answer.reason.message === "enough");
  }
  await assert.rejects(link.getlink({ ifname: "lo" }, { timeout: 1 }), NetlinkTimeoutError);
});

isolated(
  "a dump that is aborted half-way leaves the client fit for requests and dumps",
  [],
  async (netns) => {
    await addAddresses(netns);
    await using addr = await open(rtAddr, { netns });
    const before = sockets.size;
    for (let i = 0; i < 10; i++) {
      const controller = new AbortController();
      let count = 0;
      await assert.rejects(async () => {
        for await (const _ of addr.getaddr.dump({}, { signal: controller.signal })) {
          if (++count === 30) controller.abort(new Error("enough"));
        }
      }, { message: "enough" });
      assert(count >= 30 && count < ADDRESSES);
      await assert.rejects(addr.newaddr(address(i), create), { code: "EEXIST" });
      assert((await addr.getaddr.dump().all()).length >= ADDRESSES);
    }
    assert.equal(sockets.size, before + 1, "the last dump's, for the next one");
  },
);
