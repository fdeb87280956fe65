import assert from "node:assert/strict";
import type { Io } from "../../cli/io.ts";
import { ynl } from "../../cli/ynl.ts";
import { optionNames, parseYnl, ynlHelp } from "../../cli/ynl/options.ts";
import { nftables } from "../../generated/nftables/mod.ts";
import { type FakeKernel, message } from "../../runtime/testing/mod.ts";
import {
  acknowledgement,
  dev,
  devPart,
  done,
  fakeKernel,
  isDump,
  napiSet,
  netdev,
  part,
} from "../netlink/helpers.ts";
import { noNetlink, parsed, type Ran, ran } from "./memory_io.ts";
import { tynl } from "./tynl.ts";

/** Runs `tynl ynl` on a kernel. */
async function run(args: string[], kernel?: FakeKernel): Promise<Ran> {
  return await ran(ynl, args, kernel);
}

const netdevKernel = () =>
  fakeKernel(
    [netdev],
    (request) =>
      isDump(request)
        ? [devPart(request, 1), devPart(request, 2), done(request)]
        : [dev(request, 7), acknowledgement(request)],
  );

Deno.test("the help tells of every option, and of none that is not there", () => {
  const told = new Set([...ynlHelp().matchAll(/--([a-z][a-z-]*)/g)].map(([, name]) => name!));
  assert.deepEqual([...told].sort(), [...new Set(optionNames())].sort());
});

Deno.test("every option of the kernel's ynl is there", () => {
  const options = [
    ..."family spec do dump multi json output-json list-families list-ops list-msgs list-attrs doc validate policy"
      .split(" "),
    ..."subscribe duration sleep replace excl create append schema no-schema dbg-small-recv process-unknown"
      .split(" "),
    ..."no-process-unknown help".split(" "),
  ];
  const there = optionNames();
  assert.deepEqual(options.filter((option) => !there.includes(option)), []);
});

Deno.test("options take their values as ynl's do", () => {
  const options = parseYnl([
    "--family=netdev",
    "--do",
    "dev-get",
    "--json",
    "{}",
    "--output",
    "--sleep",
    "3",
    "--excl",
  ]);
  assert.equal(options.family, "netdev");
  assert.equal(options.do, "dev-get");
  assert.equal(options.outputJson, true);
  assert.equal(options.duration, 3);
  assert.deepEqual(options.flags, { exclusive: true });
  const { multi } = parseYnl(["--family", "nftables", "--multi", "a", "{}", "--multi", "b", '{"x":1}']);
  assert.deepEqual(multi, [["a", "{}"], ["b", '{"x":1}']]);
  assert.equal(parseYnl(["--family", "x", "--dbg-small-recv"]).smallReceive, 4000);
  assert.equal(parseYnl(["--family", "x", "--dbg-small-recv", "8192", "--dump", "y"]).smallReceive, 8192);
  assert.equal(parseYnl(["--spec", "x", "--schema", "y", "--no-schema"]).schema, undefined);
});

const WRONG: readonly (readonly [string, RegExp])[] = [
  ["", /one of --family, --spec and --list-families/],
  ["--do x", /one of --family/],
  ["--family", /--family takes NAME/],
  ["--family a --spec b", /--family and --spec exclude each other/],
  ["--family a --do x --dump y", /--do and --dump exclude each other/],
  ["--family a --do x --do y", /--do was given twice/],
  ["--family a --bogus", /there is no option --bogus/],
  ["--family a --list", /--list may be --list-families or --list-ops/],
  ["--family a --multi x", /--multi takes OPERATION and JSON/],
  ["--family a --duration x", /--duration takes a whole number/],
  ["--family a --dbg-small-recv 10", /at least 4000/],
  ["--family a --policy", /--policy goes with --do or --dump/],
  ["--family a --output-json=1", /--output-json takes no value/],
  ["--family a word", /unexpected "word"/],
];

for (const [args, expected] of WRONG) {
  Deno.test(`wrong options end with 2 and a line: "${args}"`, async () => {
    const { code, out, err } = await run(args.split(" ").filter((arg) => arg !== ""));
    assert.equal(code, 2);
    assert.deepEqual(out, []);
    assert.equal(err.length, 1);
    assert.match(err[0]!, expected);
  });
}

