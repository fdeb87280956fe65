/** Two specs of a family: what differs, and what that breaks. */
import assert from "node:assert/strict";
import { aheadOf, ourAdditions } from "../../generator/drift/additions.ts";
import { compareSpecs, compareTrees } from "../../generator/drift/compare_specs.ts";
import { readLenient } from "../../generator/drift/lenient.ts";
import { specFile } from "../uapi/specs.ts";
import { changed, correctedFiles, fileOf, lines, rawFiles } from "./helpers.ts";

const set = (spec: { "attribute-sets": { name: string }[] }, name: string) =>
  (spec as import("../../generator/spec/types.ts").Spec)["attribute-sets"].find((one) => one.name === name)!;
const definition = (spec: import("../../generator/spec/types.ts").Spec, name: string) =>
  spec.definitions!.find((one) => one.name === name)!;
const operation = (spec: import("../../generator/spec/types.ts").Spec, name: string) =>
  spec.operations.list.find((one) => one.name === name)!;

/** The lines that a change of the netdev spec gives. */
function netdev(change: Parameters<typeof changed>[1]): string[] {
  return lines(compareSpecs(fileOf("netdev"), changed("netdev", change)));
}

Deno.test("unchanged specs give no findings", () => {
  assert.deepEqual(compareTrees(rawFiles, rawFiles.map(({ file }) => fileOf(file))), []);
  assert.deepEqual(compareTrees(correctedFiles, correctedFiles), []);
});

Deno.test("a renumbered attribute breaks both directions, and so do those that moved with it", () => {
  assert.deepEqual(netdev((spec) => set(spec, "napi").attributes[6]!.value = 17), [
    "renumbered attribute-sets/napi/attributes/irq-suspend-timeout/id breaks decoding and sending",
    "renumbered attribute-sets/napi/attributes/threaded/id breaks decoding and sending",
  ]);
});

Deno.test("a new attribute at the end breaks nothing", () => {
  assert.deepEqual(netdev((spec) => set(spec, "napi").attributes.push({ name: "new", type: "u32" })), [
    "added attribute-sets/napi/attributes/new",
  ]);
});

Deno.test("a new attribute between others renumbers those behind it", () => {
  assert.deepEqual(
    netdev((spec) => set(spec, "napi").attributes.splice(7, 0, { name: "new", type: "u32" })),
    [
      "renumbered attribute-sets/napi/attributes/threaded/id breaks decoding and sending",
      "added attribute-sets/napi/attributes/new",
    ],
  );
});

Deno.test("another name for the same number is a renaming, told once", () => {
  assert.deepEqual(
    netdev((spec) => {
      set(spec, "dev").attributes.find(({ name }) => name === "xsk-features")!.name = "xsk-flags";
      for (const mode of ["do", "dump"] as const) {
        const { attributes } = operation(spec, "dev-get")[mode]!.reply!;
        attributes![attributes!.indexOf("xsk-features")] = "xsk-flags";
      }
    }),
    ["renamed attribute-sets/dev/attributes/xsk-features"],
  );
});

Deno.test("another name for a set, an enum or a struct is no other thing, wherever it is used", () => {
  assert.deepEqual(
    netdev((spec) => {
      definition(spec, "napi-threaded").name = "napi-mode";
      set(spec, "napi").attributes.find(({ name }) => name === "threaded")!.enum = "napi-mode";
    }),
    ["renamed definitions/napi-threaded"],
  );
});

Deno.test("a narrower limit breaks sending, a wider one nothing", () => {
  const limit = (min: number) => (spec: import("../../generator/spec/types.ts").Spec) => {
    set(spec, "dev").attributes[0]!.checks = { min };
  };
  assert.deepEqual(netdev(limit(2)), ["limits attribute-sets/dev/attributes/ifindex/min breaks sending"]);
  assert.deepEqual(netdev(limit(0)), ["limits attribute-sets/dev/attributes/ifindex/min"]);
});

Deno.test("a variable integer in place of a fixed one breaks reading, the other way round sending", () => {
  const type = (name: string, to: "u32" | "uint") => (spec: import("../../generator/spec/types.ts").Spec) => {
    set(spec, "page-pool").attributes.find((one) => one.name === name)!.type = to;
  };
  assert.deepEqual(netdev(type("dmabuf", "uint")), [
    "retyped attribute-sets/page-pool/attributes/dmabuf/type breaks decoding",
  ]);
  assert.deepEqual(netdev(type("inflight", "u32")), [
    "retyped attribute-sets/page-pool/attributes/inflight/type breaks sending",
  ]);
});

Deno.test("an operation that is gone or asks for more rights breaks sending", () => {
  assert.deepEqual(netdev((spec) => operation(spec, "bind-tx").flags = ["admin-perm"]), [
    "changed operations/list/bind-tx/flags breaks sending",
  ]);
  assert.deepEqual(netdev((spec) => delete operation(spec, "napi-get").dump), [
    "changed operations/list/napi-get/dump breaks sending",
    "changed operations/list/napi-get/dump/reply breaks decoding",
    "removed operations/list/napi-get/dump/request/attributes/ifindex breaks sending",
    ...[
      "id",
      "ifindex",
      "irq",
      "pid",
      "defer-hard-irqs",
      "gro-flush-timeout",
      "irq-suspend-timeout",
      "threaded",
    ]
      .map((name) => `removed operations/list/napi-get/dump/reply/attributes/${name}`),
  ]);
});

Deno.test("a group that is gone is never heard of again", () => {
  assert.deepEqual(
    lines(
      compareSpecs(fileOf("handshake"), changed("handshake", (spec) => spec["mcast-groups"]!.list.shift())),
    ),
    ["removed mcast-groups/list/none breaks decoding"],
  );
});

