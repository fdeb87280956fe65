/** The C headers from the committed specs, against the digests of those that linux-libc-dev ships. */

import assert from "node:assert/strict";
import { emitUapiHeader } from "../../generator/emit/uapi_header.ts";
import { resolveUapi, uapiConstants } from "../../generator/model/uapi.ts";
import { codeDigest } from "./code_digest.ts";
import { specFile, specNames } from "./specs.ts";

const facts: { package: string; headers: Record<string, string> } = JSON.parse(
  Deno.readTextFileSync(new URL("../data/uapi/headers.json", import.meta.url)),
);

/** Families whose header the kernel generates, by header. Our handshake is newer than the kernel's. */
const specs = new Map(
  specNames().map((name) => name === "handshake" ? "upstream/handshake" : name)
    .map((name) => [resolveUapi(specFile(name).spec).path, name]),
);

Deno.test("seventeen headers are recorded", () => {
  assert.equal(Object.keys(facts.headers).length, 17);
});

for (const [path, digest] of Object.entries(facts.headers)) {
  Deno.test(`${path} written from its spec is the shipped header, comments aside`, () => {
    const name = specs.get(path);
    assert.ok(name !== undefined, `no spec has the header ${path}`);
    const file = specFile(name);
    const specPath = `Documentation/netlink/specs/${file.file}.yaml`;
    const text = emitUapiHeader(resolveUapi(file.spec), { license: file.license, specPath });
    assert.equal(codeDigest(text), digest);
  });
}

Deno.test("our handshake header has what upstream's has, and the names of the KeyUpdate series", () => {
  const values = (name: string) =>
    new Map(
      uapiConstants(resolveUapi(specFile(name).spec))
        .filter(({ rendered, kind }) => rendered && kind !== "count" && kind !== "max")
        .map(({ name, value }) => [name, value]),
    );
  const ours = values("handshake");
  const upstream = values("upstream/handshake");
  for (const [name, value] of upstream) assert.equal(ours.get(name), value, name);
  const added = [...ours].filter(([name]) => !upstream.has(name));
  assert.deepEqual(Object.fromEntries(added), {
    HANDSHAKE_MSG_TYPE_CLIENTKEYUPDATE: 3,
    HANDSHAKE_MSG_TYPE_SERVERKEYUPDATE: 4,
    HANDSHAKE_KEY_UPDATE_TYPE_UNSPEC: 0,
    HANDSHAKE_KEY_UPDATE_TYPE_SEND: 1,
    HANDSHAKE_KEY_UPDATE_TYPE_RECEIVED: 2,
    HANDSHAKE_KEY_UPDATE_TYPE_RECEIVED_REQUEST_UPDATE: 3,
    HANDSHAKE_A_ACCEPT_KEY_UPDATE_REQUEST: 10,
    HANDSHAKE_A_ACCEPT_SESSION_ID: 11,
    HANDSHAKE_A_DONE_SESSION_ID: 4,
  });
});
