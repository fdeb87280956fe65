/** An agent with the running kernel's keys: PSKs of type `user`, as not every kernel has NVMe's, and sessions. */
import assert from "node:assert/strict";
import { Auth, KeyUpdateType, MsgType } from "../../generated/handshake/mod.ts";
import { type Agent, type AgentEvent, createAgent, type Serial } from "../../runtime/handshake/mod.ts";
import {
  describeKey,
  type KeySerial,
  keysIn,
  revokeKey,
  searchKey,
  SpecialKeyring,
} from "../../runtime/keyring/mod.ts";
import { type HandshakeKernel, handshakeKernel } from "../../runtime/testing/mod.ts";
import { createServer } from "../../runtime/tls/mod.ts";
import { Endpoint } from "../interop/peer.ts";
import { missing, putPsk, removeKeyring } from "./kernel_keys.ts";
import { errno, psk256 } from "./rig.ts";
import { closeAll, connect, setNoDelay, until } from "./sockets.ts";
import { UserRecords } from "./user_records.ts";

/** One agent's surroundings. */
interface World {
  readonly kernel: HandshakeKernel;
  readonly records: UserRecords;
  readonly events: AgentEvent[];
  /** Name of the keyring of its sessions. */
  readonly name: string;
  readonly psk: { readonly keyring: KeySerial; readonly key: KeySerial };
  /** Runs an agent for as long as `work` takes. */
  readonly agent: (work: (agent: Agent) => Promise<void>) => Promise<void>;
  /** A handshake as client: the consumer's descriptor, the other end, and the session-id. */
  readonly hello: () => Promise<{ fd: number; endpoint: Endpoint; sessionId: Serial }>;
  /** The other end's KeyUpdate: what the agent reports. */
  readonly rekey: (fd: number, endpoint: Endpoint, sessionId: Serial) => Promise<number>;
}

function live(name: string, work: (world: World) => Promise<void>): void {
  Deno.test({
    name: `live: ${name}${missing}`,
    ignore: missing !== "",
    fn: async () => {
      const kernel = handshakeKernel({ keyUpdates: true });
      const records = new UserRecords();
      const events: AgentEvent[] = [];
      const open: (() => void)[] = [];
      const name = `tynl-test-sessions:${crypto.randomUUID()}`;
      const psk = putPsk(psk256);
      const request = { timeout: 30_000, authMode: Auth.psk, peerIdentity: [psk.key] };
      try {
        await work({
          kernel,
          records,
          events,
          name,
          psk,
          async agent(work) {
            const agent = createAgent({
              transport: kernel,
              records,
              connections: null,
              policy: { pskType: "user", keyrings: [psk.keyring] },
              sessions: { keyring: name },
              onEvent: (event) => void events.push(event),
            });
            const started = events.length;
            const running = agent.run();
            await until("it serves", () => events.slice(started).some(({ type }) => type === "started"));
            await work(agent);
            await agent.drain();
            await running;
          },
          async hello() {
            using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
            const fd = connect(listener.addr.port);
            open.push(() => closeAll([fd]));
            setNoDelay(fd);
            const endpoint = new Endpoint(await listener.accept(), createServer({ findPsk: () => psk256 }));
            open.push(() => endpoint[Symbol.dispose]());
            const { outcome } = kernel.submit({ ...request, fd, messageType: MsgType.clienthello });
            await endpoint.handshake();
            const { status, remoteAuth, sessionId } = await outcome;
            assert.deepEqual([status, remoteAuth], [0, [psk.key]]);
            return { fd, endpoint, sessionId: sessionId! };
          },
          async rekey(fd, endpoint, sessionId) {
            endpoint.tls.updateKeys({ requestPeer: true });
            await endpoint.flush();
            await records.of(fd).keyUpdate();
            const { outcome } = kernel.submit({
              ...request,
              fd,
              messageType: MsgType.clientkeyupdate,
              keyUpdateRequest: KeyUpdateType.receivedRequestUpdate,
              sessionId,
            });
            return (await outcome).status;
          },
        });
      } finally {
        open.forEach((close) => close());
        removeKeyring(name);
      }
    },
  });
}

/** Data both ways. */
async function assertTalks({ records }: World, fd: number, endpoint: Endpoint): Promise<void> {
  const { length } = endpoint.received;
  await records.of(fd).send("hello");
  await endpoint.receives(length + 5);
  await endpoint.send("world");
  assert.equal(await records.of(fd).text(5), "world");
}

live("a session is kept in the kernel, found by the next agent, and rekeyed by both", async (world) => {
  let opened: Awaited<ReturnType<World["hello"]>>;
  await world.agent(async () => {
    opened = await world.hello();
    assert.equal(await world.rekey(opened.fd, opened.endpoint, opened.sessionId), 0);
    await assertTalks(world, opened.fd, opened.endpoint);
  });
  await world.agent(async (agent) => {
    assert.equal(agent.status().sessions, 1);
    const { fd, endpoint, sessionId } = opened;
    assert.equal(await world.rekey(fd, endpoint, sessionId), 0);
    await assertTalks(world, fd, endpoint);
  });
});

live(
  "a session and its sealing key are for who possesses them, who may not give them to others",
  async (world) => {
    await world.agent(async () => {
      const { sessionId } = await world.hello();
      const keyring = searchKey(SpecialKeyring.user, { type: "keyring", description: world.name })!;
      const all = keysIn(keyring);
      assert.equal(all.length, 2);
      assert(all.includes(sessionId as KeySerial));
      for (const key of all) {
        const { type, permissions } = describeKey(key);
        assert.equal(type, "user");
        const { possessor, ...others } = permissions;
        assert.deepEqual(possessor, ["view", "read", "write", "search", "link"]);
        assert.deepEqual(others, { user: [], group: [], other: [] });
      }
    });
  },
);

live("a session's key that somebody revoked is EKEYREVOKED", async (world) => {
  await world.agent(async () => {
    const { fd, endpoint, sessionId } = await world.hello();
    revokeKey(sessionId as KeySerial);
    assert.equal(await world.rekey(fd, endpoint, sessionId), errno.EKEYREVOKED);
  });
});

live("a PSK that was revoked is EKEYREVOKED, before anything is sent", async (world) => {
  await world.agent(async () => {
    revokeKey(world.psk.key);
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const fd = connect(listener.addr.port);
    const request = world.kernel.submit({
      fd,
      messageType: MsgType.clienthello,
      authMode: Auth.psk,
      peerIdentity: [world.psk.key],
    });
    assert.equal((await request.outcome).status, errno.EKEYREVOKED);
    closeAll([fd]);
    using peer = await listener.accept();
    assert.equal(await peer.read(new Uint8Array(1)), null);
  });
});