Deno.test("wrong names and values end with 1, as ynl does, and a line that helps", async () => {
  const cases: [string[], RegExp][] = [
    [["--family", "netdve", "--list-ops"], /no family "netdve"; did you mean "netdev"\?/],
    [["--family", "netdev", "--do", "dev-gte"], /no operation "dev-gte"; did you mean "dev-get"\?/],
    [["--family", "netdev", "--do", "qstats-get"], /qstats-get has no do, only dump/],
    [["--family", "netdev", "--list-attrs", "dev-gte"], /no message "dev-gte"; did you mean "dev-get"\?/],
    [["--family", "netdev", "--do", "dev-get", "--json", "{"], /no JSON/],
    [["--family", "netdev", "--do", "dev-get", "--json", '{"index":1}'], /has no "index"; did you mean/],
    [["--family", "netdev", "--do", "dev-get", "--json", '{"ifindex":"x"}'], /\.ifindex: expected u32/],
    [["--spec", "/nonexistent.yaml", "--list-ops"], /there is no file/],
    [["--family", "rt-link", "--policy", "--do", "getlink"], /no generic netlink family/],
  ];
  for (const [args, expected] of cases) {
    const { code, err } = await run(args, netdevKernel());
    assert.equal(code, 1, args.join(" "));
    assert.equal(err.length, 1);
    assert.match(err[0]!, expected);
  }
});

Deno.test("a request prints its reply, a dump a list, an acknowledgement null", async () => {
  const one = await run([
    "--family",
    "netdev",
    "--do",
    "dev-get",
    "--json",
    '{"ifindex": 7}',
    "--output-json",
  ], netdevKernel());
  assert.deepEqual(one, { code: 0, out: ['{"ifindex": 7}'], err: [] });
  const all = await run(["--family", "netdev", "--dump", "dev-get", "--output-json"], netdevKernel());
  assert.deepEqual(all, { code: 0, out: ['[{"ifindex": 1}, {"ifindex": 2}]'], err: [] });
  const kernel = fakeKernel([netdev], (request) => [acknowledgement(request)]);
  const none = await run(
    ["--family", "netdev", "--do", "napi-set", "--json", '{"id": 1}', "--output-json"],
    kernel,
  );
  assert.deepEqual(none, { code: 0, out: ["null"], err: [] });
  const several = fakeKernel(
    [netdev],
    (request) => [dev(request, 1), dev(request, 2), acknowledgement(request)],
  );
  const two = await run(["--family", "netdev", "--do", "dev-get", "--output-json"], several);
  assert.deepEqual(parsed(two), [[{ ifindex: 1 }, { ifindex: 2 }]]);
});

Deno.test("without --output-json the same JSON is printed in lines for people", async () => {
  const { out } = await run(["--family", "netdev", "--dump", "dev-get"], netdevKernel());
  assert.deepEqual(out, ['[{"ifindex": 1}, {"ifindex": 2}]']);
});

Deno.test("64-bit numbers go to the kernel and come back with every digit", async () => {
  const qstats = netdev.operations.qstatsGet;
  const kernel = fakeKernel(
    [netdev],
    (request) =>
      isDump(request)
        ? [part(request, qstats, { ifindex: 1, rxBytes: 2n ** 64n - 1n, txBytes: 5n }), done(request)]
        : [acknowledgement(request)],
  );
  const { out } = await run(["--family", "netdev", "--dump", "qstats-get", "--output-json"], kernel);
  assert.deepEqual(out, ['[{"ifindex": 1, "rx-bytes": 18446744073709551615, "tx-bytes": 5}]']);
  const json = '{"id": 1, "gro-flush-timeout": 9007199254740993}';
  await run(["--family", "netdev", "--do", napiSet.name, "--json", json], kernel);
  const { bytes } = kernel.requests.at(-1)!;
  assert.equal(new DataView(bytes.buffer).getBigUint64(bytes.length - 8, true), 9007199254740993n);
});

Deno.test("the flags of a request reach the kernel", async () => {
  const kernel = fakeKernel([netdev], (request) => [acknowledgement(request)]);
  await run(
    ["--family", "netdev", "--do", "napi-set", "--json", "{}", "--create", "--excl", "--append"],
    kernel,
  );
  assert.equal(kernel.requests[0]!.flags, 0x1 | 0x4 | 0x200 | 0x400 | 0x800);
  await run(["--family", "netdev", "--do", "napi-set", "--replace"], kernel);
  assert.equal(kernel.requests[1]!.flags, 0x1 | 0x4 | 0x100);
});

