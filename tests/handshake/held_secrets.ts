/**
 * A process with an agent in it that makes handshakes, and a KeyUpdate after each, with a peer that is elsewhere. What
 * is left in its memory afterwards is for another process to look at: it says `done` and waits for a line. Nothing here
 * holds a key but the agent; the PSK is in the store, as it is in the kernel's.
 * Arguments: role, suite, PSK in hex, how many handshakes, and for a client the port. A server says its own.
 */
import { Auth, KeyUpdateType, MsgType } from "../../generated/handshake/mod.ts";
import { createAgent, type RecordLayer } from "../../runtime/handshake/mod.ts";
import { handshakeKernel } from "../../runtime/testing/mod.ts";
import type { CipherSuiteName, Role } from "../../runtime/tls/mod.ts";
import { bytes } from "../tls/helpers.ts";
import { MemoryKeys } from "./memory_keys.ts";
import { closeAll, connect, Listener, shutdown, until } from "./sockets.ts";

const [role, suite, psk, count, port] = Deno.args as [Role, CipherSuiteName, string, string, string];

/** A kernel that is given keys and tells nothing of them. */
const records: RecordLayer = {
  support: () => ({ suites: [suite] }),
  arm: () => {},
  rekey: () => {},
  current: () => undefined,
  flush: () => true,
  sendHandshake: () => true,
};
const keys = new MemoryKeys();
const identity = suite.endsWith("384") ? "NVMe0R02 host disk" : "NVMe0R01 host disk";
const key = keys.put(keys.keyring(".nvme"), "psk", identity, bytes(psk));
const kernel = handshakeKernel({ keyUpdates: true });
const agent = createAgent({ transport: kernel, keys, records, connections: null });
const running = agent.run();
await until("it serves", () => kernel.sockets.some(({ groups }) => groups.size > 0));

using listener = new Listener();
if (role === "server") console.log(`port ${listener.port}`);
const open: number[] = [];
const statuses: number[] = [];
for (let i = 0; i < Number(count); i++) {
  const fd = role === "client" ? connect(Number(port)) : await listener.incoming();
  open.push(fd);
  const request = { fd, timeout: 30_000, authMode: Auth.psk, peerIdentity: [key] };
  const { clienthello, serverhello, clientkeyupdate, serverkeyupdate } = MsgType;
  const messageType = role === "client" ? clienthello : serverhello;
  const hello = await kernel.submit({ ...request, messageType }).outcome;
  const update = await kernel.submit({
    ...request,
    messageType: role === "client" ? clientkeyupdate : serverkeyupdate,
    keyUpdateRequest: KeyUpdateType.receivedRequestUpdate,
    sessionId: hello.sessionId!,
  }).outcome;
  statuses.push(hello.status, update.status);
  // The next connection is made when this one is over.
  shutdown(fd);
}
console.log(`done ${Math.max(...statuses)}`);
await Deno.stdin.read(new Uint8Array(64));
closeAll(open);
await agent.drain();
await running;
