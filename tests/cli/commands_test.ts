import assert from "node:assert/strict";
import { completion, completions } from "../../cli/completion.ts";
import { list } from "../../cli/list.ts";
import { policy } from "../../cli/policy.ts";
import { doRequest, dumpRequest } from "../../cli/request.ts";
import { show } from "../../cli/show.ts";
import { subcommandNames } from "../../cli/main.ts";
import { acknowledgement, dev, devPart, done, fakeKernel, isDump, netdev } from "../netlink/helpers.ts";
import { noNetlink, parsed, ran } from "./memory_io.ts";
import { tynl } from "./tynl.ts";

const netdevKernel = () =>
  fakeKernel(
    [netdev],
    (request) =>
      isDump(request)
        ? [devPart(request, 1), devPart(request, 2), done(request)]
        : [dev(request, 7), acknowledgement(request)],
  );

Deno.test("a request takes JSON or assignments, which are the same to the kernel", async () => {
  const kernel = netdevKernel();
  const json = await ran(doRequest, ["netdev", "dev-get", '{"ifindex": 7}'], kernel);
  const assigned = await ran(doRequest, ["netdev", "dev-get", "ifindex=0x7"], kernel);
  assert.deepEqual(json, { code: 0, out: ['{"ifindex": 7}'], err: [] });
  assert.deepEqual(assigned, json);
  const [first, second] = kernel.requests.map(({ bytes }) => [...bytes.subarray(16)]);
  assert.deepEqual(first, second);
});

Deno.test("a dump is printed item by item, as one list, or a line for each", async () => {
  const dump = async (...args: string[]) =>
    (await ran(dumpRequest, ["netdev", "dev-get", ...args], netdevKernel())).out;
  assert.deepEqual(await dump(), ['{"ifindex": 1}', '{"ifindex": 2}']);
  assert.deepEqual(await dump("--ndjson"), ['{"ifindex": 1}', '{"ifindex": 2}']);
  assert.deepEqual(await dump("--json"), ['[{"ifindex": 1}, {"ifindex": 2}]']);
});

Deno.test("the flags of a request reach the kernel", async () => {
  const kernel = fakeKernel([netdev], (request) => [acknowledgement(request)]);
  await ran(doRequest, ["netdev", "napi-set", "id=1", "--create", "--excl", "--json"], kernel);
  assert.equal(kernel.requests[0]!.flags, 0x1 | 0x4 | 0x200 | 0x400);
});

const WRONG: readonly (readonly [typeof doRequest, string, RegExp])[] = [
  [doRequest, "", /^tynl do: which FAMILY\?/],
  [doRequest, "netdve dev-get", /no family "netdve"; did you mean "netdev"\?/],
  [doRequest, "netdev", /which OPERATION\?/],
  [doRequest, "netdev dev-gte", /did you mean "dev-get"\?/],
  [doRequest, "netdev qstats-get", /has no do, only dump/],
  [doRequest, "netdev dev-get ifidnex=1", /did you mean "ifindex"\?/],
  [doRequest, "netdev dev-get ifindex", /ifindex needs a value/],
  [doRequest, "netdev dev-get ifindex=x", /\.ifindex: expected u32/],
  [doRequest, "netdev dev-get {", /no JSON/],
  [doRequest, "netdev dev-get --bogus", /'--bogus'/],
  [dumpRequest, "netdev dev-get --json --ndjson", /exclude each other/],
  [dumpRequest, "netdev napi-set", /has no dump, only do/],
  [show, "", /which FAMILY\?/],
  [show, "netdev dev-gte", /did you mean "dev-get"\?/],
  [show, "netdev dev-get more", /unexpected "more"/],
  [policy, "", /which FAMILY\?/],
  [policy, "netdev dev-gte", /did you mean "dev-get"\?/],
  [list, "more", /tynl list: /],
  [completion, "", /bash, zsh or fish\?/],
  [completion, "tcsh", /bash, zsh or fish\?/],
];

