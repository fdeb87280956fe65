/**
 * `tynl tlshd`: the handshake agent as a daemon, in the place of tlshd.
 *
 * @module
 */
import { parseArgs } from "node:util";
import manifest from "../deno.json" with { type: "json" };
import { Failure, guarded, UsageError } from "./failure.ts";
import { type Io, standardIo } from "./io.ts";
import { check, findingLines } from "./tlshd/check.ts";
import { CONFIG_PATHS, LOG_FORMATS, type LogFormat, STATUS_SOCKET } from "./tlshd/config.ts";
import { thisMachine } from "./tlshd/machine.ts";
import { loadConfig } from "./tlshd/policy.ts";
import { type Parts, serve } from "./tlshd/serve.ts";
import { readStatus, statusLines } from "./tlshd/status.ts";

const HELP = `Usage: tynl tlshd [OPTION ...]

Serves the kernel's requests for TLS handshakes and new keys (NVMe over TCP, NFS), in the place of tlshd: with its
configuration, its options and its signals. Needs CAP_NET_ADMIN, and Deno's --allow-all.

  -c, --config FILE    the configuration (default: ${CONFIG_PATHS.at(-1)}, or ${
  CONFIG_PATHS[0]
} where that is)
  -s, --stderr         write the log to standard error too; it goes to syslog, if there is one
  --log-format FORMAT  text, or json: an object to a line
  --status             ask the running daemon for its counters and its state
  --check              look for what is missing on this machine, and tell what to do
  --json               --status, --check: print JSON
  -v, --version        print the version
  -h, --help           this text

SIGHUP reads the configuration anew, and so does SIGUSR1 ten seconds later. SIGTERM and SIGINT finish what is under
way and end the daemon; a second one does not wait for it.

Exit status: 0 ended by a signal, 1 it cannot serve, or was not let finish, 2 wrong arguments. With --status, 1 if no
daemon answers; with --check, 1 if something is missing that it cannot do without.`;

/** Runs the command; the result is its exit status. `parts`: of the kernel, for tests. */
export async function tlshd(args: string[], io: Io = standardIo(), parts: Parts = {}): Promise<number> {
  return await guarded("tynl tlshd", io, async () => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        config: { type: "string", short: "c" },
        stderr: { type: "boolean", short: "s", default: false },
        "log-format": { type: "string" },
        status: { type: "boolean", default: false },
        check: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        version: { type: "boolean", short: "v", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (positionals.length > 0) throw new UsageError(`what is "${positionals[0]}"? only options are taken`);
    if (values.status && values.check) throw new UsageError("--status and --check are two questions");
    if (values.json && !values.status && !values.check) {
      throw new UsageError("--json is for --status and --check; --log-format json is for the log");
    }
    if (values.help) io.out(HELP);
    else if (values.version) io.out(`tynl tlshd ${manifest.version}`);
    else {
      const paths = values.config === undefined ? CONFIG_PATHS : [values.config];
      const { transport } = io;
      await mayAll();
      if (values.status) return await showStatus(paths, values.json, io);
      if (values.check) return await showCheck(paths, values.json, io);
      const logFormat = logFormatOf(values["log-format"]);
      const options = { version: manifest.version, paths, stderr: values.stderr };
      return await serve(
        logFormat === undefined ? options : { ...options, logFormat },
        io,
        transport === undefined ? parts : { transport, ...parts },
      );
    }
    return 0;
  });
}

/** Deno guards /proc by the permission for all alone; and FFI is as good as that. */
async function mayAll(): Promise<void> {
  for (const name of ["read", "write", "env", "sys", "net", "run", "ffi"] as const) {
    if ((await Deno.permissions.query({ name })).state !== "granted") {
      throw new Failure(`Deno must allow everything (deno run --allow-all): --allow-${name} is missing`);
    }
  }
  try {
    Deno.readTextFileSync("/proc/self/comm");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) return;
    throw new Failure(
      "Deno must allow everything (deno run --allow-all): all permissions one by one are less",
    );
  }
}

function logFormatOf(format: string | undefined): LogFormat | undefined {
  const found = LOG_FORMATS.find((one) => one === format);
  if (format !== undefined && found === undefined) {
    throw new UsageError(`--log-format is ${LOG_FORMATS.join(" or ")}, not "${format}"`);
  }
  return found;
}

async function showStatus(paths: readonly string[], json: boolean, io: Io): Promise<number> {
  const report = await readStatus(statusSocketOf(paths));
  if (json) io.out(JSON.stringify(report));
  else for (const line of statusLines(report)) io.out(line);
  return 0;
}

/** Where a daemon with that configuration tells its status; one that has none tells it at the usual place. */
function statusSocketOf(paths: readonly string[]): string {
  try {
    return loadConfig(paths).config.statusSocket;
  } catch {
    return STATUS_SOCKET;
  }
}

async function showCheck(paths: readonly string[], json: boolean, io: Io): Promise<number> {
  const findings = await check(paths, thisMachine(io.transport));
  if (json) io.out(JSON.stringify(findings));
  else for (const line of findingLines(findings)) io.out(line);
  return findings.some(({ level }) => level === "missing") ? 1 : 0;
}

if (import.meta.main) Deno.exit(await tlshd(Deno.args));
