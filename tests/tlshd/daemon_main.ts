/**
 * `tynl tlshd` on a fake kernel: what a test starts as a process. Lines on standard input are requests that the kernel
 * makes, answered on standard output when they are over; standard error has the daemon's own lines.
 */
import { Auth, KeyUpdateType, MsgType } from "../../generated/handshake/mod.ts";
import { standardIo } from "../../cli/io.ts";
import { isDumpable } from "../../runtime/posix/mod.ts";
import { tlshd } from "../../cli/tlshd.ts";
import {
  handshakeKernel,
  type HandshakeOutcome,
  type HandshakeSubmission,
} from "../../runtime/testing/mod.ts";
import { MemoryKeys } from "../handshake/memory_keys.ts";
import { clock, serverName } from "../handshake/pki.ts";
import { tcpPair } from "../handshake/sockets.ts";
import { UserRecords } from "../handshake/user_records.ts";

const faked = (name: string): boolean => Deno.env.get(`FAKE_${name}`) === "1";
const kernel = handshakeKernel({ keyUpdates: faked("KEY_UPDATES"), privileged: !faked("USER") });
const keys = new MemoryKeys();
const nvme = keys.keyring(".nvme");
// As hostile as an identity can be: a consumer's key may have any description.
const identity = "NVMe0R01 host\x1b[2J\r\nhandshake succeeded peer=forged disk";
const psk = keys.put(nvme, "psk", identity, new Uint8Array(32).fill(0x5a));

type Attributes = Omit<HandshakeSubmission, "fd" | "messageType">;

/** The connections of all requests, which stay open. */
const pairs: [number, number][] = [];

/** Both ends of a connection are the agent's business, as over loopback. */
async function both(client: Attributes, server: Attributes): Promise<HandshakeOutcome[]> {
  const pair = tcpPair();
  pairs.push(pair);
  const requests = [
    kernel.submit({ fd: pair[0], messageType: MsgType.clienthello, ...client }),
    kernel.submit({ fd: pair[1], messageType: MsgType.serverhello, ...server }),
  ];
  return await Promise.all(requests.map(({ outcome }) => outcome));
}

/** New keys to receive with, at the server of the last connection. */
async function rekey(sessionId: number): Promise<HandshakeOutcome[]> {
  const request = kernel.submit({
    fd: pairs.at(-1)![1],
    messageType: MsgType.serverkeyupdate,
    authMode: Auth.psk,
    keyUpdateRequest: KeyUpdateType.received,
    sessionId,
  });
  return [await request.outcome];
}

const requests: { readonly [name: string]: (argument: string) => Promise<HandshakeOutcome[]> } = {
  psk: () => both({ authMode: Auth.psk, peerIdentity: [psk] }, { authMode: Auth.psk, keyring: nvme }),
  x509: () => both({ authMode: Auth.x509, peername: serverName }, { authMode: Auth.x509 }),
  tls: () => both({ authMode: Auth.unauth, peername: serverName }, { authMode: Auth.x509 }),
  rekey: (sessionId) => rekey(Number(sessionId)),
  /** No request, but a question: 1 if this process may dump core. */
  dumpable: () => Promise.resolve([{ status: isDumpable() ? 1 : 0, remoteAuth: [], sessionId: undefined }]),
  /** The other end never says anything. */
  silence: async () => {
    const [fd] = tcpPair();
    const request = kernel.submit({
      fd,
      messageType: MsgType.clienthello,
      authMode: Auth.psk,
      peerIdentity: [psk],
    });
    return [await request.outcome];
  },
};

async function serveRequests(): Promise<void> {
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    for (const line of text.split("\n").filter((line) => line !== "")) {
      const [name, argument = ""] = line.split(" ");
      requests[name!]!(argument).then((outcomes) => console.log(JSON.stringify(outcomes)));
    }
  }
}

void serveRequests();
Deno.exit(
  await tlshd(Deno.args, standardIo(), {
    transport: kernel,
    keys,
    records: new UserRecords(),
    connections: null,
    clock,
    watchPeriod: 50,
  }),
);
