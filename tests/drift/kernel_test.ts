/** Specs against a kernel: one that was recorded, made-up ones, and the running one. */
import assert from "node:assert/strict";
import { compareKernel } from "../../generator/drift/compare_kernel.ts";
import type { DriftFinding } from "../../generator/drift/finding.ts";
import { compareReleases, type KernelFacts } from "../../generator/drift/kernel_facts.ts";
import { askKernel } from "../../generator/drift/live.ts";
import { noNetlink } from "../cli/memory_io.ts";
import { done, fakeKernel, part } from "../netlink/helpers.ts";
import { nlctrl } from "../../generated/nlctrl/mod.ts";
import { changed, correctedFiles, fileOf, idsAt, kernel618, kernel73, resolved } from "./helpers.ts";

const specs = resolved(correctedFiles);
const lines = (findings: readonly DriftFinding[]) => findings.map(({ rule, at }) => `${rule} ${at}`);

/** A kernel with netdev as recorded, changed. */
function kernelWith(change: (netdev: KernelFacts["families"][string]) => void): KernelFacts {
  const facts = structuredClone(kernel618);
  facts.families = { netdev: facts.families["netdev"]! };
  change(facts.families["netdev"]!);
  return facts;
}

/** What a change of the recorded netdev family brings, beyond what was there. */
function brings(change: (netdev: KernelFacts["families"][string]) => void, release = "6.18"): string[] {
  const netdev = resolved([fileOf("netdev")]);
  const before = new Set(lines(compareKernel(netdev, kernelWith(() => {}), release).findings));
  return lines(compareKernel(netdev, kernelWith(change), release).findings).filter((line) =>
    !before.has(line)
  );
}

/** Attribute ids of netdev (linux/netdev.h), and the policy of dev-get's requests as recorded. */
const IFINDEX = 1;
const policyOf = (family: KernelFacts["families"][string], id: number) =>
  family.policies[family.operations.find((operation) => operation.id === id)!.do!]!;

/** What the policies of ethtool lack of what the spec lists for requests: attributes of replies. */
const REPLIES: { readonly [operation: string]: readonly string[] } = {
  "channels-set": ["combined-max", "other-max", "rx-max", "tx-max"],
  "eee-set": ["active", "modes-peer"],
  "features-set": ["hw"],
  "linkinfo-set": ["tp-mdix"],
  "linkmodes-set": ["master-slave-state", "peer"],
  "plca-set-cfg": ["status", "version"],
  "rings-set": ["rx-jumbo-max", "rx-max", "rx-mini-max", "tx-max", "tx-push-buf-len-max"],
};

Deno.test("a kernel 6.18 contradicts the specs only where they are known to be wrong", () => {
  const { findings, counts, remarks } = compareKernel(specs, kernel618, "7.3.4");
  // The spec gives a least length where the kernel takes one length alone.
  assert.deepEqual(idsAt(findings, "error"), [
    "kernel:limit-differs:tcp_metrics:attribute-sets/tcp-metrics/attributes/addr-ipv6/limits",
    "kernel:limit-differs:tcp_metrics:attribute-sets/tcp-metrics/attributes/saddr-ipv6/limits",
  ]);
  assert.deepEqual(
    lines(findings.filter(({ rule }) => rule === "attribute-not-in-policy")).sort(),
    Object.entries(REPLIES).flatMap(([operation, names]) =>
      names.map((name) =>
        `attribute-not-in-policy operations/list/${operation}/do/request/attributes/${name}`
      )
    ),
  );
  assert.equal(counts.families, 5);
  // As many as live dumps had when the swapped numbers in the spec of nlctrl were found.
  assert.equal(counts.masks, 31);
  assert.ok(remarks.some((remark) => remark.includes("qstats.scope 0x1")));
});

Deno.test("a kernel 7.3 with nearly all families contradicts the specs only where they are known to be wrong", () => {
  const { findings, counts, families } = compareKernel(specs, kernel73, "7.3.4");
  assert.deepEqual(idsAt(findings, "error"), [
    // KeyUpdate, which the command tells as ours.
    "kernel:attribute-refused:handshake:operations/list/done/do/request/attributes/session-id",
    // The spec's page size is a placeholder.
    "kernel:limit-differs:netdev:attribute-sets/dmabuf/attributes/rx-page-size/limits",
    "kernel:limit-differs:tcp_metrics:attribute-sets/tcp-metrics/attributes/addr-ipv6/limits",
    "kernel:limit-differs:tcp_metrics:attribute-sets/tcp-metrics/attributes/saddr-ipv6/limits",
    // Signs of numbers, a flag and nests that the specs call binary: net/openvswitch/datapath.c.
    "kernel:type-differs:ovs_datapath:attribute-sets/datapath/attributes/ifindex",
    "kernel:type-differs:ovs_flow:attribute-sets/flow-attrs/attributes/probe",
    "kernel:type-differs:ovs_packet:attribute-sets/packet/attributes/actions",
    "kernel:type-differs:ovs_packet:attribute-sets/packet/attributes/key",
    "kernel:type-differs:ovs_vport:attribute-sets/vport/attributes/ifindex",
    "kernel:type-differs:ovs_vport:attribute-sets/vport/attributes/netnsid",
  ]);
  assert.equal(families.length, 20);
  assert.equal(counts.masks, 43);
  assert.equal(findings.filter(({ rule }) => rule === "older-kernel").length, 0);
});

