/** The kernel's own keys. Every test works in a keyring of its own, which goes when the test is over. */
import assert from "node:assert/strict";
import {
  addKey,
  addKeyring,
  clearKeyring,
  describeKey,
  invalidateKey,
  KeyError,
  keyringSerial,
  type KeySerial,
  keysIn,
  linkKey,
  persistentKeyring,
  readKey,
  requestKey,
  revokeKey,
  searchKey,
  setPermissions,
  setTimeoutOf,
  SpecialKeyring,
  unlinkKey,
  updateKey,
} from "../../runtime/keyring/mod.ts";

function supports(attempt: () => unknown): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}

const keys = supports(() => keyringSerial(SpecialKeyring.process, true));
const psk = keys && Deno.readTextFileSync("/proc/keys").includes(" keyring   .nvme");

function live(name: string, test: (ring: KeySerial) => void | Promise<void>, missing?: string): void {
  const reason = keys ? missing : "this kernel has no keys, or a filter forbids them";
  Deno.test({
    name: `live: ${name}${reason === undefined ? "" : ` (ignored: ${reason})`}`,
    ignore: reason !== undefined,
    fn: async () => {
      const ring = addKeyring(`tynl:${crypto.randomUUID()}`, SpecialKeyring.process);
      try {
        await test(ring);
      } finally {
        clearKeyring(ring);
        unlinkKey(ring, SpecialKeyring.process);
      }
    },
  });
}

const name = { type: "user", description: "tynl:secret" };
const payload = Uint8Array.of(1, 2, 3, 250);

async function eventually(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!condition() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
}

function failsWith(code: string, call: () => unknown): void {
  assert.throws(call, (error: unknown) => {
    assert(error instanceof KeyError, String(error));
    assert.equal(error.code, code);
    return true;
  });
}

live("a payload is read as it was added", (ring) => {
  assert.deepEqual(readKey(addKey(name, payload, ring)), payload);
});

live("a payload of 32,767 bytes, the most that a user key takes, is read whole", (ring) => {
  const large = new Uint8Array(32767).map((_, i) => i % 251);
  assert.deepEqual(readKey(addKey(name, large, ring)), large);
});

live("a payload is read into a buffer of its own", (ring) => {
  assert.equal(readKey(addKey(name, payload, ring)).buffer.byteLength, 4);
});

live("adding a key under a name that is there updates the same key", (ring) => {
  const key = addKey(name, payload, ring);
  assert.equal(addKey(name, Uint8Array.of(9), ring), key);
  assert.deepEqual(readKey(key), Uint8Array.of(9));
});

live("update changes the payload", (ring) => {
  const key = addKey(name, payload, ring);
  updateKey(key, Uint8Array.of(7, 7));
  assert.deepEqual(readKey(key), Uint8Array.of(7, 7));
});

live("a payload that is part of a larger buffer is taken alone", (ring) => {
  const key = addKey(name, Uint8Array.of(9, 1, 2, 9).subarray(1, 3), ring);
  assert.deepEqual(readKey(key), Uint8Array.of(1, 2));
});

live("a user key wants a payload", (ring) => {
  failsWith("EINVAL", () => addKey(name, undefined, ring));
});

live("a logon key is used by the kernel alone: nobody reads it", (ring) => {
  const key = addKey({ type: "logon", description: "tynl:logon" }, payload, ring);
  failsWith("EOPNOTSUPP", () => readKey(key));
});

live("a type that the kernel does not know is ENODEV", (ring) => {
  failsWith("ENODEV", () => addKey({ type: "tynl-none", description: "x" }, payload, ring));
});

live("a keyring lists what is linked to it", (ring) => {
  assert.deepEqual(keysIn(ring), []);
  const first = addKey(name, payload, ring);
  const second = addKey({ ...name, description: "tynl:other" }, payload, ring);
  assert.deepEqual(new Set(keysIn(ring)), new Set([first, second]));
  unlinkKey(first, ring);
  assert.deepEqual(keysIn(ring), [second]);
  clearKeyring(ring);
  assert.deepEqual(keysIn(ring), []);
});

live("search finds a key in a keyring within a keyring", (ring) => {
  const key = addKey(name, payload, addKeyring("tynl:inner", ring));
  assert.equal(searchKey(ring, name), key);
});

live("search links what it finds to the destination", (ring) => {
  const key = addKey(name, payload, addKeyring("tynl:from", ring));
  const to = addKeyring("tynl:to", ring);
  searchKey(ring, name, to);
  assert.deepEqual(keysIn(to), [key]);
});

live("search for what is not there gives nothing", (ring) => {
  assert.equal(searchKey(ring, name), undefined);
});

live("request finds what the process's keyring leads to", (ring) => {
  const mine = { type: "user", description: `tynl:${crypto.randomUUID()}` };
  assert.equal(requestKey(mine), undefined);
  assert.equal(requestKey({ ...mine }), undefined);
  const key = addKey(mine, payload, ring);
  assert.equal(requestKey(mine), key);
});

