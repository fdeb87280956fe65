import assert from "node:assert/strict";
import { monitor } from "../../cli/monitor.ts";
import type { Family } from "../../mod.ts";
import { OverrunError } from "../../mod.ts";
import { fakeKernel, netdev } from "../netlink/helpers.ts";
import { namespacesAllowed, withNamespace } from "../netlink/netns.ts";
import { ran } from "./memory_io.ts";

/** A kernel that sends events as soon as somebody has joined a group of netdev. */
function eventful(...events: ((kernel: ReturnType<typeof fakeKernel>) => Uint8Array | Error)[]) {
  const kernel = fakeKernel([netdev], () => []);
  const tell = () => {
    if (kernel.notify("mgmt", ...events.map((event) => event(kernel))) === 0) setTimeout(tell, 1);
  };
  setTimeout(tell, 1);
  return kernel;
}

const added = (kernel: ReturnType<typeof fakeKernel>) =>
  kernel.event(netdev as Family, "dev-add-ntf", { ifindex: 3 });

Deno.test("events are printed a line each, with the time, until the count is reached", async () => {
  const { code, out, err } = await ran(monitor, ["netdev", "mgmt", "--count", "2"], eventful(added, added));
  assert.deepEqual([code, err], [0, []]);
  assert.equal(out.length, 2);
  assert.match(out[0]!, /^\d\d:\d\d:\d\d\.\d{3} dev-add-ntf \{"ifindex": 3\}$/);
});

Deno.test("events are JSON on request: in the words of the spec, unknown and damaged ones as they came", async () => {
  const damaged = (kernel: ReturnType<typeof fakeKernel>) => {
    const bytes = added(kernel);
    bytes[20] = 3;
    return bytes;
  };
  const unknown = (kernel: ReturnType<typeof fakeKernel>) => {
    const bytes = added(kernel);
    bytes[16] = 200;
    return bytes;
  };
  const { code, out } = await ran(
    monitor,
    ["netdev", "--json", "--count", "4"],
    eventful(added, unknown, damaged, () => new OverrunError()),
  );
  assert.equal(code, 0);
  const events = out.map((line) => JSON.parse(line) as { time: string; name: string });
  for (const { time } of events) assert.match(time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.deepEqual(events.map(({ time: _, ...rest }) => rest).slice(0, 1), [
    { name: "dev-add-ntf", msg: { ifindex: 3 } } as never,
  ]);
  assert.deepEqual(events.map(({ name }) => name), ["dev-add-ntf", "unknown", "malformed", "overrun"]);
});

Deno.test("without a name every group of the family is joined, as far as the kernel has it", async () => {
  const kernel = eventful(added);
  await ran(monitor, ["netdev", "--count", "1", "--receive-buffer", "4096", "--all-nsid"], kernel);
  const socket = kernel.sockets.at(-1)!;
  assert.deepEqual([...socket.groups], [0x200, 0x201]);
  assert.deepEqual(socket.options, { allNsid: true, receiveBuffer: 4096 });
});

Deno.test("it ends when the time is over", async () => {
  assert.deepEqual(await ran(monitor, ["netdev", "--duration", "0.01"], fakeKernel([netdev], () => [])), {
    code: 0,
    out: [],
    err: [],
  });
});

for (
  const [args, expected, status] of [
    ["", /which FAMILY\?/, 2],
    ["netdve", /did you mean "netdev"\?/, 2],
    ["netdev --duration soon", /--duration takes a positive number, not "soon"/, 2],
    ["netdev --count 0", /--count takes a positive number/, 2],
    ["netdev nosuch", /no multicast group "nosuch"; it has mgmt, page-pool/, 1],
  ] as const
) {
  Deno.test(`wrong use ends with a line: monitor "${args}"`, async () => {
    const given = args.split(" ").filter((arg) => arg !== "");
    const { code, out, err } = await ran(monitor, given, fakeKernel([netdev], () => []));
    assert.deepEqual([code, out, err.length], [status, [], 1]);
    assert.match(err[0]!, expected);
  });
}

Deno.test({
  name: `live: monitor tells of a link that comes${
    namespacesAllowed ? "" : " (ignored: needs root, to make a network namespace)"
  }`,
  ignore: !namespacesAllowed,
  fn: () =>
    withNamespace(async (pid) => {
      const inside = ["-n", "-t", String(pid)];
      const command = new Deno.Command("nsenter", {
        args: [
          ...inside,
          Deno.execPath(),
          "run",
          "--quiet",
          "--allow-ffi",
          "--allow-read",
          "cli/main.ts",
          "monitor",
          "rt-link",
          "--json",
          "--count",
          "1",
        ],
        stdout: "piped",
      }).spawn();
      let over = false;
      const ended = command.output().finally(() => over = true);
      // It may join its group at any time: links come until it has seen one.
      while (!over) {
        const script = "ip link add tynl9 type bridge; ip link del tynl9; sleep 0.1";
        await new Deno.Command("nsenter", { args: [...inside, "sh", "-c", script] }).output();
      }
      const { code, stdout } = await ended;
      assert.equal(code, 0);
      const event = JSON.parse(new TextDecoder().decode(stdout)) as { msg: { ifname?: string } };
      assert.equal(event.msg.ifname, "tynl9");
    }),
});
