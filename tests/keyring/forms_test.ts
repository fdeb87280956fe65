/** What the kernel says about keys in text and numbers. */
import assert from "node:assert/strict";
import {
  decodePermissions,
  encodePermissions,
  isKeySerial,
  type KeyRight,
  keySerial,
  parseDescription,
  parseKeyUsers,
} from "../../runtime/keyring/mod.ts";

Deno.test("permissions have the bits of keyutils.h", () => {
  // KEY_POS_ALL 0x3f000000, KEY_USR_VIEW 0x00010000, KEY_GRP_READ 0x00000200, KEY_OTH_SETATTR 0x00000020.
  const mask = encodePermissions({ possessor: "all", user: ["view"], group: ["read"], other: ["setattr"] });
  assert.equal(mask, 0x3f010220);
});

Deno.test("what has no permissions has none", () => {
  assert.equal(encodePermissions({}), 0);
});

Deno.test("permissions come back as they were given", () => {
  const permissions = {
    possessor: ["view", "read"],
    user: ["write"],
    group: ["search", "link"],
    other: [],
  } satisfies Record<string, KeyRight[]>;
  assert.deepEqual(decodePermissions(encodePermissions(permissions)), permissions);
});

Deno.test("a right that there is not is refused", () => {
  assert.throws(() => encodePermissions({ user: ["execute" as KeyRight] }), RangeError);
});

Deno.test("a description is parsed, of a type and by a user that are not ours", () => {
  assert.deepEqual(parseDescription("logon;1000;-1;3f010000;nvme:x;y"), {
    type: "logon",
    description: "nvme:x;y",
    uid: 1000,
    gid: -1,
    permissions: {
      possessor: ["view", "read", "write", "search", "link", "setattr"],
      user: ["view"],
      group: [],
      other: [],
    },
  });
});

Deno.test("a description of another form is told", () => {
  for (const text of ["", "user;0;0;3f010000", "user;x;0;3f010000;a"]) {
    assert.throws(() => parseDescription(text), SyntaxError);
  }
});

Deno.test("the quota of every user is read", () => {
  // Lines of Linux 6.18.
  const text = "    0:     9 8/8 3/1000000 40/25000000\n 1000:    12 12/12 11/200 340/20000\n";
  assert.deepEqual(parseKeyUsers(text), [
    { uid: 0, keys: 3, maxKeys: 1000000, bytes: 40, maxBytes: 25000000 },
    { uid: 1000, keys: 11, maxKeys: 200, bytes: 340, maxBytes: 20000 },
  ]);
});

Deno.test("a quota of another form is told", () => {
  assert.throws(() => parseKeyUsers("0: all\n"), SyntaxError);
});

Deno.test("only what can be a key's number is a serial, so that no stranger names our keyrings", () => {
  assert.equal(keySerial(0x7fffffff), 0x7fffffff);
  for (const number of [0, -1, -4, 0xfffffffc, 2 ** 31, 1.5, NaN]) {
    assert(!isKeySerial(number));
    assert.throws(() => keySerial(number), RangeError);
  }
});