Deno.test("big-endian numbers, of which a kernel tells nothing, are not said to be refused", () => {
  // NLA_BE16 and NLA_BE32 in the policies of fou, mptcp_pm and ovpn.
  const { findings } = compareKernel(specs, kernel73, "7.3");
  const unchecked = findings.filter(({ rule }) => rule === "attribute-unchecked").map(({ family }) => family);
  assert.ok(!unchecked.includes("fou"));
  const less = findings.filter(({ rule }) => rule === "nested-takes-less").map(({ family }) => family);
  assert.deepEqual([...new Set(less)], ["ethtool"]);
});

Deno.test("what a policy does not list is refused where the spec says that requests are checked strictly", () => {
  const missing = (validation: ("strict" | "dump")[] | undefined, policy: boolean) => {
    const file = changed("ovs_vport", (spec) => {
      const { list } = spec.operations;
      if (validation !== undefined) list.find(({ name }) => name === "new")!["dont-validate"] = validation;
      if (policy) spec["kernel-policy"] = "global";
    });
    const { findings } = compareKernel(resolved([file]), kernel73, "7.3");
    return findings.find(({ at }) => at.endsWith("new/do/request/attributes/upcall-pid"))?.rule;
  };
  assert.equal(missing(undefined, false), "attribute-not-in-policy");
  assert.equal(missing(["dump"], false), "attribute-refused");
  assert.equal(missing(["strict"], false), "attribute-unchecked");
  assert.equal(missing(undefined, true), "attribute-refused");
});

Deno.test("what an older kernel lacks is told as age, what one of the same age lacks as a contradiction", () => {
  const older = compareKernel(specs, kernel618, "7.3.4").findings.filter(({ rule }) =>
    rule === "older-kernel"
  );
  const names = lines(older);
  assert.ok(names.includes("older-kernel operations/list/queue-create"));
  assert.ok(names.includes("older-kernel attribute-sets/napi/attributes/threaded/limits"));
  assert.ok(older.every(({ severity }) => severity === "note"));
  const same = compareKernel(specs, kernel618, "6.18").findings;
  assert.equal(same.filter(({ rule }) => rule === "older-kernel").length, 0);
  assert.ok(idsAt(same, "error").includes("kernel:not-in-kernel:netdev:operations/list/queue-create"));
});

Deno.test("operations, modes, rights and groups that differ are told", () => {
  assert.deepEqual(brings((netdev) => netdev.operations.push({ id: 99, flags: 2 })), [
    "operation-not-in-spec operations/list/99",
  ]);
  assert.deepEqual(brings((netdev) => netdev.operations = netdev.operations.filter(({ id }) => id !== 15)), [
    "not-in-kernel operations/list/bind-tx",
  ]);
  assert.deepEqual(brings((netdev) => netdev.operations.find(({ id }) => id === 1)!.flags = 10), [
    "not-in-kernel operations/list/dev-get/dump",
  ]);
  assert.deepEqual(brings((netdev) => netdev.operations.find(({ id }) => id === 15)!.flags |= 4), [
    "mode-not-in-spec operations/list/bind-tx/dump",
  ]);
  assert.deepEqual(brings((netdev) => netdev.operations.find(({ id }) => id === 14)!.flags ^= 1), [
    "flags-differ operations/list/napi-set/flags",
  ]);
  assert.deepEqual(brings((netdev) => netdev.groups = ["mgmt", "news"]), [
    "not-in-kernel mcast-groups/list/page-pool",
    "group-not-in-spec mcast-groups/list/news",
  ]);
  assert.deepEqual(brings((netdev) => netdev.version = 2), ["version-differs version"]);
});

Deno.test("attributes, types, ranges and masks of policies that differ are told", () => {
  assert.deepEqual(brings((netdev) => policyOf(netdev, 1)[77] = { type: "u32" }), [
    "attribute-not-in-spec attribute-sets/dev/77",
  ]);
  assert.deepEqual(brings((netdev) => delete policyOf(netdev, 1)[IFINDEX]), [
    "attribute-refused operations/list/dev-get/do/request/attributes/ifindex",
  ]);
  assert.deepEqual(brings((netdev) => policyOf(netdev, 1)[IFINDEX]!.type = "u64"), [
    "type-differs attribute-sets/dev/attributes/ifindex",
  ]);
  assert.deepEqual(brings((netdev) => policyOf(netdev, 1)[IFINDEX]!.max = "100"), [
    "limit-differs attribute-sets/dev/attributes/ifindex/limits",
  ]);
  assert.deepEqual(brings((netdev) => policyOf(netdev, 1)[IFINDEX]!.min = "0"), [
    "takes-more-values attribute-sets/dev/attributes/ifindex/limits",
  ]);
  const scope = (mask: string) => (netdev: KernelFacts["families"][string]) => {
    for (const policy of Object.values(netdev.policies)) {
      for (const attribute of Object.values(policy)) if (attribute.mask !== undefined) attribute.mask = mask;
    }
  };
  assert.deepEqual(brings(scope("3")), ["takes-more-values attribute-sets/qstats/attributes/scope/limits"]);
  assert.deepEqual(brings(scope("0")), ["limit-differs attribute-sets/qstats/attributes/scope/limits"]);
});

