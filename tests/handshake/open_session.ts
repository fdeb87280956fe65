/** A connection that the agent has opened, with tynl's engine as the other end. */
import assert from "node:assert/strict";
import { Auth, type KeyUpdateType, MsgType } from "../../generated/handshake/mod.ts";
import type { RekeyEvent, Serial } from "../../runtime/handshake/mod.ts";
import type { HandshakeRequest, HandshakeSubmission } from "../../runtime/testing/mod.ts";
import {
  type CipherSuiteName,
  createClient,
  createServer,
  importState,
  type Role,
} from "../../runtime/tls/mod.ts";
import { Endpoint } from "../interop/peer.ts";
import { assertReportedOnce, psk256, psk384, type Rig } from "./rig.ts";
import { setNoDelay, shutdown } from "./sockets.ts";
import type { ConsumerEnd } from "./user_records.ts";

/** All suites. */
export const suites: readonly CipherSuiteName[] = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
];

/** One connection between a consumer and another end. */
export class OpenSession implements Disposable {
  readonly role: Role;
  /** The consumer's descriptor. */
  readonly fd: number;
  readonly endpoint: Endpoint;
  /** What the last report gave. */
  sessionId: Serial;
  /** Serial of its PSK. */
  readonly psk: Serial;
  #said = 0;

  constructor(role: Role, fd: number, endpoint: Endpoint, sessionId: Serial, psk: Serial) {
    this.role = role;
    this.fd = fd;
    this.endpoint = endpoint;
    this.sessionId = sessionId;
    this.psk = psk;
  }

  /** Opens one. */
  static async open(
    rig: Rig,
    role: Role,
    suite: CipherSuiteName = "TLS_AES_128_GCM_SHA256",
  ): Promise<OpenSession> {
    const psk = suite.endsWith("384") ? psk384 : psk256;
    const serial = suite.endsWith("384") ? rig.serials.psk384 : rig.serials.psk256;
    const { fd, peer } = await rig.connection();
    // Or each small record waits for the acknowledgement of the one before.
    setNoDelay(fd);
    peer.setNoDelay(true);
    const tls = role === "client"
      ? createServer({ findPsk: () => psk, suites: [suite] })
      : createClient({ psks: [psk], suites: [suite] });
    const endpoint = new Endpoint(peer, tls);
    const serving = rig.serve({
      fd,
      messageType: role === "client" ? MsgType.clienthello : MsgType.serverhello,
      timeout: 10_000,
      authMode: Auth.psk,
      peerIdentity: [role === "client" ? serial : 0],
      keyring: rig.serials.nvme,
    });
    await endpoint.handshake();
    const { status, sessionId } = await (await serving).request.outcome;
    assert.equal(status, 0);
    return new OpenSession(role, fd, endpoint, sessionId!, serial);
  }

  /** The consumer's end of the kernel's TLS. */
  consumer(rig: Rig): ConsumerEnd {
    return rig.records.of(this.fd);
  }

  /** The other end updates its keys, and the consumer takes the record. */
  async peerUpdates(rig: Rig, requestPeer = false): Promise<void> {
    this.endpoint.tls.updateKeys({ requestPeer });
    await this.endpoint.flush();
    assert.equal(await this.consumer(rig).keyUpdate(), requestPeer);
  }

  /** What the kernel asks the agent for. */
  upcall(rig: Rig, type: KeyUpdateType, changes: Partial<HandshakeSubmission> = {}): HandshakeSubmission {
    return {
      fd: this.fd,
      messageType: this.role === "client" ? MsgType.clientkeyupdate : MsgType.serverkeyupdate,
      timeout: 10_000,
      keyring: rig.serials.nvme,
      authMode: Auth.psk,
      peerIdentity: [this.role === "client" ? this.psk : 0],
      keyUpdateRequest: type,
      sessionId: this.sessionId,
      ...changes,
    };
  }

  /** Has the agent rekey, which must succeed: what it told. */
  async rekey(rig: Rig, type: KeyUpdateType): Promise<RekeyEvent> {
    const { request, event } = await rig.serve(this.upcall(rig, type));
    assert(event.type === "rekey");
    await this.assertRekeyed(request, event.reason);
    return event;
  }

  /** That an upcall succeeded, and that its report has all that the kernel wants. */
  async assertRekeyed(request: HandshakeRequest, reason?: string): Promise<void> {
    const { status, remoteAuth, sessionId } = await request.outcome;
    assert.equal(status, 0, reason);
    assert.deepEqual(remoteAuth, [this.psk]);
    assert.notEqual(sessionId, 0);
    if (sessionId !== undefined) this.sessionId = sessionId;
    assertReportedOnce(request);
  }

  /** Data both ways: both ends have the same keys. */
  async talks(rig: Rig): Promise<void> {
    const text = `message ${this.#said++}`;
    const { length } = this.endpoint.received;
    await this.consumer(rig).send(text);
    await this.endpoint.receives(length + text.length);
    assert.equal(new TextDecoder().decode(this.endpoint.received.subarray(length)), text);
    await this.endpoint.send(text);
    assert.equal(await this.consumer(rig).text(text.length), text);
  }

  /** How many KeyUpdates the other end has had: its sending ones, its receiving ones. */
  generations(): { readonly send: number; readonly receive: number } {
    const state = importState(this.endpoint.tls.exportState());
    const counts = { send: state.generation("send"), receive: state.generation("receive") };
    state.destroy();
    return counts;
  }

  /** The connection ends. */
  [Symbol.dispose](): void {
    shutdown(this.fd);
    this.endpoint[Symbol.dispose]();
  }
}
