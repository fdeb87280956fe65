// Where lines go: to syslog as a datagram, to standard error, and never nowhere.
import assert from "node:assert/strict";
import { hasSyslog, leadsToJournal, logSinks, standardError, syslog } from "../../cli/tlshd/sinks.ts";
import { inFolder } from "./pki.ts";
import { DatagramReceiver } from "./unix_sockets.ts";

Deno.test("a line to syslog has facility auth, its level, the time, and tlshd's name", () => {
  inFolder((folder) => {
    using receiver = new DatagramReceiver(`${folder}/log`);
    const sink = syslog(`${folder}/log`);
    sink("handshake succeeded", "info");
    sink("config broken", "error");
    const [first, second] = receiver.received();
    assert.match(first!, /^<38>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d tlshd\[\d+\]: handshake succeeded$/);
    assert.match(second!, /^<35>.* tlshd\[\d+\]: config broken$/);
  });
});

Deno.test("syslog that is started anew is found again, and is told how many lines were lost", () => {
  inFolder((folder) => {
    const path = `${folder}/log`;
    const sink = syslog(path);
    {
      using receiver = new DatagramReceiver(path);
      sink("one", "info");
      assert.equal(receiver.received().length, 1);
    }
    sink("two", "info");
    sink("three", "info");
    Deno.removeSync(path);
    using receiver = new DatagramReceiver(path);
    sink("four", "info");
    const [lost, four] = receiver.received();
    assert.match(lost!, /^<36>.*: log 2 lines were lost$/);
    assert.match(four!, /: four$/);
  });
});

Deno.test("syslog that reads nothing holds nothing up", () => {
  inFolder((folder) => {
    using _ = new DatagramReceiver(`${folder}/log`);
    const sink = syslog(`${folder}/log`);
    for (let i = 0; i < 10_000; i++) sink("x".repeat(1000), "info");
  });
});

Deno.test("whether there is syslog is looked at, not believed", () => {
  inFolder((folder) => {
    assert.equal(hasSyslog(`${folder}/log`), false);
    Deno.writeTextFileSync(`${folder}/log`, "");
    assert.equal(hasSyslog(`${folder}/log`), false);
    using _ = new DatagramReceiver(`${folder}/socket`);
    assert.equal(hasSyslog(`${folder}/socket`), true);
  });
});

Deno.test("standard error has time and level, the journal a number for it, JSON the line alone", () => {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  standardError(write, false, false)("stopped", "notice");
  standardError(write, true, false)("stopped", "notice");
  standardError(write, false, true)('{"event":"stopped"}', "notice");
  assert.match(lines[0]!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z notice stopped$/);
  assert.deepEqual(lines.slice(1), ["<5>stopped", '{"event":"stopped"}']);
});

Deno.test("a standard error that nobody reads any more does no harm", () => {
  const write = () => {
    throw new Deno.errors.BrokenPipe();
  };
  standardError(write, false, false)("stopped", "notice");
});

Deno.test("what leads to the journal is told by device and inode, not by the variable alone", () => {
  inFolder((folder) => {
    Deno.writeTextFileSync(`${folder}/journal`, "");
    const { dev, ino } = Deno.statSync(`${folder}/journal`);
    assert.equal(leadsToJournal(`${dev}:${ino}`, `${folder}/journal`), true);
    assert.equal(leadsToJournal(`${dev}:${ino! + 1}`, `${folder}/journal`), false);
    assert.equal(leadsToJournal(undefined, `${folder}/journal`), false);
    assert.equal(leadsToJournal(`${dev}:${ino}`, `${folder}/none`), false);
  });
});

const toSyslog = () => {}, toStderr = () => {};
for (
  const [what, where, expected] of [
    ["syslog alone", { syslog: true, stderr: false, journal: false }, [toSyslog]],
    ["both if asked for", { syslog: true, stderr: true, journal: false }, [toSyslog, toStderr]],
    ["the journal once", { syslog: true, stderr: true, journal: true }, [toStderr]],
    ["standard error where there is no syslog", { syslog: false, stderr: false, journal: false }, [toStderr]],
  ] as const
) {
  Deno.test(`the log goes to ${what}`, () => {
    const sinks = logSinks({ ...where, syslog: where.syslog ? toSyslog : undefined }, toStderr);
    assert.deepEqual(sinks, expected);
  });
}
