/**
 * `tynl tlshd --check`: whether this machine has what the agent needs, and what to do where it has not. Nothing is
 * changed, but for modules that the kernel may load when it is asked for them.
 *
 * @module
 */
import { FamilyNotFoundError } from "../../runtime/netlink/mod.ts";
import { ConfigError, type LogLevel, STANDING_KEYRINGS, type TlshdConfig } from "./config.ts";
import { FileError } from "./files.ts";
import type { Machine } from "./machine.ts";
import { loadConfig, loadPolicy, type Report } from "./policy.ts";

/** What was found about one thing. */
export interface Finding {
  /** What it is about. */
  readonly subject: string;
  /** `missing`: the agent cannot do without; `warning`: a part of it will not work, or not safely; `note`: for information. */
  readonly level: "ok" | "note" | "warning" | "missing";
  /** What is the case. */
  readonly text: string;
  /** What to do about it. */
  readonly hint?: string;
}

/** Options of the kernel that matter: what for, and whether it is one consumer among several. */
const OPTIONS: readonly { readonly name: string; readonly need: string; readonly consumer: boolean }[] = [
  { name: "NET_HANDSHAKE", need: "requests for handshakes", consumer: false },
  { name: "TLS", need: "kernel TLS", consumer: false },
  { name: "KEYS", need: "keyrings", consumer: false },
  { name: "NVME_TCP_TLS", need: "NVMe/TCP hosts over TLS", consumer: true },
  { name: "NVME_TARGET_TCP_TLS", need: "NVMe/TCP targets over TLS", consumer: true },
  { name: "SUNRPC", need: "NFS over TLS", consumer: true },
];

async function kernelFindings(machine: Machine): Promise<Finding[]> {
  const subject = "kernel";
  const release = machine.release();
  const config = await machine.kernelConfig();
  if (config === undefined) {
    return [{ subject, level: "note", text: `Linux ${release}; how it was built is not told anywhere` }];
  }
  const lacking = OPTIONS.filter(({ name }) => !new RegExp(`^CONFIG_${name}=[ym]$`, "m").test(config));
  if (lacking.length === 0) {
    return [{ subject, level: "ok", text: `Linux ${release}, built with all that consumers need` }];
  }
  return lacking.map(({ name, need, consumer }) => ({
    subject,
    level: consumer ? "note" : "warning",
    text: `Linux ${release} was built without CONFIG_${name}: no ${need}`,
    hint: "boot a kernel that was built with it",
  }));
}

async function familyFindings(machine: Machine): Promise<Finding[]> {
  const subject = "handshake family";
  try {
    const { mayServe, keyUpdates } = await machine.family();
    const there: Finding = { subject, level: "ok", text: "the kernel asks an agent for handshakes" };
    const right: Finding = mayServe
      ? { subject: "capability", level: "ok", text: "this process may serve requests" }
      : {
        subject: "capability",
        level: "missing",
        text: "this process may not serve requests: CAP_NET_ADMIN is not held in the initial user namespace",
        hint: "run as root, not in a container with a user namespace of its own",
      };
    const updates: Finding = keyUpdates
      ? {
        subject: "KeyUpdate",
        level: "ok",
        text: "the kernel may hand KeyUpdates up; the first request tells",
      }
      : {
        subject: "KeyUpdate",
        level: "note",
        text:
          "this kernel hands no KeyUpdates up, as no released kernel does: consumers connect anew instead",
      };
    return [there, right, updates];
  } catch (error) {
    const missing = error instanceof FamilyNotFoundError;
    return [{
      subject,
      level: "missing",
      text: missing ? "the kernel has none: nobody will ask for handshakes" : (error as Error).message,
      hint: missing ? "Linux 6.4 or later with CONFIG_NET_HANDSHAKE" : "see docs/tlshd.md, Permissions",
    }];
  }
}

/** Modules that a suite needs besides `tls`. */
const MODULES: { readonly [suite: string]: string } = {
  TLS_AES_128_GCM_SHA256: "gcm",
  TLS_AES_256_GCM_SHA384: "gcm",
  TLS_CHACHA20_POLY1305_SHA256: "chacha20poly1305 and chacha",
};

function tlsFindings(machine: Machine): Finding[] {
  const subject = "kernel TLS";
  let support: ReturnType<Machine["ktls"]>;
  try {
    support = machine.ktls();
  } catch (error) {
    return [{ subject, level: "missing", text: `cannot be tried: ${(error as Error).message}` }];
  }
  if (!support.ulp) {
    const hint = "modprobe tls; to have it at every start, a file in /etc/modules-load.d";
    return [{ subject, level: "missing", text: "the kernel has none", hint }];
  }
  const findings: Finding[] = Object.keys(MODULES).filter((suite) => !support.suites.includes(suite as never))
    .map((suite) => ({
      subject,
      level: "warning",
      text: `no ${suite}: peers that want nothing else are refused`,
      hint: `modprobe ${MODULES[suite]}`,
    }));
  if (support.suites.length === 0) {
    findings.push({ subject, level: "missing", text: "it takes no suite", hint: "modprobe gcm" });
  } else findings.unshift({ subject, level: "ok", text: support.suites.join(", ") });
  const rekey: Finding = support.rekey
    ? { subject, level: "ok", text: "keys can be changed" }
    : { subject, level: "note", text: "keys cannot be changed: Linux 6.14 or later does that" };
  return [...findings, rekey];
}

