/**
 * An agent that is killed (SIGKILL) in the middle of a KeyUpdate, and the process that is started in its place: real
 * processes, the running kernel's keyrings, a real connection. This test plays the kernel's TLS and the consumer, so it
 * knows each step of the agent, and kills it before or after one. What the steps are, and more of them, is in
 * kill_points_test.ts.
 */
import assert from "node:assert/strict";
import { KeyUpdateType, MsgType } from "../../generated/handshake/mod.ts";
import { sockets } from "../../runtime/posix/mod.ts";
import { createServer, importState } from "../../runtime/tls/mod.ts";
import { Endpoint, Peer } from "../interop/peer.ts";
import { hex } from "../tls/helpers.ts";
import { missing, removeKeyring } from "./kernel_keys.ts";
import { type Call, fromText, lifeline, serve, toText } from "./lifeline.ts";
import { psk256 } from "./rig.ts";
import { closeAll, connect, setNoDelay } from "./sockets.ts";
import { UserRecords } from "./user_records.ts";

class Killed extends Error {}

/** What an agent's process printed about a request. */
interface Outcome {
  readonly status: number;
  readonly known: boolean;
  readonly sessionId?: number;
}

/** An agent's process, and the kernel that it thinks it has. */
class Mortal implements AsyncDisposable {
  readonly #process: Peer;
  readonly #records: UserRecords;
  readonly #consumer: number;
  readonly #served: Promise<void>;
  readonly #ends: [number, number];
  #outcomes = 0;
  /** Is told each step, before and after; what it throws leaves the agent standing. */
  onStep: (step: string) => void = () => {};

  private constructor(process: Peer, ends: [number, number], records: UserRecords, consumer: number) {
    this.#process = process;
    this.#records = records;
    this.#consumer = consumer;
    this.#ends = ends;
    this.#served = serve(ends[0], (call) => this.#answer(call)).catch((error) => {
      if (!(error instanceof Killed)) throw error;
    });
  }

  static async start(records: UserRecords, consumer: number, keyring: string): Promise<Mortal> {
    const ends = lifeline();
    const script = new URL("mortal_agent.ts", import.meta.url).pathname;
    const args = [script, String(ends[1]), keyring, hex(psk256.key), psk256.identity as string];
    const process = new Peer(Deno.execPath(), ["run", "-A", "--no-check", ...args]);
    closeAll([ends[1]]);
    const mortal = new Mortal(process, ends, records, consumer);
    await process.prints(/serving/);
    return mortal;
  }

  #answer({ name, direction, keys = [], message }: Call): unknown {
    const records = this.#records;
    // The agent's descriptor is another one of the same socket.
    const fd = this.#consumer;
    switch (name) {
      case "current":
        return toText(records.current(fd, direction!)!);
      case "arm":
        return records.arm(fd, { send: fromText(keys[0]!), receive: fromText(keys[1]!) }, {});
    }
    const step = direction === undefined ? name : `${name} ${direction}`;
    if (name === "before update" || name === "after update") this.onStep(step);
    else this.onStep(`before ${step}`);
    let value: unknown;
    if (name === "rekey") records.rekey(fd, direction!, fromText(keys[0]!));
    else if (name === "sendHandshake") value = records.sendHandshake(fd, Uint8Array.fromBase64(message!));
    if (name === "rekey" || name === "sendHandshake") this.onStep(`after ${step}`);
    return value;
  }

  /** Asks the agent for something; undefined if it was killed over it. */
  async asks(submission: object): Promise<Outcome | undefined> {
    await this.#process.types(`${JSON.stringify({ fd: this.#consumer, timeout: 30_000, ...submission })}\n`);
    const wanted = ++this.#outcomes;
    const printed = async () => {
      const [text] = await this.#process.prints(new RegExp(`(?:[^]*?"outcome":[^]*?\n){${wanted}}`));
      const lines = text.trim().split("\n");
      return (JSON.parse(lines.at(-1)!) as { outcome: Outcome }).outcome;
    };
    return await Promise.race([printed(), this.#served.then(() => undefined)]);
  }

  /** Has it killed at the n-th step from now on, from 0 on. */
  killAt(n: number): void {
    this.onStep = () => {
      if (n-- > 0) return;
      Deno.kill(this.#process.pid, "SIGKILL");
      throw new Killed();
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
    await this.#served;
    closeAll([this.#ends[0]]);
  }
}

/**
 * The steps of a KeyUpdate that wants an answer, from 0 on: keys to receive with are set (0 before, 1 after) and stored
 * (2, 3), the number of the record is stored (4, 5), the record is sent (6, 7), keys to send with are set (8, 9) and
 * stored (10, 11).
 */
const steps = 12;

Deno.test({
  name:
    "live: an agent that is killed with SIGKILL at each step of a KeyUpdate, with a new process in its place, " +
    `loses nothing and forks nothing${missing}`,
  ignore: missing !== "",
  fn: async () => {
    const keyring = `tynl-test-sessions:${crypto.randomUUID()}`;
    const records = new UserRecords();
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    // The agents inherit it, as they would be handed it.
    const fd = connect(listener.addr.port, "127.0.0.1", true);
    setNoDelay(fd);
    // The other end's own limit of KeyUpdates in a second is not what this is about.
    let time = 0;
    const server = createServer({ findPsk: () => psk256, now: () => time += 1000 });
    using endpoint = new Endpoint(await listener.accept(), server);
    const consumer = records.of.bind(records, fd);
    const talks = async () => {
      const { length } = endpoint.received;
      await consumer().send("hello");
      await endpoint.receives(length + 5);
      await endpoint.send("world");
      assert.equal(await consumer().text(5), "world");
    };
    let agent = await Mortal.start(records, fd, keyring);
    try {
      const hello = agent.asks({ messageType: MsgType.clienthello });
      await endpoint.handshake();
      const first = await hello;
      assert.deepEqual([first?.status, first?.known], [0, true]);
      await talks();
      const update = {
        messageType: MsgType.clientkeyupdate,
        keyUpdateRequest: KeyUpdateType.receivedRequestUpdate,
        sessionId: first!.sessionId,
      };
      for (let step = 0; step < steps; step++) {
        endpoint.tls.updateKeys({ requestPeer: true });
        await endpoint.flush();
        assert.equal(await consumer().keyUpdate(), true);
        agent.killAt(step);
        assert.equal(await agent.asks(update), undefined, `killed at step ${step}`);
        await agent[Symbol.asyncDispose]();
        agent = await Mortal.start(records, fd, keyring);
        const outcome = await agent.asks(update);
        assert.deepEqual([outcome?.status, outcome?.known], [0, true], `after step ${step}`);
        await talks();
        const state = importState(endpoint.tls.exportState());
        const generations = [state.generation("send"), state.generation("receive")];
        assert.deepEqual(generations, [step + 1, step + 1], `after step ${step}`);
        assert.deepEqual(consumer().rekeys, { send: step + 1, receive: step + 1 });
      }
    } finally {
      await agent[Symbol.asyncDispose]();
      sockets().shutdown(fd, 2);
      closeAll([fd]);
      removeKeyring(keyring);
    }
  },
});
