// What `--check` finds on machines of all kinds, and what it says to do.
import assert from "node:assert/strict";
import { check, type Finding, findingLines } from "../../cli/tlshd/check.ts";
import { type Machine, thisMachine } from "../../cli/tlshd/machine.ts";
import { tlshd } from "../../cli/tlshd.ts";
import { FamilyNotFoundError } from "../../runtime/netlink/mod.ts";
import { KeyError } from "../../runtime/keyring/mod.ts";
import { handshakeKernel } from "../../runtime/testing/mod.ts";
import { ran } from "../cli/memory_io.ts";
import { withFolder } from "../cli/tynl.ts";
import { nfsHost, nvmeHost } from "./configs.ts";
import { NOW, writePki } from "./pki.ts";

const built = ["NET_HANDSHAKE", "TLS", "KEYS", "NVME_TCP_TLS", "NVME_TARGET_TCP_TLS", "SUNRPC"];

/** A machine that lacks nothing, but for what a test changes. */
function machine(changes: Partial<Machine> = {}): Machine {
  return {
    date: () => NOW,
    release: () => "7.3.4",
    kernelConfig: () => Promise.resolve(built.map((name) => `CONFIG_${name}=m\n`).join("")),
    family: () => Promise.resolve({ mayServe: true, keyUpdates: true }),
    ktls: () => ({
      ulp: true,
      suites: ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"],
      rekey: true,
      maxPayload: true,
      expectNoPad: true,
      zeroCopyReadOnly: true,
    }),
    keyring: () => ({ serial: 77, psks: 2 }),
    quota: () => undefined,
    connections: () => Promise.resolve(),
    processes: () => [],
    agent: () => Promise.resolve(4711),
    ...changes,
  };
}

/** Findings on an NFS host. */
async function findings(changes: Partial<Machine>, config?: (folder: string) => string): Promise<Finding[]> {
  let found: Finding[] = [];
  await withFolder(async (folder) => {
    writePki(folder);
    Deno.writeTextFileSync(`${folder}/config`, (config ?? nfsHost)(folder));
    found = await check([`${folder}/config`], machine(changes));
  });
  return found;
}

const worse = (found: readonly Finding[]): Finding[] => found.filter(({ level }) => level !== "ok");

Deno.test("a machine that has all is told so", async () => {
  const found = await findings({});
  assert.deepEqual(worse(found), []);
  const subjects = [...new Set(found.map(({ subject }) => subject))];
  assert.deepEqual(subjects, [
    "kernel",
    "handshake family",
    "capability",
    "KeyUpdate",
    "kernel TLS",
    "sessions",
    "sock_diag",
    "keyrings",
    "files",
    "certificates",
    "agents",
  ]);
});

const none = () => Promise.reject(new FamilyNotFoundError("handshake"));
const ktls = machine().ktls();
const denied = () => {
  throw new KeyError("find", "@u", 38);
};

/** Machines that lack something: what is told of it. */
const lacks: readonly [
  what: string,
  changes: Partial<Machine>,
  level: Finding["level"],
  subject: string,
  RegExp,
  hint: RegExp,
][] = [
  [
    "the family",
    { family: none },
    "missing",
    "handshake family",
    /has none/,
    /Linux 6\.4 .* CONFIG_NET_HANDSHAKE/,
  ],
  [
    "the capability",
    { family: () => Promise.resolve({ mayServe: false, keyUpdates: false }) },
    "missing",
    "capability",
    /CAP_NET_ADMIN/,
    /run as root/,
  ],
  [
    "the TLS module",
    { ktls: () => ({ ...ktls, ulp: false, suites: [] }) },
    "missing",
    "kernel TLS",
    /none/,
    /modprobe tls/,
  ],
  [
    "all ciphers",
    { ktls: () => ({ ...ktls, suites: [] }) },
    "missing",
    "kernel TLS",
    /no suite$/,
    /modprobe gcm/,
  ],
  [
    "a cipher",
    { ktls: () => ({ ...ktls, suites: ktls.suites.slice(0, 2) }) },
    "warning",
    "kernel TLS",
    /no TLS_CHACHA20/,
    /modprobe chacha20poly1305 and chacha/,
  ],
  ["keys", { quota: denied }, "missing", "sessions", /keys cannot be used at all/, /CONFIG_KEYS/],
  [
    "room for keys",
    { quota: () => ({ uid: 0, keys: 190, maxKeys: 200, bytes: 0, maxBytes: 20_000 }) },
    "warning",
    "sessions",
    /only 10 more keys/,
    /sysctl kernel\.keys/,
  ],
  [
    "sock_diag",
    { connections: () => Promise.reject(new Error("ENOENT")) },
    "warning",
    "sock_diag",
    /does not tell/,
    /modprobe inet_diag tcp_diag/,
  ],
  [
    "a build option",
    { kernelConfig: () => Promise.resolve("CONFIG_TLS=y\n") },
    "warning",
    "kernel",
    /CONFIG_NET_HANDSHAKE/,
    /boot/,
  ],
  [
    "a consumer",
    { kernelConfig: () => Promise.resolve("CONFIG_TLS=y\n") },
    "note",
    "kernel",
    /CONFIG_SUNRPC/,
    /boot/,
  ],
  [
    "the keyring of NVMe",
    { keyring: () => ({ serial: undefined, psks: 0 }) },
    "note",
    "keyrings",
    /^\.nvme is not there/,
    /modprobe nvme-tcp/,
  ],
  [
    "an agent that answers",
    { agent: () => Promise.reject(new Error("the agent at /run/x does not answer")) },
    "warning",
    "agents",
    /does not answer/,
    /see what the log says/,
  ],
  [
    "peace",
    { processes: () => [7] },
    "warning",
    "agents",
    /tlshd runs too, as process 7/,
    /systemctl disable --now tlshd/,
  ],
];

