/**
 * `tynl tlshd`: the handshake agent as a daemon, in the place of tlshd.
 *
 * @module
 */
import { parseArgs } from "node:util";
import manifest from "../deno.json" with { type: "json" };
import { guarded, UsageError } from "./failure.ts";
import { type Io, standardIo } from "./io.ts";
import { CONFIG_PATHS, LOG_FORMATS } from "./tlshd/config.ts";
import { type Parts, serve } from "./tlshd/serve.ts";

const HELP = `Usage: tynl tlshd [OPTION ...]

Serves the kernel's requests for TLS handshakes and new keys (NVMe over TCP, NFS), in the place of tlshd: with its
configuration, its options and its signals. Needs CAP_NET_ADMIN, and Deno's --allow-all.

  -c, --config FILE    the configuration (default: ${CONFIG_PATHS.at(-1)}, or ${
  CONFIG_PATHS[0]
} where that is)
  -s, --stderr         write the log to standard error too; it goes to syslog, if there is one
  --log-format FORMAT  text, or json: an object to a line
  -v, --version        print the version
  -h, --help           this text

SIGHUP reads the configuration anew, and so does SIGUSR1 ten seconds later. SIGTERM and SIGINT finish what is under
way and end the daemon; a second one does not wait for it.

Exit status: 0 ended by a signal, 1 it cannot serve, or was not let finish, 2 wrong arguments.`;

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
        version: { type: "boolean", short: "v", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (positionals.length > 0) throw new UsageError(`what is "${positionals[0]}"? only options are taken`);
    if (values.help) {
      io.out(HELP);
      return 0;
    }
    if (values.version) {
      io.out(`tynl tlshd ${manifest.version}`);
      return 0;
    }
    const format = values["log-format"];
    const logFormat = LOG_FORMATS.find((one) => one === format);
    if (format !== undefined && logFormat === undefined) {
      throw new UsageError(`--log-format is ${LOG_FORMATS.join(" or ")}, not "${format}"`);
    }
    return await serve(
      {
        version: manifest.version,
        paths: values.config === undefined ? CONFIG_PATHS : [values.config],
        stderr: values.stderr,
        ...logFormat === undefined ? {} : { logFormat },
      },
      io,
      io.transport === undefined ? parts : { transport: io.transport, ...parts },
    );
  });
}

if (import.meta.main) Deno.exit(await tlshd(Deno.args));
