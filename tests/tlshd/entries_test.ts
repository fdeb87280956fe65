// The line of each thing that the agent tells: docs/operations.md explains these.
import assert from "node:assert/strict";
import { entryOf } from "../../cli/tlshd/entries.ts";
import { textLine } from "../../cli/tlshd/log.ts";
import type { AgentEvent, HandshakeEvent, RekeyEvent } from "../../runtime/handshake/mod.ts";

const line = (event: AgentEvent): string => {
  const entry = entryOf(event);
  return `${entry.level} ${textLine(entry)}`;
};

const handshake: HandshakeEvent = {
  type: "handshake",
  role: "client",
  peer: "192.0.2.1:4420",
  status: 0,
  duration: 12.345,
  reported: true,
  auth: "psk",
  suite: "TLS_AES_128_GCM_SHA256",
  group: "x25519",
  identity: "NVMe1R01 nqn.host nqn.sub digest",
  remoteAuth: [603_971_388],
  sessionId: 77,
};

const rekey: RekeyEvent = {
  type: "rekey",
  role: "server",
  peer: "[2001:db8::1]:4420",
  status: 0,
  duration: 1,
  reported: true,
  request: "received",
  sessionId: 77,
  suite: "TLS_AES_128_GCM_SHA256",
  generation: { send: 0, receive: 3 },
};

const lines: readonly [what: string, event: AgentEvent, expected: string][] = [
  [
    "a handshake",
    handshake,
    "info handshake succeeded peer=192.0.2.1:4420 role=client result=ok auth=psk suite=TLS_AES_128_GCM_SHA256 " +
    'group=x25519 identity="NVMe1R01 nqn.host nqn.sub digest" remote_auth=603971388 session=77 duration_ms=12.3',
  ],
  [
    "a handshake that the peer refused",
    {
      type: "handshake",
      role: "server",
      peer: "192.0.2.1:800",
      status: 129,
      reason: "the peer sent decrypt_error",
      duration: 3,
      reported: true,
      auth: "psk",
      remoteAuth: [],
      alert: { name: "decrypt_error", fromPeer: true },
    },
    "warning handshake failed peer=192.0.2.1:800 role=server result=EKEYREJECTED auth=psk " +
    'alert=decrypt_error:received reason="the peer sent decrypt_error" duration_ms=3',
  ],
  [
    "a handshake that failed for this machine's configuration",
    {
      type: "handshake",
      role: "server",
      status: 126,
      reason: "there is no certificate to show to clients",
      hint: "configure a certificate",
      duration: 0.01,
      reported: true,
      auth: "x509",
      remoteAuth: [],
    },
    "error handshake failed peer=unknown role=server result=ENOKEY auth=x509 " +
    'reason="there is no certificate to show to clients" hint="configure a certificate" duration_ms=0',
  ],
  [
    "a handshake whose report the kernel did not take",
    { ...handshake, reported: false },
    "warning handshake succeeded peer=192.0.2.1:4420 role=client result=ok auth=psk suite=TLS_AES_128_GCM_SHA256 " +
    'group=x25519 identity="NVMe1R01 nqn.host nqn.sub digest" remote_auth=603971388 session=77 duration_ms=12.3 ' +
    "reported=false",
  ],
  [
    "new keys",
    rekey,
    "info rekey succeeded peer=[2001:db8::1]:4420 role=server result=ok request=received " +
    "suite=TLS_AES_128_GCM_SHA256 session=77 sent=0 received=3 duration_ms=1",
  ],
  [
    "new keys that the kernel had already",
    { ...rekey, repeated: true },
    "info rekey succeeded peer=[2001:db8::1]:4420 role=server result=ok request=received " +
    "suite=TLS_AES_128_GCM_SHA256 session=77 sent=0 received=3 repeated=true duration_ms=1",
  ],
  [
    "the start",
    { type: "started", suites: ["TLS_AES_256_GCM_SHA384"], sessions: 2 },
    "notice started requests are served suites=TLS_AES_256_GCM_SHA384 sessions=2",
  ],
  [
    "a kernel without TLS",
    { type: "decision", about: "kernel-tls", available: false, text: "this kernel has no TLS" },
    "error decision this kernel has no TLS about=kernel-tls available=false",
  ],
  [
    "a kernel without KeyUpdates",
    { type: "decision", about: "key-update", available: false, text: "none" },
    "info decision none about=key-update available=false",
  ],
  [
    "sessions that cannot be kept",
    { type: "decision", about: "sessions", available: false, text: "no" },
    "warning decision no about=sessions available=false",
  ],
  [
    "a session that was forgotten",
    { type: "session-removed", sessionId: 77, reason: "closed" },
    "debug session-removed session=77 reason=closed",
  ],
  [
    "a session that was not kept",
    { type: "session-lost", peer: "192.0.2.1:4420", reason: "EDQUOT" },
    "warning session-lost a session was not kept: the connection cannot be rekeyed peer=192.0.2.1:4420 reason=EDQUOT",
  ],
  [
    "a fault",
    { type: "fault", during: "accept", error: new Error("accept: EMFILE") },
    "error fault accept: EMFILE during=accept",
  ],
  ["a reload", { type: "reloaded" }, "notice reloaded the configuration is in force"],
  [
    "the begin of the end",
    { type: "draining", active: 3 },
    "notice draining no more requests are taken active=3",
  ],
  ["the end", { type: "stopped" }, "notice stopped"],
];

for (const [what, event, expected] of lines) {
  Deno.test(`the line of ${what}`, () => assert.equal(line(event), expected));
}
