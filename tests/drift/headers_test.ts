/** Specs against headers: the faults that are known, and no others. */
import assert from "node:assert/strict";
import { compareHeaders } from "../../generator/drift/compare_headers.ts";
import { explainByErrata } from "../../generator/drift/explain.ts";
import { collectHeaderFacts, headerNames } from "../../generator/drift/header_facts.ts";
import { readErrata } from "../../generator/spec/errata_file.ts";
import { resolveUapi, uapiConstants } from "../../generator/model/uapi.ts";
import { emitUapiHeader } from "../../generator/emit/uapi_header.ts";
import { changed, correctedFiles, fileOf, headers73, rawFiles, resolved } from "./helpers.ts";

const raw = compareHeaders(resolved(rawFiles), headers73);
const corrected = compareHeaders(resolved(correctedFiles), headers73);
const at = (findings: typeof raw.findings, rule: string) =>
  findings.filter((finding) => finding.rule === rule).map(({ family, at }) => `${family} ${at}`).sort();

Deno.test("every value of the raw specs that contradicts a header is found, and no other", () => {
  assert.deepEqual(at(raw.findings, "value-differs"), [
    "devlink definitions/resource-scope/entries/dev",
    "devlink definitions/resource-scope/entries/port",
    "ethtool definitions/c33-pse-ext-state/entries/power-not-available",
    "ethtool definitions/c33-pse-ext-state/entries/short-detected",
    "ethtool definitions/module-fw-flash-status/entries/completed",
    "ethtool definitions/module-fw-flash-status/entries/error",
    "ethtool definitions/module-fw-flash-status/entries/in-progress",
    "ethtool definitions/module-fw-flash-status/entries/started",
    "nlctrl attribute-sets/policy-attrs/attributes/mask",
    "nlctrl attribute-sets/policy-attrs/attributes/pad",
    "ovs_flow attribute-sets/action-attrs/attributes/psample",
  ]);
  assert.ok(raw.counts.constants > 4100, `only ${raw.counts.constants} constants were compared`);
});

Deno.test("every struct of the raw specs that is not C's is found, and no other", () => {
  assert.deepEqual(at(raw.findings, "struct-layout"), [
    "ovs_flow definitions/ovs-action-add-mpls",
    "ovs_flow definitions/ovs-action-push-mpls",
    "rt-link definitions/ifla-vf-vlan-info",
    "rt-route definitions/rta-cacheinfo",
    "rt-rule definitions/rtgenmsg",
    "tc definitions/tc-pedit-sel",
    "tc definitions/tc-ratespec",
    "tc definitions/tc-u32-pcnt",
    "tc definitions/tc-u32-sel",
  ]);
  // Right only with the padding that a C compiler adds and the kernel's Python library does not.
  assert.deepEqual(at(raw.findings, "struct-padding"), [
    "ovs_flow definitions/ovs-key-arp",
    "ovs_flow definitions/ovs-key-ct-tuple-ipv4",
    "rt-link definitions/ifla-vf-guid",
    "rt-link definitions/rtnl-link-ifmap",
    "tc definitions/gnet-stats-basic",
    "tc definitions/tc-htb-opt",
    "tc definitions/tc-police",
    "tc definitions/tc-stats",
    "tc definitions/tc-tbf-qopt",
  ]);
  assert.equal(raw.counts.structs, 125);
});

Deno.test("members of another sign than in C are told", () => {
  assert.deepEqual(at(corrected.findings, "struct-member"), [
    "ovs_datapath definitions/ovs-header",
    "ovs_flow definitions/ovs-header",
    "ovs_packet definitions/ovs-header",
    "ovs_vport definitions/ovs-header",
    "rt-link definitions/ifla-cacheinfo",
    "tc definitions/tc-etf-qopt",
    "tc definitions/tc-prio-qopt",
    "wireguard definitions/--kernel-timespec",
  ]);
});

Deno.test("with errata nothing contradicts a header, and each fault of the raw specs has an erratum", () => {
  assert.deepEqual(corrected.findings.filter(({ severity }) => severity === "error"), []);
  const { errata } = readErrata("e", Deno.readFileSync(new URL("../../specs/errata.yaml", import.meta.url)));
  const all = explainByErrata(raw.findings, corrected.findings, errata!);
  const faults = all.filter(({ rule }) => ["value-differs", "struct-layout", "count-differs"].includes(rule));
  assert.ok(faults.length >= 40);
  assert.deepEqual(faults.filter(({ explained }) => explained?.by !== "erratum"), []);
  const mask = faults.find(({ at }) => at === "attribute-sets/policy-attrs/attributes/mask");
  assert.equal(mask?.explained?.id, "nlctrl-policy-mask");
});

Deno.test("what our handshake spec has beyond the headers is told as newer, not as wrong", () => {
  const findings = corrected.findings.filter(({ family }) => family === "handshake");
  assert.deepEqual(new Set(findings.map(({ rule }) => rule)), new Set(["newer-than-header"]));
  assert.equal(findings.filter(({ at }) => !/\/(count|max)$/.test(at)).length, 9);
});

Deno.test("a name that only the header has is told with its value and its place", () => {
  const one = corrected.findings.find(({ at }) => at.endsWith("/NL80211_ATTR_EPCS"));
  assert.equal(one?.rule, "not-in-spec");
  assert.match(one.message, /^enum nl80211_attrs has NL80211_ATTR_EPCS = 336, the spec has not$/);
  assert.equal(one.places[1]?.file, "linux/nl80211.h");
});

Deno.test("a header that lacks a name in the middle of an enum lacks it", () => {
  const facts = structuredClone(headers73);
  for (const { entries } of facts.enums) {
    const index = entries.findIndex(([name]) => name === "NETDEV_A_NAPI_IRQ");
    if (index !== -1) entries.splice(index, 1);
  }
  const { findings } = compareHeaders(resolved([fileOf("netdev")]), facts);
  assert.deepEqual(at(findings, "not-in-header"), ["netdev attribute-sets/napi/attributes/irq"]);
});

Deno.test("a swap of two members of one size is seen by their names", () => {
  const file = changed("rt-addr", (spec) => {
    const { members } = spec.definitions!.find(({ name }) => name === "ifa-cacheinfo")!;
    members!.push(members!.splice(2, 1)[0]!);
  });
  const { findings } = compareHeaders(resolved([file]), headers73);
  assert.deepEqual(at(findings, "struct-layout"), ["rt-addr definitions/ifa-cacheinfo"]);
});

Deno.test("a header that we write ourselves agrees with its spec", () => {
  const file = fileOf("netdev");
  const header = resolveUapi(file.spec);
  const text = emitUapiHeader(header, { license: file.license, specPath: "netdev.yaml" });
  const specs = resolved([file]);
  const facts = collectHeaderFacts(
    headerNames(specs.map(({ family }) => family)),
    { names: [header.path], text: (name) => name === header.path ? text : undefined },
    "ours",
  );
  const { findings, counts } = compareHeaders(specs, facts);
  assert.deepEqual(findings.filter(({ severity }) => severity !== "note"), []);
  assert.equal(counts.constants, uapiConstants(header).filter(({ rendered }) => rendered).length);
});
