/**
 * No secret is left where it does not belong: in the process's memory after a handshake and a KeyUpdate, in what the
 * agent tells, in what it throws.
 *
 * The memory is searched from outside, for what OpenSSL at the other end knows: the secrets of the handshake and of the
 * traffic, those after a KeyUpdate, and the keys that come of each. A collector that runs all the time would leave copies
 * of whatever it moves. What is not searched for, because nobody but the process knows it: private keys of the key
 * exchange and shared secrets inside of node:crypto, which frees them without our doing; the state of hashes and ciphers
 * inside of @noble, whose small buffers are wiped by it where it does so. What is there by design: PSKs in the key store,
 * here in memory and else in the kernel.
 */
import assert from "node:assert/strict";
import { inspect } from "node:util";
import { Auth, KeyUpdateType } from "../../generated/handshake/mod.ts";
import type { HandshakeSubmission } from "../../runtime/testing/mod.ts";
import { type CipherSuiteName, nextTrafficSecret, type Role } from "../../runtime/tls/mod.ts";
import { writeKey } from "../../runtime/tls/key_schedule.ts";
import { cipherSuite } from "../../runtime/tls/suites.ts";
import { pskArguments } from "../interop/openssl.ts";
import { hasProgram, Peer } from "../interop/peer.ts";
import { bytes, hex } from "../tls/helpers.ts";
import { inKeys } from "./accept_row.ts";
import { MemoryKeys } from "./memory_keys.ts";
import { OpenSession, suites } from "./open_session.ts";
import { bothEquipped, clock } from "./pki.ts";
import { findInMemory } from "./process_memory.ts";
import { psk256, psk384, Rig } from "./rig.ts";

const available = hasProgram("openssl", "version");
const mayLook = Deno.uid() === 0;
const reason = !available
  ? " (ignored: needs the openssl command)"
  : !mayLook
  ? " (ignored: needs root)"
  : "";
const handshakes = 3;

/** What comes of the lines of an SSLKEYLOGFILE. */
function secretsOf(lines: string, suite: CipherSuiteName): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  for (const [number, line] of lines.trim().split("\n").entries()) {
    const [label, , text] = line.split(" ");
    if (!/^[A-Z_]+(_0|SECRET)$/.test(label ?? "")) continue;
    let secret = bytes(text!);
    found.set(`${label} ${number}`, secret);
    found.set(`${label} ${number}, key`, writeKey(cipherSuite(suite), secret).key);
    if (!label!.endsWith("TRAFFIC_SECRET_0")) continue;
    secret = nextTrafficSecret(suite, secret);
    found.set(`${label} ${number} after KeyUpdate`, secret);
    found.set(`${label} ${number} after KeyUpdate, key`, writeKey(cipherSuite(suite), secret).key);
  }
  return found;
}

for (const role of ["client", "server"] as const) {
  for (const suite of ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"] as const) {
    Deno.test({
      name: `${role}, ${suite}: no secret is left in memory once the session is stored${reason}`,
      ignore: reason !== "",
      fn: () => search(role, suite),
    });
  }
}

