// What systemd is told: sd_notify(3).
import assert from "node:assert/strict";
import { Notifier } from "../../cli/tlshd/notify.ts";
import { inFolder } from "./pki.ts";
import { DatagramReceiver } from "./unix_sockets.ts";

const variables = (values: Record<string, string>) => (name: string): string | undefined => values[name];

Deno.test("systemd is told of the start, a reload and the end", () => {
  inFolder((folder) => {
    using receiver = new DatagramReceiver(`${folder}/notify`);
    using notifier = new Notifier(variables({ NOTIFY_SOCKET: `${folder}/notify` }));
    notifier.ready("serving by a\nMAINPID=1");
    notifier.reloading();
    notifier.stopping();
    const [ready, reloading, stopping] = receiver.received();
    assert.equal(ready, "READY=1\nSTATUS=serving by a MAINPID=1");
    assert.match(reloading!, /^RELOADING=1\nMONOTONIC_USEC=[1-9]\d+$/);
    assert.equal(stopping, "STOPPING=1");
  });
});

Deno.test("the time of a reload is that of CLOCK_MONOTONIC", () => {
  inFolder((folder) => {
    using receiver = new DatagramReceiver(`${folder}/notify`);
    using notifier = new Notifier(variables({ NOTIFY_SOCKET: `${folder}/notify` }));
    notifier.reloading();
    notifier.reloading();
    const [first, second] = receiver.received().map((text) => Number(text.split("=").at(-1)));
    assert(first! <= second!);
    // Since the machine was started, give or take the time that it slept.
    const uptime = Number(Deno.readTextFileSync("/proc/uptime").split(" ")[0]) * 1e6;
    assert(first! > 0 && first! <= uptime + 1e6, `${first} of ${uptime}`);
  });
});

Deno.test("a socket of the abstract namespace will do", () => {
  const name = `@tynl-test-${crypto.randomUUID()}`;
  using receiver = new DatagramReceiver(name);
  using notifier = new Notifier(variables({ NOTIFY_SOCKET: name }));
  notifier.ready("serving");
  assert.equal(receiver.received().length, 1);
});

Deno.test("without systemd nothing is told", () => {
  for (const NOTIFY_SOCKET of ["", "/none/notify", "x".repeat(200), "a\0b"]) {
    using notifier = new Notifier(variables({ NOTIFY_SOCKET }));
    notifier.ready("serving");
    notifier.reloading();
  }
  using notifier = new Notifier(variables({}));
  notifier.ready("serving");
});

async function firstDatagram(receiver: DatagramReceiver): Promise<string> {
  for (let i = 0; i < 6000; i++) {
    const [first] = receiver.received();
    if (first !== undefined) return first;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("nothing came");
}

Deno.test("the watchdog is fed in time", async () => {
  const name = `@tynl-test-${crypto.randomUUID()}`;
  using receiver = new DatagramReceiver(name);
  const process = { NOTIFY_SOCKET: name, WATCHDOG_USEC: "20000", WATCHDOG_PID: `${Deno.pid}` };
  using _ = new Notifier(variables(process));
  assert.equal(await firstDatagram(receiver), "WATCHDOG=1");
});

Deno.test("a watchdog that is another process's, or no number, is not fed", async () => {
  const name = `@tynl-test-${crypto.randomUUID()}`;
  using receiver = new DatagramReceiver(name);
  const others = [{ WATCHDOG_USEC: "20000", WATCHDOG_PID: "1" }, { WATCHDOG_USEC: "soon" }, {
    WATCHDOG_USEC: "0",
  }];
  for (const other of others) {
    using _ = new Notifier(variables({ NOTIFY_SOCKET: name, ...other }));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.deepEqual(receiver.received(), []);
});
