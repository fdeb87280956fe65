import assert from "node:assert/strict";
import { candidates, parseAssignments } from "../../cli/assignments.ts";
import { meta as devlink } from "../../generated/devlink/meta.ts";
import { meta as netdev } from "../../generated/netdev/meta.ts";
import { meta as rtLink } from "../../generated/rt-link/meta.ts";
import { fromSpecJson, type SpecObject } from "../../runtime/wire/mod.ts";

const newlink = rtLink.operations["newlink"]!;

function link(...args: string[]): SpecObject {
  return parseAssignments(args, rtLink, newlink);
}

Deno.test("dots lead into nests, sub-messages and structs", () => {
  assert.deepEqual(link("ifname=br0", "linkinfo.kind=bridge", "linkinfo.data.forward-delay=1500"), {
    ifname: "br0",
    linkinfo: { kind: "bridge", data: { "forward-delay": "1500" } },
  });
  assert.deepEqual(link("map.irq=5"), { map: { irq: "5" } });
});

Deno.test("what was assigned is what the encoder takes", () => {
  const json = link("ifi-index=0x10", "mtu=1500", "address=02:00:00:00:00:01", "ifi-flags=up,promisc");
  assert.deepEqual(json["ifi-flags"], ["up", "promisc"]);
  const { header, ...attributes } = fromSpecJson(rtLink, newlink, json) as Record<string, unknown>;
  assert.deepEqual(header, { ifiIndex: 16, ifiFlags: 257 });
  assert.deepEqual(attributes, { mtu: 1500, address: "02:00:00:00:00:01" });
});

Deno.test("brackets make lists, of values and of what is inside their elements", () => {
  const names = link("prop-list.alt-ifname[]=a", "prop-list.alt-ifname[]=b");
  assert.deepEqual(names, { "prop-list": { "alt-ifname": ["a", "b"] } });
  assert.deepEqual(link("prop-list.alt-ifname=a", "prop-list.alt-ifname=b"), names);
  const operation = netdev.operations["bind-rx"]!;
  assert.deepEqual(
    parseAssignments(["queues[0].id=1", "queues[0].type=rx", "queues[].id=2"], netdev, operation),
    {
      queues: [{ id: "1", type: "rx" }, { id: "2" }],
    },
  );
  assert.throws(() => link("prop-list.alt-ifname[3]=a"), /alt-ifname\[3\] comes before alt-ifname\[0\]/);
});

Deno.test("a flag needs no value, and takes none but true and false", () => {
  const flag = (arg: string) => parseAssignments([arg], devlink, devlink.operations["param-set"]!);
  assert.deepEqual(flag("param-generic"), { "param-generic": true });
  assert.deepEqual(flag("param-generic=true"), { "param-generic": true });
  assert.deepEqual(flag("param-generic=false"), { "param-generic": false });
  assert.throws(() => flag("param-generic=yes"), { name: "UsageError" });
});

Deno.test("a wrong name is told with one that is near", () => {
  assert.throws(() => link("ifnam=x"), {
    name: "NameError",
    message: 'link-attrs has no "ifnam"; did you mean "ifname"?',
  });
  assert.throws(() => link("linkinfo.data.x=1"), /data needs kind before it/);
  assert.throws(
    () => link("linkinfo.kind=none", "linkinfo.data.x=1"),
    /the spec has no data for kind "none"/,
  );
  assert.throws(() => link("mtu.x=1"), /nothing is inside mtu of link-attrs: its type is u32/);
});

Deno.test("what is neither JSON nor an assignment is a wrong use", () => {
  for (const wrong of ["=1", "", "a..b=1", "ifname", "a]=1"]) {
    assert.throws(() => link(wrong), { name: "UsageError" }, wrong);
  }
  assert.throws(() => link("mtu=1", "mtu=2"), /mtu is given twice/);
  assert.throws(() => link("linkinfo=", "linkinfo.kind=x", "linkinfo=x"), { name: "UsageError" });
});

Deno.test("completion offers names, what is inside them, and the values of enums", () => {
  const offered = (before: string[], word: string) => candidates(rtLink, newlink, before, word);
  assert(offered([], "").includes("ifname="));
  assert(offered([], "").includes("linkinfo."));
  assert(offered([], "linkinfo.").includes("linkinfo.kind="));
  assert(offered(["linkinfo.kind=bridge"], "linkinfo.data.").includes("linkinfo.data.forward-delay="));
  assert.deepEqual(offered([], "linkinfo.data."), []);
  assert(offered([], "ext-mask=").includes("ext-mask=vf"));
  assert.deepEqual(offered([], "nosuch."), []);
});
