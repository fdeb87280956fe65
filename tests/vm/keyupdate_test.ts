/**
 * KeyUpdates of connections that the kernel protects, done by an agent for a consumer. No kernel that is released asks
 * for them, so a fake one does; the connections, their keys and the keyring are real. The agent is a process of its own,
 * which is killed in between.
 */
import assert from "node:assert/strict";
import { KeyUpdateType } from "../../generated/handshake/mod.ts";
import { kernelKeys } from "../../runtime/handshake/mod.ts";
import { KernelRecordSocket, readTlsStat } from "../../runtime/ktls/mod.ts";
import { suites } from "../handshake/open_session.ts";
import { psk256, psk384 } from "../handshake/rig.ts";
import { until } from "../handshake/sockets.ts";
import { agentTest } from "./needs.ts";
import { AgentProcess, type PskSerials, RealSession } from "./real_session.ts";

const GENERATIONS = 50;
const types = [KeyUpdateType.received, KeyUpdateType.receivedRequestUpdate, KeyUpdateType.send] as const;

/** The PSKs in the kernel's own keyring for them. */
function storePsks(): PskSerials {
  const keys = kernelKeys();
  const nvme = keys.findKeyring(".nvme");
  assert(nvme !== undefined, "the module nvme-keyring is loaded");
  const [sha256, sha384] = [psk256, psk384].map(({ identity, key }) =>
    keys.add(nvme, "psk", identity as string, key)
  );
  return { sha256: sha256!, sha384: sha384! };
}

/** Sessions that the keyring has, by the cookies of their sockets. */
function storedSessions(): string[] {
  const text = Deno.readTextFileSync("/proc/keys");
  return [...text.matchAll(/ user +tynl:session:([0-9a-f]{16}):/g)].map(([, cookie]) => cookie!).sort();
}

/** What the counters of kernel TLS rose by: TlsTxRekeyOk, TlsRxRekeyOk and so on. */
function rekeys(before = new Map<string, bigint>()): Map<string, bigint> {
  const now = [...readTlsStat()!].filter(([name]) => /Rekey|DecryptError/.test(name));
  return new Map(now.map(([name, value]) => [name, value - (before.get(name) ?? 0n)]));
}

agentTest("fifty KeyUpdates of each connection, by three agents, and no session is left", async (t) => {
  const psks = storePsks();
  const sessions = await Promise.all([
    ...suites.flatMap((suite) => [
      RealSession.tynl("client", suite, psks),
      RealSession.tynl("server", suite, psks),
    ]),
    RealSession.openssl("client", psks),
    RealSession.openssl("server", psks),
  ]);
  let agent = await AgentProcess.start(...sessions);
  const counted = new Map<string, bigint>();
  try {
    for (const session of sessions) {
      await t.step(`${session.name}: the handshake, and data under the kernel's keys`, async () => {
        await session.open(agent);
        await session.talks();
      });
    }
    assert.deepEqual(storedSessions(), sessions.map(({ cookie }) => cookie).sort());

    let received = 0, sent = 0;
    const update = async (first: number, last: number) => {
      // Between these an agent may be started, which tries out what the kernel can do.
      const before = rekeys();
      for (let generation = first; generation <= last; generation++) {
        const type = types[generation % types.length]!;
        for (const session of sessions) await session.keyUpdate(agent, type);
        if (type !== KeyUpdateType.send) received++;
        if (type !== KeyUpdateType.received) sent++;
      }
      for (const session of sessions) assert.deepEqual(session.generation, { send: sent, receive: received });
      for (const [name, by] of rekeys(before)) counted.set(name, (counted.get(name) ?? 0n) + by);
    };
    await t.step("twenty KeyUpdates of each", () => update(1, 20));
    await t.step("the agent is killed, and the next one knows the sessions", async () => {
      await agent.kill();
      agent = await AgentProcess.start(...sessions);
      assert.equal(agent.found, sessions.length);
    });
    await t.step("twenty more of each", () => update(21, 40));
    await t.step("the agent is killed, and the next one asked at once", async () => {
      await agent.kill();
      agent = await AgentProcess.start(...sessions);
      await update(41, GENERATIONS);
    });

    await t.step("the kernel has counted each KeyUpdate once, and no error", () => {
      const count = BigInt(sessions.length);
      // The other ends are in this process and in OpenSSL's, which protect their records themselves.
      const expected = {
        TlsTxRekeyOk: count * BigInt(sent),
        TlsRxRekeyOk: count * BigInt(received),
        TlsRxRekeyReceived: count * BigInt(received),
        TlsTxRekeyError: 0n,
        TlsRxRekeyError: 0n,
        TlsDecryptError: 0n,
      };
      assert.deepEqual(Object.fromEntries(counted), expected);
    });

    await t.step("a connection that ends is forgotten, and no other", async () => {
      const [first, ...others] = sessions;
      await first!.end(agent);
      assert.equal(await agent.forgets(), "closed", "the kernel has told");
      await until("its key is gone", () => storedSessions().length < sessions.length);
      assert.deepEqual(storedSessions(), others.map(({ cookie }) => cookie).sort());
    });
    await t.step("what ended while there was no agent is forgotten by the next one", async () => {
      await agent.kill();
      for (const session of sessions.slice(1)) await session.end();
      agent = await AgentProcess.start();
      await until("all keys are gone", () => storedSessions().length === 0);
    });
  } finally {
    await agent.kill();
    for (const session of sessions) await session.end();
  }
});

