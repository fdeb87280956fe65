// What the compiler knows of a client. Nothing here is run: `deno check` is the test.
import type { Client, Dump, FamilyEvent } from "../../mod.ts";
import type { LinkAttrs, RtLinkGroup, RtLinkOperations } from "../../generated/rt-link/mod.ts";
import type { NetdevEvents, NetdevGroup, NetdevOperations } from "../../generated/netdev/mod.ts";

/** Compiles if both types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : never;

Deno.test("requests and replies of every operation are typed", () => {
  const _check = async (
    nd: Client<NetdevOperations, NetdevGroup, NetdevEvents>,
    rt: Client<RtLinkOperations, RtLinkGroup>,
  ) => {
    const dev = await nd.devGet({ ifindex: 1 });
    const _features: Same<typeof dev.xdpFeatures, bigint | undefined> = true;
    const _nothing: Same<Awaited<ReturnType<typeof nd.napiSet>>, void> = true;
    const stats = nd.qstatsGet.dump({ scope: 1n });
    const _streamed: Same<
      typeof stats extends Dump<infer T> ? T extends { ifindex?: number } ? 1 : 0 : 0,
      1
    > = true;
    const link = await rt.getlink({ ifname: "lo" }, { timeout: 1000 });
    const _mtu: Same<typeof link.mtu, LinkAttrs["mtu"]> = true;
    const _index: Same<typeof link.header.ifiIndex, number> = true;
    const _group: Same<typeof nd.groups.mgmt, number | undefined> = true;

    const policy = await nd.devGet.policy("dump");
    const _type: Same<NonNullable<NonNullable<typeof policy>["attributes"]["ifindex"]>["id"], number> = true;

    // @ts-expect-error: this operation has no do.
    await nd.qstatsGet.policy("do");
    // @ts-expect-error: this operation has a list as answer, and nothing else.
    await nd.qstatsGet({});
    // @ts-expect-error: this one has no list.
    nd.napiSet.dump();
    // @ts-expect-error: a mistyped attribute.
    await nd.devGet({ ifidnex: 1 });
    // @ts-expect-error: an attribute of another operation.
    await nd.devGet({ xdpFeatures: 1n });
    // @ts-expect-error: there is no such operation.
    nd.devSet;
  };
});

Deno.test("events are told apart by their name", () => {
  const _check = async (
    nd: Client<NetdevOperations, NetdevGroup, NetdevEvents>,
    rt: FamilyEvent<RtLinkOperations>,
  ) => {
    for await (const event of nd.subscribe("mgmt")) {
      if (event.name === "overrun") {
        // @ts-expect-error: there is no message, some were lost.
        event.message;
      } else if (event.name === "unknown") {
        const _bytes: Same<typeof event.bytes, Uint8Array> = true;
      } else if (event.name === "dev-add-ntf") {
        const _features: Same<typeof event.message.xdpFeatures, bigint | undefined> = true;
        const _nsid: Same<typeof event.nsid, number | undefined> = true;
        // @ts-expect-error: a mistyped event.
      } else if (event.name === "dev-ad-ntf") break;
    }
    if (rt.name === "dellink") {
      const _mtu: Same<typeof rt.message.mtu, LinkAttrs["mtu"]> = true;
      const _index: Same<typeof rt.message.header.ifiIndex, number> = true;
    }
  };
});
