/** Peers that break a rule: their records are properly protected, what is in them is up to the test. */
import assert from "node:assert/strict";
import { ClientHandshake } from "../../runtime/tls/client.ts";
import { TlsConnection } from "../../runtime/tls/connection.ts";
import type { Handshake, HandshakeIo } from "../../runtime/tls/handshake.ts";
import { defaultHooks, type Hooks } from "../../runtime/tls/options.ts";
import { type ClientOptions, importState, type ServerOptions, TlsAlertError } from "../../runtime/tls/mod.ts";
import { ServerHandshake } from "../../runtime/tls/server.ts";
import { trafficOf } from "../../runtime/tls/state.ts";
import { findAmong, psk } from "./pairs.ts";

/** What a rogue does otherwise. */
export interface Mischief {
  /** Changes a handshake message on its way out; an empty one is left out. */
  readonly send?: (message: Uint8Array) => Uint8Array;
  /** Changes the extensions of a message. */
  readonly extensions?: Hooks["extensions"];
}

/** A connection that does not play by the rules. */
export interface Rogue {
  /** The connection. */
  readonly tls: TlsConnection;
  /** Sends a handshake message that has no place in the handshake. */
  readonly say: (message: Uint8Array) => void;
}

function rogue(
  mischief: Mischief,
  options: ClientOptions | ServerOptions,
  begin: (io: HandshakeIo, hooks: Hooks) => Handshake,
): Rogue {
  let own: HandshakeIo | undefined;
  const tls = new TlsConnection(options, (io) => {
    own = io;
    const send = (message: Uint8Array) => {
      const changed = mischief.send?.(message.slice()) ?? message;
      if (changed.length > 0) io.send(changed);
    };
    return begin({ ...io, send }, { ...defaultHooks, ...mischief });
  });
  const say = (message: Uint8Array) => {
    own!.send(message);
    own!.flush();
  };
  return { tls, say };
}

/** A client that breaks rules; with a PSK unless it has `verifyPeer`. */
export function rogueClient(mischief: Mischief = {}, options: ClientOptions = {}): Rogue {
  const all = options.verifyPeer === undefined ? { psks: [psk()], ...options } : options;
  return rogue(mischief, all, (io, hooks) => new ClientHandshake(io, all, hooks));
}

/** A server that breaks rules; with a PSK unless it has certificates. */
export function rogueServer(mischief: Mischief = {}, options: ServerOptions = {}): Rogue {
  const all = options.certificates === undefined ? { findPsk: findAmong(psk()), ...options } : options;
  return rogue(mischief, all, (io, hooks) => new ServerHandshake(io, all, hooks));
}

/** A handshake message of any type. */
export function message(type: number, body: Uint8Array = new Uint8Array()): Uint8Array {
  return Uint8Array.of(type, body.length >> 16, body.length >> 8 & 255, body.length & 255, ...body);
}

/** A record of any type and content, protected with the current keys of an open connection, which does not notice. */
export function sealed(by: TlsConnection, type: number, content: Uint8Array, padding = 0): Uint8Array {
  return trafficOf(importState(by.exportState())).send.protection.seal(type, content, padding);
}

/** That a connection fails over these bytes: typed error, alert, closed, nothing left to do. */
export function failsWith(alert: number, victim: TlsConnection, bytes: Uint8Array): void {
  assert.throws(() => victim.receive(bytes), (error) => {
    assert(error instanceof TlsAlertError, String(error));
    assert.equal(error.alert, alert, error.message);
    assert.equal(error.fromPeer, false);
    assert.equal(victim.failure, error);
    return true;
  });
  assert.equal(victim.state, "closed");
  assert.equal(victim.bytesWanted, 0);
  assert.throws(() => victim.send(new Uint8Array(1)), { name: "TlsStateError" });
  assert.throws(() => victim.receive(new Uint8Array(1)), { alert });
}

/** The same, and that the alert reaches the other side. */
export function failsTowards(
  alert: number,
  victim: TlsConnection,
  other: TlsConnection,
  bytes: Uint8Array,
): void {
  failsWith(alert, victim, bytes);
  assert.throws(() => other.receive(victim.takeOutgoing()), { name: "TlsAlertError", alert, fromPeer: true });
  assert.equal(other.state, "closed");
  assert.equal(other.takeOutgoing().length, 0);
}

/** Runs a handshake until one side fails; checks that side's alert, and that the other one gets it. */
export function handshakeFails(alert: number, victim: TlsConnection, other: TlsConnection): void {
  for (let round = 0; round < 10; round++) {
    const toOther = victim.takeOutgoing();
    if (toOther.length > 0) other.receive(toOther);
    const toVictim = other.takeOutgoing();
    let failed = false;
    try {
      victim.receive(toVictim);
    } catch (error) {
      failed = true;
      assert(error instanceof TlsAlertError, String(error));
      assert.equal(error.alert, alert, error.message);
      assert.equal(error.fromPeer, false);
    }
    if (failed) {
      assert.equal(victim.state, "closed");
      assert.throws(() => other.receive(victim.takeOutgoing()), {
        name: "TlsAlertError",
        alert,
        fromPeer: true,
      });
      assert.equal(other.state, "closed");
      return;
    }
  }
  assert.fail("nothing failed");
}
