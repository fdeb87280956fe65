/** `KtlsSocket` and OpenSSL's s_server and s_client: data, KeyUpdates of both, and the end. */
import assert from "node:assert/strict";
import type { KtlsSocket } from "../../runtime/ktls/mod.ts";
import { type CipherSuiteName, TlsTruncatedError } from "../../runtime/tls/mod.ts";
import { hasProgram, Peer } from "../interop/peer.ts";
import { bytes, records } from "./connections.ts";
import { ktlsSuites } from "./helpers.ts";
import {
  type Conversation,
  exchangeMuch,
  type PeerProgram,
  receiveUntil,
  updatesOf,
  withPeer,
} from "./peers.ts";

const available = hasProgram("openssl", "version");
const reason = available ? "" : " (ignored: needs the openssl command)";

const openssl: PeerProgram = {
  async server(suite, files) {
    const own = ["-cert", files.certificate, "-key", files.key, "-ciphersuites", suite];
    const peer = new Peer("openssl", ["s_server", "-accept", "127.0.0.1:0", "-tls1_3", ...own]);
    const [, port] = await peer.prints(/ACCEPT 127\.0\.0\.1:(\d+)/);
    return [peer, Number(port)];
  },
  client: (suite, port) =>
    new Peer("openssl", ["s_client", "-connect", `127.0.0.1:${port}`, "-tls1_3", "-ciphersuites", suite]),
};

function test(
  name: string,
  body: (conversation: Conversation) => Promise<void>,
  suites: readonly CipherSuiteName[] = ktlsSuites.slice(0, 1),
  recordsPerKey?: number,
): void {
  for (const suite of suites) {
    for (const role of ["client", "server"] as const) {
      Deno.test({
        name: `records by the ${records === "kernel" ? "kernel" : "process"}, OpenSSL, ${suite}, tynl as ` +
          `${role}: ${name}${reason}`,
        ignore: !available,
        fn: () => withPeer(openssl, role, suite, body, recordsPerKey),
      });
    }
  }
}

/** Makes OpenSSL update its keys a number of times, and send something after them. */
async function peerUpdates(letter: "k" | "K", socket: KtlsSocket, peer: Peer, times = 1): Promise<void> {
  const before = socket.generation("receive");
  const received = receiveUntil(socket, "1 after them\n");
  // A command is one only at the start of what is read at a time.
  for (let i = 1; i <= times; i++) {
    await peer.types(`${letter}\n`);
    await updatesOf(socket, before + i);
  }
  await peer.types("1 after them\n");
  await received;
}

test("data, and a KeyUpdate of each side with a request and without", async ({ socket, peer, talk }) => {
  await talk();
  await peerUpdates("k", socket, peer);
  await talk();
  await peerUpdates("K", socket, peer);
  await talk();
  await socket.updateKeys({ requestPeer: false });
  await talk();
  await socket.updateKeys({ requestPeer: true });
  await talk();
  await talk();
  assert.equal(socket.generation("receive"), 3);
  assert.equal(socket.generation("send"), 3);
}, ktlsSuites);

test(
  "a mebibyte each way, our keys changing after every 14 records",
  async (conversation) => {
    await exchangeMuch(conversation);
    assert(conversation.socket.generation("send") >= 4);
    await conversation.talk();
  },
  ktlsSuites,
  16,
);

for (const [letter, what] of [["k", "without a request"], ["K", "with a request"]] as const) {
  test(`ten KeyUpdates of the peer in a row, ${what}`, async ({ socket, peer, talk }) => {
    await peerUpdates(letter, socket, peer, 10);
    assert.equal(socket.generation("send"), 0);
    await talk();
    assert.equal(socket.generation("send"), letter === "K" ? 1 : 0);
    assert.equal(socket.generation("receive"), 10);
  });

  test(`ten KeyUpdates of ours in a row, ${what}`, async ({ socket, talk }) => {
    for (let i = 0; i < 10; i++) await socket.updateKeys({ requestPeer: letter === "K" });
    await talk();
    await talk();
    assert.equal(socket.generation("send"), 10);
    assert.equal(socket.generation("receive") > 0, letter === "K");
  });
}

test("both update their keys at once", async ({ socket, peer, talk }) => {
  for (let i = 0; i < 3; i++) {
    await Promise.all([peerUpdates("K", socket, peer), socket.updateKeys({ requestPeer: true })]);
    await talk();
  }
  await talk();
  // One of ours may answer a request as well.
  assert(socket.generation("send") >= 3);
});

test("the peer's end: close_notify of s_client, none of s_server", async ({ socket, role, peer, talk }) => {
  await talk();
  await peer.types("Q\n");
  const end = socket.receive({ signal: AbortSignal.timeout(120_000) });
  if (role === "server") assert.equal(await end, undefined);
  else await assert.rejects(end, TlsTruncatedError);
  await socket.close();
});

test("we close in order", async ({ socket, peer }) => {
  await socket.send(bytes("goodbye\n"));
  await socket.close({ linger: 120_000 });
  await peer.prints(/goodbye/);
});
