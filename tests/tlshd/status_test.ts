// The status socket: for its user alone, and never in the way of anything.
import assert from "node:assert/strict";
import { readStatus, statusLines, type StatusReport, StatusSocket } from "../../cli/tlshd/status.ts";
import { withFolder } from "../cli/tynl.ts";
import { DatagramReceiver, leaveSocket } from "./unix_sockets.ts";

const report: StatusReport = {
  version: "0.1.0",
  pid: 4711,
  since: "2026-03-04T05:06:07.000Z",
  config: { path: "/etc/tlshd/config", loaded: "2026-03-04T05:06:08.000Z", faults: 0 },
  state: "running",
  active: 1,
  waiting: 2,
  sessions: 3,
  accepted: 10,
  handshakes: 5,
  rekeys: 1,
  failures: { EACCES: 2, ETIMEDOUT: 1 },
  unreported: 0,
  keyUpdates: null,
  decisions: [
    { about: "kernel-tls", available: true, text: "kernel TLS takes all" },
    { about: "keyring", available: false, text: "the keyring .nfs is not there" },
  ],
};

Deno.test("whoever connects gets the report of the moment", async () => {
  await withFolder(async (folder) => {
    let accepted = 10;
    using _ = await StatusSocket.listen(`${folder}/status`, () => ({ ...report, accepted: accepted++ }));
    assert.deepEqual(await readStatus(`${folder}/status`), report);
    assert.equal((await readStatus(`${folder}/status`)).accepted, 11);
  });
});

Deno.test("the socket, and a folder that is made for it, are for this user alone", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/new/status`;
    using _ = await StatusSocket.listen(path, () => report);
    assert.equal(Deno.statSync(path).mode! & 0o777, 0o700);
    assert.equal(Deno.statSync(`${folder}/new`).mode! & 0o777, 0o700);
  });
});

Deno.test("a folder that others may write into is not used", async () => {
  await withFolder(async (folder) => {
    Deno.chmodSync(folder, 0o1777);
    await assert.rejects(StatusSocket.listen(`${folder}/status`, () => report), /others may write into/);
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  });
});

Deno.test("a socket that a dead agent left is taken over, one that is served is not", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/status`;
    leaveSocket(path);
    using _ = await StatusSocket.listen(path, () => report);
    await assert.rejects(StatusSocket.listen(path, () => report), /another agent serves/);
    assert.equal((await readStatus(path)).pid, 4711);
  });
});

Deno.test("a file in the place of the socket is left alone, and so is what a link leads to", async () => {
  await withFolder(async (folder) => {
    Deno.writeTextFileSync(`${folder}/file`, "precious");
    Deno.symlinkSync(`${folder}/file`, `${folder}/link`);
    for (const name of ["file", "link"]) {
      await assert.rejects(
        StatusSocket.listen(`${folder}/${name}`, () => report),
        /something else than a socket/,
      );
    }
    assert.equal(Deno.readTextFileSync(`${folder}/file`), "precious");
  });
});

Deno.test("a socket of another kind that somebody serves is left alone", async () => {
  await withFolder(async (folder) => {
    using _ = new DatagramReceiver(`${folder}/status`);
    await assert.rejects(StatusSocket.listen(`${folder}/status`, () => report), /another program/);
    assert(Deno.lstatSync(`${folder}/status`).isSocket);
  });
});

Deno.test("the socket is gone when the agent is", async () => {
  await withFolder(async (folder) => {
    (await StatusSocket.listen(`${folder}/status`, () => report))[Symbol.dispose]();
    assert.deepEqual([...Deno.readDirSync(folder)], []);
    await assert.rejects(readStatus(`${folder}/status`), /no agent answers .*: there is no such socket/);
  });
});

Deno.test("readers that go away at once, or never read, hold nothing up", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/status`;
    using _ = await StatusSocket.listen(path, () => report);
    const idle: Deno.UnixConn[] = [];
    for (let i = 0; i < 50; i++) {
      const connection = await Deno.connect({ transport: "unix", path });
      if (i % 2 === 0) connection.close();
      else idle.push(connection);
    }
    assert.equal((await readStatus(path)).pid, 4711);
    for (const connection of idle) connection.close();
  });
});

Deno.test("what answers with anything else is no agent", async () => {
  await withFolder(async (folder) => {
    using listener = Deno.listen({ transport: "unix", path: `${folder}/status` });
    const served = (async () => {
      using connection = await listener.accept();
      await connection.write(new TextEncoder().encode("220 hello\r\n"));
    })();
    await assert.rejects(readStatus(`${folder}/status`), /no agent of tynl/);
    await served;
  });
});

Deno.test("what answers nothing, and closes, is told so", async () => {
  await withFolder(async (folder) => {
    using listener = Deno.listen({ transport: "unix", path: `${folder}/status` });
    const served = listener.accept().then((connection) => connection.close());
    await assert.rejects(readStatus(`${folder}/status`), /^Failure: the agent at .* does not answer$/);
    await served;
  });
});

Deno.test("the report for people has a line for each thing", () => {
  assert.deepEqual(statusLines(report), [
    "state          running, pid 4711, since 2026-03-04T05:06:07.000Z, tynl 0.1.0",
    "configuration  /etc/tlshd/config, read 2026-03-04T05:06:08.000Z",
    "requests       10 accepted, 1 under way, 2 waiting",
    "handshakes     5",
    "rekeys         1",
    "failures       EACCES 2, ETIMEDOUT 1",
    "not reported   0",
    "sessions       3",
    "KeyUpdates     not known yet",
    "kernel-tls     kernel TLS takes all",
    "keyring        missing: the keyring .nfs is not there",
  ]);
});
