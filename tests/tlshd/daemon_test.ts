// The daemon as a process: real sockets and signals, a fake kernel and keys in memory.
import assert from "node:assert/strict";
import { readStatus } from "../../cli/tlshd/status.ts";
import { withFolder } from "../cli/tynl.ts";
import { everyKey, nfsHost, nvmeHost, untouched } from "./configs.ts";
import { until } from "../handshake/sockets.ts";
import { Daemon, type DaemonOptions } from "./daemon.ts";
import { writePki } from "./pki.ts";
import { DatagramReceiver } from "./unix_sockets.ts";

/** Runs a daemon for a test. */
async function withDaemon(
  options: Partial<DaemonOptions>,
  use: (daemon: Daemon, folder: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    await using daemon = await Daemon.start({ config: nvmeHost, folder, ...options });
    await use(daemon, folder);
  });
}

const plain = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

Deno.test("an NVMe host's configuration: a handshake of both ends has a line for each, and no text of a peer acts", async () => {
  await withDaemon({}, async (daemon) => {
    const outcomes = await daemon.serve("psk");
    assert.deepEqual(outcomes.map(({ status, remoteAuth }) => [status, remoteAuth.length]), [[0, 1], [0, 1]]);
    for (const role of ["client", "server"]) {
      const line = await daemon.line(
        new RegExp(`info handshake succeeded peer=127\\.0\\.0\\.1:\\d+ role=${role} `),
      );
      assert.match(line, / result=ok auth=psk suite=TLS_\w+ group=\w+ identity="NVMe0R01 host[^"]* disk" /);
      assert.match(line, / duration_ms=[\d.]+$/);
    }
    assert(daemon.log.every((line) => !plain.test(line)), daemon.log.join("\n"));
    assert.equal(daemon.log.filter((line) => line.includes("peer=forged")).length, 2);
    assert(daemon.log.every((line) => !/^handshake/.test(line)));
  });
});

Deno.test("no line has a secret: not the PSK, and none of the connection's", async () => {
  await withFolder(async (folder) => {
    const env = { SSLKEYLOGFILE: `${folder}/keys` };
    const config = "[debug]\nloglevel=3\n";
    await using daemon = await Daemon.start({ config, folder, env, keyUpdates: true });
    await daemon.serve("psk");
    await daemon.line(/role=server/);
    // The PSK is 32 bytes of 0x5a.
    const secrets = ["5a5a5a5a", "WlpaWlpa", "ZZZZZZZZ", "90,90,90,90"];
    for (const line of Deno.readTextFileSync(env.SSLKEYLOGFILE).trim().split("\n")) {
      const secret = line.split(" ")[2]!;
      secrets.push(secret, Uint8Array.fromHex(secret).toBase64());
    }
    assert(secrets.length >= 4 + 2 * 8, `${secrets.length} secrets`);
    const log = daemon.log.join("\n");
    assert.deepEqual(secrets.filter((secret) => log.includes(secret)), []);
  });
});

Deno.test("with --log-format json each line is an object", async () => {
  await withDaemon({ args: ["--log-format", "json"], keyUpdates: true }, async (daemon) => {
    const [, server] = await daemon.serve("psk");
    const line = JSON.parse(await daemon.line(/"role":"server"/));
    assert.deepEqual([line.event, line.result, line.auth, line.session], [
      "handshake",
      "ok",
      "psk",
      server!.sessionId,
    ]);
    assert.match(line.time, /^\d{4}-\d\d-\d\dT/);
    for (const each of daemon.log) assert.equal(typeof JSON.parse(each), "object");
  });
});

Deno.test("an NFS host's configuration: mutual TLS by its files", async () => {
  await withFolder(async (folder) => {
    writePki(folder);
    await using daemon = await Daemon.start({ config: nfsHost(folder), folder });
    assert.deepEqual((await daemon.serve("x509")).map(({ status }) => status), [0, 0]);
    const line = await daemon.line(/role=client/);
    assert.match(line, / auth=x509 .* identity="[^"]*" peer_name=nfs\.example\.com remote_auth=/);
  });
});

Deno.test("new keys have a line, too, with how many there were", async () => {
  await withDaemon({ keyUpdates: true }, async (daemon) => {
    const [, server] = await daemon.serve("psk");
    assert.deepEqual((await daemon.serve(`rekey ${server!.sessionId}`)).map(({ status }) => status), [0]);
    const line = await daemon.line(/info rekey succeeded /);
    assert.match(
      line,
      new RegExp(` role=server result=ok request=received suite=TLS_\\w+ session=${server!.sessionId} `),
    );
  });
});

Deno.test("a failure tells why, and what to do about it if that is this machine's business", async () => {
  await withDaemon({ config: "" }, async (daemon) => {
    const [client, server] = await daemon.serve("x509");
    assert.notEqual(client!.status, 0);
    assert.equal(server!.status, 126);
    const line = await daemon.line(/role=server/);
    assert.match(
      line,
      / error handshake failed .* result=ENOKEY .* reason="[^"]+" hint="[^"]+" duration_ms=/,
    );
  });
});

