/**
 * An agent in a process of its own, to be killed. The kernel's TLS is at the other end of its lifeline, which is asked
 * before and after each change of a key as well; the keys are the running kernel's. Requests come as lines of JSON, their
 * outcomes go out so.
 * Arguments: descriptor of the lifeline, name of the keyring for sessions, PSK in hex, its identity.
 */
import { Auth } from "../../generated/handshake/mod.ts";
import { createAgent, kernelKeys, type KeyStore, type RecordLayer } from "../../runtime/handshake/mod.ts";
import { handshakeKernel, type HandshakeSubmission } from "../../runtime/testing/mod.ts";
import type { TrafficKeys } from "../../runtime/tls/mod.ts";
import { bytes } from "../tls/helpers.ts";
import { putPsk } from "./kernel_keys.ts";
import { call, fromText, type KeyText, toText } from "./lifeline.ts";
import { until } from "./sockets.ts";

const [line, keyring, secret, identity] = Deno.args as [string, string, string, string];
const lifeline = Number(line);

const records: RecordLayer = {
  support: () => ({ suites: ["TLS_AES_128_GCM_SHA256"] }),
  arm: (fd, keys) =>
    void call(lifeline, { name: "arm", fd, keys: [toText(keys.send), toText(keys.receive)] }),
  rekey: (fd, direction, keys: TrafficKeys) =>
    void call(lifeline, { name: "rekey", fd, direction, keys: [toText(keys)] }),
  current: (fd, direction) => fromText(call(lifeline, { name: "current", fd, direction }) as KeyText),
  flush: () => true,
  sendHandshake: (fd, message) =>
    call(lifeline, { name: "sendHandshake", fd, message: message.toBase64() }) as boolean,
};

const real = kernelKeys();
const keys: KeyStore = {
  ...real,
  update(key, payload) {
    call(lifeline, { name: "before update" });
    real.update(key, payload);
    call(lifeline, { name: "after update" });
  },
};

const psk = putPsk({ identity, key: bytes(secret) });
const kernel = handshakeKernel({ keyUpdates: true });
const agent = createAgent({
  transport: kernel,
  records,
  keys,
  connections: null,
  policy: { pskType: "user", keyrings: [psk.keyring] },
  sessions: { keyring },
});
agent.run();
await until("it serves", () => kernel.sockets.some(({ groups }) => groups.size > 0));
console.log("serving");

let text = "";
for await (const chunk of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  text += chunk;
  for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
    const submission = JSON.parse(text.slice(0, end)) as HandshakeSubmission;
    text = text.slice(end + 1);
    const request = kernel.submit({ ...submission, authMode: Auth.psk, peerIdentity: [psk.key] });
    const { status, remoteAuth, sessionId } = await request.outcome;
    console.log(JSON.stringify({ outcome: { status, known: remoteAuth.length === 1, sessionId } }));
  }
}