Deno.test("a refusal ends with 1 and a line with operation, error number and attribute", async () => {
  const kernel = fakeKernel([netdev], (request) => [
    acknowledgement(request, 22, { extack: { message: "integer out of range", offset: 20 } }),
  ]);
  const { code, out, err } = await run(
    ["--family", "netdev", "--do", "dev-get", "--json", '{"ifindex":9}'],
    kernel,
  );
  assert.equal(code, 1);
  assert.deepEqual(out, []);
  assert.deepEqual(err, ["tynl ynl: netdev dev-get: EINVAL: integer out of range (attribute .ifindex)"]);
});

Deno.test("what the kernel remarks on a success is told beside the reply", async () => {
  const kernel = fakeKernel([netdev], (request) => [
    dev(request, 1),
    acknowledgement(request, 0, { extack: { message: "deprecated" } }),
  ]);
  const { code, out, err } = await run(["--family", "netdev", "--do", "dev-get", "--output-json"], kernel);
  assert.equal(code, 0);
  assert.equal(out.length, 1);
  assert.deepEqual(err, ["tynl ynl: warning: netdev dev-get: deprecated"]);
});

Deno.test("a family that the kernel lacks ends with 1 and a line", async () => {
  const { code, err } = await run(["--family", "netdev", "--dump", "dev-get"], fakeKernel([], () => []));
  assert.equal(code, 1);
  assert.match(err.join("\n"), /^tynl ynl: this kernel has no netlink family "netdev"/);
});

Deno.test("attributes that the spec does not know are shown, or refused if that is asked", async () => {
  const unknown = [{ type: 99, data: new Uint8Array([1, 2]) }];
  const kernel = fakeKernel([netdev], (request) => [
    part(request, netdev.operations.devGet, { ifindex: 1, unknown }),
    done(request),
  ]);
  const args = ["--family", "netdev", "--dump", "dev-get", "--output-json"];
  assert.deepEqual((await run(args, kernel)).out, ['[{"ifindex": 1, "UnknownAttr(99)": "0102"}]']);
  const { code, out, err } = await run([...args, "--no-process-unknown"], kernel);
  assert.equal(code, 1);
  assert.deepEqual(out, []);
  assert.match(err.join(), /UnknownAttr\(99\)/);
});

Deno.test("requests between batch-begin and batch-end are one transaction", async () => {
  const kernel = fakeKernel([], (request) => request.flags & 4 ? [acknowledgement(request)] : []);
  const { code, out } = await run([
    ..."--family nftables --create --output-json".split(" "),
    ...["--multi", "batch-begin", '{"res-id": 10}'],
    ...["--multi", "newtable", '{"nfgen-family": 1, "name": "t"}'],
    ...["--multi", "newchain", '{"nfgen-family": 1, "table": "t", "name": "c"}'],
    ...["--multi", "batch-end", '{"res-id": 10}'],
  ], kernel);
  assert.equal(code, 0);
  assert.deepEqual(out, ["[null, null, null, null]"]);
  const { newtable, newchain } = nftables.operations;
  assert.deepEqual(kernel.requests.map(({ type }) => type), [16, newtable.request, newchain.request, 17]);
});

Deno.test("requests without a transaction are made in order, and their replies are a list", async () => {
  const kernel = fakeKernel(
    [netdev],
    (request) => [dev(request, kernel.requests.length), acknowledgement(request)],
  );
  const { out } = await run([
    ..."--family netdev --output-json".split(" "),
    ...["--multi", "dev-get", '{"ifindex": 1}'],
    ...["--multi", "dev-get", '{"ifindex": 2}'],
  ], kernel);
  assert.deepEqual(out, ['[{"ifindex": 1}, {"ifindex": 2}]']);
});

