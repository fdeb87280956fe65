/** From the configuration to what the agent is told. What cannot be loaded is left out, so that it trusts nobody. @module */
import type { AgentLimits, RolePolicy, TlsPolicy } from "../../runtime/handshake/types.ts";
import type { Role } from "../../runtime/tls/mod.ts";
import { type ConfiguredPath, type LogLevel, parseConfig, type TlshdConfig } from "./config.ts";
import { FileError, readTrusted } from "./files.ts";
import { MAX_KEY_FILE_BYTES } from "./key_file.ts";
import { hostName } from "./resolve.ts";
import { loadCrls, type Loaded, loadIdentity, loadTrustStore, systemTrustStore } from "./material.ts";

/** A line about the configuration. */
export interface Report {
  /** How urgent it is; `error` if something of the configuration is not in force. */
  readonly level: LogLevel;
  /** The line; it begins with the file, and the line in it where there is one. */
  readonly text: string;
}

/** A configuration that was read, and what is to be said about it. */
export interface LoadedConfig {
  /** The configuration. */
  readonly config: TlshdConfig;
  /** Lines about it. */
  readonly reports: readonly Report[];
}

/**
 * Reads the first of these configuration files that is there.
 *
 * @throws {FileError} If none is there, or may be read.
 * @throws {ConfigError} If it cannot be used.
 */
export function loadConfig(paths: readonly string[]): LoadedConfig {
  const path = paths.find(exists) ?? paths.at(-1)!;
  const { bytes, doubts } = readTrusted(path, "public", MAX_KEY_FILE_BYTES);
  const { config, warnings } = parseConfig(path, bytes);
  if (config.unsafeFiles === "refuse" && doubts.length > 0) throw new FileError(path, doubts.join("; "));
  const reports: Report[] = doubts.map((doubt) => ({ level: "warning", text: `${path}: ${doubt}` }));
  for (const { line, message } of warnings) {
    reports.push({ level: "warning", text: `${path}:${line}: ${message}` });
  }
  const standing = paths.at(-1)!;
  if (path !== standing) {
    reports.push({
      level: "notice",
      text: `${path}: an old place for the configuration; move it to ${standing}`,
    });
  }
  return { config, reports };
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}

/** What the agent is told. */
export interface LoadedPolicy {
  /** How TLS is to be done. */
  readonly policy: TlsPolicy;
  /** Bounds of the work. */
  readonly limits: AgentLimits;
  /** Lines about the files. */
  readonly reports: readonly Report[];
  /** How many of the files are not in force. */
  readonly faults: number;
}

/** What surrounds the loading; tests have their own. */
export interface LoadOptions {
  /** The time of day. */
  readonly now?: Date;
  /** Path of the trust store where the configuration names none; the system's own. */
  readonly trustStore?: string | undefined;
}

/** Loads files, and keeps book about what is wrong with them. */
class Loader {
  readonly reports: Report[] = [];
  faults = 0;
  readonly #config: TlshdConfig;

  constructor(config: TlshdConfig) {
    this.#config = config;
  }

  /** What `load` gives; undefined if that fails, or if the file is unsafe and such files are refused. */
  load<T>(path: string, where: string, load: () => Loaded<T>): T | undefined {
    try {
      const { value, unsafe, notes } = load();
      for (const note of notes) this.reports.push({ level: "warning", text: `${path}: ${note}` });
      if (unsafe.length > 0 && this.#config.unsafeFiles === "refuse") {
        throw new FileError(path, unsafe.join("; "));
      }
      for (const doubt of unsafe) this.reports.push({ level: "warning", text: `${path}: ${doubt}` });
      return value;
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.faults++;
      this.reports.push({ level: "error", text: `${where}${error.message}` });
      return undefined;
    }
  }

  /** Loads what a line of the configuration names, if there is such a line. */
  configured<T>(at: ConfiguredPath | undefined, load: (path: string) => Loaded<T>): T | undefined {
    if (at === undefined) return undefined;
    return this.load(at.path, `${this.#config.path}:${at.line}: `, () => load(at.path));
  }
}

/** Loads all files that the configuration names. Never throws for a file: the report says what is not in force. */
export function loadPolicy(config: TlshdConfig, options: LoadOptions = {}): LoadedPolicy {
  const loader = new Loader(config);
  const { concurrency, deadline, sessions, keyUpdates } = config;
  const policy: TlsPolicy = {
    client: rolePolicy("client", config, loader, options),
    server: { ...rolePolicy("server", config, loader, options), clientCertificate: config.clientCertificate },
    keyrings: config.keyrings,
    expectNoPad: config.expectNoPad,
    zeroCopy: config.zeroCopy,
    answerKeyUpdates: config.answerKeyUpdates,
    ...config.resolveNames ? { resolveName: hostName } : {},
  };
  const limits: AgentLimits = {
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(deadline === undefined ? {} : { deadline: deadline * 1000 }),
    ...(sessions === undefined ? {} : { sessions }),
    ...(keyUpdates === undefined ? {} : { keyUpdates }),
  };
  return { policy, limits, reports: loader.reports, faults: loader.faults };
}

/** Paths of all files that {@linkcode loadPolicy} reads. */
export function configuredFiles({ files }: TlshdConfig): string[] {
  const paths = [files.client, files.server].flatMap(({ truststore, crl, certificate, privateKey }) =>
    [truststore, crl, certificate, privateKey].flatMap((at) => at === undefined ? [] : [at.path])
  );
  const standing = systemTrustStore();
  return [...new Set(standing === undefined ? paths : [...paths, standing])];
}

function rolePolicy(role: Role, config: TlshdConfig, loader: Loader, options: LoadOptions): RolePolicy {
  const { truststore, crl, certificate, privateKey } = config.files[role];
  const now = options.now ?? new Date();
  const anchors = truststore === undefined
    ? systemAnchors(loader, options)
    : loader.configured(truststore, loadTrustStore);
  const crls = loader.configured(crl, (path) => loadCrls(path, now));
  const identity = loader.configured(certificate, (path) => loadIdentity(path, privateKey!.path, now));
  // Without the lists, what they revoke would be accepted; without anchors nobody is.
  const revocationUnknown = crl !== undefined && crls === undefined;
  return {
    anchors: revocationUnknown ? [] : anchors ?? [],
    crls: crls ?? [],
    requireCrls: config.requireCrls,
    certificates: identity === undefined ? [] : [identity],
  };
}

function systemAnchors(loader: Loader, options: LoadOptions): ReturnType<typeof loadTrustStore>["value"] {
  const path = "trustStore" in options ? options.trustStore : systemTrustStore();
  return (path === undefined ? undefined : loader.load(path, "", () => loadTrustStore(path))) ?? [];
}
