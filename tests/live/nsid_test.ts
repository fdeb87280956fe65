// Events of other network namespaces, through one socket.
import assert from "node:assert/strict";
import { open } from "../../mod.ts";
import { rtLink } from "../../generated/rt-link/mod.ts";
import { withNamespace } from "../netlink/netns.ts";
import { create, first, isolated, told } from "./helpers.ts";
import { lacksDevice, run } from "./tools.ts";

isolated(
  "events of a namespace that has an id here come with it, and our own without",
  [lacksDevice("bridge"), lacksDevice("veth")],
  (netns) =>
    withNamespace(async (other) => {
      // A pair between them gives each an id in the other.
      await run(
        netns,
        "ip",
        "link",
        "add",
        "pair",
        "type",
        "veth",
        "peer",
        "name",
        "pair",
        "netns",
        `${other}`,
      );
      await using here = await open(rtLink, { netns });
      await using there = await open(rtLink, { netns: other });
      using events = here.subscribe("rtnlgrp-link", { allNsid: true });
      await there.newlink({ ifname: "tynl-far", linkinfo: { kind: "bridge" } }, create);
      const far = await first(
        events,
        (event) => event.name === "newlink-ntf" && event.message.ifname === "tynl-far",
      );
      assert("nsid" in far && typeof far.nsid === "number" && far.nsid >= 0);
      await here.newlink({ ifname: "tynl-near", linkinfo: { kind: "bridge" } }, create);
      const near = await first(
        events,
        (event) => event.name === "newlink-ntf" && event.message.ifname === "tynl-near",
      );
      assert(!("nsid" in near));
    }),
);

isolated(
  "without allNsid, what happens elsewhere is not heard",
  [lacksDevice("bridge"), lacksDevice("veth")],
  (netns) =>
    withNamespace(async (other) => {
      await run(
        netns,
        "ip",
        "link",
        "add",
        "pair",
        "type",
        "veth",
        "peer",
        "name",
        "pair",
        "netns",
        `${other}`,
      );
      await using here = await open(rtLink, { netns });
      await using there = await open(rtLink, { netns: other });
      using events = here.subscribe("rtnlgrp-link");
      await there.newlink({ ifname: "tynl-far", linkinfo: { kind: "bridge" } }, create);
      await here.newlink({ ifname: "tynl-near", linkinfo: { kind: "bridge" } }, create);
      const seen: (string | undefined)[] = [];
      await told(events, "newlink-ntf", ({ ifname }) => {
        seen.push(ifname);
        return ifname === "tynl-near";
      });
      assert(!seen.includes("tynl-far"), seen.join(" "));
    }),
);