Deno.test("events are printed with their names until the time is over", async () => {
  const { devAddNtf, groups } = { devAddNtf: netdev.events["dev-add-ntf"], groups: netdev.groups };
  assert("mgmt" in groups);
  const kernel = fakeKernel([netdev], (request) => {
    // The subscription was made before the request.
    const listener = kernel.sockets.find((socket) => socket.groups.size > 0)!;
    listener.deliver(message({ ...request, sequence: 0, port: 0 }, devAddNtf, devAddNtf.id, { ifindex: 3 }));
    return [dev(request, 1), acknowledgement(request)];
  });
  const { code, out, err } = await run(
    "--family netdev --subscribe mgmt --do dev-get --duration 0 --output-json".split(" "),
    kernel,
  );
  assert.deepEqual({ code, out, err }, {
    code: 0,
    out: ['{"ifindex": 1}', '{"name": "dev-add-ntf", "msg": {"ifindex": 3}}'],
    err: [],
  });
  assert(kernel.sockets.every(({ closed }) => closed));
});

Deno.test("a multicast group that is not there ends with 1 and a line", async () => {
  const { code, err } = await run(
    "--family netdev --subscribe nosuch --duration 0".split(" "),
    netdevKernel(),
  );
  assert.equal(code, 1);
  assert.match(err.join("\n"), /^tynl ynl: netdev has no multicast group "nosuch"/);
});

Deno.test("lists of families, operations, messages and attributes are those of the specs", async () => {
  const families = await run(["--list-families"]);
  assert.deepEqual(families.out, [...families.out].sort());
  assert(families.out.includes("rt-link"));
  assert.deepEqual((await run(["--family", "rt-link", "--list-ops"])).out, [
    "newlink  [ do ]",
    "dellink  [ do ]",
    "getlink  [ do, dump ]",
    "setlink  [ do ]",
    "getstats  [ do, dump ]",
  ]);
  const messages = await run(["--family", "handshake", "--list-msgs"]);
  assert.deepEqual(messages.out, ["ready  [ notify ]", "accept  [ do ]", "done  [ do ]"]);
  const attributes = await run(["--family", "handshake", "--doc", "accept"]);
  assert(attributes.out.includes("Do request attributes:"));
  assert(attributes.out.includes("  - handler-class: u32 (enum: handler-class)"));
  assert(attributes.out.includes("  - certificate: nest -> x509"));
});

Deno.test("every message of every family can be documented", async () => {
  const { describeMessage, listMessages } = await import("../../cli/ynl/message_doc.ts");
  const { packageSpec } = await import("../../cli/spec_source.ts");
  for (const family of (await run(["--list-families"])).out) {
    const { spec } = await packageSpec(family);
    assert(listMessages(spec).length > 0, family);
    for (const { name } of spec.operations.list) assert(describeMessage(spec, name).length > 0);
  }
});

