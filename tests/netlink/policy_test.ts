import assert from "node:assert/strict";
import { ethtool } from "../../generated/ethtool/mod.ts";
import { nlctrl } from "../../generated/nlctrl/mod.ts";
import { rtLink } from "../../generated/rt-link/mod.ts";
import { acknowledgement, done, fakeKernel, netdev, open, part } from "./helpers.ts";

/** `enum netlink_attribute_type` (linux/netlink.h). */
const U32 = 4, U64 = 5, NESTED = 13;
const { getpolicy } = nlctrl.operations;

/** A kernel that has these policies. */
function kernelWith(...parts: unknown[]) {
  return fakeKernel(
    [netdev],
    (request) => [...parts.map((value) => part(request, getpolicy, value)), done(request)],
  );
}

Deno.test("the policy of an operation is told by the keys of its attributes, with what is inside", async () => {
  const fake = kernelWith(
    { familyId: 0x20, opPolicy: [{ opId: 1, do: 0, dump: 1 }] },
    {
      familyId: 0x20,
      policy: [{ policyId: 0, attrId: 1, type: U32, minValueU: 1n, maxValueU: 0xffff_ffffn }],
    },
    { familyId: 0x20, policy: [{ policyId: 0, attrId: 77, type: NESTED, policyIdx: 1 }] },
    { familyId: 0x20, policy: [{ policyId: 1, attrId: 3, type: U64, mask: 0x7fn }] },
  );
  await using client = await open(netdev, { transport: fake });
  const policy = await client.devGet.policy("do");
  assert.deepEqual(policy?.attributes.ifindex, {
    id: 1,
    name: "ifindex",
    type: "u32",
    min: 1n,
    max: 0xffff_ffffn,
  });
  const unknown = policy.attributes["attr-77"];
  assert.equal(unknown?.name, undefined);
  assert.deepEqual(unknown?.nested?.attributes["attr-3"], {
    id: 3,
    name: undefined,
    type: "u64",
    mask: 0x7fn,
  });
  const list = await client.devGet.policy("dump");
  assert.deepEqual(list?.attributes["xdpFeatures"]?.name, "xdp-features");
});

Deno.test("a policy may contain itself", async () => {
  const fake = kernelWith(
    { opPolicy: [{ opId: 1, do: 5 }] },
    { policy: [{ policyId: 5, attrId: 99, type: NESTED, policyIdx: 5 }] },
  );
  await using client = await open(netdev, { transport: fake });
  const policy = await client.devGet.policy("do");
  assert.equal(policy?.attributes["attr-99"]?.nested?.attributes["attr-99"]?.type, "nested");
});

Deno.test("an operation without a policy, or that the kernel does not have, has none to tell", async () => {
  for (const errno of [2, 61]) {
    const fake = fakeKernel([netdev], (request) => [acknowledgement(request, errno)]);
    await using client = await open(netdev, { transport: fake });
    assert.equal(await client.napiSet.policy("do"), undefined);
  }
});

Deno.test("a kernel that does not tell policies refuses", async () => {
  const fake = fakeKernel([netdev], (request) => [acknowledgement(request, 95)]);
  await using client = await open(netdev, { transport: fake });
  await assert.rejects(client.napiSet.policy("do"), {
    name: "NetlinkError",
    message: /^nlctrl getpolicy: EOPNOTSUPP/,
  });
});

Deno.test("a raw family has no policy to ask for", async () => {
  await using client = await open(rtLink, { transport: fakeKernel([], () => []) });
  await assert.rejects(client.getlink.policy("do"), { name: "UnsupportedError", reason: "protocol" });
});

Deno.test({
  name: "live: the running kernel tells what it accepts, nested attributes included",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using client = await open(ethtool);
    const policy = await client.ringsSet.policy("do");
    assert.equal(policy?.attributes.rx?.type, "u32");
    const header = policy.attributes.header;
    assert.equal(header?.type, "nested");
    assert.equal(header.nested?.attributes["devName"]?.name, "dev-name");
    assert.equal(header.nested.attributes["devName"].type, "nul-string");
    assert.equal((await client.ringsGet.policy("dump"))?.attributes.header?.type, "nested");
  },
});
