/** An agent on a fake kernel: its keys in memory, its records in this process, its sockets real. */
import assert from "node:assert/strict";
import {
  type Agent,
  type AgentEvent,
  type AgentOptions,
  createAgent,
  type HandshakeEvent,
  type RekeyEvent,
  type Serial,
} from "../../runtime/handshake/mod.ts";
import {
  type HandshakeKernel,
  handshakeKernel,
  type HandshakeKernelOptions,
  type HandshakeRequest,
  type HandshakeSubmission,
} from "../../runtime/testing/mod.ts";
import { sockets } from "../../runtime/posix/mod.ts";
import type { ExternalPsk } from "../../runtime/tls/mod.ts";
import { MemoryKeys } from "./memory_keys.ts";
import { closeAll, connect, Listener, until, within } from "./sockets.ts";
import { UserRecords } from "./user_records.ts";

/** Errors by name, as STATUS has them. */
export const errno = {
  EPERM: 1,
  EIO: 5,
  EACCES: 13,
  EBUSY: 16,
  EINVAL: 22,
  EPROTO: 71,
  EBADMSG: 74,
  EPROTONOSUPPORT: 93,
  EOPNOTSUPP: 95,
  ECONNRESET: 104,
  ETIMEDOUT: 110,
  ECANCELED: 125,
  ENOKEY: 126,
  EKEYEXPIRED: 127,
  EKEYREVOKED: 128,
  EKEYREJECTED: 129,
} as const;

/** A PSK bound to SHA-256, with an identity as NVMe has them. */
export const psk256: ExternalPsk = { identity: "NVMe0R01 host disk", key: new Uint8Array(32).fill(0x5a) };
/** A PSK bound to SHA-384. */
export const psk384: ExternalPsk = {
  identity: "NVMe0R02 host disk",
  key: new Uint8Array(48).fill(0xa5),
  hash: "sha384",
};

/** What a test changes. */
export type RigOptions =
  & HandshakeKernelOptions
  & Omit<AgentOptions, "transport" | "keys" | "records" | "onEvent">
  & {
    /** Keys of an earlier agent. */
    readonly keys?: MemoryKeys;
    /** Connections of an earlier agent. */
    readonly records?: UserRecords;
    /** A queue that an earlier agent has served. */
    readonly kernel?: HandshakeKernel;
  };

/** The PSKs' keys, made by the first agent that uses a store. */
interface Material {
  readonly nvme: Serial;
  readonly psk256: Serial;
  readonly psk384: Serial;
}
const materials = new WeakMap<MemoryKeys, Material>();

function materialOf(keys: MemoryKeys): Material {
  const present = materials.get(keys);
  if (present !== undefined) return present;
  const nvme = keys.keyring(".nvme");
  const material = {
    nvme,
    psk256: keys.put(nvme, "psk", psk256.identity as string, psk256.key),
    psk384: keys.put(nvme, "psk", psk384.identity as string, psk384.key),
  };
  materials.set(keys, material);
  return material;
}

/** A running agent and what is around it. */
export class Rig implements AsyncDisposable {
  readonly kernel: HandshakeKernel;
  readonly keys: MemoryKeys;
  readonly records: UserRecords;
  readonly agent: Agent;
  /** What the agent has told. */
  readonly events: AgentEvent[] = [];
  /** Serials of .nvme and of what is in it. */
  readonly serials: Material;
  readonly #stop = new AbortController();
  readonly #open: number[] = [];
  readonly #running: Promise<void>;

  constructor(options: RigOptions) {
    const { keyUpdates, pendingLimit, privileged, keys, records, kernel, ...agent } = options;
    this.kernel = kernel ?? handshakeKernel({
      ...keyUpdates === undefined ? {} : { keyUpdates },
      ...pendingLimit === undefined ? {} : { pendingLimit },
      ...privileged === undefined ? {} : { privileged },
    });
    this.keys = keys ?? new MemoryKeys();
    this.records = records ?? new UserRecords();
    this.serials = materialOf(this.keys);
    this.agent = createAgent({
      connections: null,
      ...agent,
      transport: this.kernel,
      keys: this.keys,
      records: this.records,
      onEvent: (event) => void this.events.push(event),
    });
    this.#running = this.agent.run(this.#stop.signal);
    this.#running.catch(() => {});
  }

  /** Starts an agent, and waits until it serves. */
  static async start(options: RigOptions = {}): Promise<Rig> {
    const rig = new Rig(options);
    await Promise.race([rig.told("started"), rig.#running]);
    return rig;
  }

  /** Ends when the agent does. */
  get ended(): Promise<void> {
    return this.#running;
  }

  /** Waits until an event of a kind has been told so many times: the last one. */
  async told<T extends AgentEvent["type"]>(type: T, count = 1): Promise<AgentEvent & { type: T }> {
    const all = () => this.events.filter((event): event is AgentEvent & { type: T } => event.type === type);
    await until(`${count} events ${type} are told`, () => all().length >= count);
    return all()[count - 1]!;
  }

  /** A descriptor that is closed with the rig. */
  keep(fd: number): number {
    this.#open.push(fd);
    return fd;
  }

  /** Closes one of them now. */
  release(fd: number): void {
    this.#open.splice(this.#open.indexOf(fd), 1);
    closeAll([fd]);
  }

  /** A connection: the consumer's descriptor, and the other end as a socket of Deno. */
  async connection(): Promise<{ readonly fd: number; readonly peer: Deno.TcpConn }> {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const fd = this.keep(connect(listener.addr.port));
    return { fd, peer: await listener.accept() };
  }

  /** The same, made by the other end. */
  async accepted(): Promise<{ readonly fd: number; readonly peer: Deno.TcpConn }> {
    using listener = new Listener();
    const peer = await Deno.connect({ hostname: "127.0.0.1", port: listener.port });
    return { fd: this.keep(listener.accept()), peer };
  }

  /** Asks for something, and waits for the consumer's outcome and for the agent's report of it. */
  async serve(
    submission: HandshakeSubmission,
  ): Promise<{ readonly request: HandshakeRequest; readonly event: HandshakeEvent | RekeyEvent }> {
    const isReport = ({ type }: AgentEvent) => type === "handshake" || type === "rekey";
    const before = this.events.filter(isReport).length;
    const request = this.kernel.submit(submission);
    await within("the request is over", request.outcome);
    await until("it is told", () => this.events.filter(isReport).length > before);
    return { request, event: this.events.filter(isReport)[before] as HandshakeEvent | RekeyEvent };
  }

  /** Stops the agent, but not what is around it. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await within("the agent stops", this.#running.catch(() => {}));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    closeAll(this.#open.splice(0));
  }
}

/** That a request got one report, in time, with the descriptor as it was handed out. */
export function assertReportedOnce(request: HandshakeRequest): void {
  assert.equal(request.reports.length, 1, "reports");
  assert.equal(request.reports[0]!.taken, true);
  assert.deepEqual(request.reports[0]!.descriptor, request.handed);
}

/** Internet and netlink sockets that this process has open, by descriptor; Deno itself opens others now and then. */
export function openSockets(): ReadonlyMap<number, string> {
  const open = new Map<number, string>();
  const domain = new Int32Array(1);
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    // SO_DOMAIN of SOL_SOCKET; what is no socket has none.
    if (sockets().getsockopt(Number(name), 1, 39, domain, Uint32Array.of(4)) === -1) continue;
    if (![2, 10, 16].includes(domain[0]!)) continue;
    open.set(Number(name), Deno.readLinkSync(`/proc/self/fd/${name}`));
  }
  return open;
}
