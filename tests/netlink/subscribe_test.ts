import assert from "node:assert/strict";
import { ClosedError, GroupNotFoundError, open, OverrunError } from "../../mod.ts";
import { rtLink } from "../../generated/rt-link/mod.ts";
import { datagram, fakeKernel } from "../../runtime/testing/mod.ts";
import { encodeMessage, Writer } from "../../runtime/wire/mod.ts";
import { netdev } from "./helpers.ts";

/** A message about a link as the kernel sends it to a group: sequence 0, nlmsg_type by linux/rtnetlink.h. */
function linkMessage(type: number, ifname: string): Uint8Array {
  const writer = new Writer();
  const value = { header: { ifiIndex: 7 }, ifname };
  encodeMessage(writer, rtLink.operations.newlink, value, { type, flags: 0, sequence: 0 });
  return writer.result();
}

const RTM_NEWLINK = 16, RTM_DELLINK = 17;

async function take<T>(events: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  for await (const event of events) {
    taken.push(event);
    if (taken.length === count) break;
  }
  return taken;
}

Deno.test("events of a group come typed, under their names in the spec", async () => {
  const kernel = fakeKernel([rtLink], () => []);
  await using rt = await open(rtLink, { transport: kernel });
  const events = rt.subscribe("rtnlgrp-link");
  kernel.notify("rtnlgrp-link", linkMessage(RTM_NEWLINK, "one"));
  const [event] = await take(events, 1);
  assert(event?.name === "newlink-ntf");
  const name: string | undefined = event.message.ifname;
  assert.equal(name, "one");
});

Deno.test("a notification with the id of an operation has that operation's name", async () => {
  const kernel = fakeKernel([rtLink], () => []);
  await using rt = await open(rtLink, { transport: kernel });
  const events = rt.subscribe("rtnlgrp-link");
  kernel.notify("rtnlgrp-link", linkMessage(RTM_DELLINK, "gone"));
  const [event] = await take(events, 1);
  assert(event?.name === "dellink");
  assert.equal(event.message.ifname, "gone");
});

Deno.test("what happens before the first read is kept", async () => {
  const kernel = fakeKernel([rtLink], () => []);
  await using rt = await open(rtLink, { transport: kernel });
  const events = rt.subscribe("rtnlgrp-link");
  for (const name of ["a", "b"]) kernel.notify("rtnlgrp-link", linkMessage(RTM_NEWLINK, name));
  assert.equal((await take(events, 2)).length, 2);
});

Deno.test("several messages in one datagram are several events", async () => {
  const kernel = fakeKernel([rtLink], () => []);
  await using rt = await open(rtLink, { transport: kernel });
  const events = rt.subscribe("rtnlgrp-link");
  kernel.notify("rtnlgrp-link", datagram(linkMessage(RTM_NEWLINK, "a"), linkMessage(RTM_DELLINK, "b")));
  assert.deepEqual((await take(events, 2)).map(({ name }) => name), ["newlink-ntf", "dellink"]);
});

Deno.test("an overrun is an event, and the stream goes on behind it", async () => {
  const kernel = fakeKernel([rtLink], () => []);
  await using rt = await open(rtLink, { transport: kernel });
  const events = rt.subscribe("rtnlgrp-link");
  kernel.notify("rtnlgrp-link", new OverrunError(), linkMessage(RTM_NEWLINK, "a"));
  assert.deepEqual((await take(events, 2)).map(({ name }) => name), ["overrun", "newlink-ntf"]);
});

Deno.test("a message that the family does not describe is an event with its bytes", async () => {
  const kernel = fakeKernel([rtLink], () => []);
  await using rt = await open(rtLink, { transport: kernel });
  const events = rt.subscribe("rtnlgrp-link");
  const bytes = linkMessage(999, "new");
  kernel.notify("rtnlgrp-link", bytes);
  const [event] = await take(events, 1);
  assert(event?.name === "unknown");
  assert.deepEqual([event.id, event.bytes], [999, bytes]);
});

Deno.test("a damaged message is an event with its error, and those behind it still come", async () => {
  const kernel = fakeKernel([rtLink], () => []);
  await using rt = await open(rtLink, { transport: kernel });
  const events = rt.subscribe("rtnlgrp-link");
  const damaged = linkMessage(RTM_NEWLINK, "a");
  // The length of the only attribute, behind 16 bytes of nlmsghdr and 16 of ifinfomsg.
  damaged[32] = 200;
  kernel.notify("rtnlgrp-link", datagram(damaged, linkMessage(RTM_NEWLINK, "b")));
  const [first, second] = await take(events, 2);
  assert(first?.name === "malformed");
  assert.equal(first.error.offset, 32);
  assert.equal(second?.name, "newlink-ntf");
});