async function search(role: Role, suite: CipherSuiteName): Promise<void> {
  const folder = Deno.makeTempDirSync({ prefix: "tynl-secrets-" });
  const log = `${folder}/keys`;
  const psk = suite.endsWith("384") ? psk384 : psk256;
  // A key that is nothing but itself wherever it is found.
  const key = crypto.getRandomValues(new Uint8Array(psk.key.length));
  const args = [...pskArguments({ ...psk, key }, `${folder}/psk`), "-tls1_3", "-keylogfile", log];
  try {
    await using server = new Peer("openssl", ["s_server", "-accept", "127.0.0.1:0", "-nocert", ...args]);
    const [, port] = await server.prints(/ACCEPT 127\.0\.0\.1:(\d+)/);
    const script = new URL("held_secrets.ts", import.meta.url).pathname;
    await using child = new Peer(Deno.execPath(), [
      "run",
      "-A",
      "--no-check",
      "--v8-flags=--gc-interval=4000",
      script,
      role,
      suite,
      hex(key),
      String(handshakes),
      port!,
    ]);
    if (role === "server") {
      const [, port] = await child.prints(/port (\d+)/);
      for (let i = 0; i < handshakes; i++) {
        await using client = new Peer("openssl", ["s_client", "-connect", `127.0.0.1:${port}`, ...args]);
        await client.prints(/SSL handshake has read/);
      }
    }
    await child.prints(/done 0/);
    const secrets = secretsOf(Deno.readTextFileSync(log), suite);
    assert.equal(secrets.size, handshakes * (2 * 2 + 2 * 4 + 1 * 2));
    // What is there must be found, or the search is none.
    secrets.set("psk", key);
    const found = findInMemory(child.pid, secrets);
    assert(found.some(({ name }) => name === "psk"), "the search finds what is there");
    assert.deepEqual(found.filter(({ name }) => name !== "psk"), []);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("every secret that was read from the key store is overwritten, whichever way the request ended", async () => {
  const keys = new MemoryKeys();
  const handedOut: NonNullable<MemoryKeys["handedOut"]> = [];
  keys.handedOut = handedOut;
  const policy = { ...bothEquipped, suites: suites.slice(0, 1) };
  await using rig = await Rig.start({ keyUpdates: true, keys, policy, clock, limits: { deadline: 5000 } });
  for (const role of ["client", "server"] as const) {
    using session = await OpenSession.open(rig, role);
    await session.peerUpdates(rig);
    await session.rekey(rig, KeyUpdateType.received);
    await rig.serve(session.upcall(rig, KeyUpdateType.received, { messageType: role === "client" ? 4 : 3 }));
  }
  const bad = rig.keys.put(rig.serials.nvme, "psk", "short", new Uint8Array(15).fill(7));
  const certificate = inKeys(rig, "pkcs8");
  const wrong = [{ cert: certificate[0]!.cert!, privkey: bad }];
  const failing: HandshakeSubmission[] = [
    // No suite has its hash; it is too short; nobody is there.
    { fd: -1, messageType: 1, authMode: Auth.psk, peerIdentity: [rig.serials.psk384] },
    { fd: -1, messageType: 1, authMode: Auth.psk, peerIdentity: [bad] },
    { fd: -1, messageType: 1, authMode: Auth.psk, peerIdentity: [rig.serials.psk256, bad] },
    { fd: -1, messageType: 1, authMode: Auth.x509, peername: "nfs.example.com", certificate },
    { fd: -1, messageType: 2, authMode: Auth.x509, certificate },
    { fd: -1, messageType: 2, authMode: Auth.x509, certificate: wrong },
  ];
  for (const request of failing) {
    const { fd, peer } = await rig.connection();
    peer.close();
    const { event } = await rig.serve({ ...request, fd });
    assert(event.status > 0);
  }
  // Certificates are no secrets, and sessions are sealed.
  const secret = handedOut.filter(({ description }) => !/^certificate|^tynl:session/.test(description));
  const kinds = new Set(secret.map(({ description }) => description));
  assert.deepEqual(
    [...kinds].sort(),
    [
      psk256.identity,
      psk384.identity,
      "key pkcs8",
      "short",
      "tynl:sealing-key",
    ].sort(),
  );
  for (const { description, payload } of secret) assert(payload.every((byte) => byte === 0), description);
});

/** Whether text has a secret in it, in any form that bytes are printed in. */
function isIn(text: string, secret: Uint8Array): boolean {
  const forms = [hex(secret), secret.toBase64(), secret.join(","), secret.join(", "), secret.join(",\n")];
  return forms.some((form) => text.toLowerCase().includes(form.toLowerCase()));
}

for (const suite of suites) {
  Deno.test(`${suite}: no secret is in what the agent tells, whether things go well or not`, async () => {
    const lines: string[] = [];
    await using rig = await Rig.start({
      keyUpdates: true,
      policy: { keyLog: (line) => void lines.push(line) },
    });
    for (const role of ["client", "server"] as const) {
      using session = await OpenSession.open(rig, role, suite);
      await session.peerUpdates(rig, true);
      await session.rekey(rig, KeyUpdateType.receivedRequestUpdate);
      using failing = await OpenSession.open(rig, role, suite);
      rig.records.onStep = (step) => {
        // What a record layer throws may say more than it should; its own text is not the agent's to choose.
        if (step.startsWith("before rekey")) throw new Error("refused");
      };
      await rig.serve(failing.upcall(rig, KeyUpdateType.received));
      rig.records.onStep = () => {};
      using damaged = await OpenSession.open(rig, role, suite);
      rig.keys.update(damaged.sessionId, rig.keys.payload(damaged.sessionId).with(60, 0).with(61, 1));
      await rig.serve(damaged.upcall(rig, KeyUpdateType.received));
    }
    const told =
      inspect(rig.events, { depth: 20, maxArrayLength: null, maxStringLength: null, showHidden: true }) +
      JSON.stringify(rig.events, (_, value) => typeof value === "bigint" ? String(value) : value);
    const secrets = secretsOf(lines.join("\n"), suite);
    assert(secrets.size > 0);
    secrets.set("PSK", suite.endsWith("384") ? psk384.key : psk256.key);
    for (const [name, secret] of secrets) assert(!isIn(told, secret), name);
    assert(isIn(lines.join("\n"), secrets.values().next().value!), "the search finds what is there");
  });
}
