/** A kernel for tests: behind the same Transport as the real one, it answers with what a test scripts. @module */
import { type ConnectOptions, type Connector, SystemError, type Transport } from "../netlink/mod.ts";
import {
  beginMessage,
  endMessage,
  type Family,
  GENL_HDRLEN,
  Messages,
  NETLINK_GENERIC,
  Reader,
  Writer,
} from "../wire/mod.ts";
import { acknowledgement, type FakeRequest, message } from "./messages.ts";

const GENL_ID_CTRL = 16, CTRL_CMD_NEWFAMILY = 1, CTRL_CMD_GETFAMILY = 3;
const ENOENT = 2, EINVAL = 22;
/** Id of the first family, as far as a test is concerned. */
const FIRST_FAMILY = 0x20;

/** What a notification answers. */
const UNASKED: FakeRequest = {
  protocol: NETLINK_GENERIC,
  type: 0,
  flags: 0,
  sequence: 0,
  port: 0,
  command: undefined,
  bytes: new Uint8Array(),
};

/** What a fake kernel sends: a datagram, or the error that receiving it throws. */
export type Delivery = Uint8Array | Error | {
  /** The datagram. */
  bytes: Uint8Array;
  /** Port id of the process that sent it, if it was not the kernel. */
  sender?: number;
  /** Id of the network namespace that it comes from, if not the socket's own. */
  nsid?: number;
};

/** Answers a request with datagrams, at once; none for silence. */
export type Handler = (request: FakeRequest) => Iterable<Delivery>;

/** One socket of a fake kernel. */
export class FakeSocket implements Transport {
  /** Port id. */
  readonly port: number;
  /** Holds the last datagram. */
  buffer: Uint8Array = new Uint8Array();
  /** Port id of the last datagram's sender. */
  sender = 0;
  /** Network namespace of the last datagram. */
  nsid: number | undefined;
  /** What was asked of it. */
  readonly options: ConnectOptions;
  /** Multicast groups that it joined. */
  readonly groups: Set<number> = new Set<number>();
  /** Whether it was closed. */
  closed = false;
  readonly #answer: (socket: FakeSocket, bytes: Uint8Array) => void;
  readonly #queue: Delivery[] = [];
  #wake: ((ready: boolean) => void) | undefined;

  /** Made by {@linkcode FakeKernel.connect}. */
  constructor(
    port: number,
    answer: (socket: FakeSocket, bytes: Uint8Array) => void,
    options: ConnectOptions = {},
  ) {
    this.port = port;
    this.options = options;
    this.#answer = answer;
  }

  /** Puts something into the socket, now or at any time later. */
  deliver(...deliveries: readonly Delivery[]): void {
    this.#queue.push(...deliveries);
    this.#wake?.(true);
  }

  /** Joins a group. No protocol has more than a thousand, as far as a test is concerned. */
  join(group: number): void {
    if (group > 1000) throw new SystemError("setsockopt", EINVAL);
    this.groups.add(group);
  }

  /** Hands a request to the fake kernel. */
  send(bytes: Uint8Array): void {
    this.#answer(this, bytes.slice());
  }

  /** Hands a request to the fake kernel, later. */
  async sendOffloaded(bytes: Uint8Array): Promise<void> {
    const copy = bytes.slice();
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#answer(this, copy);
  }

  /** Takes the next datagram. */
  receive(): number {
    const next = this.#queue.shift();
    if (next === undefined) return -1;
    if (next instanceof Error) throw next;
    const { bytes, sender = 0, nsid } = next instanceof Uint8Array ? { bytes: next } : next;
    this.buffer = bytes;
    this.sender = sender;
    this.nsid = nsid;
    return bytes.length;
  }

  /** Waits for a delivery. */
  async wait(timeout: number, signal?: AbortSignal): Promise<boolean> {
    if (this.#queue.length > 0) return true;
    if (this.closed || signal?.aborted) return false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = () => this.#wake?.(false);
    signal?.addEventListener("abort", stop);
    try {
      return await new Promise<boolean>((resolve) => {
        this.#wake = resolve;
        if (Number.isFinite(timeout)) timer = setTimeout(() => resolve(false), timeout);
      });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
      this.#wake = undefined;
    }
  }

  /** Closes the socket. */
  close(): void {
    this.closed = true;
    this.#wake?.(false);
  }
}

/** A kernel that has the families it is given, and answers with what its handler says. */
export class FakeKernel implements Connector {
  /** Every request but those that resolve a family, in order. */
  readonly requests: FakeRequest[] = [];
  /** Every socket that was opened, in order. */
  readonly sockets: FakeSocket[] = [];
  readonly #families: readonly Family[];
  readonly #handler: Handler;

