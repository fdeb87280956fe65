/** What `--check` asks of the machine that it runs on; tests have machines of their own. @module */
import {
  HandlerClass,
  handshake,
  type HandshakeEvents,
  type HandshakeGroup,
  type HandshakeOperations,
} from "../../generated/handshake/mod.ts";
import { kernelConnections, kernelKeys, type KeyStore } from "../../runtime/handshake/mod.ts";
import { type KeyQuota, keyQuota, keyringSerial, SpecialKeyring } from "../../runtime/keyring/mod.ts";
import { type KtlsSupport, probeKtls } from "../../runtime/ktls/mod.ts";
import { type Client, type Connector, NetlinkError, open } from "../../runtime/netlink/mod.ts";
import { NotServedError, readStatus } from "./status.ts";

/** A machine. Each question may throw. */
export interface Machine {
  /** The time of day. */
  date(): Date;
  /** Version of its kernel. */
  release(): string;
  /** How its kernel was built; undefined if that is told nowhere. */
  kernelConfig(): Promise<string | undefined>;
  /** The handshake family: whether requests may be fetched, and whether reports may have a session-id. */
  family(): Promise<{ readonly mayServe: boolean; readonly keyUpdates: boolean }>;
  /** What kernel TLS can do. */
  ktls(): KtlsSupport;
  /** A keyring, undefined if it is not there, and the number of PSKs in it. */
  keyring(keyring: string | number): { readonly serial: number | undefined; readonly psks: number };
  /** How much room this user has for keys. */
  quota(): KeyQuota | undefined;
  /** Asks for all connections. */
  connections(): Promise<unknown>;
  /** Ids of processes of that name. */
  processes(name: string): number[];
  /** Id of the process that serves a status socket; undefined if none does. */
  agent(statusSocket: string): Promise<number | undefined>;
}

type HandshakeClient = Client<HandshakeOperations, HandshakeGroup, HandshakeEvents>;

const EAGAIN = 11, EPERM = 1;

function read(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path).trim();
  } catch {
    return undefined;
  }
}

async function kernelConfig(release: string): Promise<string | undefined> {
  const found = read(`/boot/config-${release}`) ?? read(`/lib/modules/${release}/config`);
  if (found !== undefined) return found;
  try {
    const compressed = new Blob([Deno.readFileSync("/proc/config.gz")]).stream();
    return await new Response(compressed.pipeThrough(new DecompressionStream("gzip"))).text();
  } catch {
    return undefined;
  }
}

async function family(transport: Connector | undefined): ReturnType<Machine["family"]> {
  await using client = await open(handshake, transport === undefined ? {} : { transport });
  let mayServe = true;
  try {
    // Requests never have this class: to ask for one takes none away from an agent that runs.
    await client.accept({ handlerClass: HandlerClass.none });
  } catch (error) {
    if (!(error instanceof NetlinkError && [EAGAIN, EPERM].includes(error.errno))) throw error;
    mayServe = error.errno === EAGAIN;
  }
  return { mayServe, keyUpdates: await takesSessionIds(client) };
}

/** Only a kernel that takes session-ids can hand KeyUpdates up. One that takes them may do so. */
async function takesSessionIds(client: HandshakeClient): Promise<boolean> {
  try {
    return (await client.done.policy("do"))?.attributes.sessionId !== undefined;
  } catch {
    // An older kernel does not tell what it takes.
    return false;
  }
}

function keyring(keys: KeyStore, keyring: string | number): ReturnType<Machine["keyring"]> {
  const serial = typeof keyring === "number" ? keyring : keys.findKeyring(keyring);
  if (serial === undefined) return { serial, psks: 0 };
  const isPsk = (key: number) => {
    try {
      return keys.describe(key).type === "psk";
    } catch {
      return false;
    }
  };
  return { serial, psks: keys.list(serial).filter(isPsk).length };
}

/** Ids of processes of that name. */
export function processes(name: string): number[] {
  return [...Deno.readDirSync("/proc")].map((entry) => entry.name)
    .filter((entry) => /^\d+$/.test(entry) && read(`/proc/${entry}/comm`) === name).map(Number);
}

async function agent(statusSocket: string): Promise<number | undefined> {
  try {
    return (await readStatus(statusSocket)).pid;
  } catch (error) {
    if (error instanceof NotServedError) return undefined;
    throw error;
  }
}

/** The machine that this runs on. */
export function thisMachine(transport: Connector | undefined): Machine {
  const release = () => Deno.osRelease();
  return {
    date: () => new Date(),
    release,
    kernelConfig: () => kernelConfig(release()),
    family: () => family(transport),
    ktls: probeKtls,
    keyring: (name) => keyring(kernelKeys(), name),
    quota() {
      keyringSerial(SpecialKeyring.user);
      return keyQuota(Deno.uid() ?? 0);
    },
    connections: () => kernelConnections().list(),
    processes,
    agent,
  };
}