for (const [subcommand, args, expected] of WRONG) {
  Deno.test(`wrong use ends with 2 and a line: ${subcommand.name} "${args}"`, async () => {
    const { code, out, err } = await ran(
      subcommand,
      args.split(" ").filter((arg) => arg !== ""),
      netdevKernel(),
    );
    assert.equal(code, 2);
    assert.deepEqual(out, []);
    assert.equal(err.length, 1);
    assert.match(err[0]!, expected);
  });
}

Deno.test("a refusal of the kernel ends with 1 and a line", async () => {
  const kernel = fakeKernel([netdev], (request) => [
    isDump(request) ? done(request, 1) : acknowledgement(request, 19),
  ]);
  const one = await ran(doRequest, ["netdev", "dev-get", "ifindex=9"], kernel);
  assert.deepEqual(one, { code: 1, out: [], err: ["tynl do: netdev dev-get: ENODEV: no such device"] });
  const many = await ran(dumpRequest, ["netdev", "dev-get"], kernel);
  assert.deepEqual(many, {
    code: 1,
    out: [],
    err: ["tynl dump: netdev dev-get: EPERM: operation not permitted"],
  });
});

Deno.test("a family is shown with its operations, and each of its names by itself", async () => {
  const family = (await ran(show, ["netdev"])).out.join("\n");
  for (const name of ["queue-get", "page-pool-change-ntf", "mgmt", "xdp-act", "io-uring-provider-info"]) {
    assert(family.includes(name), name);
  }
  const set = parsed(await ran(show, ["netdev", "queue", "--json"]))[0] as Record<
    string,
    { attribute: string }[]
  >;
  assert(set["attribute set queue"]!.some(({ attribute }) => attribute === "ifindex"));
  const flags = parsed(await ran(show, ["netdev", "xdp-act", "--json"]))[0];
  assert.equal((flags as Record<string, Record<string, number>>)["flags xdp-act"]!["redirect"], 1);
});

Deno.test("an operation is shown with the attributes of its messages and their limits", async () => {
  const kernel = fakeKernel([], () => []);
  const shown = parsed(await ran(show, ["netdev", "queue-get", "--json"], kernel))[0] as Record<
    string,
    unknown
  >;
  assert.deepEqual(shown["dump request"], [{
    attribute: "ifindex",
    id: 2,
    type: "u32",
    checks: "at least 1",
  }]);
  assert.deepEqual(shown["enum queue-type"], { rx: 0, tx: 1 });
  const text = (await ran(show, ["rt-link", "newlink"])).out.join("\n");
  assert.match(text, /struct ifinfomsg/);
  assert.match(text, /^ {2}linkinfo +18 {2}nest linkinfo-attrs$/m);
});

Deno.test("everything that a family lists can be shown", async () => {
  const kernel = fakeKernel([], () => []);
  for (const family of ["netdev", "handshake", "tc"]) {
    for (const name of await completions(`tynl show ${family} `)) {
      const { code, err } = await ran(show, [family, name, "--json"], kernel);
      assert.deepEqual([code, err], [0, []], `${family} ${name}`);
    }
  }
});

Deno.test("completion knows subcommands, families, operations, attributes and enum values", async () => {
  const has = async (line: string, ...words: string[]) => {
    const offered = await completions(line);
    for (const word of words) assert(offered.includes(word), `${line}: ${word} in ${offered.join(" ")}`);
  };
  await has("tynl ", ...subcommandNames());
  await has("tynl do rt-", "rt-link", "rt-addr");
  await has("tynl do rt-link ", "newlink", "getlink");
  await has("tynl dump netdev q", "queue-get", "qstats-get");
  await has("tynl do rt-link newlink mt", "mtu=");
  await has(
    "tynl do rt-link newlink linkinfo.kind=bridge linkinfo.data.forward",
    "linkinfo.data.forward-delay=",
  );
  await has("tynl do handshake accept handler-class=t", "handler-class=tlshd");
  await has("tynl --fam", "--family");
  await has("tynl --family rt-l", "rt-link");
  await has("tynl ynl --family rt-link --dump get", "getlink", "getstats");
  await has("tynl ynl --family rt-link --subscribe ", "rtnlgrp-link");
  assert.deepEqual(await completions("tynl dump rt-link new"), []);
  assert.deepEqual(await completions("tynl do nosuch "), []);
});