Deno.test("a tlshd that runs as well is told of", async () => {
  await withFolder(async (folder) => {
    // A process of that name is all that can be seen of another agent.
    Deno.copyFileSync("/bin/sleep", `${folder}/tlshd`);
    const other = new Deno.Command(`${folder}/tlshd`, { args: ["1000"] }).spawn();
    try {
      await using daemon = await Daemon.start({ config: nvmeHost, folder });
      await daemon.line(new RegExp(`warning rival tlshd runs too, as process ${other.pid}: `));
      await daemon.line(new RegExp(`notice starting version=\\S+ pid=${daemon.pid} config=${daemon.config}`));
    } finally {
      other.kill();
      await other.status;
    }
  });
});

for (const [what, config] of [["untouched", untouched], ["of every key", everyKey], ["empty", ""]] as const) {
  Deno.test(`a configuration that is ${what} starts it unchanged`, async () => {
    await withDaemon({ config }, async (daemon) => {
      assert.deepEqual((await daemon.serve("psk")).map(({ status }) => status), [0, 0]);
    });
  });
}

Deno.test("what is odd in the configuration is told with its line, and does not stop the start", async () => {
  await withDaemon({ config: "[debug]\nloglevel=1\nfuture=1\n[unheard]\n" }, async (daemon) => {
    await daemon.line(new RegExp(`warning config ${daemon.config}:3: \\[debug\\] has no key "future"`));
    await daemon.line(new RegExp(`warning config ${daemon.config}:4: `));
  });
});

Deno.test("SIGHUP reads the configuration anew: what is new in it is in force", async () => {
  await withFolder(async (folder) => {
    writePki(folder);
    await using daemon = await Daemon.start({ config: "", folder });
    assert.notEqual((await daemon.serve("x509"))[1]!.status, 0);
    Deno.writeTextFileSync(daemon.config, nfsHost(folder));
    daemon.signal("SIGHUP");
    await daemon.line(/notice reloaded/);
    assert.deepEqual((await daemon.serve("x509")).map(({ status }) => status), [0, 0]);
  });
});

Deno.test("format and level of the log are read anew by SIGHUP", async () => {
  await withDaemon({}, async (daemon, folder) => {
    const wishes = "log_format=json\nlog_level=notice\n";
    Deno.writeTextFileSync(daemon.config, `[tynl]\n${wishes}status_socket=${folder}/status\n`);
    daemon.signal("SIGHUP");
    assert.equal(JSON.parse(await daemon.line(/"reloaded"/)).level, "notice");
    await daemon.serve("psk");
    await daemon.serve("x509");
    assert.equal(JSON.parse(await daemon.line(/"result":"ENOKEY"/)).level, "error");
    assert(!daemon.log.some((line) => line.includes("succeeded")));
  });
});

Deno.test("SIGUSR1 reads the configuration anew, after ten seconds, and opens no debugger", async () => {
  await withDaemon({}, async (daemon) => {
    daemon.signal("SIGUSR1");
    await daemon.line(/notice reloaded/);
    assert(!daemon.log.some((line) => /debugger/i.test(line)), daemon.log.join("\n"));
  });
});

Deno.test("a configuration that became unusable changes nothing", async () => {
  await withFolder(async (folder) => {
    writePki(folder);
    await using daemon = await Daemon.start({ config: nfsHost(folder), folder });
    for (
      const [text, told] of [["[authenticate", /:1: /], [
        "[authenticate.server]\nx509.client_auth=2\n",
        /:2: /,
      ]] as const
    ) {
      const seen = daemon.log.length;
      Deno.writeTextFileSync(daemon.config, text);
      daemon.signal("SIGHUP");
      assert.match(await daemon.line(/error config nothing is changed: /, seen), told);
      assert.deepEqual((await daemon.serve("x509")).map(({ status }) => status), [0, 0]);
    }
  });
});

Deno.test("a certificate that is renewed is used without a signal; one that is cut off is not", async () => {
  await withFolder(async (folder) => {
    writePki(folder);
    await using daemon = await Daemon.start({ config: nfsHost(folder), folder });
    let seen = daemon.log.length;
    const certificate = Deno.readTextFileSync(`${folder}/server.pem`);
    Deno.writeTextFileSync(`${folder}/server.pem`, certificate.slice(0, 100));
    await daemon.line(/error config nothing is changed: files that were in force/, seen);
    assert.deepEqual((await daemon.serve("x509")).map(({ status }) => status), [0, 0]);
    seen = daemon.log.length;
    Deno.writeTextFileSync(`${folder}/server.pem`, `${certificate}\n`);
    await daemon.line(/notice reloaded/, seen);
    assert.deepEqual((await daemon.serve("x509")).map(({ status }) => status), [0, 0]);
  });
});

Deno.test("SIGTERM lets a handshake finish, and ends with 0", async () => {
  await withDaemon({ config: "[tynl]\ndeadline=5\n" }, async (daemon) => {
    await daemon.request("silence");
    await daemon.serve("psk");
    daemon.signal("SIGTERM");
    await daemon.line(/notice draining no more requests are taken active=1/);
    // The one that waits for a silent peer ends by its own deadline.
    await daemon.line(/result=ETIMEDOUT/);
    assert.equal(await daemon.end(), 0);
    await daemon.line(/notice stopped/);
  });
});

