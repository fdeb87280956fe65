// Lines of the log: whatever a peer is called, one line stays one line.
import assert from "node:assert/strict";
import { type Entry, jsonLine, Log, textLine } from "../../cli/tlshd/log.ts";
import type { LogLevel } from "../../cli/tlshd/config.ts";

const TIME = new Date("2026-03-04T05:06:07.089Z");

/** What could end a line, act on a terminal or turn text around: C0, DEL, C1, line separators, bidirectional marks. */
const HOSTILE = 'a\r\nb\x1b[2J\x7f\x9b\u0085\u2028\u2029\u202e\u2066\u200b\ufeff\u{e0001}\ud800"c\\ d=e';

function entry(fields: Entry["fields"], text?: string): Entry {
  return { level: "info", event: "handshake", ...text === undefined ? {} : { text }, fields: fields! };
}

Deno.test("a line of text has the event, what happened, and facts as name=value", () => {
  const fields = {
    peer: "[2001:db8::1]:2049",
    status: 0,
    ok: true,
    none: undefined,
    keys: [1, 2],
    empty: [],
  };
  assert.equal(
    textLine(entry(fields, "succeeded")),
    "handshake succeeded peer=[2001:db8::1]:2049 status=0 ok=true keys=1,2 empty=none",
  );
});

Deno.test("a value that is no plain word stands in quotes, and those in it are escaped", () => {
  assert.equal(textLine(entry({ identity: 'CN=a "b", O=c' })), 'handshake identity="CN=a \\"b\\", O=c"');
  assert.equal(textLine(entry({ identity: "" })), 'handshake identity=""');
});

Deno.test("a line of JSON is an object with time, level, event and the facts as they are", () => {
  assert.deepEqual(
    JSON.parse(jsonLine(entry({ peer: "a b", keys: [1, 2], none: undefined }, "failed"), TIME)),
    {
      time: "2026-03-04T05:06:07.089Z",
      level: "info",
      event: "handshake",
      text: "failed",
      peer: "a b",
      keys: [1, 2],
    },
  );
});

Deno.test("nothing that a peer sends ends a line, acts on a terminal or changes the order of text", () => {
  const acting = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
  for (
    const line of [
      textLine(entry({ identity: HOSTILE }, HOSTILE)),
      jsonLine(entry({ identity: HOSTILE }, HOSTILE), TIME),
    ]
  ) {
    assert(!acting.test(line), line);
    assert(line.includes("\\u001b[2J"), line);
  }
  assert.equal(JSON.parse(jsonLine(entry({ identity: HOSTILE }), TIME)).identity, HOSTILE.toWellFormed());
});

Deno.test("a text of any length is cut", () => {
  const long = "\u{1f512}".repeat(100_000);
  assert(textLine(entry({ identity: long }, long)).length < 3000);
  assert(jsonLine(entry({ identity: long }, long), TIME).length < 3000);
});

Deno.test("what is less urgent than the level is not written", () => {
  const seen: LogLevel[] = [];
  const log = new Log({ format: "text", level: "notice", sinks: [(_, level) => void seen.push(level)] });
  for (const level of ["debug", "info", "notice", "warning", "error"] as const) {
    log.write({ level, event: "x" });
  }
  log.options = { ...log.options, level: "debug" };
  log.write({ level: "debug", event: "x" });
  assert.deepEqual(seen, ["notice", "warning", "error", "debug"]);
});
