/**
 * OpenSSL at the other end: handshakes of both roles, and fifty KeyUpdates in a row with data between them. s_client
 * and s_server update their keys on a line that begins with `k`, and ask for ours on one that begins with `K`; OpenSSL
 * answers ours with its next record.
 */
import assert from "node:assert/strict";
import { Auth, KeyUpdateType, MsgType } from "../../generated/handshake/mod.ts";
import type { HandshakeSubmission } from "../../runtime/testing/mod.ts";
import { AlertDescription, type ExternalPsk, type Role } from "../../runtime/tls/mod.ts";
import { parseCertificate, readPem } from "../../runtime/tls/x509/mod.ts";
import { Authority } from "../interop/certificates.ts";
import { pskArguments as pskArgumentsOf } from "../interop/openssl.ts";
import { hasProgram, Peer } from "../interop/peer.ts";
import { suites } from "./open_session.ts";
import { assertReportedOnce, errno, psk256, psk384, Rig, type RigOptions } from "./rig.ts";
import { connect, Listener, setNoDelay, shutdown } from "./sockets.ts";
import type { ConsumerEnd } from "./user_records.ts";

const available = hasProgram("openssl", "version");
const reason = available ? "" : " (ignored: needs the openssl command)";
const authority = available ? new Authority() : undefined;
Deno.test.afterAll(() => authority?.[Symbol.dispose]());

function test(name: string, body: () => Promise<void>): void {
  Deno.test({ name: `OpenSSL: ${name}${reason}`, ignore: !available, fn: body });
}

/** An agent in a role, and OpenSSL in the other one. */
async function withPeer(
  role: Role,
  args: readonly string[],
  options: RigOptions,
  body: (rig: Rig, fd: number, peer: Peer) => Promise<void>,
): Promise<void> {
  await using rig = await Rig.start({ keyUpdates: true, ...options });
  using listener = new Listener();
  const command = role === "client"
    ? ["s_server", "-accept", "127.0.0.1:0"]
    : ["s_client", "-connect", `127.0.0.1:${listener.port}`];
  await using peer = new Peer("openssl", [...command, "-tls1_3", ...args]);
  let fd: number;
  if (role === "client") {
    const [, port] = await peer.prints(/ACCEPT 127\.0\.0\.1:(\d+)/);
    fd = connect(Number(port));
  } else {
    fd = await listener.incoming();
  }
  rig.keep(fd);
  setNoDelay(fd);
  await body(rig, fd, peer);
  shutdown(fd);
}

function pskArguments(psk: ExternalPsk): readonly string[] {
  return pskArgumentsOf(psk, authority!.file("psk384.session"));
}

/** What the agent is asked for. */
function hello(rig: Rig, role: Role, fd: number, serial: number = rig.serials.psk256): HandshakeSubmission {
  return {
    fd,
    messageType: role === "client" ? MsgType.clienthello : MsgType.serverhello,
    timeout: 30_000,
    authMode: Auth.psk,
    peerIdentity: [role === "client" ? serial : 0],
  };
}

/** Data both ways. */
async function talks(consumer: ConsumerEnd, peer: Peer, number: number): Promise<void> {
  await consumer.send(`from tynl ${number};\n`);
  await peer.prints(new RegExp(`from tynl ${number};`));
  const line = `2 from OpenSSL ${number};\n`;
  await peer.types(line);
  assert.equal(await consumer.text(line.length), line);
}

