/** `KtlsSocket` and OpenSSL's s_server and s_client: data, KeyUpdates of both, and the end. */
import assert from "node:assert/strict";
import type { CipherSuiteName } from "../../runtime/tls/mod.ts";
import { hasProgram, Peer } from "../interop/peer.ts";
import { bytes, records } from "./connections.ts";
import { ktlsSuites } from "./helpers.ts";
import { type Conversation, exchangeMuch, type PeerProgram, receiveUntil, withPeer } from "./peers.ts";

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

test("data, and a KeyUpdate of each side with a request and without", async ({ socket, peer, talk }) => {
  await talk();
  await peer.types("k\n");
  await talk();
  await peer.types("K\n");
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
    for (let i = 0; i < 10; i++) await peer.types(`${letter}\n`);
    await talk();
    await talk();
    assert.equal(socket.generation("receive"), 10);
    // All came before our next data, or some after: no more answers than requests.
    const answers = socket.generation("send");
    assert(letter === "k" ? answers === 0 : answers >= 1 && answers <= 10, `${answers}`);
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
    await Promise.all([peer.types("K\n"), socket.updateKeys({ requestPeer: true })]);
    await talk();
  }
  await talk();
  assert(socket.generation("send") >= 6);
});

test("the peer closes in order", async ({ socket, peer, talk }) => {
  await talk();
  await peer.types("1 last words\n");
  await receiveUntil(socket, "1 last words\n");
  await peer.types("Q\n");
  assert.equal(await socket.receive({ signal: AbortSignal.timeout(120_000) }), undefined);
  await socket.close();
});

test("we close in order", async ({ socket, peer }) => {
  await socket.send(bytes("goodbye\n"));
  await socket.close({ linger: 120_000 });
  await peer.prints(/goodbye/);
});
