/** Stored sessions that are not, or not any more, what a request for new keys needs. */
import assert from "node:assert/strict";
import { KeyUpdateType, MsgType } from "../../generated/handshake/mod.ts";
import { openRecord, sealingKeyLength, sealRecord } from "../../runtime/handshake/session_record.ts";
import type { HandshakeSubmission } from "../../runtime/testing/mod.ts";
import { createClient, createServer, importState } from "../../runtime/tls/mod.ts";
import { exchange } from "../tls/helpers.ts";
import { OpenSession } from "./open_session.ts";
import { assertReportedOnce, errno, psk256, Rig } from "./rig.ts";

const { received } = KeyUpdateType;
const sealingKeyName = "tynl:sealing-key";

/** What is done to a session, and what its next KeyUpdate comes to. */
interface Row {
  readonly name: string;
  readonly status: number;
  /** Damages something; may change the request. */
  readonly damage: (
    rig: Rig,
    session: OpenSession,
    other: OpenSession,
  ) => Partial<HandshakeSubmission> | void;
}

function change(rig: Rig, session: OpenSession, edit: (payload: Uint8Array) => Uint8Array): void {
  rig.keys.update(session.sessionId, edit(rig.keys.payload(session.sessionId).slice()));
}

function fails(rig: Rig, session: OpenSession, number: number): void {
  rig.keys.failing.set(session.sessionId, number);
}

const rows: readonly Row[] = [
  { name: "the number 0", status: errno.ENOKEY, damage: () => ({ sessionId: 0 }) },
  { name: "a number that is no key's", status: errno.ENOKEY, damage: () => ({ sessionId: 0x3fffffff }) },
  { name: "the largest number", status: errno.ENOKEY, damage: () => ({ sessionId: 0xffff_ffff }) },
  { name: "the number of a PSK", status: errno.ENOKEY, damage: (_, { psk }) => ({ sessionId: psk }) },
  {
    name: "the session of another socket",
    status: errno.EKEYREJECTED,
    damage: (_, __, { sessionId }) => ({ sessionId }),
  },
  {
    name: "the other role",
    status: errno.EKEYREJECTED,
    damage: () => ({ messageType: MsgType.serverkeyupdate }),
  },
  {
    name: "another session's bytes in its key",
    status: errno.EKEYREJECTED,
    damage: (rig, session, other) => change(rig, session, () => rig.keys.payload(other.sessionId)),
  },
  {
    name: "bytes of a newer version",
    status: errno.EOPNOTSUPP,
    damage: (rig, session) => change(rig, session, (payload) => payload.with(0, payload[0]! + 1)),
  },
  {
    name: "a bit that was altered",
    status: errno.EBADMSG,
    damage: (rig, session) => change(rig, session, (payload) => payload.with(70, payload[70]! ^ 1)),
  },
  {
    name: "bytes that were cut",
    status: errno.EBADMSG,
    damage: (rig, session) => change(rig, session, (payload) => payload.subarray(0, 40)),
  },
  {
    name: "no bytes",
    status: errno.EBADMSG,
    damage: (rig, session) => change(rig, session, () => new Uint8Array()),
  },
  {
    name: "a key that has expired",
    status: errno.EKEYEXPIRED,
    damage: (rig, session) => fails(rig, session, 127),
  },
  {
    name: "a key that was revoked",
    status: errno.EKEYREVOKED,
    damage: (rig, session) => fails(rig, session, 128),
  },
  {
    name: "a key that may not be read",
    status: errno.EACCES,
    damage: (rig, session) => fails(rig, session, 13),
  },
  {
    name: "a key that is gone",
    status: errno.ENOKEY,
    damage: (rig, { sessionId }) => rig.keys.destroy(sessionId),
  },
  {
    name: "a sealing key that is gone",
    status: errno.ENOKEY,
    damage: (rig) => rig.keys.destroy(rig.keys.find(sealingKeyName)),
  },
  {
    name: "another sealing key",
    status: errno.EBADMSG,
    damage: (rig) => rig.keys.update(rig.keys.find(sealingKeyName), new Uint8Array(32)),
  },
  {
    name: "keys of the kernel that are not the session's",
    status: errno.EKEYREJECTED,
    damage: (rig, { fd }, other) =>
      rig.records.rekey(fd, "receive", rig.records.current(other.fd, "receive")!),
  },
  {
    name: "a kernel that refuses the next keys",
    status: errno.EINVAL,
    damage: (rig) => {
      rig.records.onStep = (step) => {
        if (step === "before rekey receive") throw Object.assign(new Error("setsockopt"), { errno: 22 });
      };
    },
  },
  { name: "no kind of KeyUpdate", status: errno.EOPNOTSUPP, damage: () => ({ keyUpdateRequest: 0 }) },
  {
    name: "a kind of KeyUpdate that is not known",
    status: errno.EOPNOTSUPP,
    damage: () => ({ keyUpdateRequest: 4 }),
  },
];