Deno.test("what another process sends to the socket is no event", async () => {
  const kernel = fakeKernel([rtLink], () => []);
  await using rt = await open(rtLink, { transport: kernel });
  const events = rt.subscribe("rtnlgrp-link");
  kernel.notify("rtnlgrp-link", { bytes: linkMessage(RTM_NEWLINK, "forged"), sender: 4711 });
  kernel.notify("rtnlgrp-link", linkMessage(RTM_NEWLINK, "true"));
  const [event] = await take(events, 1);
  assert(event?.name === "newlink-ntf");
  assert.equal(event.message.ifname, "true");
});

Deno.test("groups of a generic family are joined by the number that the kernel gave them", async () => {
  const kernel = fakeKernel([netdev], () => []);
  await using nd = await open(netdev, { transport: kernel });
  const number = nd.groups["page-pool"]!;
  using _events = nd.subscribe(["mgmt", "page-pool"]);
  assert.deepEqual([...kernel.sockets.at(-1)!.groups], [nd.groups.mgmt, number]);
});

Deno.test("a group that is not there is an error that lists those that are", async () => {
  await using rt = await open(rtLink, { transport: fakeKernel([rtLink], () => []) });
  assert.throws(() => rt.subscribe("rtnlgrp-lnk"), (error) => {
    assert(error instanceof GroupNotFoundError);
    assert.match(error.message, /rtnlgrp-lnk.*rtnlgrp-link/);
    return true;
  });
});

Deno.test("leaving the loop closes the socket of the subscription and no other", async () => {
  const kernel = fakeKernel([rtLink], () => []);
  await using rt = await open(rtLink, { transport: kernel });
  const events = rt.subscribe("rtnlgrp-link");
  kernel.notify("rtnlgrp-link", linkMessage(RTM_NEWLINK, "a"));
  await take(events, 1);
  assert.deepEqual(kernel.sockets.map(({ closed }) => closed), [false, true]);
  assert.equal(kernel.notify("rtnlgrp-link", linkMessage(RTM_NEWLINK, "b")), 0);
});

Deno.test("closing the client ends a stream that waits", async () => {
  const rt = await open(rtLink, { transport: fakeKernel([rtLink], () => []) });
  const next = rt.subscribe("rtnlgrp-link").next();
  rt.close();
  assert.deepEqual(await next, { value: undefined, done: true });
  assert.throws(() => rt.subscribe("rtnlgrp-link"), ClosedError);
});

Deno.test("a signal ends a stream that waits, with its reason", async () => {
  await using rt = await open(rtLink, { transport: fakeKernel([rtLink], () => []) });
  const controller = new AbortController();
  const next = rt.subscribe("rtnlgrp-link", { signal: controller.signal }).next();
  controller.abort(new Error("enough"));
  await assert.rejects(next, /enough/);
});

const inNamespace = (() => {
  try {
    return new Deno.Command("unshare", {
      args: ["-n", "ip", "link", "add", "probe0", "type", "veth"],
      stderr: "null",
    })
      .outputSync().success;
  } catch {
    return false;
  }
})();

Deno.test({
  name: `live: links that come and go are seen${
    inNamespace ? "" : " (ignored: needs root, ip and veth devices)"
  }`,
  ignore: !inNamespace,
  fn: async () => {
    const example = new URL("../../examples/follow_links.ts", import.meta.url).pathname;
    // The shell waits for the line about lo, which is printed after the group was joined, before it changes anything.
    const script = `
      "$1" run --quiet --allow-ffi "$2" 2 | {
        read -r line && echo "$line"
        ip link add seen0 type veth peer name seen1 && ip link del seen0
        cat
      }`;
    const { code, stdout, stderr } = await new Deno.Command("unshare", {
      args: ["-n", "sh", "-c", script, "sh", Deno.execPath(), example],
      env: { NO_COLOR: "1" },
    }).output();
    const text = new TextDecoder();
    assert.equal(code, 0, text.decode(stderr));
    assert.match(text.decode(stdout), /^\d+ lo is there\n(.*\n)*\d+ seen[01] changed\n/);
  },
});
