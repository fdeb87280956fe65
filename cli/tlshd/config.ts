/**
 * The configuration of the handshake agent: the file that tlshd reads, key by key (tlshd.conf(5) of ktls-utils 1.4.0),
 * and a group `[tynl]` for what tlshd does not have. tlshd passes over groups that it does not know, so that one file
 * serves both.
 *
 * @module
 */
import type { Role } from "../../runtime/tls/mod.ts";
import {
  integerValue,
  type KeyFile,
  KeyFileError,
  type KeyFileValue,
  KeyFileValueError,
  listValue,
  parseKeyFile,
  printable,
  stringValue,
} from "./key_file.ts";

/** Where the configuration is unless told otherwise: the first of these that is there, as tlshd has it. */
export const CONFIG_PATHS: readonly string[] = ["/etc/tlshd.conf", "/etc/tlshd/config"];

/** Keyrings that tlshd always searches. */
export const STANDING_KEYRINGS: readonly string[] = [".nvme", ".nfs", ".nfsd"];

/** Where the running agent tells its status unless told otherwise. */
export const STATUS_SOCKET: string = "/run/tynl-tlshd/status.sock";

/** Levels of syslog that are used here, the most urgent one first. */
export const LOG_LEVELS = ["error", "warning", "notice", "info", "debug"] as const;

/** A level of syslog. */
export type LogLevel = typeof LOG_LEVELS[number];

/** How lines of the log are written. */
export const LOG_FORMATS = ["text", "json"] as const;

/** How lines of the log are written. */
export type LogFormat = typeof LOG_FORMATS[number];

/** A path of the configuration, and where it stands. */
export interface ConfiguredPath {
  /** The path. */
  readonly path: string;
  /** Number of the line, from 1. */
  readonly line: number;
}

/** Files of one role; what is absent was not configured. All are PEM. */
export interface RoleFiles {
  /** Certificates of those whom we trust to issue the peer's; the system's own if absent. */
  readonly truststore?: ConfiguredPath;
  /** Revocation lists; none are looked at if absent. */
  readonly crl?: ConfiguredPath;
  /** Our chain, the leaf first. */
  readonly certificate?: ConfiguredPath;
  /** Key of the leaf. */
  readonly privateKey?: ConfiguredPath;
}

/** What a configuration file says, with defaults for what it does not say. */
export interface TlshdConfig {
  /** Path of the file. */
  readonly path: string;
  /** `[debug] loglevel`: 0 is quiet. */
  readonly debugLevel: number;
  /** `[authenticate] keyrings` after the standing ones: names as in /proc/keys, or serials. */
  readonly keyrings: readonly (string | number)[];
  /** Files of each role. */
  readonly files: { readonly [role in Role]: RoleFiles };
  /** Whether a client must have a certificate: `[authenticate.server] x509.client_auth`. */
  readonly clientCertificate: "request" | "require";
  /** What is done about files that others may write, or keys that others may read. */
  readonly unsafeFiles: "warn" | "refuse";
  /** Whether each issuer must have a revocation list. */
  readonly requireCrls: boolean;
  /** Least urgent level that is logged; by the command line or `[debug] loglevel` if absent. */
  readonly logLevel?: LogLevel;
  /** Format of the log. */
  readonly logFormat?: LogFormat;
  /** Path of the status socket. */
  readonly statusSocket: string;
  /** Whether this process, which holds keys, may dump core and be traced. */
  readonly coreDumps: boolean;
  /** Handshakes at a time. */
  readonly concurrency?: number;
  /** Seconds that a handshake may take. */
  readonly deadline?: number;
  /** Sessions that are kept for KeyUpdates. */
  readonly sessions?: number;
  /** KeyUpdates a second and session. */
  readonly keyUpdates?: number;
  /** Whether KeyUpdates are answered unasked. */
  readonly answerKeyUpdates: boolean;
  /** TLS_RX_EXPECT_NO_PAD. */
  readonly expectNoPad: boolean;
  /** TLS_TX_ZEROCOPY_RO. */
  readonly zeroCopy: boolean;
  /** Whether a client that was told no name asks the DNS for one. */
  readonly resolveNames: boolean;
}

/** Something in the file that has no effect, or not the one that was hoped for. */
export interface ConfigWarning {
  /** Number of the line, from 1. */
  readonly line: number;
  /** What is wrong, and with what. */
  readonly message: string;
}

/** A configuration, and what is doubtful in its file. */
export interface ReadConfig {
  /** The configuration. */
  readonly config: TlshdConfig;
  /** In the order of their lines. */
  readonly warnings: readonly ConfigWarning[];
}

/** A configuration that cannot be used. The message begins with `file:line: `. */
export class ConfigError extends Error {
  /** Always `ConfigError`. */
  override readonly name = "ConfigError";
  /** Number of the line, from 1. */
  readonly line: number;

