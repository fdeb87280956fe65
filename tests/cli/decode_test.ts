import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { decode } from "../../cli/decode.ts";
import { captured, captures, cooked, pcap, vectorFile } from "../traffic/helpers.ts";
import { tynl, withFolder } from "./tynl.ts";

interface Ran {
  code: number;
  out: string[];
  err: string[];
}

async function run(...args: string[]): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await decode(args, {
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    width: 80,
    colour: false,
  });
  return { code, out, err };
}

/** Runs the command on a file with these contents. */
async function onFile(contents: Uint8Array | string, ...args: string[]): Promise<Ran> {
  let ran: Ran | undefined;
  await withFolder(async (folder) => {
    const file = `${folder}/capture`;
    if (typeof contents === "string") Deno.writeTextFileSync(file, contents);
    else Deno.writeFileSync(file, contents);
    ran = await run(file, ...args);
  });
  return ran!;
}

const GETLINK = "20000000120001000100000000000000" + "00000000010000000000000000000000";

Deno.test("all captured messages decode", async () => {
  const lines = captures.map((capture) => JSON.stringify(capture)).join("\n");
  const { code, out, err } = await onFile(lines, "--ndjson");
  const count = captures.length;
  const none = "0 of unknown families or operations, 0 damaged";
  assert.deepEqual([code, err], [0, [`${count} messages: ${count} decoded, ${none}`]]);
  assert.equal(out.length, count);
  for (const [i, { spec, op, kind }] of captures.entries()) {
    const object = JSON.parse(out[i]!);
    assert.equal(object.family, spec);
    if (op !== null) assert.equal(object.operation, op);
    assert.notEqual(kind === "control" ? object.outcome : object.message, undefined);
  }
});

Deno.test("a message is a line, with its bytes field by field if wanted", async () => {
  const { code, out } = await onFile(GETLINK, "--annotate");
  assert.equal(code, 0);
  assert.equal(
    out[0],
    '-> rt-link getlink request seq=1 flags=request {"ifi-family": 0, "ifi-type": 0, "ifi-index": 1, ' +
      '"ifi-flags": [], "ifi-change": 0}',
  );
  assert.equal(out[1], "     0  20 00 00 00              nlmsg_len 32");
  assert(out.includes("    20  01 00 00 00              ifi-index 1"));
});

Deno.test("a gzipped pcap decodes to one JSON array, with integers of 64 bits whole", async () => {
  const stats = captured("rt-link", "getstats", "reply").slice();
  // The first counter of link-64, behind message header, if_stats_msg and attribute header.
  new DataView(stats.buffer).setBigUint64(16 + 12 + 4, 0xfffffffffffffffen, true);
  const { code, out } = await onFile(gzipSync(pcap([cooked(stats, 0)])), "--json");
  assert.equal(code, 0);
  assert.match(out.join("\n"), /"rx-packets": 18446744073709551614\b/);
  const [object, ...more] = JSON.parse(out.join("\n"));
  assert.deepEqual([more.length, object.family, object.where], [0, "rt-link", "packet 1"]);
});

Deno.test("--family and --protocol tell what a capture does not", async () => {
  // ETHTOOL_MSG_STRSET_GET of nobody.
  const hex = "14000000 1500 0500 01000000 00000000 01010000";
  assert.match(
    (await onFile(hex, "--protocol", "generic")).out[0]!,
    /^-> protocol-16 type-21\/command-1 message /,
  );
  const told = await onFile(hex, "--protocol", "16", "--family", "0x15=ethtool");
  assert.match(told.out[0]!, /^-> ethtool strset-get request /);
});

Deno.test("damage is told where it is and makes the exit status 1, and the rest is decoded", async () => {
  const { code, out, err } = await onFile(`${GETLINK}\nnonsense\n${GETLINK}\n`);
  assert.equal(code, 1);
  assert.equal(out[1], "line 2: damaged: this is no hex");
  assert.match(out[2]!, /^-> rt-link getlink/);
  assert.match(err[0]!, /^3 messages: 2 decoded, 0 of unknown families or operations, 1 damaged$/);
});

Deno.test("control characters of a capture do not reach the terminal", async () => {
  // RTM_NEWLINK with the name ESC [ 2 J and CSI of one byte (U+009B).
  const { out } = await onFile(
    `2c000000100000000000000000000000${"00".repeat(16)}0b0003001b5b324ac29b0000`,
    "--annotate",
  );
  assert.match(out[0]!, /ifname/);
  for (const line of out) assert.doesNotMatch(line, /\p{Cc}/u);
});

Deno.test("wrong arguments and files that are no capture are one line each", async () => {
  const wrong: [string[], number, RegExp][] = [
    [["--format", "text"], 2, /--format is one of pcap, pcapng, strace, hex, jsonl, not "text"/],
    [["--family", "ethtool"], 2, /--family is ID=NAME/],
    [["--family", "3=ethtool"], 2, /--family is ID=NAME/],
    [["--protocol", "tcp"], 2, /--protocol/],
    [["--json", "--ndjson"], 2, /exclude each other/],
    [["--nonsense"], 2, /--nonsense/],
    [["a", "b"], 2, /one file at a time/],
    [["/does/not/exist"], 1, /cannot read \/does\/not\/exist/],
    [[vectorFile, "--format", "pcap"], 1, /this is no pcap file \(at byte 0\)/],
  ];
  for (const [args, status, message] of wrong) {
    const { code, out, err } = await run(...args);
    assert.deepEqual([code, out, err.length], [status, [], 1], args.join(" "));
    assert.match(err[0]!, message);
    assert(err[0]!.startsWith("tynl decode: "));
  }
  assert.match((await onFile("")).err[0]!, /nothing to decode/);
  assert.match((await onFile("Dear all,")).err[0]!, /this is none of pcap/);
});

Deno.test("the command is there, and its help names every option", async () => {
  const { code, stdout } = await tynl("decode", "--help");
  assert.equal(code, 0);
  for (const option of ["format", "protocol", "family", "kernel", "annotate", "json", "ndjson"]) {
    assert.match(stdout, new RegExp(`--${option}\\b`));
  }
  const empty = await tynl("decode");
  assert.deepEqual([empty.code, empty.stderr], [1, "tynl decode: there is nothing to decode\n"]);
});
