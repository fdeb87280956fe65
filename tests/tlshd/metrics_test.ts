// Counters for OpenTelemetry.
import assert from "node:assert/strict";
import { recorder } from "../../cli/tlshd/metrics.ts";
import type { AgentStatus, HandshakeEvent } from "../../runtime/handshake/mod.ts";

const status = { active: 1, waiting: 2, sessions: 3 } as AgentStatus;
const handshake: HandshakeEvent = {
  type: "handshake",
  role: "server",
  status: 13,
  reason: "refused",
  duration: 5,
  reported: true,
  auth: "x509",
  remoteAuth: [],
  identity: "CN=somebody",
  peer: "192.0.2.1:1",
};

/** Keeps what it is told. */
class FakeMeter {
  readonly seen: unknown[] = [];
  readonly gauges: (() => number)[] = [];
  createCounter(name: string): { add(value: number, attributes: object): void } {
    return { add: (value, attributes) => void this.seen.push([name, value, attributes]) };
  }
  createHistogram(name: string): { record(value: number, attributes: object): void } {
    return { record: (value, attributes) => void this.seen.push([name, value, attributes]) };
  }
  createObservableGauge(): {
    addCallback(callback: (result: { observe(value: number): void }) => void): void;
  } {
    return {
      addCallback: (callback) =>
        void this.gauges.push(() => {
          let observed = NaN;
          callback({ observe: (value) => observed = value });
          return observed;
        }),
    };
  }
}

Deno.test("handshakes and rekeys are counted by what they came to, and by nothing that a peer chooses", () => {
  const meter = new FakeMeter();
  const record = recorder(() => status, meter)!;
  record(handshake);
  record({
    type: "rekey",
    role: "client",
    status: 0,
    duration: 1,
    reported: true,
    request: "received",
    sessionId: 7,
    suite: "TLS_AES_256_GCM_SHA384",
  });
  record({ type: "reloaded" });
  assert.deepEqual(meter.seen, [
    ["tynl.tlshd.handshakes", 1, { role: "server", result: "EACCES", suite: "none", auth: "x509" }],
    ["tynl.tlshd.duration", 5, { request: "handshake", role: "server", result: "EACCES" }],
    ["tynl.tlshd.rekeys", 1, {
      role: "client",
      result: "ok",
      suite: "TLS_AES_256_GCM_SHA384",
      request: "received",
    }],
    ["tynl.tlshd.duration", 1, { request: "rekey", role: "client", result: "ok" }],
  ]);
});

Deno.test("what is under way and what is kept can be observed", () => {
  const meter = new FakeMeter();
  recorder(() => status, meter);
  assert.deepEqual(meter.gauges.map((gauge) => gauge()), [3, 3]);
});

Deno.test("nothing is counted unless OTEL_DENO asks for it", () => {
  assert.equal(recorder(() => status), undefined);
});
