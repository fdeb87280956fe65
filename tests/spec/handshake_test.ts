import assert from "node:assert/strict";
import { toFacts } from "../../generator/spec/canonical.ts";
import type { Spec } from "../../generator/spec/types.ts";
import { committed } from "./helpers.ts";

const ours: Spec = toFacts(committed("handshake.yaml").spec);
const upstream: Spec = committed("upstream/handshake.yaml").spec;

Deno.test("our handshake family is that of Linux 7.3 and what version 7 of the KeyUpdate series adds", () => {
  const expected = structuredClone(upstream);
  const messageType = expected.definitions!.find(({ name }) => name === "msg-type")!;
  messageType.entries!.push("clientkeyupdate", "serverkeyupdate");
  expected.definitions!.push({
    type: "enum",
    name: "key-update-type",
    "value-start": 0,
    entries: ["unspec", "send", "received", "received_request_update"],
  });
  const set = (name: string) => expected["attribute-sets"].find((each) => each.name === name)!.attributes;
  set("accept").push(
    { name: "key-update-request", type: "u32", enum: "key-update-type" },
    { name: "session-id", type: "u32" },
  );
  set("done").push({ name: "session-id", type: "u32" });
  const operation = (name: string) => expected.operations.list.find((each) => each.name === name)!;
  operation("accept").do!.reply!.attributes!.push("key-update-request", "session-id");
  operation("done").do!.request!.attributes!.push("session-id");
  assert.deepEqual(ours, expected);
});

Deno.test("the new attributes have the numbers of the series", () => {
  const names = (set: string) =>
    ours["attribute-sets"].find(({ name }) => name === set)!.attributes.map(({ name }) => name);
  assert.equal(names("accept").indexOf("key-update-request"), 10 - 1);
  assert.equal(names("accept").indexOf("session-id"), 11 - 1);
  assert.equal(names("done").indexOf("session-id"), 4 - 1);
});

Deno.test("everything in our handshake family is documented", () => {
  const { spec } = committed("handshake.yaml");
  const things = [
    spec,
    ...spec.definitions!,
    ...spec["attribute-sets"],
    ...spec["attribute-sets"].flatMap(({ attributes }) => attributes),
    ...spec.operations.list,
  ];
  assert.deepEqual(things.filter(({ doc }) => doc === undefined).map(({ name }) => name), []);
});