for (const { name, status, damage } of rows) {
  Deno.test(`a KeyUpdate with ${name} is ${codeOf(status)}, each time`, async () => {
    await using rig = await Rig.start({ keyUpdates: true });
    using session = await OpenSession.open(rig, "client");
    using other = await OpenSession.open(rig, "client");
    await session.peerUpdates(rig);
    const changes = damage(rig, session, other) ?? {};
    const rekeys = session.consumer(rig).rekeys;
    for (let i = 0; i < 2; i++) {
      const { request, event } = await rig.serve(session.upcall(rig, received, changes));
      assert.equal(event.status, status, event.reason);
      const { remoteAuth, sessionId } = await request.outcome;
      assert.deepEqual([remoteAuth, sessionId], [[], undefined]);
      assertReportedOnce(request);
    }
    // Nothing was changed, and the other connection is not concerned.
    assert.deepEqual(session.consumer(rig).rekeys, rekeys);
    rig.records.onStep = () => {};
    if (name.includes("sealing")) return;
    await other.peerUpdates(rig);
    await other.rekey(rig, received);
    await other.talks(rig);
  });
}

function codeOf(status: number): string {
  return Object.entries(errno).find(([, number]) => number === status)![0];
}

Deno.test("after a failure the next request costs nothing but its report", async () => {
  await using rig = await Rig.start({ keyUpdates: true });
  using session = await OpenSession.open(rig, "client");
  fails(rig, session, 128);
  await rig.serve(session.upcall(rig, received));
  const [keys, records] = [{ ...rig.keys.calls }, { ...rig.records.calls }];
  for (let i = 0; i < 10; i++) {
    const { event } = await rig.serve(session.upcall(rig, received));
    assert.equal(event.status, errno.EKEYREVOKED);
  }
  assert.deepEqual([rig.keys.calls, rig.records.calls], [keys, records]);
});

/** A session's record, its key, and its cookie. */
function sealed(): { record: Uint8Array; key: Uint8Array; cookie: bigint } {
  const client = createClient({ psks: [psk256] });
  exchange(client, createServer({ findPsk: () => psk256 }));
  const state = importState(client.exportState());
  const key = crypto.getRandomValues(new Uint8Array(sealingKeyLength));
  const cookie = 0x1234_5678_9abcn;
  return {
    record: sealRecord({
      cookie,
      state,
      remoteAuth: [7],
      owed: true,
      sending: { sequence: 9n, written: 1234n },
    }, key),
    key,
    cookie,
  };
}

function errnoOfOpening(record: Uint8Array, key: Uint8Array, cookie: bigint): unknown {
  try {
    openRecord(record, key, cookie, "client");
  } catch (error) {
    return (error as { errno?: number }).errno;
  }
  return assert.fail("it was opened");
}

Deno.test("a record opens with all that was sealed in it", () => {
  const { record, key, cookie } = sealed();
  const { state, ...rest } = openRecord(record, key, cookie, "client");
  assert.deepEqual(rest, { cookie, remoteAuth: [7], owed: true, sending: { sequence: 9n, written: 1234n } });
  assert.deepEqual([state.role, state.suite], ["client", "TLS_AES_128_GCM_SHA256"]);
});

Deno.test("a record with any bit altered is refused", () => {
  const { record, key, cookie } = sealed();
  for (let i = 0; i < record.length; i++) {
    for (let bit = 1; bit < 256; bit <<= 1) {
      const wanted = i === 0 ? errno.EOPNOTSUPP : errno.EBADMSG;
      assert.equal(errnoOfOpening(record.with(i, record[i]! ^ bit), key, cookie), wanted, `byte ${i}`);
    }
  }
});

Deno.test("a record that is cut anywhere, or longer, is refused", () => {
  const { record, key, cookie } = sealed();
  for (let i = 0; i < record.length; i++) {
    assert.equal(errnoOfOpening(record.subarray(0, i), key, cookie), errno.EBADMSG, `${i} bytes`);
  }
  assert.equal(errnoOfOpening(Uint8Array.of(...record, 0), key, cookie), errno.EBADMSG);
});

Deno.test("a record of another socket or sealed with another key is refused", () => {
  const { record, key, cookie } = sealed();
  assert.equal(errnoOfOpening(record, key, cookie + 1n), errno.EKEYREJECTED);
  assert.equal(errnoOfOpening(record, key.with(0, key[0]! ^ 1), cookie), errno.EBADMSG);
});

Deno.test("two records of one session have nothing in common but their heads", () => {
  const { record, key, cookie } = sealed();
  const again = sealRecord(openRecord(record, key, cookie, "client"), key);
  assert.deepEqual(again.subarray(0, 18), record.subarray(0, 18));
  let same = 0;
  for (let i = 18; i < record.length; i++) if (again[i] === record[i]) same++;
  assert(same < 20, `${same} bytes are the same`);
});
