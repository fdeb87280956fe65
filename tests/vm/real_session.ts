/** Connections with the kernel's TLS at the consumer's end, and the agent's process that changes their keys. */
import assert from "node:assert/strict";
import { Auth, KeyUpdateType, MsgType } from "../../generated/handshake/mod.ts";
import type { RekeyEvent, Serial } from "../../runtime/handshake/mod.ts";
import { KernelRecordSocket } from "../../runtime/ktls/mod.ts";
import { sockets } from "../../runtime/posix/mod.ts";
import type { HandshakeSubmission } from "../../runtime/testing/mod.ts";
import { type CipherSuiteName, createClient, createServer, type Role } from "../../runtime/tls/mod.ts";
import { psk256, psk384 } from "../handshake/rig.ts";
import { connect, cookieOf, Listener, setNoDelay, shutdown } from "../handshake/sockets.ts";
import { Endpoint, Peer } from "../interop/peer.ts";
import { pskArguments } from "../interop/openssl.ts";
import { fastClock } from "../ktls/connections.ts";
import type { Answer, End, Question } from "./keyupdate_agent.ts";

const F_SETFD = 2, FD_CLOEXEC = 1, MSG_MORE = 0x8000;

/** Serials of the PSKs. */
export interface PskSerials {
  /** Of `psk256`. */
  readonly sha256: Serial;
  /** Of `psk384`. */
  readonly sha384: Serial;
}

/** The agent's process. */
export class AgentProcess {
  readonly #process: Peer;
  #asked = 0;
  /** Sessions of its predecessor that it found. */
  readonly found: number;

  private constructor(process: Peer, found: number) {
    this.#process = process;
    this.found = found;
  }

  /** Starts one with the consumers' ends of connections, and waits until it serves. */
  static async start(...sessions: readonly RealSession[]): Promise<AgentProcess> {
    // No other process may have them: a socket that it held would not end with the connection.
    for (const session of sessions) session.lend(true);
    const { pathname } = new URL("./keyupdate_agent.ts", import.meta.url);
    const process = new Peer(Deno.execPath(), ["run", "--no-check", "--no-lock", "--allow-all", pathname]);
    const [, found] = await process.prints(/"type":"started".*"sessions":(\d+)/);
    for (const session of sessions) session.lend(false);
    return new AgentProcess(process, Number(found));
  }

