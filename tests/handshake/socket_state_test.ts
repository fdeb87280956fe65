/** The consumer's socket is as the agent found it: flags, options, and where it stands in the stream. */
import assert from "node:assert/strict";
import { Auth, MsgType } from "../../generated/handshake/mod.ts";
import { sockets } from "../../runtime/posix/mod.ts";
import { createClient, createServer } from "../../runtime/tls/mod.ts";
import { Endpoint } from "../interop/peer.ts";
import { assertReportedOnce, errno, psk256, Rig } from "./rig.ts";
import { until } from "./sockets.ts";

const F_GETFL = 3, F_SETFL = 4, O_NONBLOCK = 0o4000, IPPROTO_TCP = 6, TCP_NODELAY = 1;

function noDelay(fd: number): number {
  const value = new Int32Array(1);
  assert.equal(sockets().getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, value, Uint32Array.of(4)), 0);
  return value[0]!;
}

for (const nonblocking of [false, true]) {
  for (const delays of [false, true]) {
    const what = `${nonblocking ? "nonblocking" : "blocking"}, ${delays ? "with" : "without"} Nagle's delay`;
    for (const success of [true, false]) {
      Deno.test(`a socket that is ${what}, is so after a handshake that ${success ? "succeeds" : "fails"}`, async () => {
        await using rig = await Rig.start();
        const { fd, peer } = await rig.connection();
        const flags = sockets().fcntl(fd, F_GETFL, 0);
        if (nonblocking) sockets().fcntl(fd, F_SETFL, flags | O_NONBLOCK);
        sockets().setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, Int32Array.of(delays ? 0 : 1), 4);
        const before = [sockets().fcntl(fd, F_GETFL, 0), noDelay(fd)];
        const request = rig.kernel.submit({
          fd,
          messageType: MsgType.clienthello,
          authMode: Auth.psk,
          peerIdentity: [rig.serials.psk256],
        });
        // In between, small writes go at once.
        await until("it is accepted and begun", () => noDelay(fd) === 1 && request.state === "accepted");
        assert.equal(sockets().fcntl(fd, F_GETFL, 0), before[0]);
        const endpoint = new Endpoint(peer, createServer({ findPsk: () => success ? psk256 : undefined }));
        await endpoint.handshake().catch((error) => assert(!success, error));
        const event = await rig.told("handshake");
        assert.equal(event.status, success ? 0 : errno.EKEYREJECTED);
        assertReportedOnce(request);
        assert.deepEqual([sockets().fcntl(fd, F_GETFL, 0), noDelay(fd)], before);
        endpoint[Symbol.dispose]();
      });
    }
  }
}

Deno.test("what a peer sends right behind its last message is left in the socket for the kernel's TLS", async () => {
  await using rig = await Rig.start();
  const { fd, peer } = await rig.connection();
  const endpoint = new Endpoint(peer, createClient({ psks: [psk256] }));
  const request = rig.kernel.submit({ fd, messageType: MsgType.serverhello, authMode: Auth.psk });
  // The client is open when it has the server's flight: its Finished and its data go out in one write.
  const { tls } = endpoint;
  await endpoint.flush();
  while (tls.state !== "open") {
    const bytes = new Uint8Array(tls.bytesWanted);
    tls.receive(bytes.subarray(0, await peer.read(bytes) ?? 0));
  }
  tls.send(new TextEncoder().encode("data at once"));
  await endpoint.flush();
  assert.equal((await request.outcome).status, 0);
  assert.equal(await rig.records.of(fd).text(12), "data at once");
  peer.close();
});

Deno.test("a peer whose bytes come one by one is waited for", async () => {
  await using rig = await Rig.start();
  const { fd, peer } = await rig.connection();
  const tls = createServer({ findPsk: () => psk256 });
  const request = rig.kernel.submit({
    fd,
    messageType: MsgType.clienthello,
    authMode: Auth.psk,
    peerIdentity: [rig.serials.psk256],
  });
  peer.setNoDelay(true);
  while (tls.state !== "open") {
    const bytes = new Uint8Array(1);
    tls.receive(bytes.subarray(0, await peer.read(bytes) ?? 0));
    for (const byte of tls.takeOutgoing()) await peer.write(Uint8Array.of(byte));
  }
  assert.equal((await request.outcome).status, 0);
  peer.close();
});

Deno.test("the record size that the peer takes goes to the kernel's TLS, as do the policy's wishes", async () => {
  const policy = { expectNoPad: true, zeroCopy: true };
  for (const [recordSizeLimit, maxPayload] of [[16385, undefined], [1024, 1023], [64, 63]]) {
    await using rig = await Rig.start({ policy });
    const { fd, peer } = await rig.connection();
    const endpoint = new Endpoint(
      peer,
      createServer({ findPsk: () => psk256, recordSizeLimit: recordSizeLimit! }),
    );
    const serving = rig.serve({
      fd,
      messageType: MsgType.clienthello,
      authMode: Auth.psk,
      peerIdentity: [rig.serials.psk256],
    });
    await endpoint.handshake();
    await serving;
    assert.deepEqual(rig.records.of(fd).options, {
      expectNoPad: true,
      zeroCopy: true,
      ...maxPayload === undefined ? {} : { maxPayload },
    });
    endpoint[Symbol.dispose]();
  }
});