for (const [what, changes, level, subject, text, hint] of lacks) {
  Deno.test(`a machine without ${what}: ${level}, and what to do`, async () => {
    const found = worse(await findings(changes)).filter((one) => text.test(one.text));
    assert.equal(found.length, 1, JSON.stringify(found));
    assert.deepEqual([found[0]!.level, found[0]!.subject], [level, subject]);
    assert.match(found[0]!.hint ?? "", hint);
  });
}

Deno.test("a keyring that the configuration names and that is not there is worth a warning", async () => {
  const keyring = (name: string | number) => ({ serial: name === "storage" ? undefined : 7, psks: 0 });
  const found = worse(await findings({ keyring }, () => nvmeHost)).filter(({ subject }) =>
    subject === "keyrings"
  );
  assert.deepEqual(found.map(({ level, text }) => [level, text]), [["warning", "storage is not there"]]);
});

Deno.test("files that cannot be loaded are missing, unsafe ones are worth a warning, unknown keys too", async () => {
  const found = worse(
    await findings({}, (folder) => {
      Deno.chmodSync(`${folder}/server.key`, 0o644);
      Deno.removeSync(`${folder}/crl.pem`);
      return `${nfsHost(folder)}odd=1\n`;
    }),
  );
  const files = found.filter(({ subject }) => subject === "files").map(({ level, text }) =>
    `${level} ${text.replaceAll(/\/tmp\/[^/]+\//g, "")}`
  );
  assert.deepEqual(files, [
    'warning config:19: [authenticate.server] has no key "odd"',
    "missing config:16: crl.pem: there is no such file",
    "warning server.pem: server.key: mode 0644 lets others at the key; chmod 0600",
  ]);
});

Deno.test("a configuration that is not there is missing, and all else is looked at all the same", async () => {
  const found = worse(await check(["/none/config"], machine()));
  assert.deepEqual(found.map(({ level, text }) => `${level} ${text}`), [
    "missing /none/config: there is no such file",
  ]);
});

Deno.test("lines for people: the level first, what to do below", () => {
  const text = "the kernel has none";
  assert.deepEqual(
    findingLines([
      { subject: "TLS", level: "missing", text, hint: "modprobe tls" },
      { subject: "keyrings", level: "ok", text: "there" },
    ]),
    [
      "missing  TLS       the kernel has none",
      "                   -> modprobe tls",
      "ok       keyrings  there",
    ],
  );
});

Deno.test("the question for the right to serve takes no request from an agent that runs", async () => {
  for (const privileged of [true, false]) {
    const kernel = handshakeKernel({ privileged });
    assert.deepEqual(await thisMachine(kernel).family(), { mayServe: privileged, keyUpdates: false });
    assert.deepEqual(kernel.calls.map(({ command, errno }) => [command, errno]), [[
      "accept",
      privileged ? 11 : 1,
    ]]);
  }
});

Deno.test("the machine that this runs on answers every question", async () => {
  const here = thisMachine(undefined);
  assert.match(here.release(), /^\d+\./);
  await here.kernelConfig();
  assert.equal(typeof here.ktls().ulp, "boolean");
  here.quota();
  assert.deepEqual(here.processes("no-such-process"), []);
  assert.equal(await here.agent("/none/status"), undefined);
});

Deno.test("the exit status is 1 if something is missing, and --json has the same findings", async () => {
  await withFolder(async (folder) => {
    const { code, out } = await ran(tlshd, ["--check", "--json", "-c", `${folder}/none`]);
    assert.equal(code, 1);
    const found = JSON.parse(out.join("")) as Finding[];
    assert(
      found.some(({ level, text }) =>
        level === "missing" && text === `${folder}/none: there is no such file`
      ),
    );
    const text = await ran(tlshd, ["--check", "-c", `${folder}/none`]);
    assert.equal(text.code, 1);
    assert.deepEqual(text.out, findingLines(found));
  });
});