Deno.test("a struct that grows breaks sending; as a header in front of attributes it breaks both", () => {
  const grow = (family: string, struct: string) =>
    lines(compareSpecs(
      fileOf(family),
      changed(family, (spec) => definition(spec, struct).members!.push({ name: "new", type: "u64" })),
    ));
  assert.deepEqual(grow("rt-addr", "ifa-cacheinfo"), [
    "resized definitions/ifa-cacheinfo/size breaks sending",
    "added definitions/ifa-cacheinfo/members/new",
  ]);
  assert.deepEqual(grow("rt-addr", "ifaddrmsg"), [
    "resized definitions/ifaddrmsg/size breaks decoding and sending",
    "added definitions/ifaddrmsg/members/new",
  ]);
});

Deno.test("documentation is compared where both sides have it", () => {
  const handshake = specFile("handshake");
  const other = changed("handshake", (spec) => definition(spec, "msg-type").doc = "Another text.");
  assert.deepEqual(lines(compareSpecs(handshake, other)), ["documentation definitions/msg-type"]);
  assert.deepEqual(
    compareSpecs(specFile("upstream/handshake"), specFile("upstream/handshake")).concat(
      compareSpecs(
        fileOf("netdev"),
        changed("netdev", (spec) => definition(spec, "queue-type").doc = "Text."),
      ),
    ),
    [],
  );
});

Deno.test("a family that only one tree has is one finding", () => {
  const [netdev, psp] = [fileOf("netdev"), fileOf("psp")];
  assert.deepEqual(lines(compareTrees([netdev, psp], [netdev])), ["removed  breaks decoding and sending"]);
  assert.deepEqual(lines(compareTrees([netdev], [psp, netdev])), ["added "]);
});

Deno.test("what our handshake spec adds is exactly what version 7 of the KeyUpdate series brings", () => {
  const [upstream, ours] = [specFile("upstream/handshake"), specFile("handshake")];
  const additions = ourAdditions(upstream, ours);
  assert.deepEqual(additions.map(({ at }) => at), [
    "definitions/msg-type/entries/clientkeyupdate",
    "definitions/msg-type/entries/serverkeyupdate",
    "definitions/key-update-type",
    "attribute-sets/accept/attributes/key-update-request",
    "attribute-sets/accept/attributes/session-id",
    "attribute-sets/done/attributes/session-id",
    "operations/list/accept/do/reply/attributes/key-update-request",
    "operations/list/accept/do/reply/attributes/session-id",
    "operations/list/done/do/request/attributes/session-id",
  ]);
  assert.deepEqual(aheadOf(ours, additions, upstream).has, []);
  assert.equal(aheadOf(ours, additions, upstream).lacks.length, 9);
});

Deno.test("parts of KeyUpdate that upstream has are told, and a number that clashes is an error", () => {
  const [upstream, ours] = [specFile("upstream/handshake"), specFile("handshake")];
  const theirs = structuredClone(upstream.spec);
  // ktls-utils 1.4.0 sends an attribute of its own as number 4 of done; upstream might take 5 for ours then.
  set(theirs, "done").attributes.push({ name: "session-id", type: "u32", value: 5 });
  set(theirs, "accept").attributes.push({ name: "key-update-request", type: "u32" });
  const { has, lacks } = aheadOf(ours, ourAdditions(upstream, ours), { ...upstream, spec: theirs });
  assert.deepEqual(has, ["attribute key-update-request of accept"]);
  assert.deepEqual(lacks.filter(({ severity }) => severity === "error").map(({ at }) => at), [
    "attribute-sets/done/attributes/session-id",
  ]);
});

Deno.test("each finding has the line in both specs", () => {
  const found = compareSpecs(
    fileOf("psp"),
    changed("psp", (spec) => set(spec, "dev").attributes[1]!.type = "u64"),
  );
  assert.deepEqual(found.length, 1);
  const lines = Deno.readTextFileSync(new URL("../../specs/psp.yaml", import.meta.url)).split("\n");
  const name = set(fileOf("psp").spec, "dev").attributes[1]!.name;
  for (const { file, line } of found[0]!.places) {
    assert.equal(file, "psp.yaml");
    assert.match(lines[line - 1]!, new RegExp(`name: ${name}$`));
  }
});

const OLD = `# SPDX-License-Identifier: BSD-3-Clause
name: sample
attribute-sets:
  - name: main
    attributes:
      - name: set id
        type: u32
operations:
  list:
    - name: get
      attribute-set: main
      do:
        request:
          attributes: [missing, set id]
`;

Deno.test("an older kernel's spec is compared although our check refuses its names", () => {
  const { file, findings } = readLenient("old.yaml", new TextEncoder().encode(OLD));
  assert.deepEqual(lines(findings), [
    "unusual-name attribute-sets/main/attributes/set id/name",
    "unknown-attribute operations/list/get/do/request/attributes/missing",
  ]);
  const text = OLD.replaceAll("set id", "set-id").replace("missing, ", "");
  const { file: now } = readLenient("new.yaml", new TextEncoder().encode(text));
  const found = compareSpecs(file!, now!);
  assert.deepEqual(lines(found), ["renamed attribute-sets/main/attributes/set id"]);
  assert.deepEqual(found[0]!.places.map(({ line }) => line), [6, 6]);
});

Deno.test("a spec with any other fault is not compared", () => {
  const { file, diagnostics } = readLenient("old.yaml", new TextEncoder().encode(OLD.replace("u32", "u33")));
  assert.equal(file, undefined);
  assert.ok(diagnostics.length > 0);
});
