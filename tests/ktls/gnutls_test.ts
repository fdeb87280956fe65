/** `KtlsSocket` and GnuTLS's commands: KeyUpdates that it sends by itself, and the rate of them that it bears. */
import assert from "node:assert/strict";
import type { CipherSuiteName } from "../../runtime/tls/mod.ts";
import { hasProgram, Peer } from "../interop/peer.ts";
import { bytes, records } from "./connections.ts";
import { ktlsSuites } from "./helpers.ts";
import { type Conversation, exchangeMuch, type PeerProgram, receiveUntil, withPeer } from "./peers.ts";

const available = hasProgram("gnutls-serv", "--version") && hasProgram("gnutls-cli", "--version");
const reason = available ? "" : " (ignored: needs the gnutls commands)";

const ciphers: { [suite in CipherSuiteName]: string } = {
  TLS_AES_128_GCM_SHA256: "AES-128-GCM",
  TLS_AES_256_GCM_SHA384: "AES-256-GCM",
  TLS_CHACHA20_POLY1305_SHA256: "CHACHA20-POLY1305",
};
const priority = (suite: CipherSuiteName) => `NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+${ciphers[suite]}`;

const gnutls: PeerProgram = {
  async server(suite, { certificate, key }) {
    const own = ["--x509certfile", certificate, "--x509keyfile", key, "--priority", priority(suite)];
    const peer = new Peer("gnutls-serv", ["--port", "0", "--echo", ...own]);
    await peer.prints(/IPv4 .*done/);
    return [peer, peer.listeningPort()];
  },
  client: (suite, port) =>
    new Peer("gnutls-cli", [
      ...["--port", `${port}`, "--inline-commands", "--insecure", "--no-ca-verification"],
      ...["--priority", priority(suite), "127.0.0.1"],
    ]),
};

function test(
  name: string,
  role: "client" | "server",
  body: (conversation: Conversation) => Promise<void>,
  suites: readonly CipherSuiteName[] = ktlsSuites,
): void {
  for (const suite of suites) {
    Deno.test({
      name: `records by the ${records === "kernel" ? "kernel" : "process"}, GnuTLS, ${suite}, tynl as ` +
        `${role}: ${name}${reason}`,
      ignore: !available,
      fn: () => withPeer(gnutls, role, suite, body),
    });
  }
}

test("an echo, before and after KeyUpdates", "client", async ({ socket }) => {
  for (let i = 0; i < 5; i++) {
    await socket.send(bytes(`line ${i}\n`));
    await receiveUntil(socket, `line ${i}\n`);
    // The server bears eight within a second of its own clock.
    await socket.updateKeys({ requestPeer: i < 3 });
  }
  await socket.send(bytes("last\n"));
  await receiveUntil(socket, "last\n");
  assert.equal(socket.generation("send"), 5);
  assert(socket.generation("receive") >= 1);
  await socket.close();
});

test("the client updates its keys, and so do we", "server", async ({ socket, peer, talk }) => {
  await talk();
  for (let i = 1; i <= 3; i++) {
    await peer.types("^rekey^\n");
    await peer.prints(new RegExp(`(Rekey was completed[^]*){${i}}`));
    await talk();
    assert.equal(socket.generation("receive"), i);
    assert.equal(socket.generation("send"), i);
  }
  await socket.updateKeys({ requestPeer: true });
  await talk();
  await talk();
  assert.equal(socket.generation("send"), 4);
  assert.equal(socket.generation("receive"), 4);
});

// Its command takes ten seconds for that.
test("a mebibyte each way", "server", exchangeMuch, ktlsSuites.slice(0, 1));