  /** Creates a kernel. */
  constructor(families: readonly Family[], handler: Handler) {
    this.#families = families;
    this.#handler = handler;
  }

  /** Opens a socket. */
  connect(protocol: number, options?: ConnectOptions): FakeSocket {
    const socket = new FakeSocket(1000 + this.sockets.length, (socket, bytes) => {
      for (const request of requestsIn(bytes, protocol, socket.port)) {
        socket.deliver(...this.#answer(request));
      }
    }, options);
    this.sockets.push(socket);
    return socket;
  }

  /**
   * Sends to every socket that joined a multicast group, by name, or by number in a raw family. An `OverrunError` is
   * an overrun of each. Gives the number of sockets that it reached.
   */
  notify(group: string | number, ...deliveries: readonly Delivery[]): number {
    const number = typeof group === "number" ? group : this.#groupNumber(group);
    const members = this.sockets.filter(({ groups, closed }) => !closed && groups.has(number));
    for (const socket of members) socket.deliver(...deliveries);
    return members.length;
  }

  /**
   * A notification as the kernel sends it: an event of the family by its name in the spec, or one with an operation's
   * id, such as `dellink`.
   */
  event(family: Family, name: string, value: unknown): Uint8Array {
    const event = family.events[name];
    const operation = Object.values(family.operations).find((operation) => operation.name === name);
    const format = event ?? operation;
    if (format === undefined) throw new Error(`${family.name} has no event or operation "${name}"`);
    const generic = family.protocol === NETLINK_GENERIC;
    const id = event?.id ?? (generic ? operation!.reply : undefined) ?? operation!.request;
    const type = FIRST_FAMILY + this.#families.findIndex((other) => other.name === family.name);
    return message({ ...UNASKED, protocol: family.protocol, type }, format, id, value);
  }

  #groupNumber(group: string): number {
    for (const [index, { groups }] of this.#families.entries()) {
      const position = Object.keys(groups).indexOf(group);
      if (position >= 0) return groups[group] ?? groupNumber(FIRST_FAMILY + index, position);
    }
    throw new Error(`the fake kernel has no multicast group "${group}"`);
  }

  #answer(request: FakeRequest): Iterable<Delivery> {
    const name = request.protocol === NETLINK_GENERIC && request.type === GENL_ID_CTRL &&
        request.command === CTRL_CMD_GETFAMILY
      ? familyName(request.bytes)
      : undefined;
    if (name === undefined) {
      this.requests.push(request);
      return this.#handler(request);
    }
    const index = this.#families.findIndex((family) => family.name === name);
    const family = this.#families[index];
    if (family === undefined) return [acknowledgement(request, ENOENT)];
    return [newFamily(request, family, FIRST_FAMILY + index), acknowledgement(request)];
  }
}

/** A kernel that has `families` and answers every request with what `handler` gives. */
export function fakeKernel(families: readonly Family[], handler: Handler): FakeKernel {
  return new FakeKernel(families, handler);
}

function* requestsIn(bytes: Uint8Array, protocol: number, port: number): Generator<FakeRequest> {
  const messages = new Messages(bytes);
  while (messages.next()) {
    const { start, end, type, flags, sequence } = messages;
    const command = protocol === NETLINK_GENERIC ? bytes[messages.reader.position] : undefined;
    yield { protocol, type, flags, sequence, port, command, bytes: bytes.slice(start, end) };
  }
}

function familyName(bytes: Uint8Array): string | undefined {
  const reader = new Reader(bytes, 16 + GENL_HDRLEN);
  while (reader.next(bytes.length)) if (reader.type === 2) return reader.string();
  return undefined;
}

function newFamily(request: FakeRequest, family: Family, id: number): Uint8Array {
  const writer = new Writer();
  const start = beginMessage(writer, GENL_ID_CTRL, 0, request.sequence, request.port);
  writer.view.setUint16(writer.reserve(GENL_HDRLEN), CTRL_CMD_NEWFAMILY | 2 << 8, true);
  writer.string(2, family.name);
  writer.u16(1, id);
  const groups = Object.keys(family.groups);
  writer.indexed(7, groupCodec, groups.map((name, index) => ({ name, id: groupNumber(id, index) })), 1);
  endMessage(writer, start);
  return writer.result();
}

function groupNumber(family: number, index: number): number {
  return 16 * family + index;
}

const groupCodec = {
  name: "group",
  fields: "name id",
  decode: (): { name: string; id: number } => ({ name: "", id: 0 }),
  encode(writer: Writer, group: { readonly name?: unknown; readonly id?: unknown }): void {
    writer.string(1, group.name as string);
    writer.u32(2, group.id as number);
  },
};