Deno.test("a second signal gives up what is under way: it is reported, and the daemon ends with 1", async () => {
  await withDaemon({}, async (daemon) => {
    await daemon.request("silence");
    await daemon.serve("psk");
    daemon.signal("SIGINT");
    await daemon.line(/notice draining/);
    daemon.signal("SIGTERM");
    assert.equal(await daemon.end(), 1);
    assert.match(
      await daemon.line(/result=ECANCELED/),
      /warning handshake failed .* reason="the agent is being stopped"/,
    );
  });
});

Deno.test("the status tells counters, what is in force, and what was found out", async () => {
  await withDaemon({}, async (daemon, folder) => {
    await daemon.serve("psk");
    await daemon.serve("x509");
    const status = await readStatus(`${folder}/status`);
    assert.deepEqual(
      [status.pid, status.state, status.accepted, status.handshakes, status.rekeys, status.keyUpdates],
      [daemon.pid, "running", 4, 2, 0, false],
    );
    assert.deepEqual(status.config.path, daemon.config);
    assert(status.failures["ENOKEY"]! >= 1);
    const found = status.decisions.map(({ about, available }) => `${about} ${available}`);
    assert(found.includes("kernel-tls true") && found.includes("keyring false"), found.join(", "));
    daemon.signal("SIGTERM");
    await daemon.end();
    await assert.rejects(readStatus(`${folder}/status`), /no agent answers/);
  });
});

Deno.test("systemd is told of the start, a reload and the end", async () => {
  await withFolder(async (folder) => {
    using receiver = new DatagramReceiver(`${folder}/notify`);
    const told: string[] = [];
    const hears = (what: string) =>
      until(
        `systemd is told ${what}`,
        () => (told.push(...receiver.received()), told.at(-1)?.startsWith(what) ?? false),
      );
    await using daemon = await Daemon.start({
      config: nvmeHost,
      folder,
      env: { NOTIFY_SOCKET: `${folder}/notify` },
    });
    await hears("READY=1");
    daemon.signal("SIGHUP");
    await hears("READY=1");
    daemon.signal("SIGTERM");
    await hears("STOPPING=1");
    assert.deepEqual(told.map((text) => text.split("\n")[0]), [
      "READY=1",
      "RELOADING=1",
      "READY=1",
      "STOPPING=1",
    ]);
    assert.equal(told[0], `READY=1\nSTATUS=serving by ${folder}/config`);
  });
});

for (
  const [what, config, expected] of [["not by default", "", 0], [
    "by choice",
    "[tynl]\ncore_dumps=true\n",
    1,
  ]] as const
) {
  Deno.test(`the process may dump core and be traced ${what}`, async () => {
    await withDaemon({ config }, async (daemon) => {
      assert.equal((await daemon.serve("dumpable"))[0]!.status, expected);
    });
  });
}

Deno.test("whether the process may dump core is read anew by SIGHUP", async () => {
  await withDaemon({ config: "[tynl]\ncore_dumps=true\n" }, async (daemon) => {
    Deno.writeTextFileSync(daemon.config, "");
    daemon.signal("SIGHUP");
    await daemon.line(/notice reloaded/);
    assert.equal((await daemon.serve("dumpable"))[0]!.status, 0);
    await daemon.line(/status_socket counts from the next start on/);
  });
});

Deno.test("without CAP_NET_ADMIN it ends with 1 and says so", async () => {
  await withFolder(async (folder) => {
    await using daemon = new Daemon({ config: nvmeHost, folder, env: { FAKE_USER: "1" } });
    assert.equal(await daemon.end(), 1);
    assert.match(daemon.log.at(-1)!, / error failed handshake accept: EPERM/);
  });
});

Deno.test("with OTEL_DENO=true, handshakes are counted for OpenTelemetry", async () => {
  const env = {
    OTEL_DENO: "true",
    OTEL_EXPORTER_OTLP_PROTOCOL: "console",
    OTEL_METRIC_EXPORT_INTERVAL: "200",
  };
  await withDaemon({ env }, async (daemon) => {
    await daemon.request("psk");
    await daemon.line(/METRIC tynl\.tlshd\.handshakes/);
    await daemon.line(/METRIC tynl\.tlshd\.duration/);
    await daemon.line(/METRIC tynl\.tlshd\.sessions/);
    assert.match(await daemon.line(/role=client/), / handshake succeeded /);
  });
});

Deno.test("SSLKEYLOGFILE writes secrets to a file of this user alone, and the log says so", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/keys`;
    await using daemon = await Daemon.start({ config: nvmeHost, folder, env: { SSLKEYLOGFILE: path } });
    await daemon.line(/warning config secrets are written to /);
    await daemon.serve("psk");
    assert.match(Deno.readTextFileSync(path), /^CLIENT_HANDSHAKE_TRAFFIC_SECRET [0-9a-f]{64} [0-9a-f]{64}/m);
    assert.equal(Deno.statSync(path).mode! & 0o777, 0o600);
  });
});
