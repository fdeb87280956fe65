/** Which error number a consumer is told, row by row: by the table itself, and by handshakes that end so. */
import assert from "node:assert/strict";
import { Auth, MsgType } from "../../generated/handshake/mod.ts";
import { errnoOf, errnoOfAlert, RequestError } from "../../runtime/handshake/mod.ts";
import { KeyError } from "../../runtime/keyring/mod.ts";
import { SystemError } from "../../runtime/posix/mod.ts";
import { AlertDescription, alertName, TlsAlertError, TlsTruncatedError } from "../../runtime/tls/mod.ts";
import { assertReportedOnce, errno, Rig } from "./rig.ts";
import { shutdown } from "./sockets.ts";

/** Every alert that there is a name for (RFC 8446 section 6, RFC 7301), and the error for whoever sends it. */
const rows: readonly [keyof typeof AlertDescription, keyof typeof errno][] = [
  ["closeNotify", "ECONNRESET"],
  ["unexpectedMessage", "EPROTO"],
  ["badRecordMac", "EPROTO"],
  ["recordOverflow", "EPROTO"],
  ["handshakeFailure", "EACCES"],
  ["badCertificate", "EACCES"],
  ["unsupportedCertificate", "EACCES"],
  ["certificateRevoked", "EKEYREVOKED"],
  ["certificateExpired", "EKEYEXPIRED"],
  ["certificateUnknown", "EACCES"],
  ["illegalParameter", "EPROTO"],
  ["unknownCa", "EACCES"],
  ["accessDenied", "EACCES"],
  ["decodeError", "EPROTO"],
  ["decryptError", "EKEYREJECTED"],
  ["protocolVersion", "EPROTONOSUPPORT"],
  ["insufficientSecurity", "EPROTONOSUPPORT"],
  ["internalError", "EIO"],
  ["inappropriateFallback", "EPROTONOSUPPORT"],
  ["userCanceled", "ECONNRESET"],
  ["missingExtension", "EPROTO"],
  ["unsupportedExtension", "EPROTO"],
  ["unrecognizedName", "EACCES"],
  ["badCertificateStatusResponse", "EACCES"],
  ["unknownPskIdentity", "EKEYREJECTED"],
  ["certificateRequired", "EACCES"],
  ["noApplicationProtocol", "EPROTONOSUPPORT"],
];

Deno.test("the table of alerts has every alert that the engine knows", () => {
  assert.deepEqual(rows.map(([name]) => name).sort(), Object.keys(AlertDescription).sort());
});

for (const [name, code] of rows) {
  Deno.test(`the alert ${name} is ${code}, whoever sends it`, () => {
    for (const fromPeer of [true, false]) {
      assert.equal(errnoOfAlert(AlertDescription[name], fromPeer), errno[code]);
      const error = new TlsAlertError(AlertDescription[name], "test", { fromPeer });
      assert.equal(errnoOf(error), errno[code]);
    }
  });
}

Deno.test("an alert that nobody knows is a refusal of the peer, or a fault of ours", () => {
  assert.equal(errnoOfAlert(200, true), errno.EACCES);
  assert.equal(errnoOfAlert(200, false), errno.EPROTO);
});

const locals: readonly [string, unknown, number][] = [
  ["a peer that goes away", new TlsTruncatedError("test"), errno.ECONNRESET],
  ["what the agent found out", new RequestError(126, "test"), 126],
  ["an error of a system call", new SystemError("recv", 110), 110],
  ["an error of a key", new KeyError("read", 1, 128), 128],
  ["an error with a number that is none", Object.assign(new Error(), { errno: 4096 }), errno.EIO],
  ["an error with a negative number", Object.assign(new Error(), { errno: -13 }), errno.EIO],
  ["an error with the number 0", Object.assign(new Error(), { errno: 0 }), errno.EIO],
  ["an error with a fraction", Object.assign(new Error(), { errno: 1.5 }), errno.EIO],
  ["an error with a name as number", Object.assign(new Error(), { errno: "EACCES" }), errno.EIO],
  ["an error of JavaScript", new TypeError("test"), errno.EIO],
  ["what is no error", "test", errno.EIO],
  ["nothing", undefined, errno.EIO],
];
for (const [name, error, expected] of locals) {
  Deno.test(`${name} is ${expected}`, () => assert.equal(errnoOf(error), expected));
}

Deno.test("a client whose server answers with an alert reports that alert's error, and names it", async (t) => {
  await using rig = await Rig.start();
  const alerts = [...rows, ["none", "EACCES"] as const];
  for (const [name, code] of alerts) {
    await t.step(name, async () => {
      const number = name === "none" ? 200 : AlertDescription[name];
      const { fd, peer } = await rig.connection();
      const answer = async () => {
        assert(await peer.read(new Uint8Array(16)) !== null);
        await peer.write(Uint8Array.of(21, 3, 3, 0, 2, 2, number));
        // user_canceled is a warning alone: what ends the handshake is that the server goes away.
        peer.closeWrite();
        while (await peer.read(new Uint8Array(64)) !== null);
        peer.close();
      };
      const answering = answer();
      const { request, event } = await rig.serve({
        fd,
        messageType: MsgType.clienthello,
        authMode: Auth.psk,
        peerIdentity: [rig.serials.psk256],
      });
      shutdown(fd);
      await answering;
      assert(event.type === "handshake");
      assert.equal(event.status, errno[code]);
      assert.deepEqual(
        event.alert,
        name === "userCanceled" ? undefined : { name: alertName(number), fromPeer: true },
      );
      assertReportedOnce(request);
    });
  }
});