Deno.test("policies that contain themselves are compared once", () => {
  const found = brings((netdev) => {
    const policy = policyOf(netdev, 1);
    policy[78] = { type: "nested", policy: netdev.operations.find(({ id }) => id === 1)!.do! };
  });
  assert.deepEqual(found, ["attribute-not-in-spec attribute-sets/dev/78"]);
});

Deno.test("a change in a spec that a policy shows is found", () => {
  const attribute = (name: string, change: (one: Record<string, unknown>) => void) =>
    changed("netdev", (spec) => {
      const napi = spec["attribute-sets"].find((one) => one.name === "napi")!;
      change(napi.attributes.find((one) => one.name === name) as unknown as Record<string, unknown>);
    });
  const base = new Set(lines(compareKernel(resolved([fileOf("netdev")]), kernel618, "6.18").findings));
  const found = (file: ReturnType<typeof attribute>) =>
    lines(compareKernel(resolved([file]), kernel618, "6.18").findings).filter((line) => !base.has(line));
  assert.deepEqual(found(attribute("gro-flush-timeout", (one) => one["type"] = "u64")), [
    "type-differs attribute-sets/napi/attributes/gro-flush-timeout",
  ]);
  assert.deepEqual(found(attribute("defer-hard-irqs", (one) => one["checks"] = { max: "u32-max" })), [
    "limit-differs attribute-sets/napi/attributes/defer-hard-irqs/limits",
  ]);
  assert.ok(
    found(attribute("threaded", (one) => one["value"] = 40)).includes(
      "attribute-refused operations/list/napi-set/do/request/attributes/threaded",
    ),
  );
});

Deno.test("releases are compared by their first two numbers", () => {
  assert.ok(compareReleases("6.18.44-custom", "7.3.4") < 0);
  assert.ok(compareReleases("7.10", "7.3.4") > 0);
  assert.equal(compareReleases("7.3.4+deb13-cloud-amd64", "7.3.0"), 0);
});

Deno.test("the answers of a kernel become facts: masks, ranges, and dumps whose operation it calls 0", async () => {
  const { getfamily, getpolicy } = nlctrl.operations;
  const fake = fakeKernel([nlctrl], (request) => {
    const parts = request.command === getfamily.request
      ? [
        part(request, getfamily, {
          familyName: "netdev",
          familyId: 40,
          version: 1,
          ops: [{ id: 12, flags: 12 }, { id: 1, flags: 14 }],
          mcastGroups: [{ id: 4, name: "mgmt" }],
        }),
        part(request, getfamily, { familyName: "other", familyId: 41 }),
      ]
      : [
        part(request, getpolicy, { opPolicy: [{ opId: 0, dump: 7 }] }),
        part(request, getpolicy, { opPolicy: [{ opId: 1, do: 2, dump: 3 }] }),
        part(request, getpolicy, { policy: [{ policyId: 7, attrId: 8, type: 17, mask: 1n }] }),
        part(request, getpolicy, {
          policy: [{ policyId: 2, attrId: 1, type: 4, minValueU: 1n, maxValueU: 9n }],
        }),
        part(request, getpolicy, { policy: [{ policyId: 2, attrId: 5, type: 99, policyIdx: 7 }] }),
      ];
    return [...parts, done(request)];
  });
  assert.deepEqual(await askKernel("1.2", new Set(["netdev"]), fake), {
    release: "1.2",
    families: {
      netdev: {
        version: 1,
        headerSize: 0,
        operations: [{ id: 12, flags: 12, dump: 7 }, { id: 1, flags: 14, do: 2, dump: 3 }],
        groups: ["mgmt"],
        policies: {
          7: { 8: { type: "uint", mask: "1" } },
          2: { 1: { type: "u32", min: "1", max: "9" }, 5: { type: "type 99", policy: 7 } },
        },
      },
    },
  });
});

Deno.test({
  name: noNetlink
    ? "the running kernel is compared (ignored: no Linux)"
    : "the running kernel is compared in all families that it has",
  ignore: noNetlink,
  fn: async () => {
    const release = Deno.readTextFileSync("/proc/sys/kernel/osrelease").trim();
    const facts = await askKernel(release, new Set(specs.map(({ family }) => family.name)));
    const { counts } = compareKernel(specs, facts, "7.3.4");
    assert.equal(counts.families, Object.keys(facts.families).length);
    assert.ok(Object.hasOwn(facts.families, "nlctrl"));
    assert.ok(counts.attributes > 0);
  },
});
