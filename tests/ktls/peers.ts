/** What the tests with other implementations of TLS as peers of `KtlsSocket` share. */
import assert from "node:assert/strict";
import { acceptKtls, connectKtls, type KtlsSocket, listenTcp } from "../../runtime/ktls/mod.ts";
import type { CipherSuiteName } from "../../runtime/tls/mod.ts";
import { manyDigits } from "../interop/exchange.ts";
import type { Peer } from "../interop/peer.ts";
import { certificate, expects } from "../tls/pairs.ts";
import leaves from "../tls/certificates.json" with { type: "json" };
import { bytes, fastClock, records, text } from "./connections.ts";

/** Generous: a machine under load must not fail a test. */
const patience = 120_000;

/** An open connection with a process. */
export interface Conversation {
  /** Our end. */
  readonly socket: KtlsSocket;
  /** Our role. */
  readonly role: "client" | "server";
  /** The process. */
  readonly peer: Peer;
  /** Data both ways; the peer prints what it is sent and sends what it is typed. */
  talk(): Promise<void>;
}

/** Receives until a text has come, and gives what came before it. */
export async function receiveUntil(socket: KtlsSocket, end: string): Promise<string> {
  let all = "";
  const signal = AbortSignal.timeout(patience);
  while (!all.endsWith(end)) {
    const data = await socket.receive({ signal });
    assert(data !== undefined, `the peer closed after: ${all.slice(-200)}`);
    all += text(data);
  }
  return all.slice(0, -end.length);
}

function conversation(socket: KtlsSocket, role: Conversation["role"], peer: Peer): Conversation {
  let count = 0;
  return {
    socket,
    role,
    peer,
    async talk() {
      const word = `${++count} times`;
      // First the peer: what came before its data, a KeyUpdate perhaps, is known to us then.
      await peer.types(`1 peer spoke ${word}\n`);
      await receiveUntil(socket, `1 peer spoke ${word}\n`);
      await socket.send(bytes(`tynl spoke ${word}\n`));
      await peer.prints(new RegExp(`tynl spoke ${word}`));
    },
  };
}

const ktls = (recordsPerKey?: number) => ({
  records,
  handshakeTimeout: patience,
  ...recordsPerKey === undefined ? {} : { recordsPerKey },
});

/** How the peer is started. */
export interface PeerProgram {
  /** Starts a server with that certificate that takes no suite but one; gives its port, too. */
  server(suite: CipherSuiteName, files: { certificate: string; key: string }): Promise<[Peer, port: number]>;
  /** Starts a client that checks no certificate. */
  client(suite: CipherSuiteName, port: number): Peer;
}

/** A connection of ours in one role to a program in the other. */
export async function withPeer(
  program: PeerProgram,
  role: Conversation["role"],
  suite: CipherSuiteName,
  body: (conversation: Conversation) => Promise<void>,
  recordsPerKey?: number,
): Promise<void> {
  const now = fastClock();
  if (role === "client") {
    const folder = await Deno.makeTempDir();
    try {
      const files = { certificate: `${folder}/server.pem`, key: `${folder}/server.key` };
      await Deno.writeTextFile(files.certificate, leaves.p256.certificate);
      await Deno.writeTextFile(files.key, leaves.p256.key);
      const [peer, port] = await program.server(suite, files);
      await using _ = peer;
      const tls = { verifyPeer: expects("p256"), suites: [suite], now };
      const socket = await connectKtls({ hostname: "127.0.0.1", port }, tls, ktls(recordsPerKey));
      await closing(socket, () => body(conversation(socket, role, peer)));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  } else {
    using listener = listenTcp();
    await using peer = program.client(suite, listener.port);
    const fd = await listener.accept({ signal: AbortSignal.timeout(patience) });
    const tls = { certificates: [certificate("p256")], suites: [suite], now };
    const socket = await acceptKtls(fd, tls, ktls(recordsPerKey));
    await closing(socket, () => body(conversation(socket, role, peer)));
  }
}

async function closing(socket: KtlsSocket, body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } finally {
    socket.destroy();
  }
}

/** Waits until so many KeyUpdates of the peer have come; somebody must be receiving. */
export async function updatesOf(socket: KtlsSocket, count: number): Promise<void> {
  const signal = AbortSignal.timeout(patience);
  while (socket.generation("receive") < count) {
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A mebibyte each way at once. */
export async function exchangeMuch({ socket, peer }: Conversation): Promise<void> {
  const [out, back] = [manyDigits(), manyDigits()];
  const [, , received] = await Promise.all([
    socket.send(bytes(`${out}end of it\n`)).then(() => peer.prints(/end of it/)),
    peer.types(`${back}1 all\n`),
    receiveUntil(socket, "1 all\n"),
  ]);
  // s_server says so when a record has no data, such as a KeyUpdate.
  assert(peer.printed.replaceAll("Read BLOCK\n", "").includes(out), "what tynl has sent");
  assert.equal(received, back);
}