agentTest(
  "a KeyUpdate that the agent has no session for is refused, and the connection stays as it is",
  async () => {
    const psks = storePsks();
    const session = await RealSession.tynl("client", suites[0]!, psks);
    const agent = await AgentProcess.start(session);
    try {
      await session.open(agent);
      const refused = await agent.submit({ ...session.upcall(KeyUpdateType.send), sessionId: 1 });
      assert.notEqual(refused.status, 0);
      assert.notEqual(refused.reason, undefined);
      await session.talks();
    } finally {
      await session.end(agent);
      await agent.kill();
    }
  },
);

agentTest(
  "while a KeyUpdate waits for its keys the kernel gives nothing to read, and all of it after",
  async () => {
    const session = await RealSession.tynl("server", suites[1]!, storePsks());
    const agent = await AgentProcess.start(session);
    try {
      await session.open(agent);
      await session.peerUpdates(false);
      await session.peer.send("behind the KeyUpdate");
      assert(session.consumer instanceof KernelRecordSocket);
      await assert.rejects(session.consumer.receive(), { code: "EKEYEXPIRED" });
      await session.rekey(agent, KeyUpdateType.received);
      assert.equal(await session.reads(20), "behind the KeyUpdate");
    } finally {
      await session.end(agent);
      await agent.kill();
    }
  },
);

for (const role of ["client", "server"] as const) {
  agentTest(
    `${role}: an agent that is killed before or after it sends a KeyUpdate: the next one does what is left to do`,
    async (t) => {
      const session = await RealSession.tynl(role, suites[0]!, storePsks());
      let agent = await AgentProcess.start(session);
      let sent = 0;
      const killed = async (end: "before" | "after", meanwhile: readonly string[]) => {
        const texts = meanwhile.map((text) => `${text};`);
        await agent.diesOver(session.upcall(KeyUpdateType.send), end);
        for (const text of texts) await session.consumer.send(23, new TextEncoder().encode(text));
        agent = await AgentProcess.start(session);
        await session.rekey(agent, KeyUpdateType.send);
        if (texts.length > 0) await session.peer.receives(texts.join(""));
        await session.talks();
        assert.equal(session.generation!.send, ++sent);
      };
      try {
        await session.open(agent);
        await t.step("before, and the consumer is silent", () => killed("before", []));
        await t.step("before, and the consumer sends a record", () => killed("before", ["one"]));
        await t.step("before, and the consumer sends three", () => killed("before", ["one", "two", "three"]));
        await t.step("after it", () => killed("after", []));
        await t.step("after it, and behind a record that the consumer had begun", async () => {
          session.begins("begun;");
          await killed("after", []);
        });
      } finally {
        await agent.kill();
        await session.end();
      }
    },
  );
}