function keyringFindings({ keyrings }: TlshdConfig, machine: Machine): Finding[] {
  const subject = "keyrings";
  const findings: Finding[] = [];
  for (const keyring of keyrings) {
    const standing = STANDING_KEYRINGS.includes(String(keyring));
    try {
      const { serial, psks } = machine.keyring(keyring);
      if (serial === undefined) {
        findings.push({
          subject,
          level: standing ? "note" : "warning",
          text: `${keyring} is not there`,
          hint: keyring === ".nvme"
            ? "it comes with NVMe/TCP: modprobe nvme-tcp"
            : standing
            ? "it comes with its consumer's module"
            : "keyctl newring makes one; or take it out of the configuration",
        });
      } else findings.push({ subject, level: "ok", text: `${keyring} has ${psks} PSKs` });
    } catch (error) {
      findings.push({
        subject,
        level: "warning",
        text: `${keyring} cannot be used: ${(error as Error).message}`,
      });
    }
  }
  return findings;
}

function sessionFindings(machine: Machine): Finding[] {
  const subject = "sessions";
  try {
    const quota = machine.quota();
    if (quota !== undefined && quota.maxKeys - quota.keys < 100) {
      const text = `only ${quota.maxKeys - quota.keys} more keys fit into this user's quota`;
      return [{
        subject,
        level: "warning",
        text,
        hint: "sysctl kernel.keys.root_maxkeys, kernel.keys.maxkeys",
      }];
    }
    return [{ subject, level: "ok", text: "the user keyring can keep them for KeyUpdates" }];
  } catch (error) {
    const text = `keys cannot be used at all: ${(error as Error).message}`;
    return [{
      subject,
      level: "missing",
      text,
      hint: "a kernel with CONFIG_KEYS, and no seccomp filter that denies it",
    }];
  }
}

async function connectionFindings(machine: Machine): Promise<Finding[]> {
  const subject = "sock_diag";
  try {
    await machine.connections();
    return [{ subject, level: "ok", text: "tells which connections there are" }];
  } catch (error) {
    return [{
      subject,
      level: "warning",
      text: `does not tell which connections there are: ${(error as Error).message}`,
      hint: "modprobe inet_diag tcp_diag",
    }];
  }
}

const LEVELS: { readonly [level in LogLevel]: Finding["level"] } = {
  error: "missing",
  warning: "warning",
  notice: "note",
  info: "note",
  debug: "note",
};

const found = (reports: readonly Report[]): Finding[] =>
  reports.map(({ level, text }) => ({ subject: "files", level: LEVELS[level], text }));

function roleFindings({ policy }: ReturnType<typeof loadPolicy>): Finding[] {
  const subject = "certificates";
  const { client, server } = policy;
  const findings: Finding[] = [];
  if (client?.anchors?.length === 0) {
    const text = "no trust store for clients: NFS mounts with xprtsec=tls will fail";
    findings.push({
      subject,
      level: "note",
      text,
      hint: "install ca-certificates, or set x509.truststore",
    });
  }
  if (client?.certificates?.length === 0) {
    findings.push({ subject, level: "note", text: "none for clients: no NFS mounts with xprtsec=mtls" });
  }
  if (server?.certificates?.length === 0) {
    findings.push({ subject, level: "note", text: "none for servers: no NFS exports with xprtsec" });
  }
  if (findings.length === 0) findings.push({ subject, level: "ok", text: "for clients and servers" });
  return findings;
}

/** Findings about the configuration, and what it says if it can be used. */
function configFindings(paths: readonly string[], now: Date): { findings: Finding[]; config?: TlshdConfig } {
  try {
    const { config, reports } = loadConfig(paths);
    const loaded = loadPolicy(config, { now });
    const ok: Finding = { subject: "files", level: "ok", text: `${config.path} can be used` };
    return { findings: [ok, ...found(reports), ...found(loaded.reports), ...roleFindings(loaded)], config };
  } catch (error) {
    if (!(error instanceof FileError || error instanceof ConfigError)) throw error;
    const text = error.message;
    return {
      findings: [{
        subject: "files",
        level: "missing",
        text,
        hint: "an empty file will do for PSKs; docs/deployment.md has more",
      }],
    };
  }
}

async function agentFindings(machine: Machine, statusSocket: string | undefined): Promise<Finding[]> {
  const subject = "agents";
  const findings = machine.processes("tlshd").map((pid): Finding => ({
    subject,
    level: "warning",
    text: `tlshd runs too, as process ${pid}: each takes requests from the other`,
    hint: "systemctl disable --now tlshd",
  }));
  return [...findings, ...statusSocket === undefined ? [] : [await runningFinding(machine, statusSocket)]];
}

async function runningFinding(machine: Machine, statusSocket: string): Promise<Finding> {
  const subject = "agents";
  try {
    const pid = await machine.agent(statusSocket);
    if (pid === undefined) return { subject, level: "note", text: "this one does not run" };
    return { subject, level: "ok", text: `this one runs, as process ${pid}` };
  } catch (error) {
    const hint = "see what the log says; only root may ask";
    return { subject, level: "warning", text: (error as Error).message, hint };
  }
}

/** Looks at all of it. */
export async function check(paths: readonly string[], machine: Machine): Promise<Finding[]> {
  const { findings, config } = configFindings(paths, machine.date());
  return [
    ...await kernelFindings(machine),
    ...await familyFindings(machine),
    ...tlsFindings(machine),
    ...sessionFindings(machine),
    ...await connectionFindings(machine),
    ...config === undefined ? [] : keyringFindings(config, machine),
    ...findings,
    ...await agentFindings(machine, config?.statusSocket),
  ];
}

/** Findings as lines for people. */
export function findingLines(findings: readonly Finding[]): string[] {
  const width = Math.max(...findings.map(({ subject }) => subject.length));
  return findings.flatMap(({ subject, level, text, hint }) => [
    `${level.padEnd(7)}  ${subject.padEnd(width)}  ${text}`,
    ...hint === undefined || level === "ok" ? [] : [`${" ".repeat(width + 11)}-> ${hint}`],
  ]);
}