for (const role of ["client", "server"] as const) {
  const none = role === "client" ? ["-nocert"] : [];
  for (const suite of suites) {
    test(`${role}: fifty KeyUpdates with ${suite} leave both ends in step`, async () => {
      const strong = suite.endsWith("384");
      const args = [...none, "-ciphersuites", suite, ...pskArguments(strong ? psk384 : psk256)];
      // As many as come: each is timed by the peer.
      await withPeer(role, args, { limits: { keyUpdates: 1000 } }, async (rig, fd, peer) => {
        const serial = strong ? rig.serials.psk384 : rig.serials.psk256;
        const { request, event } = await rig.serve(hello(rig, role, fd, serial));
        assert.equal(event.status, 0, event.reason);
        assert.equal(event.suite, suite);
        assertReportedOnce(request);
        let { sessionId } = await request.outcome;
        const consumer = rig.records.of(fd);
        await skipTickets(consumer, peer, role);
        let sent = 0;
        for (let i = 1; i <= 50; i++) {
          const requested = i % 2 === 0;
          await peer.types(requested ? "K\n" : "k\n");
          assert.equal(await consumer.keyUpdate(), requested);
          const upcall = rig.kernel.submit({
            ...hello(rig, role, fd),
            messageType: role === "client" ? MsgType.clientkeyupdate : MsgType.serverkeyupdate,
            keyUpdateRequest: requested ? KeyUpdateType.receivedRequestUpdate : KeyUpdateType.received,
            sessionId: sessionId!,
          });
          const outcome = await upcall.outcome;
          assert.equal(outcome.status, 0, `update ${i}`);
          assert.deepEqual(outcome.remoteAuth, [serial]);
          sessionId = outcome.sessionId ?? sessionId!;
          if (requested) sent++;
          await talks(consumer, peer, i);
        }
        assert.deepEqual(consumer.rekeys, { send: sent, receive: 50 });
        assert.deepEqual((await rig.told("rekey", 50)).generation, { send: sent, receive: 50 });
      });
    });
  }

  test(`${role}: KeyUpdates of our own, with data between them`, async () => {
    await withPeer(role, [...none, ...pskArguments(psk256)], {}, async (rig, fd, peer) => {
      const { request } = await rig.serve(hello(rig, role, fd));
      const { sessionId } = await request.outcome;
      const consumer = rig.records.of(fd);
      await skipTickets(consumer, peer, role);
      for (let i = 1; i <= 5; i++) {
        const { event } = await rig.serve({
          ...hello(rig, role, fd),
          messageType: role === "client" ? MsgType.clientkeyupdate : MsgType.serverkeyupdate,
          keyUpdateRequest: KeyUpdateType.send,
          sessionId: sessionId!,
        });
        assert.equal(event.status, 0, event.reason);
        await talks(consumer, peer, i);
      }
      assert.deepEqual(consumer.rekeys, { send: 5, receive: 0 });
    });
  });

  test(`${role}: another key than the peer's is refused by one of the two, and reported`, async () => {
    const wrong = { ...psk256, key: new Uint8Array(32) };
    await withPeer(role, [...none, ...pskArguments(wrong)], {}, async (rig, fd) => {
      const { request, event } = await rig.serve(hello(rig, role, fd));
      assert(event.type === "handshake");
      // OpenSSL 3.0 calls a wrong binder illegal_parameter, 3.5 decrypt_error; ours is decrypt_error.
      const allowed: readonly number[] = role === "client"
        ? [errno.EPROTO, errno.EKEYREJECTED]
        : [errno.EKEYREJECTED];
      assert(allowed.includes(event.status), `${event.status}: ${event.reason}`);
      assert.equal(event.alert?.fromPeer, role === "client");
      assertReportedOnce(request);
    });
  });

  test(`${role}: certificates of both ends`, async () => {
    const anchors = readPem(Deno.readTextFileSync(authority!.file("ca.pem")), "CERTIFICATE").map(
      parseCertificate,
    );
    const certificates = [authority!.certificate("p256")];
    const { certificate, key } = authority!.leaf("p384");
    const trust = ["-CAfile", authority!.file("ca.pem"), "-verify_return_error"];
    const args = ["-cert", certificate, "-key", key, ...trust];
    const policy = {
      client: { anchors, certificates },
      server: { anchors, certificates, clientCertificate: "require" },
    } as const;
    const asks = role === "client"
      ? ["-Verify", "1"]
      : ["-servername", "peer.test", "-verify_hostname", "peer.test"];
    await withPeer(role, [...args, ...asks], { policy }, async (rig, fd, peer) => {
      const { request, event } = await rig.serve({
        fd,
        messageType: role === "client" ? MsgType.clienthello : MsgType.serverhello,
        authMode: Auth.x509,
        ...role === "client" ? { peername: "peer.test" } : {},
      });
      assert.equal(event.status, 0, event.reason);
      assert(event.type === "handshake" && event.identity === "CN=p384");
      // OpenSSL adds the authority that it finds in its trust store.
      assert.equal((await request.outcome).remoteAuth.length, 2);
      const consumer = rig.records.of(fd);
      await skipTickets(consumer, peer, role);
      await talks(consumer, peer, 1);
    });
  });
}

test("client: a server that is not trusted is told so", async () => {
  const { certificate, key } = authority!.leaf("p256");
  using others = new Authority();
  const anchors = readPem(Deno.readTextFileSync(others.file("ca.pem")), "CERTIFICATE").map(parseCertificate);
  await withPeer(
    "client",
    ["-cert", certificate, "-key", key],
    { policy: { client: { anchors } } },
    async (rig, fd, peer) => {
      const { event } = await rig.serve({
        fd,
        messageType: MsgType.clienthello,
        authMode: Auth.unauth,
        peername: "peer.test",
      });
      assert.equal(event.status, errno.EACCES);
      await peer.prints(new RegExp(`alert unknown ca|SSL alert number ${AlertDescription.unknownCa}`));
    },
  );
});

/** OpenSSL's server sends session tickets after the handshake: what kernel consumers must bear, too. */
async function skipTickets(consumer: ConsumerEnd, peer: Peer, role: Role): Promise<void> {
  if (role === "server") return;
  await peer.types("2 ready\n");
  for (;;) {
    const record = await consumer.receive();
    assert(record !== undefined);
    if (record.type === 23) return;
    assert.equal(record.bytes[0], 4, "a NewSessionTicket");
  }
}