Deno.test("bash completes with the script that is printed for it", async () => {
  const { out } = await ran(completion, ["bash"]);
  const script = `${out.join("\n")}
tynl() { [ "$1 $2" = "completion --words" ] && echo "handler-class=tlshd"; }
compopt() { :; }
COMP_LINE="tynl do handshake accept handler-class=t" COMP_POINT=40
_tynl
echo "\${COMPREPLY[*]}"`;
  const command = new Deno.Command("bash", { args: ["-c", script], stdout: "piped", stderr: "piped" });
  let output: Deno.CommandOutput;
  try {
    output = await command.output();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  assert.equal(new TextDecoder().decode(output.stderr), "");
  assert.equal(new TextDecoder().decode(output.stdout), "tlshd\n");
});

Deno.test("every subcommand is in the help, and has help of its own with status 0", async () => {
  const { stdout, code } = await tynl("--help");
  assert.equal(code, 0);
  for (const name of subcommandNames()) {
    assert.match(stdout, new RegExp(`^  ${name} +\\S`, "m"));
    const help = await tynl(name, "--help");
    assert.equal(help.code, 0, name);
    assert.match(help.stdout, new RegExp(`^Usage: tynl ${name}`), name);
  }
});

Deno.test("a mistyped subcommand is told with one that is near", async () => {
  const { code, stderr } = await tynl("lst");
  assert.equal(code, 2);
  assert.equal(stderr, 'tynl: there is no subcommand "lst"; did you mean "list"?\n');
});

Deno.test({
  name: "live: the list tells that the kernel has nlctrl and rt-link",
  ignore: noNetlink,
  fn: async () => {
    const rows = parsed(await ran(list, ["--ndjson"])) as {
      family: string;
      present?: boolean;
      id?: number;
    }[];
    assert.equal(rows.length, 34);
    assert.equal(rows.find(({ family }) => family === "nlctrl")?.id, 16);
    assert.equal(rows.find(({ family }) => family === "rt-link")?.present, true);
    const { out } = await ran(list, []);
    assert.match(out.join("\n"), /^ {2}nlctrl +generic .* id 16$/m);
  },
});

Deno.test({
  name: "live: policies are shown for each operation, and beside the attributes of one",
  ignore: noNetlink,
  fn: async () => {
    const all = parsed(await ran(policy, ["nlctrl", "--json"]))[0] as Record<string, Record<string, object>>;
    assert.deepEqual(Object.keys(all).sort(), ["getfamily", "getpolicy"]);
    assert.deepEqual(Object.keys(all["getpolicy"]!["dump"]!).sort(), ["family-id", "family-name", "op"]);
    const lines = (await ran(policy, ["nlctrl", "getpolicy"])).out.join("\n");
    assert.match(lines, /^ {2}family-id +u16 +0\.\.65535$/m);
    const shown = (await ran(show, ["nlctrl", "getpolicy"])).out.join("\n");
    assert.match(shown, /^ {2}family-id +1 {2}u16 +u16 0\.\.65535$/m);
    const raw = await ran(policy, ["rt-link"]);
    assert.equal(raw.code, 1);
    assert.match(raw.err.join("\n"), /no generic netlink family/);
  },
});

Deno.test({
  name: "live: a device that is not there is an error, one that is there an object",
  ignore: noNetlink,
  fn: async () => {
    const lo = await ran(doRequest, ["rt-link", "getlink", "ifname=lo", "--json"]);
    assert.equal((parsed(lo)[0] as { ifname: string }).ifname, "lo");
    const none = await ran(doRequest, ["rt-link", "getlink", "ifname=tynl-none"]);
    assert.deepEqual(none, { code: 1, out: [], err: ["tynl do: rt-link getlink: ENODEV: no such device"] });
  },
});