live("a key lives on where it is linked", (ring) => {
  const first = addKeyring("tynl:first", ring), second = addKeyring("tynl:second", ring);
  const key = addKey(name, payload, first);
  linkKey(key, second);
  unlinkKey(key, first);
  assert.deepEqual(readKey(key), payload);
});

live("unlinking what is not linked is ENOENT", (ring) => {
  const key = addKey(name, payload, addKeyring("tynl:elsewhere", ring));
  failsWith("ENOENT", () => unlinkKey(key, ring));
});

live("a link that would make a circle is EDEADLK", (ring) => {
  const inner = addKeyring("tynl:inner", ring);
  failsWith("EDEADLK", () => linkKey(ring, inner));
});

live("a key is described with owner, permissions and a description that may hold semicolons", (ring) => {
  const key = addKey({ type: "user", description: "tynl:a;b;;c" }, payload, ring);
  setPermissions(key, { possessor: "all", user: ["view", "search"] });
  const info = describeKey(key);
  assert.equal(info.type, "user");
  assert.equal(info.description, "tynl:a;b;;c");
  assert.equal(info.uid, Deno.uid());
  assert.deepEqual(info.permissions, {
    possessor: ["view", "read", "write", "search", "link", "setattr"],
    user: ["view", "search"],
    group: [],
    other: [],
  });
});

live("a key that may not be read is EACCES, its root owner included", (ring) => {
  const key = addKey(name, payload, ring);
  // Reading is also allowed to whoever can find a key by searching.
  setPermissions(key, { possessor: ["view", "setattr"], user: ["view", "setattr"] });
  failsWith("EACCES", () => readKey(key));
});

live("a revoked key is EKEYREVOKED", (ring) => {
  const key = addKey(name, payload, ring);
  revokeKey(key);
  failsWith("EKEYREVOKED", () => readKey(key));
});

live("an invalidated key is of no use at once, and gone from its keyring soon", async (ring) => {
  const key = addKey(name, payload, ring);
  invalidateKey(key);
  // EACCES once the kernel's collector has unlinked it: nobody possesses it any more.
  assert.throws(() => readKey(key), { code: /^(ENOKEY|EACCES)$/ });
  await eventually(() => keysIn(ring).length === 0);
  assert.deepEqual(keysIn(ring), []);
});

live("a key whose time is over is EKEYEXPIRED", async (ring) => {
  const key = addKey(name, payload, ring);
  setTimeoutOf(key, 1);
  await eventually(() => !supports(() => readKey(key)));
  failsWith("EKEYEXPIRED", () => readKey(key));
});

live("the longest timeout is taken, and taken back", (ring) => {
  const key = addKey(name, payload, ring);
  setTimeoutOf(key, 2 ** 32 - 1);
  setTimeoutOf(key, undefined);
  assert.deepEqual(readKey(key), payload);
});

live("the serial of a special keyring names the same keyring", (ring) => {
  const process = keyringSerial(SpecialKeyring.process)!;
  assert(process > 0);
  assert(keysIn(process).includes(ring));
});

live("a serial that nobody has is ENOKEY", () => {
  failsWith("ENOKEY", () => readKey(0x7ffffffe as KeySerial));
});

live("more than the quota is EDQUOT (needs an ordinary user)", async () => {
  const cache = Deno.makeTempDirSync();
  try {
    Deno.chmodSync(cache, 0o777);
    const { code, stderr } = await new Deno.Command("setpriv", {
      args: [
        "--reuid=65534",
        "--clear-groups",
        Deno.execPath(),
        "run",
        "--no-config",
        "--no-lock",
        "--allow-ffi",
        new URL("exhaust_quota.ts", import.meta.url).pathname,
      ],
      env: { NO_COLOR: "1", HOME: cache, DENO_DIR: cache },
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
  } finally {
    Deno.removeSync(cache, { recursive: true });
  }
}, Deno.uid() !== 0 ? "needs root, to become another user" : undefined);

live(
  "the persistent keyring of this user is linked where it is wanted",
  (ring) => {
    const persistent = persistentKeyring(ring);
    assert.deepEqual(keysIn(ring), [persistent]);
    assert.match(describeKey(persistent).description, /^_persistent\.\d+$/);
  },
  /^\d+$/m.test(readOr("/proc/sys/kernel/keys/persistent_keyring_expiry", "none"))
    ? undefined
    : "no such keyrings",
);

live("a TLS pre-shared key is added and read", (ring) => {
  const key = addKey({ type: "psk", description: "NVMe0R01 tynl a b" }, new Uint8Array(32).fill(5), ring);
  assert.deepEqual(readKey(key), new Uint8Array(32).fill(5));
}, psk ? undefined : "keys of type psk come with the kernel's NVMe over TCP");

function readOr(path: string, otherwise: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return otherwise;
  }
}

Deno.test("a timeout that is no number of seconds is refused before the kernel is asked", () => {
  for (const seconds of [0, -1, 1.5, NaN, 2 ** 32]) {
    assert.throws(() => setTimeoutOf(1 as KeySerial, seconds), RangeError);
  }
});

Deno.test("a NUL in a name is refused before the kernel is asked", () => {
  assert.throws(() => searchKey(SpecialKeyring.process, { type: "user", description: "a\0b" }), RangeError);
});