  /** Creates an error about a line of a file. */
  constructor(path: string, line: number, problem: string) {
    super(`${path}:${line}: ${problem}`);
    this.line = line;
  }
}

/** Takes values out of a key file, each key once; what is left then is unknown. */
class Values {
  readonly #path: string;
  readonly #file: KeyFile;
  readonly #taken = new Set<string>();
  readonly warnings: ConfigWarning[] = [];

  constructor(path: string, file: KeyFile) {
    this.#path = path;
    this.#file = file;
  }

  take(group: string, key: string): KeyFileValue | undefined {
    this.#taken.add(`${group}\n${key}`);
    return this.#file.get(group)?.values.get(key);
  }

  warn(line: number, message: string): void {
    this.warnings.push({ line, message });
  }

  /** A value that must be right: with a wrong one, another file would be trusted. */
  need<T>(group: string, key: string, read: (raw: string) => T): { value: T; line: number } | undefined {
    const found = this.take(group, key);
    if (found === undefined) return undefined;
    try {
      return { value: read(found.raw), line: found.line };
    } catch (error) {
      if (!(error instanceof KeyFileValueError)) throw error;
      throw new ConfigError(this.#path, found.line, `[${group}] ${key}: ${error.message}`);
    }
  }

  /** A value that tlshd takes for zero if it is wrong. */
  debug(key: string): { value: number; line: number } {
    const found = this.take("debug", key);
    if (found === undefined) return { value: 0, line: 0 };
    try {
      return { value: integerValue(found.raw), line: found.line };
    } catch (error) {
      if (!(error instanceof KeyFileValueError)) throw error;
      this.warn(found.line, `[debug] ${key}: ${error.message}; taken as 0`);
      return { value: 0, line: found.line };
    }
  }

  path(group: string, key: string): ConfiguredPath | undefined {
    const found = this.need(group, key, stringValue);
    if (found === undefined) return undefined;
    const { value, line } = found;
    if (value === "") {
      // Nothing was filled in: tlshd goes on as if the line were not there.
      this.warn(line, `[${group}] ${key} is empty, and so without effect`);
      return undefined;
    }
    if (value.length > 4096) {
      throw new ConfigError(this.#path, line, `[${group}] ${key}: a path of more than 4096`);
    }
    if (/\s$/.test(value)) this.warn(line, `[${group}] ${key}: the path ends in a blank`);
    return { path: value, line };
  }

  /** Warns of keys that nobody took, and of groups that nobody knows. */
  rest(groups: readonly string[]): void {
    for (const [name, { line, values }] of this.#file) {
      if (!groups.includes(name)) {
        this.warn(line, `[${printable(name)}] is no section that is known here`);
        continue;
      }
      for (const [key, { line }] of values) {
        if (!this.#taken.has(`${name}\n${key}`)) this.warn(line, `[${name}] has no key "${printable(key)}"`);
      }
    }
  }
}

const GROUPS: readonly string[] = [
  "debug",
  "authenticate",
  "authenticate.client",
  "authenticate.server",
  "tynl",
];

/**
 * Reads a configuration.
 *
 * @param path Its path, for messages.
 * @throws {ConfigError} If the file is no key file, or a value that decides about trust is wrong.
 */
export function parseConfig(path: string, bytes: Uint8Array): ReadConfig {
  const values = new Values(path, readFile(path, bytes));
  const config: TlshdConfig = {
    path,
    debugLevel: debugLevel(values),
    keyrings: keyrings(path, values),
    files: { client: roleFiles(values, "client"), server: roleFiles(values, "server") },
    clientCertificate: clientCertificate(path, values),
    ...ownSettings(values),
  };
  values.rest(GROUPS);
  return { config, warnings: values.warnings.sort((a, b) => a.line - b.line) };
}

function readFile(path: string, bytes: Uint8Array): KeyFile {
  try {
    return parseKeyFile(bytes);
  } catch (error) {
    if (error instanceof KeyFileError) throw new ConfigError(path, error.line, error.message);
    throw error;
  }
}

function debugLevel(values: Values): number {
  const { value } = values.debug("loglevel");
  for (const [key, what] of [["tls", "a TLS library"], ["nl", "a netlink library"]] as const) {
    const { value, line } = values.debug(key);
    if (value !== 0) values.warn(line, `[debug] ${key}: there are no messages of ${what} here; use loglevel`);
  }
  const delay = values.debug("delay_done");
  if (delay.value !== 0) {
    values.warn(delay.line, "[debug] delay_done is not done here: reports are sent at once");
  }
  return Math.max(0, value);
}

function keyrings(path: string, values: Values): readonly (string | number)[] {
  const { value = [], line = 0 } = values.need("authenticate", "keyrings", listValue) ?? {};
  if (value.length > 64) throw new ConfigError(path, line, "[authenticate] keyrings: more than 64");
  const found: (string | number)[] = [...STANDING_KEYRINGS];
  for (const item of value) {
    const text = item.trim();
    if (text === "") values.warn(line, "[authenticate] keyrings: an item that is empty");
    else {
      const keyring = keyringOf(text);
      if (keyring === undefined) values.warn(line, `[authenticate] keyrings: "${printable(text)}" is none`);
      else if (!found.includes(keyring)) found.push(keyring);
    }
  }
  return found;
}

/** A serial in decimal or, as in /proc/keys, in hexadecimal behind 0x; else a name. */
function keyringOf(text: string): string | number | undefined {
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(text)) return text.length > 255 ? undefined : text;
  const serial = Number(text);
  return serial > 0 && serial < 2 ** 31 ? serial : undefined;
}

function roleFiles(values: Values, role: Role): RoleFiles {
  const group = `authenticate.${role}`;
  const truststore = values.path(group, "x509.truststore");
  const crl = values.path(group, "x509.crl");
  const certificate = values.path(group, "x509.certificate");
  const privateKey = values.path(group, "x509.private_key");
  if ((certificate === undefined) !== (privateKey === undefined)) {
    const { line } = (certificate ?? privateKey)!;
    values.warn(line, `[${group}] needs x509.certificate and x509.private_key both; one alone has no effect`);
  }
  for (const key of ["x509.pq.certificate", "x509.pq.private_key"]) {
    const found = values.take(group, key);
    if (found !== undefined) {
      values.warn(found.line, `[${group}] ${key}: no ML-DSA certificates here; x509.${key.slice(8)} is used`);
    }
  }
  return {
    ...(truststore === undefined ? {} : { truststore }),
    ...(crl === undefined ? {} : { crl }),
    ...(certificate === undefined || privateKey === undefined ? {} : { certificate, privateKey }),
  };
}

/** These two are no part of tlshd 1.4.0, but of its later sources. They narrow who is let in: never passed over. */
function clientCertificate(path: string, values: Values): "request" | "require" {
  const group = "authenticate.server";
  const names = values.take(group, "x509.client_allowed_sans");
  if (names !== undefined) {
    const problem = "x509.client_allowed_sans is not supported; without it more clients would be let in";
    throw new ConfigError(path, names.line, `[${group}] ${problem}`);
  }
  const auth = values.need(group, "x509.client_auth", (raw) => choice(raw, ["0", "1"]));
  return auth?.value === "1" ? "require" : "request";
}

function choice<T extends string>(raw: string, allowed: readonly T[]): T {
  const text = stringValue(raw).trim();
  const found = allowed.find((one) => one === text);
  if (found === undefined) {
    throw new KeyFileValueError(`one of ${allowed.join(", ")}, not "${printable(text)}"`);
  }
  return found;
}

function range(raw: string, least: number, most: number): number {
  const value = integerValue(raw);
  if (value < least || value > most) throw new KeyFileValueError(`from ${least} to ${most}, not ${value}`);
  return value;
}

type OwnSettings = Omit<TlshdConfig, "path" | "debugLevel" | "keyrings" | "files" | "clientCertificate">;

function ownSettings(values: Values): OwnSettings {
  const own = <T>(key: string, read: (raw: string) => T): T | undefined =>
    values.need("tynl", key, read)?.value;
  const flag = (key: string): boolean => own(key, (raw) => choice(raw, ["true", "false"])) === "true";
  const number = (key: string, least: number, most: number): number | undefined =>
    own(key, (raw) => range(raw, least, most));
  const optional = {
    logLevel: own("log_level", (raw) => choice(raw, LOG_LEVELS)),
    logFormat: own("log_format", (raw) => choice(raw, LOG_FORMATS)),
    concurrency: number("concurrency", 1, 4096),
    deadline: number("deadline", 1, 3600),
    sessions: number("sessions", 1, 1_000_000),
    keyUpdates: number("key_updates", 1, 1000),
  };
  const set = Object.entries(optional).filter(([, value]) => value !== undefined);
  return {
    unsafeFiles: own("unsafe_files", (raw) => choice(raw, ["warn", "refuse"])) ?? "warn",
    requireCrls: flag("require_crls"),
    statusSocket: values.path("tynl", "status_socket")?.path ?? STATUS_SOCKET,
    coreDumps: flag("core_dumps"),
    answerKeyUpdates: flag("answer_key_updates"),
    expectNoPad: flag("expect_no_pad"),
    zeroCopy: flag("zero_copy"),
    resolveNames: flag("resolve_names"),
    ...Object.fromEntries(set) as Partial<OwnSettings>,
  };
}