  async #ask(question: Omit<Question, "id">): Promise<unknown> {
    const id = ++this.#asked;
    await this.#process.types(`${JSON.stringify({ ...question, id })}\n`);
    const [, answer] = await this.#process.prints(new RegExp(`^#${id} (.*)\n`, "m"));
    return JSON.parse(answer!);
  }

  /** Has it serve an upcall. */
  async submit(submission: HandshakeSubmission): Promise<Answer> {
    return await this.#ask({ submit: submission }) as Answer;
  }

  /** Has it serve an upcall over which it is killed, by SIGKILL, before or after it sends a KeyUpdate. */
  async diesOver(submission: HandshakeSubmission, die: End): Promise<void> {
    await this.#ask({ die });
    await this.#process.types(`${JSON.stringify({ submit: submission, id: 0 })}\n`);
    assert.equal((await this.#process.ends()).signal, "SIGKILL");
  }

  /** Has it close a descriptor that it inherited. */
  async close(fd: number): Promise<void> {
    await this.#ask({ close: [fd] });
  }

  /** Waits until it tells why it has forgotten a session. */
  async forgets(): Promise<string> {
    const [, reason] = await this.#process.prints(/"type":"session-removed".*"reason":"(\w+)"/);
    return reason!;
  }

  /** Kills it, with SIGKILL. */
  async kill(): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}

/** The end that is not the consumer's, and does its own TLS. */
interface OtherEnd {
  /** Its part of the handshake. */
  handshake(): Promise<void>;
  /** Sends a KeyUpdate. */
  updateKeys(requestPeer: boolean): Promise<void>;
  /** Sends data. */
  send(text: string): Promise<void>;
  /** Waits until it has received this text, which it had not before. */
  receives(text: string): Promise<void>;
  /** Goes away. */
  close(): Promise<void>;
}

function engine(endpoint: Endpoint): OtherEnd {
  return {
    handshake: () => endpoint.handshake(),
    async updateKeys(requestPeer) {
      endpoint.tls.updateKeys({ requestPeer });
      await endpoint.flush();
    },
    send: (text) => endpoint.send(text),
    async receives(text) {
      const all = () => new TextDecoder().decode(endpoint.received);
      while (!all().endsWith(text)) await endpoint.receives(endpoint.received.length + 1);
    },
    close: () => Promise.resolve(endpoint[Symbol.dispose]()),
  };
}

/** s_client and s_server take a line that begins with `k` or `K` for a command. */
function openssl(peer: Peer): OtherEnd {
  return {
    handshake: () => Promise.resolve(),
    updateKeys: (requestPeer) => peer.types(requestPeer ? "K\n" : "k\n"),
    send: (text) => peer.types(`${text}\n`),
    receives: async (text) => void await peer.prints(new RegExp(text)),
    close: () => Promise.resolve(peer[Symbol.asyncDispose]()),
  };
}

/** One connection. */
export class RealSession {
  /** What it is, in words. */
  readonly name: string;
  /** The consumer's role. */
  readonly role: Role;
  /** The end that is not the consumer's. */
  readonly peer: OtherEnd;
  /** What tells its socket from all others, as in the names of stored sessions. */
  readonly cookie: string;
  readonly #fd: number;
  readonly #psk: Serial;
  /** What OpenSSL puts behind each text. */
  readonly #lineEnd: string;
  #records: KernelRecordSocket | undefined;
  #sessionId: Serial = 0;
  #said = 0;
  #ended = false;
  /** How many KeyUpdates each direction has had, as the agent last said. */
  generation: RekeyEvent["generation"];

  private constructor(name: string, role: Role, fd: number, peer: OtherEnd, psk: Serial, lineEnd = "") {
    setNoDelay(fd);
    this.name = `${name}, the consumer is the ${role}`;
    this.role = role;
    this.peer = peer;
    this.cookie = cookieOf(fd).toString(16).padStart(16, "0");
    this.#fd = fd;
    this.#psk = psk;
    this.#lineEnd = lineEnd;
  }

  /** A connection to tynl's engine in this process. */
  static async tynl(role: Role, suite: CipherSuiteName, psks: PskSerials): Promise<RealSession> {
    const strong = suite.endsWith("384");
    const psk = strong ? psk384 : psk256;
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const fd = connect(listener.addr.port);
    const connection = await listener.accept();
    connection.setNoDelay(true);
    const options = { suites: [suite], now: fastClock() };
    const tls = role === "client"
      ? createServer({ ...options, findPsk: () => psk })
      : createClient({ ...options, psks: [psk] });
    const peer = engine(new Endpoint(connection, tls));
    return new RealSession(`${suite} with tynl`, role, fd, peer, strong ? psks.sha384 : psks.sha256);
  }

  /** A connection to the openssl command. */
  static async openssl(role: Role, psks: PskSerials): Promise<RealSession> {
    const suite = "TLS_AES_128_GCM_SHA256";
    const args = ["-tls1_3", "-ciphersuites", suite, ...pskArguments(psk256, "")];
    const make = (fd: number, peer: Peer) =>
      new RealSession(`${suite} with OpenSSL`, role, fd, openssl(peer), psks.sha256, "\n");
    if (role === "client") {
      const peer = new Peer("openssl", ["s_server", "-accept", "127.0.0.1:0", "-nocert", ...args]);
      const [, port] = await peer.prints(/ACCEPT 127\.0\.0\.1:(\d+)/);
      return make(connect(Number(port)), peer);
    }
    using listener = new Listener();
    const peer = new Peer("openssl", ["s_client", "-connect", `127.0.0.1:${listener.port}`, ...args]);
    return make(await listener.incoming(), peer);
  }

  /** The consumer's end, once it is open. */
  get consumer(): KernelRecordSocket {
    assert(this.#records !== undefined, "the handshake is over");
    return this.#records;
  }

  #submission(): Pick<HandshakeSubmission, "fd" | "timeout" | "authMode" | "peerIdentity"> {
    const peerIdentity = [this.role === "client" ? this.#psk : 0];
    return { fd: this.#fd, timeout: 60_000, authMode: Auth.psk, peerIdentity };
  }

  /** Whether processes that are started now inherit the consumer's end. */
  lend(inherited: boolean): void {
    sockets().fcntl(this.#fd, F_SETFD, inherited ? 0 : FD_CLOEXEC);
  }

  /** What the kernel asks the agent for. */
  upcall(type: KeyUpdateType): HandshakeSubmission {
    const messageType = this.role === "client" ? MsgType.clientkeyupdate : MsgType.serverkeyupdate;
    return { ...this.#submission(), messageType, keyUpdateRequest: type, sessionId: this.#sessionId };
  }

  /** The consumer begins to send something, and does not say that it is all (MSG_MORE). */
  begins(text: string): void {
    const bytes = new TextEncoder().encode(text);
    assert.equal(sockets().send(this.#fd, bytes, bytes.length, MSG_MORE), bytes.length);
  }

  /** The handshake. */
  async open(agent: AgentProcess): Promise<void> {
    const messageType = this.role === "client" ? MsgType.clienthello : MsgType.serverhello;
    const serving = agent.submit({ ...this.#submission(), messageType });
    const [{ status, reason, remoteAuth, sessionId }] = await Promise.all([serving, this.peer.handshake()]);
    assert.equal(status, 0, reason);
    assert.deepEqual(remoteAuth, [this.#psk]);
    this.#sessionId = sessionId!;
    this.#records = new KernelRecordSocket(this.#fd, { attached: true });
  }

  /** The other end updates its keys, and the consumer takes the record; tickets may be before it. */
  async peerUpdates(requestPeer: boolean): Promise<void> {
    await this.peer.updateKeys(requestPeer);
    for (;;) {
      const record = await this.consumer.receive();
      assert.equal(record?.type, 22);
      if (record.bytes[0] === 4) continue;
      assert.deepEqual([...record.bytes], [24, 0, 0, 1, requestPeer ? 1 : 0]);
      return;
    }
  }

  /** Has the agent change keys. */
  async rekey(agent: AgentProcess, type: KeyUpdateType): Promise<void> {
    const { status, reason, remoteAuth, sessionId, generation } = await agent.submit(this.upcall(type));
    assert.equal(status, 0, `${this.name}: ${reason}`);
    assert.deepEqual(remoteAuth, [this.#psk]);
    this.#sessionId = sessionId ?? this.#sessionId;
    this.generation = generation;
  }

  /** One KeyUpdate with all that belongs to it. */
  async keyUpdate(agent: AgentProcess, type: KeyUpdateType): Promise<void> {
    if (type !== KeyUpdateType.send) await this.peerUpdates(type === KeyUpdateType.receivedRequestUpdate);
    await this.rekey(agent, type);
    await this.talks();
  }

  /** Data both ways: both ends have the same keys. */
  async talks(): Promise<void> {
    const text = `message ${this.#said++};`;
    await this.consumer.send(23, new TextEncoder().encode(`${text}${this.#lineEnd}`));
    await this.peer.receives(`${text}${this.#lineEnd}`);
    // A text that begins with k or K is a command to OpenSSL.
    const answer = `answer to ${text}`;
    await this.peer.send(answer);
    assert.equal(await this.reads(answer.length + this.#lineEnd.length), `${answer}${this.#lineEnd}`);
  }

  /** Reads data of a length at the consumer's end; session tickets may be before it. */
  async reads(length: number): Promise<string> {
    let text = "";
    while (text.length < length) {
      const record = await this.consumer.receive();
      assert(record !== undefined, `${this.name}: the connection ended`);
      if (record.type === 22 && record.bytes[0] === 4) continue;
      assert.equal(record.type, 23);
      text += new TextDecoder().decode(record.bytes);
    }
    return text;
  }

  /** Ends the connection, once; the agent that inherited it, if there is one, lets it go, too. */
  async end(agent?: AgentProcess): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await agent?.close(this.#fd);
    shutdown(this.#fd);
    if (this.#records === undefined) sockets().close(this.#fd);
    else this.#records.close();
    await this.peer.close();
  }
}