Deno.test("--validate is silent about a good spec, and tells every fault of a bad one", async () => {
  assert.deepEqual(await run(["--family", "netdev", "--validate"]), { code: 0, out: [], err: [] });
  const file = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(file, "# SPDX-License-Identifier: BSD-3-Clause\nname: x\nattribute-sets: 1\n");
    const { code, out } = await run(["--spec", file, "--validate"]);
    assert.equal(code, 1);
    assert(out.length >= 2);
    assert(out.every((line) => line.startsWith(file)));
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("--schema holds a spec against a schema of one's own", async () => {
  const file = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(
      file,
      "$schema: https://json-schema.org/draft-07/schema\nrequired: [name, motto]\n",
    );
    const args = ["--family", "netdev", "--schema", file];
    const { code, out } = await run([...args, "--validate"]);
    assert.equal(code, 1);
    assert.deepEqual(out, ["netdev.yaml: /: must have required property 'motto'"]);
    assert.equal((await run([...args, "--no-schema", "--validate"])).code, 0);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("output that nobody reads any more ends the command quietly", async () => {
  const { OutputClosed } = await import("../../cli/io.ts");
  const io: Io = {
    out: () => {
      throw new OutputClosed();
    },
    err: () => assert.fail("nothing is to be said"),
    width: 80,
    colour: false,
    transport: netdevKernel(),
  };
  assert.equal(await ynl(["--family", "netdev", "--dump", "dev-get"], io), 0);
});

Deno.test("ynl's options are taken without a subcommand too", async () => {
  const [bare, named, help] = await Promise.all([
    tynl("--family", "nlctrl", "--list-ops"),
    tynl("ynl", "--family", "nlctrl", "--list-ops"),
    tynl("ynl", "--help"),
  ]);
  assert.equal(bare.code, 0);
  assert.equal(bare.stdout, "getfamily  [ do, dump ]\ngetpolicy  [ dump ]\n");
  assert.deepEqual(named, bare);
  assert.equal(help.stdout.trimEnd(), ynlHelp());
  const wrong = await tynl("--family", "nlctrl", "--nonsense");
  assert.equal(wrong.code, 2);
  assert.equal(wrong.stderr.trimEnd().split("\n").length, 1);
});

// What the reference command printed for the same calls on Linux 6.18, values aside.

Deno.test({
  name: "live: nlctrl describes itself as the reference command says it does",
  ignore: noNetlink,
  fn: async () => {
    const args = [
      "--family",
      "nlctrl",
      "--do",
      "getfamily",
      "--json",
      '{"family-name": "nlctrl"}',
      "--output-json",
    ];
    const { code, out, err } = await run(args);
    assert.deepEqual([code, err], [0, []]);
    const family = JSON.parse(out[0]!);
    assert.deepEqual(Object.keys(family).sort(), [
      "family-id",
      "family-name",
      "hdrsize",
      "maxattr",
      "mcast-groups",
      "ops",
      "version",
    ]);
    assert.equal(family["family-id"], 16);
    assert.equal(family["mcast-groups"][0]["1"].name, "notify");
    assert.deepEqual(family.ops[0]["1"].id, 3);
    assert.deepEqual(family.ops[0]["1"].flags, ["cmd-cap-do", "cmd-cap-dump", "cmd-cap-haspol"]);
  },
});

Deno.test({
  name: "live: the loopback device looks as the reference command shows it",
  ignore: noNetlink,
  fn: async () => {
    const one = await run([
      "--family",
      "rt-link",
      "--do",
      "getlink",
      "--json",
      '{"ifname": "lo"}',
      "--output-json",
    ]);
    assert.equal(one.code, 0);
    const lo = JSON.parse(one.out[0]!);
    assert.equal(lo["ifi-type"], 772);
    assert(lo["ifi-flags"].includes("loopback"));
    assert.equal(lo.address, "00:00:00:00:00:00");
    assert.equal(typeof lo.stats64["rx-bytes"], "number");
    assert.equal(lo["af-spec"].inet.conf.length >= 32, true);
    const all = await run(["--family", "rt-link", "--dump", "getlink", "--output-json"]);
    const links = JSON.parse(all.out[0]!) as { ifname: string }[];
    assert(links.some(({ ifname }) => ifname === "lo"));
  },
});

Deno.test({
  name: "live: addresses and routes are lists, with addresses as text and flags as names",
  ignore: noNetlink,
  fn: async () => {
    const addresses = parsed(await run(["--family", "rt-addr", "--dump", "getaddr", "--output-json"]))[0];
    assert(Array.isArray(addresses));
    for (const address of addresses as { "ifa-flags": string[]; address?: string }[]) {
      assert(Array.isArray(address["ifa-flags"]));
      if (address.address !== undefined) assert.match(address.address, /^[0-9a-f.:]+$/);
    }
    const request = '{"rtm-family": 2}';
    const routes = await run([
      "--family",
      "rt-route",
      "--dump",
      "getroute",
      "--json",
      request,
      "--output-json",
    ]);
    assert(Array.isArray(parsed(routes)[0]));
  },
});

Deno.test({
  name: "live: the policy of an operation has the reference command's form",
  ignore: noNetlink,
  fn: async () => {
    const args = "--family nlctrl --policy --dump getpolicy --output-json".split(" ");
    const { code, out, err } = await run(args);
    assert.deepEqual([code, err], [0, []]);
    assert.deepEqual(JSON.parse(out[0]!), {
      "family-id": { type: "u16", "min-value": 0, "max-value": 65535 },
      "family-name": { type: "nul-string", "max-length": 15 },
      op: { type: "u32", "min-value": 0, "max-value": 4294967295 },
    });
  },
});

Deno.test({
  name: "live: what is received can be told",
  ignore: noNetlink,
  fn: async () => {
    const { code, err } = await run("--family rt-link --dump getlink --dbg-small-recv".split(" "));
    assert.equal(code, 0);
    assert.match(err[0]!, /^received \d+ bytes, \d+ messages$/);
    assert.match(err[1]!, /^ {2}length \d+, type 16, flags 0x2, sequence \d+$/);
  },
});
